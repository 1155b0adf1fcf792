/**
 * Setting keys to strings, in the encoding that is the least for them. Each takes what the key holds now (`address`; 0: nothing, and
 * it has just been looked for), which is reused or destroyed, and an expiry as Database.place() does; returns the entry's address.
 */
import { copyBytes } from '../../bytes/copy.js'
import { parseInt64, parseSafeInteger } from '../../bytes/integers.js'
import { type Database, KEEP_TTL } from '../../store/database.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_INT32,
  ENCODING_INT64,
  ENCODING_PLAIN,
  HAS_EXPIRY,
  INLINE_VALUE_MAX_BYTES,
  TYPE_STRING,
} from '../../store/entries.js'

const LONGEST_INTEGER = 20
const DIGIT_NINE = 57
/** Integers of fewer digits are safe ones. */
const SAFE_DIGITS = 15

/** Sets key[start, end) to value[valueStart, valueEnd), as an integer where it is one. */
export function setString(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  value: Buffer,
  valueStart: number,
  valueEnd: number,
  expiryMs: number,
): number {
  const length = valueEnd - valueStart
  if (length <= LONGEST_INTEGER && length > 0 && value[valueStart] <= DIGIT_NINE) {
    const integer = parseSafeInteger(value, valueStart, valueEnd)
    if (!Number.isNaN(integer)) return setInteger(db, address, key, start, end, integer, expiryMs)
    if (length > SAFE_DIGITS) {
      const big = parseInt64(value, valueStart, valueEnd)
      if (big !== null) return setBigInteger(db, address, key, start, end, big, expiryMs)
    }
  }
  const { entries } = db
  if (length > INLINE_VALUE_MAX_BYTES) {
    return setBuffer(db, address, key, start, end, entries.copyOf(value, valueStart, valueEnd), expiryMs)
  }
  const placed = db.place(address, key, start, end, TYPE_STRING, ENCODING_PLAIN, length, expiryMs)
  copyBytes(value, valueStart, valueEnd, entries.memory(placed), entries.valueStart(placed))
  return placed
}

/** Sets key[start, end) to a safe integer. */
export function setInteger(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  value: number,
  expiryMs: number,
): number {
  if (value !== (value | 0)) return setBigInteger(db, address, key, start, end, BigInt(value), expiryMs)
  const placed = db.place(address, key, start, end, TYPE_STRING, ENCODING_INT32, 0, expiryMs)
  db.entries.setPayload(placed, value)
  return placed
}

/** Sets key[start, end) to any 64-bit integer. */
export function setBigInteger(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  value: bigint,
  expiryMs: number,
): number {
  const small = Number(value)
  if (small === (small | 0)) return setInteger(db, address, key, start, end, small, expiryMs)
  const placed = db.place(address, key, start, end, TYPE_STRING, ENCODING_INT64, 8, expiryMs)
  db.entries.memory(placed).writeBigInt64LE(value, db.entries.valueStart(placed))
  return placed
}

/**
 * Sets key[start, end) to a big string, which becomes the store's own: nobody else may keep or change its memory. Later writes
 * change it in place, so whoever refers to its bytes beyond his turn has to borrow it (Entries.lendBuffer).
 */
export function setBuffer(
  db: Database,
  address: number,
  key: Uint8Array,
  start: number,
  end: number,
  value: Buffer,
  expiryMs: number,
): number {
  const { entries } = db
  const keepsTtl = expiryMs === KEEP_TTL
  if (
    address !== 0 &&
    entries.encoding(address) === ENCODING_EXTERNAL &&
    (keepsTtl || ((entries.meta(address) & HAS_EXPIRY) !== 0) === !Number.isNaN(expiryMs))
  ) {
    entries.replaceBuffer(entries.payload(address), value)
    if (!keepsTtl && !Number.isNaN(expiryMs)) entries.setExpiry(address, expiryMs)
    return address
  }
  const placed = db.place(address, key, start, end, TYPE_STRING, ENCODING_EXTERNAL, 0, expiryMs)
  entries.setPayload(placed, entries.addBuffer(value))
  return placed
}
