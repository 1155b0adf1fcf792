/**
 * The first eight bytes by which an ordered tree sorts, as two signed 32-bit halves that are compared high half first:
 * integers that V8 keeps unboxed, with no BigInt and no reading of bytes. Doubles and unsigned 64-bit integers each have a
 * form whose order is theirs.
 */

const SIGN = 0x80000000
const scratch = new Float64Array(1)
const halves = new Int32Array(scratch.buffer)
/** Where its halves are: low half first on a little-endian machine. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

/** High half for a double, infinities included, NaN excluded; -0 sorts as 0. */
export function doubleHigh(value: number): number {
  scratch[0] = value + 0
  const high = halves[HIGH]
  // Negative numbers grow as their bits shrink.
  return high < 0 ? high ^ ~SIGN : high
}

/** Low half for a double. */
export function doubleLow(value: number): number {
  scratch[0] = value + 0
  const low = halves[LOW]
  return halves[HIGH] < 0 ? ~low ^ SIGN : low ^ SIGN
}

/** The double whose halves these are. */
export function doubleOf(high: number, low: number): number {
  halves[HIGH] = high < 0 ? high ^ ~SIGN : high
  halves[LOW] = high < 0 ? ~(low ^ SIGN) : low ^ SIGN
  return scratch[0]
}

/** The half, high or low, of an unsigned 64-bit integer, from the 32 bits of it that go there (signed or not). */
export function halfOfUnsigned(bits: number): number {
  return bits ^ SIGN
}

/** The 32 bits that halfOfUnsigned() was given, as an unsigned number. */
export function unsignedHalf(half: number): number {
  return (half ^ SIGN) >>> 0
}
