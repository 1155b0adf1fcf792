/**
 * Elements of large hashes: entries in the same slab memory as keys, in a HashTable that belongs to the value. The field is
 * the entry's key; the value lies behind it, or in a Buffer of its own.
 */
import { copyBytes } from '../bytes/copy.js'
import { hashBytes } from '../bytes/hash.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_PLAIN,
  ENCODING_SHIFT,
  type Entries,
  INLINE_VALUE_MAX_BYTES,
} from '../store/entries.js'
import { HashTable } from '../store/hash-table.js'
import type { Keyspace } from '../store/keyspace.js'

const INLINE_META = ENCODING_PLAIN << ENCODING_SHIFT
const EXTERNAL_META = ENCODING_EXTERNAL << ENCODING_SHIFT
const NO_EXPIRY = Number.NaN

/** A table for the elements of one value, and for nothing else. */
export function createElementTable(entries: Entries): HashTable {
  const table = new HashTable(entries)
  table.entriesMayMove = true
  return table
}

/** A new element, in no table yet, for field[fieldStart, fieldEnd) and value[valueStart, valueEnd). Both are copied. */
export function createElement(
  entries: Entries,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  value: Buffer,
  valueStart: number,
  valueEnd: number,
): number {
  const length = valueEnd - valueStart
  if (length > INLINE_VALUE_MAX_BYTES) {
    const address = entries.create(EXTERNAL_META, field, fieldStart, fieldEnd, 0, NO_EXPIRY)
    entries.setPayload(address, entries.addBuffer(ownCopy(value, valueStart, valueEnd)))
    return address
  }
  const address = entries.create(INLINE_META, field, fieldStart, fieldEnd, length, NO_EXPIRY)
  copyBytes(value, valueStart, valueEnd, entries.memory(address), entries.valueStart(address))
  return address
}

/** Sets an element's value, or adds the element. Shows a snapshot the old one first. Returns true when it was added. O(1). */
export function setElement(
  keyspace: Keyspace,
  table: HashTable,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  value: Buffer,
  valueStart: number,
  valueEnd: number,
): boolean {
  const { entries } = keyspace
  const hash = hashBytes(field, fieldStart, fieldEnd)
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  const address = table.find(hash, field, fieldStart, fieldEnd)
  if (address === 0) {
    table.insert(hash, createElement(entries, field, fieldStart, fieldEnd, value, valueStart, valueEnd))
    return true
  }
  const length = valueEnd - valueStart
  const external = entries.encoding(address) === ENCODING_EXTERNAL
  if (length > INLINE_VALUE_MAX_BYTES) {
    if (external) {
      entries.replaceBuffer(entries.payload(address), ownCopy(value, valueStart, valueEnd))
      return false
    }
  } else if (!external && entries.fitsSlot(address, length)) {
    copyBytes(value, valueStart, valueEnd, entries.memory(address), entries.valueStart(address))
    entries.setPayload(address, length)
    return false
  }
  table.replaceFound(createElement(entries, field, fieldStart, fieldEnd, value, valueStart, valueEnd))
  entries.destroy(address)
  return false
}

/**
 * Adds an element with a value too long to lie in an entry, which fills `value` and becomes the store's own. False, with
 * nothing done, when there is an element of this name. O(1).
 */
export function addElementBuffer(
  keyspace: Keyspace,
  table: HashTable,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  value: Buffer,
): boolean {
  const { entries } = keyspace
  const hash = hashBytes(field, fieldStart, fieldEnd)
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  if (table.find(hash, field, fieldStart, fieldEnd) !== 0) return false
  const address = entries.create(EXTERNAL_META, field, fieldStart, fieldEnd, 0, NO_EXPIRY)
  entries.setPayload(address, entries.addBuffer(value))
  table.insert(hash, address)
  return true
}

/** Removes an element and frees it; shows a snapshot the old one first. Returns false when there is none. O(1). */
export function deleteElement(
  keyspace: Keyspace,
  table: HashTable,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
): boolean {
  const hash = hashBytes(field, fieldStart, fieldEnd)
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  const address = table.find(hash, field, fieldStart, fieldEnd)
  if (address === 0) return false
  table.removeFound()
  keyspace.entries.destroy(address)
  return true
}

/** Address of the element named field[start, end), or 0. O(1). */
export function findElement(table: HashTable, field: Buffer, start: number, end: number): number {
  return table.find(hashBytes(field, start, end), field, start, end)
}

/** Calls `visit` with the address of each element. O(n). `visit` must not change the table. */
export function forEachElement(table: HashTable, visit: (address: number) => void): void {
  for (const segment of table.segments) {
    for (let home = 0; home < 1 << segment.bucketBits; home++) table.visitBucket(segment, home, visit)
  }
}

/**
 * Bytes of memory that a table and its elements take. With more than `samples` elements that is an estimate from the average
 * of as many, or of a bucket more. O(samples).
 */
export function tableBytes(entries: Entries, table: HashTable, samples: number): number {
  let bytes = 0
  let seen = 0
  const add = (element: number): void => {
    bytes += entries.memoryBytes(element)
    seen++
  }
  for (const segment of table.segments) {
    for (let home = 0; home < 1 << segment.bucketBits; home++) {
      if (seen < samples) table.visitBucket(segment, home, add)
    }
  }
  return table.memoryBytes + (seen === 0 ? 0 : Math.round((bytes / seen) * table.count))
}

function ownCopy(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
