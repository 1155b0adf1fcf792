/**
 * Big values as they were at a snapshot's epoch. Nothing is copied for that: the snapshot reads on in the store's own Buffers,
 * wherever they end up. Whoever changes one in place shows it the bytes first, and it keeps copies of those pages that it
 * has not read yet; a Buffer that the store lets go of becomes the snapshot's, and is given back when it has been read.
 */
import type { BufferHolder } from '../store/entries.js'
import type { ReleasedMemory } from '../store/released-memory.js'

const PAGE_SHIFT = 15
const PAGE_BYTES = 1 << PAGE_SHIFT

/** Bytes as they were, to be read from front to back. */
export class HeldBytes {
  readonly length: number
  /** The store has let go of the memory. */
  dropped = false
  private readonly buffer: Buffer
  /** Old contents of pages that have changed. */
  private changed: Map<number, Buffer> | null = null
  private read = 0

  constructor(buffer: Buffer) {
    this.buffer = buffer
    this.length = buffer.length
  }

  get memory(): ArrayBufferLike {
    return this.buffer.buffer
  }

  /** Copies the next bytes to target[at, end). What was read cannot be read again. */
  readInto(target: Buffer, at: number, end: number): void {
    while (at < end) {
      const page = this.read >>> PAGE_SHIFT
      const offset = this.read - page * PAGE_BYTES
      const count = Math.min(end - at, PAGE_BYTES - offset)
      const old = this.changed?.get(page)
      if (old === undefined) this.buffer.copy(target, at, this.read, this.read + count)
      else {
        old.copy(target, at, offset, offset + count)
        if (offset + count === PAGE_BYTES) this.changed?.delete(page)
      }
      this.read += count
      at += count
    }
  }

  /** Bytes [from, to) of the memory are about to change. O(to - from). */
  beforeWrite(from: number, to: number): void {
    const { buffer, length } = this
    const end = Math.min(to - buffer.byteOffset, length)
    const start = Math.max(from - buffer.byteOffset, this.read)
    if (start >= end) return
    this.changed ??= new Map()
    for (let page = start >>> PAGE_SHIFT; page * PAGE_BYTES < end; page++) {
      if (this.changed.has(page)) continue
      const old = Buffer.allocUnsafeSlow(Math.min(PAGE_BYTES, length - page * PAGE_BYTES))
      buffer.copy(old, 0, page * PAGE_BYTES)
      this.changed.set(page, old)
    }
  }
}

/** All that a snapshot reads on in. */
export class HeldBuffers implements BufferHolder {
  private readonly held = new Map<ArrayBufferLike, HeldBytes>()
  private readonly released: ReleasedMemory | null

  /** @param released where memory goes that was kept. */
  constructor(released: ReleasedMemory | null) {
    this.released = released
  }

  /** Holds a value of the store that has its memory to itself. O(1). */
  hold(buffer: Buffer): HeldBytes {
    const bytes = new HeldBytes(buffer)
    this.held.set(bytes.memory, bytes)
    return bytes
  }

  /** They have been read. */
  release(bytes: HeldBytes): void {
    if (!this.held.delete(bytes.memory) || !bytes.dropped) return
    // Replies under way may refer to it, too.
    this.released?.addLent(bytes.memory)
  }

  releaseAll(): void {
    for (const bytes of this.held.values()) this.release(bytes)
  }

  holds(memory: ArrayBufferLike): boolean {
    return this.held.has(memory)
  }

  beforeBufferWrite(buffer: Buffer, from: number, to: number): void {
    this.held.get(buffer.buffer)?.beforeWrite(buffer.byteOffset + from, buffer.byteOffset + to)
  }

  keepsBuffer(memory: ArrayBufferLike): boolean {
    const bytes = this.held.get(memory)
    if (bytes === undefined) return false
    bytes.dropped = true
    return true
  }
}
