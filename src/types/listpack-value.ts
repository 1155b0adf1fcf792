/** A listpack as a key's value: packed-value.ts says where it lies and how it grows. */
import type { RdbKey } from '../rdb/key.js'
import { type Database, NEVER } from '../store/database.js'
import { ENCODING_LISTPACK, ENCODING_LISTPACK_EXTERNAL, type Entries } from '../store/entries.js'
import { lpBytes } from '../store/listpack/listpack.js'
import { lpSplice, lpSplicedSize } from '../store/listpack/listpack-edit.js'
import {
  beginPackedEdit,
  createPacked,
  endPackedEdit,
  loadPacked,
  packedBuffer,
  packedBytes,
  packedEdit,
  packedGap,
  packedStart,
} from './packed-value.js'

export { replaceByTable } from './packed-value.js'

/** Where `spliceListpack` and `createListpack` leave the place for the caller to fill, with `lpWriteEntry` or whole. */
export const listpackGap = packedGap

export function isListpack(entries: Entries, address: number): boolean {
  const encoding = entries.encoding(address)
  return encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EXTERNAL
}

/** The memory that the entry's listpack lies in, from `listpackStart` on for `lpBytes` bytes. */
export function listpackBuffer(entries: Entries, address: number): Buffer {
  return packedBuffer(entries, address)
}

export function listpackStart(entries: Entries, address: number): number {
  return packedStart(entries, address)
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
  return createPacked(db, address, key, start, end, type, ENCODING_LISTPACK, size, expiryMs)
}

/**
 * Makes a key of RDB bytes, which is new (db.hash is its hash), one that holds the sound, not empty listpack at source[start].
 * `own`: that is all of `source`, which the store may keep. Returns the address.
 */
export function loadListpack(
  db: Database,
  key: RdbKey,
  type: number,
  source: Buffer,
  start: number,
  own: boolean,
): number {
  return loadPacked(db, key, type, ENCODING_LISTPACK, source, start, lpBytes(source, start), own)
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
  const size = lpSplicedSize(
    packedBuffer(entries, address),
    packedStart(entries, address),
    pos,
    deleteCount,
    insertBytes,
  )
  beginPackedEdit(db, address, size)
  const { from, fromStart, to, toStart } = packedEdit
  packedGap.at = lpSplice(from, fromStart, to, toStart, pos, deleteCount, insertCount, insertBytes)
  packedGap.buffer = to
  return endPackedEdit(db, address, size)
}

/** Bytes of the entry's listpack. */
export function listpackBytes(entries: Entries, address: number): number {
  return packedBytes(entries, address)
}
