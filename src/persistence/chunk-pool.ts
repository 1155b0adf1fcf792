/**
 * Chunks of a snapshot that have left, to be filled anew. V8 counts the memory of Buffers and collects everything, in 4 to 8 ms, for
 * every few dozen megabytes of them.
 */
import { COPIED_MAX_BYTES, KEPT_BYTES } from '../rdb/output.js'

const MAX_SPARES = 32

export class ChunkPool {
  private readonly spares: Buffer[] = []

  /** Takes what RdbOutput.take() gave, once nobody reads it any more. */
  give(chunk: Buffer): void {
    const { buffer } = chunk
    // Short ones are copies, in memory that is not theirs alone.
    if (chunk.length <= COPIED_MAX_BYTES || buffer.byteLength > KEPT_BYTES || this.spares.length === MAX_SPARES) return
    this.spares.push(Buffer.from(buffer))
  }

  take(): Buffer | null {
    return this.spares.pop() ?? null
  }
}
