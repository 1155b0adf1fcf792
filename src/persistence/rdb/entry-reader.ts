/** Reads keys with their values, by the type that stands before them. */
import { quoted } from '../../rdb/error.js'
import { MODULE_UNSIGNED, RDB_TYPE_MODULE_2, rdbTypeName } from '../../rdb/format.js'
import { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { kindOfRdbType, kinds } from '../../types/kinds.js'
import type { ValueReader } from '../../types/value-reader.js'
import { KeysAhead } from './keys-ahead.js'
import { moduleTypeName, skipModuleItem } from './module-data.js'
import type { RdbTarget } from './target.js'

export class EntryReader {
  readonly keys: KeyReader
  /** Keys read so far, of whatever fate. */
  keysRead = 0

  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly skipModuleData: boolean
  private readonly value = new StringReader()
  /** What reads the values of each RDB type that there is a kind for. */
  private readonly readers: (ValueReader | null)[] = []
  /** What has read the last value. */
  private reader: ValueReader | null = null
  private readonly ahead = new KeysAhead()
  private inModuleData = false

  /** @param skipModuleData leaves out, with a warning, what modules have saved. */
  constructor(window: RdbWindow, target: RdbTarget, skipModuleData: boolean) {
    this.window = window
    this.target = target
    this.skipModuleData = skipModuleData
    this.keys = new KeyReader(window)
    for (const kind of kinds) {
      const reader = target.valueReader(kind, window, this.keys)
      for (const type of kind.rdbTypes) this.readers[type] = reader
    }
  }

  /** Whether the last value read comes in pieces, and some are still to come: `readPiece` is next. */
  get inPieces(): boolean {
    return this.inModuleData || (this.reader?.inPieces ?? false)
  }

  /** Reads the type at `at`, the key and the value; of a value in pieces only the first one. */
  read(bytes: Buffer, at: number, end: number): number {
    const type = bytes[at]
    if (kindOfRdbType(type) === null && rdbTypeName(type) === '')
      this.window.fail(at, 'a key or an opcode', `byte ${type}`)
    const valueAt = this.keys.locate(bytes, at + 1, end)
    if (valueAt < 0) return valueAt
    const next = this.readValue(type, bytes, valueAt, end)
    if (next < 0) return next
    this.keysRead++
    this.keys.clear()
    // Only from where an item may begin: not from the middle of a value in pieces.
    if (!this.inPieces && this.ahead.find(bytes, next, end)) this.target.keysAhead(bytes, this.ahead)
    return next
  }

  /** Other bytes are going to be read, in the same memory perhaps. */
  forgetBytes(): void {
    this.ahead.forget()
  }

  /** Reads the value at `at`, whose key was located or given; of a value in pieces only the first one. */
  readValue(type: number, bytes: Buffer, at: number, end: number): number {
    const reader = this.readers[type] ?? null
    if (reader !== null) {
      this.reader = reader
      return reader.read(type, bytes, at, end)
    }
    if (type === RDB_TYPE_MODULE_2) return this.readModuleValue(bytes, at, end)
    return this.window.failIn(
      this.keys.take(bytes),
      at,
      'a value of a supported type',
      `a ${rdbTypeName(type)} (type ${type})`,
    )
  }

  /** Whether there is work to be done on what was read last, before anything is read on. */
  get isBusy(): boolean {
    return this.reader?.isBusy ?? false
  }

  /** Does some of that work, half a millisecond of it. */
  work(): void {
    this.reader?.work()
  }

  readPiece(bytes: Buffer, at: number, end: number): number {
    if (this.inModuleData || this.reader === null) return this.readModuleItem(bytes, at, end)
    return this.reader.readPiece(bytes, at, end)
  }

  /** What is missing, for the message about data that ends here. */
  get missingPieces(): string {
    return this.inModuleData ? 'more data of a module' : (this.reader?.missing ?? '')
  }

  private readModuleValue(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const next = window.length(bytes, at, end)
    if (next < 0) return next
    const key = this.keys.take(bytes)
    const module = moduleTypeName(bytes, at, next)
    if (!this.skipModuleData) {
      window.failIn(key, at, 'a value of a supported type', `one of the module type '${module}', which is not there`)
    }
    this.target.warn(`RDB: key ${quoted(key.bytes, key.start, key.end)} of the module type '${module}' is left out`)
    this.inModuleData = true
    return next
  }

  /** Reads the head of MODULE_AUX, behind the opcode; the data follows in pieces. */
  readModuleAux(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const whenAt = window.length(bytes, at, end)
    if (whenAt < 0) return whenAt
    const module = moduleTypeName(bytes, at, whenAt)
    if (!this.skipModuleData) {
      window.fail(at, 'nothing that takes a module', `data of the module type '${module}', which is not there`)
    }
    const momentAt = window.length(bytes, whenAt, end)
    if (momentAt < 0) return momentAt
    if (window.lengths.value !== MODULE_UNSIGNED) {
      window.fail(whenAt, 'when to load the data of a module', `a value of kind ${window.lengths.value}`)
    }
    const next = window.length(bytes, momentAt, end)
    if (next < 0) return next
    this.target.warn(`RDB: data of the module type '${module}' is left out`)
    this.inModuleData = true
    return next
  }

  private readModuleItem(bytes: Buffer, at: number, end: number): number {
    const next = skipModuleItem(this.window, this.value, bytes, at, end)
    // The end is the only item of one byte: a zero.
    if (next === at + 1) this.inModuleData = false
    return next
  }
}
