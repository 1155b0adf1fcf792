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

/** Number of characters of `value` (a safe integer) in decimal. */
export function integerLength(value: number): number {
  let length = value < 0 ? 2 : 1
  for (let rest = Math.abs(value); rest >= 10; rest = Math.floor(rest / 10)) length++
  return length
}

/** Writes `value` (a safe integer) in decimal at `offset`; returns the offset behind it. */
export function writeInteger(target: Uint8Array, offset: number, value: number): number {
  if (value < 0) {
    target[offset++] = MINUS
    value = -value
  }
  if (value < 10) {
    target[offset] = ZERO + value
    return offset + 1
  }
  const end = offset + integerLength(value)
  let at = end
  // Int32 arithmetic is several times faster than doubles: only the digits above 2^31 take the slow way.
  while (value > 0x7fffffff) {
    const quotient = Math.floor(value / 10)
    target[--at] = ZERO + (value - quotient * 10)
    value = quotient
  }
  let small = value | 0
  do {
    const quotient = (small / 10) | 0
    target[--at] = ZERO + (small - quotient * 10)
    small = quotient
  } while (at > offset)
  return end
}
