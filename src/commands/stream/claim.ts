/** XCLAIM and XAUTOCLAIM: pending entries get another consumer. Source of behaviour: Redis's t_stream.c. */
import { INT64_MAX } from '../../bytes/integers.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { deliveryCount, deliveryTime, readPendingId, seekPending } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { type CommandSpec, DELETE_IN_KEY, FAST, MODIFY_KEY, WRITE } from '../spec.js'
import { parseId, readBorder, readId, readStream, streamAt, WRONG, writeId } from './access.js'
import { CONSUMER, COUNT, GROUP, IDS, JUSTID, KEY, MIN_IDLE_TIME, START } from './argument-docs.js'
import { writeEntryWithId } from './entry-replies.js'
import {
  consumerFor,
  findGroup,
  type GroupArguments,
  propagateClaim,
  propagateGroup,
  replyNoGroup,
} from './group-access.js'

const DEFAULT_COUNT = 100
/** XAUTOCLAIM looks at so many entries for each that it may claim. */
const ATTEMPTS = 10
const MOST_COUNT = INT64_MAX / 16n
const NAMES: GroupArguments = { key: 1, group: 2 }

export const claimCommands: readonly CommandSpec[] = [
  {
    name: 'xclaim',
    arity: -6,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Gives pending entries to another consumer, as if they had been delivered to it.',
    complexity: 'O(log(N)) for each entry, with N pending',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      GROUP,
      CONSUMER,
      MIN_IDLE_TIME,
      IDS,
      { name: 'ms', type: 'integer', token: 'IDLE', optional: true },
      { name: 'unix-time-milliseconds', type: 'unix-time', token: 'TIME', optional: true },
      { name: 'count', type: 'integer', token: 'RETRYCOUNT', optional: true },
      { name: 'force', type: 'pure-token', token: 'FORCE', optional: true },
      JUSTID,
      { name: 'lastid', type: 'string', token: 'LASTID', optional: true },
    ],
    run: xclaim,
  },
  {
    name: 'xautoclaim',
    arity: -6,
    flags: WRITE | FAST,
    keys: DELETE_IN_KEY,
    group: 'stream',
    since: '6.2.0',
    summary: 'Gives entries that have been pending for long to another consumer, from an ID on.',
    complexity: 'O(1) if COUNT is small',
    history: [['7.0.0', 'Tells which entries it found deleted, and removed from those pending.']],
    tips: ['nondeterministic_output'],
    arguments: [KEY, GROUP, CONSUMER, MIN_IDLE_TIME, START, COUNT, JUSTID],
    run: xautoclaim,
  },
]

const id = new StreamId()
const lastId = new StreamId()

/** XCLAIM's options; NaN where one is not given. */
const options = { force: false, justId: false, timeMs: Number.NaN, idleMs: Number.NaN, retryCount: Number.NaN }

/** Reads options from argument `index` on. False: an error was replied. */
function readOptions(ctx: CommandContext, index: number): boolean {
  const { args, reply } = ctx
  const { nowMs } = ctx.keyspace
  options.force = options.justId = false
  options.timeMs = options.retryCount = Number.NaN
  lastId.setZero()
  for (let i = index; i < args.argc; i++) {
    const more = args.argc - 1 - i
    if (args.is(i, 'force')) options.force = true
    else if (args.is(i, 'justid')) options.justId = true
    else if (more > 0 && args.is(i, 'lastid')) {
      if (!readId(ctx, ++i, lastId)) return false
    } else if (more > 0 && (args.is(i, 'idle') || args.is(i, 'time') || args.is(i, 'retrycount'))) {
      const name = args.latin1(i).toUpperCase()
      const number = args.int64(++i)
      if (number === null) {
        reply.error(`ERR Invalid ${name} option argument for XCLAIM`)
        return false
      }
      if (name === 'RETRYCOUNT') options.retryCount = Number(number)
      else options.timeMs = name === 'IDLE' ? nowMs - Number(number) : Number(number)
    } else {
      reply.error(`ERR Unrecognized XCLAIM option '${args.latin1(i)}'`)
      return false
    }
  }
  // -1 is none to Redis.
  const isGiven = !Number.isNaN(options.timeMs) && options.timeMs !== -1
  if (!isGiven || options.timeMs < 0 || options.timeMs > nowMs) options.timeMs = nowMs
  if (options.retryCount < 0) options.retryCount = Number.NaN
  return true
}

/** Argument `index` as an idle time in milliseconds; replies the error and returns NaN if none. */
function readMinIdle({ args, reply }: CommandContext, index: number, name: string): number {
  const idle = args.int64(index)
  if (idle !== null) return Math.max(0, Number(idle))
  reply.error(`ERR Invalid min-idle-time argument for ${name}`)
  return Number.NaN
}

/**
 * XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME ms] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]. Array reply: the
 * entries that were claimed, or with JUSTID their IDs.
 */
function xclaim(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  const stream = readStream(ctx)
  if (stream === WRONG) return
  const group = findGroup(ctx, stream, 2)
  if (group === null || stream === null) {
    replyNoGroup(ctx, 1, 2)
    return
  }
  const minIdleMs = readMinIdle(ctx, 4, 'XCLAIM')
  if (Number.isNaN(minIdleMs)) return
  let behindIds = 5
  while (behindIds < args.argc && parseId(ctx, behindIds, id)) behindIds++
  if (!readOptions(ctx, behindIds)) return
  ctx.findAgain(1)
  ctx.propagateNothing()
  let lastIdIsDue = false
  if (lastId.compare(group.lastId) > 0) {
    group.lastId.set(lastId)
    lastIdIsDue = true
  }
  const consumer = consumerFor(ctx, group, 3, 1)
  consumer.seenTimeMs = keyspace.nowMs
  const mark = reply.mark()
  let count = 0
  for (let i = 5; i < behindIds; i++) {
    parseId(ctx, i, id)
    const outcome = claim(ctx, stream, group, consumer, minIdleMs, i)
    if (outcome === LEFT) continue
    lastIdIsDue = false
    if (outcome === CLAIMED) count++
  }
  if (lastIdIsDue) {
    propagateGroup(ctx, NAMES, group)
    keyspace.dirty++
  }
  reply.arrayAt(mark, count)
}

/** What became of an entry: nothing; it was deleted, and is pending no more; it is the consumer's now, and in the reply. */
const LEFT = 0
const CLEARED = 1
const CLAIMED = 2

/** Claims the entry `id`, which argument `given` of XCLAIM names. */
function claim(
  ctx: CommandContext,
  stream: Stream,
  group: ConsumerGroup,
  consumer: Consumer,
  minIdleMs: number,
  given: number,
): number {
  const { keyspace, reply } = ctx
  const { entries, nowMs } = keyspace
  let pending = group.find(id)
  if (!stream.has(id)) {
    if (pending === 0) return LEFT
    clear(ctx, group, pending, given)
    return CLEARED
  }
  if (pending === 0) {
    if (!options.force) return LEFT
    const deliveries = Number.isNaN(options.retryCount) ? (options.justId ? 1 : 2) : options.retryCount
    pending = group.add(id, consumer, options.timeMs, deliveries)
  } else {
    if (minIdleMs !== 0 && nowMs - deliveryTime(entries, pending) < minIdleMs) return LEFT
    const deliveries = deliveryCount(entries, pending) + (options.justId ? 0 : 1)
    const counted = Number.isNaN(options.retryCount) ? deliveries : options.retryCount
    pending = group.assign(id, consumer, options.timeMs, counted)
  }
  if (options.justId) writeId(reply, id)
  else writeEntryWithId(reply, stream, id)
  claimed(ctx, group, consumer, pending, given)
  return CLAIMED
}

/** The entry `id`, which is pending, has been deleted from the stream. Replicas find that out by themselves when they claim it. */
function clear(ctx: CommandContext, group: ConsumerGroup, pending: number, given = 0): void {
  propagateClaim(ctx, NAMES, group, group.consumerOf(pending), id, pending, given)
  ctx.keyspace.dirty++
  group.remove(id)
}

function claimed(ctx: CommandContext, group: ConsumerGroup, consumer: Consumer, pending: number, given = 0): void {
  consumer.activeTimeMs = ctx.keyspace.nowMs
  propagateClaim(ctx, NAMES, group, consumer, id, pending, given)
  ctx.keyspace.dirty++
}

const start = new StreamId()
const cursor = new TreeCursor()

/**
 * XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]. Array reply: the ID to go on with (0-0 at the end), the entries
 * that were claimed or their IDs, and the IDs of those that were deleted.
 */
function xautoclaim(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  const { entries, nowMs } = keyspace
  const found = ctx.findForRead(1)
  const minIdleMs = readMinIdle(ctx, 4, 'XAUTOCLAIM')
  if (Number.isNaN(minIdleMs) || !readBorder(ctx, 5, false, start)) return
  let count = DEFAULT_COUNT
  let justId = false
  for (let i = 6; i < args.argc; i++) {
    if (args.is(i, 'count') && i + 1 < args.argc) {
      count = readClaimCount(ctx, ++i)
      if (Number.isNaN(count)) return
    } else if (args.is(i, 'justid')) justId = true
    else {
      reply.error(SYNTAX_ERROR)
      return
    }
  }
  const stream = streamAt(ctx, found)
  if (stream === WRONG) return
  const group = findGroup(ctx, stream, 2)
  if (group === null || stream === null) {
    replyNoGroup(ctx, 1, 2)
    return
  }
  ctx.findAgain(1)
  ctx.propagateNothing()
  const consumer = consumerFor(ctx, group, 3, 1)
  consumer.seenTimeMs = nowMs
  reply.array(3)
  const mark = reply.mark()
  const deleted: StreamId[] = []
  let written = 0
  let attempts = count * ATTEMPTS
  let more = seekPending(group.pending, cursor, start)
  while (more && attempts-- > 0 && count > 0) {
    const { address } = cursor
    readPendingId(entries, address, id)
    if (!stream.has(id)) {
      clear(ctx, group, address)
      deleted.push(id.copy())
      count--
      more = seekPending(group.pending, cursor, id)
      continue
    }
    if (minIdleMs !== 0 && nowMs - deliveryTime(entries, address) < minIdleMs) {
      more = cursor.next()
      continue
    }
    const pending = group.assign(id, consumer, nowMs, deliveryCount(entries, address) + (justId ? 0 : 1))
    if (justId) writeId(reply, id)
    else writeEntryWithId(reply, stream, id)
    written++
    count--
    claimed(ctx, group, consumer, pending)
    if (cursor.changes === group.pending.changes) more = cursor.next()
    else {
      start.set(id)
      more = start.increment() && seekPending(group.pending, cursor, start)
    }
  }
  reply.arrayAt(mark, written)
  if (more) readPendingId(entries, cursor.address, id)
  else id.setZero()
  reply.bulkAt(mark, id.toString())
  reply.array(deleted.length)
  for (const each of deleted) writeId(reply, each)
}

function readClaimCount({ args, reply }: CommandContext, index: number): number {
  const count = args.int64(index)
  if (count !== null && count >= 1n && count <= MOST_COUNT) return Number(count)
  reply.error('ERR COUNT must be > 0')
  return Number.NaN
}
