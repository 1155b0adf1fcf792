/** A small set's way from an intset to a listpack, when the first member comes that is no integer. */
import { intsetHigh, intsetLength, intsetLow } from '../../store/intset.js'
import { LP_COUNT_UNKNOWN, LP_EMPTY_SIZE, LP_EOF, LP_HEADER_SIZE } from '../../store/listpack/listpack.js'
import {
  LP_MAX_BYTES,
  lpIntegerEncodedSize,
  lpWriteHeader,
  lpWriteInteger,
} from '../../store/listpack/listpack-edit.js'
import { int64TextLength } from '../../store/listpack/listpack-int64.js'
import type { SetLimits } from '../value-limits.js'

/**
 * Whether the limits allow a listpack of the integers and of another member of `memberBytes`. As in Redis the first and the last
 * integer stand for all: none is longer than the longer one of them.
 */
export function mayBecomeListpack(intset: Buffer, at: number, memberBytes: number, limits: SetLimits): boolean {
  const length = intsetLength(intset, at)
  if (length >= limits.maxListpackEntries || memberBytes > limits.maxListpackValueBytes) return false
  if (length === 0) return true
  return (
    isShort(intset, at, 0, length, memberBytes, limits) && isShort(intset, at, length - 1, length, memberBytes, limits)
  )
}

function isShort(
  intset: Buffer,
  at: number,
  index: number,
  length: number,
  memberBytes: number,
  limits: SetLimits,
): boolean {
  const low = intsetLow(intset, at, index)
  const high = intsetHigh(intset, at, index)
  const bytes = LP_EMPTY_SIZE + length * lpIntegerEncodedSize(low, high) + memberBytes
  return int64TextLength(low, high) <= limits.maxListpackValueBytes && bytes <= LP_MAX_BYTES
}

/** Bytes of the listpack of all integers. O(n). */
export function listpackBytesOf(intset: Buffer, at: number): number {
  let bytes = LP_EMPTY_SIZE
  for (let i = intsetLength(intset, at) - 1; i >= 0; i--) {
    bytes += lpIntegerEncodedSize(intsetLow(intset, at, i), intsetHigh(intset, at, i))
  }
  return bytes
}

/** Writes all integers as a listpack at dst[dstStart], which does not overlap the intset. O(n). */
export function writeAsListpack(intset: Buffer, at: number, dst: Buffer, dstStart: number): void {
  const length = intsetLength(intset, at)
  let end = dstStart + LP_HEADER_SIZE
  for (let i = 0; i < length; i++) end = lpWriteInteger(dst, end, intsetLow(intset, at, i), intsetHigh(intset, at, i))
  dst[end++] = LP_EOF
  lpWriteHeader(dst, dstStart, end - dstStart, Math.min(length, LP_COUNT_UNKNOWN))
}
