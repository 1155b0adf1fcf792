/** RDB bytes of a snapshot, cut into chunks that its sink takes one at a time. */
import { RDB_OPCODE_SELECTDB } from './format.js'
import { RdbOutput } from './output.js'

export const CHUNK_BYTES = 128 * 1024

export class ChunkedOutput extends RdbOutput {
  /** Whole chunks; what comes after them is still in the buffer. */
  readonly chunks: Buffer[] = []
  /** The database that the last key belongs to. */
  database = -1

  select(database: number): void {
    if (this.database === database) return
    this.byte(RDB_OPCODE_SELECTDB)
    this.lengthCode(database)
    this.database = database
  }

  get isEmpty(): boolean {
    return this.length === 0 && this.chunks.length === 0
  }

  /** Ends the chunk, whatever its length. `spare`: memory for the next one. */
  seal(spare: Buffer | null = null): void {
    if (this.length > 0) this.chunks.push(this.take(spare))
  }

  /** Ends the chunk when it is as long as chunks are. */
  sealFull(spare: () => Buffer | null): void {
    if (this.length >= CHUNK_BYTES) this.seal(spare())
  }

  /** Goes on with all that another output holds, which is empty then. O(chunks). */
  append(other: ChunkedOutput): void {
    if (other.chunks.length > 0) {
      this.seal()
      for (const chunk of other.chunks) this.chunks.push(chunk)
      other.chunks.length = 0
    }
    this.raw(other.buffer, 0, other.length)
    other.reset()
    if (other.database !== -1) this.database = other.database
    other.database = -1
  }
}
