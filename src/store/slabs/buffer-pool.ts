/**
 * Memory for values of 4 to 64 KiB, used again when a value is overwritten or deleted: without it, a load of SETs of 10 KB
 * makes the garbage collector run ten times a second.
 */

const STEP_BYTES = 512
const LARGEST_BYTES = 64 * 1024
const POOLED_MAX_BYTES = 8 * 1024 * 1024

export class BufferPool {
  private readonly free: Buffer[][] = Array.from({ length: LARGEST_BYTES / STEP_BYTES + 1 }, () => [])
  /** Bytes that wait here to be used again. */
  pooledBytes = 0

  /** A Buffer of `length` bytes, contents undefined. */
  take(length: number): Buffer {
    if (length > LARGEST_BYTES) return Buffer.allocUnsafeSlow(length)
    const step = Math.ceil(length / STEP_BYTES)
    const pooled = this.free[step].pop()
    if (pooled === undefined) {
      const fresh = Buffer.allocUnsafeSlow(step * STEP_BYTES)
      return fresh.length === length ? fresh : fresh.subarray(0, length)
    }
    this.pooledBytes -= step * STEP_BYTES
    return pooled.length === length ? pooled : Buffer.from(pooled.buffer, 0, length)
  }

  /** Leaves what waits here to the garbage collector. */
  clear(): void {
    for (const buffers of this.free) buffers.length = 0
    this.pooledBytes = 0
  }

  /** Takes back a Buffer that nobody refers to any more. False: it is none of the pool's sizes, or the pool is full. */
  give(buffer: Buffer): boolean {
    const capacity = buffer.buffer.byteLength
    if (capacity > LARGEST_BYTES || capacity % STEP_BYTES !== 0 || buffer.byteOffset !== 0) return false
    if (capacity === 0 || this.pooledBytes + capacity > POOLED_MAX_BYTES) return false
    this.pooledBytes += capacity
    this.free[capacity / STEP_BYTES].push(buffer)
    return true
  }
}
