/** Fields that expire: HEXPIRE, HTTL, HPERSIST and their kin. Source of behaviour: Redis 7.4's t_hash.c. */
import { EVENT_GENERIC, EVENT_HASH } from '../../config/keyspace-events.js'
import type { CommandContext } from '../context.js'
import { hasPassed } from '../generic/expiry-options.js'
import { type CommandSpec, FAST, MODIFY_KEY, READ_KEY, READONLY, WRITE } from '../spec.js'
import { hash, openForRead, openForWrite, propagateExpiry } from './access.js'
import { FIELDS, NUMBER_OF_FIELDS, readFieldExpiry, readFields } from './field-arguments.js'

const SECOND_MS = 1000
const KEY = { name: 'key', type: 'key', keySpecIndex: 0 } as const

/** What is said of a field: there is none; it does not expire. */
const NO_FIELD = -2
const NO_EXPIRY = -1
/** What became of a field: a condition did not hold; it expires then; it has, and is gone. */
const REFUSED = 0
const SET = 1
const DELETED = 2

const CONDITIONS = ['nx', 'xx', 'gt', 'lt'] as const
type Condition = (typeof CONDITIONS)[number] | null

export const fieldExpiryCommands: readonly CommandSpec[] = [
  expireCommand('hexpire', 'seconds', SECOND_MS, true, 'Sets in how many seconds fields of a hash expire.'),
  expireCommand('hpexpire', 'milliseconds', 1, true, 'Sets in how many milliseconds fields of a hash expire.'),
  expireCommand(
    'hexpireat',
    'unix-time-seconds',
    SECOND_MS,
    false,
    'Sets the second at which fields of a hash expire.',
  ),
  expireCommand(
    'hpexpireat',
    'unix-time-milliseconds',
    1,
    false,
    'Sets the millisecond at which fields of a hash expire.',
  ),
  ttlCommand('httl', SECOND_MS, true, 'Returns in how many seconds fields of a hash expire.'),
  ttlCommand('hpttl', 1, true, 'Returns in how many milliseconds fields of a hash expire.'),
  ttlCommand('hexpiretime', SECOND_MS, false, 'Returns the second at which fields of a hash expire.'),
  ttlCommand('hpexpiretime', 1, false, 'Returns the millisecond at which fields of a hash expire.'),
  {
    name: 'hpersist',
    arity: -5,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'hash',
    since: '7.4.0',
    summary: 'Has fields of a hash not expire any more.',
    complexity: 'O(N) for N fields',
    arguments: [KEY, FIELDS],
    run: hpersist,
  },
]

function expireCommand(
  name: string,
  argument: string,
  unitMs: number,
  isRelative: boolean,
  summary: string,
): CommandSpec {
  return {
    name,
    arity: -6,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'hash',
    since: '7.4.0',
    summary,
    complexity: 'O(N) for N fields',
    arguments: [
      KEY,
      { name: argument, type: isRelative ? 'integer' : 'unix-time' },
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        arguments: CONDITIONS.map(each => ({ name: each, type: 'pure-token', token: each.toUpperCase() }) as const),
      },
      FIELDS,
    ],
    run: ctx => expire(ctx, unitMs, isRelative),
  }
}

function ttlCommand(name: string, unitMs: number, isRelative: boolean, summary: string): CommandSpec {
  return {
    name,
    arity: -5,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'hash',
    since: '7.4.0',
    summary,
    complexity: 'O(N) for N fields',
    ...(isRelative ? { tips: ['nondeterministic_output'] } : {}),
    arguments: [KEY, FIELDS],
    run: ctx => replyExpiries(ctx, unitMs, isRelative),
  }
}

/** The element of the open hash that argument `index` names; 0: there is none, or it has expired. */
function liveElement({ args }: CommandContext, index: number): number {
  const element = hash.elementOf(args.buffer, args.starts[index], args.ends[index])
  return element !== 0 && hash.isExpired(element) ? 0 : element
}

/** Replies the same number for each field: the hash is not there, or none of its fields expires. */
function replyForAll(ctx: CommandContext, first: number, value: (index: number) => number): void {
  const { args, reply } = ctx
  reply.array(args.argc - first)
  for (let i = first; i < args.argc; i++) reply.integer(value(i))
}

/** HEXPIRE key seconds [NX|XX|GT|LT] FIELDS numfields field [field ...] and its kin. Array reply: what became of each field. */
function expire(ctx: CommandContext, unitMs: number, isRelative: boolean): void {
  const { args, keyspace, reply } = ctx
  if (!openForWrite(ctx)) return
  const expiryMs = readFieldExpiry(ctx, 2, unitMs, isRelative ? keyspace.nowMs : 0)
  if (Number.isNaN(expiryMs)) return
  const condition: Condition = CONDITIONS.find(each => args.is(3, each)) ?? null
  const fieldsAt = condition === null ? 3 : 4
  if (!readFields(ctx, fieldsAt, 'ERR Parameter `numFields` should be greater than 0')) return
  const first = fieldsAt + 2
  if (hash.address === 0) {
    replyForAll(ctx, first, () => NO_FIELD)
    return
  }
  hash.makeExpiring(args.copy(1))
  const isPast = hasPassed(keyspace, expiryMs)
  const changed: Buffer[] = []
  reply.array(args.argc - first)
  for (let i = first; i < args.argc; i++) {
    const outcome = hash.address === 0 ? NO_FIELD : expireField(ctx, i, expiryMs, condition, isPast)
    reply.integer(outcome)
    if (outcome === SET || outcome === DELETED) changed.push(args.view(i))
  }
  if (changed.length === 0) {
    ctx.propagateNothing()
    return
  }
  keyspace.dirty += changed.length - 1
  ctx.touch(1)
  ctx.notify(EVENT_HASH, isPast ? 'hdel' : 'hexpire', 1)
  if (hash.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  if (isPast) for (const each of changed) ctx.propagateAs('HDEL', args.view(1), each)
  else propagateExpiry(ctx, expiryMs, changed, condition ?? undefined)
}

function expireField(
  ctx: CommandContext,
  index: number,
  expiryMs: number,
  condition: Condition,
  isPast: boolean,
): number {
  const { args, keyspace } = ctx
  const element = hash.elementOf(args.buffer, args.starts[index], args.ends[index])
  if (element === 0) return NO_FIELD
  const current = hash.expiryOf(element)
  if (!holds(condition, current, expiryMs)) return REFUSED
  if (!isPast) {
    hash.setExpiry(element, expiryMs)
    return SET
  }
  hash.delete(args.buffer, args.starts[index], args.ends[index])
  keyspace.expiredFields++
  return DELETED
}

/** Whether a field that expires at `current` (NaN: never) may expire at `expiryMs`. */
function holds(condition: Condition, current: number, expiryMs: number): boolean {
  const never = Number.isNaN(current)
  if (condition === 'nx') return never
  if (condition === 'xx') return !never
  if (condition === 'gt') return !never && current < expiryMs
  return condition !== 'lt' || never || current > expiryMs
}

/** HTTL key FIELDS numfields field [field ...] and its kin. Array reply: the time of each field; -1 for none, -2 where there is no field. */
function replyExpiries(ctx: CommandContext, unitMs: number, isRelative: boolean): void {
  if (!openForRead(ctx) || !readFields(ctx, 2, NUMBER_OF_FIELDS)) return
  const baseMs = isRelative ? ctx.keyspace.nowMs : 0
  replyForAll(ctx, 4, index => {
    const current = expiryOf(ctx, index)
    return current < 0 ? current : Math.floor((current + unitMs - 1 - baseMs) / unitMs)
  })
}

/** When the field of argument `index` expires, or NO_EXPIRY or NO_FIELD. */
function expiryOf(ctx: CommandContext, index: number): number {
  const { args } = ctx
  if (hash.address === 0) return NO_FIELD
  if (hash.times === null) return hash.has(args.buffer, args.starts[index], args.ends[index]) ? NO_EXPIRY : NO_FIELD
  const element = liveElement(ctx, index)
  if (element === 0) return NO_FIELD
  const expiryMs = hash.expiryOf(element)
  return Number.isNaN(expiryMs) ? NO_EXPIRY : expiryMs
}

/** HPERSIST key FIELDS numfields field [field ...]. Array reply: 1 for each field that does not expire any more. */
function hpersist(ctx: CommandContext): void {
  if (!openForWrite(ctx) || !readFields(ctx, 2, NUMBER_OF_FIELDS)) return
  let changed = false
  replyForAll(ctx, 4, index => {
    const current = expiryOf(ctx, index)
    if (current < 0) return current
    hash.setExpiry(liveElement(ctx, index), Number.NaN)
    changed = true
    return SET
  })
  if (!changed) return
  ctx.touch(1)
  ctx.notify(EVENT_HASH, 'hpersist', 1)
}
