/** Writes a big string as RDB in pieces, none of which holds up anything for long. */
import { LzfCompressor } from '../bytes/lzf-stream.js'
import type { HeldBytes } from './held-buffers.js'
import { COMPRESS_MIN_GAIN, type RdbOutput } from './rdb/output.js'

/** What one call writes, or compresses: at 100 MB/s, a third of a millisecond. */
export const PIECE_BYTES = 32 * 1024
/**
 * Longer strings are written as they are: the compressed length comes first in RDB, so all of the result has to be kept until it
 * is known, and the input, too, which clients may change meanwhile.
 */
export const COMPRESS_MAX_BYTES = 16 << 20
/** Room that a long string has needed is kept for the next ones up to this. */
const KEPT_BYTES = 1 << 20
const NO_BYTES = Buffer.alloc(0)

const COPY = 0
const COMPRESS = 1
const WRITE_COPY = 2
const WRITE_HELD = 3

/** Serves one string after another: `begin`, then `step` until all of it is written. */
export class PiecewiseString {
  private readonly compressor = new LzfCompressor()
  private bytes: HeldBytes | null = null
  private state = COPY
  /** The string as it was, and compressed: of both, as many bytes as it has. */
  private copy: Buffer = NO_BYTES
  private packed: Buffer = NO_BYTES
  /** What is being copied or written: as far as `at`, of `length` bytes of `from`. */
  private from: Buffer = NO_BYTES
  private at = 0
  private length = 0

  begin(bytes: HeldBytes, compress: boolean, out: RdbOutput): void {
    this.bytes = bytes
    this.at = 0
    this.length = bytes.length
    if (compress && bytes.length <= COMPRESS_MAX_BYTES) {
      this.state = COPY
      if (this.copy.length < bytes.length) {
        this.copy = Buffer.allocUnsafeSlow(bytes.length)
        this.packed = Buffer.allocUnsafeSlow(bytes.length)
      }
      return
    }
    this.state = WRITE_HELD
    out.lengthCode(bytes.length)
  }

  /** Writes on. True when the string is whole. */
  step(out: RdbOutput): boolean {
    const { bytes } = this
    if (bytes === null) return true
    switch (this.state) {
      case COPY: {
        const end = Math.min(this.length, this.at + PIECE_BYTES)
        bytes.readInto(this.copy, this.at, end)
        this.at = end
        if (end === this.length) this.startCompression()
        return false
      }
      case COMPRESS:
        if (this.compressor.step(PIECE_BYTES)) this.startCopy(out)
        return false
      default:
        this.writePiece(bytes, out)
        if (this.at < this.length) return false
    }
    this.bytes = null
    this.from = NO_BYTES
    if (this.copy.length > KEPT_BYTES) {
      this.copy = NO_BYTES
      this.packed = NO_BYTES
    }
    return true
  }

  private startCompression(): void {
    this.state = COMPRESS
    this.compressor.begin(this.copy, 0, this.length, this.packed.subarray(0, this.length - COMPRESS_MIN_GAIN))
  }

  private startCopy(out: RdbOutput): void {
    const { size } = this.compressor
    this.state = WRITE_COPY
    this.at = 0
    this.from = size === 0 ? this.copy : this.packed
    if (size === 0) out.lengthCode(this.length)
    else {
      out.compressedHead(size, this.length)
      this.length = size
    }
  }

  private writePiece(bytes: HeldBytes, out: RdbOutput): void {
    const end = Math.min(this.length, this.at + PIECE_BYTES)
    const count = end - this.at
    if (this.state === WRITE_COPY) out.raw(this.from, this.at, end)
    else {
      out.ensure(count)
      bytes.readInto(out.buffer, out.length, out.length + count)
      out.length += count
    }
    this.at = end
  }
}
