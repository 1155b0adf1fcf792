/**
 * Commands on their way into the append-only file, as requests in RESP: what has been propagated and is not written yet.
 * Positions count all bytes that were ever appended, whichever file they go to.
 */
import { copyBytes } from '../../bytes/copy.js'
import { LentRanges } from '../../bytes/lent-ranges.js'
import { encodeRequest, type Request } from '../../resp/request.js'
import type { HeldBuffer, HeldBuffers } from '../../store/held-buffers.js'

const CHUNK_BYTES = 64 * 1024
const MAX_SPARES = 4
/** More than this is not copied when it is appended, but held where it lies, and copied a slice at a time when it is written. */
const HELD_MIN_BYTES = 256 * 1024
const SLICE_BYTES = 256 * 1024
const NO_BYTES = Buffer.alloc(0)

/** Bytes in memory of the buffer's own, or, where that has none, in the memory of a value. */
interface Piece {
  bytes: Buffer
  end: number
  held: HeldBuffer | null
}

export class AppendBuffer extends LentRanges {
  /** Position behind all that was appended, and behind what has been taken. */
  appended = 0
  taken = 0
  /** Called when there is something to be written. */
  onAppend: () => void = () => {}
  /** aof-timestamp-enabled: the time in seconds goes ahead of the first command of each second. Null: it does not. */
  secondsNow: (() => number) | null = null
  private readonly heldBuffers: HeldBuffers
  /** What is to be written next is the first piece, from `first` on. */
  private pieces: Piece[] = []
  private first = 0
  private readonly spares: Buffer[] = []
  private slice: Buffer = NO_BYTES
  /** Database that the commands so far are in, or -1: the next one starts with a SELECT. */
  private database = -1
  private notedSeconds = 0

  constructor(heldBuffers: HeldBuffers) {
    super()
    this.heldBuffers = heldBuffers
  }

  get length(): number {
    return this.appended - this.taken
  }

  /** Memory behind it. */
  get memoryBytes(): number {
    let bytes = this.slice.length
    for (const { bytes: own, end } of this.pieces) bytes += own.length === 0 ? end : own.length
    return bytes
  }

  /** Another file begins, which is to be understood on its own. */
  beginFile(): void {
    this.database = -1
    this.notedSeconds = 0
  }

  /** Adds a command, executed in `database` (-1: one that needs none, such as MULTI). */
  request(database: number, request: Request): void {
    if (request.wireStart >= 0) this.bytes(database, request.buffer, request.wireStart, request.wireEnd)
    else {
      const bytes = encodeRequest(...Array.from({ length: request.argc }, (_, i) => request.view(i)))
      this.bytes(database, bytes, 0, bytes.length)
    }
  }

  bytes(database: number, bytes: Buffer, start: number, end: number): void {
    this.prepare(database)
    this.append(bytes, start, end)
    this.onAppend()
  }

  /** As bytes(), for a command whose bytes lie in several places. */
  several(database: number, pieces: readonly Buffer[]): void {
    this.prepare(database)
    for (const piece of pieces) this.append(piece, 0, piece.length)
    this.onAppend()
  }

  private prepare(database: number): void {
    if (this.secondsNow !== null) this.noteTime(this.secondsNow())
    if (database < 0 || database === this.database) return
    const select = encodeRequest('SELECT', String(database))
    this.append(select, 0, select.length)
    this.database = database
  }

  private noteTime(seconds: number): void {
    if (seconds <= this.notedSeconds) return
    this.notedSeconds = seconds
    const line = Buffer.from(`#TS:${seconds}\r\n`, 'latin1')
    this.append(line, 0, line.length)
  }

  private append(bytes: Buffer, start: number, end: number): void {
    this.appended += end - start
    this.add(bytes, start, end)
  }

  protected store(bytes: Buffer, start: number, end: number): void {
    if (end - start > HELD_MIN_BYTES) {
      const held = this.heldBuffers.hold(bytes.subarray(start, end), false)
      this.pieces.push({ bytes: NO_BYTES, end: end - start, held })
      return
    }
    while (start < end) {
      let piece = this.pieces[this.pieces.length - 1]
      if (piece === undefined || piece.end === piece.bytes.length || piece.held !== null) {
        piece = { bytes: this.spares.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES), end: 0, held: null }
        this.pieces.push(piece)
      }
      const length = Math.min(end - start, piece.bytes.length - piece.end)
      copyBytes(bytes, start, start + length, piece.bytes, piece.end)
      piece.end += length
      start += length
    }
  }

  /** The next bytes to be written, a slice of them at most; they stay as they are until consume(). */
  next(): Buffer {
    this.storeLent()
    const { first, pieces } = this
    if (pieces.length === 0) return NO_BYTES
    const { bytes, end, held } = pieces[0]
    if (held === null) return bytes.subarray(first, end)
    if (this.slice.length === 0) this.slice = Buffer.allocUnsafeSlow(SLICE_BYTES)
    const until = Math.min(end, first + SLICE_BYTES)
    held.read(first, until, this.slice, 0)
    return this.slice.subarray(0, until - first)
  }

  /** The first `count` bytes of next() are written. */
  consume(count: number): void {
    const [piece] = this.pieces
    this.taken += count
    this.first += count
    piece.held?.forget(this.first)
    if (this.first < piece.end) return
    this.first = 0
    if (piece.held !== null) {
      piece.held.release()
      this.slice = NO_BYTES
      this.pieces.shift()
    } else if (this.pieces.length === 1) piece.end = 0
    else {
      this.pieces.shift()
      if (this.spares.length < MAX_SPARES) this.spares.push(piece.bytes)
    }
  }

  /** All that is to be written, for when it is little; stays as it is until consumeAll(). */
  all(): Buffer[] {
    this.storeLent()
    return this.pieces.map(({ bytes, end, held }, i) => {
      const from = i === 0 ? this.first : 0
      if (held === null) return bytes.subarray(from, end)
      const copy = Buffer.allocUnsafe(end - from)
      held.read(from, end, copy, 0)
      return copy
    })
  }

  consumeAll(): void {
    while (this.length > 0) this.consume(this.pieces[0].end - this.first)
  }

  /** Forgets what was not written. */
  clear(): void {
    this.forgetLent()
    for (const { held } of this.pieces) held?.release()
    this.pieces = []
    this.first = 0
    this.taken = this.appended
    this.beginFile()
  }
}
