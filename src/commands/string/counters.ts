/** The commands that count. Source of behaviour: Redis's t_string.c. */

import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '../../bytes/floats/long-double.js'
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger } from '../../bytes/integers.js'
import { EVENT_STRING } from '../../config/keyspace-events.js'
import { KEEP_TTL, NEVER } from '../../store/database.js'
import { ENCODING_INT32, ENCODING_INT64, ENCODING_PLAIN, TYPE_STRING } from '../../store/entries.js'
import { setBigInteger, setInteger } from '../../types/string/set-string.js'
import { StringView } from '../../types/string/string.js'
import { setBytes } from '../../types/string/string-edit.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { BRIEF, type CommandSpec, DENYOOM, FAST, UPDATE_KEY, WRITE } from '../spec.js'
import { KEY } from './access.js'

export const counterCommands: readonly CommandSpec[] = [
  {
    name: 'incr',
    arity: 2,
    flags: WRITE | DENYOOM | FAST | BRIEF,
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
    flags: WRITE | DENYOOM | FAST | BRIEF,
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
    flags: WRITE | DENYOOM | FAST | BRIEF,
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
    flags: WRITE | DENYOOM | FAST | BRIEF,
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

const NOT_A_FLOAT = 'ERR value is not a valid float'

const view = new StringView()

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
      ctx.notify(EVENT_STRING, 'incrby', 1)
      ctx.reply.integer(sum)
      return
    }
  }
  if (address === 0) {
    setInteger(db, 0, args.buffer, args.starts[1], args.ends[1], increment, NEVER)
    ctx.touch(1)
    ctx.notify(EVENT_STRING, 'incrby', 1)
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
  setBigInteger(db, 0, args.buffer, args.starts[1], args.ends[1], increment, NEVER)
  ctx.touch(1)
  ctx.notify(EVENT_STRING, 'incrby', 1)
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
    ctx.reply.error('ERR increment or decrement would overflow')
    return
  }
  setBigInteger(db, address, args.buffer, args.starts[1], args.ends[1], sum, KEEP_TTL)
  ctx.touch(1)
  ctx.notify(EVENT_STRING, 'incrby', 1)
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
  const expiryMs = address === 0 ? NEVER : KEEP_TTL
  // Text even where it reads as an integer: the encoding is "embstr" then, as in Redis.
  setBytes(db, address, args.buffer, args.starts[1], args.ends[1], text, ENCODING_PLAIN, expiryMs)
  ctx.touch(1)
  ctx.notify(EVENT_STRING, 'incrbyfloat', 1)
  reply.bulk(text, 0, text.length)
  ctx.propagateAs('SET', args.view(1), text, 'KEEPTTL')
}
