/**
 * Set values. A small set of integers is an intset, another small one a listpack, both in Redis's own formats, in the key's entry or
 * a Buffer of their own (packed-value.ts); past the limits of redis.conf it is a table of elements (element-table.ts). A set that
 * has grown into another encoding keeps it. Source of which one is when: t_set.c.
 */
import { copyBytes } from '../../bytes/copy.js'
import { type Database, NEVER } from '../../store/database.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from '../../store/entries.js'
import {
  INTSET_HEADER_SIZE,
  INTSET_MAX_LENGTH,
  intsetEmpty,
  intsetGrownBytes,
  intsetInsertInto,
  intsetLength,
  intsetOf,
  intsetSearch,
} from '../../store/intset.js'
import { LP_EMPTY_SIZE, lpBytes, lpLength } from '../../store/listpack/listpack.js'
import { LP_MAX_BYTES, lpEmpty, lpEncodedSize, lpInsertInto } from '../../store/listpack/listpack-edit.js'
import { int64Halves, parseInt64Halves } from '../../store/listpack/listpack-int64.js'
import { AHEAD_MAX, LookAhead } from '../../store/table/look-ahead.js'
import type { ByteRange } from '../byte-range.js'
import { addElement, createElementTable, deleteElement, insertElement, removeElement } from '../element-table.js'
import { spliceListpack } from '../listpack-value.js'
import { createPacked, packedGap, replaceByTable } from '../packed-value.js'
import type { SetLimits } from '../value-limits.js'
import { GatheredSet, type SmallEncoding, TOO_MUCH } from './gathered-set.js'
import { mayBecomeListpack } from './intset-to-listpack.js'
import { OpenSet } from './open-set.js'
import {
  appendMember,
  appendToIntset,
  insertInteger,
  removeInteger,
  removePlaces,
  replaceByIntset,
} from './packed-edit.js'
import { findInIntset, findInListpack } from './packed-members.js'

/** How a new set begins: as its first member and the number of those expected say (setTypeCreate), or in an encoding given. */
const BY_FIRST_MEMBER = 0
type Beginning = typeof BY_FIRST_MEMBER | SmallEncoding | typeof ENCODING_AGGREGATE

const NO_BYTES = Buffer.alloc(0)
/** To be read only. */
const emptyIntset = Buffer.alloc(INTSET_HEADER_SIZE)
intsetEmpty(emptyIntset, 0)
const emptyListpack = Buffer.alloc(LP_EMPTY_SIZE)
lpEmpty(emptyListpack, 0)

const gathered = new GatheredSet()

/**
 * A key's set, while somebody works on it: open it, use it, forget it. It knows the entry's address and follows it when an
 * edit moves the entry. One object can serve any number of sets in turn.
 */
export class MemberSet extends OpenSet {
  private key: Buffer = NO_BYTES
  private keyStart = 0
  private keyEnd = 0
  private expiryMs = NEVER
  private beginning: Beginning = BY_FIRST_MEMBER
  /** How many members are about to come, as far as that is known. */
  private expected = 1
  private readonly ahead = new LookAhead()

  /**
   * Works on a key that is not there: the first add() inserts it (`db.hash` has to be its hash until then), so that the
   * keyspace never holds an empty set. `beginning`: the encoding to begin with (ENCODING_INTSET, ENCODING_LISTPACK or
   * ENCODING_AGGREGATE), whatever comes first.
   */
  openNew(
    db: Database,
    key: Buffer,
    start: number,
    end: number,
    expiryMs: number = NEVER,
    beginning: Beginning = BY_FIRST_MEMBER,
  ): void {
    this.db = db
    this.address = 0
    this.key = key
    this.keyStart = start
    this.keyEnd = end
    this.expiryMs = expiryMs
    this.beginning = beginning
    this.expected = 1
  }

  /** Says that up to `members` are about to be added: too many for a small set make a table at once. */
  expect(members: number, limits: SetLimits): void {
    this.expected = members
    if (this.address === 0 || this.isTable) return
    const most = this.isIntset ? limits.maxIntsetEntries : limits.maxListpackEntries
    if (members > most) this.convert()
  }

  /**
   * Adds member[start, end), which is copied, and must not lie in this set. Returns true when it is new. O(1) in a table, but for
   * the one call that makes the table.
   */
  add(member: Buffer, start: number, end: number, limits: SetLimits, hash?: number): boolean {
    if (this.address === 0) {
      this.create(member, start, end, limits, hash)
      return true
    }
    if (!this.isTable) {
      if (!this.isIntset) return this.addToListpack(member, start, end, limits, hash)
      if (parseInt64Halves(member, start, end)) return this.addToIntset(int64Halves[0], int64Halves[1], limits)
      this.addStringToIntset(member, start, end, limits, hash)
      return true
    }
    return addElement(this.db.keyspace, this.table, member, start, end, hash)
  }

  /**
   * Adds the members buffer[starts[i], ends[i]) from i = `first` to before `behind`. Returns how many are new. `firstHash`: the
   * hash of the first one, if it is known.
   */
  addAll(
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    limits: SetLimits,
    firstHash?: number,
  ): number {
    if (behind - first > 1) {
      this.expect(behind - first, limits)
      if (this.address === 0) {
        const encoding = this.firstEncoding(buffer, starts[first], ends[first], limits)
        if (encoding !== ENCODING_AGGREGATE && gather(buffer, starts, ends, first, behind, limits, encoding)) {
          this.addGathered(gathered)
          return gathered.length
        }
      }
    }
    let added = 0
    /** The members from `from` to before `until` have been looked at ahead. */
    let from = first
    let until = first
    for (let i = first; i < behind; i++) {
      if (i >= until && behind - i > 1 && this.address !== 0 && this.isTable) {
        from = i
        until = Math.min(behind, i + AHEAD_MAX)
        for (let member = from; member < until; member++) this.ahead.add(buffer, starts[member], ends[member])
        this.ahead.run(this.table)
      }
      const hash = i < until ? this.ahead.hashes[i - from] : i === first ? firstHash : undefined
      if (this.add(buffer, starts[i], ends[i], limits, hash)) added++
    }
    return added
  }

  /** The encoding that a new set begins with (setTypeCreate). */
  private firstEncoding(
    member: Buffer,
    start: number,
    end: number,
    limits: SetLimits,
  ): SmallEncoding | typeof ENCODING_AGGREGATE {
    if (this.beginning !== BY_FIRST_MEMBER) return this.beginning
    if (this.expected <= limits.maxIntsetEntries && parseInt64Halves(member, start, end)) return ENCODING_INTSET
    return this.expected <= limits.maxListpackEntries ? ENCODING_LISTPACK : ENCODING_AGGREGATE
  }

  /** Makes the key, with its first member. */
  private create(member: Buffer, start: number, end: number, limits: SetLimits, hash?: number): void {
    const encoding = this.firstEncoding(member, start, end, limits)
    const isInteger = encoding === ENCODING_INTSET && parseInt64Halves(member, start, end)
    if (isInteger && limits.maxIntsetEntries > 0) {
      const low = int64Halves[0]
      const high = int64Halves[1]
      this.createPacked(ENCODING_INTSET, intsetGrownBytes(emptyIntset, 0, low, high))
      intsetInsertInto(emptyIntset, 0, packedGap.buffer, packedGap.at, 0, low, high)
      return
    }
    const isShort = limits.maxListpackEntries > 0 && end - start <= limits.maxListpackValueBytes
    if (encoding !== ENCODING_AGGREGATE && !isInteger && isShort) {
      this.createPacked(ENCODING_LISTPACK, LP_EMPTY_SIZE + lpEncodedSize(member, start, end))
      lpInsertInto(emptyListpack, 0, packedGap.buffer, packedGap.at, -1, member, start, end)
      return
    }
    const { db } = this
    this.address = db.place(0, this.key, this.keyStart, this.keyEnd, TYPE_SET, ENCODING_AGGREGATE, 0, this.expiryMs)
    db.entries.setPayload(this.address, db.keyspace.aggregates.add(createElementTable(db.entries)))
    addElement(db.keyspace, this.table, member, start, end, hash)
  }

  private createPacked(encoding: number, size: number): void {
    const { expiryMs, key, keyEnd, keyStart } = this
    this.address = createPacked(this.db, 0, key, keyStart, keyEnd, TYPE_SET, encoding, size, expiryMs)
  }

  /** Makes the key, with the members that have been gathered: one at least. */
  addGathered({ buffer, encoding, size }: GatheredSet): void {
    this.createPacked(encoding, size)
    copyBytes(buffer, 0, size, packedGap.buffer, packedGap.at)
  }

  private addToListpack(member: Buffer, start: number, end: number, limits: SetLimits, hash?: number): boolean {
    const { at, bytes } = this
    if (findInListpack(bytes, at, member, start, end) >= 0) return false
    const length = end - start
    if (
      lpLength(bytes, at) >= limits.maxListpackEntries ||
      length > limits.maxListpackValueBytes ||
      lpBytes(bytes, at) + length > LP_MAX_BYTES
    ) {
      this.convert()
      return addElement(this.db.keyspace, this.table, member, start, end, hash)
    }
    this.address = appendMember(this.db, this.address, member, start, end)
    return true
  }

  private addToIntset(low: number, high: number, limits: SetLimits): boolean {
    const { at, bytes } = this
    const index = intsetSearch(bytes, at, low, high)
    if (index >= 0) return false
    const length = intsetLength(bytes, at) + 1
    this.address = insertInteger(this.db, this.address, -1 - index, low, high)
    if (length > limits.maxIntsetEntries || length > INTSET_MAX_LENGTH) this.convert()
    return true
  }

  /** Adds what is no integer: the set becomes a listpack, or a table. */
  private addStringToIntset(member: Buffer, start: number, end: number, limits: SetLimits, hash?: number): void {
    if (mayBecomeListpack(this.bytes, this.at, end - start, limits)) {
      this.address = appendToIntset(this.db, this.address, member, start, end)
      return
    }
    this.convert()
    addElement(this.db.keyspace, this.table, member, start, end, hash)
  }

  /** Turns a small set into a table. O(n). */
  convert(): void {
    const { db } = this
    const table = createElementTable(db.entries)
    this.iterate(({ buffer, end, start }) => insertElement(db.entries, table, buffer, start, end))
    this.address = replaceByTable(db, this.address, table)
  }

  /** Turns a set of nothing but integers into an intset, if there are not too many of them. O(n). */
  convertToIntset(limits: SetLimits): void {
    if (this.isIntset || this.length > limits.maxIntsetEntries || this.length > INTSET_MAX_LENGTH) return
    const halves = new Int32Array(2 * this.length)
    let at = 0
    this.iterate(({ buffer, end, start }) => {
      if (!parseInt64Halves(buffer, start, end)) throw new Error('set: a member that is no integer')
      halves[at++] = int64Halves[0]
      halves[at++] = int64Halves[1]
    })
    this.address = replaceByIntset(this.db, this.address, intsetOf(halves))
  }

  /** Removes member[start, end), and with the last one the key (`address` is 0 then). False: it is not there. O(1) in a table. */
  delete(member: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.address === 0) return false
    if (this.isTable) {
      const { table } = this
      if (!deleteElement(this.db.keyspace, table, member, start, end, hash)) return false
      if (table.count === 0) this.removeKey()
      return true
    }
    const { at, bytes } = this
    if (this.isIntset) {
      const index = findInIntset(bytes, at, member, start, end)
      if (index < 0) return false
      this.removeFromIntset(index)
      return true
    }
    const pos = findInListpack(bytes, at, member, start, end)
    if (pos < 0) return false
    this.removeFromListpack(pos)
    return true
  }

  private removeFromIntset(index: number): void {
    if (intsetLength(this.bytes, this.at) === 1) this.removeKey()
    else this.address = removeInteger(this.db, this.address, index)
  }

  private removeFromListpack(pos: number): void {
    if (lpLength(this.bytes, this.at) === 1) this.removeKey()
    else this.address = spliceListpack(this.db, this.address, pos, 1, 0, 0)
  }

  private removeKey(): void {
    this.db.remove(this.address)
    this.address = 0
  }

  /** Removes the member that random() has just shown, and with the last one the key (`address` is 0 then). O(1) in a table. */
  deleteDrawn(): void {
    if (this.isTable) {
      const { table } = this
      removeElement(this.db.keyspace, table, this.drawn)
      if (table.count === 0) this.removeKey()
    } else if (this.isIntset) this.removeFromIntset(this.drawn)
    else this.removeFromListpack(this.at + this.drawn)
  }

  /**
   * Removes `count` random members of a small set, which has more, and calls `visit` with each: every choice is as likely, and they
   * come in the set's order (selection sampling: Knuth, 3.4.2 S). O(n).
   */
  removeSome(count: number, visit: (member: ByteRange) => void): void {
    const { packed, range } = this
    const places = new Int32Array(count)
    let chosen = 0
    let left = packed.length
    for (let place = packed.first; chosen < count; place = packed.next(place), left--) {
      if (Math.random() * left >= count - chosen) continue
      packed.show(place, range)
      visit(range)
      places[chosen++] = place
    }
    this.address = removePlaces(this.db, this.address, packed, places)
  }
}

/** Gathers the members of addAll(); false when they make no small set. */
function gather(
  buffer: Buffer,
  starts: Int32Array,
  ends: Int32Array,
  first: number,
  behind: number,
  limits: SetLimits,
  encoding: SmallEncoding,
): boolean {
  gathered.begin(encoding)
  for (let i = first; i < behind; i++) if (gathered.add(buffer, starts[i], ends[i], limits) === TOO_MUCH) return false
  return true
}
