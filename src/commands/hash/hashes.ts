/** The hash commands: the table, and those that work on single fields. */

import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '../../bytes/floats/long-double.js'
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger, writeInteger } from '../../bytes/integers.js'
import { EVENT_GENERIC, EVENT_HASH } from '../../config/keyspace-events.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  DELETE_IN_KEY,
  DENYOOM,
  FAST,
  INSERT_KEY,
  MODIFY_KEY,
  PEEK_KEY,
  READ_KEY,
  READONLY,
  UPDATE_KEY,
  WRITE,
} from '../spec.js'
import {
  expireMet,
  fieldAhead,
  fieldExpiry,
  getField,
  getFieldOfSeveral,
  hasField,
  hash,
  knownHash,
  openForRead,
  openForWrite,
  propagateExpiry,
  replyRange,
  setExpiringField,
  setField,
  value,
} from './access.js'
import { hgetall, hkeys, hrandfield, hscan, hvals } from './walk.js'

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const FIELD: ArgumentDoc = { name: 'field', type: 'string' }
const FIELDS: ArgumentDoc = { name: 'field', type: 'string', multiple: true }
const VALUE: ArgumentDoc = { name: 'value', type: 'string' }
const FIELDS_AND_VALUES: ArgumentDoc = { name: 'data', type: 'block', multiple: true, arguments: [FIELD, VALUE] }

export const hashCommands: readonly CommandSpec[] = [
  {
    name: 'hset',
    arity: -4,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: MODIFY_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Sets fields of a hash.',
    complexity: 'O(N) for N fields',
    history: [['4.0.0', 'Takes several fields with their values.']],
    arguments: [KEY, FIELDS_AND_VALUES],
    run: hset,
  },
  {
    name: 'hmset',
    arity: -4,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: MODIFY_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Sets fields of a hash; older form of HSET that replies OK.',
    complexity: 'O(N) for N fields',
    deprecatedSince: '4.0.0',
    replacedBy: 'HSET, which takes several fields',
    arguments: [KEY, FIELDS_AND_VALUES],
    run: hset,
  },
  {
    name: 'hsetnx',
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: INSERT_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Sets a field of a hash unless it exists.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD, VALUE],
    run: hsetnx,
  },
  {
    name: 'hget',
    arity: 3,
    flags: READONLY | FAST | BRIEF,
    keys: READ_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns the value of a field of a hash.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD],
    run: hget,
  },
  {
    name: 'hmget',
    arity: -3,
    flags: READONLY | FAST | BRIEF,
    keys: READ_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns the values of several fields of a hash.',
    complexity: 'O(N) for N fields',
    arguments: [KEY, FIELDS],
    run: hmget,
  },
  {
    name: 'hdel',
    arity: -3,
    flags: WRITE | FAST,
    keys: DELETE_IN_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Deletes fields of a hash, and the hash with its last field.',
    complexity: 'O(N) for N fields',
    history: [['2.4.0', 'Takes several fields.']],
    arguments: [KEY, FIELDS],
    run: hdel,
  },
  {
    name: 'hlen',
    arity: 2,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns the number of fields in a hash.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: hlen,
  },
  {
    name: 'hexists',
    arity: 3,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Tells whether a hash has a field.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD],
    run: hexists,
  },
  {
    name: 'hstrlen',
    arity: 3,
    flags: READONLY | FAST,
    keys: PEEK_KEY,
    element: 2,
    group: 'hash',
    since: '3.2.0',
    summary: 'Returns the length of the value of a field.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD],
    run: hstrlen,
  },
  {
    name: 'hincrby',
    arity: 4,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: UPDATE_KEY,
    element: 2,
    group: 'hash',
    since: '2.0.0',
    summary: 'Adds to the integer value of a field; a missing one counts as 0.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD, { name: 'increment', type: 'integer' }],
    run: hincrby,
  },
  {
    name: 'hincrbyfloat',
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    element: 2,
    group: 'hash',
    since: '2.6.0',
    summary: 'Adds to the floating point value of a field; a missing one counts as 0.',
    complexity: 'O(1)',
    arguments: [KEY, FIELD, { name: 'increment', type: 'double' }],
    run: hincrbyfloat,
  },
  {
    name: 'hgetall',
    arity: 2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns all fields and values of a hash.',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    arguments: [KEY],
    run: hgetall,
  },
  {
    name: 'hkeys',
    arity: 2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns all fields of a hash.',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    arguments: [KEY],
    run: hkeys,
  },
  {
    name: 'hvals',
    arity: 2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'hash',
    since: '2.0.0',
    summary: 'Returns all values of a hash.',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    arguments: [KEY],
    run: hvals,
  },
  {
    name: 'hscan',
    arity: -3,
    flags: READONLY,
    keys: READ_KEY,
    group: 'hash',
    since: '2.8.0',
    summary: 'Goes through fields and values of a hash, some at a time.',
    complexity: 'O(1) for a call, O(N) for all calls until the cursor is 0 again',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'novalues', type: 'pure-token', token: 'NOVALUES', optional: true, since: '7.4.0' },
    ],
    run: hscan,
  },
  {
    name: 'hrandfield',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'hash',
    since: '6.2.0',
    summary: 'Returns random fields of a hash.',
    complexity: 'O(N) for N fields returned',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      {
        name: 'options',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'count', type: 'integer' },
          { name: 'withvalues', type: 'pure-token', token: 'WITHVALUES', optional: true },
        ],
      },
    ],
    run: hrandfield,
  },
]

/** Room for the text of a 64-bit integer. */
const digits = Buffer.alloc(24)

/** HSET key field value [field value ...] replies how many fields are new; HMSET OK. */
function hset(ctx: CommandContext): void {
  const { args, reply, keyspace } = ctx
  if (args.argc % 2 === 1) {
    reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`)
    return
  }
  if (!openForWrite(ctx)) return
  const added = hash.setPairs(
    args.buffer,
    args.starts,
    args.ends,
    2,
    args.argc,
    ctx.server.valueLimits.hash,
    knownHash(ctx, 2),
  )
  if (ctx.command.fullName === 'hset') reply.integer(added)
  else reply.ok()
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hset', 1)
  keyspace.dirty += (args.argc - 2) / 2 - 1
}

/** HSETNX key field value. Integer reply: 1 when the field was set, 0 when it was there. */
function hsetnx(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!openForWrite(ctx)) return
  if (hasField(ctx, 2)) {
    reply.integer(0)
    return
  }
  setField(ctx, 2, args.buffer, args.starts[3], args.ends[3])
  reply.integer(1)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hset', 1)
}

/** HGET key field. */
function hget(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  if (getField(ctx, 2)) replyRange(ctx, value)
  else ctx.reply.null()
}

/** HMGET key field [field ...]. */
function hmget(ctx: CommandContext): void {
  const { argc } = ctx.args
  if (!openForRead(ctx)) return
  ctx.reply.array(argc - 2)
  for (let i = 2; i < argc; i++) {
    if (getFieldOfSeveral(ctx, i, fieldAhead(ctx, i))) replyRange(ctx, value)
    else ctx.reply.null()
  }
  expireMet(ctx)
}

/** HDEL key field [field ...]. Integer reply: how many fields were there. */
function hdel(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  if (!openForWrite(ctx)) return
  let deleted = 0
  for (let i = 2; i < args.argc && hash.address !== 0; i++) {
    if (hash.delete(args.buffer, args.starts[i], args.ends[i], fieldAhead(ctx, i))) deleted++
  }
  ctx.reply.integer(deleted)
  if (deleted === 0) return
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hdel', 1)
  if (hash.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  keyspace.dirty += deleted - 1
}

/** HLEN key. */
function hlen(ctx: CommandContext): void {
  if (openForRead(ctx)) ctx.reply.integer(hash.length)
}

/** HEXISTS key field. */
function hexists(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  ctx.reply.integer(hasField(ctx, 2) ? 1 : 0)
}

/** HSTRLEN key field. */
function hstrlen(ctx: CommandContext): void {
  if (openForRead(ctx)) ctx.reply.integer(getField(ctx, 2) ? value.length : 0)
}

/** HINCRBY key field increment. Integer reply: the new value. */
function hincrby(ctx: CommandContext): void {
  const { args, reply } = ctx
  const increment = args.safeInteger(3)
  if (Number.isNaN(increment) && args.int64(3) === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  if (!openForWrite(ctx)) return
  const found = getField(ctx, 2)
  const current = found ? parseSafeInteger(value.buffer, value.start, value.end) : 0
  const sum = current + increment
  if (!Number.isSafeInteger(sum)) {
    incrementFar(ctx, found)
    return
  }
  setExpiringField(ctx, 2, digits, 0, writeInteger(digits, 0, sum), fieldExpiry(ctx, 2))
  reply.integer(sum)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hincrby', 1)
}

/** HINCRBY where a number is beyond JavaScript's safe integers, or none at all; `value` shows the present one if `found`. */
function incrementFar(ctx: CommandContext, found: boolean): void {
  const { args, reply } = ctx
  const current = found ? parseInt64(value.buffer, value.start, value.end) : 0n
  if (current === null) {
    reply.error('ERR hash value is not an integer')
    return
  }
  const sum = current + (args.int64(3) ?? 0n)
  if (sum < INT64_MIN || sum > INT64_MAX) {
    reply.error('ERR increment or decrement would overflow')
    return
  }
  setExpiringField(ctx, 2, digits, 0, digits.write(String(sum), 'latin1'), fieldExpiry(ctx, 2))
  reply.bigInteger(sum)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hincrby', 1)
}

/** HINCRBYFLOAT key field increment. Bulk reply: the new value, which is what replicas and the AOF get (HSET). */
function hincrbyfloat(ctx: CommandContext): void {
  const { args, reply } = ctx
  const increment = parseLongDouble(args.buffer, args.starts[3], args.ends[3])
  if (increment === null) {
    reply.error('ERR value is not a valid float')
    return
  }
  if (!isFiniteLongDouble(increment)) {
    reply.error('ERR value is NaN or Infinity')
    return
  }
  if (!openForWrite(ctx)) return
  const current = getField(ctx, 2) ? parseLongDouble(value.buffer, value.start, value.end) : LONG_DOUBLE_ZERO
  if (current === null) {
    reply.error('ERR hash value is not a float')
    return
  }
  const sum = addLongDouble(current, increment)
  if (!isFiniteLongDouble(sum)) {
    reply.error('ERR increment would produce NaN or Infinity')
    return
  }
  const text = Buffer.from(formatLongDouble(sum), 'latin1')
  const expiryMs = fieldExpiry(ctx, 2)
  setExpiringField(ctx, 2, text, 0, text.length, expiryMs)
  reply.bulk(text, 0, text.length)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hincrbyfloat', 1)
  ctx.propagateAs('HSET', args.view(1), args.view(2), text)
  if (!Number.isNaN(expiryMs)) propagateExpiry(ctx, expiryMs, [args.view(2)])
}
