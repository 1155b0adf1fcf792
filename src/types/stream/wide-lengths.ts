/** Lengths of RDB with 64 bits, by their halves: numbers of streams. Methods follow the rules of rdb/window.ts. */
import { LENGTH_64_BIT } from '../../rdb/format.js'
import type { RdbWindow } from '../../rdb/window.js'
import { MOST_COUNTED } from './entries-read.js'
import type { StreamId } from './stream-id.js'

const TWO_32 = 4294967296

export class WideLengths {
  private readonly window: RdbWindow
  private high = 0
  private low = 0

  constructor(window: RdbWindow) {
    this.window = window
  }

  read(bytes: Buffer, at: number, end: number): number {
    const next = this.window.length(bytes, at, end)
    if (next < 0) return next
    if (bytes[at] === LENGTH_64_BIT) {
      this.high = bytes.readUInt32BE(at + 1)
      this.low = bytes.readUInt32BE(at + 5)
    } else {
      this.high = 0
      this.low = this.window.lengths.value
    }
    return next
  }

  /** Reads an ID, two lengths. */
  readId(bytes: Buffer, at: number, end: number, id: StreamId): number {
    const seqAt = this.read(bytes, at, end)
    if (seqAt < 0) return seqAt
    const { high, low } = this
    const next = this.read(bytes, seqAt, end)
    if (next >= 0) id.setHalves(high, low, this.high, this.low)
    return next
  }

  /** What was read as a count of Redis, of 64 bits and a sign, or what is nearest of those that JavaScript has exactly. */
  get count(): number {
    return Math.min((this.high | 0) * TWO_32 + this.low, MOST_COUNTED)
  }
}
