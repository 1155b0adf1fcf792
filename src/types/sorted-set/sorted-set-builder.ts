/**
 * A sorted set that is put together out of others: what is to be replied, or to take a key's place. It belongs to no key, and is
 * either stored or discarded in the end.
 */
import { performance } from 'node:perf_hooks'
import { hashBytes } from '../../bytes/hash.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, type Entries, TYPE_ZSET } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { LP_EMPTY_SIZE } from '../../store/listpack/listpack.js'
import { LP_MAX_BYTES, lpEncodedSize } from '../../store/listpack/listpack-edit.js'
import { TreeBuilder } from '../../store/ordered-tree/builder.js'
import { doubleHigh, doubleLow } from '../../store/ordered-tree/sort-prefix.js'
import { createListpack, listpackGap } from '../listpack-value.js'
import type { SortedSetLimits } from '../value-limits.js'
import { elementScore, LargeSortedSet, type Member } from './large-sorted-set.js'
import { encodeScore, writeListpackHead, writePair } from './sorted-set-listpack.js'

const BUCKETS_BETWEEN_CLOCK_READS = 8
const FOREVER = Number.POSITIVE_INFINITY

export class SortedSetBuilder {
  readonly set: LargeSortedSet
  private readonly entries: Entries
  private readonly appended: TreeBuilder<Member>
  /** Where order() goes on in the table. */
  private cursor = 0

  constructor(entries: Entries) {
    this.entries = entries
    this.set = new LargeSortedSet(entries)
    this.set.inOrder = false
    this.appended = new TreeBuilder(this.set.tree)
  }

  get count(): number {
    return this.set.table.count
  }

  /** Adds a member that comes behind all others. It is copied. O(1). */
  append(member: Buffer, start: number, end: number, score: number): void {
    const element = this.set.addUnordered(hashBytes(member, start, end), member, start, end, score)
    this.appended.add(doubleHigh(score), doubleLow(score), element)
  }

  /** All has been appended. Instead of order(). */
  finishAppending(): void {
    this.appended.finish()
    this.set.inOrder = true
  }

  /** Puts all members in order, until `deadlineMs` (performance.now()); true when that is done. O(log n) a member. */
  order(deadlineMs: number): boolean {
    const { set } = this
    for (let buckets = 1; !set.inOrder; buckets++) {
      this.cursor = set.table.scan(this.cursor, this.orderOne)
      set.inOrder = this.cursor === 0
      if (deadlineMs === FOREVER || buckets % BUCKETS_BETWEEN_CLOCK_READS !== 0) continue
      if (performance.now() >= deadlineMs) break
    }
    return set.inOrder
  }

  private readonly orderOne = (element: number): void => this.set.order(element)

  /**
   * The sorted set takes the place of what key[start, end) holds at `address` (0: nothing, and db.hash is its hash), as a listpack
   * where the limits allow it. It has members, and they are in order.
   */
  store(
    db: Database,
    address: number,
    key: Buffer,
    start: number,
    end: number,
    expiryMs: number,
    limits: SortedSetLimits,
  ): void {
    const size = this.listpackSize(limits)
    if (size === 0) {
      const placed = db.place(address, key, start, end, TYPE_ZSET, ENCODING_AGGREGATE, 0, expiryMs)
      db.entries.setPayload(placed, db.keyspace.aggregates.add(this.set))
      return
    }
    createListpack(db, address, key, start, end, TYPE_ZSET, size, expiryMs)
    this.writeListpack(listpackGap.buffer, listpackGap.at, size)
    this.discard(db.keyspace)
  }

  /** Bytes of the sorted set as a listpack; 0 where it is not to be one (zsetConvertToListpackIfNeeded in t_zset.c). */
  private listpackSize({ maxEntries, maxValueBytes }: SortedSetLimits): number {
    const { entries, set } = this
    if (set.count > maxEntries) return 0
    let size = LP_EMPTY_SIZE
    let memberBytes = 0
    let longest = 0
    set.iterate(0, set.count, false, element => {
      const start = entries.keyStart(element)
      const length = entries.keyLength(element)
      longest = Math.max(longest, length)
      memberBytes += length
      size += lpEncodedSize(entries.memory(element), start, start + length)
      size += encodeScore(elementScore(entries, element))
    })
    return longest > maxValueBytes || memberBytes > LP_MAX_BYTES ? 0 : size
  }

  private writeListpack(listpack: Buffer, at: number, size: number): void {
    const { entries, set } = this
    let pos = writeListpackHead(listpack, at, size, set.count)
    set.iterate(0, set.count, false, element => {
      const start = entries.keyStart(element)
      encodeScore(elementScore(entries, element))
      pos = writePair(listpack, pos, entries.memory(element), start, start + entries.keyLength(element))
    })
  }

  /** Nobody needs it any more, but for views of it; it is freed in slices. */
  discard(keyspace: Keyspace): void {
    keyspace.discard(this.set)
  }
}
