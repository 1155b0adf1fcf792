/**
 * Members and their scores while a small sorted set is put together: in memory that is used again for the next one, without an
 * entry, a table or a tree. One command at a time has them.
 */
import { compareBytes } from '../../bytes/compare.js'
import { copyBytes } from '../../bytes/copy.js'

const MOST_MEMBERS = 1024
const MOST_BYTES = 64 * 1024
/** Places of a hash table with linear probing, at most half full. */
const SLOTS = 2 * MOST_MEMBERS
const NO_MEMBER = 0
/** In place of where it ends, of a member that has been removed. */
const REMOVED = -1

export class SmallMembers {
  /** Members there are. */
  count = 0
  private readonly bytes = Buffer.alloc(MOST_BYTES)
  private readonly starts = new Int32Array(MOST_MEMBERS)
  private readonly ends = new Int32Array(MOST_MEMBERS)
  private readonly hashes = new Int32Array(MOST_MEMBERS)
  private readonly scores = new Float64Array(MOST_MEMBERS)
  /** A member's number, counted from 1. */
  private readonly slots = new Uint16Array(SLOTS)
  private readonly ranks = new Uint16Array(MOST_MEMBERS)
  private added = 0
  private usedBytes = 0
  /** The slots are in use. */
  private hashed = false

  clear(): void {
    if (this.hashed) this.slots.fill(NO_MEMBER)
    this.hashed = false
    this.count = this.added = this.usedBytes = 0
  }

  /** Number of a member, counted from 1; 0 when it is not there. O(1). */
  find(hash: number, member: Buffer, start: number, end: number): number {
    const { bytes, ends, hashes, slots, starts } = this
    for (let slot = hash & (SLOTS - 1); slots[slot] !== NO_MEMBER; slot = (slot + 1) & (SLOTS - 1)) {
      const i = slots[slot] - 1
      if (hashes[i] !== hash || ends[i] === REMOVED) continue
      if (compareBytes(bytes, starts[i], ends[i], member, start, end) === 0) return i + 1
    }
    return NO_MEMBER
  }

  scoreOf(number: number): number {
    return this.scores[number - 1]
  }
  setScore(number: number, score: number): void {
    this.scores[number - 1] = score
  }
  remove(number: number): void {
    this.ends[number - 1] = REMOVED
    this.count--
  }

  /** Adds a member that is not there; it is copied. False: there is no room for it. O(1). */
  add(hash: number, member: Buffer, start: number, end: number, score: number): boolean {
    if (!this.append(member, start, end, score)) return false
    this.hashes[this.added - 1] = hash
    this.hashed = true
    let slot = hash & (SLOTS - 1)
    while (this.slots[slot] !== NO_MEMBER) slot = (slot + 1) & (SLOTS - 1)
    this.slots[slot] = this.added
    return true
  }

  /** As add(), of a member that nobody is going to look for. */
  append(member: Buffer, start: number, end: number, score: number): boolean {
    const { added, usedBytes } = this
    const behind = usedBytes + end - start
    if (added === MOST_MEMBERS || behind > MOST_BYTES) return false
    copyBytes(member, start, end, this.bytes, usedBytes)
    this.starts[added] = usedBytes
    this.ends[added] = behind
    this.scores[added] = score
    this.usedBytes = behind
    this.added++
    this.count++
    return true
  }

  /** Puts the members in order, for iterate(). O(n log n). */
  order(): void {
    const { count, ends, ranks } = this
    let next = 0
    for (let i = 0; i < this.added; i++) if (ends[i] !== REMOVED) ranks[next++] = i
    ranks.subarray(0, count).sort(this.compare)
  }

  private readonly compare = (a: number, b: number): number => {
    const { bytes, ends, scores, starts } = this
    if (scores[a] !== scores[b]) return scores[a] < scores[b] ? -1 : 1
    return compareBytes(bytes, starts[a], ends[a], bytes, starts[b], ends[b])
  }

  /** Calls `visit` with every member: in order once order() has been called. O(n). */
  iterate(visit: (member: Buffer, start: number, end: number, score: number) => void): void {
    const { bytes, count, ends, ranks, scores, starts } = this
    for (let rank = 0; rank < count; rank++) {
      const i = ranks[rank]
      visit(bytes, starts[i], ends[i], scores[i])
    }
  }

  /** The same in the order in which they came. O(n). */
  iterateUnordered(visit: (member: Buffer, start: number, end: number, score: number) => void): void {
    const { bytes, ends, scores, starts } = this
    for (let i = 0; i < this.added; i++) if (ends[i] !== REMOVED) visit(bytes, starts[i], ends[i], scores[i])
  }
}
