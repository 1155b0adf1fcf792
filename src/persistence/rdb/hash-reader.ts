/** Reads hashes in all their forms. */
import { LP_EMPTY_SIZE } from '../../store/listpack.js'
import { isHashListpack } from '../../types/hash/hash-load.js'
import { quoted } from './error.js'
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST } from './format.js'
import type { KeyReader } from './key-reader.js'
import { PackedReading } from './packed-reading.js'
import { StringReader } from './string-reader.js'
import type { RdbKey, RdbTarget } from './target.js'
import type { RdbWindow } from './window.js'
import { ZiplistElement, ZiplistWalker } from './ziplist.js'
import { ZipmapWalker } from './zipmap.js'

/** Longer ones are taken apart a part at a time: a small hash of this size takes some two milliseconds. */
const PACKED_MAX_BYTES = 32 * 1024

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
    this.begin(key, at, fields)
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

  private begin(key: RdbKey, at: number, fields: number): void {
    if (!this.target.hashBegin(key, fields)) this.window.failDuplicate(key, at)
  }

  /** A hash whose value is one string. */
  private readPacked(type: number, bytes: Buffer, at: number, end: number): number {
    const { window, value } = this
    const next = window.locate(value, bytes, at, end, PACKED_MAX_BYTES)
    if (next < 0) return next
    const key = this.keys.take(bytes)
    window.decode(value, bytes)
    if (value.own && value.end > PACKED_MAX_BYTES) {
      this.packed = new PackedReading(window, this.target, key.copy(), window.offsetOf(at), type, value.bytes)
    } else if (type === RDB_TYPE_HASH_LISTPACK) this.loadListpack(key, at)
    else if (type === RDB_TYPE_HASH_ZIPLIST) this.loadZiplist(key, at)
    else this.loadZipmap(key, at)
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

  private loadZiplist(key: RdbKey, at: number): void {
    const { bytes, start, end } = this.value
    const walker = new ZiplistWalker()
    const elements = walker.open(bytes, start, end)
    if (elements < 0 || elements % 2 !== 0) {
      this.window.failIn(
        key,
        at,
        'a ziplist of fields and their values',
        `${end - start} bytes, integrity check failed`,
      )
    }
    if (elements === 0) {
      this.target.emptyKey(key)
      return
    }
    const field = new ZiplistElement()
    const content = new ZiplistElement()
    this.begin(key, at, elements / 2)
    for (let i = 0; i < elements; i += 2) {
      walker.next(bytes, field)
      walker.next(bytes, content)
      const { bytes: text, start: textStart, end: textEnd } = content
      if (!this.target.hashField(field.bytes, field.start, field.end, text, textStart, textEnd, false)) {
        this.failField(key, at, field.bytes, field.start, field.end)
      }
    }
    this.target.hashEnd()
  }

  private loadZipmap(key: RdbKey, at: number): void {
    const { bytes, start, end } = this.value
    const walker = new ZipmapWalker()
    const pairs = walker.open(bytes, start, end)
    if (pairs < 0) this.window.failIn(key, at, 'a zipmap', `${end - start} bytes, integrity check failed`)
    if (pairs === 0) {
      this.target.emptyKey(key)
      return
    }
    this.begin(key, at, pairs)
    for (let i = 0; i < pairs; i++) {
      walker.next(bytes, end)
      const { fieldStart, fieldEnd, valueStart, valueEnd } = walker
      if (!this.target.hashField(bytes, fieldStart, fieldEnd, bytes, valueStart, valueEnd, false)) {
        this.failField(key, at, bytes, fieldStart, fieldEnd)
      }
    }
    this.target.hashEnd()
  }

  private failField(key: RdbKey, at: number, field: Buffer, start: number, end: number): never {
    return this.window.failIn(key, at, 'distinct fields', `${quoted(field, start, end)} a second time`)
  }
}
