/** What scripts need to run commands: the dispatcher's side of redis.call. */
import type { Request } from '../../resp/request.js'
import type { CallReply } from '../../scripting/script-host.js'
import type { ScriptRun } from '../../scripting/script-run.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../context.js'

export interface ScriptCaller {
  /** From here on the context is a script's that `caller` runs, until leave(). Returns since when: performance.now(). */
  enter(context: CommandContext, caller: Client): number
  leave(context: CommandContext): void
  /** Goes on with what a client's script has been put aside in; gives its context, for enter(). */
  resume(client: Client): CommandContext
  /** Puts it aside again, behind leave(). */
  suspend(): void
  /** The script has ended and its reply is written: so do the commands end that ran it. False: one of them runs a script that was put aside. */
  complete(): boolean
  /** See ScriptHost. */
  call(run: ScriptRun, request: Request, reply: CallReply): string | null
  permits(request: Request): boolean | null
}
