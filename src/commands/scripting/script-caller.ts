/** What scripts need to run commands: the dispatcher's side of redis.call. */
import type { Request } from '../../resp/request.js'
import type { CallReply } from '../../scripting/script-host.js'
import type { ScriptRun } from '../../scripting/script-run.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../context.js'

export interface ScriptCaller {
  /** From here on the context is a script's that `caller` runs, until leave(). */
  enter(context: CommandContext, caller: Client): void
  leave(context: CommandContext): void
  /** See ScriptHost. */
  call(run: ScriptRun, request: Request, reply: CallReply): string | null
  permits(request: Request): boolean | null
}
