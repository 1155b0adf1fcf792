/**
 * Reading a listpack, Redis's format for small aggregates, byte for byte (github.com/antirez/listpack).
 *
 *     <total bytes: u32 LE> <elements: u16 LE> <entry>* <0xFF>
 *     entry: <encoding and data> <backlen: size of the former, 1 to 5 bytes, readable from its end>
 *
 * A listpack is a range of bytes inside a slab, so everything here is a function over (buf, start), where buf[start] is
 * its first header byte. Positions of entries are offsets into buf, and -1 means "no such entry". The functions trust the
 * bytes: what comes from a file or the wire passes `lpValidate` (listpack-validate.ts) first. Edits are in
 * listpack-edit.ts.
 */
import { int64Halves, int64TextLength, parseInt64Halves, writeInt64Text } from './listpack-int64.js'

export const LP_HEADER_SIZE = 6
export const LP_EOF = 0xff
/** Size of a listpack without entries. */
export const LP_EMPTY_SIZE = LP_HEADER_SIZE + 1
/** The header's element count when there are this many or more: the entries have to be counted. */
export const LP_COUNT_UNKNOWN = 65535

// First byte of an entry. The first four carry a part of the value, the others are the whole byte.
export const LP_6BIT_STRING = 0x80
export const LP_13BIT_INT = 0xc0
export const LP_12BIT_STRING = 0xe0
export const LP_32BIT_STRING = 0xf0
export const LP_16BIT_INT = 0xf1
export const LP_24BIT_INT = 0xf2
export const LP_32BIT_INT = 0xf3
export const LP_64BIT_INT = 0xf4

/** Up to about this length a loop in JS compares and copies faster than a call into native code. */
const NATIVE_CALL_BYTES = 64

/** Total size in bytes, from the header. */
export function lpBytes(buf: Buffer, start: number): number {
  return uint32At(buf, start)
}

/** Position of the EOF byte: where an element is appended. */
export function lpEnd(buf: Buffer, start: number): number {
  return start + uint32At(buf, start) - 1
}

/** The header's element count as it stands; `LP_COUNT_UNKNOWN` says nothing but "maybe many". */
export function lpHeaderCount(buf: Buffer, start: number): number {
  return buf[start + 4] | (buf[start + 5] << 8)
}

/**
 * Number of elements: O(1), or O(n) once there were 65535 or more. As in Redis, a count that fits again is written back to
 * the header.
 */
export function lpLength(buf: Buffer, start: number): number {
  const known = lpHeaderCount(buf, start)
  if (known !== LP_COUNT_UNKNOWN) return known
  let count = 0
  for (let pos = lpFirst(buf, start); pos >= 0; pos = lpNext(buf, start, pos)) count++
  if (count < LP_COUNT_UNKNOWN) {
    buf[start + 4] = count
    buf[start + 5] = count >>> 8
  }
  return count
}

/** Position of the first element, or -1. */
export function lpFirst(buf: Buffer, start: number): number {
  const pos = start + LP_HEADER_SIZE
  return pos < lpEnd(buf, start) ? pos : -1
}

/** Position of the last element, or -1. */
export function lpLast(buf: Buffer, start: number): number {
  return lpPrev(buf, start, lpEnd(buf, start))
}

/** Position of the element after the one at `pos`, or -1. */
export function lpNext(buf: Buffer, start: number, pos: number): number {
  const next = pos + lpEntrySize(buf, pos)
  return next < lpEnd(buf, start) ? next : -1
}

/** Position of the element before `pos` (of an element, or `lpEnd`), or -1. */
export function lpPrev(buf: Buffer, start: number, pos: number): number {
  const first = start + LP_HEADER_SIZE
  if (pos <= first) return -1
  const dataSize = lpDecodeBacklen(buf, pos - 1)
  const previous = pos - dataSize - lpBacklenSize(dataSize)
  // Damaged bytes must end a walk, too, instead of turning it in circles.
  return previous >= first && previous < pos ? previous : -1
}

/** Position of the element with this index (negative: from the tail, -1 is the last), or -1. O(n), from the nearer end. */
export function lpSeek(buf: Buffer, start: number, index: number): number {
  const count = lpHeaderCount(buf, start)
  let forward = index >= 0
  if (count !== LP_COUNT_UNKNOWN) {
    if (index < 0) index += count
    if (index < 0 || index >= count) return -1
    forward = index <= count >>> 1
    if (!forward) index -= count
  }
  let pos: number
  if (forward) {
    pos = lpFirst(buf, start)
    for (; index > 0 && pos >= 0; index--) pos = lpNext(buf, start, pos)
  } else {
    pos = lpLast(buf, start)
    for (; index < -1 && pos >= 0; index++) pos = lpPrev(buf, start, pos)
  }
  return pos
}

/** Whether the element at `pos` is stored as an integer. */
export function lpIsInteger(buf: Buffer, pos: number): boolean {
  const first = buf[pos]
  return first < LP_6BIT_STRING || (first & 0xe0) === LP_13BIT_INT || (first >= LP_16BIT_INT && first <= LP_64BIT_INT)
}

/**
 * Value of an integer element. Exact if `Number.isSafeInteger` holds for the result, otherwise the nearest double: take
 * `lpIntegerLow` and `lpIntegerHigh` or `lpBigInt` then.
 */
export function lpInteger(buf: Buffer, pos: number): number {
  const low = lpIntegerLow(buf, pos)
  return buf[pos] === LP_64BIT_INT ? lpIntegerHigh(buf, pos) * 4294967296 + (low >>> 0) : low
}

/** Low 32 bits of an integer element, as a signed number. */
export function lpIntegerLow(buf: Buffer, pos: number): number {
  const first = buf[pos]
  if (first < LP_6BIT_STRING) return first
  if ((first & 0xe0) === LP_13BIT_INT) return ((((first & 0x1f) << 8) | buf[pos + 1]) << 19) >> 19
  if (first === LP_16BIT_INT) return ((buf[pos + 1] | (buf[pos + 2] << 8)) << 16) >> 16
  if (first === LP_24BIT_INT) return ((buf[pos + 1] | (buf[pos + 2] << 8) | (buf[pos + 3] << 16)) << 8) >> 8
  return int32At(buf, pos + 1)
}

/** High 32 bits of an integer element, as a signed number. */
export function lpIntegerHigh(buf: Buffer, pos: number): number {
  return buf[pos] === LP_64BIT_INT ? int32At(buf, pos + 5) : lpIntegerLow(buf, pos) >> 31
}

/** Value of an integer element, exact over 64 bits. Allocates; for the rare value that is no safe integer. */
export function lpBigInt(buf: Buffer, pos: number): bigint {
  return (BigInt(lpIntegerHigh(buf, pos)) << 32n) | BigInt(lpIntegerLow(buf, pos) >>> 0)
}

/** Position of the first content byte of a string element. */
export function lpStringStart(buf: Buffer, pos: number): number {
  return pos + stringHeaderSize(buf[pos])
}

/** Length in bytes of a string element. */
export function lpStringLength(buf: Buffer, pos: number): number {
  const first = buf[pos]
  if ((first & 0xc0) === LP_6BIT_STRING) return first & 0x3f
  if ((first & 0xf0) === LP_12BIT_STRING && first !== LP_32BIT_STRING) return ((first & 0xf) << 8) | buf[pos + 1]
  return uint32At(buf, pos + 1)
}

/** Length in bytes of an element as text: a string's own length, an integer's decimal digits and sign. */
export function lpTextLength(buf: Buffer, pos: number): number {
  if (lpIsInteger(buf, pos)) return int64TextLength(lpIntegerLow(buf, pos), lpIntegerHigh(buf, pos))
  return lpStringLength(buf, pos)
}

/**
 * Writes an element as text at target[offset]: strings raw, integers in decimal.
 * @returns the number of bytes written, `lpTextLength`; the caller has made sure of the room.
 */
export function lpCopyText(buf: Buffer, pos: number, target: Buffer, offset: number): number {
  if (lpIsInteger(buf, pos)) return writeInt64Text(lpIntegerLow(buf, pos), lpIntegerHigh(buf, pos), target, offset)
  const from = lpStringStart(buf, pos)
  const length = lpStringLength(buf, pos)
  lpCopyBytes(buf, from, from + length, target, offset)
  return length
}

/** Whether the element at `pos` has the text bytes[bstart, bend); an integer equals its canonical decimal text only. */
export function lpCompare(buf: Buffer, pos: number, bytes: Buffer, bstart: number, bend: number): boolean {
  if (!lpIsInteger(buf, pos)) return stringEquals(buf, pos, bytes, bstart, bend)
  return (
    parseInt64Halves(bytes, bstart, bend) &&
    lpIntegerLow(buf, pos) === int64Halves[0] &&
    lpIntegerHigh(buf, pos) === int64Halves[1]
  )
}

/**
 * Position of the first element equal to bytes[bstart, bend), looking at `from` (an element's position, or -1) and then
 * at every (skip + 1)-th element after it; -1 if there is none. skip = 1 finds a hash's field among fields and values.
 */
export function lpFind(
  buf: Buffer,
  start: number,
  from: number,
  bytes: Buffer,
  bstart: number,
  bend: number,
  skip: number,
): number {
  const end = lpEnd(buf, start)
  const length = bend - bstart
  // What was asked for as an integer is worked out at the first integer element, once.
  let parsed = false
  let isNumber = false
  let low = 0
  let high = 0
  let pos = from < 0 ? end : from
  while (pos < end) {
    const first = buf[pos]
    if (first >= LP_6BIT_STRING && first < LP_13BIT_INT) {
      // Nearly every field of a small hash: its length is in the first byte, and its content right behind it.
      const stored = first & 0x3f
      if (stored === length && bytesEqual(buf, pos + 1, bytes, bstart, bend)) return pos
      pos += stored + 2
    } else {
      if (!lpIsInteger(buf, pos)) {
        if (stringEquals(buf, pos, bytes, bstart, bend)) return pos
      } else {
        if (!parsed) {
          parsed = true
          isNumber = parseInt64Halves(bytes, bstart, bend)
          low = int64Halves[0]
          high = int64Halves[1]
        }
        if (isNumber && lpIntegerLow(buf, pos) === low && lpIntegerHigh(buf, pos) === high) return pos
      }
      pos += lpEntrySize(buf, pos)
    }
    for (let left = skip; left > 0 && pos < end; left--) pos += lpEntrySize(buf, pos)
  }
  return -1
}

/** Size in bytes of the whole entry at `pos`, its backlen included. */
export function lpEntrySize(buf: Buffer, pos: number): number {
  const first = buf[pos]
  if (first < LP_6BIT_STRING) return 2
  if (first < LP_13BIT_INT) return 2 + (first & 0x3f)
  const dataSize = lpEntryDataSize(buf, pos)
  return dataSize + lpBacklenSize(dataSize)
}

/** Size in bytes of encoding and data of the entry at `pos`, without backlen; 0 for a byte that begins no entry. */
export function lpEntryDataSize(buf: Buffer, pos: number): number {
  const first = buf[pos]
  if (first < LP_6BIT_STRING) return 1
  if (first < LP_13BIT_INT) return 1 + (first & 0x3f)
  if (first < LP_12BIT_STRING) return 2
  if (first < LP_32BIT_STRING) return 2 + (((first & 0xf) << 8) | buf[pos + 1])
  if (first === LP_32BIT_STRING) return 5 + uint32At(buf, pos + 1)
  if (first <= LP_32BIT_INT) return 3 + first - LP_16BIT_INT
  return first === LP_64BIT_INT ? 9 : 0
}

/** Bytes a backlen of this value takes. The borders are those of listpack.c: one below what seven bits a byte allow. */
export function lpBacklenSize(dataSize: number): number {
  if (dataSize <= 127) return 1
  if (dataSize < 16383) return 2
  if (dataSize < 2097151) return 3
  return dataSize < 268435455 ? 4 : 5
}

/** The backlen whose last byte is at `last`, read towards the front; -1 if it goes on for more than five bytes. */
export function lpDecodeBacklen(buf: Buffer, last: number): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 5; i++) {
    const byte = buf[last - i]
    value += (byte & 127) * scale
    if (byte < 128) return value
    scale *= 128
  }
  return -1
}

/** Moves bytes from[start, end) to to[at...]. Overlap is fine within one buffer object. */
export function lpCopyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (from === to) {
    if (start !== at && start !== end) to.copyWithin(at, start, end)
  } else if (end - start < NATIVE_CALL_BYTES) {
    while (start < end) to[at++] = from[start++]
  } else {
    from.copy(to, at, start, end)
  }
}

function stringEquals(buf: Buffer, pos: number, bytes: Buffer, bstart: number, bend: number): boolean {
  const length = lpStringLength(buf, pos)
  if (length !== bend - bstart) return false
  return bytesEqual(buf, lpStringStart(buf, pos), bytes, bstart, bend)
}

/** Whether buf holds bytes[bstart, bend) at `at`; last bytes first, since fields tend to begin alike. */
function bytesEqual(buf: Buffer, at: number, bytes: Buffer, bstart: number, bend: number): boolean {
  const looped = Math.max(bstart, bend - NATIVE_CALL_BYTES)
  let theirs = bend
  let ours = at + (bend - bstart)
  while (theirs > looped) if (buf[--ours] !== bytes[--theirs]) return false
  return theirs === bstart || buf.compare(bytes, bstart, theirs, at, ours) === 0
}

function stringHeaderSize(first: number): number {
  if (first < LP_13BIT_INT) return 1
  return first === LP_32BIT_STRING ? 5 : 2
}

function int32At(buf: Buffer, at: number): number {
  return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)
}

function uint32At(buf: Buffer, at: number): number {
  return int32At(buf, at) >>> 0
}
