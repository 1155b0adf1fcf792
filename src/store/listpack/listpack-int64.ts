/**
 * Decimal text of 64-bit integers as two 32-bit halves: exact over the whole range, without the BigInt that ids of 17 to 19
 * digits would cost at every comparison.
 */
import { integerLength, parseSafeInteger, writeInteger } from '../../bytes/integers.js'

const MINUS = 0x2d
const ZERO = 0x30
/** "-9223372036854775808" is the longest text of an int64, "9007199254740992" the shortest that is no safe integer. */
const LONGEST_INT64 = 20
const SHORTEST_UNSAFE = 16
const BILLION = 1e9
const TWO_20 = 1048576
const TWO_32 = 4294967296

/**
 * Where `parseInt64Halves` leaves its result: [0] the low, [1] the high 32 bits. An Int32Array holds any half without a
 * heap number; one for the process is enough because a caller reads it at once.
 */
export const int64Halves = new Int32Array(2)

/**
 * Reads bytes[start, end) as a canonical signed 64-bit integer (string2ll: no '+', leading zeros, spaces or "-0") into
 * `int64Halves`.
 * @returns false, leaving `int64Halves` unspecified, if it is none.
 */
export function parseInt64Halves(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length <= 0 || length > LONGEST_INT64) return false
  const value = parseSafeInteger(bytes, start, end)
  if (!Number.isNaN(value)) {
    int64Halves[0] = value
    int64Halves[1] = Math.floor(value / TWO_32)
    return true
  }
  if (length < SHORTEST_UNSAFE) return false

  // The last nine digits apart from those before them: both parts are safe integers.
  const upper = Math.abs(parseSafeInteger(bytes, start, end - 9))
  if (Number.isNaN(upper)) return false
  let lower = 0
  for (let at = end - 9; at < end; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return false
    lower = lower * 10 + digit
  }

  // upper * 1e9 + lower, with `upper` in two limbs of 20 bits so that no product leaves 2^53.
  const limb = Math.floor(upper / TWO_20)
  const product0 = (upper - limb * TWO_20) * BILLION + lower
  const product1 = limb * BILLION
  const carry0 = Math.floor(product0 / TWO_32)
  const carry1 = Math.floor(product1 / 4096)
  const sum = product0 - carry0 * TWO_32 + (product1 - carry1 * 4096) * TWO_20
  const overflow = sum >= TWO_32 ? 1 : 0
  const low = sum - overflow * TWO_32
  const high = carry0 + carry1 + overflow

  const negative = bytes[start] === MINUS
  // Only a negative number has room for a magnitude of 2^63.
  if (high > 0x7fffffff && !(negative && high === 0x80000000 && low === 0)) return false
  int64Halves[0] = negative ? -low : low
  int64Halves[1] = negative ? -high - (low === 0 ? 0 : 1) : high
  return true
}

/** Number of bytes of the decimal text of the int64 with these signed 32-bit halves, 1 to 20. */
export function int64TextLength(low: number, high: number): number {
  const value = high * TWO_32 + (low >>> 0)
  if (Number.isSafeInteger(value)) return integerLength(value)
  splitMagnitude(low, high)
  return (high < 0 ? 1 : 0) + integerLength(upperDigits) + 9
}

/**
 * Writes the decimal text of the int64 with these signed 32-bit halves at target[offset].
 * @returns the number of bytes written, 1 to 20.
 */
export function writeInt64Text(low: number, high: number, target: Uint8Array, offset: number): number {
  const value = high * TWO_32 + (low >>> 0)
  if (Number.isSafeInteger(value)) return writeInteger(target, offset, value) - offset
  splitMagnitude(low, high)
  let at = offset
  if (high < 0) target[at++] = MINUS
  at = writeInteger(target, at, upperDigits)
  let rest = lowerDigits
  for (let i = 8; i >= 0; i--) {
    const quotient = Math.floor(rest / 10)
    target[at + i] = ZERO + rest - quotient * 10
    rest = quotient
  }
  return at + 9 - offset
}

// The two decimal parts of the last `splitMagnitude`: magnitude = upperDigits * 1e9 + lowerDigits.
let upperDigits = 0
let lowerDigits = 0

/** Divides the magnitude of an int64 by 1e9: long division in limbs of 32, 16 and 16 bits, each step below 2^53. */
function splitMagnitude(low: number, high: number): void {
  if (high < 0) {
    high = low === 0 ? -high : ~high
    low = -low
  }
  const quotient2 = Math.floor(high / BILLION)
  const rest2 = (high - quotient2 * BILLION) * 65536 + (low >>> 16)
  const quotient1 = Math.floor(rest2 / BILLION)
  const rest1 = (rest2 - quotient1 * BILLION) * 65536 + (low & 0xffff)
  const quotient0 = Math.floor(rest1 / BILLION)
  upperDigits = quotient2 * TWO_32 + quotient1 * 65536 + quotient0
  lowerDigits = rest1 - quotient0 * BILLION
}
