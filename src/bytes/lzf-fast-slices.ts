/** The same bytes as lzfCompress gives, made in slices. */
import type { ByteSource } from './byte-source.js'
import * as lzf from './lzf.js'
import { BLOCK_SLACK_BYTES, LzfSlices, ScratchPool } from './lzf-slices.js'

// Names of this file's own: what is imported is looked up in every round of the loop.
const { HASH_BITS, MAX_DISTANCE, MAX_LITERALS, MAX_MATCH, MAX_STRIDE, putLiterals, STRIDE_SHIFT, slotOf } = lzf

/** Positions are stored plus this, so that the zeros of a fresh table are out of reach. */
const BASE = MAX_DISTANCE + 1
/** Literals that are written between two looks at the block's end. */
const LITERALS_AT_ONCE = 1024
const LITERALS_BYTES = LITERALS_AT_ONCE + LITERALS_AT_ONCE / MAX_LITERALS

/** Of pairs as in lzf.ts, but of one source alone. */
const scratches = new ScratchPool(2 << HASH_BITS)

export class LzfFastSlices extends LzfSlices {
  /** Where the literals begin that are not written yet, and where their run began, which the stride goes by. */
  private literalStart = 0
  private runStart = 0

  constructor(source: ByteSource, room: number, sink: Buffer | null = null) {
    super(source, room, sink, scratches)
  }

  /** The loop of lzfCompress. */
  protected compress(stop: number): boolean {
    const { end, lastSeen, window, windowStart } = this
    const lastTriple = end - 3
    let { position } = this
    while (position < stop) {
      const at = position - windowStart
      const triple = (window[at] << 16) | (window[at + 1] << 8) | window[at + 2]
      const slot = slotOf(triple)
      const here = (position + BASE) | 0
      const known = lastSeen[slot] === triple
      const distance = here - lastSeen[slot + 1]
      lastSeen[slot] = triple
      lastSeen[slot + 1] = here
      if (!known || distance > MAX_DISTANCE) {
        const stride = 1 + ((position - this.runStart) >>> STRIDE_SHIFT)
        position += Math.min(stride, MAX_STRIDE)
        continue
      }

      const longest = Math.min(end - position, MAX_MATCH)
      const candidate = at - distance
      let matched = 3
      while (matched < longest && window[candidate + matched] === window[at + matched]) matched++

      if (!this.putLiterals(position)) return false
      this.putMatch(matched, distance - 1)
      if (this.out > this.limit) return false

      position += matched
      this.literalStart = position
      this.runStart = position
      if (position <= lastTriple) {
        const next = position - windowStart
        const tail = (window[next - 2] << 16) | (window[next - 1] << 8) | window[next]
        this.store(tail, (position - 2 + BASE) | 0)
        this.store(((tail & 0xffff) << 8) | window[next + 1], (position - 1 + BASE) | 0)
      }
    }
    this.position = position
    // Whole items of literals leave at once: their bytes must not go out of the window.
    const whole = (Math.min(position, end) - this.literalStart) & -MAX_LITERALS
    return this.putLiterals(this.literalStart + whole)
  }

  protected finish(): boolean {
    return this.putLiterals(this.end)
  }

  private putMatch(matched: number, back: number): void {
    if (this.out > this.block.length - BLOCK_SLACK_BYTES) this.seal(this.out, this.out)
    const { block } = this
    if (matched < 9) block[this.out++] = ((matched - 2) << 5) | (back >>> 8)
    else {
      block[this.out++] = 0xe0 | (back >>> 8)
      block[this.out++] = matched - 9
    }
    block[this.out++] = back
  }

  /** Writes the literals up to an offset in the source. False when there is no room. */
  private putLiterals(until: number): boolean {
    const { window, windowStart } = this
    while (this.literalStart < until) {
      if (this.out > this.block.length - LITERALS_BYTES) this.seal(this.out, this.out)
      const end = Math.min(until, this.literalStart + LITERALS_AT_ONCE)
      const out = putLiterals(
        window,
        this.literalStart - windowStart,
        end - windowStart,
        this.block,
        this.out,
        this.limit,
      )
      if (out < 0) return false
      this.out = out
      this.literalStart = end
    }
    return true
  }

  private store(triple: number, biasedPosition: number): void {
    const slot = slotOf(triple)
    this.lastSeen[slot] = triple
    this.lastSeen[slot + 1] = biasedPosition
  }
}
