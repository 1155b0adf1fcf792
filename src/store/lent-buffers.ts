/**
 * Which Buffers replies may refer to. A large value goes out by reference, so its bytes must neither change nor be used again
 * for another value until the reply has left. When that is, nobody counts: whoever wants to know looks.
 */

/** What has been written for clients and waits to leave. */
export interface Outputs {
  /** Whether any of it lies in `memory`. O(chunks that wait). */
  referTo(memory: ArrayBufferLike): boolean
}

/** Below this a copy of the Buffer costs less than a look at what waits for clients. */
const LOOK_MIN_BYTES = 1024 * 1024

export class LentBuffers {
  outputs: Outputs | null = null
  /** By the Buffer's number: the turn in which it was lent last. */
  private readonly turns = new Map<number, number>()
  private turn = 0

  /** Another connection's turn begins: replies of earlier ones are with their connections by now. */
  beginTurn(): void {
    this.turn++
  }

  lend(number: number): void {
    this.turns.set(number, this.turn)
  }

  /** The number will stand for another Buffer. True when the old one was lent. */
  forget(number: number): boolean {
    return this.turns.delete(number)
  }

  /** The numbers of all that may be lent. O(n). */
  numbers(): Set<number> {
    return new Set(this.turns.keys())
  }

  clear(): void {
    this.turns.clear()
  }

  /** Whether replies may still refer to the Buffer of this number. */
  isLent(number: number, buffer: Buffer): boolean {
    const turn = this.turns.get(number)
    if (turn === undefined) return false
    if (turn === this.turn || this.outputs === null || buffer.length < LOOK_MIN_BYTES) return true
    if (this.outputs.referTo(buffer.buffer)) return true
    this.turns.delete(number)
    return false
  }
}
