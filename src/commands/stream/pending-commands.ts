/** XACK and XPENDING. Source of behaviour: Redis's t_stream.c. */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { ConsumerGroup } from '../../types/stream/consumer-group.js'
import { readPendingId } from '../../types/stream/pending.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { type CommandSpec, FAST, MODIFY_KEY, READ_KEY, READONLY, WRITE } from '../spec.js'
import { readBorder, readId, readStream, WRONG, writeId } from './access.js'
import { GROUP, IDS, KEY } from './argument-docs.js'
import { findGroup, replyNoGroup } from './group-access.js'
import { acknowledgeInSlices } from './in-slices/acknowledgement.js'
import { concludes, LONG_FROM_ENTRIES } from './in-slices/long-changes.js'
import { replyPending } from './pending-list.js'

export const pendingCommands: readonly CommandSpec[] = [
  {
    name: 'xack',
    arity: -4,
    flags: WRITE | FAST,
    keys: MODIFY_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Says that entries have been dealt with: they are pending no more. Returns how many were.',
    complexity: 'O(log(N)) for each entry, with N pending',
    arguments: [KEY, GROUP, IDS],
    run: xack,
  },
  {
    name: 'xpending',
    arity: -3,
    flags: READONLY,
    keys: READ_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Tells what is pending with the consumers of a group.',
    complexity: 'O(N) for N entries looked at; O(C) for the summary, with C consumers',
    history: [['6.2.0', 'IDLE came, and ranges may exclude their ends.']],
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      GROUP,
      {
        name: 'filters',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'min-idle-time', type: 'integer', token: 'IDLE', optional: true, since: '6.2.0' },
          { name: 'start', type: 'string' },
          { name: 'end', type: 'string' },
          { name: 'count', type: 'integer' },
          { name: 'consumer', type: 'string', optional: true },
        ],
      },
    ],
    run: xpending,
  },
]

const id = new StreamId()
const start = new StreamId()
const end = new StreamId()
const cursor = new TreeCursor()

/** XACK key group id [id ...]. Integer reply: how many of the entries were pending. */
function xack(ctx: CommandContext): void {
  if (concludes(ctx)) return
  const { args, keyspace, reply } = ctx
  const stream = readStream(ctx)
  if (stream === WRONG) return
  const group = findGroup(ctx, stream, 2)
  if (group === null) {
    reply.integer(0)
    return
  }
  if (stream !== null && args.argc - 3 > LONG_FROM_ENTRIES) {
    ctx.findAgain(1)
    acknowledgeInSlices(ctx, stream, group)
    return
  }
  for (let i = 3; i < args.argc; i++) if (!readId(ctx, i, id)) return
  // For the snapshot, which has to see the key before it changes.
  ctx.findAgain(1)
  let count = 0
  for (let i = 3; i < args.argc; i++) if (readId(ctx, i, id) && group.remove(id)) count++
  keyspace.dirty += count
  reply.integer(count)
}

/** What XPENDING is asked for. */
interface Filters {
  minIdleMs: number
  count: number
  /** The argument that names a consumer; 0 for all of them. */
  consumer: number
}

const filters: Filters = { minIdleMs: 0, count: 0, consumer: 0 }

/** Reads arguments from 3 on into `filters`, `start` and `end`. False: an error was replied. */
function readFilters(ctx: CommandContext): boolean {
  const { args, reply } = ctx
  let first = 3
  filters.minIdleMs = filters.consumer = 0
  if (args.is(3, 'idle')) {
    const idle = args.int64(4)
    if (idle === null) {
      reply.error(NOT_AN_INTEGER)
      return false
    }
    if (args.argc < 8) {
      reply.error(SYNTAX_ERROR)
      return false
    }
    filters.minIdleMs = Number(idle)
    first += 2
  }
  const count = args.int64(first + 2)
  if (count === null) {
    reply.error(NOT_AN_INTEGER)
    return false
  }
  filters.count = Math.max(0, Number(count))
  if (!readBorder(ctx, first, false, start) || !readBorder(ctx, first + 1, true, end)) return false
  if (first + 3 < args.argc) filters.consumer = first + 3
  return true
}

/**
 * XPENDING key group: how many entries are pending, the least and the greatest ID, and how many with each consumer.
 * XPENDING key group [IDLE min-idle-time] start end count [consumer]: entries with consumer, idle time, times delivered.
 */
function xpending(ctx: CommandContext): void {
  const { args, reply } = ctx
  const { argc } = args
  if (argc !== 3 && (argc < 6 || argc > 9)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (argc > 3 && !readFilters(ctx)) return
  const stream = readStream(ctx)
  if (stream === WRONG) return
  const group = findGroup(ctx, stream, 2)
  if (group === null) replyNoGroup(ctx, 1, 2)
  else if (argc === 3) summarize(ctx, group)
  else list(ctx, group)
}

function summarize({ keyspace, reply }: CommandContext, group: ConsumerGroup): void {
  const { pending } = group
  reply.array(4)
  reply.integer(pending.count)
  if (pending.count === 0) {
    reply.null()
    reply.null()
    reply.nullArray()
    return
  }
  pending.first(cursor)
  writeId(reply, readPendingId(keyspace.entries, cursor.address, id))
  pending.last(cursor)
  writeId(reply, readPendingId(keyspace.entries, cursor.address, id))
  const consumers = group.consumers().filter(consumer => consumer.pending.count > 0)
  reply.array(consumers.length)
  for (const { name, pending: own } of consumers) {
    reply.array(2)
    reply.bulk(name, 0, name.length)
    reply.bulkInteger(own.count)
  }
}

function list(ctx: CommandContext, group: ConsumerGroup): void {
  const { args, reply } = ctx
  const consumer = filters.consumer === 0 ? null : group.consumer(args.latin1(filters.consumer))
  if (consumer === undefined) {
    reply.array(0)
    return
  }
  const { count, minIdleMs } = filters
  replyPending(ctx, group, consumer, { start, end, count, minIdleMs })
}
