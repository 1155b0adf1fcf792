/** Ends of waits: what a blocked client is told, and how it goes on. */
import { countErrorCode } from '../../observe/error-codes.js'
import { callNanoseconds, LatencyHistogram } from '../../observe/latency-histogram.js'
import { type Client, isOwnWait, REPLY_SKIP } from '../client.js'
import type { Command } from '../command.js'
import { redirection } from '../redirect.js'
import type { ServerApi } from '../server-api.js'
import { WRITE } from '../spec.js'
import type { Unfinished } from './key-wait.js'

/** The client has waited long enough: sends the reply to its command and goes on with what it has sent since. */
export function replyAndGoOn(server: ServerApi, client: Client, reply: Buffer): void {
  client.blocked = null
  client.lastInteractionMs = server.keyspace.time.now()
  if (client.unfinished !== null) countUnfinished(server, client, client.unfinished, reply.length)
  if (!client.isMuted) client.transport.send(reply)
  client.replyFlags &= ~REPLY_SKIP
  server.afterTurn(() => client.transport.resume())
}

/** A command that waited for a key ends without having run again (updateStatsOnUnblock in Redis's blocked.c). */
function countUnfinished(server: ServerApi, client: Client, unfinished: Unfinished, replyBytes: number): void {
  const { command, ranMs, request } = unfinished
  client.unfinished = null
  command.calls++
  command.milliseconds += ranMs
  server.stats.commandsProcessed++
  if (server.config.values['latency-tracking']) {
    command.latency ??= new LatencyHistogram()
    command.latency.record(callNanoseconds(ranMs))
  }
  server.logWaited(client, command, request, ranMs, replyBytes)
}

/** Counts an error that is the reply to a command which has run before. */
export function countFailure({ stats }: ServerApi, command: Command | null, error: string): void {
  stats.errorReplies++
  countErrorCode(stats.errors, error)
  if (command !== null) command.failedCalls++
}

/** Ends the client's wait with an error, its code in front. */
export function unblockWithError(server: ServerApi, client: Client, error: string): void {
  client.blocked?.cancel()
  if (client.preparation !== null) server.payloads.end(client)
  countFailure(server, client.lastCommand, error)
  replyAndGoOn(server, client, Buffer.from(`-${error}\r\n`, 'latin1'))
}

const ROLE_CHANGED = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'

/**
 * This server becomes a replica of the master at `host` and `port`: what clients wait for may never come, so they get an error and
 * their connections end. Those that take redirections are told where to wait; one that reads from replicas may wait on. Those whose
 * command was only put off will see what becomes of it, and a long reply goes on.
 */
export function endAllWaits(server: ServerApi, host: string, port: number): void {
  for (const client of [...server.clients.values()]) {
    const { blocked } = client
    if (blocked === null || blocked.kind === 'postponed' || isOwnWait(blocked)) continue
    if (client.takesRedirects && blocked.kind === 'key') {
      const writes = client.lastCommand === null || (client.lastCommand.flags & WRITE) !== 0
      if (writes || !client.readsReplica) unblockWithError(server, client, redirection(host, port))
      continue
    }
    unblockWithError(server, client, ROLE_CHANGED)
    client.transport.closeAfterReplies()
  }
}
