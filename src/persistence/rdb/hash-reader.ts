/** Reads hashes in all their forms. */
import { LP_EMPTY_SIZE } from '../../store/listpack/listpack.js'
import { isHashListpack } from '../../types/hash/hash-load.js'
import { quoted } from './error.js'
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK } from './format.js'
import type { KeyReader } from './key-reader.js'
import { PackedReading } from './packed-reading.js'
import { StringReader } from './string-reader.js'
import type { RdbKey, RdbTarget } from './target.js'
import type { RdbWindow } from './window.js'

/** Longer ones are taken apart a part at a time: a small hash of this size takes some two milliseconds. */
export const PACKED_MAX_BYTES = 32 * 1024

export class HashReader {
  /** Fields of a large hash that are still to come: each is a piece of its own. */
  fieldsLeft = 0
  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly keys: KeyReader
  /** A long packed hash that has been read, but not been taken apart. */
  private packed: PackedReading | null = null
  private readonly field = new StringReader()
  private readonly value = new StringReader()

  constructor(window: RdbWindow, target: RdbTarget, keys: KeyReader) {
    this.window = window
    this.target = target
    this.keys = keys
  }

  get isBusy(): boolean {
    return this.packed !== null
  }

  /** Goes on with what keeps it busy. */
  work(): void {
    if (this.packed?.step() === true) this.packed = null
  }

  /** Reads the value at `at`, of the located key; of a large hash only the number of its fields. */
  read(type: number, bytes: Buffer, at: number, end: number): number {
    return type === RDB_TYPE_HASH ? this.readHead(bytes, at, end) : this.readPacked(type, bytes, at, end)
  }

  private readHead(bytes: Buffer, at: number, end: number): number {
    const { window } = this
    const next = window.length(bytes, at, end)
    if (next < 0) return next
    const fields = window.lengths.value
    const key = this.keys.take(bytes)
    if (fields === 0) {
      this.target.emptyKey(key)
      return next
    }
    if (!this.target.hashBegin(key, fields)) window.failDuplicate(key, at)
    window.openKey = quoted(key.bytes, key.start, key.end)
    this.fieldsLeft = fields
    return next
  }

  /** Reads the next field of a large hash. */
  readField(bytes: Buffer, at: number, end: number): number {
    const { window, value } = this
    const field = this.field
    const valueAt = window.locate(field, bytes, at, end)
    if (valueAt < 0) return valueAt
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(field, bytes)
    window.decode(value, bytes)
    const { bytes: content, start, end: contentEnd, own } = value
    if (!this.target.hashField(field.bytes, field.start, field.end, content, start, contentEnd, own)) {
      window.fail(at, 'distinct fields', `${quoted(field.bytes, field.start, field.end)} a second time`)
    }
    if (--this.fieldsLeft === 0) {
      this.target.hashEnd()
      window.openKey = null
    }
    return next
  }

  /** A hash whose value is one string. */
  private readPacked(type: number, bytes: Buffer, at: number, end: number): number {
    const { window, value } = this
    const next = window.locatePacked(value, bytes, at, end, PACKED_MAX_BYTES)
    if (next < 0) return next
    const key = this.keys.take(bytes)
    window.decode(value, bytes)
    const isLong = value.end - value.start > PACKED_MAX_BYTES
    if (type === RDB_TYPE_HASH_LISTPACK && !isLong) {
      this.loadListpack(key, at)
      return next
    }
    const content = value.bytes.subarray(value.start, value.end)
    const packed = new PackedReading(window, this.target, key.copy(), window.offsetOf(at), type, content, value.own)
    if (isLong) this.packed = packed
    else while (!packed.step()) {}
    return next
  }

  private loadListpack(key: RdbKey, at: number): void {
    const { bytes, start, end } = this.value
    if (!isHashListpack(bytes, start, end - start, true)) {
      this.window.failIn(
        key,
        at,
        'a listpack of distinct fields and their values',
        `${end - start} bytes, integrity check failed`,
      )
    }
    if (end - start === LP_EMPTY_SIZE) this.target.emptyKey(key)
    else if (!this.target.hashListpack(key, bytes, start, false)) this.window.failDuplicate(key, at)
  }
}
