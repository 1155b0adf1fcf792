/**
 * The first eight bytes by which an ordered tree sorts, as two signed 32-bit halves that are compared high half first: integers
 * that V8 keeps unboxed, with no BigInt and no reading of bytes. Doubles and unsigned 64-bit integers each have a form whose order
 * is theirs.
 */

const SIGN = 0x80000000
const scratch = new Float64Array(1)
/** The same memory: low half, high half (every machine that Node 20 runs on with V8's fast paths is little-endian). */
const halves = new Int32Array(scratch.buffer)

/** High half for a double, infinities included, NaN excluded; -0 sorts as 0. */
export function doubleHigh(value: number): number {
  scratch[0] = value + 0
  const high = halves[1]
  // Negative numbers grow as their bits shrink.
  return high < 0 ? high ^ ~SIGN : high
}

/** Low half for a double. */
export function doubleLow(value: number): number {
  scratch[0] = value + 0
  const low = halves[0]
  return halves[1] < 0 ? ~low ^ SIGN : low ^ SIGN
}

/** The double whose halves these are. */
export function doubleOf(high: number, low: number): number {
  halves[1] = high < 0 ? high ^ ~SIGN : high
  halves[0] = high < 0 ? ~(low ^ SIGN) : low ^ SIGN
  return scratch[0]
}

/** A half of an unsigned 64-bit integer, either one, given as the 32 bits it is; its own inverse but for the sign (see unsignedHalf). */
export function halfOfUnsigned(bits: number): number {
  return bits ^ SIGN
}

/** The 32 bits, as an unsigned number, that halfOfUnsigned() was given. */
export function unsignedHalf(half: number): number {
  return (half ^ SIGN) >>> 0
}
