/**
 * The sorted set type. A small one is a listpack (sorted-set-listpack.ts) in the key's slot (listpack-value.ts), a large one an object
 * (large-sorted-set.ts). It turns from the one into the other by zset-max-listpack-entries and zset-max-listpack-value, and back only
 * when it is put together anew (sorted-set-builder.ts).
 */
import { copyBytes } from '../../bytes/copy.js'
import { hashBytes } from '../../bytes/hash.js'
import { type Database, NEVER } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_ZSET } from '../../store/entries.js'
import { lpBytes, lpEntrySize, lpFirst, lpLength, lpNext, lpSeek } from '../../store/listpack/listpack.js'
import { LP_MAX_BYTES, lpEncodedSize } from '../../store/listpack/listpack-edit.js'
import { ByteRange } from '../byte-range.js'
import {
  createListpack,
  listpackBuffer,
  listpackGap,
  listpackStart,
  replaceByTable,
  spliceListpack,
} from '../listpack-value.js'
import type { SortedSetLimits } from '../value-limits.js'
import { elementScore, LargeSortedSet } from './large-sorted-set.js'
import { AT_BYTES, type LexRange } from './lex-range.js'
import type { ScoreRange } from './score-range.js'
import {
  emptyListpack,
  encodeScore,
  findMember,
  gathered,
  gatherNone,
  gatherPair,
  movePair,
  nextPair,
  placeAgain,
  placeFor,
  previousPair,
  type Span,
  scoreAt,
  spanOfMembers,
  spanOfScores,
  writeFirstPair,
  writePair,
  writeScore,
} from './sorted-set-listpack.js'

/** Conditions of add(). */
export const ONLY_NEW = 1 << 0
export const ONLY_EXISTING = 1 << 1
export const ONLY_GREATER = 1 << 2
export const ONLY_LESS = 1 << 3
/** The score is to be added to the one there is. */
export const INCREMENT = 1 << 4

/** What add() has done: nothing, for a condition did not hold; nothing, as the score was that already; ... */
export const REFUSED = 0
export const UNCHANGED = 1
export const ADDED = 2
export const UPDATED = 3
/** Nothing: the sum of the scores would be none. */
export const NOT_A_NUMBER = 4
export type Outcome = typeof REFUSED | typeof UNCHANGED | typeof ADDED | typeof UPDATED | typeof NOT_A_NUMBER

/**
 * A key's sorted set, while somebody works on it: open it, use it, forget it. It knows the entry's address and follows it when an edit
 * moves the entry. One object can serve any number of sorted sets in turn.
 */
export class SortedSet {
  /** Address of the key's entry; 0 when there is no such key (yet, or any more). */
  address = 0
  /** The score that the member has after add() or rank(). */
  score = 0
  private db!: Database
  private key: Buffer = emptyListpack
  private keyStart = 0
  private keyEnd = 0
  private expiryMs = NEVER
  private asLarge = false
  private readonly member = new ByteRange()
  private readonly text = new ByteRange()

  /** Works on the sorted set at `address` (0: there is none, for reading) from here on. */
  open(db: Database, address: number): void {
    this.db = db
    this.address = address
  }

  /**
   * Works on a key that is not there: the first add() inserts it (`db.hash` has to be its hash until then), so that the keyspace never
   * holds an empty sorted set.
   */
  openNew(db: Database, key: Buffer, start: number, end: number, expiryMs: number = NEVER): void {
    this.db = db
    this.address = 0
    this.key = key
    this.keyStart = start
    this.keyEnd = end
    this.expiryMs = expiryMs
    this.asLarge = false
  }

  /** Says that up to `members` members are about to be added: too many for a listpack make it a large one at once. */
  expect(members: number, limits: SortedSetLimits): void {
    if (members <= limits.maxEntries) return
    if (this.address === 0) this.asLarge = true
    else if (!this.isLarge) this.convert()
  }

  get isLarge(): boolean {
    return this.db.entries.encoding(this.address) === ENCODING_AGGREGATE
  }

  /** The object that a large one is. */
  get large(): LargeSortedSet {
    const { aggregates, entries } = this.db.keyspace
    return aggregates.get(entries.payload(this.address)) as LargeSortedSet
  }

  /** Number of members. O(1), unless somebody allows listpacks of over 32 000 members. */
  get length(): number {
    if (this.address === 0) return 0
    if (this.isLarge) return this.large.count
    return lpLength(this.listpack, this.listpackAt) >>> 1
  }

  /** The memory that the listpack of a small one lies in, from `listpackAt` on: valid until it changes. */
  get listpack(): Buffer {
    return listpackBuffer(this.db.entries, this.address)
  }

  get listpackAt(): number {
    return listpackStart(this.db.entries, this.address)
  }

  /** Score of a member; NaN when it is not there. `hash`: the member's, for a large one, if it is known; here and below. */
  scoreOf(member: Buffer, start: number, end: number, hash?: number): number {
    if (this.address === 0) return Number.NaN
    if (this.isLarge) {
      const { large } = this
      const element = large.find(hash ?? hashBytes(member, start, end), member, start, end)
      return element === 0 ? Number.NaN : large.scoreOf(element)
    }
    const { listpack } = this
    const pos = findMember(listpack, this.listpackAt, member, start, end)
    return pos < 0 ? Number.NaN : scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  }

  /**
   * How many members come before this one, which leaves its score in `score`; -1 when it is not there. O(log n); O(n) in a
   * listpack.
   */
  rank(member: Buffer, start: number, end: number, hash?: number): number {
    if (this.address === 0) return -1
    if (this.isLarge) {
      const { large } = this
      const element = large.find(hash ?? hashBytes(member, start, end), member, start, end)
      if (element === 0) return -1
      this.score = large.scoreOf(element)
      return large.rankOf(element, member, start, end)
    }
    const { listpack, listpackAt } = this
    const pos = findMember(listpack, listpackAt, member, start, end)
    if (pos < 0) return -1
    this.score = scoreAt(listpack, pos + lpEntrySize(listpack, pos))
    let rank = 0
    for (let at = previousPair(listpack, listpackAt, pos); at >= 0; rank++) at = previousPair(listpack, listpackAt, at)
    return rank
  }

  /**
   * Adds a member, which is copied and must not lie in the store, or gives it another score, as the conditions allow. The score it has
   * then is in `score`. O(log n), but for the one call that turns the listpack into a large one; O(n) in a listpack.
   */
  add(
    member: Buffer,
    start: number,
    end: number,
    score: number,
    conditions: number,
    limits: SortedSetLimits,
    hash?: number,
  ): Outcome {
    if (this.address === 0) {
      if ((conditions & ONLY_EXISTING) !== 0) return REFUSED
      this.score = score
      this.create(member, start, end, score, limits)
      if (!this.isLarge) return ADDED
    } else if (!this.isLarge) {
      const { listpack, listpackAt } = this
      const pos = findMember(listpack, listpackAt, member, start, end)
      if (pos >= 0) {
        const current = scoreAt(listpack, pos + lpEntrySize(listpack, pos))
        const outcome = this.decide(current, score, conditions)
        if (outcome === UPDATED) this.changeInListpack(pos - listpackAt, member, start, end)
        return outcome
      }
      if ((conditions & ONLY_EXISTING) !== 0) return REFUSED
      if (this.fitsListpack(end - start, limits)) {
        this.score = score
        this.insertIntoListpack(member, start, end, score)
        return ADDED
      }
      this.convert()
    }
    return this.addToLarge(member, start, end, score, conditions, hash ?? hashBytes(member, start, end))
  }

  private addToLarge(
    member: Buffer,
    start: number,
    end: number,
    score: number,
    conditions: number,
    hash: number,
  ): Outcome {
    const { large } = this
    const element = large.find(hash, member, start, end)
    if (element === 0) {
      if ((conditions & ONLY_EXISTING) !== 0) return REFUSED
      this.score = score
      large.add(hash, member, start, end, score)
      return ADDED
    }
    const outcome = this.decide(large.scoreOf(element), score, conditions)
    if (outcome === UPDATED) large.changeScore(element, member, start, end, this.score)
    return outcome
  }

  /** What becomes of a member that has the score `current`; its score from now on is left in `score`. */
  private decide(current: number, score: number, conditions: number): Outcome {
    this.score = current
    if (conditions !== 0) {
      if ((conditions & ONLY_NEW) !== 0) return REFUSED
      if ((conditions & INCREMENT) !== 0) {
        score += current
        if (Number.isNaN(score)) return NOT_A_NUMBER
      }
      if ((conditions & ONLY_LESS) !== 0 && score >= current) return REFUSED
      if ((conditions & ONLY_GREATER) !== 0 && score <= current) return REFUSED
    }
    this.score = score
    return score === current ? UNCHANGED : UPDATED
  }

  /**
   * Begins with several members at once, buffer[starts[i], ends[i]) for i = `first`, `first` + `step`, ..., with these scores: the
   * entry of a new small set is made once instead of growing. False, with nothing done: they have to be added one by one.
   */
  addFirst(
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    step: number,
    members: number,
    scores: Float64Array,
    limits: SortedSetLimits,
  ): boolean {
    if (this.address !== 0 || this.asLarge) return false
    gatherNone()
    for (let i = 0; i < members; i++) {
      const at = first + step * i
      if (ends[at] - starts[at] > limits.maxValueBytes) return false
      if (!gatherPair(buffer, starts[at], ends[at], scores[i])) return false
    }
    const size = lpBytes(gathered, 0)
    this.address = createListpack(this.db, 0, this.key, this.keyStart, this.keyEnd, TYPE_ZSET, size, this.expiryMs)
    copyBytes(gathered, 0, size, listpackGap.buffer, listpackGap.at)
    return true
  }

  private create(member: Buffer, start: number, end: number, score: number, limits: SortedSetLimits): void {
    const { db } = this
    if (this.asLarge || limits.maxEntries < 1 || end - start > limits.maxValueBytes) {
      const large = new LargeSortedSet(db.entries)
      this.address = db.place(0, this.key, this.keyStart, this.keyEnd, TYPE_ZSET, ENCODING_AGGREGATE, 0, this.expiryMs)
      db.entries.setPayload(this.address, db.keyspace.aggregates.add(large))
      return
    }
    const size = emptyListpack.length + lpEncodedSize(member, start, end) + encodeScore(score)
    this.address = createListpack(db, 0, this.key, this.keyStart, this.keyEnd, TYPE_ZSET, size, this.expiryMs)
    writeFirstPair(listpackGap.buffer, listpackGap.at, member, start, end)
  }

  private fitsListpack(memberBytes: number, limits: SortedSetLimits): boolean {
    return (
      memberBytes <= limits.maxValueBytes &&
      this.length < limits.maxEntries &&
      lpBytes(this.listpack, this.listpackAt) + memberBytes <= LP_MAX_BYTES
    )
  }

  private insertIntoListpack(member: Buffer, start: number, end: number, score: number): void {
    const place = placeFor(this.listpack, this.listpackAt, score, member, start, end)
    const size = lpEncodedSize(member, start, end) + encodeScore(score)
    this.address = spliceListpack(this.db, this.address, place, 0, 2, size)
    writePair(listpackGap.buffer, listpackGap.at, member, start, end)
  }

  /** The member's pair is so far behind the listpack's start; it gets the score in `score`, and its place. */
  private changeInListpack(offset: number, member: Buffer, start: number, end: number): void {
    const { held } = this.db.entries
    const { score } = this
    const size = encodeScore(score)
    const pos = this.listpackAt + offset
    const scorePos = pos + lpEntrySize(this.listpack, pos)
    if (lpEntrySize(this.listpack, scorePos) === size) {
      if (held.active) held.beforeWrite(this.listpack, scorePos, scorePos + size)
      writeScore(this.listpack, scorePos)
    } else {
      this.address = spliceListpack(this.db, this.address, scorePos, 1, 1, size)
      writeScore(listpackGap.buffer, listpackGap.at)
    }
    const { listpack, listpackAt } = this
    const from = listpackAt + offset
    const behind = nextPair(listpack, from)
    const place = placeAgain(listpack, listpackAt, from, score, member, start, end)
    if (place === from || place === behind) return
    if (held.active) held.beforeWrite(listpack, Math.min(from, place), Math.max(behind, place))
    movePair(listpack, from, place)
  }

  /** Turns a listpack into a large one. O(n). */
  convert(): void {
    const { db } = this
    const large = new LargeSortedSet(db.entries)
    this.iterateRange(0, this.length, false, ({ buffer, end, start }, score) => {
      large.add(hashBytes(buffer, start, end), buffer, start, end, score)
    })
    this.address = replaceByTable(db, this.address, large)
  }

  /** Removes a member, and the key with the last one: `address` is 0 then. False: it is not there. O(log n); O(n) in a listpack. */
  remove(member: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.address === 0) return false
    if (this.isLarge) {
      const { large } = this
      const element = large.find(hash ?? hashBytes(member, start, end), member, start, end)
      if (element === 0) return false
      if (large.count === 1) this.removeKey()
      else large.remove(element, member, start, end)
      return true
    }
    const pos = findMember(this.listpack, this.listpackAt, member, start, end)
    if (pos < 0) return false
    if (this.length === 1) this.removeKey()
    else this.address = spliceListpack(this.db, this.address, pos, 2, 0, 0)
    return true
  }

  /** Removes the members of ranks [from, to), and the key if these are all. O((to - from) + log n); O(n) in a listpack. */
  removeRange(from: number, to: number): void {
    const { length } = this
    if (from >= to) return
    if (to - from >= length) this.removeKey()
    else if (this.isLarge) this.large.removeRange(from, to)
    else {
      const pos = lpSeek(this.listpack, this.listpackAt, from * 2)
      this.address = spliceListpack(this.db, this.address, pos, (to - from) * 2, 0, 0)
    }
  }

  private removeKey(): void {
    this.db.remove(this.address)
    this.address = 0
  }

  // Ranges

  /** Finds the ranks whose scores lie in a range. O(log n); O(n) in a listpack. */
  spanOfScores(range: ScoreRange, span: Span): void {
    span.from = span.to = 0
    if (this.address === 0 || range.isEmpty) return
    if (this.isLarge) {
      const { large } = this
      span.from = large.countBelow(range.min, range.minExclusive)
      span.to = Math.max(span.from, large.countBelow(range.max, !range.maxExclusive))
    } else spanOfScores(this.listpack, this.listpackAt, range, span)
  }

  /**
   * Finds the ranks whose members lie in a range, all scores being equal; otherwise it is some such span or none. O(log n); O(n) in
   * a listpack.
   */
  spanOfMembers(range: LexRange, reverse: boolean, span: Span): void {
    span.from = span.to = 0
    if (this.address === 0 || range.isEmpty) return
    if (!this.isLarge) {
      spanOfMembers(this.listpack, this.listpackAt, range, reverse, span)
      return
    }
    const { large } = this
    const { max, min } = range
    const score = large.scoreOf(large.at(0))
    if (large.scoreOf(large.at(large.count - 1)) !== score) {
      span.from = this.firstRankWhere(element => this.testElement(element, range, true))
      span.to = Math.max(
        span.from,
        this.firstRankWhere(element => !this.testElement(element, range, false)),
      )
      return
    }
    span.from = min.place === AT_BYTES ? large.countBelowMember(score, min, min.exclusive) : 0
    span.to = max.place === AT_BYTES ? large.countBelowMember(score, max, !max.exclusive) : large.count
  }

  private testElement(element: number, range: LexRange, reaches: boolean): boolean {
    const { member } = this
    member.readElement(this.db.entries, element)
    if (reaches) return range.reaches(member.buffer, member.start, member.end)
    return range.holds(member.buffer, member.start, member.end)
  }

  /** By halves, whether or not the members are in order. O(log² n). */
  private firstRankWhere(test: (element: number) => boolean): number {
    const { large } = this
    let from = 0
    let to = large.count
    while (from < to) {
      const middle = (from + to) >>> 1
      if (test(large.at(middle))) to = middle
      else from = middle + 1
    }
    return from
  }

  /** Shows the member at a rank, of those there are, and returns its score. O(log n); O(n) in a listpack. */
  showAt(rank: number, member: ByteRange): number {
    if (this.isLarge) {
      const element = this.large.at(rank)
      member.readElement(this.db.entries, element)
      return elementScore(this.db.entries, element)
    }
    const { listpack } = this
    const pos = lpSeek(listpack, this.listpackAt, rank * 2)
    member.readListpack(listpack, pos)
    return scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  }

  /**
   * Calls `visit` with the members of ranks [from, to) and their scores, from the first to the last or the other way round; the range
   * is reused. `visit` must not change the sorted set. O((to - from) + log n).
   */
  iterateRange(from: number, to: number, reverse: boolean, visit: (member: ByteRange, score: number) => void): void {
    if (from >= to) return
    const { member } = this
    if (this.isLarge) {
      const { entries } = this.db
      this.large.iterate(from, to, reverse, element => {
        member.readElement(entries, element)
        visit(member, elementScore(entries, element))
      })
      return
    }
    const { listpack, listpackAt } = this
    let pos = lpSeek(listpack, listpackAt, (reverse ? to - 1 : from) * 2)
    for (let left = to - from; left > 0; left--) {
      member.readListpack(listpack, pos)
      visit(member, scoreAt(listpack, pos + lpEntrySize(listpack, pos)))
      pos = reverse ? previousPair(listpack, listpackAt, pos) : nextPair(listpack, pos)
    }
  }

  /** As iterateRange(), all of a small sorted set, with the scores as they are stored. */
  iterateTexts(visit: (member: ByteRange, score: ByteRange) => void): void {
    const { listpack, listpackAt, member, text } = this
    for (let pos = lpFirst(listpack, listpackAt); pos >= 0; pos = lpNext(listpack, listpackAt, pos)) {
      member.readListpack(listpack, pos)
      pos += lpEntrySize(listpack, pos)
      text.readListpack(listpack, pos)
      visit(member, text)
    }
  }

  /** A copy of a small sorted set's listpack. */
  listpackCopy(): Buffer {
    const { listpack, listpackAt } = this
    return Buffer.from(listpack.subarray(listpackAt, listpackAt + lpBytes(listpack, listpackAt)))
  }
}
