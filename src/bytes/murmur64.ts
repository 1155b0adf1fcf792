/**
 * MurmurHash64A (Austin Appleby's MurmurHash2 for 64-bit machines), reading little-endian whatever the machine. A 64-bit number is
 * two 32-bit halves here, which JavaScript multiplies without boxing.
 */

/** The multiplier 0xc6a4a7935bd1e995: its high half, its low one, and of that the two quarters. */
const HIGH = 0xc6a4a793 | 0
const LOW = 0x5bd1e995
const LOW_UPPER = 0x5bd1
const LOW_LOWER = 0xe995

/** The high half of the product of `x` and LOW, both without a sign. */
function carried(x: number): number {
  const lower = x & 0xffff
  const upper = x >>> 16
  const crossed = Math.imul(lower, LOW_UPPER)
  const crossedBack = Math.imul(upper, LOW_LOWER)
  const middle = (Math.imul(lower, LOW_LOWER) >>> 16) + (crossed & 0xffff) + (crossedBack & 0xffff)
  return (Math.imul(upper, LOW_UPPER) + (crossed >>> 16) + (crossedBack >>> 16) + (middle >>> 16)) | 0
}

export class Murmur64 {
  /** The halves of the hash made last, as signed 32-bit numbers. */
  low = 0
  high = 0
  private readonly seed: number

  constructor(seed: number) {
    this.seed = seed
  }

  /** Hashes bytes[start, end). */
  update(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    let low = Math.imul(length, LOW) ^ this.seed
    let high = (carried(length) + Math.imul(length, HIGH)) | 0
    let at = start
    let k = 0
    let kHigh = 0
    let product = 0
    for (const blocks = end - (length & 7); at < blocks; at += 8) {
      k = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
      kHigh = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24)
      product = (carried(k) + Math.imul(k, HIGH) + Math.imul(kHigh, LOW)) | 0
      k = Math.imul(k, LOW) ^ (product >>> 15)
      high ^= (carried(k) + Math.imul(k, HIGH) + Math.imul(product, LOW)) | 0
      low ^= Math.imul(k, LOW)
      high = (carried(low) + Math.imul(low, HIGH) + Math.imul(high, LOW)) | 0
      low = Math.imul(low, LOW)
    }
    if (at < end) {
      for (let shift = 0; at < end; at++, shift += 8) {
        if (shift < 32) low ^= bytes[at] << shift
        else high ^= bytes[at] << (shift - 32)
      }
      high = (carried(low) + Math.imul(low, HIGH) + Math.imul(high, LOW)) | 0
      low = Math.imul(low, LOW)
    }
    low ^= high >>> 15
    high = (carried(low) + Math.imul(low, HIGH) + Math.imul(high, LOW)) | 0
    low = Math.imul(low, LOW)
    this.low = low ^ (high >>> 15)
    this.high = high
  }
}
