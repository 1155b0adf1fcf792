/** Requests that have not arrived as a whole: each has a buffer and a parser of its own until it is complete. */

import { Request } from './request.js'
import { type ProtocolLimits, RequestParser } from './request-parser.js'

/** Room beyond what has arrived, so that the next pieces of a small request need no growth. */
const SLACK_BYTES = 1024
/** Size of the buffers that are used again: a whole read, and the slack. */
const REUSED_BYTES = 64 * 1024 + SLACK_BYTES
const MAX_SPARES = 8
const MAX_SPARE_ARGUMENTS = 1024
const NO_BYTES = Buffer.alloc(0)

export class PendingRequest {
  readonly parser: RequestParser
  buffer: Buffer = NO_BYTES
  length = 0
  /** The buffer is one that later requests will use. */
  private reused = false

  constructor(limits: ProtocolLimits) {
    this.parser = new RequestParser(new Request(), limits)
  }

  /** Takes over what `parser` has not finished in its buffer up to `end`. */
  begin(parser: RequestParser, end: number): void {
    this.parser.continueFrom(parser)
    const from = this.parser.keepFrom
    this.length = end - from
    const expected = this.parser.expectedBytes
    const capacity = Math.max(expected, this.length + SLACK_BYTES)
    // A big argument gets a buffer of exactly its request's size, which the store can keep.
    if (expected > 0 || capacity > REUSED_BYTES) this.replaceBuffer(capacity, false)
    else if (!this.reused) this.replaceBuffer(REUSED_BYTES, true)
    parser.request.buffer.copy(this.buffer, 0, from, end)
    this.parser.rebase()
    parser.reset()
  }

  private replaceBuffer(capacity: number, reused: boolean): void {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
    this.reused = reused
  }

  /** Whether the buffer was made for this request alone (Request.exclusive). */
  get exclusive(): boolean {
    return !this.reused
  }

  /** Bytes behind the last argument that is complete; of one under way, its content. */
  get unparsedBytes(): number {
    return this.length - this.parser.at
  }

  /** Room for bytes that have not arrived. */
  get freeBytes(): number {
    return this.buffer.length - this.length
  }

  /** Gives up the room: nothing arrives. */
  trim(): void {
    const old = this.buffer
    this.replaceBuffer(this.length, false)
    old.copy(this.buffer, 0, 0, this.length)
  }

  /** Adds bytes[start, end) of what has arrived. */
  append(bytes: Buffer, start: number, end: number): void {
    const wanted = this.length + end - start
    const expected = this.parser.expectedBytes
    if (wanted > this.buffer.length || expected > this.buffer.length || (this.reused && expected > 0)) {
      const old = this.buffer
      this.replaceBuffer(Math.max(wanted, expected, expected > 0 ? 0 : old.length * 2), false)
      old.copy(this.buffer, 0, 0, this.length)
    }
    bytes.copy(this.buffer, this.length, start, end)
    this.length = wanted
  }

  /** Forgets the request, and a buffer that may be somebody else's by now. False: not worth keeping. */
  recycle(): boolean {
    if (!this.reused) this.buffer = NO_BYTES
    this.parser.request.buffer = NO_BYTES
    this.length = 0
    this.parser.reset()
    return this.parser.request.starts.length <= MAX_SPARE_ARGUMENTS
  }
}

/** Pipelines of large requests leave an unfinished one at every read: the objects and their buffers are used again. */
export class PendingRequests {
  private readonly limits: ProtocolLimits
  private readonly spares: PendingRequest[] = []

  constructor(limits: ProtocolLimits) {
    this.limits = limits
  }

  /** An unfinished request that takes over from `parser`, whose buffer is valid up to `end`. */
  begin(parser: RequestParser, end: number): PendingRequest {
    const pending = this.spares.pop() ?? new PendingRequest(this.limits)
    pending.begin(parser, end)
    return pending
  }

  /** The request has been executed. */
  release(pending: PendingRequest): void {
    if (this.spares.length < MAX_SPARES && pending.recycle()) this.spares.push(pending)
  }
}
