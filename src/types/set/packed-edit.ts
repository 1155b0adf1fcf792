/** Edits of a small set where it lies: each returns the address of the key's entry, which may be another one afterwards. */
import type { Database } from '../../store/database.js'
import { ENCODING_INTSET, ENCODING_LISTPACK } from '../../store/entries.js'
import {
  INTSET_HEADER_SIZE,
  intsetBytes,
  intsetEncoding,
  intsetGrownBytes,
  intsetInsertInto,
  intsetRemoveInto,
  intsetWriteHeader,
} from '../../store/intset.js'
import { LP_COUNT_UNKNOWN, LP_HEADER_SIZE, lpCopyBytes, lpEntrySize } from '../../store/listpack/listpack.js'
import { lpEncodedSize, lpInsertInto, lpWriteEntry, lpWriteHeader } from '../../store/listpack/listpack-edit.js'
import { listpackGap, spliceListpack } from '../listpack-value.js'
import {
  beginPackedEdit,
  endPackedEdit,
  packedBuffer,
  packedBytes,
  packedEdit,
  packedGap,
  packedStart,
  replaceByPacked,
} from '../packed-value.js'
import { listpackBytesOf, writeAsListpack } from './intset-to-listpack.js'
import type { PackedMembers } from './packed-members.js'

/** Inserts an integer that is not there into an intset, at the index that intsetSearch gave. O(n). */
export function insertInteger(db: Database, address: number, index: number, low: number, high: number): number {
  const { entries } = db
  const size = intsetGrownBytes(packedBuffer(entries, address), packedStart(entries, address), low, high)
  beginPackedEdit(db, address, size)
  const { from, fromStart, to, toStart } = packedEdit
  intsetInsertInto(from, fromStart, to, toStart, index, low, high)
  return endPackedEdit(db, address, size)
}

/** Removes the integer with this index from an intset. O(n). */
export function removeInteger(db: Database, address: number, index: number): number {
  const { entries } = db
  const bytes = packedBuffer(entries, address)
  const at = packedStart(entries, address)
  const size = intsetBytes(bytes, at) - intsetEncoding(bytes, at)
  beginPackedEdit(db, address, size)
  const { from, fromStart, to, toStart } = packedEdit
  intsetRemoveInto(from, fromStart, to, toStart, index)
  return endPackedEdit(db, address, size)
}

/** Removes the members at `places`, in ascending order, of a small set that has more. O(n). */
export function removePlaces(db: Database, address: number, members: PackedMembers, places: Int32Array): number {
  const { buffer, isIntset, length, start } = members
  const bytes = packedBytes(db.entries, address)
  const width = isIntset ? intsetEncoding(buffer, start) : 0
  let size = bytes
  for (const place of places) size -= isIntset ? width : lpEntrySize(buffer, place)
  beginPackedEdit(db, address, size)
  const { from, fromStart, to, toStart } = packedEdit
  // Places in a listpack count in the memory it lies in, which is that of `from`.
  const head = isIntset ? INTSET_HEADER_SIZE : LP_HEADER_SIZE
  let read = fromStart + head
  let write = toStart + head
  for (const place of places) {
    const at = isIntset ? fromStart + head + place * width : place
    const next = at + (isIntset ? width : lpEntrySize(from, at))
    lpCopyBytes(from, read, at, to, write)
    write += at - read
    read = next
  }
  lpCopyBytes(from, read, fromStart + bytes, to, write)
  const left = length - places.length
  if (isIntset) intsetWriteHeader(to, toStart, width, left)
  else lpWriteHeader(to, toStart, size, Math.min(left, LP_COUNT_UNKNOWN))
  return endPackedEdit(db, address, size)
}

/** Adds member[start, end), which is not there, at the end of a listpack. O(n). */
export function appendMember(db: Database, address: number, member: Buffer, start: number, end: number): number {
  const next = spliceListpack(db, address, -1, 0, 1, lpEncodedSize(member, start, end))
  lpWriteEntry(listpackGap.buffer, listpackGap.at, member, start, end)
  return next
}

/** Makes a listpack of an intset, with member[start, end), which is no integer, behind the integers. O(n). */
export function appendToIntset(db: Database, address: number, member: Buffer, start: number, end: number): number {
  const { entries } = db
  const bytes = packedBuffer(entries, address)
  const at = packedStart(entries, address)
  const size = listpackBytesOf(bytes, at) + lpEncodedSize(member, start, end)
  const next = replaceByPacked(db, address, ENCODING_LISTPACK, size)
  const { at: gapAt, buffer } = packedGap
  writeAsListpack(bytes, at, buffer, gapAt)
  lpInsertInto(buffer, gapAt, buffer, gapAt, -1, member, start, end)
  db.replace(address, next)
  return next
}

/** Puts an intset in the place of what the key holds. */
export function replaceByIntset(db: Database, address: number, intset: Buffer): number {
  const next = replaceByPacked(db, address, ENCODING_INTSET, intset.length)
  intset.copy(packedGap.buffer, packedGap.at)
  db.replace(address, next)
  return next
}
