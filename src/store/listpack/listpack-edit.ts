/**
 * Editing a listpack. An edit changes the size, and a slab slot is only so large; so it goes in three steps:
 *
 *     const size = lpSplicedSize(src, srcStart, pos, 0, lpEncodedSize(field) + lpEncodedSize(value))
 *     // find room for `size` bytes: the slot as it is, or another one, maybe in another slab
 *     lpInsertPairInto(src, srcStart, dst, dstStart, pos, field, ..., value, ...)
 *
 * (src, srcStart) and (dst, dstStart) are either the very same place, then the edit is in place, or do not overlap, then
 * src stays as it was. New elements come as ranges of bytes, stored as integers where their text allows it (as
 * lpEncodeGetType does), and must not lie inside src or dst. `pos` is an element's position in src, or -1 for "at the end":
 * inserting before `lpFirst` prepends and inserting before `lpNext(pos)` goes after pos, also where there is none.
 */
import {
  LP_6BIT_STRING,
  LP_12BIT_STRING,
  LP_13BIT_INT,
  LP_16BIT_INT,
  LP_24BIT_INT,
  LP_32BIT_INT,
  LP_32BIT_STRING,
  LP_64BIT_INT,
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBacklenSize,
  lpCopyBytes,
  lpEnd,
  lpEntrySize,
  lpHeaderCount,
} from './listpack.js'
import { int64Halves, parseInt64Halves } from './listpack-int64.js'

/** Redis lets no listpack grow beyond 1 GB, far from overflowing the header's total. */
export const LP_MAX_BYTES = 1 << 30

/** Writes an empty listpack, `LP_EMPTY_SIZE` bytes, at dst[dstStart]. */
export function lpEmpty(dst: Buffer, dstStart: number): void {
  lpWriteHeader(dst, dstStart, LP_EMPTY_SIZE, 0)
  dst[dstStart + LP_HEADER_SIZE] = LP_EOF
}

/** Bytes that bytes[bstart, bend) takes as an entry, its backlen included. */
export function lpEncodedSize(bytes: Buffer, bstart: number, bend: number): number {
  if (parseInt64Halves(bytes, bstart, bend)) return lpIntegerEncodedSize(int64Halves[0], int64Halves[1])
  const dataSize = stringSize(bend - bstart)
  return dataSize + lpBacklenSize(dataSize)
}

/** Bytes that the 64-bit integer with these signed halves takes as an entry, its backlen included. */
export function lpIntegerEncodedSize(low: number, high: number): number {
  // All integers are short enough for a backlen of one byte.
  return integerSize(low, high) + 1
}

/**
 * Total size in bytes after `deleteCount` entries from `pos` on gave way to new entries of `insertBytes` bytes in all (the
 * sum of their `lpEncodedSize`). Deleting ends at the last entry. The caller holds it against `LP_MAX_BYTES`.
 */
export function lpSplicedSize(
  buf: Buffer,
  start: number,
  pos: number,
  deleteCount: number,
  insertBytes: number,
): number {
  const end = lpEnd(buf, start)
  const from = pos < 0 ? end : pos
  let tail = from
  for (; deleteCount > 0 && tail < end; deleteCount--) tail += lpEntrySize(buf, tail)
  return end + 1 - start - (tail - from) + insertBytes
}

/**
 * The one edit behind all others: removes `deleteCount` entries from `pos` on (at most to the end) and opens a gap of
 * `insertBytes` bytes in their place, which the caller must fill at once with `insertCount` entries by `lpWriteEntry`.
 * @returns position in dst of the gap, or of what follows the deleted entries if `insertBytes` is 0 (maybe the EOF byte).
 */
export function lpSplice(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  pos: number,
  deleteCount: number,
  insertCount: number,
  insertBytes: number,
): number {
  const end = lpEnd(src, srcStart)
  const from = pos < 0 ? end : pos
  let count = lpHeaderCount(src, srcStart)
  let tail = from
  let deleted = 0
  for (; deleted < deleteCount && tail < end; deleted++) tail += lpEntrySize(src, tail)

  const gap = dstStart + (from - srcStart)
  // In place the head is already there; across places the order does not matter.
  if (src !== dst || srcStart !== dstStart) {
    lpCopyBytes(src, srcStart + LP_HEADER_SIZE, from, dst, dstStart + LP_HEADER_SIZE)
  }
  lpCopyBytes(src, tail, end + 1, dst, gap + insertBytes)

  // A count that was given up stays given up until `lpLength` counts again.
  if (count !== LP_COUNT_UNKNOWN) count = Math.min(count - deleted + insertCount, LP_COUNT_UNKNOWN)
  lpWriteHeader(dst, dstStart, end + 1 - srcStart - (tail - from) + insertBytes, count)
  return gap
}

/** Inserts one element before `pos` (-1: appends). Returns its position in dst. */
export function lpInsertInto(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  pos: number,
  bytes: Buffer,
  bstart: number,
  bend: number,
): number {
  const size = lpEncodedSize(bytes, bstart, bend)
  const gap = lpSplice(src, srcStart, dst, dstStart, pos, 0, 1, size)
  lpWriteEntry(dst, gap, bytes, bstart, bend)
  return gap
}

/** Inserts two elements, say field and value, before `pos` (-1: appends). Returns the position of the first in dst. */
export function lpInsertPairInto(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  pos: number,
  bytes1: Buffer,
  bstart1: number,
  bend1: number,
  bytes2: Buffer,
  bstart2: number,
  bend2: number,
): number {
  const size = lpEncodedSize(bytes1, bstart1, bend1) + lpEncodedSize(bytes2, bstart2, bend2)
  const gap = lpSplice(src, srcStart, dst, dstStart, pos, 0, 2, size)
  lpWriteEntry(dst, lpWriteEntry(dst, gap, bytes1, bstart1, bend1), bytes2, bstart2, bend2)
  return gap
}

/** Replaces the element at `pos`. Returns the new element's position in dst. */
export function lpReplaceInto(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  pos: number,
  bytes: Buffer,
  bstart: number,
  bend: number,
): number {
  const size = lpEncodedSize(bytes, bstart, bend)
  const gap = lpSplice(src, srcStart, dst, dstStart, pos, 1, 1, size)
  lpWriteEntry(dst, gap, bytes, bstart, bend)
  return gap
}

/** Deletes `count` elements from `pos` on, at most to the end. Returns the position in dst of what follows, or -1. */
export function lpDeleteInto(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  pos: number,
  count: number,
): number {
  const next = lpSplice(src, srcStart, dst, dstStart, pos, count, 0, 0)
  return dst[next] === LP_EOF ? -1 : next
}

/**
 * Writes bytes[bstart, bend) as an entry at dst[at], into a gap of `lpSplice`.
 * @returns the position behind it.
 */
export function lpWriteEntry(dst: Buffer, at: number, bytes: Buffer, bstart: number, bend: number): number {
  if (parseInt64Halves(bytes, bstart, bend)) return lpWriteInteger(dst, at, int64Halves[0], int64Halves[1])
  const length = bend - bstart
  const start = at
  if (length < 64) {
    dst[at++] = LP_6BIT_STRING | length
  } else if (length < 4096) {
    dst[at++] = LP_12BIT_STRING | (length >>> 8)
    dst[at++] = length
  } else {
    dst[at++] = LP_32BIT_STRING
    at = writeUint32(dst, at, length)
  }
  lpCopyBytes(bytes, bstart, bend, dst, at)
  at += length
  return writeBacklen(dst, at, at - start)
}

/** As lpWriteEntry, for the 64-bit integer with these signed halves. */
export function lpWriteInteger(dst: Buffer, at: number, low: number, high: number): number {
  const size = integerSize(low, high)
  const start = at
  switch (size) {
    case 1:
      dst[at++] = low
      break
    case 2:
      dst[at++] = LP_13BIT_INT | ((low >>> 8) & 0x1f)
      dst[at++] = low
      break
    case 3:
      dst[at++] = LP_16BIT_INT
      dst[at++] = low
      dst[at++] = low >>> 8
      break
    case 4:
      dst[at++] = LP_24BIT_INT
      dst[at++] = low
      dst[at++] = low >>> 8
      dst[at++] = low >>> 16
      break
    case 5:
      dst[at++] = LP_32BIT_INT
      at = writeUint32(dst, at, low)
      break
    default:
      dst[at++] = LP_64BIT_INT
      at = writeUint32(dst, at, low)
      at = writeUint32(dst, at, high)
  }
  return writeBacklen(dst, at, at - start)
}

/** Bytes of an integer's shortest encoding, without backlen. */
function integerSize(low: number, high: number): number {
  if (high !== low >> 31) return 9
  if (low >= 0 && low <= 127) return 1
  if (low >= -4096 && low <= 4095) return 2
  if (low >= -32768 && low <= 32767) return 3
  return low >= -8388608 && low <= 8388607 ? 4 : 5
}

/** Bytes of a string's encoding, without backlen. */
function stringSize(length: number): number {
  if (length < 64) return 1 + length
  return length < 4096 ? 2 + length : 5 + length
}

/** Seven bits a byte, highest first; every byte but the first has its top bit set, for a reader that comes from the end. */
function writeBacklen(dst: Buffer, at: number, dataSize: number): number {
  const size = lpBacklenSize(dataSize)
  let rest = dataSize
  for (let i = size - 1; i > 0; i--) {
    dst[at + i] = (rest & 127) | 128
    rest >>>= 7
  }
  dst[at] = rest
  return at + size
}

export function lpWriteHeader(dst: Buffer, start: number, totalBytes: number, count: number): void {
  writeUint32(dst, start, totalBytes)
  dst[start + 4] = count
  dst[start + 5] = count >>> 8
}

function writeUint32(dst: Buffer, at: number, value: number): number {
  dst[at] = value
  dst[at + 1] = value >>> 8
  dst[at + 2] = value >>> 16
  dst[at + 3] = value >>> 24
  return at + 4
}
