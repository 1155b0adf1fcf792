/**
 * Requests as bytes, in chunks: what an append-only file holds. Long strings that stay where they are go out bit by bit, and
 * nothing should be written meanwhile: `isBusy` says that there is one, or what has been written behind it.
 */
import { integerLength, writeInteger } from '../bytes/integers.js'

export const CHUNK_BYTES = 64 * 1024
/** Less is handed over as a copy: it would keep the whole chunk from being used again. */
const COPIED_MAX_BYTES = 8 * 1024
/** Up to here a loop is as good as a copy. */
const LOOP_BYTES = 48
/** The first byte, 16 digits and a line end. */
const HEAD_BYTES = 24

const STAR = 42
const DOLLAR = 36
const CR = 13
const LF = 10

/** Where the chunks go. */
export interface ChunkTaker {
  /** Takes over `chunk`. */
  write(chunk: Buffer): void
  /** Memory of an earlier chunk, to be filled anew. */
  spare?(): Buffer | null
}

/** The bytes of these bulk strings, one character a byte: what is the same in many requests. */
export function bulks(...texts: string[]): Buffer {
  return Buffer.from(texts.map(text => `$${text.length}\r\n${text}\r\n`).join(''), 'latin1')
}

/** Bytes that stay as they are, from `at` on still to be written. */
class KeptBytes {
  readonly bytes: Buffer
  at: number
  readonly end: number

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }
}

export class RequestOutput {
  private readonly taker: ChunkTaker
  private buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  private length = 0
  /** What comes before the buffer: whole chunks, and long strings. */
  private readonly parts: (Buffer | KeptBytes)[] = []

  constructor(taker: ChunkTaker) {
    this.taker = taker
  }

  /** work() is to be called before more is written. */
  get isBusy(): boolean {
    return this.parts.length > 0
  }

  /** Hands over a chunk, or as much of a long string. */
  work(): void {
    const [part] = this.parts
    if (part === undefined) return
    if (!(part instanceof KeptBytes)) {
      this.parts.shift()
      this.taker.write(part)
      return
    }
    const end = Math.min(part.end, part.at + CHUNK_BYTES)
    this.taker.write(this.chunkOf(part.bytes.subarray(part.at, end)))
    part.at = end
    if (end === part.end) this.parts.shift()
  }

  private chunkOf(bytes: Buffer): Buffer {
    if (bytes.length <= COPIED_MAX_BYTES) return Buffer.from(bytes)
    const chunk = this.freshBuffer()
    return chunk.subarray(0, bytes.copy(chunk))
  }

  /** Begins a request of so many arguments, each of which is to follow. */
  begin(count: number): void {
    this.head(STAR, count)
  }

  /** Bytes that are right as they are. */
  raw(bytes: Buffer): void {
    this.put(bytes, 0, bytes.length)
  }

  /** An argument: bytes[start, end), which are copied. */
  bulk(bytes: Buffer, start: number, end: number): void {
    this.head(DOLLAR, end - start)
    this.put(bytes, start, end)
    this.lineEnd()
  }

  /** As bulk(), of bytes that stay as they are: copied bit by bit if they are many. */
  bulkKept(bytes: Buffer, start: number, end: number): void {
    if (end - start <= CHUNK_BYTES) {
      this.bulk(bytes, start, end)
      return
    }
    this.head(DOLLAR, end - start)
    this.seal()
    this.parts.push(new KeptBytes(bytes, start, end))
    this.lineEnd()
  }

  /** A safe integer as an argument. */
  bulkInteger(value: number): void {
    this.head(DOLLAR, integerLength(value))
    this.ensure(HEAD_BYTES)
    this.length = writeInteger(this.buffer, this.length, value)
    this.lineEnd()
  }

  /** Hands over what has been written. Not while it is busy. */
  flush(): void {
    this.seal()
  }

  private head(sign: number, value: number): void {
    this.ensure(HEAD_BYTES)
    const { buffer } = this
    buffer[this.length] = sign
    const at = writeInteger(buffer, this.length + 1, value)
    buffer[at] = CR
    buffer[at + 1] = LF
    this.length = at + 2
  }

  private lineEnd(): void {
    this.ensure(2)
    this.buffer[this.length++] = CR
    this.buffer[this.length++] = LF
  }

  /** Makes room for a few bytes. */
  private ensure(count: number): void {
    if (this.length + count > this.buffer.length) this.seal()
  }

  private put(bytes: Buffer, start: number, end: number): void {
    while (start < end) {
      if (this.length === this.buffer.length) this.seal()
      const { buffer, length } = this
      const stop = Math.min(end, start + buffer.length - length)
      this.length = length + stop - start
      if (stop - start > LOOP_BYTES) bytes.copy(buffer, length, start, stop)
      else for (let i = start, at = length; i < stop; i++) buffer[at++] = bytes[i]
      start = stop
    }
  }

  /** Ends the chunk. */
  private seal(): void {
    const { buffer, length } = this
    if (length === 0) return
    const written = buffer.subarray(0, length)
    const isShort = length <= COPIED_MAX_BYTES
    this.length = 0
    const chunk = isShort ? Buffer.from(written) : written
    if (!isShort) this.buffer = this.freshBuffer()
    if (this.parts.length > 0) this.parts.push(chunk)
    else this.taker.write(chunk)
  }

  /** Of CHUNK_BYTES: more would keep bytes waiting for longer. */
  private freshBuffer(): Buffer {
    const spare = this.taker.spare?.() ?? null
    if (spare === null || spare.length < CHUNK_BYTES) return Buffer.allocUnsafeSlow(CHUNK_BYTES)
    return spare.subarray(0, CHUNK_BYTES)
  }
}
