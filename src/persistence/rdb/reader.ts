/**
 * Reads RDB bytes as they come: a file at start-up, or what dribbles in on a replica's socket. Whatever the cuts, the result
 * and, up to a constant, the work are the same.
 *
 * The reader takes one item after another: an opcode with its arguments, a key with its value, or one field of a large hash.
 * An item that lies in the chunk as a whole is read where it lies. Of the last, incomplete one only the bytes that are there
 * are carried over, with the number of bytes that have to come before another attempt makes sense. The content of a long
 * string goes past all that, into memory of its own; so no item is longer than a few of the longest short ones.
 *
 * Whatever the bytes, the reader can stop after a fraction of a millisecond and be told to go on later.
 */

import { CRC64_LENGTH, Crc64, isZeroCrc64 } from '../../bytes/crc64.js'
import { latin1 } from '../../bytes/latin1.js'
import { performance } from '../../clock/platform.js'
import { quoted, RdbError } from '../../rdb/error.js'
import {
  RDB_FIRST_VERSION_WITH_CHECKSUM,
  RDB_HEADER_BYTES,
  RDB_LOWEST_OPCODE,
  RDB_MAGIC,
  RDB_NEWEST_VERSION,
  RDB_OLDEST_VERSION,
  RDB_OPCODE_EOF,
} from '../../rdb/format.js'
import type { LongString } from '../../rdb/long-string.js'
import { unpacked } from '../../rdb/string-reader.js'
import { RdbWindow } from '../../rdb/window.js'
import { EntryReader } from './entry-reader.js'
import { OpcodeReader } from './opcode-reader.js'
import type { RdbTarget } from './target.js'

export interface RdbReaderOptions {
  /** Whether the checksum at the end counts (redis.conf: rdbchecksum). True unless told. */
  checksum?: boolean
  /** Length of all that is going to come, where it is known: lies about lengths are found out at once then. */
  totalBytes?: number
  /** Leave out, with a warning, what modules have saved, instead of refusing the file. False unless told. */
  skipModuleData?: boolean
}

// What comes next.
const HEADER = 0
const ITEMS = 1
const CHECKSUM = 2
const DONE = 3

/** The carry's size when it is made, and the size above which it is not kept. */
const CARRY_BYTES = 64 * 1024
/** What is done between two looks at the clock, in bytes of input or unpacked ones: of small items, and of a long string. */
const WORK_BYTES = 8 * 1024
const PIECE_BYTES = 32 * 1024
const NO_BYTES = Buffer.alloc(0)
const STAND_IN = Buffer.alloc(1)

/**
 * Feed it with `push` until `done`; call `end` when no more bytes will come. After an error, a RdbError for damaged bytes,
 * the reader is unusable, and the target holds what was read until then.
 */
export class RdbReader {
  /** Version that the file says it has; 0 before the header was read. */
  version = 0
  /** The end was read, and the checksum is right. */
  done = false
  /** Bytes read as whole items so far; when done, the size of the RDB. */
  bytesRead = 0

  private readonly checksum: boolean
  private readonly crc = new Crc64()
  private state = HEADER
  private readonly window: RdbWindow
  private readonly entries: EntryReader
  private readonly opcodes: OpcodeReader

  /** An incomplete item: carry[0, carried). `needed` bytes of it have to be there before another attempt. */
  private carry: Buffer = NO_BYTES
  private carried = 0
  private needed = 0
  /** How far the checksum covers the carry. */
  private summed = 0
  /** The long string that is being read, which the carry ends before. */
  private long: LongString | null = null
  private deadline = Number.POSITIVE_INFINITY
  /** read() has stopped at an incomplete item. */
  private isShort = false
  private rest: Buffer = NO_BYTES

  constructor(target: RdbTarget, options: RdbReaderOptions = {}) {
    this.checksum = options.checksum ?? true
    this.window = new RdbWindow(options.totalBytes ?? Number.POSITIVE_INFINITY)
    this.entries = new EntryReader(this.window, target, options.skipModuleData ?? false)
    this.opcodes = new OpcodeReader(this.window, target, this.entries)
  }

  /** Keys read so far, of whatever fate. */
  get keysRead(): number {
    return this.entries.keysRead
  }

  /** Bytes taken in so far, those of an incomplete item included (INFO loading_loaded_bytes). */
  get bytesTaken(): number {
    const { long } = this
    // One byte of it stands in the carry.
    const ofLong = long === null ? 0 : long.contentLength - long.missing - STAND_IN.length
    return this.bytesRead + this.carried + this.window.asideBefore(this.carried) + ofLong
  }

  /** There is more to do before further bytes are taken: push() is to be called again, be it with none. */
  get isBusy(): boolean {
    if (this.done) return false
    if (this.long !== null) return this.long.missing === 0
    return this.entries.isBusy || (this.carried > 0 && this.carried >= this.needed)
  }

  /**
   * Reads on until `deadline` (performance.now() ms); without one, to the chunk's end. Returns how many bytes of the chunk have
   * been taken: the others are to be pushed again. The chunk is not referred to afterwards, except by `leftover`.
   * @throws RdbError, and whatever the target throws.
   */
  push(chunk: Buffer, deadline = Number.POSITIVE_INFINITY): number {
    if (this.done) throw new Error('RdbReader: push() after the end')
    this.deadline = deadline
    let at = 0
    while (!this.done && (at < chunk.length || this.isBusy)) {
      if (this.long !== null) at = this.readLong(this.long, chunk, at)
      else if (this.entries.isBusy) this.entries.work()
      else if (this.carried > 0) at = this.readCarried(chunk, at)
      else at = this.readChunk(chunk, at)
      if (performance.now() >= deadline) break
    }
    if (this.done) this.rest = chunk.subarray(at)
    return at
  }

  /** Goes on with a long string. */
  private readLong(long: LongString, chunk: Buffer, at: number): number {
    if (long.missing > 0) {
      const end = long.take(chunk, at, Math.min(chunk.length, at + PIECE_BYTES))
      if (this.checksum) this.crc.update(chunk, at, end)
      return end
    }
    if (long.work(PIECE_BYTES)) {
      this.long = null
      this.window.longs.push(long)
      this.needed = this.carried
    }
    return at
  }

  /** Goes on with the incomplete item. */
  private readCarried(chunk: Buffer, at: number): number {
    const end = Math.min(at + Math.max(0, this.needed - this.carried), chunk.length)
    this.keep(chunk, at, end)
    if (this.carried < this.needed) return end
    // No byte of the carry can be left: every attempt waits for what the item takes at least.
    if (this.read(this.carry, 0, this.carried) > 0) this.dropCarry()
    else if (this.window.long !== null) this.beginLong(this.window.long, 0)
    return end
  }

  private readChunk(chunk: Buffer, at: number): number {
    const next = this.read(chunk, at, chunk.length)
    const { long } = this.window
    if (long === null) {
      if (!this.isShort) return next
      this.keep(chunk, next, chunk.length)
      return chunk.length
    }
    this.keep(chunk, next, long.contentAt)
    return this.beginLong(long, next)
  }

  /** The item that begins at `itemAt`, and is in the carry now, holds a long string. Returns the position of its content. */
  private beginLong(long: LongString, itemAt: number): number {
    const { contentAt } = long
    this.window.long = null
    this.long = long
    long.moveTo(long.at - itemAt, contentAt - itemAt)
    if (this.checksum) this.crc.update(this.carry, this.summed, long.contentAt)
    // What else has been carried of it: a byte, whatever it is, stands for all of the content.
    if (this.carried > long.contentAt) {
      const end = long.take(this.carry, long.contentAt, this.carried)
      if (this.checksum) this.crc.update(this.carry, long.contentAt, end)
    }
    this.carried = long.contentAt
    this.keep(STAND_IN, 0, STAND_IN.length)
    this.summed = this.carried
    return contentAt
  }

  /** Says that no more bytes come. @throws RdbError when the RDB's end was not reached. */
  end(): void {
    if (this.done) return
    const { openKey } = this.window
    if (this.carried === 0) throw new RdbError(this.bytesRead, openKey, this.whatComes(), 'the end of the data')
    const bytes = Math.max(1, this.long?.missing ?? this.needed - this.carried)
    const missing = `${bytes} or more bytes of the item that begins at offset ${this.bytesRead}`
    throw new RdbError(this.bytesTaken, openKey, missing, 'the end of the data')
  }

  /** When done: the last chunk's bytes behind the RDB's end, as a view of the chunk. */
  leftover(): Buffer {
    return this.rest
  }

  private whatComes(): string {
    if (this.state === HEADER) return 'an RDB header'
    if (this.state === CHECKSUM) return 'a checksum'
    return this.entries.inPieces ? this.entries.missingPieces : 'a key or an opcode'
  }

  /** Adds bytes of the incomplete item to the carry. */
  private keep(chunk: Buffer, start: number, end: number): void {
    const size = this.carried + end - start
    if (size > this.carry.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, this.needed, CARRY_BYTES))
      this.carry.copy(larger, 0, 0, this.carried)
      this.carry = larger
    }
    chunk.copy(this.carry, this.carried, start, end)
    this.carried = size
  }

  private dropCarry(): void {
    this.carried = 0
    this.summed = 0
    this.window.longs.length = 0
    if (this.carry.length > CARRY_BYTES) this.carry = NO_BYTES
  }

  /**
   * Reads whole items of bytes[start, end) until the deadline; returns the position behind them, and leaves `needed` for the next
   * one if that is incomplete.
   */
  private read(bytes: Buffer, start: number, end: number): number {
    const { window } = this
    window.base = this.bytesRead - start
    window.needed = -1
    this.entries.forgetBytes()
    let at = start
    if (this.state === HEADER) {
      const next = this.readHeader(bytes, at, end)
      if (next >= 0) at = next
    }
    let workUntil = at + unpacked.bytes + WORK_BYTES
    while (this.state === ITEMS && at < end) {
      const next = this.readItem(bytes, at, end)
      if (next < 0) break
      at = next
      if (this.entries.isBusy) break
      if (at + unpacked.bytes < workUntil) continue
      workUntil = at + unpacked.bytes + WORK_BYTES
      if (performance.now() >= this.deadline) break
    }
    // All that stands before the checksum is covered by it.
    if (this.checksum && at > start) this.crc.update(bytes, start + this.summed, at)
    if (this.state === CHECKSUM && at < end) {
      const next = this.readChecksum(bytes, at, end)
      if (next >= 0) at = next
    }
    this.isShort = window.needed >= 0
    // Nothing but the content of a long string is missing; what else it takes is found out behind that.
    this.needed = window.long === null ? window.needed - at : 0
    if (at > start) this.bytesRead = window.offsetOf(at)
    return at
  }

  private readItem(bytes: Buffer, at: number, end: number): number {
    if (this.entries.inPieces) return this.entries.readPiece(bytes, at, end)
    if (bytes[at] < RDB_LOWEST_OPCODE) return this.entries.read(bytes, at, end)
    return bytes[at] === RDB_OPCODE_EOF ? this.readEnd(at) : this.opcodes.read(bytes, at, end)
  }

  private readHeader(bytes: Buffer, at: number, end: number): number {
    const shown = Math.min(end, at + RDB_HEADER_BYTES)
    const text = latin1(bytes, at, shown)
    // The first wrong byte decides: whatever is no RDB should not be waited for.
    if (!RDB_MAGIC.startsWith(text.slice(0, RDB_MAGIC.length))) {
      this.window.fail(at, `"${RDB_MAGIC}" and a version of four digits`, quoted(bytes, at, shown))
    }
    if (end - at < RDB_HEADER_BYTES) return this.window.short(at + RDB_HEADER_BYTES)
    const digits = text.slice(RDB_MAGIC.length)
    const version = /^\d{4}$/.test(digits) ? Number(digits) : 0
    if (version < RDB_OLDEST_VERSION || version > RDB_NEWEST_VERSION) {
      const range = `a version from ${RDB_OLDEST_VERSION} to ${RDB_NEWEST_VERSION}`
      this.window.fail(at + RDB_MAGIC.length, range, quoted(bytes, at + RDB_MAGIC.length, shown))
    }
    this.version = version
    this.state = ITEMS
    return shown
  }

  private readChecksum(bytes: Buffer, at: number, end: number): number {
    const behind = at + CRC64_LENGTH
    if (behind > end) return this.window.short(behind)
    if (this.checksum && !isZeroCrc64(bytes, at) && !this.crc.matches(bytes, at)) {
      const found = bytes.readBigUInt64LE(at).toString(16).padStart(16, '0')
      this.window.fail(at, `the CRC-64 ${this.crc.toString()} of what was read`, `${found} (RDB CRC error)`)
    }
    this.finish()
    return behind
  }

  private finish(): void {
    this.state = DONE
    this.done = true
  }

  private readEnd(at: number): number {
    if (this.version < RDB_FIRST_VERSION_WITH_CHECKSUM) this.finish()
    else this.state = CHECKSUM
    return at + 1
  }
}
