/** Integers as decimal text in byte buffers, with the strictness of Redis's string2ll. */

const MINUS = 45
const ZERO = 48

export const INT64_MIN = -(1n << 63n)
export const INT64_MAX = (1n << 63n) - 1n

/**
 * Reads bytes[start, end) as a canonical decimal integer ("-12", "0"; no "+1", "01", " 1" or "-0").
 * Returns NaN when it is none, or lies outside the range in which a JavaScript number is exact.
 */
export function parseSafeInteger(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length <= 0 || length > 17) return Number.NaN
  let at = start
  const negative = bytes[at] === MINUS
  if (negative && ++at === end) return Number.NaN
  const first = bytes[at] - ZERO
  if (first === 0) return length === 1 ? 0 : Number.NaN
  if (first < 0 || first > 9) return Number.NaN
  let value = first
  for (at++; at < end; at++) {
    const digit = bytes[at] - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return Number.NaN
  return negative ? -value : value
}

/** Reads bytes[start, end) as a canonical signed 64-bit integer; null when it is none. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const small = parseSafeInteger(bytes, start, end)
  if (!Number.isNaN(small)) return BigInt(small)
  const length = end - start
  if (length < 16 || length > 20) return null
  let at = start
  if (bytes[at] === MINUS) at++
  if (at === end || bytes[at] === ZERO) return null
  let text = ''
  for (let i = at; i < end; i++) {
    if (bytes[i] < ZERO || bytes[i] > ZERO + 9) return null
    text += String.fromCharCode(bytes[i])
  }
  const value = at > start ? -BigInt(text) : BigInt(text)
  return value >= INT64_MIN && value <= INT64_MAX ? value : null
}

const BILLION = 1e9
const BILLION_DIGITS = 9

/** Number of characters of `value` (a safe integer) in decimal. */
export function integerLength(value: number): number {
  if (value < 0) return 1 + integerLength(-value)
  if (value > 0x7fffffff) return BILLION_DIGITS + integerLength(Math.floor(value / BILLION))
  return digitsOf(value | 0)
}

/** Digits of a number from 0 to below 2^31: comparisons cost less than divisions. */
function digitsOf(value: number): number {
  if (value < 10_000) {
    if (value < 100) return value < 10 ? 1 : 2
    return value < 1000 ? 3 : 4
  }
  if (value < 100_000_000) {
    if (value < 1_000_000) return value < 100_000 ? 5 : 6
    return value < 10_000_000 ? 7 : 8
  }
  return value < 1_000_000_000 ? 9 : 10
}

/** Writes `value` (a safe integer) in decimal at `offset`; returns the offset behind it. */
export function writeInteger(target: Uint8Array, offset: number, value: number): number {
  if (value < 0) {
    target[offset++] = MINUS
    value = -value
  }
  if (value <= 0x7fffffff) return writeDigits(target, offset, digitsOf(value | 0), value | 0)
  // Int32 arithmetic is several times faster than doubles: a safe integer is two such numbers.
  const high = Math.floor(value / BILLION)
  const behind = writeDigits(target, offset, digitsOf(high), high)
  return writeDigits(target, behind, BILLION_DIGITS, (value - high * BILLION) | 0)
}

/** Writes so many digits of a number below 2^31, zeros ahead of it. */
function writeDigits(target: Uint8Array, offset: number, digits: number, value: number): number {
  for (let at = offset + digits - 1; at >= offset; at--) {
    const quotient = (value / 10) | 0
    target[at] = ZERO + (value - quotient * 10)
    value = quotient
  }
  return offset + digits
}
