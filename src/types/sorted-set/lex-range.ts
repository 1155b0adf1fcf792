/** A range of members, as ZRANGEBYLEX and its kin have it: "[a" to "(b", "-" for below all members, "+" for above all. */
import { compareBytes } from '../../bytes/compare.js'

export const BELOW_ALL = -1
export const AT_BYTES = 0
export const ABOVE_ALL = 1

const NO_BYTES = Buffer.alloc(0)

/** One end of a range. Meant to be reused. */
export class LexBound {
  place: typeof BELOW_ALL | typeof AT_BYTES | typeof ABOVE_ALL = BELOW_ALL
  /** The member at the end, if `place` is AT_BYTES, and whether it is outside. */
  buffer: Buffer = NO_BYTES
  start = 0
  end = 0
  exclusive = false

  /** As compareBytes(): where bytes[start, end) lie, seen from the bound. */
  compare(bytes: Buffer, start: number, end: number): number {
    if (this.place !== AT_BYTES) return -this.place
    return compareBytes(bytes, start, end, this.buffer, this.start, this.end)
  }
}

export class LexRange {
  readonly min = new LexBound()
  readonly max = new LexBound()

  /** No member lies in it. */
  get isEmpty(): boolean {
    const { max, min } = this
    if (min.place !== max.place) return min.place > max.place
    if (min.place !== AT_BYTES) return true
    const order = min.compare(max.buffer, max.start, max.end)
    return order < 0 || (order === 0 && (min.exclusive || max.exclusive))
  }

  /** Whether a member does not lie below it. */
  reaches(bytes: Buffer, start: number, end: number): boolean {
    const order = this.min.compare(bytes, start, end)
    return this.min.exclusive ? order > 0 : order >= 0
  }

  /** Whether a member does not lie above it. */
  holds(bytes: Buffer, start: number, end: number): boolean {
    const order = this.max.compare(bytes, start, end)
    return this.max.exclusive ? order < 0 : order <= 0
  }
}
