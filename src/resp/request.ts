/**
 * A request as it lies in a buffer: offsets instead of objects. Argument i is buffer[starts[i], ends[i]); argument 0 is
 * the command's name.
 */
import { parseInt64, parseSafeInteger } from '../bytes/integers.js'
import { latin1 } from '../bytes/latin1.js'

const FIRST_CAPACITY = 64
const NO_BYTES = Buffer.alloc(0)
const CRLF = Buffer.from('\r\n', 'latin1')

export class Request {
  buffer: Buffer = NO_BYTES
  argc = 0
  starts: Int32Array
  ends: Int32Array
  /** The whole request's bytes in `buffer`, when it came in RESP; `wireStart` is -1 for an inline command. */
  wireStart = -1
  wireEnd = -1
  /** Offset behind the request in the bytes that it was read from. */
  behind = 0
  /** The argument whose hash is `hash`, worked out ahead of its look-up (server/request-batch.ts); 0: none. */
  hashedIndex = 0
  hash = 0
  /** The same of an element's name: a field. */
  hashedElement = 0
  elementHash = 0
  /** Whether `buffer` was made for this request alone, so that a big argument can be kept instead of copied. */
  exclusive = false

  /** @param capacity how many arguments there is room for at first. */
  constructor(capacity = FIRST_CAPACITY) {
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
  }

  /** Makes room for `argc` arguments, keeping those there are. */
  reserve(argc: number): void {
    if (argc <= this.starts.length) return
    const capacity = Math.max(argc, this.starts.length * 2)
    const starts = new Int32Array(capacity)
    starts.set(this.starts)
    this.starts = starts
    const ends = new Int32Array(capacity)
    ends.set(this.ends)
    this.ends = ends
  }

  length(index: number): number {
    return this.ends[index] - this.starts[index]
  }

  /** Size of all arguments together. */
  get argumentBytes(): number {
    let bytes = 0
    for (let i = 0; i < this.argc; i++) bytes += this.ends[i] - this.starts[i]
    return bytes
  }

  /** A view of the argument's bytes; valid until the handler returns. */
  view(index: number): Buffer {
    return this.buffer.subarray(this.starts[index], this.ends[index])
  }

  /** A copy of the argument's bytes. */
  copy(index: number): Buffer {
    return Buffer.from(this.view(index))
  }

  /** Whether view(index) may be kept for good: it makes up most of a buffer that was made for this request alone. */
  adoptable(index: number): boolean {
    return this.exclusive && this.length(index) * 2 >= this.buffer.buffer.byteLength
  }

  /** The argument as a string of one character a byte. */
  latin1(index: number): string {
    return latin1(this.buffer, this.starts[index], this.ends[index])
  }

  /** The argument in lower case, one character a byte: for options and subcommands. */
  lower(index: number): string {
    return this.latin1(index).toLowerCase()
  }

  /** Whether the argument is `word` (given in lower case), in any case. */
  is(index: number, word: string): boolean {
    const start = this.starts[index]
    if (this.ends[index] - start !== word.length) return false
    for (let i = 0; i < word.length; i++) {
      let byte = this.buffer[start + i]
      if (byte >= 65 && byte <= 90) byte |= 32
      if (byte !== word.charCodeAt(i)) return false
    }
    return true
  }

  /** The argument as an integer that a JavaScript number holds exactly, or NaN. */
  safeInteger(index: number): number {
    return parseSafeInteger(this.buffer, this.starts[index], this.ends[index])
  }

  /** The argument as a 64-bit integer, or null. */
  int64(index: number): bigint | null {
    return parseInt64(this.buffer, this.starts[index], this.ends[index])
  }

  /**
   * As clone(), but a request with a buffer of its own keeps that instead of being copied: nobody may change it then, but who
   * keeps a big argument for good when the request is run.
   */
  keep(): Request {
    if (!this.exclusive || this.wireStart < 0) return this.clone()
    const kept = new Request(this.argc)
    kept.starts.set(this.starts.subarray(0, this.argc))
    kept.ends.set(this.ends.subarray(0, this.argc))
    kept.argc = this.argc
    kept.buffer = this.buffer
    kept.wireStart = this.wireStart
    kept.wireEnd = this.wireEnd
    kept.exclusive = true
    return kept
  }

  /** An independent copy, for queues (MULTI, blocking): arguments only, in RESP. */
  clone(): Request {
    return requestFromArguments(Array.from({ length: this.argc }, (_, i) => this.view(i)))
  }
}

/** Builds a request in RESP from arguments: for the server's own commands and for those that rewrite themselves. */
export function requestFromArguments(args: readonly Uint8Array[]): Request {
  let size = 16
  for (const arg of args) size += arg.length + 16
  const buffer = Buffer.allocUnsafe(size)
  const request = new Request(args.length)
  let at = buffer.write(`*${args.length}\r\n`, 0, 'latin1')
  args.forEach((arg, i) => {
    at += buffer.write(`$${arg.length}\r\n`, at, 'latin1')
    request.starts[i] = at
    buffer.set(arg, at)
    at += arg.length
    request.ends[i] = at
    buffer[at++] = 13
    buffer[at++] = 10
  })
  request.buffer = buffer
  request.argc = args.length
  request.wireStart = 0
  request.wireEnd = at
  return request
}

/** Arguments from this size on are not copied by encodePieces(). */
const LARGE_ARGUMENT_BYTES = 64 * 1024

/** Whether encodePieces() would refer to some of the arguments. */
export function isLargeRequest(args: readonly Uint8Array[]): boolean {
  for (const arg of args) if (arg.length >= LARGE_ARGUMENT_BYTES) return true
  return false
}

/** The RESP bytes of a request, as pieces: large arguments are referred to. */
export function encodePieces(args: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = []
  let text: Buffer[] = [Buffer.from(`*${args.length}\r\n`, 'latin1')]
  for (const arg of args) {
    text.push(Buffer.from(`$${arg.length}\r\n`, 'latin1'))
    if (arg.length >= LARGE_ARGUMENT_BYTES) {
      pieces.push(Buffer.concat(text), arg)
      text = []
    } else text.push(arg)
    text.push(CRLF)
  }
  pieces.push(Buffer.concat(text))
  return pieces
}

/** The RESP bytes of a request built from strings of one character a byte. */
export function encodeRequest(...args: (string | Uint8Array)[]): Buffer {
  const request = requestFromArguments(args.map(arg => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg)))
  return request.buffer.subarray(0, request.wireEnd)
}
