/**
 * A sorted set that is put together out of others: what is to be replied, or to take a key's place. While it is small its members
 * are in memory apart (small-members.ts), if it is put together at once; else it is a large one that belongs to no key. It is either
 * stored or discarded in the end.
 */

import { hashBytes } from '../../bytes/hash.js'
import { performance } from '../../clock/platform.js'
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
import { SmallMembers } from './small-members.js'
import { encodeScore, writeListpackHead, writePair } from './sorted-set-listpack.js'

const BUCKETS_BETWEEN_CLOCK_READS = 8
const FOREVER = Number.POSITIVE_INFINITY

export type VisitMember = (member: Buffer, start: number, end: number, score: number) => void

const smallMembers = new SmallMembers()

export class SortedSetBuilder {
  private readonly entries: Entries
  private small: SmallMembers | null = null
  private largeSet: LargeSortedSet | null = null
  /** Puts what is appended to a large one in order at once. */
  private appended: TreeBuilder<Member> | null = null
  /** Where order() goes on in the table of a large one. */
  private cursor = 0

  /** @param atOnce the set is put together, and stored or discarded, before anything else happens. */
  constructor(entries: Entries, atOnce: boolean) {
    this.entries = entries
    if (!atOnce) {
      this.largeSet = unordered(entries)
      return
    }
    this.small = smallMembers
    smallMembers.clear()
  }

  /** The object that a large one is. */
  get large(): LargeSortedSet {
    if (this.largeSet === null) throw new Error('sorted set: a small one is no object')
    return this.largeSet
  }

  get count(): number {
    return this.small?.count ?? this.large.table.count
  }

  /** A number or an address for a member, for as long as no other is found, added or removed; 0 when it is not there. O(1). */
  find(hash: number, member: Buffer, start: number, end: number): number {
    return this.small?.find(hash, member, start, end) ?? this.large.find(hash, member, start, end)
  }

  /** Score of the member that find() has found. */
  scoreOf(found: number): number {
    return this.small?.scoreOf(found) ?? this.large.scoreOf(found)
  }
  setScore(found: number, score: number): void {
    if (this.small !== null) this.small.setScore(found, score)
    else this.large.setUnordered(found, score)
  }
  remove(found: number): void {
    if (this.small !== null) this.small.remove(found)
    else this.large.removeUnordered(found)
  }

  /** Adds a member that is not there. It is copied. O(1), but for the one call that makes it a large one. */
  add(hash: number, member: Buffer, start: number, end: number, score: number): void {
    if (this.small?.add(hash, member, start, end, score)) return
    this.grow()
    this.large.addUnordered(hash, member, start, end, score)
  }

  /** Adds a member that comes behind all others, of which none is going to be looked for. Instead of add(). O(1). */
  append(member: Buffer, start: number, end: number, score: number): void {
    if (this.small?.append(member, start, end, score)) return
    const { small } = this
    if (small !== null) {
      this.grow(null)
      this.appended = new TreeBuilder(this.large.tree)
      small.iterateUnordered(this.appendToLarge)
    }
    this.appendToLarge(member, start, end, score)
  }

  private readonly appendToLarge = (member: Buffer, start: number, end: number, score: number): void => {
    const element = this.large.addUnordered(hashBytes(member, start, end), member, start, end, score)
    this.appended?.add(doubleHigh(score), doubleLow(score), element)
  }

  /** Makes a small one a large one, of these members. */
  private grow(members: SmallMembers | null = this.small): void {
    if (this.small === null) return
    this.small = null
    this.largeSet = unordered(this.entries)
    members?.iterateUnordered(this.appendToLarge)
  }

  /** Puts all members in order, until `deadlineMs` (performance.now()); true when that is done. O(log n) a member. */
  order(deadlineMs: number): boolean {
    if (this.small !== null) {
      this.small.order()
      return true
    }
    const { large } = this
    if (this.appended !== null) {
      this.appended.finish()
      this.appended = null
      large.inOrder = true
    }
    for (let buckets = 1; !large.inOrder; buckets++) {
      this.cursor = large.table.scan(this.cursor, this.orderOne)
      large.inOrder = this.cursor === 0
      if (deadlineMs === FOREVER || buckets % BUCKETS_BETWEEN_CLOCK_READS !== 0) continue
      if (performance.now() >= deadlineMs) break
    }
    return large.inOrder
  }

  private readonly orderOne = (element: number): void => this.large.order(element)

  /** Calls `visit` with every member, in order. O(n). */
  iterate(visit: VisitMember): void {
    if (this.small !== null) {
      this.small.iterate(visit)
      return
    }
    const { entries, large } = this
    large.iterate(0, large.count, false, element => {
      const start = entries.keyStart(element)
      const end = start + entries.keyLength(element)
      visit(entries.memory(element), start, end, elementScore(entries, element))
    })
  }

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
      this.grow()
      this.order(FOREVER)
      const placed = db.place(address, key, start, end, TYPE_ZSET, ENCODING_AGGREGATE, 0, expiryMs)
      db.entries.setPayload(placed, db.keyspace.aggregates.add(this.large))
      return
    }
    createListpack(db, address, key, start, end, TYPE_ZSET, size, expiryMs)
    const { at, buffer } = listpackGap
    let pos = writeListpackHead(buffer, at, size, this.count)
    this.iterate((member, memberStart, memberEnd, score) => {
      encodeScore(score)
      pos = writePair(buffer, pos, member, memberStart, memberEnd)
    })
    this.discard(db.keyspace)
  }

  /** Bytes of the sorted set as a listpack; 0 where it is not to be one (zsetConvertToListpackIfNeeded in t_zset.c). */
  private listpackSize({ maxEntries, maxValueBytes }: SortedSetLimits): number {
    if (this.count > maxEntries) return 0
    let size = LP_EMPTY_SIZE
    let memberBytes = 0
    let longest = 0
    this.iterate((member, start, end, score) => {
      longest = Math.max(longest, end - start)
      memberBytes += end - start
      size += lpEncodedSize(member, start, end) + encodeScore(score)
    })
    return longest > maxValueBytes || memberBytes > LP_MAX_BYTES ? 0 : size
  }

  /** Nobody needs it any more, but for views of it; it is freed in slices. */
  discard(keyspace: Keyspace): void {
    if (this.largeSet !== null) keyspace.discard(this.largeSet)
  }
}

function unordered(entries: Entries): LargeSortedSet {
  const set = new LargeSortedSet(entries)
  set.inOrder = false
  return set
}
