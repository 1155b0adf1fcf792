/**
 * Which Buffers replies may refer to. A large value goes out by reference, so its bytes must neither change nor be used again
 * for another value until the reply has left. When that is, nobody counts: whoever wants to know looks.
 */

/** What has been written for clients and waits to leave. */
export interface Outputs {
  /** Whether any of it lies in `memory`. O(chunks that wait). */
  referTo(memory: ArrayBufferLike): boolean
}

const INITIAL_NUMBERS = 64
/** Below this a copy of the Buffer costs less than a look at what waits for clients. */
const LOOK_MIN_BYTES = 1024 * 1024

export class LentBuffers {
  outputs: Outputs | null = null
  /** By the Buffer's number: the turn in which it was lent last, or 0. */
  private turns = new Float64Array(INITIAL_NUMBERS)
  private turn = 1

  /** Another connection's turn begins: replies of earlier ones are with their connections by now. */
  beginTurn(): void {
    this.turn++
  }

  lend(number: number): void {
    if (number >= this.turns.length) this.grow(number)
    this.turns[number] = this.turn
  }

  private grow(number: number): void {
    const larger = new Float64Array(Math.max(number + 1, 2 * this.turns.length))
    larger.set(this.turns)
    this.turns = larger
  }

  private lastTurnOf(number: number): number {
    return number < this.turns.length ? this.turns[number] : 0
  }

  /** The number will stand for another Buffer. True when the old one was lent. */
  forget(number: number): boolean {
    if (this.lastTurnOf(number) === 0) return false
    this.turns[number] = 0
    return true
  }

  /** The numbers of all that may be lent. O(n). */
  numbers(): Set<number> {
    const numbers = new Set<number>()
    for (let number = 0; number < this.turns.length; number++) if (this.turns[number] !== 0) numbers.add(number)
    return numbers
  }

  clear(): void {
    this.turns = new Float64Array(INITIAL_NUMBERS)
  }

  /** Whether replies may still refer to the Buffer of this number. */
  isLent(number: number, buffer: Buffer): boolean {
    const turn = this.lastTurnOf(number)
    if (turn === 0) return false
    if (turn === this.turn || this.outputs === null || buffer.length < LOOK_MIN_BYTES) return true
    if (this.outputs.referTo(buffer.buffer)) return true
    this.turns[number] = 0
    return false
  }
}
