/** What the engine of scripts needs of the server around it. */
import type { Request } from '../resp/request.js'
import type { ScriptRun } from './script-run.js'

/** A reply's bytes: valid until the next call. */
export interface CallReply {
  bytes: Buffer
  start: number
  end: number
}

/** A library that is being loaded: gets each of its functions. Returns what is wrong with it, or null. */
export interface LibraryLoading {
  register(name: string, reference: number, description: string | null, flags: number): string | null
}

export interface ScriptHost {
  /** Milliseconds after which a script counts as too slow (busy-reply-threshold); 0: never. */
  readonly busyAfterMs: number
  /** Bytes that the VM may take. */
  readonly memoryLimitBytes: number
  /** Runs a command for a script and gives its reply, or says why it may not run: "-CODE text" or a text without a code. */
  call(run: ScriptRun, request: Request, reply: CallReply): string | null
  /** Whether the script's user may run a request (redis.acl_check_cmd); null: there is no such command. */
  permits(request: Request): boolean | null
  /** Writes a line of a script's to the log (redis.log), at a level from 0 (debug) to 3 (warning). */
  log(level: number, text: string): void
}
