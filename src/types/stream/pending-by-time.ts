/**
 * What is pending with a group by the time of its last delivery, those of the same time by ID: for XREADGROUP CLAIM, which takes what has
 * been idle for longest. Only groups that are read in this way have it. It is made in slices, from the least ID on; what happens
 * to entries meanwhile it hears of as soon as it has come to them.
 */
import { performance } from '../../clock/platform.js'
import type { Entries } from '../../store/entries.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../../store/ordered-tree/ordered-tree.js'
import { doubleHigh, doubleLow } from '../../store/ordered-tree/sort-prefix.js'
import { deliveryTime, type PendingTree, readPendingId, seekPending } from './pending.js'
import { StreamId } from './stream-id.js'

const ADDED_BETWEEN_CLOCK_READS = 64

const place = new TreeCursor()
const building = new TreeCursor()
const probe = new StreamId()
const compared = new StreamId()

class TimeOwner implements TreeOwner<StreamId> {
  private readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }

  compare(pending: number, id: StreamId): number {
    return readPendingId(this.entries, pending, compared).compare(id)
  }

  /** They are the group's. */
  free(): void {}
}

export class PendingByTime {
  readonly tree: PendingTree
  private readonly entries: Entries
  private readonly pending: PendingTree
  /** It has what is pending up to this ID, or all of it. */
  private readonly upTo = new StreamId()
  private isComplete = false

  /** @param pending the group's tree, by ID */
  constructor(entries: Entries, pending: PendingTree) {
    this.entries = entries
    this.pending = pending
    this.tree = new OrderedTree(entries, ORDERED, new TimeOwner(entries))
  }

  /** Goes on being made; true when it has all that is pending. */
  make(deadlineMs: number): boolean {
    if (this.isComplete) return true
    const { entries, pending, upTo } = this
    probe.set(upTo)
    let more = probe.increment() && seekPending(pending, building, probe)
    for (let added = 1; more; added++) {
      const { address } = building
      this.insert(address)
      readPendingId(entries, address, upTo)
      if (added % ADDED_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
      more = building.next()
    }
    this.isComplete = true
    return true
  }

  private insert(pending: number): void {
    const timeMs = deliveryTime(this.entries, pending)
    this.tree.insert(doubleHigh(timeMs), doubleLow(timeMs), readPendingId(this.entries, pending, probe), pending)
  }

  /** Goes to an entry; false where it has not come to it yet, or has been told to leave it out. */
  private find(pending: number): boolean {
    const timeMs = deliveryTime(this.entries, pending)
    readPendingId(this.entries, pending, probe)
    return this.tree.find(place, doubleHigh(timeMs), doubleLow(timeMs), probe)
  }

  /** An entry is pending from here on, or has been delivered again. */
  add(pending: number): void {
    if (this.isComplete || readPendingId(this.entries, pending, probe).compare(this.upTo) <= 0) this.insert(pending)
  }

  /** To be called before an entry goes, or gets another time or place. */
  remove(pending: number): void {
    if (this.find(pending)) this.tree.remove(place)
  }

  /** The entry is about to move: `move` returns its new place. */
  moving(pending: number, move: (pending: number) => number): number {
    const isThere = this.find(pending)
    const moved = move(pending)
    if (isThere && moved !== pending) this.tree.replace(place, moved)
    return moved
  }

  /** Goes to the entry that has been idle for longest; false when there is none. */
  first(cursor: TreeCursor): boolean {
    return this.tree.first(cursor)
  }
}
