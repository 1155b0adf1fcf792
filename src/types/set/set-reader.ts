/** Reads sets from RDB bytes, in all their forms. */
import { hashBytes } from '../../bytes/hash.js'
import { quoted } from '../../rdb/error.js'
import { RDB_TYPE_SET, RDB_TYPE_SET_LISTPACK } from '../../rdb/format.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, TYPE_SET } from '../../store/entries.js'
import type { ElementSink } from '../element-sink.js'
import { ElementsReader, PACKED_MAX_BYTES } from '../elements-reader.js'
import { loadListpack } from '../listpack-value.js'
import type { ValueTarget } from '../value-reader.js'
import { GatheredSet, KNOWN, TOO_MUCH } from './gathered-set.js'
import { IntsetReading } from './intset-reading.js'
import { MemberSet } from './set.js'

export class SetReader extends ElementsReader {
  protected readonly noun = 'members'
  private readonly sink: SetSink
  private readonly member = new StringReader()
  private readonly intset = new StringReader()
  /** A long intset that has been read, but not been taken in. */
  private reading: IntsetReading | null = null

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    super(window, keys, target)
    this.sink = new SetSink(target)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_SET:
        return this.readHead(bytes, at, end)
      case RDB_TYPE_SET_LISTPACK:
        return this.readPacked('listpack', this.sink, bytes, at, end)
      default:
        return this.readIntset(bytes, at, end)
    }
  }

  override get isBusy(): boolean {
    return this.reading !== null || super.isBusy
  }

  override work(): void {
    if (this.reading === null) super.work()
    else if (this.reading.step()) this.reading = null
  }

  private readIntset(bytes: Buffer, at: number, end: number): number {
    const { intset, keys, target, window } = this
    const next = window.locatePacked(intset, bytes, at, end, PACKED_MAX_BYTES)
    if (next < 0) return next
    const key = keys.take(bytes)
    window.decode(intset, bytes)
    const { bytes: content, end: contentEnd, own, start } = intset
    const isLong = contentEnd - start > PACKED_MAX_BYTES
    const kept = isLong ? key.copy() : key
    const value = content.subarray(start, contentEnd)
    const reading = new IntsetReading(window, target, kept, window.offsetOf(at), value, own)
    if (isLong) this.reading = reading
    else while (!reading.step()) {}
    return next
  }

  protected begin(key: RdbKey, count: number): void {
    this.sink.begin(key, count)
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { member, window } = this
    const next = window.locate(member, bytes, at, end)
    if (next < 0) return next
    window.decode(member, bytes)
    if (!this.wanted) return next
    if (!this.sink.add(member.bytes, member.start, member.end)) {
      const found = `${quoted(member.bytes, member.start, member.end)} a second time`
      window.fail(at, 'distinct members', `${found} (Duplicate set members detected)`)
    }
    return next
  }

  protected ended(): void {
    this.sink.end()
  }
}

/** Puts members that are read into a database. */
class SetSink implements ElementSink {
  readonly stride = 1
  readonly distinct = true
  readonly expected = 'a listpack of distinct members'
  readonly noun = 'members'
  readonly loggedName = 'Set'
  private readonly target: ValueTarget
  private readonly set = new MemberSet()
  private readonly gathered = new GatheredSet()
  /** The members of before are all in `gathered`. */
  private gathering = false
  /** The key of the set whose members are coming. */
  private key: RdbKey | null = null

  constructor(target: ValueTarget) {
    this.target = target
  }

  takesListpack(count: number): boolean {
    return count <= this.target.limits.set.maxListpackEntries
  }

  isValid(): boolean {
    return true
  }

  listpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): void {
    const { database, limits } = this.target
    const { set } = this
    set.open(database, loadListpack(database, key, TYPE_SET, listpack, start, own))
    if (!own && set.length > limits.set.maxListpackEntries) set.convert()
    this.target.loaded(set.address, key)
  }

  /** What comes with more members than an intset may have is a table at once, whatever they are (rdb.c). */
  begin(key: RdbKey, count: number): void {
    const { database, limits } = this.target
    this.key = key.copy()
    this.gathering = count <= limits.set.maxIntsetEntries
    this.gathered.begin(ENCODING_INTSET)
    const beginning = this.gathering ? ENCODING_INTSET : ENCODING_AGGREGATE
    this.set.openNew(database, this.key.bytes, 0, this.key.end, key.expiryMs, beginning)
  }

  add(member: Buffer, start: number, end: number): boolean {
    const { set } = this
    const limits = this.target.limits.set
    if (this.gathering) {
      const result = this.gathered.add(member, start, end, limits)
      if (result !== TOO_MUCH) return result !== KNOWN
      this.insertGathered()
    }
    if (set.address === 0) this.renewHash()
    return set.add(member, start, end, limits)
  }

  private insertGathered(): void {
    this.gathering = false
    if (this.gathered.length === 0) return
    this.renewHash()
    this.set.addGathered(this.gathered)
  }

  /** The first member inserts the key, by the database's last hash; other keys may have been looked up since begin(). */
  private renewHash(): void {
    const { key, target } = this
    if (key !== null) target.database.hash = hashBytes(key.bytes, 0, key.end)
  }

  end(): void {
    if (this.gathering) this.insertGathered()
    if (this.key !== null) this.target.loaded(this.set.address, this.key)
    this.key = null
  }
}
