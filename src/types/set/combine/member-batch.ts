/** Members that are looked at together (store/table/look-ahead.ts says why), wherever they lie. */
import type { Entries } from '../../../store/entries.js'
import { BUCKET_SLOTS, MAX_BUCKET_BITS } from '../../../store/table/segment.js'
import { ByteRange } from '../../byte-range.js'
import type { PackedMembers } from '../packed-members.js'

/** A walk goes on while there are fewer. */
export const BATCH_MEMBERS = 96
/** What a last step may add: a home bucket with all the spare ones of its segment. */
const STEP_MAX_MEMBERS = BUCKET_SLOTS * (1 + (1 << (MAX_BUCKET_BITS - 2)))
const CAPACITY = BATCH_MEMBERS + STEP_MAX_MEMBERS
/** "-9223372036854775808" has 20 digits. */
const INTEGER_TEXT_BYTES = 20
const NO_BYTES = Buffer.alloc(0)

/** The member of number i is buffers[i] from starts[i] to before ends[i]: valid until its set changes. */
export class MemberBatch {
  count = 0
  readonly buffers: Buffer[] = new Array<Buffer>(CAPACITY).fill(NO_BYTES)
  readonly starts = new Int32Array(CAPACITY)
  readonly ends = new Int32Array(CAPACITY)
  /** Text of integers that are stored in binary. */
  private readonly digits = Buffer.alloc(CAPACITY * INTEGER_TEXT_BYTES)
  private readonly range = new ByteRange()

  clear(): void {
    this.count = 0
  }

  /** Adds an element of a table. Reading its header is what brings it into the cache. */
  addElement(entries: Entries, address: number): void {
    const i = this.count++
    const start = entries.keyStart(address)
    this.buffers[i] = entries.memory(address)
    this.starts[i] = start
    this.ends[i] = start + entries.keyLength(address)
  }

  /** Adds a member of a small set. */
  addPacked(members: PackedMembers, place: number): void {
    const i = this.count++
    const { range } = this
    members.show(place, range)
    if (range.buffer === members.buffer) {
      this.buffers[i] = range.buffer
      this.starts[i] = range.start
      this.ends[i] = range.end
      return
    }
    const at = i * INTEGER_TEXT_BYTES
    this.buffers[i] = this.digits
    this.starts[i] = at
    this.ends[i] = at + range.buffer.copy(this.digits, at, range.start, range.end)
  }
}
