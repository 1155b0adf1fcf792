/**
 * A long string on its way into an RDB file or a payload, as it was when it was held: compressed in slices, and given in pieces.
 * Beside the string itself it takes no more memory than what that comes to compressed.
 */
import { type LzfSlices, recycleBlock, type SlicedCompressor, sinkBytes } from '../bytes/lzf-slices.js'
import type { HeldBuffer } from '../store/held-buffers.js'
import { COMPRESS_MIN_GAIN, RdbOutput } from './output.js'

/** What one step compresses: at 100 MB/s, a third of a millisecond. */
const STEP_BYTES = 32 * 1024
const HEAD_BYTES = 32
const NO_BYTES = Buffer.alloc(0)

export class SlicedString {
  /** It is known how the string goes: it may be given. */
  ready = false
  private readonly source: HeldBuffer
  private readonly compressor: SlicedCompressor | null
  private slices: LzfSlices | null = null
  /** What stands before the bytes: lengths. */
  private head: Buffer = NO_BYTES
  /** The compressed bytes, as far as they were kept. */
  private blocks: Buffer[] | null = null
  private packedBytes = 0
  /** How much of the string, or of its compressed bytes, has been given; and of the present block. */
  private given = 0
  private block = 0
  private blockGiven = 0
  /** What is compressed a second time, and is to be given: sink[sunkFrom, sunkTo). */
  private sink: Buffer = NO_BYTES
  private sunkFrom = 0
  private sunkTo = 0

  /**
   * @param source its bytes, which this lets go of.
   * @param compressor null: it goes as it is.
   */
  constructor(source: HeldBuffer, compressor: SlicedCompressor | null) {
    this.source = source
    this.compressor = compressor
  }

  /** Length as RDB, when step() has returned true. */
  get length(): number {
    return this.head.length + this.bodyBytes
  }

  private get bodyBytes(): number {
    return this.packedBytes > 0 ? this.packedBytes : this.source.length
  }

  get memoryBytes(): number {
    const kept = this.blocks === null ? 0 : this.packedBytes
    return this.source.copiedBytes + kept + (this.slices?.keptBytes ?? 0)
  }

  /** Goes on a little until it is ready; true when it is. */
  step(): boolean {
    const { compressor, source } = this
    if (compressor !== null) {
      this.slices ??= new compressor(source, source.length - COMPRESS_MIN_GAIN)
      if (!this.slices.step(STEP_BYTES)) return false
      this.blocks = this.slices.blocks
      this.packedBytes = this.slices.packedBytes
      this.slices = null
    }
    this.settle()
    return true
  }

  private settle(): void {
    const head = new RdbOutput(HEAD_BYTES)
    if (this.packedBytes > 0) {
      head.compressedHead(this.packedBytes, this.source.length)
      if (this.blocks !== null) this.source.release()
    } else {
      this.blocks = null
      head.lengthCode(this.source.length)
    }
    this.head = head.take()
    this.ready = true
  }

  /** Says that it will not be given soon: takes only as much memory as it needs. */
  trim(): void {
    const { blocks } = this
    if (blocks === null || blocks.length === 0) return
    const last = blocks.length - 1
    const block = blocks[last]
    blocks[last] = Buffer.from(block)
    recycleBlock(block)
  }

  /**
   * Puts the next bytes into target[at, end); returns how many. May be fewer than there is room for, or none, while there are
   * more: `isGiven` says when all have been given.
   */
  give(target: Buffer, at: number, end: number): number {
    const headBytes = this.head.copy(target, at, 0, end - at)
    if (headBytes > 0) this.head = this.head.subarray(headBytes)
    const from = at + headBytes
    const length =
      this.blocks !== null
        ? this.giveBlock(this.blocks, target, from, end)
        : this.packedBytes > 0
          ? this.givePacked(target, from, end)
          : this.givePlain(target, from, end)
    this.given += length
    return headBytes + length
  }

  get isGiven(): boolean {
    return this.head.length === 0 && this.given === this.bodyBytes
  }

  private givePlain(target: Buffer, at: number, end: number): number {
    const length = Math.min(end - at, this.source.length - this.given)
    this.source.read(this.given, this.given + length, target, at)
    this.source.forget(this.given + length)
    return length
  }

  private giveBlock(blocks: Buffer[], target: Buffer, at: number, end: number): number {
    if (at === end) return 0
    const block = blocks[this.block]
    const length = block.copy(target, at, this.blockGiven, this.blockGiven + end - at)
    this.blockGiven += length
    if (this.blockGiven === block.length) {
      recycleBlock(block)
      blocks[this.block++] = NO_BYTES
      this.blockGiven = 0
    }
    return length
  }

  private givePacked(target: Buffer, at: number, end: number): number {
    if (this.sunkFrom === this.sunkTo && this.compressor !== null) {
      if (this.slices === null) {
        this.sink = Buffer.allocUnsafeSlow(sinkBytes(STEP_BYTES))
        this.slices = new this.compressor(this.source, this.source.length - COMPRESS_MIN_GAIN, this.sink)
      }
      this.slices.step(STEP_BYTES)
      this.sunkFrom = 0
      this.sunkTo = this.slices.sunkBytes
    }
    const length = this.sink.copy(target, at, this.sunkFrom, Math.min(this.sunkTo, this.sunkFrom + end - at))
    this.sunkFrom += length
    return length
  }

  close(): void {
    this.source.release()
    this.blocks = null
    this.slices = null
    this.sink = NO_BYTES
  }
}
