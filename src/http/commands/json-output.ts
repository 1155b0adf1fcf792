/** JSON as bytes: what is UTF-8 already is copied, not decoded. */

const CHUNK_BYTES = 64 * 1024
const QUOTE = 34
const BACKSLASH = 92
const FIRST_PRINTABLE = 32
/** Shorter ones are copied in a loop. */
const COPY_MIN_BYTES = 32

/** How JSON writes what may not stand in a string as it is, by its byte. */
const ESCAPES: readonly string[] = Array.from({ length: BACKSLASH + 1 }, (_, byte) => {
  return JSON.stringify(String.fromCharCode(byte)).slice(1, -1)
})

export class JsonOutput {
  /** Bytes written so far, taken or not. */
  total = 0
  private chunks: Buffer[] = []
  private buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  private length = 0

  /** Text of ASCII, short. */
  ascii(text: string): void {
    if (this.length + text.length > CHUNK_BYTES) this.spill()
    const { buffer } = this
    for (let i = 0; i < text.length; i++) buffer[this.length++] = text.charCodeAt(i)
    this.total += text.length
  }

  /** bytes[start, end) as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    this.total += end - start
    while (start < end) {
      if (this.length === CHUNK_BYTES) this.spill()
      const until = Math.min(end, start + CHUNK_BYTES - this.length)
      if (until - start < COPY_MIN_BYTES) while (start < until) this.buffer[this.length++] = bytes[start++]
      else {
        this.buffer.set(bytes.subarray(start, until), this.length)
        this.length += until - start
        start = until
      }
    }
  }

  /** bytes[start, end), which are UTF-8, as they stand in a string. */
  escaped(bytes: Uint8Array, start: number, end: number): void {
    let from = start
    for (let i = start; i < end; i++) {
      const byte = bytes[i]
      if (byte >= FIRST_PRINTABLE && byte !== QUOTE && byte !== BACKSLASH) continue
      this.raw(bytes, from, i)
      this.ascii(ESCAPES[byte])
      from = i + 1
    }
    this.raw(bytes, from, end)
  }

  private spill(): void {
    this.chunks.push(this.buffer.subarray(0, this.length))
    this.buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.length = 0
  }

  /** All that was written since the last call. */
  take(): Buffer[] {
    const { chunks } = this
    this.chunks = []
    if (this.length > 0) chunks.push(Buffer.from(this.buffer.subarray(0, this.length)))
    this.length = 0
    return chunks
  }
}
