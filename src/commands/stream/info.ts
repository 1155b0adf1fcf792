/** XINFO: what is known of a stream, its groups and their consumers. Source of behaviour: xinfoCommand in Redis's t_stream.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { type Consumer, NEVER_ACTIVE } from '../../types/stream/consumer-group.js'
import type { Stream } from '../../types/stream/stream.js'
import { type CommandContext, NO_SUCH_KEY, NOT_AN_INTEGER } from '../context.js'
import { helpSubcommand, subcommandSyntaxError } from '../help.js'
import { type CommandSpec, KEY_ACCESS, KEY_RO, keyRange, READONLY } from '../spec.js'
import { readStream, WRONG, writeId } from './access.js'
import { GROUP, KEY } from './argument-docs.js'
import { FIRST_ID, LAST_ID } from './entry-replies.js'
import { writeEntry } from './entry-writer.js'
import { groupProgress, streamFacts } from './facts.js'
import { FullInfoReply } from './full-info.js'
import { findGroup, replyNoGroupOfKey } from './group-access.js'
import { RangeWalk } from './range-walk.js'

const KEY_ARGUMENT = [keyRange(KEY_RO | KEY_ACCESS, 2)]
/** XINFO STREAM FULL shows so many entries, and so many that are pending, where nothing else is said. */
const DEFAULT_COUNT = 10
/** A reply of more is made piece by piece. */
const MOST_ITEMS_AT_ONCE = 1000

export const infoCommands: readonly CommandSpec[] = [
  {
    name: 'xinfo',
    arity: -2,
    flags: 0,
    group: 'stream',
    since: '5.0.0',
    summary: 'Tells what is known of streams.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      {
        name: 'consumers',
        arity: 4,
        flags: READONLY,
        keys: KEY_ARGUMENT,
        group: 'stream',
        since: '5.0.0',
        summary: 'Lists the consumers of a group.',
        complexity: 'O(C) for C consumers',
        history: [['7.2.0', 'Tells when a consumer last got entries.']],
        tips: ['nondeterministic_output'],
        arguments: [KEY, GROUP],
        run: listConsumers,
      },
      {
        name: 'groups',
        arity: 3,
        flags: READONLY,
        keys: KEY_ARGUMENT,
        group: 'stream',
        since: '5.0.0',
        summary: 'Lists the groups of a stream.',
        complexity: 'O(G) for G groups',
        history: [['7.0.0', 'Tells how many entries a group has read, and how many it has yet to.']],
        arguments: [KEY],
        run: listGroups,
      },
      helpSubcommand('xinfo', 'stream', '5.0.0'),
      {
        name: 'stream',
        arity: -3,
        flags: READONLY,
        keys: KEY_ARGUMENT,
        group: 'stream',
        since: '5.0.0',
        summary: 'Tells what is known of a stream, with FULL of its entries and groups as well.',
        complexity: 'O(1), and with FULL O(N) for N items shown',
        history: [
          ['6.0.0', 'FULL came.'],
          [
            '7.0.0',
            'Tells the greatest ID deleted, how many entries were added, the first ID, and how far groups are.',
          ],
          ['7.2.0', 'Tells when a consumer last got entries; seen-time is when it was last heard of.'],
        ],
        arguments: [
          KEY,
          {
            name: 'full-block',
            type: 'block',
            optional: true,
            arguments: [
              { name: 'full', type: 'pure-token', token: 'FULL' },
              { name: 'count', type: 'integer', token: 'COUNT', optional: true },
            ],
          },
        ],
        run: showStream,
      },
    ],
    run: () => {},
  },
]

/** The stream of argument 2; null when an error was replied. */
function openStream(ctx: CommandContext): Stream | null {
  const stream = readStream(ctx, 2)
  if (stream === null) ctx.reply.error(NO_SUCH_KEY)
  return stream === WRONG ? null : stream
}

/** XINFO CONSUMERS key group. */
function listConsumers(ctx: CommandContext): void {
  const { keyspace, reply } = ctx
  const stream = openStream(ctx)
  if (stream === null) return
  const group = findGroup(ctx, stream, 3)
  if (group === null) {
    replyNoGroupOfKey(ctx, 2, 3)
    return
  }
  const consumers = group.consumers()
  reply.array(consumers.length)
  for (const consumer of consumers) writeConsumer(reply, consumer, keyspace.nowMs)
}

function writeConsumer(reply: ReplyWriter, consumer: Consumer, nowMs: number): void {
  const { activeTimeMs, name, pending, seenTimeMs } = consumer
  reply.map(4)
  reply.bulkText('name')
  reply.bulk(name, 0, name.length)
  reply.bulkText('pending')
  reply.integer(pending.count)
  reply.bulkText('idle')
  reply.integer(Math.max(0, nowMs - seenTimeMs))
  reply.bulkText('inactive')
  reply.integer(activeTimeMs === NEVER_ACTIVE ? NEVER_ACTIVE : nowMs - activeTimeMs)
}

/** XINFO GROUPS key. */
function listGroups(ctx: CommandContext): void {
  const { reply } = ctx
  const stream = openStream(ctx)
  if (stream === null) return
  const groups = stream.groupsInOrder()
  reply.array(groups.length)
  for (const group of groups) {
    const { consumerCount, lastId, name, pending } = group
    reply.map(6)
    reply.bulkText('name')
    reply.bulk(name, 0, name.length)
    reply.bulkText('consumers')
    reply.integer(consumerCount)
    reply.bulkText('pending')
    reply.integer(pending.count)
    reply.bulkText('last-delivered-id')
    writeId(reply, lastId)
    groupProgress(stream, group)(reply)
  }
}

/** XINFO STREAM key [FULL [COUNT count]]. */
function showStream(ctx: CommandContext): void {
  const { args, reply } = ctx
  const stream = openStream(ctx)
  if (stream === null) return
  const options = args.argc - 3
  if (options > 0) {
    if ((options !== 1 && options !== 3) || !args.is(3, 'full') || (options === 3 && !args.is(4, 'count'))) {
      reply.error(subcommandSyntaxError(args, 'XINFO'))
      return
    }
    const count = options === 3 ? args.int64(5) : BigInt(DEFAULT_COUNT)
    if (count === null) {
      reply.error(NOT_AN_INTEGER)
      return
    }
    showFull(ctx, stream, count < 0n ? DEFAULT_COUNT : Number(count))
    return
  }
  reply.map(10)
  streamFacts(stream)(reply)
  reply.bulkText('groups')
  reply.integer(stream.groups.size)
  reply.bulkText('first-entry')
  writeEdge(reply, stream, false)
  reply.bulkText('last-entry')
  writeEdge(reply, stream, true)
}

const walk = new RangeWalk()

function writeEdge(reply: ReplyWriter, stream: Stream, last: boolean): void {
  walk.begin(stream, FIRST_ID, LAST_ID, last)
  if (walk.next()) writeEntry(reply, walk.entry)
  else reply.null()
}

/** `count`: of entries and of what is pending with each, 0 for all of it. */
function showFull(ctx: CommandContext, stream: Stream, count: number): void {
  const { reply } = ctx
  const most = count === 0 ? Number.POSITIVE_INFINITY : count
  const long = new FullInfoReply(stream, most)
  if (long.items > MOST_ITEMS_AT_ONCE) {
    ctx.replyFrom(long)
    return
  }
  while (!long.next(reply, Number.POSITIVE_INFINITY));
  long.close()
}
