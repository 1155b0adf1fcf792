/** One intset on its way from RDB bytes into the store, a part at a time. */
import { hashBytes } from '../../bytes/hash.js'
import { quoted } from '../../rdb/error.js'
import type { RdbKey } from '../../rdb/key.js'
import type { RdbWindow } from '../../rdb/window.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, TYPE_SET } from '../../store/entries.js'
import { IntsetWalk, intsetLength, intsetValidate } from '../../store/intset.js'
import { ByteRange } from '../byte-range.js'
import { loadPacked } from '../packed-value.js'
import { LEFT_OUT, TWICE, type ValueTarget } from '../value-reader.js'
import { MemberSet } from './set.js'

/** So many integers are looked at or added in one step, and bytes copied: a fraction of a millisecond each. */
const CHECKED_INTEGERS = 16 * 1024
const ADDED_INTEGERS = 512
const COPIED_BYTES = 256 * 1024

export class IntsetReading {
  private readonly window: RdbWindow
  private readonly target: ValueTarget
  private readonly key: RdbKey
  private readonly offset: number
  private readonly bytes: Buffer
  private readonly own: boolean
  private walk: IntsetWalk | null = null
  private isSound = false
  /** Where the bytes go that are the store's to keep. */
  private copy: Buffer | null = null
  private copied = 0
  /** The table that it becomes, and how many integers are in it. */
  private set: MemberSet | null = null
  private added = 0
  private readonly member = new ByteRange()

  /**
   * @param offset in the stream, of the value, which fills `bytes`.
   * @param own whether the store may keep `bytes`; else they stay as they are until all is done.
   */
  constructor(window: RdbWindow, target: ValueTarget, key: RdbKey, offset: number, bytes: Buffer, own: boolean) {
    this.window = window
    this.target = target
    this.key = key
    this.offset = offset
    this.bytes = bytes
    this.own = own
  }

  /** Works on. True when all is in the store. @throws RdbError */
  step(): boolean {
    if (!this.isSound) return this.check()
    return this.set === null ? this.copyOn() : this.add(this.set)
  }

  private check(): boolean {
    const { bytes, target } = this
    if (this.walk === null && !intsetValidate(bytes, 0, bytes.length, false)) this.failDamaged()
    this.walk ??= new IntsetWalk(bytes, 0)
    const verdict = this.walk.check(CHECKED_INTEGERS)
    if (verdict === 'damaged') this.failDamaged()
    if (verdict === 'going on') return false
    this.isSound = true
    const claim = target.claim(this.key)
    if (claim === TWICE) this.fail('every key once', 'a key that the database holds already')
    if (claim === LEFT_OUT) return true
    if (intsetLength(bytes, 0) > target.limits.set.maxIntsetEntries) this.beginTable()
    else if (bytes.length <= COPIED_BYTES || this.own) return this.handOver(bytes)
    return false
  }

  private copyOn(): boolean {
    const { bytes } = this
    this.copy ??= Buffer.allocUnsafeSlow(bytes.length)
    this.copied += bytes.copy(this.copy, this.copied, this.copied, this.copied + COPIED_BYTES)
    return this.copied === bytes.length && this.handOver(this.copy)
  }

  /** Puts the intset as it is into the store, which keeps `bytes` if they are large and nobody else's. */
  private handOver(bytes: Buffer): boolean {
    const { key, own, target } = this
    const { database } = target
    const isOwn = own || bytes === this.copy
    database.hash = hashBytes(key.bytes, key.start, key.end)
    const address = loadPacked(database, key, TYPE_SET, ENCODING_INTSET, bytes, 0, bytes.length, isOwn)
    target.loaded(address, key)
    return true
  }

  private beginTable(): void {
    const { key, target } = this
    this.set = new MemberSet()
    this.set.openNew(target.database, key.bytes, key.start, key.end, key.expiryMs, ENCODING_AGGREGATE)
  }

  private add(set: MemberSet): boolean {
    const { bytes, key, member, target } = this
    const length = intsetLength(bytes, 0)
    const until = Math.min(length, this.added + ADDED_INTEGERS)
    // The first one inserts the key, by the database's last hash; other keys may have been looked up meanwhile.
    if (set.address === 0) target.database.hash = hashBytes(key.bytes, key.start, key.end)
    for (; this.added < until; this.added++) {
      member.readIntset(bytes, 0, this.added)
      set.add(member.buffer, member.start, member.end, target.limits.set)
    }
    if (until < length) return false
    target.loaded(set.address, key)
    return true
  }

  private failDamaged(): never {
    return this.fail('an intset in ascending order', `${this.bytes.length} bytes, integrity check failed`)
  }

  private fail(expected: string, found: string): never {
    const { key, window } = this
    window.openKey = quoted(key.bytes, key.start, key.end)
    return window.failAt(this.offset, expected, found)
  }
}
