/**
 * Redis's format for small sets of integers, byte for byte (intset.c):
 *
 *     <bytes of an integer: u32 LE: 2, 4 or 8> <integers: u32 LE> <integer>*
 *
 * The integers are signed, little-endian, in ascending order, and each takes as many bytes as the widest one that ever came needs:
 * a wider one makes all of them wider, and nothing makes them narrower again.
 *
 * An intset is a range of bytes inside a slab, so everything here is a function over (buf, start), where buf[start] is its first
 * byte; what comes from outside passes `intsetValidate` first. Integers are given as their signed 32-bit halves (low, high), as
 * parseInt64Halves in listpack-int64.ts leaves them: exact over 64 bits, without BigInt.
 */
import { writeInt64Text } from './listpack/listpack-int64.js'
import type { Verdict } from './listpack/listpack-validate.js'

export const INTSET_HEADER_SIZE = 8
/** Redis's own bound is 1 << 30, of which no Buffer would hold the widest. */
export const INTSET_MAX_LENGTH = 1 << 28

/** The encodings are the sizes of an integer in bytes. */
const INT16 = 2
const INT32 = 4
const INT64 = 8

/** Up to about this length a loop moves bytes faster than a call into native code. */
const NATIVE_CALL_BYTES = 64

/** Size in bytes of an integer, and with it the encoding: 2, 4 or 8. */
export function intsetEncoding(buf: Buffer, start: number): number {
  return int32At(buf, start)
}

/** Number of integers. */
export function intsetLength(buf: Buffer, start: number): number {
  return int32At(buf, start + 4) >>> 0
}

/** Total size in bytes. */
export function intsetBytes(buf: Buffer, start: number): number {
  return INTSET_HEADER_SIZE + intsetLength(buf, start) * intsetEncoding(buf, start)
}

/** Writes an empty intset, `INTSET_HEADER_SIZE` bytes, at dst[dstStart]. */
export function intsetEmpty(dst: Buffer, dstStart: number): void {
  intsetWriteHeader(dst, dstStart, INT16, 0)
}

/** Writes what stands before `length` integers of `encoding` bytes each. */
export function intsetWriteHeader(dst: Buffer, dstStart: number, encoding: number, length: number): void {
  writeInt32(dst, dstStart, encoding)
  writeInt32(dst, dstStart + 4, length)
}

/** Low 32 bits of the integer with this index, as a signed number. */
export function intsetLow(buf: Buffer, start: number, index: number): number {
  const encoding = intsetEncoding(buf, start)
  const at = start + INTSET_HEADER_SIZE + index * encoding
  return encoding === INT16 ? int16At(buf, at) : int32At(buf, at)
}

/** High 32 bits of the integer with this index, as a signed number. */
export function intsetHigh(buf: Buffer, start: number, index: number): number {
  if (intsetEncoding(buf, start) === INT64) return int32At(buf, start + INTSET_HEADER_SIZE + index * INT64 + 4)
  return intsetLow(buf, start, index) >> 31
}

/** Writes the integer with this index in decimal at target[offset]. Returns the number of bytes, 1 to 20. */
export function intsetCopyText(buf: Buffer, start: number, index: number, target: Buffer, offset: number): number {
  return writeInt64Text(intsetLow(buf, start, index), intsetHigh(buf, start, index), target, offset)
}

/** Index of the integer, or -1 less the index that it would get. O(log n). */
export function intsetSearch(buf: Buffer, start: number, low: number, high: number): number {
  const length = intsetLength(buf, start)
  const encoding = intsetEncoding(buf, start)
  if (encoding === INT64) return searchWide(buf, start + INTSET_HEADER_SIZE, length, low, high)
  // What needs more than 32 bits is in no narrower set, and its sign says at which end it would come.
  if (high !== low >> 31) return high < 0 ? -1 : -1 - length
  const first = start + INTSET_HEADER_SIZE
  let from = 0
  let until = length
  // Ascending integers are common: look behind the last one first.
  if (
    length > 0 &&
    low > (encoding === INT16 ? int16At(buf, first + (length - 1) * 2) : lastInt32(buf, first, length))
  ) {
    return -1 - length
  }
  while (from < until) {
    const middle = (from + until) >>> 1
    const value = encoding === INT16 ? int16At(buf, first + middle * 2) : int32At(buf, first + middle * 4)
    if (value === low) return middle
    if (value < low) from = middle + 1
    else until = middle
  }
  return -1 - from
}

function lastInt32(buf: Buffer, first: number, length: number): number {
  return int32At(buf, first + (length - 1) * 4)
}

function searchWide(buf: Buffer, first: number, length: number, low: number, high: number): number {
  let from = 0
  let until = length
  while (from < until) {
    const middle = (from + until) >>> 1
    const order = compareAt(buf, first + middle * INT64, low, high)
    if (order === 0) return middle
    if (order < 0) from = middle + 1
    else until = middle
  }
  return -1 - from
}

/** Below 0, 0, or above: how the 64-bit integer at `at` compares with (low, high). */
function compareAt(buf: Buffer, at: number, low: number, high: number): number {
  const otherHigh = int32At(buf, at + 4)
  if (otherHigh !== high) return otherHigh < high ? -1 : 1
  return (int32At(buf, at) >>> 0) - (low >>> 0)
}

/** Total size in bytes once the integer, which is not there, has been inserted. */
export function intsetGrownBytes(buf: Buffer, start: number, low: number, high: number): number {
  const encoding = Math.max(intsetEncoding(buf, start), encodingFor(low, high))
  return INTSET_HEADER_SIZE + (intsetLength(buf, start) + 1) * encoding
}

/**
 * Inserts an integer that is not there, at the index that `intsetSearch` gave. (src, srcStart) and (dst, dstStart) are either the
 * very same place, then the edit is in place, or do not overlap, then src stays as it was; dst has room for `intsetGrownBytes`.
 */
export function intsetInsertInto(
  src: Buffer,
  srcStart: number,
  dst: Buffer,
  dstStart: number,
  index: number,
  low: number,
  high: number,
): void {
  const length = intsetLength(src, srcStart)
  const from = intsetEncoding(src, srcStart)
  const encoding = Math.max(from, encodingFor(low, high))
  const source = srcStart + INTSET_HEADER_SIZE
  const target = dstStart + INTSET_HEADER_SIZE
  const gap = target + index * encoding
  if (encoding === from) {
    moveBytes(src, source + index * encoding, source + length * encoding, dst, gap + encoding)
    if (src !== dst || source !== target) moveBytes(src, source, source + index * encoding, dst, target)
  } else {
    // From the last one on, so that in place none is overwritten before it has moved. The new one is the first or the last.
    const shift = index === 0 ? 1 : 0
    for (let i = length - 1; i >= 0; i--) {
      const value = from === INT16 ? int16At(src, source + i * INT16) : int32At(src, source + i * INT32)
      writeAt(dst, target + (i + shift) * encoding, encoding, value, value >> 31)
    }
  }
  writeAt(dst, gap, encoding, low, high)
  intsetWriteHeader(dst, dstStart, encoding, length + 1)
}

/** Removes the integer with this index; places as for intsetInsertInto. */
export function intsetRemoveInto(src: Buffer, srcStart: number, dst: Buffer, dstStart: number, index: number): void {
  const length = intsetLength(src, srcStart)
  const encoding = intsetEncoding(src, srcStart)
  const source = srcStart + INTSET_HEADER_SIZE
  const target = dstStart + INTSET_HEADER_SIZE
  if (src !== dst || source !== target) moveBytes(src, source, source + index * encoding, dst, target)
  moveBytes(src, source + (index + 1) * encoding, source + length * encoding, dst, target + index * encoding)
  intsetWriteHeader(dst, dstStart, encoding, length - 1)
}

/** An intset of integers that differ, given as a low and a high half each, in any order: they are sorted in place. O(n log n). */
export function intsetOf(halves: Int32Array): Buffer {
  const length = halves.length >>> 1
  new BigInt64Array(halves.buffer, halves.byteOffset, length).sort()
  const last = 2 * (length - 1)
  const encoding =
    length === 0 ? INT16 : Math.max(encodingFor(halves[0], halves[1]), encodingFor(halves[last], halves[last + 1]))
  const intset = Buffer.allocUnsafeSlow(INTSET_HEADER_SIZE + length * encoding)
  intsetWriteHeader(intset, 0, encoding, length)
  for (let i = 0; i < length; i++) {
    writeAt(intset, INTSET_HEADER_SIZE + i * encoding, encoding, halves[2 * i], halves[2 * i + 1])
  }
  return intset
}

/**
 * Whether buf[start, start + size) is a sound intset (intsetValidateIntegrity); an empty one is none. Never reads outside that
 * range.
 * @param deep false looks at the header only (`sanitize-dump-payload no`), true at the order of all integers.
 */
export function intsetValidate(buf: Buffer, start: number, size: number, deep: boolean): boolean {
  if (start < 0 || size < INTSET_HEADER_SIZE || start + size > buf.length) return false
  const encoding = intsetEncoding(buf, start)
  if (encoding !== INT16 && encoding !== INT32 && encoding !== INT64) return false
  if (intsetLength(buf, start) === 0 || intsetBytes(buf, start) !== size) return false
  return !deep || new IntsetWalk(buf, start).check(Number.POSITIVE_INFINITY) === 'sound'
}

/** Looks at every integer of an intset whose header is sound, a number of them at a time. */
export class IntsetWalk {
  /** Integers in all. */
  readonly count: number
  private readonly buf: Buffer
  private readonly start: number
  private next = 1

  constructor(buf: Buffer, start: number) {
    this.buf = buf
    this.start = start
    this.count = intsetLength(buf, start)
  }

  /** Compares up to `integers` further ones with those before them. */
  check(integers: number): Verdict {
    const { buf, count, start } = this
    const stop = Math.min(count, this.next + integers)
    for (let i = this.next; i < stop; i++) if (!isAscending(buf, start, i)) return 'damaged'
    this.next = stop
    return stop < count ? 'going on' : 'sound'
  }
}

/** Whether the integer with this index is greater than the one before it. */
function isAscending(buf: Buffer, start: number, index: number): boolean {
  const highBefore = intsetHigh(buf, start, index - 1)
  const high = intsetHigh(buf, start, index)
  if (highBefore !== high) return highBefore < high
  return intsetLow(buf, start, index - 1) >>> 0 < intsetLow(buf, start, index) >>> 0
}

function encodingFor(low: number, high: number): number {
  if (high !== low >> 31) return INT64
  return low === (low << 16) >> 16 ? INT16 : INT32
}

function writeAt(dst: Buffer, at: number, encoding: number, low: number, high: number): void {
  dst[at] = low
  dst[at + 1] = low >>> 8
  if (encoding === INT16) return
  dst[at + 2] = low >>> 16
  dst[at + 3] = low >>> 24
  if (encoding === INT64) writeInt32(dst, at + 4, high)
}

function writeInt32(dst: Buffer, at: number, value: number): void {
  dst[at] = value
  dst[at + 1] = value >>> 8
  dst[at + 2] = value >>> 16
  dst[at + 3] = value >>> 24
}

function int16At(buf: Buffer, at: number): number {
  return ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16
}

function int32At(buf: Buffer, at: number): number {
  return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)
}

/** Moves bytes from[start, end) to to[at...]. Overlap is fine within one buffer object. */
function moveBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (from === to) {
    if (start !== end) to.copyWithin(at, start, end)
  } else if (end - start < NATIVE_CALL_BYTES) {
    while (start < end) to[at++] = from[start++]
  } else from.copy(to, at, start, end)
}
