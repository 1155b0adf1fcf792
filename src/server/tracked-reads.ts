/** Client-side caching as requests feed it: which keys a client reads, and when it may be told of changes. */
import type { Client } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import { keyArguments } from '../commands/command-keys.js'
import { KeyArguments } from '../commands/key-arguments.js'
import type { ServerApi } from '../commands/server-api.js'
import { PUBSUB, READONLY, RUNS_SCRIPT } from '../commands/spec.js'
import type { Request } from '../resp/request.js'
import type { TrackingState } from '../tracking/tracking-client.js'

export class TrackedReads {
  private readonly server: ServerApi
  private readonly keys = new KeyArguments()

  constructor(server: ServerApi) {
    this.server = server
  }

  /** The client, whose tracking is on, has run a command: what it has read is remembered. */
  commandRun(client: Client, state: TrackingState, command: Command, args: Request): void {
    const { tracking } = this.server
    // Shard channels look like keys (SPUBLISH). What a script reads is known from its own calls.
    if ((command.flags & (READONLY | PUBSUB | RUNS_SCRIPT)) !== READONLY || !tracking.remembers(state)) return
    keyArguments(command, args, 0, this.keys)
    const { count, indexes } = this.keys
    for (let i = 0; i < count; i++) {
      const index = indexes[i]
      tracking.remember(client, args.buffer, args.starts[index], args.ends[index])
    }
  }

  /** Behind each request of such a client, or the transaction as a whole. CLIENT CACHING holds for the next command or transaction. */
  requestEnded(client: Client, state: TrackingState): void {
    const keepsCaching = client.transaction !== null || client.lastCommand?.fullName.startsWith('client|') === true
    this.server.tracking.commandEnded(client, state, keepsCaching)
  }

  /** Forgets keys beyond the limit, in front of a command: what this tells its client comes ahead of the reply. */
  limit(): void {
    this.server.tracking.limit()
    this.server.pushAhead()
  }
}
