/** The commands about a key's time to live. Source of behaviour: Redis's expire.c. */
import { INT64_MAX } from '../../bytes/integers.js'
import { EVENT_GENERIC } from '../../config/keyspace-events.js'
import { NEVER } from '../../store/database.js'
import { HAS_EXPIRY } from '../../store/entries.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { findUntouched } from '../lookup.js'
import { type ArgumentDoc, type CommandSpec, FAST, MODIFY_KEY, READ_KEY, READONLY, WRITE } from '../spec.js'
import { EXPIRY_IN_SECONDS, EXPIRY_RELATIVE, hasPassed, invalidExpiry } from './expiry-options.js'

const ONLY_IF_NONE = 1
const ONLY_IF_ANY = 2
const ONLY_IF_LATER = 4
const ONLY_IF_EARLIER = 8

const NO_KEY = -2
const NO_EXPIRY = -1

const INT64_MIN_SECONDS = -(INT64_MAX / 1000n)

const time = new ExpiryTime()

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const CONDITION: ArgumentDoc = {
  name: 'condition',
  type: 'oneof',
  optional: true,
  since: '7.0.0',
  arguments: [
    { name: 'nx', type: 'pure-token', token: 'NX' },
    { name: 'xx', type: 'pure-token', token: 'XX' },
    { name: 'gt', type: 'pure-token', token: 'GT' },
    { name: 'lt', type: 'pure-token', token: 'LT' },
  ],
}

function setter(name: string, since: string, summary: string, time: ArgumentDoc, kind: number): CommandSpec {
  return {
    name,
    arity: -3,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    history: [['7.0.0', 'NX, XX, GT and LT came.']],
    arguments: [KEY, time, CONDITION],
    run: ctx => expire(ctx, kind),
  }
}

function getter(
  name: string,
  since: string,
  summary: string,
  more: Pick<CommandSpec, 'tips' | 'history'>,
  run: (ctx: CommandContext) => void,
): CommandSpec {
  return {
    name,
    arity: 2,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    ...more,
    arguments: [KEY],
    run,
  }
}

/** TTL and PTTL. */
const TIME_LEFT = {
  history: [['2.8.0', 'Replies -2 when there is no such key.']],
  tips: ['nondeterministic_output'],
} as const

export const expiryCommands: CommandSpec[] = [
  setter(
    'expire',
    '1.0.0',
    'Lets a key expire after a number of seconds.',
    { name: 'seconds', type: 'integer' },
    EXPIRY_RELATIVE | EXPIRY_IN_SECONDS,
  ),
  setter(
    'pexpire',
    '2.6.0',
    'Lets a key expire after a number of milliseconds.',
    { name: 'milliseconds', type: 'integer' },
    EXPIRY_RELATIVE,
  ),
  setter(
    'expireat',
    '1.2.0',
    'Lets a key expire at a Unix time in seconds.',
    { name: 'unix-time-seconds', type: 'unix-time' },
    EXPIRY_IN_SECONDS,
  ),
  setter(
    'pexpireat',
    '2.6.0',
    'Lets a key expire at a Unix time in milliseconds.',
    { name: 'unix-time-milliseconds', type: 'unix-time' },
    0,
  ),
  getter('ttl', '1.0.0', 'Seconds that a key has left to live.', TIME_LEFT, ctx => replyTime(ctx, true, true)),
  getter('pttl', '2.6.0', 'Milliseconds that a key has left to live.', TIME_LEFT, ctx => replyTime(ctx, true, false)),
  getter('expiretime', '7.0.0', 'Unix time in seconds at which a key expires.', {}, ctx => replyTime(ctx, false, true)),
  getter('pexpiretime', '7.0.0', 'Unix time in milliseconds at which a key expires.', {}, ctx =>
    replyTime(ctx, false, false),
  ),
  {
    name: 'persist',
    arity: 2,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'generic',
    since: '2.2.0',
    summary: 'Takes the expiry away from a key.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: persist,
  },
]

/** EXPIRE and its kin. Integer reply: 1 when the expiry was set (or the key deleted, for a time in the past), else 0. */
function expire(ctx: CommandContext, kind: number): void {
  const { keyspace, reply } = ctx
  const condition = readCondition(ctx)
  if (condition < 0) return
  if (!readTime(ctx, kind)) return
  const address = ctx.findForWrite(1)
  if (address === 0 || !allows(ctx, condition, address)) {
    reply.integer(0)
    return
  }
  if (hasPassed(keyspace, time.ms)) {
    ctx.db.remove(address, keyspace.lazyfree.expire)
    ctx.touch(1)
    ctx.notify(EVENT_GENERIC, 'del', 1)
    ctx.propagateAs(keyspace.lazyfree.expire ? 'UNLINK' : 'DEL', ctx.args.view(1))
  } else {
    time.complete(ctx.db.entries, ctx.db.setExpiry(address, time.ms))
    ctx.touch(1)
    ctx.notify(EVENT_GENERIC, 'expire', 1)
    // The clocks of master and replica differ: what travels is the absolute time.
    if (kind !== 0 && ctx.propagates) {
      if (ctx.args.argc === 3) ctx.propagateAs('PEXPIREAT', ctx.args.view(1), time.toString())
      else ctx.propagateAs('PEXPIREAT', ctx.args.view(1), time.toString(), ...optionsOf(ctx))
    }
  }
  reply.integer(1)
}

function optionsOf(ctx: CommandContext): Buffer[] {
  return Array.from({ length: ctx.args.argc - 3 }, (_, i) => ctx.args.view(i + 3))
}

/** The options as bits; replies the error and returns -1 when they make no sense. */
function readCondition(ctx: CommandContext): number {
  const { args, reply } = ctx
  let condition = 0
  for (let i = 3; i < args.argc; i++) {
    if (args.is(i, 'nx')) condition |= ONLY_IF_NONE
    else if (args.is(i, 'xx')) condition |= ONLY_IF_ANY
    else if (args.is(i, 'gt')) condition |= ONLY_IF_LATER
    else if (args.is(i, 'lt')) condition |= ONLY_IF_EARLIER
    else {
      reply.error(`ERR Unsupported option ${args.latin1(i)}`)
      return -1
    }
  }
  if ((condition & ONLY_IF_NONE) !== 0 && condition !== ONLY_IF_NONE) {
    reply.error('ERR NX and XX, GT or LT options at the same time are not compatible')
    return -1
  }
  if ((condition & ONLY_IF_LATER) !== 0 && (condition & ONLY_IF_EARLIER) !== 0) {
    reply.error('ERR GT and LT options at the same time are not compatible')
    return -1
  }
  return condition
}

/** Also a replica that was told to let a key expire at -1 has none, since Redis says so by that number. */
function isNone(expiryMs: number): boolean {
  return Number.isNaN(expiryMs) || expiryMs === NO_EXPIRY
}

/** Whether the condition lets `time` take the place of the expiry that the key has (none: later than any time). */
function allows({ db }: CommandContext, condition: number, address: number): boolean {
  if (condition === 0) return true
  const expires = !isNone(db.entries.expiry(address))
  if ((condition & ONLY_IF_NONE) !== 0 && expires) return false
  if ((condition & ONLY_IF_ANY) !== 0 && !expires) return false
  const difference = expires ? time.compareTo(db.entries, address) : -1
  if ((condition & ONLY_IF_LATER) !== 0 && difference <= 0) return false
  return (condition & ONLY_IF_EARLIER) === 0 || difference < 0
}

/**
 * Reads argument 2 into `time`, as an absolute time, which may lie in the past. Replies the error and returns false when it is
 * no integer or the time does not fit 64 bits. Other than SET's options, negative numbers are allowed.
 */
function readTime(ctx: CommandContext, kind: number): boolean {
  const baseMs = (kind & EXPIRY_RELATIVE) !== 0 ? ctx.keyspace.nowMs : 0
  const unitMs = (kind & EXPIRY_IN_SECONDS) !== 0 ? 1000 : 1
  const ms = ctx.args.safeInteger(2) * unitMs + baseMs
  if (Number.isSafeInteger(ms)) {
    time.setNumber(ms)
    return true
  }
  const number = ctx.args.int64(2)
  if (number === null) {
    ctx.reply.error(NOT_AN_INTEGER)
    return false
  }
  const exact = number * BigInt(unitMs) + BigInt(baseMs)
  if (exact > INT64_MAX || (unitMs === 1000 && number < INT64_MIN_SECONDS)) {
    ctx.reply.error(invalidExpiry(ctx.command.fullName))
    return false
  }
  time.setBigInt(exact)
  return true
}

/** TTL and its kin. Integer reply: -2 without the key, -1 without an expiry. Seconds are rounded to the nearest. */
function replyTime(ctx: CommandContext, relative: boolean, seconds: boolean): void {
  const address = findUntouched(ctx, 1)
  if (address === 0) {
    ctx.reply.integer(NO_KEY)
    return
  }
  const { entries } = ctx.db
  const expiryMs = entries.expiry(address)
  if (isNone(expiryMs)) {
    ctx.reply.integer(NO_EXPIRY)
    return
  }
  const baseMs = relative ? ctx.keyspace.nowMs : 0
  if (Number.isSafeInteger(expiryMs)) {
    const ms = Math.max(0, expiryMs - baseMs)
    // Rounded without ms + 500, which may be more than a number holds exactly.
    const rest = ms % 1000
    ctx.reply.integer(seconds ? (ms - rest) / 1000 + (rest >= 500 ? 1 : 0) : ms)
    return
  }
  const exact = entries.exactExpiry(address) - BigInt(baseMs)
  const ms = exact < 0n ? 0n : exact
  ctx.reply.bigInteger(seconds ? (ms + 500n) / 1000n : ms)
}

/** PERSIST key. Integer reply: 1 when the key had an expiry. */
function persist(ctx: CommandContext): void {
  const address = ctx.findForWrite(1)
  if (address === 0 || (ctx.db.entries.meta(address) & HAS_EXPIRY) === 0) {
    ctx.reply.integer(0)
    return
  }
  ctx.db.setExpiry(address, NEVER)
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'persist', 1)
  ctx.reply.integer(1)
}
