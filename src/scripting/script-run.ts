/** A script or a function that runs: what it may do, and what it has done. */

/** Flags that a script's first line, or a function's registration, may declare. */
export const NO_WRITES = 1
export const ALLOW_OOM = 2
export const ALLOW_STALE = 4
export const NO_CLUSTER = 8
/** No flags are declared at all: what the script may do follows from its commands. */
export const UNDECLARED = 16
export const ALLOW_CROSS_SLOT = 32

/** The flags by their names, in Redis's order. */
export const SCRIPT_FLAGS: readonly (readonly [string, number])[] = [
  ['no-writes', NO_WRITES],
  ['allow-oom', ALLOW_OOM],
  ['allow-stale', ALLOW_STALE],
  ['no-cluster', NO_CLUSTER],
  ['allow-cross-slot-keys', ALLOW_CROSS_SLOT],
]

/** redis.REPL_AOF and redis.REPL_REPLICA. */
export const REPL_AOF = 1
export const REPL_REPLICA = 2
export const REPL_ALL = REPL_AOF | REPL_REPLICA

export class ScriptRun {
  /** The script's SHA1, or the function's name. */
  readonly name: string
  /** EVAL and its like, and no function. */
  readonly isEval: boolean
  /** It may not write, whatever it calls. */
  readonly readOnly: boolean
  /** It may write even when memory is used up. */
  readonly allowOom: boolean
  /** What serves it was over maxmemory as it began. */
  readonly outOfMemory: boolean
  /** A master's stream has brought it: it can not be killed. */
  readonly isObeyed: boolean
  /** When it began: performance.now(). */
  startedMs = 0
  /** Protocol of the replies that it gets, and where its writes go (redis.setresp, redis.set_repl). */
  resp = 2
  replicates = REPL_ALL
  /** It has called a command that writes. */
  hasWritten = false
  killed = false
  /** It has run for longer than busy-reply-threshold: others get -BUSY. */
  timedOut = false

  constructor(
    name: string,
    isEval: boolean,
    readOnly: boolean,
    allowOom: boolean,
    outOfMemory: boolean,
    isObeyed: boolean,
  ) {
    this.name = name
    this.isEval = isEval
    this.readOnly = readOnly
    this.allowOom = allowOom
    this.outOfMemory = outOfMemory
    this.isObeyed = isObeyed
  }
}
