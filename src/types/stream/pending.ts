/**
 * Pending entries of a consumer group: what has been delivered and not been acknowledged. Each is a slot of slab memory,
 *
 *   words 0, 1   high and low half of the ID's sequence number      words 4, 5   low and high half of the time of delivery, ms
 *   words 2, 3   high and low half of its time                      word 6       times delivered     word 7   number of the consumer
 *
 * in two ordered trees by ID: that of the group, which owns it, and that of its consumer.
 */
import type { Entries } from '../../store/entries.js'
import type { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../../store/ordered-tree/ordered-tree.js'
import { halfOfUnsigned } from '../../store/ordered-tree/sort-prefix.js'
import { CHUNK_SHIFT, UNIT_MASK } from '../../store/slabs/slabs.js'
import type { StreamId } from './stream-id.js'

export const PENDING_BYTES = 32
const TWO_32 = 4294967296
const MOST_DELIVERIES = 0xffffffff

export type PendingTree = OrderedTree<StreamId>

function wordsAt(entries: Entries, pending: number): Uint32Array {
  return entries.words[pending >>> CHUNK_SHIFT]
}

class PendingOwner implements TreeOwner<StreamId> {
  private readonly entries: Entries
  private readonly owns: boolean

  constructor(entries: Entries, owns: boolean) {
    this.entries = entries
    this.owns = owns
  }

  compare(pending: number, id: StreamId): number {
    const words = wordsAt(this.entries, pending)
    const first = (pending & UNIT_MASK) << 1
    if (words[first] !== id.seqHigh) return words[first] - id.seqHigh
    return words[first + 1] - id.seqLow
  }

  free(pending: number): void {
    if (this.owns) this.entries.free(pending, PENDING_BYTES)
  }
}

/** A tree of pending entries. `owns`: it is that of the group, with which they go. */
export function pendingTree(entries: Entries, owns: boolean): PendingTree {
  return new OrderedTree(entries, ORDERED, new PendingOwner(entries, owns))
}

export function createPending(entries: Entries, id: StreamId, consumer: number, timeMs: number, count: number): number {
  const pending = entries.allocate(PENDING_BYTES)
  const words = wordsAt(entries, pending)
  const first = (pending & UNIT_MASK) << 1
  words[first] = id.seqHigh
  words[first + 1] = id.seqLow
  words[first + 2] = id.msHigh
  words[first + 3] = id.msLow
  words[first + 7] = consumer
  setDelivery(entries, pending, timeMs, count)
  return pending
}

export function setDelivery(entries: Entries, pending: number, timeMs: number, count: number): void {
  const words = wordsAt(entries, pending)
  const first = (pending & UNIT_MASK) << 1
  words[first + 4] = timeMs
  words[first + 5] = Math.floor(timeMs / TWO_32)
  words[first + 6] = Math.min(count, MOST_DELIVERIES)
}

export function setConsumer(entries: Entries, pending: number, consumer: number): void {
  wordsAt(entries, pending)[((pending & UNIT_MASK) << 1) + 7] = consumer
}

export function readPendingId(entries: Entries, pending: number, id: StreamId): StreamId {
  const words = wordsAt(entries, pending)
  const first = (pending & UNIT_MASK) << 1
  return id.setHalves(words[first + 2], words[first + 3], words[first], words[first + 1])
}

/** Unix time in milliseconds of the last delivery. */
export function deliveryTime(entries: Entries, pending: number): number {
  const words = wordsAt(entries, pending)
  const first = (pending & UNIT_MASK) << 1
  return (words[first + 5] | 0) * TWO_32 + words[first + 4]
}

export function deliveryCount(entries: Entries, pending: number): number {
  return wordsAt(entries, pending)[((pending & UNIT_MASK) << 1) + 6]
}

export function consumerOf(entries: Entries, pending: number): number {
  return wordsAt(entries, pending)[((pending & UNIT_MASK) << 1) + 7]
}

/** Goes to the pending entry with this ID; false when there is none. */
export function findPending(tree: PendingTree, cursor: TreeCursor, id: StreamId): boolean {
  return tree.find(cursor, halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), id)
}

/** Goes to the first pending entry from this ID on; false when there is none. */
export function seekPending(tree: PendingTree, cursor: TreeCursor, id: StreamId): boolean {
  return tree.lowerBound(cursor, halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), id)
}

/** How many entries come before this ID. */
export function pendingBefore(tree: PendingTree, cursor: TreeCursor, id: StreamId): number {
  return seekPending(tree, cursor, id) ? cursor.weightBefore() : tree.count
}

/** How many entries come up to this ID. */
export function pendingUpTo(tree: PendingTree, cursor: TreeCursor, id: StreamId): number {
  const more = tree.upperBound(cursor, halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), id)
  return more ? cursor.weightBefore() : tree.count
}

export function insertPending(tree: PendingTree, id: StreamId, pending: number): void {
  tree.insert(halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), id, pending)
}
