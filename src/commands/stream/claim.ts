/** XCLAIM and XAUTOCLAIM: pending entries get another consumer. Source of behaviour: Redis's t_stream.c. */
import { INT64_MAX } from '../../bytes/integers.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { type CommandSpec, DELETE_IN_KEY, FAST, MODIFY_KEY, WRITE } from '../spec.js'
import { parseId, readBorder, readId, readStream, streamAt, WRONG, writeId } from './access.js'
import { CONSUMER, COUNT, GROUP, IDS, JUSTID, KEY, MIN_IDLE_TIME, START } from './argument-docs.js'
import { AutoClaim, type Claimant, type ClaimOptions, ClaimsAtOnce, ClaimsInSlices, GivenClaims } from './claim-work.js'
import { consumerFor, findGroup, type GroupArguments, propagateGroup, replyNoGroup } from './group-access.js'
import { IdsPart, ListedPart } from './in-slices/listed-entries.js'
import { carryOut, concludes, LONG_FROM_ENTRIES, type WorkReply } from './in-slices/long-changes.js'
import { partsReply } from './long-replies.js'

const DEFAULT_COUNT = 100
/** XAUTOCLAIM looks at so many entries for each that it may claim. */
const ATTEMPTS = 10
const MOST_COUNT = INT64_MAX / 16n
const NAMES: GroupArguments = { key: 1, group: 2 }
/** XCLAIM's first argument that is an ID. */
const FIRST_ID = 5

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
const options: ClaimOptions = { force: false, justId: false, timeMs: Number.NaN, retryCount: Number.NaN }

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

/** The key went before all was done. */
const NO_GROUP: WorkReply = { write: ctx => replyNoGroup(ctx, 1, 2), close: () => {} }

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
  if (concludes(ctx)) return
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
  let behindIds = FIRST_ID
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
  const claimant = { stream, group, consumer, minIdleMs, justId: options.justId }
  if (behindIds - FIRST_ID > LONG_FROM_ENTRIES) {
    claimInSlices(ctx, claimant, behindIds, lastIdIsDue)
    return
  }
  const mark = reply.mark()
  const claims = new ClaimsAtOnce(ctx, claimant)
  const work = new GivenClaims(keyspace, args, claimant, options, claims, FIRST_ID, behindIds)
  work.step(Number.POSITIVE_INFINITY)
  if (lastIdIsDue && !work.hasChanged) {
    propagateGroup(ctx, NAMES, group)
    keyspace.dirty++
  }
  reply.arrayAt(mark, claims.count)
}

function claimInSlices(ctx: CommandContext, claimant: Claimant, behindIds: number, lastIdIsDue: boolean): void {
  const { keyspace } = ctx
  const { group, justId, stream } = claimant
  // Whatever becomes of the entries, replicas get the last ID: as a command that comes before them.
  if (lastIdIsDue) {
    propagateGroup(ctx, NAMES, group)
    keyspace.dirty++
  }
  const request = ctx.args.keep()
  const claims = new ClaimsInSlices(ctx, request, claimant)
  const work = new GivenClaims(keyspace, request, claimant, { ...options }, claims, FIRST_ID, behindIds)
  carryOut(ctx, request, [work], done => {
    if (done.length === 0) return NO_GROUP
    return partsReply([justId ? new IdsPart(claims.taken) : new ListedPart(stream, claims.taken)])
  })
}

const start = new StreamId()

/**
 * XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]. Array reply: the ID to go on with (0-0 at the end), the entries
 * that were claimed or their IDs, and the IDs of those that were deleted.
 */
function xautoclaim(ctx: CommandContext): void {
  if (concludes(ctx)) return
  const { args, keyspace, reply } = ctx
  const { nowMs } = keyspace
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
  const claimant = { stream, group, consumer, minIdleMs, justId }
  const attempts = Math.min(count * ATTEMPTS, group.pending.count)
  if (attempts > LONG_FROM_ENTRIES * ATTEMPTS || Math.min(count, attempts) > LONG_FROM_ENTRIES) {
    autoClaimInSlices(ctx, claimant, count)
    return
  }
  reply.array(3)
  const mark = reply.mark()
  const claims = new ClaimsAtOnce(ctx, claimant)
  const work = new AutoClaim(keyspace, claimant, claims, start, count, count * ATTEMPTS)
  work.step(Number.POSITIVE_INFINITY)
  reply.arrayAt(mark, claims.count)
  reply.bulkAt(mark, work.next.toString())
  const { deleted } = claims
  reply.array(deleted.count)
  for (let i = 0; i < deleted.count; i++) writeId(reply, deleted.read(i, id))
}

function autoClaimInSlices(ctx: CommandContext, claimant: Claimant, count: number): void {
  const { justId, stream } = claimant
  const request = ctx.args.keep()
  const claims = new ClaimsInSlices(ctx, request, claimant)
  const work = new AutoClaim(ctx.keyspace, claimant, claims, start, count, count * ATTEMPTS)
  carryOut(ctx, request, [work], done => {
    if (done.length === 0) return NO_GROUP
    const writeHead = (out: ReplyWriter): void => {
      out.array(3)
      writeId(out, work.next)
    }
    const taken = justId ? new IdsPart(claims.taken, writeHead) : new ListedPart(stream, claims.taken, writeHead)
    return partsReply([taken, new IdsPart(claims.deleted)])
  })
}

function readClaimCount({ args, reply }: CommandContext, index: number): number {
  const count = args.int64(index)
  if (count !== null && count >= 1n && count <= MOST_COUNT) return Number(count)
  reply.error('ERR COUNT must be > 0')
  return Number.NaN
}
