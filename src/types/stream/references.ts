/**
 * What consumer groups refer to of a stream's entries: those that are pending, and for ACKED those that they have yet to read. A look-up
 * in each group tells. Source of behaviour: streamEntryIsReferenced and streamCleanupEntryCGroupRefs in Redis's t_stream.c.
 */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { ConsumerGroup } from './consumer-group.js'
import { EntriesInOrder } from './entries-in-order.js'
import { pendingBefore, pendingUpTo, readPendingId, seekPending } from './pending.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

/** Hears of each reference that goes. */
export type ReferenceGone = (group: ConsumerGroup, id: StreamId) => void

const cursor = new TreeCursor()
const pendingId = new StreamId()
const runFirst = new StreamId()
const runLast = new StreamId()

/** Whether any group has the entry pending, or has yet to read it. It need not be there. O(groups), each log n. */
export function isReferenced(stream: Stream, id: StreamId): boolean {
  for (const group of stream.groups.values()) {
    if (group.lastId.compare(id) < 0 || group.find(id) !== 0) return true
  }
  return false
}

/** The entry is pending nowhere any more, whether it is there or not. Returns how many groups had it. O(groups), each log n. */
export function removeReferences(stream: Stream, id: StreamId, gone: ReferenceGone): number {
  let count = 0
  for (const group of stream.groups.values()) {
    if (!group.remove(id)) continue
    gone(group, id)
    count++
  }
  return count
}

/**
 * The same for all entries from `first` to `last` that are there: references to others stay. O(what is pending between them), most of it
 * in runs.
 */
export function removeReferencesBetween(stream: Stream, first: StreamId, last: StreamId, gone: ReferenceGone): void {
  const { entries } = stream
  for (const group of stream.groups.values()) {
    const { pending } = group
    const there = new EntriesInOrder(stream)
    /** Whether there is one at the cursor, up to `last`. */
    const isHere = (): boolean => readPendingId(entries, cursor.address, pendingId).compare(last) <= 0
    let more = seekPending(pending, cursor, first) && isHere()
    while (more) {
      if (!there.has(pendingId)) {
        more = cursor.next() && isHere()
        continue
      }
      runFirst.set(pendingId)
      do {
        runLast.set(pendingId)
        more = cursor.next() && isHere()
      } while (more && there.has(pendingId))
      group.removeBetween(runFirst, runLast, id => gone(group, id))
      // It is behind the run, where it was.
      if (more) seekPending(pending, cursor, pendingId)
    }
  }
}

/** Where a walk through IDs is in what is pending with a group. */
interface Place {
  readonly group: ConsumerGroup
  /** The first pending entry that the walk has not passed. */
  readonly next: StreamId
  /** There is none. */
  ended: boolean
}

/** isReferenced() for IDs that come in order: between two references, a comparison for each group. */
export class ReferencesInOrder {
  /** No entry behind it has been read by all groups; null: there are no groups. */
  readonly leastLastId: StreamId | null
  private readonly stream: Stream
  private readonly places: Place[]

  constructor(stream: Stream) {
    this.stream = stream
    let least: StreamId | null = null
    for (const { lastId } of stream.groups.values()) if (least === null || lastId.compare(least) < 0) least = lastId
    this.leastLastId = least
    this.places = Array.from(stream.groups.values(), group => ({ group, next: new StreamId(), ended: false }))
  }

  /** Whether no group has read the entry yet, nor any behind it. */
  isUnread(id: StreamId): boolean {
    return this.leastLastId !== null && this.leastLastId.compare(id) < 0
  }

  /** Whether any group has all of the `count` IDs pending that there are, or were, between two of them. */
  arePending(first: StreamId, last: StreamId, count: number): boolean {
    for (const { group } of this.places) {
      const { pending } = group
      if (pending.count < count) continue
      if (pendingUpTo(pending, cursor, last) - pendingBefore(pending, cursor, first) >= count) return true
    }
    return false
  }

  /** Whether any group has the entry pending. */
  isPending(id: StreamId): boolean {
    for (const place of this.places) {
      if (!place.ended && place.next.compare(id) < 0) this.seek(place, id)
      if (!place.ended && place.next.compare(id) === 0) return true
    }
    return false
  }

  private seek(place: Place, id: StreamId): void {
    place.ended = !seekPending(place.group.pending, cursor, id)
    if (!place.ended) readPendingId(this.stream.entries, cursor.address, place.next)
  }
}
