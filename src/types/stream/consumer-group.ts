/**
 * Consumer groups of a stream, their consumers, and what is pending with them (pending.ts). Groups and consumers are few objects;
 * what is pending may be millions of entries, in slab memory.
 */
import type { Entries } from '../../store/entries.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import {
  consumerOf,
  createPending,
  deliveryCount,
  findPending,
  insertPending,
  PENDING_BYTES,
  type PendingTree,
  pendingBefore,
  pendingTree,
  pendingUpTo,
  readPendingId,
  seekPending,
  setConsumer,
  setDelivery,
} from './pending.js'
import { PendingByTime } from './pending-by-time.js'
import { StreamId } from './stream-id.js'

/** entriesRead of a group that does not know. */
export const ENTRIES_READ_UNKNOWN = -1
/** activeTimeMs of a consumer that has not been given anything yet. */
export const NEVER_ACTIVE = -1
/** JavaScript objects behind a group and a consumer, beside their trees, as measured: for memory accounts. */
const GROUP_OBJECT_BYTES = 480
const CONSUMER_OBJECT_BYTES = 220

/** So many entries are in one leaf or two of a tree. */
const LEAF_ENTRIES = 62

/** Number of the consumer of what is pending with nobody yet: in a group that is being loaded. */
const NOBODY = 0xffffffff

const place = new TreeCursor()
const consumerPlace = new TreeCursor()
const scratch = new StreamId()
const removed = new StreamId()

export class Consumer {
  readonly name: Buffer
  /** By which pending entries name it, within its group. */
  readonly number: number
  readonly pending: PendingTree
  /** When it was last heard of, and when it last got entries: Unix times in milliseconds. */
  seenTimeMs: number
  activeTimeMs = NEVER_ACTIVE

  constructor(name: Buffer, number: number, pending: PendingTree, seenTimeMs: number) {
    this.name = name
    this.number = number
    this.pending = pending
    this.seenTimeMs = seenTimeMs
  }
}

export class ConsumerGroup {
  readonly name: Buffer
  readonly lastId: StreamId
  /** How many entries of the stream lie up to lastId, as far as is known. */
  entriesRead: number
  readonly pending: PendingTree
  private readonly entries: Entries
  private readonly byName = new Map<string, Consumer>()
  private readonly byNumber: (Consumer | null)[] = []
  private readonly freeNumbers: number[] = []
  private objectBytes = GROUP_OBJECT_BYTES
  /** Entries that are pending with nobody. */
  orphans = 0
  /** What is pending by time, where that has been asked for. */
  private inTime: PendingByTime | null = null

  constructor(entries: Entries, name: Buffer, lastId: StreamId, entriesRead: number) {
    this.entries = entries
    this.name = name
    this.lastId = lastId.copy()
    this.entriesRead = entriesRead
    this.pending = pendingTree(entries, true)
    this.account(GROUP_OBJECT_BYTES)
  }

  private account(bytes: number): void {
    this.entries.tableBytes += bytes
    this.entries.tableReservedBytes += bytes
  }

  /** Bytes that it takes, with its consumers and all that is pending. O(consumers). */
  get memoryBytes(): number {
    let bytes = this.objectBytes + this.pending.memoryBytes + this.pending.count * PENDING_BYTES
    for (const { pending } of this.byName.values()) bytes += pending.memoryBytes
    if (this.inTime !== null) bytes += this.inTime.tree.memoryBytes
    return bytes
  }

  // Consumers

  get consumerCount(): number {
    return this.byName.size
  }

  /** By name, byte by byte. O(n log n). */
  consumers(): Consumer[] {
    return [...this.byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, consumer]) => consumer)
  }

  /** In no particular order. */
  eachConsumer(): Iterable<Consumer> {
    return this.byName.values()
  }

  /** `name`: one character a byte. */
  consumer(name: string): Consumer | undefined {
    return this.byName.get(name)
  }

  consumerOf(pending: number): Consumer {
    const consumer = this.byNumber[consumerOf(this.entries, pending)]
    if (consumer === null || consumer === undefined) throw new Error('stream: a pending entry of no consumer')
    return consumer
  }

  addConsumer(name: string, seenTimeMs: number): Consumer {
    const number = this.freeNumbers.pop() ?? this.byNumber.length
    const tree = pendingTree(this.entries, false)
    const consumer = new Consumer(Buffer.from(name, 'latin1'), number, tree, seenTimeMs)
    this.byName.set(name, consumer)
    this.byNumber[number] = consumer
    this.objectBytes += CONSUMER_OBJECT_BYTES
    this.account(CONSUMER_OBJECT_BYTES)
    return consumer
  }

  /** Removes the first ones that are pending with a consumer, LEAF_ENTRIES at most. Returns whether there are more. */
  removePendingOf({ pending }: Consumer): boolean {
    const { entries } = this
    this.mayLoseOrder(pending.count)
    let removed = 0
    let more = pending.first(consumerPlace)
    while (more && removed < LEAF_ENTRIES) {
      readPendingId(entries, consumerPlace.address, scratch)
      if (!findPending(this.pending, place, scratch)) throw new Error('stream: no such pending entry')
      // What a consumer got in one go lies together in the group, too.
      let run = 0
      do {
        run++
        more = consumerPlace.next()
      } while (more && removed + run < LEAF_ENTRIES && place.next() && place.address === consumerPlace.address)
      this.removeRun(scratch, run)
      removed += run
    }
    pending.removeRange(0, removed, () => {})
    return more
  }

  /** Removes `count` entries from `id` on. */
  private removeRun(id: StreamId, count: number): void {
    const { entries, pending } = this
    if (!findPending(pending, place, id)) return
    const first = place.weightBefore()
    pending.removeRange(first, first + count, (address, kept) => {
      this.inTime?.remove(address)
      if (!kept) entries.free(address, PENDING_BYTES)
    })
  }

  /** Removes a consumer and what is pending with it. O(its pending entries, each log n at worst). */
  removeConsumer(consumer: Consumer): void {
    while (this.removePendingOf(consumer));
    consumer.pending.drop()
    this.byName.delete(consumer.name.toString('latin1'))
    this.byNumber[consumer.number] = null
    this.freeNumbers.push(consumer.number)
    this.objectBytes -= CONSUMER_OBJECT_BYTES
    this.account(-CONSUMER_OBJECT_BYTES)
  }

  // Pending entries

  /** The pending entry with this ID, or 0. */
  find(id: StreamId): number {
    return findPending(this.pending, place, id) ? place.address : 0
  }

  /** Goes to the pending entry with this ID; false when there is none. */
  goTo(cursor: TreeCursor, id: StreamId): boolean {
    return findPending(this.pending, cursor, id)
  }

  /** As find(), quickly where the entry lies behind all that are pending, as new ones do. */
  findNew(id: StreamId): number {
    const { entries, pending } = this
    if (!pending.last(place)) return 0
    return readPendingId(entries, place.address, scratch).compare(id) < 0 ? 0 : this.find(id)
  }

  /** What is pending by time: to be made first, and kept from then on. */
  get byTime(): PendingByTime {
    this.inTime ??= new PendingByTime(this.entries, this.pending)
    return this.inTime
  }

  /** So many entries are about to go. To make the order again is less work than to take most of it apart. */
  private mayLoseOrder(count: number): void {
    if (this.inTime === null || 2 * count <= this.inTime.tree.count) return
    this.inTime.tree.drop()
    this.inTime = null
  }

  /** Adds an entry that is not pending yet. */
  add(id: StreamId, consumer: Consumer, timeMs: number, count: number): number {
    const pending = createPending(this.entries, id, consumer.number, timeMs, count)
    insertPending(this.pending, id, pending)
    insertPending(consumer.pending, id, pending)
    this.inTime?.add(pending)
    return pending
  }

  /**
   * Gives an entry that is pending to `consumer`, which may have it already, with another time and count of deliveries. Returns its
   * address from then on.
   */
  assign(id: StreamId, consumer: Consumer, timeMs: number, count: number): number {
    if (!findPending(this.pending, place, id)) throw new Error('stream: no such pending entry')
    return this.assignAt(place, id, consumer, timeMs, count)
  }

  /** As assign(), of the entry `id` at a cursor in the tree of the group, which stays good. */
  assignAt(cursor: TreeCursor, id: StreamId, consumer: Consumer, timeMs: number, count: number): number {
    const { entries } = this
    const old = cursor.address
    const holder = this.consumerOf(old)
    let pending = old
    this.inTime?.remove(old)
    if (this.pending.isViewed(cursor)) {
      pending = createPending(entries, id, consumer.number, timeMs, count)
      if (!this.pending.replace(cursor, pending)) entries.free(old, PENDING_BYTES)
    } else setDelivery(entries, old, timeMs, count)
    this.inTime?.add(pending)
    if (holder === consumer) {
      if (pending !== old && findPending(consumer.pending, consumerPlace, id))
        consumer.pending.replace(consumerPlace, pending)
      return pending
    }
    if (findPending(holder.pending, consumerPlace, id)) holder.pending.remove(consumerPlace)
    setConsumer(entries, pending, consumer.number)
    insertPending(consumer.pending, id, pending)
    return pending
  }

  /** As assign(), of an entry that stays with its consumer, at a cursor in the tree of that, which stays good for going on. */
  deliverAgain(cursor: TreeCursor, id: StreamId, consumer: Consumer, timeMs: number): void {
    const { address } = cursor
    const count = deliveryCount(this.entries, address) + 1
    if (this.pending.newestView !== null) {
      this.assign(id, consumer, timeMs, count)
      return
    }
    this.inTime?.remove(address)
    setDelivery(this.entries, address, timeMs, count)
    this.inTime?.add(address)
  }

  /** Removes the pending entry with this ID; false when there is none. */
  remove(id: StreamId): boolean {
    if (!findPending(this.pending, place, id)) return false
    this.removeAt(place, id)
    return true
  }

  /** As remove(), of the entry `id` at a cursor in the tree of the group, which is no good after that. */
  removeAt(cursor: TreeCursor, id: StreamId): void {
    const { address } = cursor
    const holder = this.consumerOf(address)
    this.inTime?.remove(address)
    if (findPending(holder.pending, consumerPlace, id)) holder.pending.remove(consumerPlace)
    if (!this.pending.remove(cursor)) this.entries.free(address, PENDING_BYTES)
  }

  /**
   * Removes what is pending from `first` to `last`; `gone` hears of each. In runs, where that is more than there are consumers: O(log n)
   * for each of them, and for 62 entries that go.
   */
  removeBetween(first: StreamId, last: StreamId, gone: (id: StreamId) => void): void {
    const { entries, pending } = this
    const from = pendingBefore(pending, place, first)
    const to = pendingUpTo(pending, place, last)
    if (to - from <= this.byName.size) {
      for (let left = to - from; left > 0 && seekPending(pending, place, first); left--) {
        readPendingId(entries, place.address, removed)
        this.remove(removed)
        gone(removed)
      }
      return
    }
    this.mayLoseOrder(to - from)
    for (const { pending: own } of this.byName.values()) {
      own.removeRange(pendingBefore(own, place, first), pendingUpTo(own, place, last), () => {})
    }
    pending.removeRange(from, to, (address, kept) => {
      gone(readPendingId(entries, address, removed))
      this.inTime?.remove(address)
      if (!kept) entries.free(address, PENDING_BYTES)
    })
  }

  // Groups that are loaded: what is pending comes first, with whom comes later

  /** Adds an entry that is pending with nobody yet; false when it is there already. */
  addOrphan(id: StreamId, timeMs: number, count: number): boolean {
    if (this.find(id) !== 0) return false
    insertPending(this.pending, id, createPending(this.entries, id, NOBODY, timeMs, count))
    this.orphans++
    return true
  }

  /** Gives such an entry to a consumer; false when there is none. */
  adopt(id: StreamId, consumer: Consumer): boolean {
    const pending = this.find(id)
    if (pending === 0 || consumerOf(this.entries, pending) !== NOBODY) return false
    setConsumer(this.entries, pending, consumer.number)
    insertPending(consumer.pending, id, pending)
    this.orphans--
    return true
  }

  // As the store sees it

  /** All trees: that of the group first. */
  trees(): PendingTree[] {
    const consumers = Array.from(this.byName.values(), ({ pending }) => pending)
    return [this.pending, ...consumers, ...(this.inTime === null ? [] : [this.inTime.tree])]
  }

  /** Nobody needs it any more: what it holds is freed in slices. */
  drop(): void {
    for (const tree of this.trees()) tree.drop()
    this.forget()
  }

  /** Its trees are somebody else's business from here on. */
  forget(): void {
    this.account(-this.objectBytes)
    this.objectBytes = 0
  }

  /**
   * As Aggregate.rewrite of the tree of the group, whose elements move: the consumers' trees hear of it. Returns where to go on, 0 at the
   * end.
   */
  rewrite(weight: number, move: (address: number, bytes: number) => number): number {
    const { entries } = this
    return this.pending.rewrite(weight, pending => {
      const tree = this.byNumber[consumerOf(entries, pending)]?.pending
      // Nobody has it in a group that is still being loaded.
      if (tree === undefined) return move(pending, PENDING_BYTES)
      const isThere = findPending(tree, consumerPlace, readPendingId(entries, pending, scratch))
      const moved = this.moved(pending, move)
      if (moved !== pending && isThere) tree.replace(consumerPlace, moved)
      return moved
    })
  }

  private moved(pending: number, move: (address: number, bytes: number) => number): number {
    if (this.inTime === null) return move(pending, PENDING_BYTES)
    return this.inTime.moving(pending, address => move(address, PENDING_BYTES))
  }
}
