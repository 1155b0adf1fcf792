/** A large string on its way into a payload: compressed in slices, and given in pieces. */
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { LzfExactSlices } from '../../bytes/lzf-exact-slices.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { SPECIAL_STRING, STRING_LZF } from './format.js'
import { RdbOutput } from './output.js'

/** It has to save at least this much to be worth the reader's work (rdb.c). */
const COMPRESS_MIN_GAIN = 4
/** Up to this size it is compressed in one go. */
const WHOLE_MAX_BYTES = 64 * 1024
const STEP_BYTES = 32 * 1024
const HEAD_BYTES = 32

export class LargeString {
  private readonly source: HeldBuffer
  private slices: LzfExactSlices | null = null
  private head: Buffer = Buffer.alloc(0)
  /** The compressed bytes; null: it is written as it is. */
  private blocks: readonly Buffer[] | null = null
  private bodyBytes = 0
  private readonly compress: boolean
  /** Where piece() is: this block, and how many bytes came before it. */
  private block = 0
  private before = 0

  /** @param source its bytes, which this lets go of. */
  constructor(source: HeldBuffer, compress: boolean) {
    this.source = source
    this.compress = compress
  }

  /** Length in the payload, when step() has returned true. */
  get length(): number {
    return this.head.length + this.bodyBytes
  }

  get memoryBytes(): number {
    if (this.blocks !== null) return this.bodyBytes
    return this.source.copiedBytes + (this.slices?.keptBytes ?? 0)
  }

  /** Goes on a little; true when it is known how the string goes into the payload. */
  step(): boolean {
    const { length } = this.source
    if (!this.compress) this.keep(null)
    else if (length <= WHOLE_MAX_BYTES) this.packWhole(length)
    else {
      this.slices ??= new LzfExactSlices(this.source, length - COMPRESS_MIN_GAIN)
      if (!this.slices.step(STEP_BYTES)) return false
      this.keep(this.slices.packedBytes > 0 ? this.slices.blocks : null)
      this.slices = null
    }
    return true
  }

  private packWhole(length: number): void {
    const bytes = Buffer.allocUnsafe(length)
    const packed = Buffer.allocUnsafe(length)
    this.source.read(0, length, bytes, 0)
    const size = lzfCompressExact(bytes, 0, length, packed, 0, length - COMPRESS_MIN_GAIN)
    this.keep(size > 0 ? [Buffer.from(packed.subarray(0, size))] : null)
  }

  private keep(blocks: readonly Buffer[] | null): void {
    const { source } = this
    const head = new RdbOutput(HEAD_BYTES)
    this.blocks = blocks
    this.bodyBytes = source.length
    if (blocks !== null) {
      this.bodyBytes = blocks.reduce((sum, block) => sum + block.length, 0)
      head.byte(SPECIAL_STRING | STRING_LZF)
      head.lengthCode(this.bodyBytes)
      source.release()
    }
    head.lengthCode(source.length)
    this.head = head.take()
  }

  /** Bytes from `offset` on, `limit` at most: of the caller's own, or never to be changed. Offsets have to ascend. */
  piece(offset: number, limit: number): Buffer {
    if (offset < this.head.length) return this.head.subarray(offset)
    const from = offset - this.head.length
    if (this.blocks === null) {
      const piece = Buffer.allocUnsafeSlow(Math.min(limit, this.bodyBytes - from))
      this.source.read(from, from + piece.length, piece, 0)
      this.source.forget(from + piece.length)
      return piece
    }
    while (from - this.before >= this.blocks[this.block].length) this.before += this.blocks[this.block++].length
    const start = from - this.before
    return this.blocks[this.block].subarray(start, start + limit)
  }

  close(): void {
    this.source.release()
    this.blocks = null
    this.slices = null
  }
}
