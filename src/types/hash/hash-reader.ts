/** Reads hashes from RDB bytes, in all their forms. */
import { hashBytes } from '../../bytes/hash.js'
import { quoted } from '../../rdb/error.js'
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST } from '../../rdb/format.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { TYPE_HASH } from '../../store/entries.js'
import type { ElementSink } from '../element-sink.js'
import { ElementsReader } from '../elements-reader.js'
import { loadListpack } from '../listpack-value.js'
import type { ValueTarget } from '../value-reader.js'
import { Hash } from './hash.js'

export class HashReader extends ElementsReader {
  protected readonly noun = 'fields'
  private readonly sink: HashSink
  private readonly field = new StringReader()
  private readonly value = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    super(window, keys, target)
    this.sink = new HashSink(target)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_HASH:
        return this.readHead(bytes, at, end)
      case RDB_TYPE_HASH_LISTPACK:
        return this.readPacked('listpack', this.sink, bytes, at, end)
      case RDB_TYPE_HASH_ZIPLIST:
        return this.readPacked('ziplist', this.sink, bytes, at, end)
      default:
        return this.readPacked('zipmap', this.sink, bytes, at, end)
    }
  }

  protected begin(key: RdbKey, count: number): void {
    this.sink.begin(key, count)
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { field, value, window } = this
    const valueAt = window.locate(field, bytes, at, end)
    if (valueAt < 0) return valueAt
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(field, bytes)
    window.decode(value, bytes)
    if (!this.wanted) return next
    const { bytes: content, start, end: contentEnd, own } = value
    if (!this.sink.add(field.bytes, field.start, field.end, content, start, contentEnd, own)) {
      window.fail(at, 'distinct fields', `${quoted(field.bytes, field.start, field.end)} a second time`)
    }
    return next
  }

  protected ended(): void {
    this.sink.end()
  }
}

/** Puts fields that are read into a database. */
class HashSink implements ElementSink {
  readonly stride = 2
  readonly distinct = true
  readonly expected = 'a listpack of distinct fields and their values'
  readonly noun = 'fields'
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

  end(): void {
    if (this.key !== null) this.target.loaded(this.hash.address, this.key)
    this.key = null
  }
}
