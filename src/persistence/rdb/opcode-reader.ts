/** Reads what is said between the keys: which database follows, when the next key expires, who wrote the file. */
import { latin1 } from '../../bytes/latin1.js'
import {
  RDB_OPCODE_AUX,
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
} from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import type { EntryReader } from './entry-reader.js'
import type { RdbTarget } from './target.js'

const TWO_32 = 4294967296
/** The smallest key with its value: a type and two empty strings. */
const KEY_MIN_BYTES = 3
/** -1 in EXPIRETIME_MS means no expiry (rdb.c). */
const NO_EXPIRY_MS = -1
const MAX_AUX_BYTES = 64 << 20

export class OpcodeReader {
  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly entries: EntryReader
  private readonly keys: KeyReader
  private readonly name = new StringReader()
  private readonly value = new StringReader()
  private readonly expiry = new ExpiryTime()

  constructor(window: RdbWindow, target: RdbTarget, entries: EntryReader) {
    this.window = window
    this.target = target
    this.entries = entries
    this.keys = entries.keys
  }

  /** Reads the opcode at `at` with its arguments. */
  read(bytes: Buffer, at: number, end: number): number {
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
        return this.readLibrary(bytes, from, end)
      case RDB_OPCODE_FUNCTION_PRE_GA:
        return window.fail(at, 'a key or an opcode', 'Pre-release function format not supported.')
      default:
        return window.fail(at, 'a key or an opcode', `byte ${bytes[at]}`)
    }
  }

  private readLibrary(bytes: Buffer, at: number, end: number): number {
    const { target, window, value } = this
    const next = window.locate(value, bytes, at, end)
    if (next < 0) return next
    window.decode(value, bytes)
    const code = value.bytes.subarray(value.start, value.end)
    const problem = target.library(value.own ? code : Buffer.from(code))
    if (problem !== null) {
      target.warn(`Failed loading library, ${problem}`)
      window.fail(at, 'a library of functions', `one that does not load: ${problem}`)
    }
    return next
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
