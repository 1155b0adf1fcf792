/** How entries are given to a consumer of a group: new ones, and once more those that are pending. Source: streamReplyWithRange. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { groupReads } from '../../types/stream/entries-read.js'
import { EntryFinder } from '../../types/stream/entry-finder.js'
import { deliveryCount, deliveryTime, readPendingId, seekPending } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'
import { writeId } from './access.js'
import { LAST_ID, writeDeliveredWithId } from './entry-replies.js'
import { writeDelivered, writeEntry } from './entry-writer.js'
import { type GroupArguments, propagateClaim, propagateGroup } from './group-access.js'
import { RangeWalk } from './range-walk.js'

/** Who gets entries of which stream. */
export interface Recipient {
  readonly stream: Stream
  readonly group: ConsumerGroup
  readonly consumer: Consumer
  readonly names: GroupArguments
}

const start = new StreamId()
const walk = new RangeWalk()

/** How new entries are given. */
export interface NewForm {
  readonly most: number
  /** They are pending from here on, unless this says no. */
  readonly noAck: boolean
  /** They come among others that were idle. */
  readonly asDelivered: boolean
}

/** Gives the consumer what the group has not read; writes that, if there is somewhere to. Returns how many entries that is. */
export function giveNew(
  ctx: CommandContext,
  { consumer, group, names, stream }: Recipient,
  { asDelivered, most, noAck }: NewForm,
  out: ReplyWriter | null,
): number {
  const { nowMs } = ctx.keyspace
  let count = 0
  start.set(group.lastId)
  start.increment()
  walk.begin(stream, start, LAST_ID, false)
  while (count < most && walk.next()) {
    const { entry } = walk
    if (entry.id.compare(group.lastId) > 0) groupReads(stream, group, entry.id)
    if (out !== null && asDelivered) writeDelivered(out, entry, 0, 0)
    else if (out !== null) writeEntry(out, entry)
    count++
    if (noAck) continue
    const isPending = group.findNew(entry.id) !== 0
    const pending = isPending ? group.assign(entry.id, consumer, nowMs, 1) : group.add(entry.id, consumer, nowMs, 1)
    consumer.activeTimeMs = nowMs
    propagateClaim(ctx, names, group, consumer, entry.id, pending)
  }
  if (noAck && count > 0) propagateGroup(ctx, names, group)
  return count
}

const cursor = new TreeCursor()
const finder = new EntryFinder()
const pendingId = new StreamId()

/**
 * Gives the consumer what is pending with whomever, and has been idle for so long, the longest first; writes it. Entries that are not in
 * the stream any more stay where they are, and do not count. Returns how many entries that is. CLAIM, Redis 8.4.
 */
export function giveIdle(
  ctx: CommandContext,
  { consumer, group, names, stream }: Recipient,
  minIdleMs: number,
  most: number,
  out: ReplyWriter,
): number {
  const { entries, nowMs } = ctx.keyspace
  const ids: StreamId[] = []
  // What has been given is idle no more: it is to be found first.
  for (let more = group.byTime.first(cursor); more && ids.length < most; more = cursor.next()) {
    const { address } = cursor
    if (nowMs - deliveryTime(entries, address) < minIdleMs) break
    if (stream.has(readPendingId(entries, address, pendingId))) ids.push(pendingId.copy())
  }
  for (const id of ids) {
    const idle = group.find(id)
    const deliveries = deliveryCount(entries, idle)
    writeDeliveredWithId(out, stream, id, nowMs - deliveryTime(entries, idle), deliveries)
    const pending = group.assign(id, consumer, nowMs, deliveries + 1)
    consumer.activeTimeMs = nowMs
    propagateClaim(ctx, names, group, consumer, id, pending)
  }
  return ids.length
}

/** Unix time of the delivery of what has been idle for longest; NaN: nothing is pending. areInOrder() comes first. */
export function oldestDelivery(stream: Stream, { byTime }: ConsumerGroup): number {
  return byTime.first(cursor) ? deliveryTime(stream.entries, cursor.address) : Number.NaN
}

/** Writes what is pending with the consumer behind an ID: that it has been delivered once more counts, unless it is gone. Returns how many. */
export function giveAgain(
  { keyspace }: CommandContext,
  { consumer, group, stream }: Recipient,
  behind: StreamId,
  most: number,
  out: ReplyWriter,
): number {
  const { entries, nowMs } = keyspace
  start.set(behind)
  let count = 0
  finder.begin(stream)
  let more = start.increment() && seekPending(consumer.pending, cursor, start)
  while (more && count < most) {
    readPendingId(entries, cursor.address, pendingId)
    count++
    if (finder.find(pendingId)) {
      writeEntry(out, finder.entry)
      group.deliverAgain(cursor, pendingId, consumer, nowMs)
    } else {
      out.array(2)
      writeId(out, pendingId)
      out.nullArray()
    }
    more = cursor.next()
  }
  return count
}
