/**
 * Reads RDB bytes as they come: a file at start-up, or what dribbles in on a replica's socket. Whatever the cuts, the result
 * and, up to a constant, the work are the same.
 *
 * The reader takes one item after another: an opcode with its arguments, a key with its value, or one field of a large hash.
 * An item that lies in the chunk as a whole is read where it lies. Of the last, incomplete one only the bytes that are there
 * are carried over, with the number of bytes that have to come before another attempt makes sense.
 */
import { CRC64_LENGTH, Crc64, isZeroCrc64 } from '../../bytes/crc64.js'
import { latin1 } from '../../bytes/latin1.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import { EntryReader } from './entry-reader.js'
import { quoted, RdbError } from './error.js'
import {
  RDB_FIRST_VERSION_WITH_CHECKSUM,
  RDB_HEADER_BYTES,
  RDB_LOWEST_OPCODE,
  RDB_MAGIC,
  RDB_NEWEST_VERSION,
  RDB_OLDEST_VERSION,
  RDB_OPCODE_AUX,
  RDB_OPCODE_EOF,
  RDB_OPCODE_EXPIRETIME,
  RDB_OPCODE_EXPIRETIME_MS,
  RDB_OPCODE_FREQ,
  RDB_OPCODE_FUNCTION_PRE_GA,
  RDB_OPCODE_FUNCTION2,
  RDB_OPCODE_IDLE,
  RDB_OPCODE_MODULE_AUX,
  RDB_OPCODE_RESIZEDB,
  RDB_OPCODE_SELECTDB,
  RDB_OPCODE_SLOT_INFO,
} from './format.js'
import type { KeyReader } from './key-reader.js'
import { StringReader } from './string-reader.js'
import type { RdbTarget } from './target.js'
import { RdbWindow } from './window.js'

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

const TWO_32 = 4294967296
/** The smallest key with its value: a type and two empty strings. */
const KEY_MIN_BYTES = 3
/** -1 in EXPIRETIME_MS means no expiry (rdb.c). */
const NO_EXPIRY_MS = -1
/** How far into a library its name is looked for. */
const LIBRARY_HEAD_BYTES = 1000
const MAX_AUX_BYTES = 64 << 20
/** The carry's size when it is made, and the size above which it is not kept. */
const CARRY_BYTES = 64 * 1024
/** Reserved on a mere announcement; more only as bytes come in. */
const TRUSTED_BYTES = 16 << 20
const NO_BYTES = Buffer.alloc(0)

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

  private readonly target: RdbTarget
  private readonly checksum: boolean
  private readonly crc = new Crc64()
  private state = HEADER
  private readonly window: RdbWindow
  private readonly entries: EntryReader
  private readonly keys: KeyReader
  private readonly name = new StringReader()
  private readonly value = new StringReader()
  private readonly expiry = new ExpiryTime()

  /** An incomplete item: carry[0, carried). `needed` bytes of it have to be there before another attempt. */
  private carry: Buffer = NO_BYTES
  private carried = 0
  private needed = 0
  private rest: Buffer = NO_BYTES

  constructor(target: RdbTarget, options: RdbReaderOptions = {}) {
    this.target = target
    this.checksum = options.checksum ?? true
    this.window = new RdbWindow(options.totalBytes ?? Number.POSITIVE_INFINITY)
    this.entries = new EntryReader(this.window, target, options.skipModuleData ?? false)
    this.keys = this.entries.keys
  }

  /** Keys read so far, of whatever fate. */
  get keysRead(): number {
    return this.entries.keysRead
  }

  /** Bytes taken in so far, those of an incomplete item included (INFO loading_loaded_bytes). */
  get bytesTaken(): number {
    return this.bytesRead + this.carried
  }

  /**
   * Reads on. The chunk is not referred to afterwards, except by `leftover`.
   * @throws RdbError, and whatever the target throws.
   */
  push(chunk: Buffer): void {
    if (this.done) throw new Error('RdbReader: push() after the end')
    let at = 0
    while (this.carried > 0 && at < chunk.length) {
      const count = Math.min(this.needed - this.carried, chunk.length - at)
      this.keep(chunk, at, at + count)
      at += count
      if (this.carried < this.needed) return
      // No byte of the carry can be left: every attempt waits for what the item takes at least.
      if (this.readCarry() > 0) this.dropCarry()
    }
    if (!this.done && at < chunk.length) {
      at = this.read(chunk, at, chunk.length)
      if (!this.done && at < chunk.length) this.keep(chunk, at, chunk.length)
    }
    if (this.done) this.rest = chunk.subarray(at)
  }

  /** Says that no more bytes come. @throws RdbError when the RDB's end was not reached. */
  end(): void {
    if (this.done) return
    const { openKey } = this.window
    if (this.carried === 0) throw new RdbError(this.bytesRead, openKey, this.whatComes(), 'the end of the data')
    const missing = `${this.needed - this.carried} or more bytes of the item that begins at offset ${this.bytesRead}`
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
      // Announced sizes are believed up to a limit; from there on the carry doubles, which is linear, too.
      const reserved = Math.min(this.needed, Math.max(TRUSTED_BYTES, this.carry.length * 2))
      const larger = Buffer.allocUnsafeSlow(Math.max(size, reserved, CARRY_BYTES))
      this.carry.copy(larger, 0, 0, this.carried)
      this.carry = larger
    }
    chunk.copy(this.carry, this.carried, start, end)
    this.carried = size
  }

  private readCarry(): number {
    const { entries } = this
    entries.adoptable = this.carry
    const at = this.read(this.carry, 0, this.carried)
    entries.adoptable = null
    return at
  }

  private dropCarry(): void {
    this.carried = 0
    if (this.entries.adopted || this.carry.length > CARRY_BYTES) this.carry = NO_BYTES
    this.entries.adopted = false
  }

  /** Reads all whole items of bytes[start, end); returns the position behind them, and leaves `needed` for the next one. */
  private read(bytes: Buffer, start: number, end: number): number {
    const { window } = this
    window.base = this.bytesRead - start
    let at = start
    if (this.state === HEADER) {
      const next = this.readHeader(bytes, at, end)
      if (next >= 0) at = next
    }
    while (this.state === ITEMS && at < end) {
      const next = this.readItem(bytes, at, end)
      if (next < 0) break
      at = next
    }
    // All that stands before the checksum is covered by it.
    if (this.checksum) this.crc.update(bytes, start, at)
    if (this.state === CHECKSUM && at < end) {
      const next = this.readChecksum(bytes, at, end)
      if (next >= 0) at = next
    }
    this.needed = window.needed - at
    this.bytesRead = window.base + at
    return at
  }

  private readItem(bytes: Buffer, at: number, end: number): number {
    if (this.entries.inPieces) return this.entries.readPiece(bytes, at, end)
    return bytes[at] < RDB_LOWEST_OPCODE ? this.entries.read(bytes, at, end) : this.readOpcode(bytes, at, end)
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

  // Opcodes

  private readOpcode(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const from = at + 1
    switch (bytes[at]) {
      case RDB_OPCODE_EXPIRETIME_MS:
        return this.readExpiryMs(bytes, from, end)
      case RDB_OPCODE_EXPIRETIME:
        if (from + 4 > end) return window.short(from + 4)
        this.expiry.setNumber(bytes.readInt32LE(from) * 1000)
        this.keys.expiry(this.expiry)
        return from + 4
      case RDB_OPCODE_IDLE: {
        const next = window.length(bytes, from, end)
        if (next >= 0) this.keys.idleSeconds(window.lengths.value)
        return next
      }
      case RDB_OPCODE_FREQ:
        if (from + 1 > end) return window.short(from + 1)
        this.keys.frequency(bytes[from])
        return from + 1
      case RDB_OPCODE_SELECTDB:
        return this.readSelect(bytes, from, end)
      case RDB_OPCODE_RESIZEDB:
        return this.readResize(bytes, from, end)
      case RDB_OPCODE_SLOT_INFO:
        return this.skipLengths(3, bytes, from, end)
      case RDB_OPCODE_AUX:
        return this.readAux(bytes, from, end)
      case RDB_OPCODE_MODULE_AUX:
        return this.entries.readModuleAux(bytes, from, end)
      case RDB_OPCODE_FUNCTION2:
        return this.refuseLibrary(bytes, from, end)
      case RDB_OPCODE_FUNCTION_PRE_GA:
        return window.fail(at, 'a key or an opcode', 'functions in a form that only release candidates of 7.0 wrote')
      case RDB_OPCODE_EOF:
        if (this.version < RDB_FIRST_VERSION_WITH_CHECKSUM) this.finish()
        else this.state = CHECKSUM
        return from
      default:
        return window.fail(at, 'a key or an opcode', `byte ${bytes[at]}`)
    }
  }

  /** Functions would be gone with the next save, and nobody would have noticed: better no start, and no synchronization. */
  private refuseLibrary(bytes: Buffer, at: number, end: number): number {
    const { window, value } = this
    const next = window.locate(value, bytes, at, end)
    if (next < 0) return next
    window.decode(value, bytes)
    const code = latin1(value.bytes, value.start, Math.min(value.end, value.start + LIBRARY_HEAD_BYTES))
    const name = /^#![^\n]*\bname=([^\s]+)/.exec(code)?.[1] ?? '(without a name)'
    return window.fail(at - 1, 'no functions, which are not supported', `the library of functions '${name}'`)
  }

  private readExpiryMs(bytes: Buffer, at: number, end: number): number {
    if (at + 8 > end) return this.window.short(at + 8)
    const { expiry } = this
    const expiryMs = bytes.readInt32LE(at + 4) * TWO_32 + bytes.readUInt32LE(at)
    if (expiryMs === NO_EXPIRY_MS) expiry.setNumber(Number.NaN)
    else if (Number.isSafeInteger(expiryMs)) expiry.setNumber(expiryMs)
    else expiry.setBigInt(bytes.readBigInt64LE(at))
    this.keys.expiry(expiry)
    return at + 8
  }

  private readSelect(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const next = window.length(bytes, at, end)
    if (next < 0) return next
    const index = window.lengths.value
    if (!this.target.selectDatabase(index)) {
      window.fail(at, 'one of the databases that there are (redis.conf: databases)', `database ${index}`)
    }
    return next
  }

  private readResize(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const expiresAt = window.length(bytes, at, end)
    if (expiresAt < 0) return expiresAt
    const keys = window.lengths.value
    const next = window.length(bytes, expiresAt, end)
    if (next < 0) return next
    // More keys than this cannot follow, whatever is said of them.
    const atMost = (window.totalBytes - window.base - next) / KEY_MIN_BYTES
    this.target.resizeDatabase(Math.min(keys, atMost), Math.min(window.lengths.value, atMost))
    return next
  }

  private skipLengths(count: number, bytes: Buffer, at: number, end: number): number {
    let next = at
    for (let i = 0; i < count && next >= 0; i++) next = this.window.length(bytes, next, end)
    return next
  }

  private readAux(bytes: Buffer, at: number, end: number): number {
    const { window, value } = this
    const name = this.name
    const valueAt = window.locate(name, bytes, at, end)
    if (valueAt < 0) return valueAt
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(name, bytes)
    window.decode(value, bytes)
    if (Math.max(name.end - name.start, value.end - value.start) > MAX_AUX_BYTES) {
      window.fail(at, `an AUX field of at most ${MAX_AUX_BYTES} bytes`, 'a longer one')
    }
    this.target.aux(latin1(name.bytes, name.start, name.end), latin1(value.bytes, value.start, value.end))
    return next
  }
}
