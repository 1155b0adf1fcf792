/**
 * A value that is one run of bytes in a format of Redis's own (a listpack, an intset): where it lies and how it grows. Up to
 * INLINE_VALUE_MAX_BYTES it is inside the key's entry, above that in a Buffer of its own, which may have room behind the value's
 * bytes that its length does not show.
 *
 * Edits happen in place where they can, but for Buffers that somebody holds: whoever needs the bytes beyond the current command
 * has to copy or to hold them.
 */

import { copyBytes } from '../bytes/copy.js'
import type { RdbKey } from '../rdb/key.js'
import type { Aggregate } from '../store/aggregate.js'
import { type Database, NEVER } from '../store/database.js'
import {
  ENCODING_AGGREGATE,
  ENCODING_MASK,
  ENCODING_SHIFT,
  type Entries,
  INLINE_VALUE_MAX_BYTES,
  isExternal,
} from '../store/entries.js'

/** A Buffer's value goes back into the entry when it is this small: well below where it left, so that it does not flap. */
const BACK_INLINE_BYTES = INLINE_VALUE_MAX_BYTES / 2
const NO_BYTES = Buffer.alloc(0)

/** Where `createPacked` and `replaceByPacked` leave the place for the caller to fill, whole and at once. */
export const packedGap: { buffer: Buffer; at: number } = { buffer: NO_BYTES, at: 0 }

/** The memory that the entry's value lies in, from `packedStart` on. */
export function packedBuffer(entries: Entries, address: number): Buffer {
  return isExternal(entries.encoding(address)) ? entries.buffers.get(entries.payload(address)) : entries.memory(address)
}

export function packedStart(entries: Entries, address: number): number {
  return isExternal(entries.encoding(address)) ? 0 : entries.valueStart(address)
}

/** Bytes of the value. */
export function packedBytes(entries: Entries, address: number): number {
  const payload = entries.payload(address)
  return isExternal(entries.encoding(address)) ? entries.buffers.get(payload).length : payload
}

/** The value's encoding, by its number inside an entry. */
export function packedEncoding(entries: Entries, address: number): number {
  const encoding = entries.encoding(address)
  return isExternal(encoding) ? encoding - 1 : encoding
}

/**
 * Makes the entry of key[start, end) one that holds `size` bytes, which the caller fills at `packedGap`. `address` (0: the key is
 * new, and db.hash is its hash) is what the key held, destroyed. Returns the address.
 * @param encoding the one inside an entry; that in a Buffer is the next number.
 */
export function createPacked(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  type: number,
  encoding: number,
  size: number,
  expiryMs: number = NEVER,
): number {
  const { entries } = db
  const isLarge = size > INLINE_VALUE_MAX_BYTES
  const created = isLarge
    ? db.place(address, key, start, end, type, encoding + 1, 0, expiryMs)
    : db.place(address, key, start, end, type, encoding, size, expiryMs)
  openGap(entries, created, isLarge ? size : 0)
  return created
}

/** Points `packedGap` at the value of a new entry; gives it a Buffer of `bufferBytes`, if that is not 0. */
function openGap(entries: Entries, address: number, bufferBytes: number): void {
  if (bufferBytes === 0) {
    packedGap.buffer = entries.memory(address)
    packedGap.at = entries.valueStart(address)
    return
  }
  const memory = Buffer.allocUnsafeSlow(bufferBytes)
  entries.setPayload(address, entries.addBuffer(memory))
  packedGap.buffer = memory
  packedGap.at = 0
}

/**
 * Makes a key of RDB bytes, which is new (db.hash is its hash), one that holds source[start, start + size). `own`: that is all of
 * `source`, which the store may keep. Type and encoding as for createPacked. Returns the address.
 */
export function loadPacked(
  db: Database,
  key: RdbKey,
  type: number,
  encoding: number,
  source: Buffer,
  start: number,
  size: number,
  own: boolean,
): number {
  const { bytes, end, expiryMs, start: keyStart } = key
  if (own && size > INLINE_VALUE_MAX_BYTES) {
    const created = db.place(0, bytes, keyStart, end, type, encoding + 1, 0, expiryMs)
    db.entries.setPayload(created, db.entries.addBuffer(source))
    return created
  }
  const created = createPacked(db, 0, bytes, keyStart, end, type, encoding, size, expiryMs)
  copyBytes(source, start, start + size, packedGap.buffer, packedGap.at)
  return created
}

/** Copies the value at `address` of `from` to key[start, end) of `to`, as ValueKind.copy does. O(size). */
export function copyPacked(
  from: Database,
  address: number,
  to: Database,
  key: Uint8Array,
  start: number,
  end: number,
  expiryMs: number,
): number {
  const { entries } = from
  const size = packedBytes(entries, address)
  const type = entries.type(address)
  const created = createPacked(to, 0, key, start, end, type, packedEncoding(entries, address), size, expiryMs)
  const sourceStart = packedStart(entries, address)
  copyBytes(packedBuffer(entries, address), sourceStart, sourceStart + size, packedGap.buffer, packedGap.at)
  return created
}

/** An edit under way: from where to where the bytes go, which are the same place or do not overlap. */
export const packedEdit: { from: Buffer; fromStart: number; to: Buffer; toStart: number; next: number } = {
  from: NO_BYTES,
  fromStart: 0,
  to: NO_BYTES,
  toStart: 0,
  next: 0,
}

/**
 * Begins an edit behind which the value has `size` bytes: the caller brings them from `packedEdit.from` to `packedEdit.to` as they
 * will be, and calls endPackedEdit at once.
 */
export function beginPackedEdit(db: Database, address: number, size: number): void {
  const { entries } = db
  const encoding = entries.encoding(address)
  const external = isExternal(encoding)
  const from = packedBuffer(entries, address)
  const fromStart = packedStart(entries, address)
  let next = address
  let to = from
  let toStart = fromStart
  if (external && size > BACK_INLINE_BYTES) {
    to = entries.held.isHeld(from.buffer) ? roomyBuffer(size) : grown(from, size)
    toStart = 0
  } else if (size > INLINE_VALUE_MAX_BYTES) {
    next = reshaped(entries, address, encoding + 1, 0)
    to = roomyBuffer(size)
    toStart = 0
    entries.setPayload(next, entries.addBuffer(to))
  } else if (external || !entries.fitsSlot(address, size)) {
    next = reshaped(entries, address, external ? encoding - 1 : encoding, size)
    to = entries.memory(next)
    toStart = entries.valueStart(next)
  }
  // A Buffer's view that has grown in place is another object over the same memory: the edit must see one object.
  packedEdit.from = external && to.buffer === from.buffer ? to : from
  packedEdit.fromStart = fromStart
  packedEdit.to = to
  packedEdit.toStart = toStart
  packedEdit.next = next
}

/** Ends the edit that has begun for this value and size. Returns the entry's address, which may be another one. */
export function endPackedEdit(db: Database, address: number, size: number): number {
  const { entries } = db
  const { next, to } = packedEdit
  if (next !== address) {
    db.replace(address, next)
    return next
  }
  if (isExternal(entries.encoding(address))) {
    entries.replaceBuffer(entries.payload(address), to.length === size ? to : to.subarray(0, size))
  } else entries.setPayload(address, size)
  return address
}

/**
 * Begins to put a value of `size` bytes in another encoding in the place of what the key holds, for the same key, type and expiry:
 * the caller fills `packedGap` from the old value, which is still there, and hands both addresses to db.replace(). Returns the new
 * one. `encoding` as for createPacked.
 */
export function replaceByPacked(db: Database, address: number, encoding: number, size: number): number {
  const { entries } = db
  const isLarge = size > INLINE_VALUE_MAX_BYTES
  const next = isLarge ? reshaped(entries, address, encoding + 1, 0) : reshaped(entries, address, encoding, size)
  openGap(entries, next, isLarge ? size : 0)
  return next
}

/** Puts a large value in the place of what the key held, for the same key, type and expiry. Returns the new address. */
export function replaceByTable(db: Database, address: number, table: Aggregate): number {
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
