/**
 * The same bytes as lzfCompressExact gives, made in slices: for values that would hold up everybody else if they were compressed
 * in one go. The source is read piece by piece into a window of what can be referred to and what has to be seen ahead.
 *
 * How long the result is, or whether it fits the room at all, is known last. A short one has been kept by then, in blocks; of a
 * long one only the length is known, and it is made a second time to be used: that costs time, but neither memory nor garbage.
 */
import type { ByteSource } from './byte-source.js'

const MAX_LITERALS = 32
const MAX_DISTANCE = 8192
const MAX_MATCH = 264
const SLOTS = 1 << 16

const WINDOW_BYTES = 128 * 1024
/** A step looks so far ahead at most: a match, and the three bytes behind it. */
const LOOKAHEAD = MAX_MATCH + 8
const BLOCK_BYTES = 64 * 1024
/** A longer result is not kept. */
const KEPT_MAX_BYTES = 16 * 1024 * 1024
/** What a step over `bytes` of the source adds to the result, at most: with what the block before had open. */
export function sinkBytes(bytes: number): number {
  return 2 * (bytes + BLOCK_BYTES)
}
/** More than one step writes, with the literals before it that may move to the next block. */
const STEP_MAX_BYTES = 64

/** What is needed while a source is compressed, and is used again for the next one. */
interface Scratch {
  /** Offset in the source of the triple seen last for each hash; 0 stands for nothing seen, as in lzf-exact.ts. */
  readonly lastSeen: Int32Array
  readonly window: Buffer
}

let spare: Scratch | null = null

function takeScratch(): Scratch {
  const scratch = spare ?? { lastSeen: new Int32Array(SLOTS), window: Buffer.allocUnsafeSlow(WINDOW_BYTES) }
  spare = null
  scratch.lastSeen.fill(0)
  return scratch
}

export class LzfExactSlices {
  /** The result, when `done`: empty when it does not fit the room, null when it was not kept. */
  blocks: Buffer[] | null = []
  /** Length of the result; 0 when it does not fit. */
  packedBytes = 0
  done = false
  /** Of a result that is not kept: what the last step() has put into the sink. */
  sunkBytes = 0
  private readonly sink: Buffer | null
  private readonly source: ByteSource
  private readonly end: number
  private readonly room: number
  private readonly scratch = takeScratch()
  /** Bytes [windowStart, windowEnd) of the source are in the window. */
  private windowStart = 0
  private windowEnd = 0
  private position = 0
  private started = false
  private hash = 0
  private block: Buffer
  private out = 1
  private literals = 0
  private sealedBytes = 0

  /**
   * @param room bytes that the result may take, as with lzfCompressExact.
   * @param sink where each step() puts what it adds to the result, sinkBytes() at most; null: the result is kept, unless it
   * is long.
   */
  constructor(source: ByteSource, room: number, sink: Buffer | null = null) {
    this.source = source
    this.sink = sink
    if (sink !== null) this.blocks = null
    this.end = source.length
    this.room = room
    this.block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(0, room)) + STEP_MAX_BYTES)
    if (this.end === 0 || room <= 0) this.fail()
  }

  /** Memory of the result so far. */
  get keptBytes(): number {
    return this.blocks === null ? 0 : this.sealedBytes
  }

  /** Goes on over about `bytes` of the source, or to its end. Returns `done`. */
  step(bytes: number): boolean {
    const until = Math.min(this.end, this.position + bytes)
    this.sunkBytes = 0
    while (!this.done) {
      this.fill()
      const inner = this.end - 2
      const stop = this.windowEnd === this.end ? inner : Math.min(inner, this.windowEnd - LOOKAHEAD)
      if (!this.compress(Math.min(stop, Math.max(until, 1)))) this.fail()
      else if (this.position >= inner) this.finish()
      else if (this.position >= until) break
    }
    return this.done
  }

  /** Brings more of the source into the window, when what is there ends near. */
  private fill(): void {
    if (this.windowEnd === this.end || this.windowEnd - this.position > LOOKAHEAD) return
    const { window } = this.scratch
    const keepFrom = Math.max(0, this.position - MAX_DISTANCE - 1)
    window.copyWithin(0, keepFrom - this.windowStart, this.windowEnd - this.windowStart)
    this.windowStart = keepFrom
    const until = Math.min(this.end, keepFrom + WINDOW_BYTES)
    this.source.read(this.windowEnd, until, window, this.windowEnd - keepFrom)
    this.windowEnd = until
  }

  /** Goes on to `stop`, an offset in the source, or a match beyond it. False: the room is used up. */
  private compress(stop: number): boolean {
    const { scratch, windowStart } = this
    const { lastSeen, window } = scratch
    let { block, hash, literals, out, position } = this
    let limit = this.room - this.sealedBytes
    if (!this.started) {
      this.started = true
      hash = (window[0] << 8) | window[1]
    }
    while (position < stop) {
      if (out > block.length - STEP_MAX_BYTES) {
        this.seal(out, literals)
        block = this.block
        out = this.out
        limit = this.room - this.sealedBytes
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
    const { window } = this.scratch
    const most = Math.min(this.end - this.windowStart - at - 2, MAX_MATCH)
    let length = 3
    if (most > 16) {
      while (length <= 18 && window[candidate + length] === window[at + length]) length++
      if (length <= 18) return length
    }
    while (length < most && window[candidate + length] === window[at + length]) length++
    return length
  }

  /** Puts a full block away; the run of literals that has begun goes along to the next one. */
  private seal(out: number, literals: number): void {
    const { block } = this
    const sealed = out - literals - 1
    this.put(sealed)
    if (this.blocks !== null) this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES + STEP_MAX_BYTES)
    block.copy(this.block, 0, sealed, out)
    this.out = out - sealed
  }

  /** The first `length` bytes of the block are the next ones of the result. */
  private put(length: number): void {
    this.sealedBytes += length
    if (this.sink !== null) this.sunkBytes += this.block.copy(this.sink, this.sunkBytes, 0, length)
    else if (this.sealedBytes > KEPT_MAX_BYTES) this.blocks = null
    else this.blocks?.push(this.block.subarray(0, length))
  }

  /** The last bytes, too few for a match. */
  private finish(): void {
    if (this.out + 3 > this.room - this.sealedBytes) {
      this.fail()
      return
    }
    const { block, scratch, windowStart } = this
    const { window } = scratch
    let { literals, out, position } = this
    while (position < this.end) {
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
    this.put(out)
    this.packedBytes = this.sealedBytes
    this.settle()
  }

  private fail(): void {
    this.blocks = []
    this.settle()
  }

  private settle(): void {
    this.done = true
    spare = this.scratch
  }
}

/** Slot of the three bytes at `at`: IDX(h) for h their big-endian value. */
function slotOf(window: Buffer, at: number): number {
  return (((window[at] << 8) | window[at + 1]) - 5 * ((window[at + 1] << 8) | window[at + 2])) & (SLOTS - 1)
}
