/** The same bytes as lzfCompressExact gives, made in slices. */
import type { ByteSource } from './byte-source.js'
import * as lzf from './lzf.js'
import { exactTable } from './lzf-exact.js'
import { BLOCK_SLACK_BYTES, LzfSlices, ScratchPool } from './lzf-slices.js'

// Names of this file's own: what is imported is looked up in every round of the loop.
const { MAX_DISTANCE, MAX_LITERALS, MAX_MATCH } = lzf
const { SLOTS, slotOf } = exactTable

/** Of offsets in the source of the triple seen last for each hash; 0 stands for nothing seen, as in lzf-exact.ts. */
const scratches = new ScratchPool(SLOTS)

export class LzfExactSlices extends LzfSlices {
  private started = false
  private hash = 0
  private literals = 0

  constructor(source: ByteSource, room: number, sink: Buffer | null = null) {
    super(source, room, sink, scratches)
    // The first place is for the length of the literals that follow.
    this.out = 1
  }

  protected compress(stop: number): boolean {
    const { lastSeen, window, windowStart } = this
    let { block, hash, limit, literals, out, position } = this
    const sealAt = block.length - BLOCK_SLACK_BYTES
    if (!this.started) {
      this.started = true
      hash = (window[0] << 8) | window[1]
    }
    while (position < stop) {
      if (out > sealAt) {
        // The run of literals that has begun goes along to the next block.
        this.seal(out - literals - 1, out)
        block = this.block
        out = this.out
        limit = this.limit
      }
      const at = position - windowStart
      hash = (hash << 8) | window[at + 2]
      const slot = ((hash >>> 8) - (hash & 0xffff) * 5) & (SLOTS - 1)
      const seen = lastSeen[slot]
      lastSeen[slot] = position
      const back = position - seen - 1
      const candidate = seen - windowStart
      if (
        seen > 0 &&
        back < MAX_DISTANCE &&
        window[candidate] === window[at] &&
        window[candidate + 1] === window[at + 1] &&
        window[candidate + 2] === window[at + 2]
      ) {
        if (out - (literals === 0 ? 1 : 0) + 4 >= limit) return false
        block[out - literals - 1] = literals - 1
        if (literals === 0) out--
        const length = this.matchLength(candidate, at)
        if (length < 9) block[out++] = (back >>> 8) + ((length - 2) << 5)
        else {
          block[out++] = (back >>> 8) + (7 << 5)
          block[out++] = length - 9
        }
        block[out++] = back
        literals = 0
        out++
        position += length
        if (position >= this.end - 2) break
        const next = position - windowStart
        lastSeen[slotOf(window, next - 2)] = position - 2
        lastSeen[slotOf(window, next - 1)] = position - 1
        hash = (window[next] << 8) | window[next + 1]
        continue
      }
      if (out >= limit) return false
      block[out++] = window[at]
      position++
      if (++literals === MAX_LITERALS) {
        block[out - literals - 1] = literals - 1
        literals = 0
        out++
      }
    }
    this.hash = hash
    this.literals = literals
    this.out = out
    this.position = position
    return true
  }

  /** Number of equal bytes at two places of the window, at least 3 and as Redis counts them near the source's end. */
  private matchLength(candidate: number, at: number): number {
    const { window } = this
    const most = Math.min(this.end - this.windowStart - at - 2, MAX_MATCH)
    let length = 3
    if (most > 16) {
      while (length <= 18 && window[candidate + length] === window[at + length]) length++
      if (length <= 18) return length
    }
    while (length < most && window[candidate + length] === window[at + length]) length++
    return length
  }

  protected finish(): boolean {
    if (this.out + 3 > this.limit) return false
    const { block, end, window, windowStart } = this
    let { literals, out, position } = this
    while (position < end) {
      block[out++] = window[position++ - windowStart]
      if (++literals === MAX_LITERALS) {
        block[out - literals - 1] = literals - 1
        literals = 0
        out++
      }
    }
    block[out - literals - 1] = literals - 1
    if (literals === 0) out--
    this.position = position
    this.out = out
    return true
  }
}
