/** HGETEX, HGETDEL and HSETEX of Redis 8.0: what fields hold and when they expire, in one command. Replicas get the plain commands. */
import { EVENT_GENERIC, EVENT_HASH } from '../../config/keyspace-events.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { hasPassed } from '../generic/expiry-options.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_RW,
  KEY_UPDATE,
  keyRange,
  MODIFY_KEY,
  TAKE_KEY,
  WRITE,
} from '../spec.js'
import {
  expireMet,
  fieldExpiry,
  getFieldOfSeveral,
  hasField,
  hash,
  openForWrite,
  propagateExpiry,
  replyRange,
  setExpiringField,
  value,
} from './access.js'
import { FIELDS, NUMBER_OF_FIELDS, readFieldExpiry, readFields } from './field-arguments.js'

const SECOND_MS = 1000
const KEY = { name: 'key', type: 'key', keySpecIndex: 0 } as const

function expirations(last: ArgumentDoc): ArgumentDoc {
  return {
    name: 'expiration',
    type: 'oneof',
    optional: true,
    arguments: [
      { name: 'seconds', type: 'integer', token: 'EX' },
      { name: 'milliseconds', type: 'integer', token: 'PX' },
      { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
      { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
      last,
    ],
  }
}

export const getAndExpireCommands: readonly CommandSpec[] = [
  {
    name: 'hgetex',
    arity: -5,
    flags: WRITE | FAST,
    keys: [keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1, 'RW and UPDATE because it changes the TTL')],
    group: 'hash',
    since: '8.0.0',
    summary: 'Returns the values of fields, and sets when they expire.',
    complexity: 'O(N) for N fields',
    arguments: [KEY, expirations({ name: 'persist', type: 'pure-token', token: 'PERSIST' }), FIELDS],
    run: hgetex,
  },
  {
    name: 'hgetdel',
    arity: -5,
    flags: WRITE | FAST,
    keys: TAKE_KEY,
    group: 'hash',
    since: '8.0.0',
    summary: 'Returns the values of fields, and deletes them.',
    complexity: 'O(N) for N fields',
    arguments: [KEY, FIELDS],
    run: hgetdel,
  },
  {
    name: 'hsetex',
    arity: -6,
    flags: WRITE | DENYOOM | FAST,
    keys: MODIFY_KEY,
    group: 'hash',
    since: '8.0.0',
    summary: 'Sets fields, and when they expire.',
    complexity: 'O(N) for N fields',
    arguments: [
      KEY,
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'fnx', type: 'pure-token', token: 'FNX' },
          { name: 'fxx', type: 'pure-token', token: 'FXX' },
        ],
      },
      expirations({ name: 'keepttl', type: 'pure-token', token: 'KEEPTTL' }),
      {
        name: 'fields',
        type: 'block',
        token: 'FIELDS',
        arguments: [
          { name: 'numfields', type: 'integer' },
          {
            name: 'data',
            type: 'block',
            multiple: true,
            arguments: [
              { name: 'field', type: 'string' },
              { name: 'value', type: 'string' },
            ],
          },
        ],
      },
    ],
    run: hsetex,
  },
]

/** What comes before FIELDS. One object serves all requests in turn. */
const options = {
  /** Unix time in milliseconds; NaN: nothing is said of it. */
  expiryMs: Number.NaN,
  /** HGETEX PERSIST, HSETEX KEEPTTL. */
  otherwise: false,
  onlyNew: false,
  onlyExisting: false,
  /** The argument that is FIELDS. */
  fieldsAt: 0,
}

/** Reads options up to FIELDS, `other` the one that excludes a time. False: an error was replied. */
function readOptions(ctx: CommandContext, other: 'persist' | 'keepttl'): boolean {
  const { args, reply } = ctx
  const isSet = other === 'keepttl'
  options.expiryMs = Number.NaN
  options.otherwise = options.onlyNew = options.onlyExisting = false
  for (let i = 2; i < args.argc; i++) {
    if (args.is(i, 'fields')) {
      options.fieldsAt = i
      return true
    }
    const timeKind = timeOf(ctx, i)
    if (timeKind !== null || args.is(i, other)) {
      if (options.otherwise || !Number.isNaN(options.expiryMs)) {
        reply.error(`ERR Only one of EX, PX, EXAT, PXAT or ${other.toUpperCase()} arguments can be specified`)
        return false
      }
      if (timeKind === null) options.otherwise = true
      else if (!readTime(ctx, ++i, timeKind)) return false
    } else if (isSet && (args.is(i, 'fnx') || args.is(i, 'fxx'))) {
      if (options.onlyNew || options.onlyExisting) {
        reply.error('ERR Only one of FXX or FNX arguments can be specified')
        return false
      }
      options.onlyNew = args.is(i, 'fnx')
      options.onlyExisting = !options.onlyNew
    } else {
      reply.error(`ERR unknown argument: ${args.latin1(i)}`)
      return false
    }
  }
  reply.error('ERR missing FIELDS argument')
  return false
}

interface TimeKind {
  readonly unitMs: number
  readonly isRelative: boolean
}

const TIME_KINDS: Readonly<Record<string, TimeKind>> = {
  ex: { unitMs: SECOND_MS, isRelative: true },
  px: { unitMs: 1, isRelative: true },
  exat: { unitMs: SECOND_MS, isRelative: false },
  pxat: { unitMs: 1, isRelative: false },
}

function timeOf({ args }: CommandContext, index: number): TimeKind | null {
  return args.length(index) > 4 ? null : (TIME_KINDS[args.lower(index)] ?? null)
}

function readTime(ctx: CommandContext, index: number, { isRelative, unitMs }: TimeKind): boolean {
  if (index >= ctx.args.argc) {
    ctx.reply.error('ERR missing expire time')
    return false
  }
  options.expiryMs = readFieldExpiry(ctx, index, unitMs, isRelative ? ctx.keyspace.nowMs : 0)
  return !Number.isNaN(options.expiryMs)
}

/** Replies the values of fields from argument `first` on. */
function replyValues(ctx: CommandContext, first: number, found: (index: number) => void): void {
  const { args, reply } = ctx
  reply.array(args.argc - first)
  for (let i = first; i < args.argc; i++) {
    if (!getFieldOfSeveral(ctx, i)) {
      reply.null()
      continue
    }
    replyRange(ctx, value)
    found(i)
  }
  expireMet(ctx)
}

/** HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]. Array reply: values. */
function hgetex(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  if (!openForWrite(ctx) || !readOptions(ctx, 'persist')) return
  if (!readFields(ctx, options.fieldsAt, NUMBER_OF_FIELDS)) return
  const { expiryMs, fieldsAt, otherwise } = options
  const isPast = hasPassed(keyspace, expiryMs)
  const changed: number[] = []
  replyValues(ctx, fieldsAt + 2, index => {
    if (!Number.isNaN(expiryMs) || (otherwise && !Number.isNaN(fieldExpiry(ctx, index)))) changed.push(index)
  })
  // A field may be named twice.
  const fields = [...new Set(changed.map(index => args.latin1(index)))].map(name => Buffer.from(name, 'latin1'))
  if (fields.length === 0) {
    ctx.propagateNothing()
    return
  }
  if (isPast) deleteFields(ctx, fields)
  else {
    hash.makeExpiring(args.copy(1))
    for (const field of fields) hash.setExpiry(hash.elementOf(field, 0, field.length), expiryMs)
    ctx.touch(1)
    ctx.notify(EVENT_HASH, otherwise ? 'hpersist' : 'hexpire', 1)
    if (otherwise) ctx.propagateArguments(['HPERSIST', args.view(1), 'FIELDS', String(fields.length), ...fields])
    else propagateExpiry(ctx, expiryMs, fields)
    keyspace.dirty += fields.length - 1
  }
}

/** Deletes fields that are there. */
function deleteFields(ctx: CommandContext, fields: readonly Buffer[]): void {
  const { args, keyspace } = ctx
  for (const field of fields) hash.delete(field, 0, field.length)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hdel', 1)
  if (hash.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.propagateArguments(['HDEL', args.view(1), ...fields])
  keyspace.dirty += fields.length - 1
}

/** HGETDEL key FIELDS numfields field [field ...]. Array reply: values. */
function hgetdel(ctx: CommandContext): void {
  const { args } = ctx
  if (!openForWrite(ctx) || !readFields(ctx, 2, NUMBER_OF_FIELDS)) return
  const found = new Set<string>()
  // One that is named twice is gone by then.
  const { reply } = ctx
  reply.array(args.argc - 4)
  for (let i = 4; i < args.argc; i++) {
    if (found.has(args.latin1(i)) || !getFieldOfSeveral(ctx, i)) {
      reply.null()
      continue
    }
    replyRange(ctx, value)
    found.add(args.latin1(i))
  }
  expireMet(ctx)
  if (found.size === 0) ctx.propagateNothing()
  else
    deleteFields(
      ctx,
      [...found].map(name => Buffer.from(name, 'latin1')),
    )
}

/**
 * HSETEX key [FNX|FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field value ...]. Integer reply: 1 when all
 * were set, 0 when a condition did not hold.
 */
function hsetex(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  if (!openForWrite(ctx) || !readOptions(ctx, 'keepttl')) return
  const { expiryMs, fieldsAt, onlyExisting, onlyNew, otherwise } = options
  const count = args.int64(fieldsAt + 1)
  if (count === null || count < 1n || count > 2n ** 31n - 1n) {
    reply.error(count === null && fieldsAt + 1 >= args.argc ? NOT_AN_INTEGER : 'ERR invalid number of fields')
    return
  }
  const first = fieldsAt + 2
  if ((args.argc - first) % 2 !== 0 || count !== BigInt((args.argc - first) / 2)) {
    reply.error("ERR wrong number of arguments for 'hsetex' command")
    return
  }
  for (let i = first; (onlyNew || onlyExisting) && i < args.argc; i += 2) {
    if ((hash.address !== 0 && hasField(ctx, i)) === onlyExisting) continue
    reply.integer(0)
    return
  }
  const isPast = hasPassed(keyspace, expiryMs)
  /** Of those that expire, by when they do. */
  const times = new Map<number, Buffer[]>()
  const fields: Buffer[] = []
  for (let i = first; i < args.argc; i += 2) {
    const until = otherwise && hash.address !== 0 ? fieldExpiry(ctx, i) : isPast ? Number.NaN : expiryMs
    setExpiringField(ctx, i, args.buffer, args.starts[i + 1], args.ends[i + 1], Number.NaN)
    if (!Number.isNaN(until)) {
      hash.makeExpiring(args.copy(1))
      hash.setExpiry(hash.elementOf(args.buffer, args.starts[i], args.ends[i]), until)
      const others = times.get(until)
      if (others === undefined) times.set(until, [args.view(i)])
      else others.push(args.view(i))
    }
    fields.push(args.view(i), args.view(i + 1))
  }
  reply.integer(1)
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hset', 1)
  if (times.size > 0 && !otherwise) ctx.notify(EVENT_HASH, 'hexpire', 1)
  ctx.propagateArguments(['HSET', args.view(1), ...fields])
  for (const [until, each] of times) propagateExpiry(ctx, until, each)
  keyspace.dirty += fields.length / 2 - 1
  if (isPast)
    deleteFields(
      ctx,
      fields.filter((_, i) => i % 2 === 0),
    )
}
