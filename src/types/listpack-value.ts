/**
 * A listpack as a key's value: where it lies and how it grows. Up to INLINE_VALUE_MAX_BYTES it is inside the key's entry,
 * above that in a Buffer of its own, which may have room behind the listpack's bytes that its length does not show.
 *
 * Edits happen in place where they can: whoever needs the bytes beyond the current command has to copy them.
 */

import { type Database, NEVER } from '../store/database.js'
import {
  ENCODING_AGGREGATE,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EXTERNAL,
  ENCODING_MASK,
  ENCODING_SHIFT,
  type Entries,
  INLINE_VALUE_MAX_BYTES,
} from '../store/entries.js'
import { lpBytes } from '../store/listpack/listpack.js'
import { lpSplice, lpSplicedSize } from '../store/listpack/listpack-edit.js'
import type { HashTable } from '../store/table/hash-table.js'

/** A Buffer's listpack goes back into the entry when it is this small: well below where it left, so that it does not flap. */
const BACK_INLINE_BYTES = INLINE_VALUE_MAX_BYTES / 2

/** Where `spliceListpack` and `createListpack` leave the place for the caller to fill, with `lpWriteEntry` or whole. */
export const listpackGap: { buffer: Buffer; at: number } = { buffer: Buffer.alloc(0), at: 0 }

export function isListpack(entries: Entries, address: number): boolean {
  const encoding = entries.encoding(address)
  return encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EXTERNAL
}

/** The memory that the entry's listpack lies in, from `listpackStart` on for `lpBytes` bytes. */
export function listpackBuffer(entries: Entries, address: number): Buffer {
  if (entries.encoding(address) === ENCODING_LISTPACK) return entries.memory(address)
  return entries.buffers.get(entries.payload(address))
}

export function listpackStart(entries: Entries, address: number): number {
  return entries.encoding(address) === ENCODING_LISTPACK ? entries.valueStart(address) : 0
}

/**
 * Makes the entry of key[start, end) one that holds a listpack of `size` bytes, which the caller fills at once at
 * `listpackGap`. `address` (0: the key is new, and db.hash is its hash) is what the key held, destroyed. Returns the address.
 */
export function createListpack(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  type: number,
  size: number,
  expiryMs: number = NEVER,
): number {
  const { entries } = db
  if (size <= INLINE_VALUE_MAX_BYTES) {
    const created = db.place(address, key, start, end, type, ENCODING_LISTPACK, size, expiryMs)
    listpackGap.buffer = entries.memory(created)
    listpackGap.at = entries.valueStart(created)
    return created
  }
  const created = db.place(address, key, start, end, type, ENCODING_LISTPACK_EXTERNAL, 0, expiryMs)
  const memory = Buffer.allocUnsafeSlow(size)
  entries.setPayload(created, entries.addBuffer(memory))
  listpackGap.buffer = memory
  listpackGap.at = 0
  return created
}

/** Makes key[start, end), which is new (db.hash is its hash), one that holds a large listpack: all of `bytes`, which the store may keep. */
export function adoptListpack(
  db: Database,
  key: Uint8Array,
  start: number,
  end: number,
  type: number,
  bytes: Buffer,
  expiryMs: number,
): number {
  const created = db.place(0, key, start, end, type, ENCODING_LISTPACK_EXTERNAL, 0, expiryMs)
  db.entries.setPayload(created, db.entries.addBuffer(bytes))
  return created
}

/**
 * Removes `deleteCount` elements from `pos` on (-1: the end) and opens a gap of `insertBytes` for `insertCount` new ones,
 * which the caller must write at `listpackGap` at once. Returns the entry's address, which may be another one.
 */
export function spliceListpack(
  db: Database,
  address: number,
  pos: number,
  deleteCount: number,
  insertCount: number,
  insertBytes: number,
): number {
  const { entries } = db
  const from = listpackBuffer(entries, address)
  const start = listpackStart(entries, address)
  const size = lpSplicedSize(from, start, pos, deleteCount, insertBytes)
  const external = entries.encoding(address) === ENCODING_LISTPACK_EXTERNAL
  let next = address
  let to = from
  let toStart = start
  if (external && size > BACK_INLINE_BYTES) {
    to = entries.held.isHeld(from.buffer) ? roomyBuffer(size) : grown(from, size)
    toStart = 0
  } else if (size > INLINE_VALUE_MAX_BYTES) {
    next = reshaped(entries, address, ENCODING_LISTPACK_EXTERNAL, 0)
    to = roomyBuffer(size)
    toStart = 0
    entries.setPayload(next, entries.addBuffer(to))
  } else if (external || !entries.fitsSlot(address, size)) {
    next = reshaped(entries, address, ENCODING_LISTPACK, size)
    to = entries.memory(next)
    toStart = entries.valueStart(next)
  }
  // A Buffer's view that has grown in place is another object over the same memory: the edit must see one object.
  const source = to !== from && to.buffer === from.buffer && external ? to : from
  listpackGap.at = lpSplice(source, start, to, toStart, pos, deleteCount, insertCount, insertBytes)
  listpackGap.buffer = to
  if (next !== address) {
    db.replace(address, next)
    return next
  }
  if (external) entries.replaceBuffer(entries.payload(address), to.length === size ? to : to.subarray(0, size))
  else entries.setPayload(address, size)
  return address
}

/** Puts a table in the place of what the key held, for the same key, type and expiry. Returns the new address. */
export function replaceByTable(db: Database, address: number, table: HashTable): number {
  const next = reshaped(db.entries, address, ENCODING_AGGREGATE, 0)
  db.entries.setPayload(next, db.keyspace.aggregates.add(table))
  db.replace(address, next)
  return next
}

/** An entry of the same key, type, clock and expiry, not in any table yet. */
function reshaped(entries: Entries, address: number, encoding: number, inlineBytes: number): number {
  const meta = (entries.meta(address) & ~(ENCODING_MASK << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT)
  const start = entries.keyStart(address)
  const end = start + entries.keyLength(address)
  const next = entries.create(meta, entries.memory(address), start, end, inlineBytes, entries.expiry(address))
  entries.copyExpiry(address, next)
  return next
}

/** A Buffer of at least the present length and of `size` bytes: the same memory where it has the room. */
function grown(buffer: Buffer, size: number): Buffer {
  if (size <= buffer.length) return buffer
  const capacity = buffer.buffer.byteLength
  // A Buffer with more room than this file leaves is part of memory that belongs to others as well.
  const own = buffer.byteOffset === 0 && capacity <= roomFor(buffer.length)
  return own && size <= capacity ? Buffer.from(buffer.buffer, 0, size) : roomyBuffer(size)
}

function roomyBuffer(size: number): Buffer {
  return Buffer.allocUnsafeSlow(roomFor(size)).subarray(0, size)
}

function roomFor(size: number): number {
  return size + (size >>> 2)
}

/** Bytes of the entry's listpack. */
export function listpackBytes(entries: Entries, address: number): number {
  return lpBytes(listpackBuffer(entries, address), listpackStart(entries, address))
}
