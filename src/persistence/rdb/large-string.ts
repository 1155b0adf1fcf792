/** A large string on its way into a payload: compressed in slices, and given in pieces. */
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { LzfExactSlices, sinkBytes } from '../../bytes/lzf-exact-slices.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { SPECIAL_STRING, STRING_LZF } from './format.js'
import { RdbOutput } from './output.js'

/** It has to save at least this much to be worth the reader's work (rdb.c). */
const COMPRESS_MIN_GAIN = 4
/** Up to this size it is compressed in one go. */
const WHOLE_MAX_BYTES = 64 * 1024
const STEP_BYTES = 32 * 1024
const HEAD_BYTES = 32
const NO_BYTES = Buffer.alloc(0)

export class LargeString {
  private readonly source: HeldBuffer
  private readonly compress: boolean
  private slices: LzfExactSlices | null = null
  /** What stands before the bytes: lengths. */
  private head: Buffer = NO_BYTES
  /** The compressed bytes, as far as they were kept. */
  private blocks: Buffer[] | null = null
  private packedBytes = 0
  /** How much of the string, or of its compressed bytes, has been given. */
  private given = 0
  private block = 0
  /** What is compressed a second time, and is to be given: sink[sunkFrom, sunkTo). */
  private sink: Buffer = NO_BYTES
  private sunkFrom = 0
  private sunkTo = 0

  /** @param source its bytes, which this lets go of. */
  constructor(source: HeldBuffer, compress: boolean) {
    this.source = source
    this.compress = compress
  }

  /** Length in the payload, when step() has returned true. */
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

  /** Goes on a little; true when it is known how the string goes into the payload. */
  step(): boolean {
    const { length } = this.source
    if (!this.compress) this.settle()
    else if (length <= WHOLE_MAX_BYTES) this.packWhole(length)
    else {
      this.slices ??= new LzfExactSlices(this.source, length - COMPRESS_MIN_GAIN)
      if (!this.slices.step(STEP_BYTES)) return false
      this.blocks = this.slices.blocks
      this.packedBytes = this.slices.packedBytes
      this.slices = null
      this.settle()
    }
    return true
  }

  private packWhole(length: number): void {
    const bytes = Buffer.allocUnsafe(length)
    const packed = Buffer.allocUnsafe(length)
    this.source.read(0, length, bytes, 0)
    this.packedBytes = lzfCompressExact(bytes, 0, length, packed, 0, length - COMPRESS_MIN_GAIN)
    if (this.packedBytes > 0) this.blocks = [Buffer.from(packed.subarray(0, this.packedBytes))]
    this.settle()
  }

  private settle(): void {
    const head = new RdbOutput(HEAD_BYTES)
    if (this.packedBytes > 0) {
      head.byte(SPECIAL_STRING | STRING_LZF)
      head.lengthCode(this.packedBytes)
      if (this.blocks !== null) this.source.release()
    } else this.blocks = null
    head.lengthCode(this.source.length)
    this.head = head.take()
  }

  /**
   * Puts the next bytes into target[at, end); returns how many. May be fewer than there is room for, or none, while there are
   * more: `isGiven` says when all have been given.
   */
  give(target: Buffer, at: number, end: number): number {
    if (this.head.length > 0) {
      const length = this.head.copy(target, at, 0, end - at)
      this.head = this.head.subarray(length)
      return length
    }
    const length =
      this.blocks !== null
        ? this.giveBlock(this.blocks, target, at, end)
        : this.packedBytes > 0
          ? this.givePacked(target, at, end)
          : this.givePlain(target, at, end)
    this.given += length
    return length
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
    const block = blocks[this.block]
    const length = block.copy(target, at, 0, end - at)
    if (length < block.length) blocks[this.block] = block.subarray(length)
    else blocks[this.block++] = NO_BYTES
    return length
  }

  private givePacked(target: Buffer, at: number, end: number): number {
    if (this.sunkFrom === this.sunkTo) {
      if (this.slices === null) {
        this.sink = Buffer.allocUnsafeSlow(sinkBytes(STEP_BYTES))
        this.slices = new LzfExactSlices(this.source, this.source.length - COMPRESS_MIN_GAIN, this.sink)
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
