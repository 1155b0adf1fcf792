/** A string of a reply that comes in pieces, or is so long that it becomes JSON in slices. */
import { isUtf8 } from 'node:buffer'
import type { JsonOutput } from './json-output.js'

const CRLF_BYTES = 2
/** What is done in one go, a fraction of a millisecond each: taken, looked at, and written; the last divisible by three, for base64. */
const TAKEN_BYTES = 256 * 1024
const CHECKED_BYTES = 256 * 1024
const WRITTEN_BYTES = 48 * 1024
/** What goes on in UTF-8 begins with the bits 10. */
const CONTINUES_MASK = 0xc0
const CONTINUES = 0x80
/** Bytes of a character behind its first one. */
const LONGEST_REST = 3

export class LargeString {
  readonly type: string
  readonly length: number
  /** With the line end behind it. */
  private readonly buffer: Buffer
  private filled = 0
  private checked: number
  private written: number
  private isText = true

  /** @param skipped so many bytes at the beginning are none of the string's own. */
  constructor(type: string, length: number, skipped: number) {
    this.type = type
    this.length = length
    this.buffer = Buffer.allocUnsafeSlow(length + CRLF_BYTES)
    this.checked = skipped
    this.written = skipped
  }

  get isWhole(): boolean {
    return this.filled === this.buffer.length
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** Takes some of bytes[start, end) that belong to it; returns where it stopped. */
  push(bytes: Buffer, start: number, end: number): number {
    const until = Math.min(end, start + TAKEN_BYTES, start + this.buffer.length - this.filled)
    bytes.copy(this.buffer, this.filled, start, until)
    this.filled += until - start
    return until
  }

  /** Looks at more of the whole string. True: it is known what it is. */
  check(): boolean {
    if (!this.isText || this.checked === this.length) return true
    let end = Math.min(this.checked + CHECKED_BYTES, this.length)
    // A character is not to be cut; of what is none there may be any number.
    for (let left = LONGEST_REST; left > 0 && end < this.length && this.continues(end); left--) end++
    this.isText = isUtf8(this.buffer.subarray(this.checked, end))
    this.checked = end
    return false
  }

  private continues(at: number): boolean {
    return (this.buffer[at] & CONTINUES_MASK) === CONTINUES
  }

  /** What stands around it. */
  get ends(): readonly [string, string] {
    if (!this.isText) return ['{"base64":"', '"}']
    return this.type === '$' ? ['"', '"'] : [this.type === '=' ? '{"text":"' : '{"error":"', '"}']
  }

  /** Writes more of it. True: that was all. */
  write(out: JsonOutput): boolean {
    const end = Math.min(this.written + WRITTEN_BYTES, this.length)
    if (this.isText) out.escaped(this.buffer, this.written, end)
    else out.ascii(this.buffer.toString('base64', this.written, end))
    this.written = end
    return end === this.length
  }
}
