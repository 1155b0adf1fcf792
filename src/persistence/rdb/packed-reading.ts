/** One long packed hash on its way to the target, a part at a time. */
import { quoted } from './error.js'
import { RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST } from './format.js'
import { type PackedForm, PackedListpack, PackedZiplist, PackedZipmap } from './packed-hash.js'
import type { RdbKey, RdbTarget } from './target.js'
import type { RdbWindow } from './window.js'

/** So many elements are looked at, compared or set in one step: a fraction of a millisecond each. */
const CHECKED_ELEMENTS = 8192
const COMPARED_FIELDS = 1024
const SET_FIELDS = 256

const CHECK = 0
const COMPARE = 1
const SET = 2

export class PackedReading {
  private readonly window: RdbWindow
  private readonly target: RdbTarget
  private readonly key: RdbKey
  private readonly offset: number
  private readonly bytes: Buffer
  private readonly form: PackedForm
  /** The form, where the whole of it may go to the target. */
  private readonly listpack: PackedListpack | null
  private phase = CHECK
  private fieldsLeft = 0

  /** @param offset in the stream, of the value, which fills `bytes`. */
  constructor(window: RdbWindow, target: RdbTarget, key: RdbKey, offset: number, type: number, bytes: Buffer) {
    this.window = window
    this.target = target
    this.key = key
    this.offset = offset
    this.bytes = bytes
    this.listpack = type === RDB_TYPE_HASH_LISTPACK ? new PackedListpack(bytes) : null
    this.form = this.listpack ?? (type === RDB_TYPE_HASH_ZIPLIST ? new PackedZiplist(bytes) : new PackedZipmap(bytes))
  }

  /** Works on. True when all has gone to the target. @throws RdbError */
  step(): boolean {
    switch (this.phase) {
      case CHECK:
        return this.check()
      case COMPARE:
        return this.compare()
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
    if (this.listpack !== null && target.takesListpack(form.fields)) this.phase = COMPARE
    else {
      if (!target.hashBegin(key, form.fields)) this.failDuplicate()
      this.phase = SET
    }
    return false
  }

  private compare(): boolean {
    const { listpack } = this
    if (listpack === null) return true
    const left = Math.max(0, this.fieldsLeft - COMPARED_FIELDS)
    for (; this.fieldsLeft > left; this.fieldsLeft--) if (!listpack.isDistinct()) this.failAsWhole()
    if (left > 0) return false
    if (!this.target.hashListpack(this.key, this.bytes, 0, true)) this.failDuplicate()
    return true
  }

  private set(): boolean {
    const { form, target } = this
    const left = Math.max(0, this.fieldsLeft - SET_FIELDS)
    for (; this.fieldsLeft > left; this.fieldsLeft--) {
      if (form.next(target)) continue
      if (this.listpack !== null) this.failAsWhole()
      const { bytes, start, end } = form.field
      this.fail('distinct fields', `${quoted(bytes, start, end)} a second time`)
    }
    if (left > 0) return false
    target.hashEnd()
    return true
  }

  private failAsWhole(): never {
    return this.fail(this.form.expected, `${this.bytes.length} bytes, integrity check failed`)
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
