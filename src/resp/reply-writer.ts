/**
 * Writes replies in RESP2 or RESP3 into one buffer that all connections share in turn: a connection's replies are
 * collected from its requests of one read, then sent and cleared. Large values are referred to, not copied.
 */
import { DOUBLE_TEXT_BYTES, writeDouble } from '../bytes/floats/double-text.js'
import { writeInteger } from '../bytes/integers.js'
import type { ReplyMemory } from './reply-memory.js'

const CAPACITY_BYTES = 64 * 1024
/** Room that any header or number fits in. */
const HEADER_BYTES = 48
/** Bulk strings from this size on may be referred to instead of copied: nothing shorter lies in a value's own memory. */
export const REFERENCE_MIN_BYTES = 4096
const HEADERS_KEPT = 256
const CR = 13
const LF = 10
const CRLF = Buffer.from('\r\n', 'latin1')
const doubleText = Buffer.alloc(DOUBLE_TEXT_BYTES)

/** A place in what has been written, between two replies. */
export interface ReplyMark {
  readonly chunks: number
  readonly length: number
}

export class ReplyWriter {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES)
  /** Bytes in `buffer`, which come behind those of `chunks`. */
  length = 0
  /** Earlier output, once a reply did not fit the buffer or referred to a large value. */
  readonly chunks: Buffer[] = []
  chunkBytes = 0
  /** Protocol version of the client that is being answered. */
  resp = 2
  /** Errors written so far; the dispatcher compares. */
  errors = 0
  /** Heads of large bulk strings, by their lengths: an application's large values are often of the same few. */
  private readonly headers = new Map<number, Buffer>()
  lastError = ''
  private readonly memory: ReplyMemory | null

  /** @param memory where copies of what has been written come from: for a writer whose output is sent once, and by whom gives them back. */
  constructor(memory: ReplyMemory | null = null) {
    this.memory = memory
  }

  get isEmpty(): boolean {
    return this.length === 0 && this.chunkBytes === 0
  }

  get totalBytes(): number {
    return this.length + this.chunkBytes
  }

  clear(): void {
    this.length = 0
    if (this.chunkBytes !== 0) {
      this.chunks.length = 0
      this.chunkBytes = 0
    }
  }

  /** The output as Buffers that stay valid after clear(). */
  takeChunks(): Buffer[] {
    this.spill()
    const chunks = this.chunks.slice()
    this.clear()
    return chunks
  }

  private spill(): void {
    if (this.length === 0) return
    const bytes = this.buffer.subarray(0, this.length)
    this.chunks.push(this.memory === null ? Buffer.from(bytes) : this.memory.copyOf(bytes))
    this.chunkBytes += this.length
    this.length = 0
  }

  private room(bytes: number): void {
    if (this.length + bytes > CAPACITY_BYTES) this.spill()
  }

  /** Makes room for up to `bytes` (CAPACITY_BYTES at most) in `buffer`; returns `length`, which whoever fills it has to raise. */
  reserve(bytes: number): number {
    if (this.length + bytes > CAPACITY_BYTES) this.spill()
    return this.length
  }

  /** One byte of type, a safe integer, CRLF. */
  private header(type: number, value: number): void {
    if (this.length + HEADER_BYTES > CAPACITY_BYTES) this.spill()
    const { buffer } = this
    let at = this.length
    buffer[at++] = type
    if (value >= 0 && value < 10) buffer[at++] = 48 + value
    else at = writeInteger(buffer, at, value)
    buffer[at] = CR
    buffer[at + 1] = LF
    this.length = at + 2
  }

  ok(): void {
    if (this.length + HEADER_BYTES > CAPACITY_BYTES) this.spill()
    const { buffer } = this
    const at = this.length
    buffer[at] = 43
    buffer[at + 1] = 79
    buffer[at + 2] = 75
    buffer[at + 3] = CR
    buffer[at + 4] = LF
    this.length = at + 5
  }

  /** Bytes as they are: a reply encoded elsewhere. At most CAPACITY_BYTES are copied at a time. */
  raw(text: string): void {
    if (text.length > CAPACITY_BYTES - HEADER_BYTES) {
      this.spill()
      const chunk = Buffer.from(text, 'latin1')
      this.chunks.push(chunk)
      this.chunkBytes += chunk.length
      return
    }
    this.room(text.length)
    if (text.length < 24) for (let i = 0; i < text.length; i++) this.buffer[this.length++] = text.charCodeAt(i)
    else this.length += this.buffer.write(text, this.length, 'latin1')
  }

  /** RESP bytes made elsewhere, which nobody changes any more: a push. */
  append(bytes: Buffer): void {
    if (bytes.length >= REFERENCE_MIN_BYTES) {
      this.refer(bytes)
      return
    }
    this.room(bytes.length)
    this.length += bytes.copy(this.buffer, this.length)
  }

  /** A simple string: no CR or LF. */
  simple(text: string): void {
    this.raw(`+${text}\r\n`)
  }

  /** An error, its code in front ("ERR ...", "WRONGTYPE ..."). Line breaks at its end go, others become spaces, as in Redis. */
  error(text: string): void {
    this.errors++
    this.lastError = text
    this.raw(`-${/[\r\n]/.test(text) ? text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ') : text}\r\n`)
  }

  /** A safe integer. */
  integer(value: number): void {
    this.header(58, value)
  }

  bigInteger(value: bigint): void {
    this.raw(`:${value}\r\n`)
  }

  /** bytes[start, end), copied: for bytes that may change after the handler returns. */
  bulk(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    this.header(36, length)
    if (length + 2 > CAPACITY_BYTES - this.length) {
      if (length >= REFERENCE_MIN_BYTES) {
        this.refer(Buffer.from(bytes.subarray(start, end)))
        this.crlf()
        return
      }
      this.spill()
    }
    const { buffer } = this
    let at = this.length
    if (length <= 48) for (let i = start; i < end; i++) buffer[at++] = bytes[i]
    else at += bytes.copy(buffer, at, start, end)
    buffer[at] = CR
    buffer[at + 1] = LF
    this.length = at + 2
  }

  /** All of `bytes`, which nobody changes any more: referred to when large. */
  bulkReference(bytes: Buffer): void {
    if (bytes.length < REFERENCE_MIN_BYTES) {
      this.bulk(bytes, 0, bytes.length)
      return
    }
    this.bulkHeader(bytes.length)
    this.refer(bytes)
    this.refer(CRLF)
  }

  /** As a chunk of its own where nothing is ahead of it that it could be copied behind. */
  private bulkHeader(length: number): void {
    if (this.length !== 0) {
      this.header(36, length)
      return
    }
    let head = this.headers.get(length)
    if (head === undefined) {
      head = Buffer.from(`$${length}\r\n`, 'latin1')
      if (this.headers.size === HEADERS_KEPT) this.headers.clear()
      this.headers.set(length, head)
    }
    this.refer(head)
  }

  /** A string of one character a byte as a bulk string. */
  bulkText(text: string): void {
    this.header(36, text.length)
    this.raw(text)
    this.crlf()
  }

  /** A safe integer as a bulk string. */
  bulkInteger(value: number): void {
    this.bulkText(String(value))
  }

  private refer(bytes: Buffer): void {
    this.spill()
    this.chunks.push(bytes)
    this.chunkBytes += bytes.length
  }

  private crlf(): void {
    this.room(2)
    this.buffer[this.length++] = CR
    this.buffer[this.length++] = LF
  }

  /** A missing value. */
  null(): void {
    this.raw(this.resp === 3 ? '_\r\n' : '$-1\r\n')
  }

  /** A missing array (EXEC that was aborted). */
  nullArray(): void {
    this.raw(this.resp === 3 ? '_\r\n' : '*-1\r\n')
  }

  array(length: number): void {
    this.header(42, length)
  }

  /** Shows all that was written since `mark` in `into`: as it lies there, or put together. Valid until something is written. */
  since({ chunks, length }: ReplyMark, into: { bytes: Buffer; start: number; end: number }): void {
    if (this.chunks.length === chunks) {
      into.bytes = this.buffer
      into.start = length
      into.end = this.length
      return
    }
    // What was in the buffer then is where the first chunk since begins.
    const parts = [this.chunks[chunks].subarray(length), ...this.chunks.slice(chunks + 1)]
    into.bytes = Buffer.concat([...parts, this.buffer.subarray(0, this.length)])
    into.start = 0
    into.end = into.bytes.length
  }

  /** Takes back all that was written since `mark`. */
  cut({ chunks, length }: ReplyMark): void {
    if (this.chunks.length === chunks) {
      this.length = length
      return
    }
    const first = this.chunks[chunks]
    for (let i = chunks; i < this.chunks.length; i++) this.chunkBytes -= this.chunks[i].length
    this.chunks.length = chunks
    this.length = first.copy(this.buffer, 0, 0, length)
  }

  /** A place to which arrayAt() or mapAt() will come back. */
  mark(): ReplyMark {
    return { chunks: this.chunks.length, length: this.length }
  }

  /** All that was written since `mark` is an array of `length` elements. */
  arrayAt(mark: ReplyMark, length: number): void {
    this.insert(mark, `*${length}\r\n`)
  }

  /** All that was written since `mark` is a map of `pairs` pairs, in RESP2 an array of so many elements that are pairs themselves. */
  mapAt(mark: ReplyMark, pairs: number): void {
    this.insert(mark, `${this.resp === 3 ? '%' : '*'}${pairs}\r\n`)
  }

  /** What was written since `mark` comes behind a bulk string, of one character a byte. */
  bulkAt(mark: ReplyMark, text: string): void {
    this.insert(mark, `$${text.length}\r\n${text}\r\n`)
  }

  private insert({ chunks, length }: ReplyMark, text: string): void {
    if (this.chunks.length === chunks && this.length + text.length > CAPACITY_BYTES) this.spill()
    if (this.chunks.length === chunks) {
      this.buffer.copyWithin(length + text.length, length, this.length)
      this.buffer.write(text, length, 'latin1')
      this.length += text.length
      return
    }
    // What was in the buffer then is where the first chunk since begins.
    const first = this.chunks[chunks]
    const parts = [first.subarray(0, length), Buffer.from(text, 'latin1'), first.subarray(length)]
    this.chunks.splice(chunks, 1, ...parts.filter(part => part.length > 0))
    this.chunkBytes += text.length
  }

  /** A map of `pairs` pairs; in RESP2 a flat array of twice as many elements. */
  map(pairs: number): void {
    if (this.resp === 3) this.header(37, pairs)
    else this.header(42, pairs * 2)
  }

  set(length: number): void {
    this.header(this.resp === 3 ? 126 : 42, length)
  }

  push(length: number): void {
    this.header(this.resp === 3 ? 62 : 42, length)
  }

  /** Attributes precede a reply; RESP3 only. */
  attribute(pairs: number): void {
    this.header(124, pairs)
  }

  boolean(value: boolean): void {
    if (this.resp === 3) this.raw(value ? '#t\r\n' : '#f\r\n')
    else this.integer(value ? 1 : 0)
  }

  /** A number as Redis writes it (double-text.ts); in RESP2 a bulk string. */
  double(value: number): void {
    if (this.length + HEADER_BYTES > CAPACITY_BYTES) this.spill()
    const { buffer } = this
    let at = this.length
    if (this.resp === 3) {
      buffer[at++] = 44
      at = writeDouble(buffer, at, value)
    } else {
      const end = writeDouble(doubleText, 0, value)
      buffer[at++] = 36
      at = writeInteger(buffer, at, end)
      buffer[at++] = CR
      buffer[at++] = LF
      for (let i = 0; i < end; i++) buffer[at++] = doubleText[i]
    }
    buffer[at] = CR
    buffer[at + 1] = LF
    this.length = at + 2
  }

  /** As double(), of a number whose text is bytes[start, end), DOUBLE_TEXT_BYTES at most. */
  doubleBytes(bytes: Buffer, start: number, end: number): void {
    if (this.resp !== 3) {
      this.bulk(bytes, start, end)
      return
    }
    if (this.length + HEADER_BYTES > CAPACITY_BYTES) this.spill()
    const { buffer } = this
    let at = this.length
    buffer[at++] = 44
    for (let i = start; i < end; i++) buffer[at++] = bytes[i]
    buffer[at] = CR
    buffer[at + 1] = LF
    this.length = at + 2
  }

  bigNumber(text: string): void {
    if (this.resp === 3) this.raw(`(${text}\r\n`)
    else this.bulkText(text)
  }

  /** Text with its format's three letters ("txt"); in RESP2 a bulk string. */
  verbatim(text: string, format = 'txt'): void {
    if (this.resp !== 3) {
      this.bulkText(text)
      return
    }
    this.header(61, text.length + 4)
    this.raw(`${format}:`)
    this.raw(text)
    this.raw('\r\n')
  }

  /** An array of bulk strings, one character a byte. */
  bulkArray(texts: readonly string[]): void {
    this.array(texts.length)
    for (const text of texts) this.bulkText(text)
  }
}

/** End of line, for those who put replies together themselves. */
export const LINE_END = CRLF
