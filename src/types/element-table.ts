/**
 * Elements of large hashes and sets: entries in the same slab memory as keys, in a HashTable that belongs to the value. The field
 * or member is the entry's key; a field's value lies behind it, or in a Buffer of its own.
 */
import { copyBytes } from '../bytes/copy.js'
import { hashBytes } from '../bytes/hash.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_PLAIN,
  ENCODING_SHIFT,
  type Entries,
  HAS_EXPIRY,
  INLINE_VALUE_MAX_BYTES,
} from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'
import type { ElementTimes } from '../store/table/element-times.js'
import { HashTable } from '../store/table/hash-table.js'

const INLINE_META = ENCODING_PLAIN << ENCODING_SHIFT
const EXTERNAL_META = ENCODING_EXTERNAL << ENCODING_SHIFT
const NO_EXPIRY = Number.NaN

/** A table for the elements of one value, and for nothing else. */
export function createElementTable(entries: Entries): HashTable {
  const table = new HashTable(entries)
  table.holdsAlone = true
  return table
}

/** The table of a large value that is a table and nothing else. */
export function tableOf({ aggregates, entries }: Keyspace, address: number): HashTable {
  return aggregates.get(entries.payload(address)) as HashTable
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
  expiryMs = NO_EXPIRY,
): number {
  const length = valueEnd - valueStart
  if (length > INLINE_VALUE_MAX_BYTES) {
    const address = entries.create(EXTERNAL_META, field, fieldStart, fieldEnd, 0, expiryMs)
    entries.setPayload(address, entries.addBuffer(ownCopy(value, valueStart, valueEnd)))
    return address
  }
  const address = entries.create(INLINE_META, field, fieldStart, fieldEnd, length, expiryMs)
  copyBytes(value, valueStart, valueEnd, entries.memory(address), entries.valueStart(address))
  return address
}

/**
 * Adds an element with a large value, all of `value`, which the store may keep. False: the field is there already, and `value` is
 * not taken. O(1).
 */
export function adoptElement(
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
  const added = entries.create(EXTERNAL_META, field, fieldStart, fieldEnd, 0, NO_EXPIRY)
  entries.setPayload(added, entries.addBuffer(value))
  table.insert(hash, added)
  table.observer?.came(added)
  return true
}

/**
 * Sets an element's value, or adds the element. Shows a snapshot the old one first. Returns true when it was added. O(1).
 * `hash`: the field's, if the caller knows it; here and below.
 */
export function setElement(
  keyspace: Keyspace,
  table: HashTable,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  value: Buffer,
  valueStart: number,
  valueEnd: number,
  hash = hashBytes(field, fieldStart, fieldEnd),
): boolean {
  const { entries } = keyspace
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  const { observer } = table
  const address = table.find(hash, field, fieldStart, fieldEnd)
  if (address === 0) {
    const added = createElement(entries, field, fieldStart, fieldEnd, value, valueStart, valueEnd)
    table.insert(hash, added)
    observer?.came(added)
    return true
  }
  const expires = table.times !== null && (entries.meta(address) & HAS_EXPIRY) !== 0
  if (expires) table.times?.forget(address)
  else if (observer === null && overwritten(entries, address, value, valueStart, valueEnd)) return false
  const next = createElement(entries, field, fieldStart, fieldEnd, value, valueStart, valueEnd)
  table.replaceFound(next)
  if (observer === null || !observer.goes(hash, address)) entries.destroy(address)
  observer?.came(next)
  return false
}

/** Adds an element that has no value: a set's member. Shows a snapshot the bucket first. False: it is there already. O(1). */
export function addElement(
  keyspace: Keyspace,
  table: HashTable,
  member: Buffer,
  start: number,
  end: number,
  hash = hashBytes(member, start, end),
): boolean {
  if (table.find(hash, member, start, end) !== 0) return false
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  insertElement(keyspace.entries, table, member, start, end, hash)
  return true
}

/** Adds an element without a value that is not there. O(1). */
export function insertElement(
  entries: Entries,
  table: HashTable,
  member: Buffer,
  start: number,
  end: number,
  hash = hashBytes(member, start, end),
): void {
  const added = entries.createMember(member, start, end, false)
  table.insert(hash, added)
  table.observer?.came(added)
}

/** Removes the element at `address`, which is in the table, and frees it; shows a snapshot the bucket first. O(1). */
export function removeElement(keyspace: Keyspace, table: HashTable, address: number): void {
  const hash = keyspace.entries.hashOf(address)
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  table.times?.forget(address)
  table.locate(hash, address)
  table.removeFound()
  if (table.observer === null || !table.observer.goes(hash, address)) keyspace.entries.destroy(address)
}

/** Changes an element's value in place, if it has the room. */
function overwritten(entries: Entries, address: number, value: Buffer, valueStart: number, valueEnd: number): boolean {
  const length = valueEnd - valueStart
  const external = entries.encoding(address) === ENCODING_EXTERNAL
  if (length > INLINE_VALUE_MAX_BYTES) {
    if (!external) return false
    entries.replaceBuffer(entries.payload(address), ownCopy(value, valueStart, valueEnd))
    return true
  }
  if (external || !entries.fitsSlot(address, length)) return false
  copyBytes(value, valueStart, valueEnd, entries.memory(address), entries.valueStart(address))
  entries.setPayload(address, length)
  return true
}

/** Removes an element and frees it; shows a snapshot the old one first. Returns false when there is none. O(1). */
export function deleteElement(
  keyspace: Keyspace,
  table: HashTable,
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  hash = hashBytes(field, fieldStart, fieldEnd),
): boolean {
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  const address = table.find(hash, field, fieldStart, fieldEnd)
  if (address === 0) return false
  table.times?.forget(address)
  table.removeFound()
  if (table.observer === null || !table.observer.goes(hash, address)) keyspace.entries.destroy(address)
  return true
}

/**
 * Gives the element at `address`, which the table has, a time at which it expires; NaN: it does not any more. Shows a snapshot the bucket
 * first. Returns where it is then.
 */
export function setElementExpiry(keyspace: Keyspace, table: HashTable, address: number, expiryMs: number): number {
  const { entries } = keyspace
  const { observer } = table
  const hash = entries.hashOf(address)
  const hasExpiry = (entries.meta(address) & HAS_EXPIRY) !== 0
  if (!hasExpiry && Number.isNaN(expiryMs)) return address
  if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
  const times = table.times as ElementTimes
  times.forget(address)
  let next = address
  if (hasExpiry && observer === null && !Number.isNaN(expiryMs)) entries.setExpiry(address, expiryMs)
  else {
    next = withExpiry(entries, address, expiryMs, observer !== null)
    table.locate(hash, address)
    table.replaceFound(next)
    if (observer === null) entries.free(address, entries.entryBytes(address))
    else if (!observer.goes(hash, address)) entries.destroy(address)
    observer?.came(next)
  }
  if (!Number.isNaN(expiryMs)) times.noteExpiry(next)
  return next
}

/** Another element of the same name and value. A value in a Buffer is copied with `copies`, and has two owners otherwise. */
function withExpiry(entries: Entries, address: number, expiryMs: number, copies: boolean): number {
  const start = entries.keyStart(address)
  const name = entries.memory(address)
  const end = start + entries.keyLength(address)
  if (entries.encoding(address) === ENCODING_EXTERNAL) {
    const next = entries.create(EXTERNAL_META, name, start, end, 0, expiryMs)
    const number = entries.payload(address)
    const buffer = entries.buffers.get(number)
    entries.setPayload(next, copies ? entries.addBuffer(ownCopy(buffer, 0, buffer.length)) : number)
    return next
  }
  const valueStart = entries.valueStart(address)
  const valueEnd = valueStart + entries.payload(address)
  return createElement(entries, name, start, end, name, valueStart, valueEnd, expiryMs)
}

/** Address of the element named field[start, end), or 0. O(1). */
export function findElement(
  table: HashTable,
  field: Buffer,
  start: number,
  end: number,
  hash = hashBytes(field, start, end),
): number {
  return table.find(hash, field, start, end)
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
