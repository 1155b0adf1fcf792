/** Changing strings: appending, overwriting parts, and setting bytes that are no client's argument. */

import { copyBytes } from '../../bytes/copy.js'
import { type Database, KEEP_TTL } from '../../store/database.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_MASK,
  ENCODING_PLAIN,
  ENCODING_RAW,
  ENCODING_SHIFT,
  INLINE_VALUE_MAX_BYTES,
  TYPE_STRING,
} from '../../store/entries.js'
import { extended, openForOverwrite, shorten } from './big-string.js'
import { setBuffer } from './set-string.js'
import { StringView } from './string.js'

const scratch = new StringView()
const opened = new StringView()

/**
 * Appends bytes[start, end) to the string at `address` and returns the new length. Amortised O(appended): slots have
 * slack, and big strings have room to grow. The result is "raw", as in Redis.
 */
export function appendToString(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  const from = scratch.of(db.entries, address).length
  const length = from + end - start
  resize(db, address, key, keyStart, keyEnd, from, length, length)
  copyBytes(bytes, start, end, opened.bytes, opened.start + from)
  return length
}

/**
 * Opens the string of a key for changing bytes [from, to) of it: the view returned may be written to, there and nowhere else,
 * until the store changes. A string that ends before `to` is filled up with zeros, a key that is missing (`address` 0) is
 * created. The result is "raw", as in Redis. O(bytes added), and O(length) when the old bytes have to move.
 */
export function openString(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  from: number,
  to: number,
): StringView {
  if (address === 0) return createZeros(db, key, keyStart, keyEnd, to)
  const { length } = scratch.of(db.entries, address)
  resize(db, address, key, keyStart, keyEnd, from, to, Math.max(length, to))
  // Big strings have zeros in their room already; what lies in a slot's slack is anything.
  if (to > length && to <= INLINE_VALUE_MAX_BYTES) opened.bytes.fill(0, opened.start + length, opened.end)
  return opened
}

function createZeros(db: Database, key: Uint8Array, keyStart: number, keyEnd: number, length: number): StringView {
  if (length > INLINE_VALUE_MAX_BYTES) {
    opened.of(db.entries, setBuffer(db, 0, key, keyStart, keyEnd, Buffer.alloc(length), Number.NaN))
    return opened
  }
  const address = db.place(0, key, keyStart, keyEnd, TYPE_STRING, ENCODING_RAW, length, Number.NaN)
  opened.of(db.entries, address)
  opened.bytes.fill(0, opened.start, opened.end)
  return opened
}

/**
 * Gives the string at `address` `length` bytes, not fewer than it has, and points `opened` at it; bytes [from, to) are
 * going to change. Returns the address.
 */
function resize(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  from: number,
  to: number,
  length: number,
): number {
  const { entries } = db
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_EXTERNAL) {
    openForOverwrite(entries, entries.payload(address), from, to, length)
    opened.of(entries, address)
    return address
  }
  const old = scratch.of(entries, address)
  if (length > INLINE_VALUE_MAX_BYTES) {
    const value = extended(old.bytes, old.start, old.end, length)
    const placed = setBuffer(db, address, key, keyStart, keyEnd, value, KEEP_TTL)
    opened.of(entries, placed)
    return placed
  }
  if ((encoding === ENCODING_RAW || encoding === ENCODING_PLAIN) && entries.fitsSlot(address, length)) {
    entries.setInline(address, ENCODING_RAW, length)
    opened.of(entries, address)
    return address
  }
  return move(db, address, key, keyStart, keyEnd, old, old.end, length)
}

/** Gives the string a slot of its new length, "raw", with the bytes of `old` up to `oldEnd`. */
function move(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  old: StringView,
  oldEnd: number,
  length: number,
): number {
  const { entries } = db
  const meta = (entries.meta(address) & ~(ENCODING_MASK << ENCODING_SHIFT)) | (ENCODING_RAW << ENCODING_SHIFT)
  const next = entries.create(meta, key, keyStart, keyEnd, length, entries.expiry(address))
  entries.copyExpiry(address, next)
  opened.of(entries, next)
  copyBytes(old.bytes, old.start, oldEnd, opened.bytes, opened.start)
  db.replace(address, next)
  return next
}

/**
 * Lets all bytes of the string at `address` be changed, and gives it `length` of them, not fewer than it has; those that are added
 * are anything. Returns the address. The result is "raw".
 */
export function extendString(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  length: number,
): number {
  return resize(db, address, key, keyStart, keyEnd, 0, length, length)
}

/** Leaves the first `length` bytes of a string that extendString() has opened. Returns the address. */
export function truncateString(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  length: number,
): number {
  const { entries } = db
  const isExternal = entries.encoding(address) === ENCODING_EXTERNAL
  if (isExternal && length > INLINE_VALUE_MAX_BYTES) {
    shorten(entries, entries.payload(address), length)
    return address
  }
  if (!isExternal && entries.fitsSlot(address, length)) {
    entries.setInline(address, ENCODING_RAW, length)
    return address
  }
  const old = scratch.of(entries, address)
  return move(db, address, key, keyStart, keyEnd, old, old.start + length, length)
}

/** A string in its slot becomes "raw" where it is: what Redis makes of one that it might change. */
export function makeRaw({ entries }: Database, address: number): void {
  if (entries.encoding(address) === ENCODING_PLAIN) entries.setInline(address, ENCODING_RAW, entries.payload(address))
}

/**
 * Sets key to `value`, which becomes the store's own, in an encoding of bytes (ENCODING_RAW, ENCODING_PLAIN) even where it
 * reads as an integer. Returns the address.
 */
export function setBytes(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  value: Buffer,
  encoding: number,
  expiryMs: number,
): number {
  const { length } = value
  if (length > INLINE_VALUE_MAX_BYTES) return setBuffer(db, address, key, keyStart, keyEnd, value, expiryMs)
  const placed = db.place(address, key, keyStart, keyEnd, TYPE_STRING, encoding, length, expiryMs)
  copyBytes(value, 0, length, db.entries.memory(placed), db.entries.valueStart(placed))
  return placed
}
