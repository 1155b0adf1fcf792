/** One packed value on its way into the store, a part at a time. */
import { quoted } from '../rdb/error.js'
import type { RdbKey } from '../rdb/key.js'
import type { ListpackOfZiplist } from '../rdb/listpack-of-ziplist.js'
import type { RdbWindow } from '../rdb/window.js'
import type { ElementSink } from './element-sink.js'
import type { ListpackFlaw } from './listpack-check.js'
import { type PackedForm, PackedListpack, PackedZiplist, PackedZipmap } from './packed-forms.js'
import { COPIED_BYTES, SteppedReading } from './stepped-reading.js'
import type { ValueTarget } from './value-reader.js'

/** So many elements are looked at, compared or added in one step: a fraction of a millisecond each. */
const CHECKED_ELEMENTS = 8192
const COMPARED_ELEMENTS = 1024
const ADDED_ELEMENTS = 256

const CHECK = 0
const CONVERT = 1
const COMPARE = 2
const COPY = 3
const ADD = 4

export type Packing = 'listpack' | 'ziplist' | 'zipmap'

/** What Redis's log says of a value in a form that is not sound (rdb.c). */
export function damaged(
  { loggedName }: Pick<ElementSink, 'loggedName'>,
  packing: Packing,
  flaw: ListpackFlaw = 'damaged',
): string {
  if (packing === 'zipmap') return 'Zipmap integrity check failed'
  const words = `${loggedName} ${packing} integrity check failed`
  return flaw === 'twice' ? `${words}: listpack with dup elements` : words
}

export class PackedReading extends SteppedReading {
  private readonly sink: ElementSink
  private readonly packing: Packing
  private form: PackedForm
  /** The form, where the whole of it may go to the target. */
  private listpack: PackedListpack | null
  private conversion: ListpackOfZiplist | null = null
  private phase = CHECK
  private left = 0

  /** Parameters as for SteppedReading. */
  constructor(
    window: RdbWindow,
    target: ValueTarget,
    sink: ElementSink,
    key: RdbKey,
    offset: number,
    packing: Packing,
    bytes: Buffer,
    own: boolean,
  ) {
    super(window, target, key, offset, bytes, own)
    this.sink = sink
    this.packing = packing
    this.listpack = packing === 'listpack' ? new PackedListpack(bytes, sink) : null
    this.form = this.listpack ?? (packing === 'ziplist' ? new PackedZiplist(bytes, sink) : new PackedZipmap(bytes))
  }

  step(): boolean {
    switch (this.phase) {
      case CHECK:
        return this.check()
      case CONVERT:
        return this.convert()
      case COMPARE:
        return this.compare()
      case COPY:
        return this.copyOn() && this.handOver()
      default:
        return this.add()
    }
  }

  private check(): boolean {
    const { form, key, sink, target } = this
    const verdict = form.check(CHECKED_ELEMENTS)
    if (verdict === 'going on') return false
    if (verdict === 'damaged') this.failAsWhole()
    if (form.count === 0) {
      target.emptyKey(key)
      return true
    }
    this.left = form.count
    const whole = sink.takesListpack(form.count)
    if (whole) this.conversion = form.conversion()
    if (this.conversion !== null) this.phase = CONVERT
    else if (this.listpack !== null && whole) this.phase = COMPARE
    else {
      if (!this.isWanted()) return true
      sink.begin(key, form.count)
      this.phase = ADD
    }
    return false
  }

  /** A ziplist becomes a listpack, however long its elements are: only their number counts (rdb.c). */
  private convert(): boolean {
    const listpack = this.conversion?.step(CHECKED_ELEMENTS) ?? null
    if (listpack === null) return false
    this.conversion = null
    this.bytes = listpack
    this.own = true
    this.listpack = new PackedListpack(listpack, this.sink)
    this.form = this.listpack
    this.phase = CHECK
    return false
  }

  private compare(): boolean {
    const { listpack } = this
    if (listpack === null) return true
    const left = Math.max(0, this.left - COMPARED_ELEMENTS)
    for (; this.left > left; this.left--) {
      const flaw = listpack.flaw()
      if (flaw !== null) this.failAsWhole(flaw)
    }
    if (left > 0) return false
    if (!this.needsCopy) return this.handOver()
    this.phase = COPY
    return false
  }

  private handOver(): boolean {
    if (this.isWanted()) this.sink.listpack(this.key, this.bytes, 0, this.own)
    return true
  }

  private add(): boolean {
    const { form, sink } = this
    const left = Math.max(0, this.left - ADDED_ELEMENTS)
    for (let bytes = 0; this.left > left && bytes < COPIED_BYTES; this.left--) {
      if (!form.next(sink)) this.failElement()
      bytes += form.elementBytes
    }
    if (this.left > 0) return false
    sink.end()
    return true
  }

  private failAsWhole(flaw?: ListpackFlaw): never {
    return this.fail(this.form.expected, `${this.bytes.length} bytes (${damaged(this.sink, this.packing, flaw)})`)
  }

  /** A listpack is named as a whole. */
  private failElement(): never {
    if (this.packing === 'listpack') this.failAsWhole(this.listpack?.refusal)
    const { bytes, start, end } = this.form.name
    const words = this.packing === 'zipmap' ? 'Hash zipmap with dup elements' : damaged(this.sink, this.packing)
    return this.fail(`distinct ${this.sink.noun}`, `${quoted(bytes, start, end)} a second time (${words})`)
  }
}
