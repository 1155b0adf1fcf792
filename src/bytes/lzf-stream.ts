/**
 * LZF (lzf.ts) in slices, for strings whose compression or decompression would hold everything else up for too long. However
 * the work is cut, the bytes are those of lzfCompress and lzfDecompress.
 */
import {
  decoded,
  decodeItems,
  HASH_BITS,
  MAX_DISTANCE,
  MAX_LITERALS,
  MAX_MATCH,
  MAX_STRIDE,
  putLiterals,
  STRIDE_SHIFT,
  slotOf,
} from './lzf.js'

const NO_BYTES = new Uint8Array(0)
/** Positions are stored plus this, so that the zeros of a fresh table are out of reach. */
const BASE = MAX_DISTANCE + 1

/** Compresses one range at a time: `begin`, then `step` until it is done, then `size`. */
export class LzfCompressor {
  /** Bytes written; 0 when the result does not fit. Valid when `step` has said that all is done. */
  size = 0
  /** As in lzf.ts, but of this range alone. */
  private readonly lastSeen = new Int32Array(2 << HASH_BITS)
  private source: Uint8Array = NO_BYTES
  private start = 0
  private end = 0
  private target: Uint8Array = NO_BYTES
  private targetEnd = 0
  private position = 0
  private out = 0
  /** Where the literals begin that are not written yet, and where their run began, which the stride goes by. */
  private literalStart = 0
  private runStart = 0

  /**
   * Compresses `source[start, end)` into all of `target`, which is to have less room than the input takes. Neither may change
   * until all is done.
   */
  begin(source: Uint8Array, start: number, end: number, target: Uint8Array): void {
    this.lastSeen.fill(0)
    this.source = source
    this.start = start
    this.end = end
    this.target = target
    this.targetEnd = target.length
    this.position = start
    this.out = 0
    this.literalStart = start
    this.runStart = start
    this.size = 0
  }

  /** Takes about `bytes` further bytes of the input. True when all is done. */
  step(bytes: number): boolean {
    const stop = Math.min(this.end, this.position + bytes)
    let fits = this.compressUntil(stop)
    if (fits && this.position < this.end - 2) {
      // Whole items of literals leave at once: a long run of them would all fall to the last step.
      const whole = (this.position - this.literalStart) & ~(MAX_LITERALS - 1)
      fits = this.literals(this.literalStart + whole)
      if (fits) return false
    } else if (fits) fits = this.literals(this.end)
    this.size = fits ? this.out : 0
    this.source = NO_BYTES
    this.target = NO_BYTES
    return true
  }

  /** False when there is no room. */
  private literals(until: number): boolean {
    if (until === this.literalStart) return true
    this.out = putLiterals(this.source, this.literalStart, until, this.target, this.out, this.targetEnd)
    this.literalStart = until
    return this.out >= 0
  }

  /** The loop of lzfCompress up to `stop`. False when there is no room. */
  private compressUntil(stop: number): boolean {
    const { source, end, target, targetEnd, lastSeen } = this
    const bias = BASE - this.start
    const lastTriple = end - 3
    const last = Math.min(lastTriple, stop - 1)
    let { position } = this

    while (position <= last) {
      const triple = (source[position] << 16) | (source[position + 1] << 8) | source[position + 2]
      const slot = slotOf(triple)
      const here = (position + bias) | 0
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
      const candidate = position - distance
      let matched = 3
      while (matched < longest && source[candidate + matched] === source[position + matched]) matched++

      if (!this.literals(position)) return false
      let { out } = this
      if (out + (matched < 9 ? 2 : 3) > targetEnd) return false
      const back = distance - 1
      if (matched < 9) {
        target[out++] = ((matched - 2) << 5) | (back >>> 8)
      } else {
        target[out++] = 0xe0 | (back >>> 8)
        target[out++] = matched - 9
      }
      target[out++] = back
      this.out = out

      position += matched
      this.literalStart = position
      this.runStart = position
      if (position <= lastTriple) {
        const tail = (source[position - 2] << 16) | (source[position - 1] << 8) | source[position]
        this.store(tail, (position - 2 + bias) | 0)
        this.store(((tail & 0xffff) << 8) | source[position + 1], (position - 1 + bias) | 0)
      }
    }
    this.position = position
    return true
  }

  private store(triple: number, biasedPosition: number): void {
    const slot = slotOf(triple)
    this.lastSeen[slot] = triple
    this.lastSeen[slot + 1] = biasedPosition
  }
}

export type Decompression = 'going on' | 'done' | 'malformed'

/** Decompresses one range: make one, then `step` until it is no longer going on. */
export class LzfDecompressor {
  private readonly source: Uint8Array
  private readonly end: number
  private readonly target: Uint8Array
  private position: number
  private out = 0

  /** Decompresses `source[start, end)` so that it fills `target` exactly. */
  constructor(source: Uint8Array, start: number, end: number, target: Uint8Array) {
    this.source = source
    this.position = start
    this.end = end
    this.target = target
  }

  /** Fills about `bytes` further bytes of the target. */
  step(bytes: number): Decompression {
    const { source, end, target } = this
    decodeItems(source, this.position, end, target, this.out, 0, target.length, this.out + bytes)
    if (decoded.out < 0) return 'malformed'
    this.position = decoded.position
    this.out = decoded.out
    if (this.position < end) return 'going on'
    return this.out === target.length ? 'done' : 'malformed'
  }
}
