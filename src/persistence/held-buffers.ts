/**
 * Big values as they were at a snapshot's epoch. Nothing is copied for that: the snapshot reads on in the store's own Buffers,
 * wherever they end up (store/held-buffers.ts).
 */
import type { HeldBuffer, HeldBuffers as StoreBuffers } from '../store/held-buffers.js'

/** Bytes as they were, to be read from front to back. */
export class HeldBytes {
  private readonly source: HeldBuffer
  private read = 0

  constructor(source: HeldBuffer) {
    this.source = source
  }

  get length(): number {
    return this.source.length
  }

  /** Copies the next bytes to target[at, end). What was read cannot be read again. */
  readInto(target: Buffer, at: number, end: number): void {
    const until = this.read + end - at
    this.source.read(this.read, until, target, at)
    this.read = until
    this.source.forget(until)
  }

  release(): void {
    this.source.release()
  }
}

/** All that a snapshot reads on in. */
export class HeldBuffers {
  private readonly held = new Set<HeldBytes>()
  private readonly store: StoreBuffers

  constructor(store: StoreBuffers) {
    this.store = store
  }

  /** Holds a value of the store, or bytes of the snapshot's own. O(1). */
  hold(buffer: Buffer): HeldBytes {
    const bytes = new HeldBytes(this.store.hold(buffer))
    this.held.add(bytes)
    return bytes
  }

  /** They have been read. */
  release(bytes: HeldBytes): void {
    if (this.held.delete(bytes)) bytes.release()
  }

  releaseAll(): void {
    for (const bytes of this.held) this.release(bytes)
  }
}
