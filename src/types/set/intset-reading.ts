/** One intset on its way from RDB bytes into the store, a part at a time. */
import { hashBytes } from '../../bytes/hash.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, TYPE_SET } from '../../store/entries.js'
import { IntsetWalk, intsetLength, intsetValidate } from '../../store/intset.js'
import { ByteRange } from '../byte-range.js'
import { loadPacked } from '../packed-value.js'
import { SteppedReading } from '../stepped-reading.js'
import { MemberSet } from './set.js'

/** So many integers are looked at or added in one step: a fraction of a millisecond each. */
const CHECKED_INTEGERS = 16 * 1024
const ADDED_INTEGERS = 512

export class IntsetReading extends SteppedReading {
  private walk: IntsetWalk | null = null
  private isSound = false
  /** The table that it becomes, and how many integers are in it. */
  private set: MemberSet | null = null
  private added = 0
  private readonly member = new ByteRange()

  step(): boolean {
    if (!this.isSound) return this.check()
    if (this.set !== null) return this.add(this.set)
    return this.copyOn() && this.handOver()
  }

  private check(): boolean {
    const { bytes, target } = this
    if (this.walk === null && !intsetValidate(bytes, 0, bytes.length, false)) this.failDamaged()
    this.walk ??= new IntsetWalk(bytes, 0)
    const verdict = this.walk.check(CHECKED_INTEGERS)
    if (verdict === 'damaged') this.failDamaged()
    if (verdict === 'going on') return false
    this.isSound = true
    if (!this.isWanted()) return true
    if (intsetLength(bytes, 0) > target.limits.set.maxIntsetEntries) this.beginTable()
    else if (!this.needsCopy) return this.handOver()
    return false
  }

  /** Puts the intset as it is into the store. */
  private handOver(): boolean {
    const { bytes, key, own, target } = this
    const { database } = target
    database.hash = hashBytes(key.bytes, key.start, key.end)
    const address = loadPacked(database, key, TYPE_SET, ENCODING_INTSET, bytes, 0, bytes.length, own)
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
    return this.fail('an intset in ascending order', `${this.bytes.length} bytes (Intset integrity check failed)`)
  }
}
