/** Reads hashes from RDB bytes, in all their forms. */
import { hashBytes } from '../../bytes/hash.js'
import { quoted } from '../../rdb/error.js'
import {
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_LISTPACK_EX,
  RDB_TYPE_HASH_METADATA,
  RDB_TYPE_HASH_ZIPLIST,
} from '../../rdb/format.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { TYPE_HASH } from '../../store/entries.js'
import { LP_EMPTY_SIZE, lpFirst, lpInteger, lpIsInteger, lpLength, lpNext } from '../../store/listpack/listpack.js'
import { lpValidate } from '../../store/listpack/listpack-validate.js'
import { ByteRange } from '../byte-range.js'
import type { ElementSink } from '../element-sink.js'
import { ElementsReader } from '../elements-reader.js'
import { loadListpack } from '../listpack-value.js'
import type { ValueTarget } from '../value-reader.js'
import { Hash } from './hash.js'

export const TIME_BYTES = 8
const TWO_32 = 4294967296
/** The greatest time at which a field may expire, Unix time in milliseconds: Redis has 48 bits, all of which set are none. */
const MOST_EXPIRY_MS = 2 ** 48 - 2
const EXPECTED_TIME = 'the time of a field, 48 bits of milliseconds'
const EXPECTED_TRIPLES = 'a listpack of distinct fields, their values and times'

export class HashReader extends ElementsReader {
  protected readonly noun = 'fields'
  private readonly sink: HashSink
  private readonly field = new StringReader()
  private readonly value = new StringReader()
  /** Each field of the present hash has a time before it. */
  private withTimes = false
  private firstExpiryMs = 0

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    super(window, keys, target)
    this.sink = new HashSink(target)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_HASH:
        this.withTimes = false
        return this.readHead(bytes, at, end)
      case RDB_TYPE_HASH_METADATA:
        return this.readExpiring(bytes, at, end)
      case RDB_TYPE_HASH_LISTPACK_EX:
        return this.readTriples(bytes, at, end)
      case RDB_TYPE_HASH_LISTPACK:
        return this.readPacked('listpack', this.sink, bytes, at, end)
      case RDB_TYPE_HASH_ZIPLIST:
        return this.readPacked('ziplist', this.sink, bytes, at, end)
      default:
        return this.readPacked('zipmap', this.sink, bytes, at, end)
    }
  }

  /** Reads the time at which the first field expires, which the others count from, and the number of fields. */
  private readExpiring(bytes: Buffer, at: number, end: number): number {
    if (at + TIME_BYTES > end) return this.window.short(at + TIME_BYTES)
    const next = this.readHead(bytes, at + TIME_BYTES, end)
    if (next < 0) return next
    this.withTimes = true
    this.firstExpiryMs = readTime(bytes, at)
    // None of the fields expires.
    if (this.firstExpiryMs > MOST_EXPIRY_MS + 1) this.window.fail(at, EXPECTED_TIME, String(this.firstExpiryMs))
    return next
  }

  /** Reads the same time, and a listpack of fields, values and times. */
  private readTriples(bytes: Buffer, at: number, end: number): number {
    const { field: content, target, window } = this
    const listpackAt = at + TIME_BYTES
    if (listpackAt > end) return window.short(listpackAt)
    const next = window.locate(content, bytes, listpackAt, end)
    if (next < 0) return next
    const key = this.keys.take(bytes)
    window.decode(content, bytes)
    const { bytes: listpack, start, end: behind } = content
    const size = behind - start
    if (!lpValidate(listpack, start, size, true)) {
      window.failIn(key, at, EXPECTED_TRIPLES, `${size} bytes (Hash listpack integrity check failed)`)
    }
    if (size === LP_EMPTY_SIZE) target.emptyKey(key)
    else if (this.isWanted(key, at)) this.takeTriples(key, at, listpack, start)
    return next
  }

  private takeTriples(key: RdbKey, at: number, listpack: Buffer, start: number): void {
    const { sink, window } = this
    const count = lpLength(listpack, start)
    if (count % 3 !== 0) window.failIn(key, at, EXPECTED_TRIPLES, `${count} elements`)
    const name = new ByteRange()
    const content = new ByteRange()
    sink.begin(key, count / 3)
    for (let pos = lpFirst(listpack, start); pos >= 0; ) {
      name.readListpack(listpack, pos)
      pos = lpNext(listpack, start, pos)
      content.readListpack(listpack, pos)
      pos = lpNext(listpack, start, pos)
      if (!lpIsInteger(listpack, pos)) window.failIn(key, at, EXPECTED_TRIPLES, 'a time that is no number')
      const expiryMs = lpInteger(listpack, pos)
      if (expiryMs < 0 || expiryMs > MOST_EXPIRY_MS) window.failIn(key, at, EXPECTED_TIME, String(expiryMs))
      if (!sink.add(name.buffer, name.start, name.end, content.buffer, content.start, content.end, false)) {
        window.failIn(key, at, 'distinct fields', twice(name.buffer, name.start, name.end))
      }
      sink.expires(name.buffer, name.start, name.end, expiryMs === 0 ? Number.NaN : expiryMs)
      pos = lpNext(listpack, start, pos)
    }
    sink.end()
  }

  protected begin(key: RdbKey, count: number): void {
    this.sink.begin(key, count)
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { field, value, window } = this
    let fieldAt = at
    let expiryMs = Number.NaN
    if (this.withTimes) {
      fieldAt = window.length(bytes, at, end)
      if (fieldAt < 0) return fieldAt
      // 0: none; else counted from the first one, and one more.
      if (window.lengths.value !== 0) expiryMs = this.firstExpiryMs + window.lengths.value - 1
      if (expiryMs > MOST_EXPIRY_MS) window.fail(at, EXPECTED_TIME, String(expiryMs))
    }
    const valueAt = window.locate(field, bytes, fieldAt, end)
    if (valueAt < 0) return valueAt
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(field, bytes)
    window.decode(value, bytes)
    if (!this.wanted) return next
    const { bytes: content, start, end: contentEnd, own } = value
    if (!this.sink.add(field.bytes, field.start, field.end, content, start, contentEnd, own)) {
      window.fail(at, 'distinct fields', twice(field.bytes, field.start, field.end))
    }
    if (this.withTimes) this.sink.expires(field.bytes, field.start, field.end, expiryMs)
    return next
  }

  protected ended(): void {
    this.sink.end()
  }
}

export function readTime(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * TWO_32 + bytes.readUInt32LE(at)
}

function twice(bytes: Buffer, start: number, end: number): string {
  return `${quoted(bytes, start, end)} a second time (Duplicate hash fields detected)`
}

/** Puts fields that are read into a database. */
class HashSink implements ElementSink {
  readonly stride = 2
  readonly distinct = true
  readonly expected = 'a listpack of distinct fields and their values'
  readonly noun = 'fields'
  readonly loggedName = 'Hash'
  private readonly target: ValueTarget
  private readonly hash = new Hash()
  /** The key of the hash whose fields are coming. */
  private key: RdbKey | null = null

  constructor(target: ValueTarget) {
    this.target = target
  }

  takesListpack(count: number): boolean {
    return count <= this.target.limits.hash.maxEntries
  }

  isValid(): boolean {
    return true
  }

  listpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): void {
    const { database, limits } = this.target
    const { hash } = this
    hash.open(database, loadListpack(database, key, TYPE_HASH, listpack, start, own))
    if (!own && hash.length > limits.hash.maxEntries) hash.convert()
    this.target.loaded(hash.address, key)
  }

  begin(key: RdbKey, count: number): void {
    const { database, limits } = this.target
    this.key = key.copy()
    this.hash.openNew(database, this.key.bytes, 0, this.key.end, key.expiryMs)
    this.hash.expect(count, limits.hash)
  }

  add(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    own: boolean,
  ): boolean {
    const { hash, key } = this
    const { database, limits } = this.target
    // The first field inserts the key, by the database's last hash; other keys may have been looked up since begin().
    if (hash.address === 0 && key !== null) database.hash = hashBytes(key.bytes, 0, key.end)
    if (own) return hash.addBuffer(field, fieldStart, fieldEnd, value, limits.hash)
    return hash.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd, limits.hash)
  }

  /** The field that was added last, of a hash whose fields may expire, does so then; NaN: it does not. */
  expires(field: Buffer, start: number, end: number, expiryMs: number): void {
    const { hash, key } = this
    if (key === null) return
    hash.makeExpiring(key.bytes)
    if (!Number.isNaN(expiryMs)) hash.setExpiry(hash.elementOf(field, start, end), expiryMs)
  }

  end(): void {
    if (this.key !== null) this.target.loaded(this.hash.address, this.key)
    this.key = null
  }
}
