/** One packed hash on its way to the target, a part at a time. */
import { quoted } from './error.js'
import { RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST } from './format.js'
import type { ListpackOfZiplist } from './listpack-of-ziplist.js'
import { type PackedForm, PackedListpack, PackedZiplist, PackedZipmap } from './packed-hash.js'
import type { RdbKey, RdbTarget } from './target.js'
import type { RdbWindow } from './window.js'

/** So many elements are looked at, compared or set in one step, and bytes copied: a fraction of a millisecond each. */
const CHECKED_ELEMENTS = 8192
const COMPARED_FIELDS = 1024
const SET_FIELDS = 256
const COPIED_BYTES = 256 * 1024

const CHECK = 0
const CONVERT = 1
const COMPARE = 2
const COPY = 3
const SET = 4

export class PackedReading {
  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly key: RdbKey
  private readonly offset: number
  private readonly type: number
  private bytes: Buffer
  /** `bytes` may be left to the target. */
  private own: boolean
  private form: PackedForm
  /** The form, where the whole of it may go to the target. */
  private listpack: PackedListpack | null
  private conversion: ListpackOfZiplist | null = null
  private phase = CHECK
  private fieldsLeft = 0
  private copied = 0
  private copy: Buffer | null = null

  /**
   * @param offset in the stream, of the value, which fills `bytes`.
   * @param own whether the target may keep `bytes`; else they stay as they are until all is done.
   */
  constructor(
    window: RdbWindow,
    target: RdbTarget,
    key: RdbKey,
    offset: number,
    type: number,
    bytes: Buffer,
    own: boolean,
  ) {
    this.window = window
    this.target = target
    this.key = key
    this.offset = offset
    this.type = type
    this.bytes = bytes
    this.own = own
    this.listpack = type === RDB_TYPE_HASH_LISTPACK ? new PackedListpack(bytes) : null
    this.form = this.listpack ?? (type === RDB_TYPE_HASH_ZIPLIST ? new PackedZiplist(bytes) : new PackedZipmap(bytes))
  }

  /** Works on. True when all has gone to the target. @throws RdbError */
  step(): boolean {
    switch (this.phase) {
      case CHECK:
        return this.check()
      case CONVERT:
        return this.convert()
      case COMPARE:
        return this.compare()
      case COPY:
        return this.copyOn()
      default:
        return this.set()
    }
  }

  private check(): boolean {
    const { form, key, target } = this
    const verdict = form.check(CHECKED_ELEMENTS)
    if (verdict === 'going on') return false
    if (verdict === 'damaged') this.failAsWhole()
    if (form.fields === 0) {
      target.emptyKey(key)
      return true
    }
    this.fieldsLeft = form.fields
    if (target.takesListpack(form.fields)) this.conversion = form.conversion()
    if (this.conversion !== null) this.phase = CONVERT
    else if (this.listpack !== null && target.takesListpack(form.fields)) this.phase = COMPARE
    else {
      if (!target.hashBegin(key, form.fields)) this.failDuplicate()
      this.phase = SET
    }
    return false
  }

  /** A ziplist becomes a listpack, however long its fields and values are: only their number counts (rdb.c). */
  private convert(): boolean {
    const listpack = this.conversion?.step(CHECKED_ELEMENTS) ?? null
    if (listpack === null) return false
    this.conversion = null
    this.bytes = listpack
    this.own = true
    this.listpack = new PackedListpack(listpack)
    this.form = this.listpack
    this.phase = CHECK
    return false
  }

  private compare(): boolean {
    const { listpack } = this
    if (listpack === null) return true
    const left = Math.max(0, this.fieldsLeft - COMPARED_FIELDS)
    for (; this.fieldsLeft > left; this.fieldsLeft--) if (!listpack.isDistinct()) this.failTwice()
    if (left > 0) return false
    if (this.own || this.bytes.length <= COPIED_BYTES) return this.handOver()
    this.phase = COPY
    return false
  }

  private copyOn(): boolean {
    const { bytes } = this
    this.copy ??= Buffer.allocUnsafeSlow(bytes.length)
    this.copied += bytes.copy(this.copy, this.copied, this.copied, this.copied + COPIED_BYTES)
    if (this.copied < bytes.length) return false
    this.bytes = this.copy
    this.own = true
    return this.handOver()
  }

  private handOver(): boolean {
    if (!this.target.hashListpack(this.key, this.bytes, 0, this.own)) this.failDuplicate()
    return true
  }

  private set(): boolean {
    const { form, target } = this
    const left = Math.max(0, this.fieldsLeft - SET_FIELDS)
    for (let bytes = 0; this.fieldsLeft > left && bytes < COPIED_BYTES; this.fieldsLeft--) {
      if (!form.next(target)) this.failTwice()
      bytes += form.pairBytes
    }
    if (this.fieldsLeft > 0) return false
    target.hashEnd()
    return true
  }

  private failAsWhole(): never {
    return this.fail(this.form.expected, `${this.bytes.length} bytes, integrity check failed`)
  }

  private failTwice(): never {
    if (this.type === RDB_TYPE_HASH_LISTPACK) this.failAsWhole()
    const { bytes, start, end } = this.form.field
    return this.fail('distinct fields', `${quoted(bytes, start, end)} a second time`)
  }

  private failDuplicate(): never {
    return this.fail('every key once', 'a key that the database holds already')
  }

  private fail(expected: string, found: string): never {
    const { key, window } = this
    window.openKey = quoted(key.bytes, key.start, key.end)
    return window.failAt(this.offset, expected, found)
  }
}
