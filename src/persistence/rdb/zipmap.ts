/**
 * Zipmaps: small hashes as Redis saved them before 2.6.
 *
 *     <pairs: u8, 254: unknown> (<length> field <length> <free: u8> value <free bytes>)* <0xFF>
 *     length: one byte below 254, or another one and a u32 LE
 */

const END = 0xff
const WIDE_LENGTH = 0xfe

/** Walks over the pairs of a zipmap from outside, checking every step. */
export class ZipmapWalker {
  /** The current pair: bytes[fieldStart, fieldEnd) and bytes[valueStart, valueEnd). */
  fieldStart = 0
  fieldEnd = 0
  valueStart = 0
  valueEnd = 0
  /** Number of pairs, when they have been checked; -1 when it is no zipmap. */
  count = 0
  private position = 0
  private start = 0
  private end = 0

  /**
   * Number of pairs in the zipmap bytes[start, end), or -1 if it is none: items that lead outside, no end byte, or another
   * number of pairs than its head says. Never reads outside the range. O(n).
   */
  open(bytes: Buffer, start: number, end: number): number {
    this.begin(bytes, start, end)
    while (!this.check(bytes, Number.POSITIVE_INFINITY));
    return this.count
  }

  /** As open(), but checked in slices: to be followed by check() until that returns true. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.start = start
    this.end = end
    this.position = start + 1
    this.count = end - start < 2 || bytes[end - 1] !== END ? -1 : 0
  }

  /** Checks `limit` more pairs; true when `count` says how many there are, or -1. */
  check(bytes: Buffer, limit: number): boolean {
    const { end, start } = this
    for (let i = 0; this.count >= 0 && this.position >= 0 && this.position < end && bytes[this.position] !== END; i++) {
      if (i === limit) return false
      this.next(bytes, end)
      this.count++
    }
    const told = bytes[start] === WIDE_LENGTH || bytes[start] === this.count
    if (this.position !== end - 1 || !told) this.count = -1
    this.position = start + 1
    return true
  }

  /** Goes on to the next pair of the zipmap that `open` has found sound. */
  next(bytes: Buffer, end: number): void {
    this.fieldStart = this.contentStart(bytes, this.position, end)
    this.fieldEnd = this.fieldStart + this.length(bytes, this.position, end)
    const valueAt = this.fieldEnd
    const freeAt = this.contentStart(bytes, valueAt, end)
    this.valueStart = freeAt + 1
    this.valueEnd = this.valueStart + this.length(bytes, valueAt, end)
    // Damaged lengths lead behind `end`, where `open` stops.
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
