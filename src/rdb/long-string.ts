/**
 * A string that is too long to be read in one go: its content is taken in pieces, straight into memory of its own. It comes bit by
 * bit, and then one byte stands for it among the bytes that are looked at; or all of it is among them, and stays.
 */
import { LzfDecompressor } from '../bytes/lzf-decompressor.js'

const NO_BYTES = Buffer.alloc(0)
/** Memory is made for so much on the word of bytes whose number nobody knows; then four times what has come. */
const TRUSTED_BYTES = 16 << 20
const GROWTH = 4

/** Takes bytes whose number is announced, in memory that they may be left in. */
class AnnouncedBytes {
  bytes: Buffer
  private readonly length: number
  private filled = 0
  /** Where earlier bytes lie until they have moved, which they do along with those that come. */
  private before: Buffer = NO_BYTES
  private moved = 0

  /** @param trusted whether as many bytes are known to come. */
  constructor(length: number, trusted: boolean) {
    this.length = length
    // Memory that is not written to yet costs nothing but addresses.
    this.bytes = Buffer.allocUnsafeSlow(trusted ? length : Math.min(length, TRUSTED_BYTES))
  }

  get missing(): number {
    return this.length - this.filled
  }
  /** All is where it belongs. */
  get whole(): boolean {
    return this.missing === 0 && this.moved === this.before.length
  }

  /** Takes bytes of source[at, end), not more than are missing; returns the position behind them. */
  take(source: Buffer, at: number, end: number): number {
    if (this.filled === this.bytes.length) this.grow()
    const count = Math.min(end - at, this.bytes.length - this.filled)
    source.copy(this.bytes, this.filled, at, at + count)
    this.filled += count
    this.move(count)
    return at + count
  }

  private grow(): void {
    // Three bytes have come since for each that had to move.
    this.before = this.bytes
    this.moved = 0
    this.bytes = Buffer.allocUnsafeSlow(Math.min(this.length, this.bytes.length * GROWTH))
  }

  /** Moves up to `bytes` earlier ones. */
  move(bytes: number): void {
    const end = Math.min(this.before.length, this.moved + bytes)
    if (end > this.moved) this.before.copy(this.bytes, this.moved, this.moved, end)
    this.moved = end
  }
}

export class LongString {
  /** Position of the string, and of its content, among the bytes that are looked at; and the position behind it. */
  at: number
  contentAt: number
  behind: number
  readonly contentLength: number
  /** The compressed content was none. */
  damaged = false
  /** null: what is compressed is unpacked where it lies. */
  private readonly content: AnnouncedBytes | null
  private readonly plainLength: number
  /** Bytes that hold all of the content, at contentAt; null: it comes. */
  private readonly source: Buffer | null
  private plain: Buffer = NO_BYTES
  private decompressor: LzfDecompressor | null = null

  /**
   * @param plainLength length of the string when it is unpacked, -1 when the content is not compressed.
   * @param trusted whether the content is known to be there.
   * @param source bytes that hold all of it, and stay as they are until the string is ready; null where it comes.
   */
  constructor(
    at: number,
    contentAt: number,
    contentLength: number,
    plainLength: number,
    trusted: boolean,
    source: Buffer | null,
  ) {
    this.at = at
    this.contentAt = contentAt
    this.behind = contentAt + contentLength
    this.contentLength = contentLength
    this.plainLength = plainLength
    this.source = source
    this.content = source !== null && plainLength >= 0 ? null : new AnnouncedBytes(contentLength, trusted)
  }

  /** The bytes have moved, and only one stands for the content. */
  moveTo(at: number, contentAt: number): void {
    this.at = at
    this.contentAt = contentAt
    this.behind = contentAt + 1
  }

  /** Bytes of the content that are not among the bytes. */
  get asideBytes(): number {
    return this.contentLength - (this.behind - this.contentAt)
  }

  /** The string, when it is ready. */
  get bytes(): Buffer {
    return this.plainLength < 0 && this.content !== null ? this.content.bytes : this.plain
  }
  /** Bytes of the content that have not come. */
  get missing(): number {
    return this.source === null && this.content !== null ? this.content.missing : 0
  }

  get memoryBytes(): number {
    return this.plain.length + (this.content?.bytes.length ?? 0)
  }

  take(source: Buffer, at: number, end: number): number {
    return this.content === null ? at : this.content.take(source, at, Math.min(end, at + this.content.missing))
  }

  /** Once no byte is missing: works on, for about `bytes` bytes. True when the string is ready. */
  work(bytes: number): boolean {
    const { content, source } = this
    if (content !== null && source !== null && content.missing > 0) {
      const at = this.behind - content.missing
      this.take(source, at, at + bytes)
      return content.missing === 0
    }
    if (content !== null && !content.whole) {
      content.move(bytes)
      return this.plainLength < 0 && content.whole
    }
    return this.plainLength < 0 || this.unpack(bytes)
  }

  private unpack(bytes: number): boolean {
    const packed = this.content?.bytes ?? this.source
    if (this.decompressor === null && packed !== null) {
      const start = this.content === null ? this.contentAt : 0
      this.plain = Buffer.allocUnsafeSlow(this.plainLength)
      this.decompressor = new LzfDecompressor(packed, start, start + this.contentLength, this.plain)
    }
    const state = this.decompressor?.step(bytes) ?? 'malformed'
    this.damaged = state === 'malformed'
    return state !== 'going on'
  }
}
