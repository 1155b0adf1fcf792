/** Members that are looked at together (store/table/look-ahead.ts says why), wherever they lie. */
import type { Entries } from '../../../store/entries.js'
import {
  lpIntegerHigh,
  lpIntegerLow,
  lpIsInteger,
  lpStringLength,
  lpStringStart,
} from '../../../store/listpack/listpack.js'
import { writeInt64Text } from '../../../store/listpack/listpack-int64.js'
import { BUCKET_SLOTS, MAX_BUCKET_BITS } from '../../../store/table/segment.js'

/** A walk goes on while there are fewer. */
export const BATCH_MEMBERS = 96
/** What a last step may add: a home bucket with all the spare ones of its segment. */
const STEP_MAX_MEMBERS = BUCKET_SLOTS * (1 + (1 << (MAX_BUCKET_BITS - 2)))
const CAPACITY = BATCH_MEMBERS + STEP_MAX_MEMBERS
/** "-9223372036854775808" has 20 digits. */
const INTEGER_TEXT_BYTES = 20
const NO_BYTES = Buffer.alloc(0)

const BYTES = 0
/** An integer that is stored in binary, whose text nobody has asked for. */
const INTEGER = 1

/**
 * Once it is spelt, the member of number i is buffers[i] from starts[i] to before ends[i]: valid until its set changes. Many are never
 * asked for their text: integers are looked up as such in sets of integers.
 */
export class MemberBatch {
  count = 0
  readonly buffers: Buffer[] = new Array<Buffer>(CAPACITY).fill(NO_BYTES)
  readonly starts = new Int32Array(CAPACITY)
  readonly ends = new Int32Array(CAPACITY)
  /** The halves of those that are integers. */
  readonly lows = new Int32Array(CAPACITY)
  readonly highs = new Int32Array(CAPACITY)
  private readonly kinds = new Uint8Array(CAPACITY)
  private readonly digits = Buffer.alloc(CAPACITY * INTEGER_TEXT_BYTES)

  clear(): void {
    this.count = 0
  }

  /** Adds an element of a table. Reading its header is what brings it into the cache. */
  addElement(entries: Entries, address: number): void {
    const start = entries.keyStart(address)
    this.addBytes(entries.memory(address), start, start + entries.keyLength(address))
  }

  /** Adds the member buffer[start, end). */
  addBytes(buffer: Buffer, start: number, end: number): void {
    const i = this.count++
    this.kinds[i] = BYTES
    this.buffers[i] = buffer
    this.starts[i] = start
    this.ends[i] = end
  }

  /** Adds the listpack element at `pos`. */
  addListpack(listpack: Buffer, pos: number): void {
    if (lpIsInteger(listpack, pos)) {
      this.addInteger(lpIntegerLow(listpack, pos), lpIntegerHigh(listpack, pos))
      return
    }
    const start = lpStringStart(listpack, pos)
    this.addBytes(listpack, start, start + lpStringLength(listpack, pos))
  }

  /** Adds the 64-bit integer with these signed halves. */
  addInteger(low: number, high: number): void {
    const i = this.count++
    this.kinds[i] = INTEGER
    this.lows[i] = low
    this.highs[i] = high
    this.buffers[i] = NO_BYTES
  }

  /** Whether the member of number i came as an integer. */
  isInteger(i: number): boolean {
    return this.kinds[i] === INTEGER
  }

  /** Writes the text of the member of number i, if it is an integer and has none yet. */
  spell(i: number): void {
    if (this.kinds[i] !== INTEGER || this.buffers[i] !== NO_BYTES) return
    const at = i * INTEGER_TEXT_BYTES
    this.buffers[i] = this.digits
    this.starts[i] = at
    this.ends[i] = at + writeInt64Text(this.lows[i], this.highs[i], this.digits, at)
  }
}
