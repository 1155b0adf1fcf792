/** Looks for the elements that are equal to one value: what the value is gets worked out once for all of them. */
import { LP_6BIT_STRING, LP_13BIT_INT, lpCompare, lpEnd, lpEntrySize, lpFirst } from '../../store/listpack/listpack.js'
import { int64Halves, parseInt64Halves } from '../../store/listpack/listpack-int64.js'

const NO_BYTES = Buffer.alloc(0)
const FIRST_CAPACITY = 256
const LONGEST_6BIT_STRING = 63

export class Matcher {
  /** Where the last `next` has come to: the element that it found, or the first one that it has not looked at. */
  pos = 0
  index = 0
  /** What the last `collect` found: positions of elements, and how many elements of the listpack come before each. */
  positions = new Int32Array(FIRST_CAPACITY)
  indexes = new Int32Array(FIRST_CAPACITY)
  private bytes: Buffer = NO_BYTES
  private start = 0
  private end = 0
  /** The first byte of an entry for the value: a short string, or an integer from 0 to 127. Values without one: -1. */
  private shortString = -1
  private smallInteger = -1

  /** Looks for bytes[start, end) from here on. */
  of(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    const length = end - start
    this.shortString = length <= LONGEST_6BIT_STRING ? LP_6BIT_STRING | length : -1
    const isSmall = parseInt64Halves(bytes, start, end) && int64Halves[1] === 0 && int64Halves[0] >>> 0 < LP_6BIT_STRING
    this.smallInteger = isSmall ? int64Halves[0] : -1
  }

  /** Whether an element that stands alone has the value. */
  isPlain(buffer: Buffer, at: number, length: number): boolean {
    const { bytes, end, start } = this
    return length === end - start && buffer.compare(bytes, start, end, at, at + length) === 0
  }

  /**
   * Goes on at `pos`, the element `index` of the listpack at buffer[at], to the next one with the value, or until it has looked at
   * all before element `stop`. Returns whether it has found one. O(elements): some nanoseconds each.
   */
  next(buffer: Buffer, at: number, pos: number, index: number, stop: number): boolean {
    const { shortString, smallInteger } = this
    const end = lpEnd(buffer, at)
    while (pos < end && index < stop) {
      const first = buffer[pos]
      if (first < LP_6BIT_STRING) {
        if (first === smallInteger) return this.stopAt(pos, index, true)
        pos += 2
      } else if (first < LP_13BIT_INT) {
        if (first === shortString && this.equalsAt(buffer, pos + 1)) return this.stopAt(pos, index, true)
        pos += 2 + first - LP_6BIT_STRING
      } else {
        if (lpCompare(buffer, pos, this.bytes, this.start, this.end)) return this.stopAt(pos, index, true)
        pos += lpEntrySize(buffer, pos)
      }
      index++
    }
    return this.stopAt(pos, index, false)
  }

  private stopAt(pos: number, index: number, found: boolean): boolean {
    this.pos = pos
    this.index = index
    return found
  }

  /** Last bytes first, since elements tend to begin alike. */
  private equalsAt(buffer: Buffer, at: number): boolean {
    const { bytes, start } = this
    let theirs = this.end
    let ours = at + theirs - start
    while (theirs > start) if (buffer[--ours] !== bytes[--theirs]) return false
    return true
  }

  /** Finds all elements with the value in the listpack at buffer[at]. Returns how many there are. O(elements). */
  collect(buffer: Buffer, at: number): number {
    let count = 0
    let pos = lpFirst(buffer, at)
    if (pos < 0) return 0
    let index = 0
    while (this.next(buffer, at, pos, index, Number.POSITIVE_INFINITY)) {
      if (count === this.positions.length) this.grow()
      this.positions[count] = this.pos
      this.indexes[count++] = this.index
      pos = this.pos + lpEntrySize(buffer, this.pos)
      index = this.index + 1
    }
    return count
  }

  private grow(): void {
    this.positions = doubled(this.positions)
    this.indexes = doubled(this.indexes)
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
