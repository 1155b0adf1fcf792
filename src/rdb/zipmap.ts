/**
 * Zipmaps: small hashes as Redis saved them before 2.6.
 *
 *     <pairs: u8, 254: unknown> (<length> field <length> <free: u8> value <free bytes>)* <0xFF>
 *     length: one byte below 254, or another one and a u32 LE
 */

import type { Verdict } from '../store/listpack/listpack-validate.js'

const END = 0xff
const WIDE_LENGTH = 0xfe

/** Walks over the pairs of a zipmap from outside, checking every step. */
export class ZipmapWalker {
  /** The current pair: bytes[fieldStart, fieldEnd) and bytes[valueStart, valueEnd). */
  fieldStart = 0
  fieldEnd = 0
  valueStart = 0
  valueEnd = 0
  /** Pairs seen. */
  count = 0
  private position = 0

  /** Whether bytes[start, end) may be a zipmap by its end; check() follows. */
  begin(bytes: Buffer, start: number, end: number): boolean {
    this.position = start + 1
    this.count = 0
    return end - start >= 2 && bytes[end - 1] === END
  }

  /**
   * Checks up to `pairs` further ones: no items that lead outside, an end byte, as many pairs as the head says, and one at
   * least. Never reads outside the range.
   */
  check(bytes: Buffer, start: number, end: number, pairs: number): Verdict {
    const stop = this.count + pairs
    while (this.position >= 0 && this.position < end && bytes[this.position] !== END) {
      if (this.count === stop) return 'going on'
      this.next(bytes, end)
      this.count++
    }
    if (this.position !== end - 1 || this.count === 0) return 'damaged'
    if (bytes[start] !== WIDE_LENGTH && bytes[start] !== this.count) return 'damaged'
    this.position = start + 1
    return 'sound'
  }

  /** Goes on to the next pair of the zipmap that check() has found sound. */
  next(bytes: Buffer, end: number): void {
    this.fieldStart = this.contentStart(bytes, this.position, end)
    this.fieldEnd = this.fieldStart + this.length(bytes, this.position, end)
    const valueAt = this.fieldEnd
    const freeAt = this.contentStart(bytes, valueAt, end)
    this.valueStart = freeAt + 1
    this.valueEnd = this.valueStart + this.length(bytes, valueAt, end)
    // Damaged lengths lead behind `end`, where check() stops.
    this.position = freeAt < end ? this.valueEnd + bytes[freeAt] : end
  }

  private contentStart(bytes: Buffer, at: number, end: number): number {
    return at < end && bytes[at] < WIDE_LENGTH ? at + 1 : at + 5
  }

  private length(bytes: Buffer, at: number, end: number): number {
    if (at < end && bytes[at] < WIDE_LENGTH) return bytes[at]
    return at + 5 <= end ? bytes.readUInt32LE(at + 1) : end
  }
}
