/**
 * What a command is. The table of these is the documentation: COMMAND, ACL categories, arity checks, key positions and
 * error texts follow from it.
 */
import type { CommandContext } from './context.js'

export const WRITE = 1 << 0
export const READONLY = 1 << 1
export const DENYOOM = 1 << 2
export const ADMIN = 1 << 3
export const PUBSUB = 1 << 4
export const NOSCRIPT = 1 << 5
export const BLOCKING = 1 << 6
export const LOADING = 1 << 7
export const STALE = 1 << 8
export const SKIP_MONITOR = 1 << 9
export const SKIP_SLOWLOG = 1 << 10
export const ASKING = 1 << 11
export const FAST = 1 << 12
export const NO_AUTH = 1 << 13
export const MAY_REPLICATE = 1 << 14
export const NO_MULTI = 1 << 15
export const MOVABLE_KEYS = 1 << 16
export const ALLOW_BUSY = 1 << 17
export const NO_ASYNC_LOADING = 1 << 18
export const NO_MANDATORY_KEYS = 1 << 19
/** DEBUG and MODULE: refused unless enable-debug-command and the like allow them. Not shown by COMMAND. */
export const PROTECTED = 1 << 20
/** Keys it deletes (expired ones) are no part of its own effect: never wrapped in MULTI. Not shown by COMMAND. */
export const TOUCHES_ARBITRARY_KEYS = 1 << 21
/** Runs at once inside MULTI instead of being queued. Not shown by COMMAND. */
export const NOT_QUEUED = 1 << 22
/** Allowed in RESP2 to a client that has subscriptions. Not shown by COMMAND. */
export const ALLOWED_TO_SUBSCRIBERS = 1 << 23

/** COMMAND's name for each flag bit, in Redis's order. */
export const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [WRITE, 'write'],
  [READONLY, 'readonly'],
  [DENYOOM, 'denyoom'],
  [ADMIN, 'admin'],
  [PUBSUB, 'pubsub'],
  [NOSCRIPT, 'noscript'],
  [BLOCKING, 'blocking'],
  [LOADING, 'loading'],
  [STALE, 'stale'],
  [SKIP_MONITOR, 'skip_monitor'],
  [SKIP_SLOWLOG, 'skip_slowlog'],
  [ASKING, 'asking'],
  [FAST, 'fast'],
  [NO_AUTH, 'no_auth'],
  [MAY_REPLICATE, 'may_replicate'],
  [NO_MULTI, 'no_multi'],
  [MOVABLE_KEYS, 'movablekeys'],
  [ALLOW_BUSY, 'allow_busy'],
  [NO_ASYNC_LOADING, 'no_async_loading'],
  [NO_MANDATORY_KEYS, 'no_mandatory_keys'],
]

/** Groups by the names of COMMAND DOCS. */
export type Group = 'string' | 'bitmap' | 'hash' | 'generic' | 'connection' | 'server' | 'transactions' | 'pubsub'

/** Where keys stand among the arguments: from `first` to `last` (negative: from the end), every `step`. */
export interface KeySpec {
  readonly first: number
  readonly last: number
  readonly step: number
  /** COMMAND INFO's flags of the key spec: RO, RW, OW, RM, access, insert, update, delete. */
  readonly flags: readonly string[]
}

/** An argument as COMMAND DOCS describes it. */
export interface ArgumentDoc {
  readonly name: string
  readonly type: 'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block'
  readonly token?: string
  readonly optional?: boolean
  readonly multiple?: boolean
  readonly multipleToken?: boolean
  readonly keySpecIndex?: number
  readonly since?: string
  readonly displayText?: string
  readonly arguments?: readonly ArgumentDoc[]
}

export interface CommandSpec {
  /** In lower case; a subcommand's own name only ("getname"). */
  readonly name: string
  /** Number of arguments with the name; negative: at least so many. */
  readonly arity: number
  readonly flags: number
  readonly keys?: readonly KeySpec[]
  readonly group: Group
  readonly since: string
  readonly summary: string
  readonly complexity?: string
  /** ACL categories that do not follow from flags and group. */
  readonly categories?: readonly string[]
  readonly tips?: readonly string[]
  readonly arguments?: readonly ArgumentDoc[]
  readonly subcommands?: readonly CommandSpec[]
  readonly run: (ctx: CommandContext) => void
}

function key(first: number, last: number, step: number, flags: string): KeySpec[] {
  return [{ first, last, step, flags: flags.split(' ') }]
}

/** The usual places of keys, with COMMAND INFO's flags. */
export const READ_KEY = key(1, 1, 1, 'RO access')
export const PEEK_KEY = key(1, 1, 1, 'RO')
export const UPDATE_KEY = key(1, 1, 1, 'RW access update')
export const MODIFY_KEY = key(1, 1, 1, 'RW update')
export const INSERT_KEY = key(1, 1, 1, 'RW insert')
export const OVERWRITE_KEY = key(1, 1, 1, 'OW update')
export const DELETE_IN_KEY = key(1, 1, 1, 'RW delete')
export const READ_ALL_KEYS = key(1, -1, 1, 'RO access')
export const PEEK_ALL_KEYS = key(1, -1, 1, 'RO')
export const REMOVE_ALL_KEYS = key(1, -1, 1, 'RM delete')
export const OVERWRITE_PAIRS = key(1, -1, 2, 'OW update')
