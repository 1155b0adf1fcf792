/** The string commands. */
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger } from '../bytes/integers.js'
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '../bytes/long-double.js'
import { NEVER } from '../store/database.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_INT32,
  ENCODING_INT64,
  INLINE_VALUE_MAX_BYTES,
  TYPE_STRING,
} from '../store/entries.js'
import { appendToString, StringView, stringLength } from '../types/string.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from './context.js'
import { EXPIRY_IN_SECONDS, EXPIRY_RELATIVE, readExpiry } from './expiry-options.js'
import { findSetKey } from './find-keys.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  FAST,
  INSERT_KEY,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_OW,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  keyRange,
  OVERWRITE_KEY,
  OVERWRITE_PAIRS,
  PEEK_KEY,
  READ_ALL_KEYS,
  READ_KEY,
  READONLY,
  UPDATE_KEY,
  WRITE,
} from './spec.js'

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const VALUE: ArgumentDoc = { name: 'value', type: 'string' }
const PAIRS: ArgumentDoc = { name: 'data', type: 'block', multiple: true, arguments: [KEY, VALUE] }
const EXPIRY_CHOICES: readonly ArgumentDoc[] = [
  { name: 'seconds', type: 'integer', token: 'EX', since: '2.6.12' },
  { name: 'milliseconds', type: 'integer', token: 'PX', since: '2.6.12' },
  { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT', since: '6.2.0' },
  { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT', since: '6.2.0' },
]

const SET_KEY = [
  keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1, 0, 1, 'The old value is only read with GET.'),
]

export const stringCommands: readonly CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the string value of a key.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: get,
  },
  {
    name: 'set',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: SET_KEY,
    findKeys: findSetKey,
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value, whatever it held before, and drops its expiry.',
    complexity: 'O(1)',
    arguments: [
      KEY,
      VALUE,
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        since: '2.6.12',
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      { name: 'get', type: 'pure-token', token: 'GET', optional: true, since: '6.2.0' },
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [...EXPIRY_CHOICES, { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL', since: '6.0.0' }],
      },
    ],
    run: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: [keyRange(KEY_OW | KEY_INSERT, 1)],
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value if the key does not exist.',
    complexity: 'O(1)',
    arguments: [KEY, VALUE],
    run: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_KEY,
    group: 'string',
    since: '2.0.0',
    summary: 'Sets a key to a string value with an expiry in seconds.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'seconds', type: 'integer' }, VALUE],
    run: ctx => setWithExpiry(ctx, EXPIRY_RELATIVE | EXPIRY_IN_SECONDS),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_KEY,
    group: 'string',
    since: '2.6.0',
    summary: 'Sets a key to a string value with an expiry in milliseconds.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'milliseconds', type: 'integer' }, VALUE],
    run: ctx => setWithExpiry(ctx, EXPIRY_RELATIVE),
  },
  {
    name: 'getset',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value and returns the value it had.',
    complexity: 'O(1)',
    arguments: [KEY, VALUE],
    run: getset,
  },
  {
    name: 'mget',
    arity: -2,
    flags: READONLY | FAST,
    keys: READ_ALL_KEYS,
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the string values of several keys.',
    complexity: 'O(N), N being the number of keys',
    tips: ['request_policy:multi_shard'],
    arguments: [{ ...KEY, multiple: true }],
    run: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_PAIRS,
    group: 'string',
    since: '1.0.1',
    summary: 'Sets several keys to string values, as one step.',
    complexity: 'O(N), N being the number of keys',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    arguments: [PAIRS],
    run: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_OW | KEY_INSERT, 1, -1, 2)],
    group: 'string',
    since: '1.0.1',
    summary: 'Sets several keys to string values, if none of them exists.',
    complexity: 'O(N), N being the number of keys',
    arguments: [PAIRS],
    run: msetnx,
  },
  {
    name: 'append',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: INSERT_KEY,
    group: 'string',
    since: '2.0.0',
    summary: 'Appends to the string value of a key, which is created when missing.',
    complexity: 'O(1) amortised',
    arguments: [KEY, VALUE],
    run: append,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: READONLY | FAST,
    keys: PEEK_KEY,
    group: 'string',
    since: '2.2.0',
    summary: 'Returns the length in bytes of a string value.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: strlen,
  },
  {
    name: 'incr',
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Adds one to the integer value of a key, 0 when missing.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: ctx => incrementBy(ctx, 1),
  },
  {
    name: 'decr',
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Subtracts one from the integer value of a key, 0 when missing.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: ctx => incrementBy(ctx, -1),
  },
  {
    name: 'incrby',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Adds a number to the integer value of a key, 0 when missing.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'increment', type: 'integer' }],
    run: incrby,
  },
  {
    name: 'decrby',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Subtracts a number from the integer value of a key, 0 when missing.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'decrement', type: 'integer' }],
    run: decrby,
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '2.6.0',
    summary: 'Adds a floating-point number to the value of a key, 0 when missing.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'increment', type: 'double' }],
    run: incrbyfloat,
  },
]

export const INCREMENT_OVERFLOW = 'ERR increment or decrement would overflow'
const NOT_A_FLOAT = 'ERR value is not a valid float'
const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'

const view = new StringView()

/** Replies the string value at `address`: large ones by reference. */
export function replyString(ctx: CommandContext, address: number): void {
  const { entries } = ctx.db
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_EXTERNAL) {
    ctx.reply.bulkReference(entries.lendBuffer(entries.payload(address)))
    return
  }
  view.of(entries, address)
  ctx.reply.bulk(view.bytes, view.start, view.end)
}

/** GET key. */
function get(ctx: CommandContext): void {
  const address = ctx.findForRead(1)
  if (address === 0) ctx.reply.null()
  else if (ctx.db.entries.type(address) !== TYPE_STRING) ctx.reply.error(WRONG_TYPE)
  else replyString(ctx, address)
}

/** Stores argument `valueIndex` at key argument `keyIndex`, found at `address` (0: new). */
function store(ctx: CommandContext, address: number, keyIndex: number, valueIndex: number, expiryMs: number): void {
  const { args, db } = ctx
  const { buffer } = args
  const keyStart = args.starts[keyIndex]
  const keyEnd = args.ends[keyIndex]
  const valueStart = args.starts[valueIndex]
  const valueEnd = args.ends[valueIndex]
  if (args.adoptable(valueIndex) && valueEnd - valueStart > INLINE_VALUE_MAX_BYTES) {
    db.setBuffer(address, buffer, keyStart, keyEnd, args.view(valueIndex), expiryMs)
  } else db.setString(address, buffer, keyStart, keyEnd, buffer, valueStart, valueEnd, expiryMs)
  db.touch(buffer, keyStart, keyEnd)
}

/** SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]. */
function set(ctx: CommandContext): void {
  if (ctx.args.argc > 3) {
    setWithOptions(ctx)
    return
  }
  store(ctx, ctx.findForWrite(1), 1, 2, NEVER)
  ctx.reply.ok()
}

interface SetOptions {
  onlyIfMissing: boolean
  onlyIfExists: boolean
  returnOld: boolean
  keepTtl: boolean
  /** Index of the expiry's argument, or 0. */
  expiryIndex: number
  expiryKind: number
}

/** The expiry options that SET and GETEX share, with what their number means. */
function expiryOption(ctx: CommandContext, index: number): number {
  const { args } = ctx
  if (args.is(index, 'ex')) return EXPIRY_RELATIVE | EXPIRY_IN_SECONDS
  if (args.is(index, 'px')) return EXPIRY_RELATIVE
  if (args.is(index, 'exat')) return EXPIRY_IN_SECONDS
  if (args.is(index, 'pxat')) return 0
  return -1
}

function parseSetOptions(ctx: CommandContext): SetOptions | null {
  const { args } = ctx
  const options = {
    onlyIfMissing: false,
    onlyIfExists: false,
    returnOld: false,
    keepTtl: false,
    expiryIndex: 0,
    expiryKind: 0,
  }
  for (let i = 3; i < args.argc; i++) {
    const kind = expiryOption(ctx, i)
    if (args.is(i, 'nx') && !options.onlyIfExists) options.onlyIfMissing = true
    else if (args.is(i, 'xx') && !options.onlyIfMissing) options.onlyIfExists = true
    else if (args.is(i, 'get')) options.returnOld = true
    else if (args.is(i, 'keepttl') && options.expiryIndex === 0) options.keepTtl = true
    else if (kind >= 0 && !options.keepTtl && options.expiryIndex === 0 && i + 1 < args.argc) {
      options.expiryKind = kind
      options.expiryIndex = ++i
    } else return null
  }
  return options
}

function setWithOptions(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const options = parseSetOptions(ctx)
  if (options === null) {
    reply.error(SYNTAX_ERROR)
    return
  }
  let expiryMs = NEVER
  if (options.expiryIndex !== 0) {
    expiryMs = readExpiry(ctx, options.expiryIndex, options.expiryKind)
    if (Number.isNaN(expiryMs)) return
  }
  const address = ctx.findForWrite(1)
  if (options.returnOld) {
    if (ctx.wrongType(address, TYPE_STRING)) return
    if (address === 0) reply.null()
    else replyString(ctx, address)
  }
  if ((options.onlyIfMissing && address !== 0) || (options.onlyIfExists && address === 0)) {
    if (!options.returnOld) reply.null()
    return
  }
  if (options.keepTtl && address !== 0) expiryMs = db.entries.expiry(address)
  store(ctx, address, 1, 2, expiryMs)
  if (!options.returnOld) reply.ok()
  // Replicas get the time itself, not a span that would start when they read it.
  if (options.expiryIndex !== 0) ctx.propagateAs('SET', args.view(1), args.view(2), 'PXAT', String(expiryMs))
}

/** SETEX key seconds value, PSETEX key milliseconds value. */
function setWithExpiry(ctx: CommandContext, kind: number): void {
  const expiryMs = readExpiry(ctx, 2, kind)
  if (Number.isNaN(expiryMs)) return
  store(ctx, ctx.findForWrite(1), 1, 3, expiryMs)
  ctx.reply.ok()
  ctx.propagateAs('SET', ctx.args.view(1), ctx.args.view(3), 'PXAT', String(expiryMs))
}

/** SETNX key value. Integer reply: 1 when set. */
function setnx(ctx: CommandContext): void {
  const address = ctx.findForWrite(1)
  if (address === 0) store(ctx, 0, 1, 2, NEVER)
  ctx.reply.integer(address === 0 ? 1 : 0)
}

/** GETSET key value. */
function getset(ctx: CommandContext): void {
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) ctx.reply.null()
  else replyString(ctx, address)
  store(ctx, address, 1, 2, NEVER)
  ctx.propagateAs('SET', ctx.args.view(1), ctx.args.view(2))
}

/** MGET key [key ...]. Keys of other types read as missing. */
function mget(ctx: CommandContext): void {
  const { args, reply } = ctx
  reply.array(args.argc - 1)
  for (let i = 1; i < args.argc; i++) {
    const address = ctx.findForRead(i)
    if (address === 0 || ctx.db.entries.type(address) !== TYPE_STRING) reply.null()
    else replyString(ctx, address)
  }
}

function pairsMissing(ctx: CommandContext): boolean {
  if ((ctx.args.argc & 1) === 1) return false
  ctx.reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`)
  return true
}

function storePairs(ctx: CommandContext): void {
  for (let i = 1; i < ctx.args.argc; i += 2) store(ctx, ctx.findForWrite(i), i, i + 1, NEVER)
}

/** MSET key value [key value ...]. */
function mset(ctx: CommandContext): void {
  if (pairsMissing(ctx)) return
  storePairs(ctx)
  ctx.reply.ok()
}

/** MSETNX key value [key value ...]. Integer reply: 1 when all were set. */
function msetnx(ctx: CommandContext): void {
  if (pairsMissing(ctx)) return
  for (let i = 1; i < ctx.args.argc; i += 2) {
    if (ctx.findForWrite(i) === 0) continue
    ctx.reply.integer(0)
    return
  }
  storePairs(ctx)
  ctx.reply.integer(1)
}

/** APPEND key value. Integer reply: the length after it. */
function append(ctx: CommandContext): void {
  const { args, db } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) {
    const length = args.length(2)
    store(ctx, 0, 1, 2, NEVER)
    ctx.reply.integer(length)
    return
  }
  const total = stringLength(db.entries, address) + args.length(2)
  if (total > ctx.server.config.values['proto-max-bulk-len']) {
    ctx.reply.error(TOO_LONG)
    return
  }
  appendToString(db, address, args.buffer, args.starts[1], args.ends[1], args.buffer, args.starts[2], args.ends[2])
  ctx.touch(1)
  ctx.reply.integer(total)
}

/** STRLEN key. */
function strlen(ctx: CommandContext): void {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  ctx.reply.integer(address === 0 ? 0 : stringLength(ctx.db.entries, address))
}

/** INCRBY key increment. */
function incrby(ctx: CommandContext): void {
  const increment = ctx.args.safeInteger(2)
  if (!Number.isNaN(increment)) {
    incrementBy(ctx, increment)
    return
  }
  const big = ctx.args.int64(2)
  if (big === null) ctx.reply.error(NOT_AN_INTEGER)
  else incrementByBig(ctx, big)
}

/** DECRBY key decrement. */
function decrby(ctx: CommandContext): void {
  const decrement = ctx.args.safeInteger(2)
  if (!Number.isNaN(decrement)) {
    incrementBy(ctx, -decrement)
    return
  }
  const big = ctx.args.int64(2)
  if (big === null) ctx.reply.error(NOT_AN_INTEGER)
  else if (big === INT64_MIN) ctx.reply.error('ERR decrement would overflow')
  else incrementByBig(ctx, -big)
}

/** Integer reply: the value after the increment. The way of all counters: 32-bit values change in place. */
function incrementBy(ctx: CommandContext, increment: number): void {
  const { args, db } = ctx
  const address = ctx.findForWrite(1)
  if (address !== 0 && db.entries.encoding(address) === ENCODING_INT32) {
    const sum = (db.entries.payload(address) | 0) + increment
    if (sum === (sum | 0)) {
      db.entries.setPayload(address, sum)
      ctx.touch(1)
      ctx.reply.integer(sum)
      return
    }
  }
  if (address === 0) {
    db.setInteger(0, args.buffer, args.starts[1], args.ends[1], increment, NEVER)
    ctx.touch(1)
    ctx.reply.integer(increment)
    return
  }
  incrementFound(ctx, address, BigInt(increment))
}

function incrementByBig(ctx: CommandContext, increment: bigint): void {
  const { args, db } = ctx
  const address = ctx.findForWrite(1)
  if (address !== 0) {
    incrementFound(ctx, address, increment)
    return
  }
  db.setBigInteger(0, args.buffer, args.starts[1], args.ends[1], increment, NEVER)
  ctx.touch(1)
  ctx.reply.bigInteger(increment)
}

function incrementFound(ctx: CommandContext, address: number, increment: bigint): void {
  const { args, db } = ctx
  if (ctx.wrongType(address, TYPE_STRING)) return
  const value = integerValue(ctx, address)
  if (value === null) {
    ctx.reply.error(NOT_AN_INTEGER)
    return
  }
  const sum = value + increment
  if (sum < INT64_MIN || sum > INT64_MAX) {
    ctx.reply.error(INCREMENT_OVERFLOW)
    return
  }
  const expiryMs = db.entries.expiry(address)
  db.setBigInteger(address, args.buffer, args.starts[1], args.ends[1], sum, expiryMs)
  ctx.touch(1)
  ctx.reply.bigInteger(sum)
}

function integerValue(ctx: CommandContext, address: number): bigint | null {
  const { entries } = ctx.db
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_INT32 || encoding === ENCODING_INT64) return entries.bigInteger(address)
  view.of(entries, address)
  const small = parseSafeInteger(view.bytes, view.start, view.end)
  return Number.isNaN(small) ? parseInt64(view.bytes, view.start, view.end) : BigInt(small)
}

/** INCRBYFLOAT key increment. Bulk reply: the value after it; reaches replicas as SET, so that rounding is the master's. */
function incrbyfloat(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  let value = LONG_DOUBLE_ZERO
  if (address !== 0) {
    view.of(db.entries, address)
    const parsed = parseLongDouble(view.bytes, view.start, view.end)
    if (parsed === null) {
      reply.error(NOT_A_FLOAT)
      return
    }
    value = parsed
  }
  const increment = parseLongDouble(args.buffer, args.starts[2], args.ends[2])
  if (increment === null) {
    reply.error(NOT_A_FLOAT)
    return
  }
  const sum = addLongDouble(value, increment)
  if (!isFiniteLongDouble(sum)) {
    reply.error('ERR increment would produce NaN or Infinity')
    return
  }
  const text = Buffer.from(formatLongDouble(sum), 'latin1')
  const expiryMs = address === 0 ? NEVER : db.entries.expiry(address)
  db.setString(address, args.buffer, args.starts[1], args.ends[1], text, 0, text.length, expiryMs)
  ctx.touch(1)
  reply.bulk(text, 0, text.length)
  ctx.propagateAs('SET', args.view(1), text, 'KEEPTTL')
}
