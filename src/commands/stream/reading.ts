/** XREAD and XREADGROUP. Source of behaviour: xreadCommand in Redis's t_stream.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { type Request, requestFromArguments } from '../../resp/request.js'
import { TYPE_STREAM } from '../../store/entries.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { groupReads } from '../../types/stream/entries-read.js'
import { EntryFinder } from '../../types/stream/entry-finder.js'
import { readPendingId, seekPending } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { waitForKeys } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { BLOCKING, type CommandSpec, KEY_ACCESS, KEY_RO, type KeySpec, READONLY, WRITE } from '../spec.js'
import { readId, readStream, WRONG, writeId } from './access.js'
import { CONSUMER, COUNT, GROUP } from './argument-docs.js'
import { isLong, LAST_ID, writeRange } from './entry-replies.js'
import { writeEntry } from './entry-writer.js'
import {
  consumerFor,
  createConsumer,
  findGroup,
  type GroupArguments,
  propagateClaim,
  propagateConsumer,
  propagateGroup,
  replyNoGroup,
} from './group-access.js'
import { type Delivery, deliveriesReply, History, NewEntries } from './in-slices/deliveries.js'
import { carryOut, concludes, LONG_FROM_ENTRIES } from './in-slices/long-changes.js'
import { RangePart, RangeReply, type ReplyPart } from './long-replies.js'
import { RangeWalk } from './range-walk.js'
import { ReadArguments } from './read-arguments.js'

function streamsKeys(startFrom: number): readonly KeySpec[] {
  return [
    {
      flags: KEY_RO | KEY_ACCESS,
      begin: { type: 'keyword', keyword: 'streams', startFrom },
      find: { type: 'range', last: -1, step: 1, limit: 2 },
    },
  ]
}

const STREAMS = {
  name: 'streams',
  type: 'block',
  token: 'STREAMS',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0, multiple: true },
    { name: 'id', type: 'string', multiple: true },
  ],
} as const
const BLOCK = { name: 'milliseconds', type: 'integer', token: 'BLOCK', optional: true } as const

export const readingCommands: readonly CommandSpec[] = [
  {
    name: 'xread',
    arity: -4,
    flags: BLOCKING | READONLY,
    keys: streamsKeys(1),
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the entries of streams behind given IDs, and may wait for some.',
    arguments: [COUNT, BLOCK, STREAMS],
    run: ctx => read(ctx, false),
  },
  {
    name: 'xreadgroup',
    arity: -7,
    flags: BLOCKING | WRITE,
    keys: streamsKeys(4),
    group: 'stream',
    since: '5.0.0',
    summary:
      'Returns entries that no consumer of a group has been given yet, or those pending with one, and may wait for some.',
    complexity: 'O(M) for M entries returned',
    arguments: [
      { name: 'group-block', type: 'block', token: 'GROUP', arguments: [GROUP, CONSUMER] },
      COUNT,
      BLOCK,
      { name: 'noack', type: 'pure-token', token: 'NOACK', optional: true },
      STREAMS,
    ],
    run: ctx => read(ctx, true),
  },
]

const parsed = new ReadArguments()
/** What is read of one key. */
interface Wanted {
  readonly key: number
  readonly stream: Stream | null
  readonly group: ConsumerGroup | null
  /** Entries behind this ID; for a group: those pending with the consumer. */
  readonly behind: StreamId
  /** Entries that the group has not read. */
  readonly isNew: boolean
}

/**
 * XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...], XREADGROUP GROUP group consumer [...] [NOACK] STREAMS ...
 * Map reply, in RESP2 an array of pairs: the streams that have something, with their entries; null where none has.
 */
function read(ctx: CommandContext, ofGroup: boolean): void {
  if (concludes(ctx) || !parsed.read(ctx, ofGroup)) return
  const wanted = readWanted(ctx, ofGroup)
  if (wanted === null) return
  if (ofGroup) {
    for (const { group, key } of wanted) if (group !== null) ctx.findAgain(key)
    ctx.propagateNothing()
    if (wanted.some(each => isLongRange(each) || isLongHistory(each, ctx))) {
      deliverInSlices(ctx, wanted)
      return
    }
  }
  if (wanted.some(isLongRange)) {
    const parts = longParts(ctx, wanted)
    if (parts.length > 0) {
      ctx.replyFrom(new RangeReply(parts))
      return
    }
  } else if (reply(ctx, wanted)) return
  const { firstKey, streams, timeoutMs } = parsed
  if (Number.isNaN(timeoutMs)) ctx.reply.nullArray()
  else {
    waitForKeys(ctx, TYPE_STREAM, firstKey, firstKey + streams, timeoutMs, {
      untilGone: ofGroup,
      request: withKnownIds(ctx, wanted),
    })
  }
}

/** Looks the streams up; null when an error was replied. */
function readWanted(ctx: CommandContext, ofGroup: boolean): Wanted[] | null {
  const { args, reply } = ctx
  const wanted: Wanted[] = []
  for (let i = 0; i < parsed.streams; i++) {
    const key = parsed.firstKey + i
    const idIndex = key + parsed.streams
    const stream = readStream(ctx, key)
    if (stream === WRONG) return null
    const group = ofGroup ? findGroup(ctx, stream, parsed.group) : null
    if (ofGroup && group === null) {
      replyNoGroup(ctx, key, parsed.group, ' in XREADGROUP with GROUP option')
      return null
    }
    const behind = new StreamId()
    let isNew = false
    if (args.is(idIndex, '$')) {
      if (ofGroup) {
        reply.error(
          'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
        )
        return null
      }
      if (stream !== null) behind.set(stream.lastId)
    } else if (args.is(idIndex, '>')) {
      if (!ofGroup) {
        reply.error(
          'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
        )
        return null
      }
      isNew = true
    } else {
      if (!readId(ctx, idIndex, behind)) return null
      // The greatest ID stands for ">" to a group.
      isNew = ofGroup && behind.isLast
    }
    wanted.push({ key, stream, group, behind, isNew })
  }
  return wanted
}

const last = new StreamId()

function hasMore({ behind, stream }: Wanted): boolean {
  return stream !== null && stream.length > 0 && stream.lastEntryId(last) && last.compare(behind) > 0
}

/** Whether there is a reply for a stream, now that those before it have theirs: it may be one of them. A consumer has been heard of. */
function isServed(ctx: CommandContext, wanted: Wanted): boolean {
  const { group, isNew, key, stream } = wanted
  if (group === null || stream === null) return hasMore(wanted)
  const { consumer: index } = parsed
  let consumer = group.consumer(ctx.args.latin1(index))
  if (consumer === undefined) {
    consumer = createConsumer(ctx, group, ctx.args.latin1(index), key)
    if (parsed.noAck) propagateConsumer(ctx, { key, group: parsed.group }, consumer)
  }
  consumer.seenTimeMs = ctx.keyspace.nowMs
  if (!isNew) return true
  return stream.length > 0 && stream.lastEntryId(last) && last.compare(group.lastId) > 0
}

/** The request with IDs in the place of "$": what is behind them counts from now on. */
function withKnownIds({ args, client }: CommandContext, wanted: readonly Wanted[]): Request {
  const idOf = ({ key }: Wanted): number => key + parsed.streams
  if (!wanted.some(each => args.is(idOf(each), '$'))) {
    return client.unfinished?.request === args ? args : args.keep()
  }
  const known = Array.from({ length: args.argc }, (_, i) => args.view(i))
  for (const each of wanted) {
    if (args.is(idOf(each), '$')) known[idOf(each)] = Buffer.from(each.behind.toString(), 'latin1')
  }
  return requestFromArguments(known)
}

const start = new StreamId()

/** What is wanted of a stream, beside what is pending. */
function isLongRange({ behind, group, isNew, stream }: Wanted): boolean {
  if (stream === null || (group !== null && !isNew)) return false
  start.set(group?.lastId ?? behind)
  return start.increment() && isLong(stream, { start, end: LAST_ID, backward: false, most: parsed.most })
}

/** What is pending with the consumer. */
function isLongHistory({ group, isNew }: Wanted, { args }: CommandContext): boolean {
  if (group === null || isNew || parsed.most <= LONG_FROM_ENTRIES) return false
  return (group.consumer(args.latin1(parsed.consumer))?.pending.count ?? 0) > LONG_FROM_ENTRIES
}

/** Replies what there is; false, and nothing, where there is none. */
function reply(ctx: CommandContext, wanted: readonly Wanted[]): boolean {
  const { reply } = ctx
  const { most } = parsed
  const mark = reply.mark()
  let served = 0
  for (const each of wanted) {
    const { behind, group, isNew, key, stream } = each
    if (stream === null || !isServed(ctx, each)) continue
    served++
    if (reply.resp === 2) reply.array(2)
    writeKey(ctx, key, reply)
    if (group === null) {
      start.set(behind).increment()
      writeRange(reply, stream, { start, end: LAST_ID, backward: false, most })
      continue
    }
    const consumer = consumerFor(ctx, group, parsed.consumer, key)
    if (isNew) writeNew(ctx, each, group, consumer, reply)
    else writeHistory(ctx, each, group, consumer, reply)
    ctx.keyspace.dirty++
  }
  if (served > 0) reply.mapAt(mark, served)
  return served > 0
}

function writeKey({ args }: CommandContext, key: number, out: ReplyWriter): void {
  out.bulk(args.buffer, args.starts[key], args.ends[key])
}

const walk = new RangeWalk()

/** Gives the consumer what the group has not read, and writes that. */
function writeNew(
  ctx: CommandContext,
  { key, stream }: Wanted,
  group: ConsumerGroup,
  consumer: Consumer,
  out: ReplyWriter,
): void {
  if (stream === null) return
  const { nowMs } = ctx.keyspace
  const { most, noAck } = parsed
  const names: GroupArguments = { key, group: parsed.group }
  start.set(group.lastId)
  start.increment()
  const mark = out.mark()
  let count = 0
  walk.begin(stream, start, LAST_ID, false)
  while (count < most && walk.next()) {
    const { entry } = walk
    if (entry.id.compare(group.lastId) > 0) groupReads(stream, group, entry.id)
    writeEntry(out, entry)
    count++
    if (noAck) continue
    const isPending = group.findNew(entry.id) !== 0
    const pending = isPending ? group.assign(entry.id, consumer, nowMs, 1) : group.add(entry.id, consumer, nowMs, 1)
    consumer.activeTimeMs = nowMs
    propagateClaim(ctx, names, group, consumer, entry.id, pending)
  }
  if (noAck && count > 0) propagateGroup(ctx, names, group)
  out.arrayAt(mark, count)
}

const cursor = new TreeCursor()
const finder = new EntryFinder()
const pendingId = new StreamId()

/** Writes what is pending with the consumer behind an ID: that it has been delivered once more counts, unless it is gone. */
function writeHistory(
  { keyspace }: CommandContext,
  { behind, stream }: Wanted,
  group: ConsumerGroup,
  consumer: Consumer,
  reply: ReplyWriter,
): void {
  const { entries, nowMs } = keyspace
  const { pending } = consumer
  if (stream === null) return
  const mark = reply.mark()
  start.set(behind)
  let count = 0
  finder.begin(stream)
  let more = start.increment() && seekPending(pending, cursor, start)
  while (more && count < parsed.most) {
    readPendingId(entries, cursor.address, pendingId)
    count++
    if (finder.find(pendingId)) {
      writeEntry(reply, finder.entry)
      group.deliverAgain(cursor, pendingId, consumer, nowMs)
    } else {
      reply.array(2)
      writeId(reply, pendingId)
      reply.nullArray()
    }
    more = cursor.next()
  }
  reply.arrayAt(mark, count)
}

/** As reply(), for a group, where at least one of the streams has much. */
function deliverInSlices(ctx: CommandContext, wanted: readonly Wanted[]): void {
  const { args, client, keyspace } = ctx
  const { consumer: index, group: groupName, most, noAck } = parsed
  const request = client.unfinished?.request === args ? args : args.keep()
  const works: Delivery[] = []
  for (const each of wanted) {
    const { behind, group, isNew, key, stream } = each
    if (group === null || stream === null) continue
    // The consumer has been heard of; whether there is something for it depends on what comes before.
    isServed(ctx, each)
    const asked = { key, groupName, stream, group, consumer: consumerFor(ctx, group, index, key), most }
    works.push(isNew ? new NewEntries(ctx, request, asked, noAck) : new History(keyspace, asked, behind))
  }
  const { resp } = client
  carryOut(ctx, request, works, done => deliveriesReply(done, request, resp))
}

/** A reply with at least one long range, of the streams as they are now; no parts where there is nothing. */
function longParts(ctx: CommandContext, wanted: readonly Wanted[]): ReplyPart[] {
  const { args, client } = ctx
  const { resp } = client
  const parts: ReplyPart[] = []
  const writeHead = (out: ReplyWriter, name: Buffer, isFirst: boolean, served: number): void => {
    if (isFirst) {
      if (resp === 3) out.map(served)
      else out.array(served)
    }
    if (resp === 2) out.array(2)
    out.bulk(name, 0, name.length)
  }
  for (const each of wanted) {
    const { behind, key, stream } = each
    if (stream === null || !isServed(ctx, each)) continue
    const name = args.copy(key)
    const isFirst = parts.length === 0
    // Ranges are written when it is known how many there are.
    const head = (out: ReplyWriter): void => writeHead(out, name, isFirst, parts.length)
    start.set(behind).increment()
    parts.push(new RangePart(stream, { start, end: LAST_ID, backward: false, most: parsed.most }, head))
  }
  return parts
}
