/**
 * The hash type. A small hash is a listpack of field, value, field, value, ... (listpack-value.ts); a large one is a table
 * of elements (element-table.ts). It turns from the one into the other by hash-max-listpack-entries and
 * hash-max-listpack-value, and never back.
 */

import { copyBytes } from '../../bytes/copy.js'
import { hashBytes } from '../../bytes/hash.js'
import { type Database, NEVER } from '../../store/database.js'
import { ENCODING_AGGREGATE, HAS_EXPIRY, INLINE_VALUE_MAX_BYTES, TYPE_HASH } from '../../store/entries.js'
import {
  lpBytes,
  lpCompare,
  lpEnd,
  lpEntrySize,
  lpFirst,
  lpLength,
  lpNext,
  lpSeek,
} from '../../store/listpack/listpack.js'
import { LP_MAX_BYTES, lpEncodedSize, lpInsertPairInto, lpWriteEntry } from '../../store/listpack/listpack-edit.js'
import { ElementTimes } from '../../store/table/element-times.js'
import type { HashTable } from '../../store/table/hash-table.js'
import { AHEAD_MAX, LookAhead } from '../../store/table/look-ahead.js'
import { ByteRange } from '../byte-range.js'
import {
  adoptElement,
  createElement,
  createElementTable,
  deleteElement,
  findElement,
  forEachElement,
  setElement,
  setElementExpiry,
  tableOf,
} from '../element-table.js'
import {
  createListpack,
  listpackBuffer,
  listpackGap,
  listpackStart,
  replaceByTable,
  spliceListpack,
} from '../listpack-value.js'
import type { HashLimits } from '../value-limits.js'
import { emptyListpack, fieldPositions, findField, gathered, gatherPairs } from './hash-listpack.js'

/** How often a field is drawn in the hope of one that has not expired. */
const MOST_DRAWS = 1000

/**
 * A key's hash, while somebody works on it: open it, use it, forget it. It knows the entry's address and follows it when an
 * edit moves the entry. One object can serve any number of hashes in turn.
 */
export class Hash {
  /** Address of the key's entry; 0 when there is no such key (yet, or any more). */
  address = 0
  private db!: Database
  private key: Buffer = emptyListpack
  private keyStart = 0
  private keyEnd = 0
  private expiryMs = NEVER
  private asTable = false
  /** Offset in the listpack of the field after the one used last, 0 for none: clients tend to name fields in order. */
  private nextField = 0
  /** The element of a field that was not found because it has expired; whoever asks sets it back to 0. */
  hidden = 0
  private readonly ahead = new LookAhead()
  private readonly rangeA = new ByteRange()
  private readonly rangeB = new ByteRange()

  /** Works on the hash at `address` from here on. */
  open(db: Database, address: number): void {
    this.db = db
    this.address = address
    this.nextField = 0
  }

  /**
   * Works on a key that is not there: the first set() inserts it (`db.hash` has to be its hash until then), so that the
   * keyspace never holds an empty hash.
   */
  openNew(db: Database, key: Buffer, start: number, end: number, expiryMs: number = NEVER): void {
    this.db = db
    this.address = 0
    this.key = key
    this.keyStart = start
    this.keyEnd = end
    this.expiryMs = expiryMs
    this.asTable = false
    this.nextField = 0
  }

  /** Says that up to `fields` fields are about to be set: too many for a listpack make a table at once. */
  expect(fields: number, limits: HashLimits): void {
    if (fields <= limits.maxEntries) return
    if (this.address === 0) this.asTable = true
    else if (!this.isTable) this.convert()
  }

  get isTable(): boolean {
    return this.db.entries.encoding(this.address) === ENCODING_AGGREGATE
  }

  /** The table of a large hash. */
  get table(): HashTable {
    return tableOf(this.db.keyspace, this.address)
  }

  /** Number of fields. O(1), unless somebody allows listpacks of over 32 000 fields. */
  get length(): number {
    if (this.address === 0) return 0
    if (this.isTable) return this.table.count
    return lpLength(this.listpack, this.listpackAt) >>> 1
  }

  private get listpack(): Buffer {
    return listpackBuffer(this.db.entries, this.address)
  }

  private get listpackAt(): number {
    return listpackStart(this.db.entries, this.address)
  }

  /** Whether the field is there; if so, `value` shows its value. `hash`: the field's, for a large hash, if it is known. */
  get(field: Buffer, start: number, end: number, value: ByteRange, hash?: number): boolean {
    const { entries } = this.db
    if (this.address === 0) return false
    if (this.isTable) {
      const element = findElement(this.table, field, start, end, hash)
      if (element === 0 || this.hides(element)) return false
      value.readElementValue(entries, element)
      return true
    }
    const { listpack, listpackAt } = this
    const pos = this.findNear(listpack, listpackAt, field, start, end)
    if (pos < 0) return false
    const valueAt = pos + lpEntrySize(listpack, pos)
    value.readListpack(listpack, valueAt)
    this.nextField = valueAt + lpEntrySize(listpack, valueAt) - listpackAt
    return true
  }

  /** As findField, but looks behind the field used last first. */
  private findNear(listpack: Buffer, at: number, field: Buffer, start: number, end: number): number {
    const near = at + this.nextField
    if (this.nextField !== 0 && near < lpEnd(listpack, at) && lpCompare(listpack, near, field, start, end)) return near
    return findField(listpack, at, field, start, end)
  }

  // Fields that expire

  /** When fields expire, if any do or did. */
  get times(): ElementTimes | null {
    return this.address !== 0 && this.isTable ? (this.table.times as ElementTimes | null) : null
  }

  /** Number of fields that have not expired. O(log n). */
  get liveLength(): number {
    const { times } = this
    const { keyspace } = this.db
    return times === null || !keyspace.hidesExpired ? this.length : this.length - times.expiredCount(keyspace.nowMs)
  }

  isExpired(element: number): boolean {
    const { entries, keyspace } = this.db
    if ((entries.meta(element) & HAS_EXPIRY) === 0) return false
    return keyspace.nowMs > entries.expiry(element) && keyspace.hidesExpired
  }

  /** Whether the element that was looked for has expired; `hidden` has it then. */
  private hides(element: number): boolean {
    if (!this.isExpired(element)) return false
    this.hidden = element
    return true
  }

  /** The element of a large hash's field, expired or not; 0: there is none. */
  elementOf(field: Buffer, start: number, end: number, hash?: number): number {
    return findElement(this.table, field, start, end, hash)
  }

  /** The expiry of an element: Unix time in milliseconds; NaN: it has none. */
  expiryOf(element: number): number {
    return this.db.entries.expiry(element)
  }

  /** Makes it a hash whose fields may expire. `key`: its key. */
  makeExpiring(key: Buffer): void {
    if (this.times !== null) return
    const isCompact = !this.isTable
    if (isCompact) this.convert()
    const { table } = this
    table.times = new ElementTimes(table, this.db, key, isCompact)
  }

  /** It is too large for what Redis has in a listpack. */
  private outgrow(): void {
    const { times } = this
    if (times !== null) times.isCompact = false
  }

  /** Gives an element a time at which it expires; NaN: it does not any more. */
  setExpiry(element: number, expiryMs: number): void {
    setElementExpiry(this.db.keyspace, this.table, element, expiryMs)
  }

  /** Whether the field is there. */
  has(field: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.address === 0) return false
    if (this.isTable) {
      const element = findElement(this.table, field, start, end, hash)
      return element !== 0 && !this.hides(element)
    }
    return findField(this.listpack, this.listpackAt, field, start, end) >= 0
  }

  /**
   * Sets a field. Field and value are copied, and must not lie in the store. Returns true when the field is new.
   * O(1), but for the one call that turns the listpack into a table.
   */
  set(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    limits: HashLimits,
    hash?: number,
  ): boolean {
    const tooLong = fieldEnd - fieldStart > limits.maxValueBytes || valueEnd - valueStart > limits.maxValueBytes
    if (this.address === 0) {
      if (!tooLong && !this.asTable && limits.maxEntries > 0) {
        this.createWithPair(field, fieldStart, fieldEnd, value, valueStart, valueEnd)
        return true
      }
      this.createTable()
    } else if (!this.isTable) {
      if (!tooLong) {
        const added = this.setInListpack(field, fieldStart, fieldEnd, value, valueStart, valueEnd, limits)
        if (added !== null) return added
      }
      this.convert()
    }
    const { keyspace } = this.db
    const { table } = this
    const added = setElement(keyspace, table, field, fieldStart, fieldEnd, value, valueStart, valueEnd, hash)
    if (table.times !== null && (tooLong || table.count > limits.maxEntries)) this.outgrow()
    return added
  }

  /**
   * Adds a field with a long value, which fills `value` and becomes the store's own. False when there is such a field. O(1), but
   * for limits that keep long values in a listpack.
   */
  addBuffer(field: Buffer, fieldStart: number, fieldEnd: number, value: Buffer, limits: HashLimits): boolean {
    const isTable = this.address !== 0 && this.isTable
    if (!isTable && (value.length <= limits.maxValueBytes || value.length <= INLINE_VALUE_MAX_BYTES)) {
      return this.set(field, fieldStart, fieldEnd, value, 0, value.length, limits)
    }
    if (this.address === 0) this.createTable()
    else if (!isTable) this.convert()
    this.outgrow()
    return adoptElement(this.db.keyspace, this.table, field, fieldStart, fieldEnd, value)
  }

  /**
   * Sets the fields and values buffer[starts[i], ends[i]) that alternate from i = `first` to before `behind`. Returns how many
   * fields are new. A new small hash is put together first, so that its entry is made once instead of growing field by field.
   */
  setPairs(
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    limits: HashLimits,
    firstHash?: number,
  ): number {
    if (behind - first > 2) {
      this.expect((behind - first) >> 1, limits)
      if (
        this.address === 0 &&
        !this.asTable &&
        gatherPairs(buffer, starts, ends, first, behind, limits.maxValueBytes)
      ) {
        const size = lpBytes(gathered, 0)
        this.address = createListpack(this.db, 0, this.key, this.keyStart, this.keyEnd, TYPE_HASH, size, this.expiryMs)
        copyBytes(gathered, 0, size, listpackGap.buffer, listpackGap.at)
        return lpLength(gathered, 0) >>> 1
      }
    }
    let added = 0
    /** The fields from `from` to before `until` have been looked at ahead. */
    let from = first
    let until = first
    for (let i = first; i < behind; i += 2) {
      if (i >= until && behind - i > 2 && this.address !== 0 && this.isTable) {
        from = i
        until = Math.min(behind, i + 2 * AHEAD_MAX)
        for (let field = from; field < until; field += 2) this.ahead.add(buffer, starts[field], ends[field])
        this.ahead.run(this.table)
      }
      const hash = i < until ? this.ahead.hashes[(i - from) >> 1] : i === first ? firstHash : undefined
      if (this.set(buffer, starts[i], ends[i], buffer, starts[i + 1], ends[i + 1], limits, hash)) added++
    }
    return added
  }

  /** As set() in a listpack; null when the listpack must not grow any more. */
  private setInListpack(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    limits: HashLimits,
  ): boolean | null {
    const { listpack, listpackAt } = this
    const adding = fieldEnd - fieldStart + valueEnd - valueStart
    if (lpBytes(listpack, listpackAt) + adding > LP_MAX_BYTES) return null
    const pos = this.findNear(listpack, listpackAt, field, fieldStart, fieldEnd)
    const valueSize = lpEncodedSize(value, valueStart, valueEnd)
    if (pos >= 0) {
      const valueAt = pos + lpEntrySize(listpack, pos)
      this.nextField = valueAt + valueSize - listpackAt
      if (lpEntrySize(listpack, valueAt) === valueSize) {
        const { held } = this.db.entries
        if (held.active) held.beforeWrite(listpack, valueAt, valueAt + valueSize)
        lpWriteEntry(listpack, valueAt, value, valueStart, valueEnd)
        return false
      }
      this.address = spliceListpack(this.db, this.address, valueAt, 1, 1, valueSize)
      lpWriteEntry(listpackGap.buffer, listpackGap.at, value, valueStart, valueEnd)
      return false
    }
    const pairSize = lpEncodedSize(field, fieldStart, fieldEnd) + valueSize
    this.address = spliceListpack(this.db, this.address, -1, 0, 2, pairSize)
    const behind = lpWriteEntry(listpackGap.buffer, listpackGap.at, field, fieldStart, fieldEnd)
    lpWriteEntry(listpackGap.buffer, behind, value, valueStart, valueEnd)
    if (this.length > limits.maxEntries) this.convert()
    return true
  }

  private createWithPair(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const size =
      emptyListpack.length + lpEncodedSize(field, fieldStart, fieldEnd) + lpEncodedSize(value, valueStart, valueEnd)
    this.address = createListpack(this.db, 0, this.key, this.keyStart, this.keyEnd, TYPE_HASH, size, this.expiryMs)
    lpInsertPairInto(
      emptyListpack,
      0,
      listpackGap.buffer,
      listpackGap.at,
      -1,
      field,
      fieldStart,
      fieldEnd,
      value,
      valueStart,
      valueEnd,
    )
  }

  private createTable(): void {
    const { db } = this
    this.address = db.place(0, this.key, this.keyStart, this.keyEnd, TYPE_HASH, ENCODING_AGGREGATE, 0, this.expiryMs)
    db.entries.setPayload(this.address, db.keyspace.aggregates.add(createElementTable(db.entries)))
  }

  /** Turns a listpack into a table. O(n). */
  convert(): void {
    const { db, listpack, listpackAt } = this
    const field = this.rangeA
    const value = this.rangeB
    const { entries } = db
    const table = createElementTable(entries)
    for (let pos = lpFirst(listpack, listpackAt); pos >= 0; pos = lpNext(listpack, listpackAt, pos)) {
      field.readListpack(listpack, pos)
      pos += lpEntrySize(listpack, pos)
      value.readListpack(listpack, pos)
      const hash = hashBytes(field.buffer, field.start, field.end)
      table.insert(
        hash,
        createElement(entries, field.buffer, field.start, field.end, value.buffer, value.start, value.end),
      )
    }
    this.address = replaceByTable(db, this.address, table)
  }

  /** Removes a field, and with the last one the key (`address` is 0 then). Returns false when there is no such field. O(1). */
  delete(field: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.address === 0) return false
    this.nextField = 0
    let left: number
    if (this.isTable) {
      const { table } = this
      if (!deleteElement(this.db.keyspace, table, field, start, end, hash)) return false
      left = table.count
    } else {
      const pos = findField(this.listpack, this.listpackAt, field, start, end)
      if (pos < 0) return false
      left = this.length - 1
      if (left > 0) this.address = spliceListpack(this.db, this.address, pos, 2, 0, 0)
    }
    if (left === 0) {
      this.db.remove(this.address)
      this.address = 0
    }
    return true
  }

  /** Shows a fair random field and its value. O(1); O(n) in a listpack, and where hardly any field has not expired. */
  random(field: ByteRange, value: ByteRange): void {
    const { entries } = this.db
    if (this.isTable) {
      const { table } = this
      let element = table.random()
      for (let tries = 1; tries < MOST_DRAWS && this.isExpired(element); tries++) element = table.random()
      if (this.isExpired(element)) element = this.someLiveElement() || element
      field.readElement(entries, element)
      value.readElementValue(entries, element)
      return
    }
    const { listpack, listpackAt } = this
    const pos = lpSeek(listpack, listpackAt, Math.floor(Math.random() * this.length) * 2)
    field.readListpack(listpack, pos)
    value.readListpack(listpack, pos + lpEntrySize(listpack, pos))
  }

  /** An element of the table that has not expired: the first from some place on. 0: all have. */
  private someLiveElement(): number {
    const { segments } = this.table
    const from = Math.floor(Math.random() * segments.length)
    let found = 0
    const show = (element: number): void => {
      if (found === 0 && !this.isExpired(element)) found = element
    }
    for (let i = 0; i < segments.length && found === 0; i++) {
      const segment = segments[(from + i) % segments.length]
      for (let home = 0; home < 1 << segment.bucketBits && found === 0; home++) {
        this.table.visitBucket(segment, home, show)
      }
    }
    return found
  }

  /** Calls `visit` with every field and its value; the two ranges are reused. `visit` must not change the hash. O(n). */
  iterate(visit: (field: ByteRange, value: ByteRange) => void): void {
    if (this.address === 0) return
    const field = this.rangeA
    const value = this.rangeB
    const { entries } = this.db
    if (!this.isTable) {
      const { listpack, listpackAt } = this
      for (let pos = lpFirst(listpack, listpackAt); pos >= 0; pos = lpNext(listpack, listpackAt, pos)) {
        field.readListpack(listpack, pos)
        pos += lpEntrySize(listpack, pos)
        value.readListpack(listpack, pos)
        visit(field, value)
      }
      return
    }
    const show = (element: number): void => {
      if (this.isExpired(element)) return
      field.readElement(entries, element)
      value.readElementValue(entries, element)
      visit(field, value)
    }
    forEachElement(this.table, show)
  }

  /** Positions of the fields in a small hash's listpack, in order, for those who choose among them. O(n). */
  fieldPositions(): Int32Array {
    return fieldPositions(this.listpack, this.listpackAt)
  }

  /** A copy of a small hash's listpack. */
  listpackCopy(): Buffer {
    const { listpack, listpackAt } = this
    return Buffer.from(listpack.subarray(listpackAt, listpackAt + lpBytes(listpack, listpackAt)))
  }

  /** Shows the field at one of `fieldPositions`, and its value. */
  showAt(pos: number, field: ByteRange, value: ByteRange): void {
    const { listpack } = this
    field.readListpack(listpack, pos)
    value.readListpack(listpack, pos + lpEntrySize(listpack, pos))
  }

  /** Shows an element of a large hash by its address. */
  showElement(element: number, field: ByteRange, value: ByteRange): void {
    field.readElement(this.db.entries, element)
    value.readElementValue(this.db.entries, element)
  }
}
