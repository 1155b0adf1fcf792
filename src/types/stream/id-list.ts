/** A long list of IDs, 16 bytes each, off the JavaScript heap. */
import type { StreamId } from './stream-id.js'

const WORDS = 4
const CHUNK_SHIFT = 12
const CHUNK_MASK = (1 << CHUNK_SHIFT) - 1
const CHUNK_BYTES = WORDS * 4 * (CHUNK_MASK + 1)

export class IdList {
  count = 0
  private readonly chunks: Uint32Array[] = []

  get memoryBytes(): number {
    return this.chunks.length * CHUNK_BYTES
  }

  add({ msHigh, msLow, seqHigh, seqLow }: StreamId): void {
    const at = (this.count & CHUNK_MASK) * WORDS
    if (at === 0) this.chunks.push(new Uint32Array(CHUNK_BYTES / 4))
    const chunk = this.chunks[this.chunks.length - 1]
    chunk[at] = msHigh
    chunk[at + 1] = msLow
    chunk[at + 2] = seqHigh
    chunk[at + 3] = seqLow
    this.count++
  }

  read(index: number, id: StreamId): StreamId {
    const chunk = this.chunks[index >>> CHUNK_SHIFT]
    const at = (index & CHUNK_MASK) * WORDS
    return id.setHalves(chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3])
  }
}
