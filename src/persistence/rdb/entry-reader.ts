/** Reads keys with their values, by the type that stands before them. */
import { quoted } from './error.js'
import {
  MODULE_UNSIGNED,
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
  RDB_TYPE_MODULE_2,
  RDB_TYPE_STRING,
  rdbTypeName,
} from './format.js'
import { HashReader } from './hash-reader.js'
import { KeyReader } from './key-reader.js'
import { KeysAhead } from './keys-ahead.js'
import { moduleTypeName, skipModuleItem } from './module-data.js'
import { SHORT, StringReader } from './string-reader.js'
import type { RdbTarget } from './target.js'
import type { RdbWindow } from './window.js'

export class EntryReader {
  readonly keys: KeyReader
  /** Keys read so far, of whatever fate. */
  keysRead = 0

  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly skipModuleData: boolean
  private readonly value = new StringReader()
  private readonly hashes: HashReader
  private readonly ahead = new KeysAhead()
  private inModuleData = false

  /** @param skipModuleData leaves out, with a warning, what modules have saved. */
  constructor(window: RdbWindow, target: RdbTarget, skipModuleData: boolean) {
    this.window = window
    this.target = target
    this.skipModuleData = skipModuleData
    this.keys = new KeyReader(window)
    this.hashes = new HashReader(window, target, this.keys)
  }

  /** Whether the last value read comes in pieces, and some are still to come: `readPiece` is next. */
  get inPieces(): boolean {
    return this.hashes.fieldsLeft !== 0 || this.inModuleData
  }

  /** Reads the type at `at`, the key and the value; of a value in pieces only the first one. */
  read(bytes: Buffer, at: number, end: number): number {
    const type = bytes[at]
    if (type !== RDB_TYPE_STRING && rdbTypeName(type) === '') this.window.fail(at, 'a key or an opcode', `byte ${type}`)
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
    switch (type) {
      case RDB_TYPE_STRING:
        return this.readString(bytes, at, end)
      case RDB_TYPE_HASH:
      case RDB_TYPE_HASH_LISTPACK:
      case RDB_TYPE_HASH_ZIPLIST:
      case RDB_TYPE_HASH_ZIPMAP:
        return this.hashes.read(type, bytes, at, end)
      case RDB_TYPE_MODULE_2:
        return this.readModuleValue(bytes, at, end)
      default:
        return this.window.failIn(
          this.keys.take(bytes),
          at,
          'a value of a supported type',
          `a ${rdbTypeName(type)} (type ${type})`,
        )
    }
  }

  /** Whether there is work to be done on what was read last, before anything is read on. */
  get isBusy(): boolean {
    return this.hashes.isBusy
  }

  /** Does some of that work, half a millisecond of it. */
  work(): void {
    this.hashes.work()
  }

  readPiece(bytes: Buffer, at: number, end: number): number {
    return this.inModuleData ? this.readModuleItem(bytes, at, end) : this.hashes.readField(bytes, at, end)
  }

  /** What is missing, for the message about data that ends here. */
  get missingPieces(): string {
    return this.inModuleData ? 'more data of a module' : `${this.hashes.fieldsLeft} more fields`
  }

  private readString(bytes: Buffer, at: number, end: number): number {
    const { value, window } = this
    const next = window.find(value, bytes, at, end)
    if (next === SHORT) return SHORT
    const key = this.keys.take(bytes)
    if (next < 0) return window.failIn(key, value.at, value.expected, value.found)
    if (value.isInteger) {
      if (!this.target.integer(key, value.integerValue)) window.failDuplicate(key, at)
      return next
    }
    if (!value.decode(bytes)) window.failIn(key, value.at, value.expected, value.found)
    if (!this.target.string(key, value.bytes, value.start, value.end, value.own)) window.failDuplicate(key, at)
    return next
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
