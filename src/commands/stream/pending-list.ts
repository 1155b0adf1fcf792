/** XPENDING's list of what is pending: at once where it is short, piece by piece, as it was at that moment, where it is long. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Entries } from '../../store/entries.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { consumerOf, deliveryCount, deliveryTime, readPendingId, seekPending } from '../../types/stream/pending.js'
import { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'
import { writeId } from './access.js'

/** So many are looked at in a fraction of a millisecond. */
const MOST_AT_ONCE = 1000
const SEEN_BETWEEN_CLOCK_READS = 256

/** What is asked for. */
export interface PendingRange {
  readonly start: StreamId
  readonly end: StreamId
  /** Most entries to be shown. */
  readonly count: number
  /** How long entries have been pending at least; 0: for any time. */
  readonly minIdleMs: number
}

const cursor = new TreeCursor()
const id = new StreamId()

/** Replies what is pending with the consumer, or without one with any of the group. */
export function replyPending(
  ctx: CommandContext,
  group: ConsumerGroup,
  consumer: Consumer | null,
  range: PendingRange,
): void {
  const { keyspace, reply } = ctx
  const { pending } = consumer ?? group
  const more = range.count > 0 && seekPending(pending, cursor, range.start)
  const list = new PendingList(keyspace.entries, keyspace.nowMs, group, consumer, range)
  const left = more ? pending.count - cursor.weightBefore() : 0
  if (left > MOST_AT_ONCE && (range.count > MOST_AT_ONCE || range.minIdleMs !== 0)) {
    ctx.replyFrom(new PendingReply(list, pending.count - left))
    return
  }
  const mark = reply.mark()
  let count = 0
  for (let goesOn = more; goesOn && count < range.count; goesOn = cursor.next()) {
    if (!list.read(cursor.address)) break
    if (!list.isShown) continue
    list.write(reply)
    count++
  }
  reply.arrayAt(mark, count)
}

/** Reads what is pending, entry by entry. */
class PendingList {
  readonly group: ConsumerGroup
  readonly consumer: Consumer | null
  readonly count: number
  /** Whether the entry has been pending for long enough. */
  isShown = false
  private readonly entries: Entries
  private readonly nowMs: number
  private readonly end: StreamId
  private readonly minIdleMs: number
  /** Names of consumers, by their numbers, as they are now. */
  private readonly names: (Buffer | undefined)[] = []
  private pending = 0
  private idleMs = 0

  constructor(
    entries: Entries,
    nowMs: number,
    group: ConsumerGroup,
    consumer: Consumer | null,
    { count, end, minIdleMs }: PendingRange,
  ) {
    this.entries = entries
    this.nowMs = nowMs
    this.group = group
    this.consumer = consumer
    this.count = count
    this.end = end.copy()
    this.minIdleMs = minIdleMs
    for (const { name, number } of group.eachConsumer()) this.names[number] = name
  }

  /** Reads an entry; false when it is behind the end. */
  read(pending: number): boolean {
    const { entries, minIdleMs, nowMs } = this
    if (readPendingId(entries, pending, id).compare(this.end) > 0) return false
    this.pending = pending
    this.idleMs = nowMs - deliveryTime(entries, pending)
    this.isShown = minIdleMs === 0 || this.idleMs >= minIdleMs
    return true
  }

  write(reply: ReplyWriter): void {
    const { entries, idleMs, names, pending } = this
    const name = names[consumerOf(entries, pending)]
    if (name === undefined) throw new Error('stream: a pending entry of no consumer')
    reply.array(4)
    writeId(reply, readPendingId(entries, pending, id))
    reply.bulk(name, 0, name.length)
    reply.integer(Math.max(0, idleMs))
    reply.integer(deliveryCount(entries, pending))
  }
}

/** A long list: counted first, then written. */
class PendingReply implements ReplySource {
  private readonly list: PendingList
  private readonly first: number
  private readonly view: TreeView<StreamId>
  /** Of the group: keeps what the consumer's view sees. */
  private readonly groupView: TreeView<StreamId> | null
  private counted = false
  private more: boolean
  private left = 0

  /** @param first how many entries come before those that are asked for. */
  constructor(list: PendingList, first: number) {
    const { consumer, group } = list
    this.list = list
    this.first = first
    this.groupView = consumer === null ? null : new TreeView(group.pending, 'any')
    this.view = new TreeView((consumer ?? group).pending, 'any')
    this.more = this.view.seek(first) >= 0
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { list, view } = this
    if (!this.counted) {
      if (!this.count(deadlineMs)) return false
      out.array(this.left)
    }
    for (let seen = 1; this.left > 0; seen++) {
      list.read(view.cursor.address)
      if (list.isShown) {
        list.write(out)
        this.left--
      }
      view.step()
      if (out.totalBytes >= PIECE_BYTES) break
      if (seen % SEEN_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return this.left === 0
  }

  /** Goes on counting; true when that is done. */
  private count(deadlineMs: number): boolean {
    const { list, view } = this
    for (let seen = 1; this.more && this.left < list.count; seen++) {
      if (!list.read(view.cursor.address)) break
      if (list.isShown) this.left++
      this.more = view.step()
      if (seen % SEEN_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
    this.counted = true
    view.seek(this.first)
    return true
  }

  close(): void {
    this.view.close()
    this.groupView?.close()
  }
}
