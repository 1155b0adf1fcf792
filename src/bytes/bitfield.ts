/** Integers of 1 to 64 bits at any bit of a byte string, most significant bit first, and what happens when they overflow. */

/** i1 to i64, u1 to u63. */
export interface FieldType {
  readonly signed: boolean
  readonly bits: number
}

export type Overflow = 'wrap' | 'sat' | 'fail'

const WORD_BITS = 32
const INT64_BITS = 64

/** The integer at bit `offset` of bytes[start, end); bits behind the end are 0. */
export function readField(bytes: Uint8Array, start: number, end: number, offset: number, type: FieldType): bigint {
  const { bits, signed } = type
  const highBits = bits - WORD_BITS
  let value: bigint
  if (highBits <= 0) value = BigInt(readBits(bytes, start, end, offset, bits))
  else {
    const high = readBits(bytes, start, end, offset, highBits)
    const low = readBits(bytes, start, end, offset + highBits, WORD_BITS)
    value = (BigInt(high) << 32n) | BigInt(low)
  }
  return signed ? BigInt.asIntN(bits, value) : value
}

/** Writes the lowest `bits` bits of `value` at bit `offset` of the string at `start`, which is long enough. */
export function writeField(bytes: Uint8Array, start: number, offset: number, bits: number, value: bigint): void {
  const highBits = bits - WORD_BITS
  const low = Number(BigInt.asUintN(WORD_BITS, value))
  if (highBits <= 0) writeBits(bytes, start, offset, bits, low)
  else {
    writeBits(bytes, start, offset, highBits, Number(BigInt.asUintN(WORD_BITS, value >> 32n)))
    writeBits(bytes, start, offset + highBits, WORD_BITS, low)
  }
}

/** Up to 32 bits as a number, a byte's share at a time. */
function readBits(bytes: Uint8Array, start: number, end: number, offset: number, bits: number): number {
  let value = 0
  let at = start + Math.floor(offset / 8)
  let skipped = offset % 8
  for (let left = bits; left > 0; ) {
    const share = Math.min(8 - skipped, left)
    const byte = at < end ? bytes[at] : 0
    value = value * 2 ** share + ((byte >>> (8 - skipped - share)) & (2 ** share - 1))
    left -= share
    skipped = 0
    at++
  }
  return value
}

function writeBits(bytes: Uint8Array, start: number, offset: number, bits: number, value: number): void {
  let at = start + Math.floor(offset / 8)
  let skipped = offset % 8
  for (let left = bits; left > 0; ) {
    const share = Math.min(8 - skipped, left)
    left -= share
    const shift = 8 - skipped - share
    const mask = 2 ** share - 1
    bytes[at] = (bytes[at] & ~(mask << shift)) | (((value >>> left) & mask) << shift)
    skipped = 0
    at++
  }
}

/**
 * `value` + `increment` as a field of this type holds it; null when it does not fit and `overflow` is "fail". The value
 * itself may be out of range, too (SET).
 */
export function addToField(value: bigint, increment: bigint, type: FieldType, overflow: Overflow): bigint | null {
  const { bits, signed } = type
  const direction = signed ? signedOverflow(value, increment, bits) : unsignedOverflow(value, increment, bits)
  const sum = value + increment
  if (direction === 0) return sum
  if (overflow === 'fail') return null
  if (overflow === 'wrap') return signed ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum)
  if (direction > 0) return largest(type)
  return signed ? -largest(type) - 1n : 0n
}

function largest({ bits, signed }: FieldType): bigint {
  return (1n << BigInt(signed ? bits - 1 : bits)) - 1n
}

/** 1 above the range, -1 below it, 0 inside. What SET gives counts as an unsigned 64-bit integer. */
function unsignedOverflow(value: bigint, increment: bigint, bits: number): number {
  const sum = BigInt.asUintN(INT64_BITS, value) + increment
  if (sum > largest({ bits, signed: false })) return 1
  return sum < 0n ? -1 : 0
}

/**
 * As above. Redis computes the distance to the largest value in 64 bits, where that of a value far below the range wraps
 * around: SET of such a one saturates to the largest, not to the smallest (checkSignedBitfieldOverflow in bitops.c).
 */
function signedOverflow(value: bigint, increment: bigint, bits: number): number {
  const max = largest({ bits, signed: true })
  const room = max - value
  if (increment > room || (bits < INT64_BITS && BigInt.asIntN(INT64_BITS, room) < increment)) return 1
  return value + increment < -max - 1n ? -1 : 0
}
