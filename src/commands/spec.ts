/**
 * What a command is. The table of these is the documentation: COMMAND, ACL categories, arity checks, key positions and
 * error texts follow from it.
 */
import type { Request } from '../resp/request.js'
import type { CommandContext } from './context.js'
import type { KeyArguments } from './key-arguments.js'

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
/** Not shown by COMMAND. */
export const MAY_REPLICATE = 1 << 14
export const NO_MULTI = 1 << 15
/** Follows from key specs and is never given: the range that COMMAND INFO shows does not tell all keys. */
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
/** May have to wait until a large argument, or one of a transaction's, is prepared. Not shown by COMMAND. */
export const PREPARED = 1 << 25
/**
 * Takes about a microsecond whatever the data, or says so before it takes longer (CommandContext.takesLonger). Not shown by
 * COMMAND.
 */
export const BRIEF = 1 << 24

/** Runs a script: what it may do follows from the flags that the script declares. Not shown by COMMAND. */
export const RUNS_SCRIPT = 1 << 26

/** COMMAND's name for each flag it shows, in Redis's order. */
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
  [NO_MANDATORY_KEYS, 'no_mandatory_keys'],
  [NO_ASYNC_LOADING, 'no_async_loading'],
  [NO_MULTI, 'no_multi'],
  [MOVABLE_KEYS, 'movablekeys'],
  [ALLOW_BUSY, 'allow_busy'],
]

/** Groups by the names of COMMAND DOCS. */
export type Group =
  | 'string'
  | 'bitmap'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'stream'
  | 'geo'
  | 'hyperloglog'
  | 'generic'
  | 'connection'
  | 'cluster'
  | 'server'
  | 'scripting'
  | 'transactions'
  | 'pubsub'

/** What a command does to a key: COMMAND INFO's flags of a key spec (CMD_KEY_ in Redis's server.h). */
export const KEY_RO = 1 << 0
export const KEY_RW = 1 << 1
export const KEY_OW = 1 << 2
export const KEY_RM = 1 << 3
export const KEY_ACCESS = 1 << 4
export const KEY_UPDATE = 1 << 5
export const KEY_INSERT = 1 << 6
export const KEY_DELETE = 1 << 7
/** It stands where a key would, so that clusters route by it (SPUBLISH), but is none. */
export const KEY_NOT_KEY = 1 << 8
/** The spec may miss keys: the command's own `findKeys` knows them all. */
export const KEY_INCOMPLETE = 1 << 9
/** The arguments decide which of the flags hold: the command's own `findKeys` knows. */
export const KEY_VARIABLE_FLAGS = 1 << 10

/** COMMAND's name for each of them, in Redis's order. */
export const KEY_FLAG_NAMES: readonly (readonly [number, string])[] = [
  [KEY_RO, 'RO'],
  [KEY_RW, 'RW'],
  [KEY_OW, 'OW'],
  [KEY_RM, 'RM'],
  [KEY_ACCESS, 'access'],
  [KEY_UPDATE, 'update'],
  [KEY_INSERT, 'insert'],
  [KEY_DELETE, 'delete'],
  [KEY_NOT_KEY, 'not_key'],
  [KEY_INCOMPLETE, 'incomplete'],
  [KEY_VARIABLE_FLAGS, 'variable_flags'],
]

/**
 * Where to begin looking for keys: at argument `index`, or behind a keyword (in lower case), sought from argument
 * `startFrom` on to the end, or when that is negative from there, counted from the end, to the front.
 */
export type BeginSearch =
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'keyword'; readonly keyword: string; readonly startFrom: number }
  | { readonly type: 'unknown' }

/**
 * Which arguments from there on are keys. range: every `step`th up to `last`, counted from the first one, from the end
 * when negative; a `limit` of n takes the first nth of the rest (XREAD: 2). keynum: as many as the argument at `numIndex`
 * says, from `first` on; both are counted from where the search began.
 */
export type FindKeys =
  | { readonly type: 'range'; readonly last: number; readonly step: number; readonly limit: number }
  | { readonly type: 'keynum'; readonly numIndex: number; readonly first: number; readonly step: number }
  | { readonly type: 'unknown' }

export interface KeySpec {
  readonly flags: number
  readonly begin: BeginSearch
  readonly find: FindKeys
  readonly notes?: string | undefined
}

/** Adds the keys of a request whose command's name is argument `from`; none when the arguments make no sense. */
export type KeyFinder = (args: Request, from: number, found: KeyArguments) => void

/** What a command does with channels (CMD_CHANNEL_ in Redis's server.h). */
export const CHANNEL_PATTERN = 1 << 0
export const CHANNEL_SUBSCRIBE = 1 << 1
export const CHANNEL_UNSUBSCRIBE = 1 << 2
export const CHANNEL_PUBLISH = 1 << 3

/** The argument that is a channel, or with `all` that one and all behind it. */
export interface ChannelSpec {
  readonly flags: number
  readonly index: number
  readonly all: boolean
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
  readonly deprecatedSince?: string
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
  /** Finds the keys where `keys` cannot tell (flags variable_flags and incomplete, or a place unknown); see command-keys.ts. */
  readonly findKeys?: KeyFinder
  /** The argument that names the first element of the first key's value, for commands that look it up there: a field. */
  readonly element?: number
  /** Channels among the arguments, for ACL. */
  readonly channels?: ChannelSpec
  readonly group: Group
  readonly since: string
  readonly summary: string
  readonly complexity?: string
  /** Not for users: COMMAND DOCS flags it syscmd. */
  readonly isSystemCommand?: boolean
  /** The version that advised against it, and what to use instead. */
  readonly deprecatedSince?: string
  readonly replacedBy?: string
  /** What changed in which version. */
  readonly history?: readonly (readonly [version: string, change: string])[]
  /** ACL categories that do not follow from flags and group. */
  readonly categories?: readonly string[]
  readonly tips?: readonly string[]
  readonly arguments?: readonly ArgumentDoc[]
  readonly subcommands?: readonly CommandSpec[]
  /** The numbers of the arguments that MONITOR and SLOWLOG show as "(redacted)". */
  readonly secrets?: (args: Request) => readonly number[]
  readonly run: (ctx: CommandContext) => void
}

/** Keys from argument `index` to `last` (counted from the first one, from the end when negative), every `step`. */
export function keyRange(flags: number, index: number, last = 0, step = 1, notes?: string): KeySpec {
  return { flags, begin: { type: 'index', index }, find: { type: 'range', last, step, limit: 0 }, notes }
}

/** As many keys as argument `index` says, right behind it (ZUNION numkeys key ...). */
export function countedKeys(flags: number, index: number, notes?: string): KeySpec {
  return { flags, begin: { type: 'index', index }, find: { type: 'keynum', numIndex: 0, first: 1, step: 1 }, notes }
}

/** The usual places of keys. */
export const READ_KEY = [keyRange(KEY_RO | KEY_ACCESS, 1)]
export const PEEK_KEY = [keyRange(KEY_RO, 1)]
export const UPDATE_KEY = [keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1)]
export const MODIFY_KEY = [keyRange(KEY_RW | KEY_UPDATE, 1)]
export const INSERT_KEY = [keyRange(KEY_RW | KEY_INSERT, 1)]
export const OVERWRITE_KEY = [keyRange(KEY_OW | KEY_UPDATE, 1)]
export const DELETE_IN_KEY = [keyRange(KEY_RW | KEY_DELETE, 1)]
export const TAKE_KEY = [keyRange(KEY_RW | KEY_ACCESS | KEY_DELETE, 1)]
export const READ_ALL_KEYS = [keyRange(KEY_RO | KEY_ACCESS, 1, -1)]
export const PEEK_ALL_KEYS = [keyRange(KEY_RO, 1, -1)]
export const REMOVE_ALL_KEYS = [keyRange(KEY_RM | KEY_DELETE, 1, -1)]
export const OVERWRITE_PAIRS = [keyRange(KEY_OW | KEY_UPDATE, 1, -1, 2)]
