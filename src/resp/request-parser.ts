/**
 * Finds requests in a buffer and leaves offsets in a Request. Whole requests that lie in the shared read buffer, the
 * normal case, cost no allocation; a request that is not complete yet is copied aside with the point that parsing had
 * reached, so that each byte is looked at once however slowly it arrives.
 *
 * Limits and error texts are Redis's (networking.c): the caller sends the text and closes the connection.
 */
import { parseInt64 } from '../bytes/integers.js'
import { splitArgs } from '../bytes/split-args.js'
import type { Request } from './request.js'

const CR = 13
const LF = 10
const DOLLAR = 36
const STAR = 42
const ZERO = 48

export const INLINE_MAX_BYTES = 64 * 1024
const MAX_ARGUMENTS = 2147483647
/** What a client may send before it has authenticated. */
const UNAUTHENTICATED_MAX_ARGUMENTS = 10
const UNAUTHENTICATED_MAX_BULK_BYTES = 16384
/** A bulk string of at least this size gets a buffer of exactly its request's size, which the store can keep. */
const BIG_BULK_BYTES = 32 * 1024
const FEED_STEP_BYTES = 1024
/** Room for the options that may stand behind it: the buffer would have to grow for them, which copies it. */
const OPTIONS_BYTES = 512

/** parse() found a whole request / wants more bytes / found an error, or nothing but an empty request. */
export const COMPLETE = 0
export const INCOMPLETE = 1
export const FAILED = 2
export const EMPTY = 3

export interface ProtocolLimits {
  /** proto-max-bulk-len, in bytes. */
  maxBulkBytes: number
}

/** Where parsing of an incomplete request stopped. */
export class RequestParser {
  /** Where parse() leaves a request; may be another one for each. */
  request: Request
  /** Offset behind what was parsed: behind the request once it is complete. */
  at = 0
  /** The error's text behind "Protocol error: ". */
  error = ''
  /** Arguments still to come, 0 between requests. */
  private missing = 0
  /** Length of the bulk string whose header has been read, or -1. */
  private bulkLength = -1
  private requestStart = 0
  private readonly limits: ProtocolLimits

  constructor(request: Request, limits: ProtocolLimits) {
    this.request = request
    this.limits = limits
  }

  /** Forgets a request that was not finished. */
  reset(): void {
    this.missing = 0
    this.bulkLength = -1
  }

  get midRequest(): boolean {
    return this.missing > 0
  }

  /** Parses buffer[at, end) from `this.at`; see the constants above for what it returns. */
  parse(buffer: Buffer, end: number, authenticated: boolean): number {
    const { request } = this
    request.buffer = buffer
    if (this.missing === 0) {
      if (this.at >= end) return INCOMPLETE
      if (buffer[this.at] !== STAR) return this.parseInline(buffer, end)
      this.requestStart = this.at
      const header = this.parseHeader(buffer, end, authenticated)
      if (header !== COMPLETE) return header
    }
    let at = this.at
    while (this.missing > 0) {
      if (this.bulkLength < 0) {
        if (at >= end) break
        let i = at + 1
        let length = 0
        let byte = 0
        // The short form in one go; anything else (long, negative, not a number, cut off) takes the slow way.
        while (i < end && (byte = buffer[i] - ZERO) >= 0 && byte <= 9 && i - at < 10) {
          length = length * 10 + byte
          i++
        }
        // "$03" is no number: a leading zero stands alone.
        const digits = i - at - 1
        if (
          i + 1 >= end ||
          buffer[i] !== CR ||
          digits === 0 ||
          (digits > 1 && buffer[at + 1] === ZERO) ||
          buffer[at] !== DOLLAR
        ) {
          const line = this.lineEnd(buffer, at, end)
          if (line < 0) {
            if (end - at > INLINE_MAX_BYTES) return this.fail('too big bulk count string')
            break
          }
          if (buffer[at] !== DOLLAR) return this.fail(`expected '$', got '${String.fromCharCode(buffer[at])}'`)
          length = parseCount(buffer, at + 1, line)
          i = line
        }
        if (!(length >= 0 && length <= this.limits.maxBulkBytes)) return this.fail('invalid bulk length')
        if (length > UNAUTHENTICATED_MAX_BULK_BYTES && !authenticated) return this.fail('unauthenticated bulk length')
        this.bulkLength = length
        at = i + 2
      }
      const stop = at + this.bulkLength
      if (stop + 2 > end) break
      const index = request.argc++
      if (index >= request.starts.length) request.reserve(index + 1)
      request.starts[index] = at
      request.ends[index] = stop
      at = stop + 2
      this.bulkLength = -1
      this.missing--
    }
    this.at = at
    if (this.missing > 0) return INCOMPLETE
    request.wireStart = this.requestStart
    request.wireEnd = at
    request.behind = at
    return COMPLETE
  }

  /** Bytes of the unfinished request in all, as far as is known: what a buffer for it should hold. */
  get expectedBytes(): number {
    if (this.bulkLength < BIG_BULK_BYTES) return 0
    return this.at - this.requestStart + this.bulkLength + 2 + (this.missing > 1 ? OPTIONS_BYTES : 0)
  }

  /**
   * Bytes to add to the `length` there are before parsing goes on: up to the end of a bulk string under way, or a small
   * step where only a line is missing.
   */
  bytesToFeed(length: number): number {
    return this.bulkLength >= 0 ? Math.max(1, this.at + this.bulkLength + 2 - length) : FEED_STEP_BYTES
  }

  /** First byte that has to be kept of an unfinished request. */
  get keepFrom(): number {
    return this.missing > 0 ? this.requestStart : this.at
  }

  /** The unfinished request's bytes have moved from keepFrom to offset 0. */
  rebase(): void {
    const shift = this.keepFrom
    const { request } = this
    for (let i = 0; i < request.argc && this.missing > 0; i++) {
      request.starts[i] -= shift
      request.ends[i] -= shift
    }
    this.at -= shift
    this.requestStart = 0
  }

  /** Takes over another parser's unfinished request. */
  continueFrom(other: RequestParser): void {
    this.at = other.at
    this.missing = other.missing
    this.bulkLength = other.bulkLength
    this.requestStart = other.requestStart
    if (this.missing === 0) return
    const from = other.request
    this.request.argc = from.argc
    this.request.reserve(from.argc)
    this.request.starts.set(from.starts.subarray(0, from.argc))
    this.request.ends.set(from.ends.subarray(0, from.argc))
  }

  private parseHeader(buffer: Buffer, end: number, authenticated: boolean): number {
    const at = this.at
    const digit = buffer[at + 1] - ZERO
    let count: number
    let next: number
    if (at + 3 < end && buffer[at + 2] === CR && digit >= 0 && digit <= 9) {
      count = digit
      next = at + 4
    } else {
      const line = this.lineEnd(buffer, at, end)
      if (line < 0) {
        if (end - at > INLINE_MAX_BYTES) return this.fail('too big mbulk count string')
        return INCOMPLETE
      }
      count = parseCount(buffer, at + 1, line)
      next = line + 2
    }
    if (!(count <= MAX_ARGUMENTS)) return this.fail('invalid multibulk length')
    if (count > UNAUTHENTICATED_MAX_ARGUMENTS && !authenticated) return this.fail('unauthenticated multibulk length')
    this.at = next
    if (count <= 0) return EMPTY
    this.missing = count
    this.request.argc = 0
    this.request.hashedIndex = 0
    this.request.hashedElement = 0
    return COMPLETE
  }

  /**
   * Offset of the CR that ends the line at `at`, or -1; a CR counts once the byte behind it is there too. Redis looks for it as in a
   * C string: behind a zero byte it is never found, and the client waits until there is more than a line may have.
   */
  private lineEnd(buffer: Buffer, at: number, end: number): number {
    const cr = buffer.indexOf(CR, at)
    if (cr < 0 || cr + 1 >= end) return -1
    for (let i = at; i < cr; i++) if (buffer[i] === 0) return -1
    return cr
  }

  private parseInline(buffer: Buffer, end: number): number {
    const lf = buffer.indexOf(LF, this.at)
    const stop = lf > this.at && buffer[lf - 1] === CR ? lf - 1 : lf
    const line = lf < 0 || lf >= end ? null : buffer.toString('latin1', this.at, stop)
    // As in lineEnd(): the end of a line with a zero byte is never found.
    if (line === null || line.includes('\0')) {
      if (end - this.at > INLINE_MAX_BYTES) return this.fail('too big inline request')
      return INCOMPLETE
    }
    this.at = lf + 1
    const words = splitArgs(line)
    if (words === null) return this.fail('unbalanced quotes in request')
    if (words.length === 0) return EMPTY
    const { request } = this
    request.reserve(words.length)
    request.buffer = Buffer.from(words.join(''), 'latin1')
    request.argc = words.length
    let offset = 0
    words.forEach((word, i) => {
      request.starts[i] = offset
      offset += word.length
      request.ends[i] = offset
    })
    request.wireStart = -1
    request.behind = this.at
    request.hashedIndex = 0
    request.hashedElement = 0
    return COMPLETE
  }

  private fail(text: string): number {
    this.error = text
    return FAILED
  }
}

/** A count line's number as string2ll takes it, or NaN; may be negative. Beyond 2^53 only its size matters. */
function parseCount(buffer: Buffer, start: number, end: number): number {
  const count = parseInt64(buffer, start, end)
  return count === null ? Number.NaN : Number(count)
}
