/**
 * Values that are one long string: a listpack, or what older servers had instead. They are checked and taken apart a part at a time:
 * tens of megabytes of them would hold everything up for seconds.
 */
import { hashBytes } from '../bytes/hash.js'
import { ListpackOfZiplist } from '../rdb/listpack-of-ziplist.js'
import { ZiplistElement, ZiplistWalker } from '../rdb/ziplist.js'
import { ZipmapWalker } from '../rdb/zipmap.js'
import { lpCompare, lpFirst, lpNext } from '../store/listpack/listpack.js'
import { ListpackWalk, lpValidate, type Verdict } from '../store/listpack/listpack-validate.js'
import { ByteRange } from './byte-range.js'
import type { ElementSink } from './element-sink.js'
import type { ListpackFlaw } from './listpack-check.js'

/** A form of them, by a value that fills `bytes`. */
export interface PackedForm {
  /** What it has to be, for messages. */
  readonly expected: string
  /** Elements, or pairs, once all is found sound. */
  readonly count: number
  /** Looks at up to so many further elements. */
  check(elements: number): Verdict
  /** Hands the next element to the sink. False: the sink has refused it, and `name` shows it. */
  next(sink: ElementSink): boolean
  readonly name: { readonly bytes: Buffer; readonly start: number; readonly end: number }
  /** Length of what next() has handed over. */
  readonly elementBytes: number
  /** What makes a listpack of it, instead of next(); null where that is not to be. */
  conversion(): ListpackOfZiplist | null
}

export class PackedListpack implements PackedForm {
  readonly expected: string
  private readonly bytes: Buffer
  private readonly sink: ElementSink
  private readonly walk: ListpackWalk | null
  private readonly first = new ByteRange()
  private readonly second = new ByteRange()
  private pos: number
  private seen: NameSet | null = null

  constructor(bytes: Buffer, sink: ElementSink) {
    this.bytes = bytes
    this.sink = sink
    this.expected = sink.expected
    const sound = lpValidate(bytes, 0, bytes.length, false)
    this.walk = sound ? new ListpackWalk(bytes, 0) : null
    this.pos = sound ? lpFirst(bytes, 0) : -1
  }

  get count(): number {
    return Math.floor((this.walk?.count ?? 0) / this.sink.stride)
  }

  get name(): { bytes: Buffer; start: number; end: number } {
    const { buffer, start, end } = this.first
    return { bytes: buffer, start, end }
  }

  get elementBytes(): number {
    return this.first.length + this.second.length
  }

  check(elements: number): Verdict {
    const verdict = this.walk?.check(elements) ?? 'damaged'
    return verdict === 'sound' && (this.walk?.count ?? 0) % this.sink.stride !== 0 ? 'damaged' : verdict
  }

  next(sink: ElementSink): boolean {
    const { first, second } = this
    this.pos = this.show(first, this.pos)
    if (sink.stride === 2) this.pos = this.show(second, this.pos)
    return sink.add(first.buffer, first.start, first.end, second.buffer, second.start, second.end, false)
  }

  private show(range: ByteRange, pos: number): number {
    range.readListpack(this.bytes, pos)
    return lpNext(this.bytes, 0, pos)
  }

  conversion(): null {
    return null
  }

  /** Why the sink has refused what next() has handed over. */
  get refusal(): ListpackFlaw {
    const { second, sink } = this
    return sink.stride === 1 || sink.isValid(second.buffer, second.start, second.end) ? 'twice' : 'damaged'
  }

  /** Looks at the next element: what keeps it from standing where it stands. To be called for each, instead of next(). */
  flaw(): ListpackFlaw | null {
    const { first, second, sink } = this
    const { pos } = this
    this.pos = this.show(first, pos)
    if (sink.stride === 2) {
      this.pos = this.show(second, this.pos)
      if (!sink.isValid(second.buffer, second.start, second.end)) return 'damaged'
    }
    if (!sink.distinct) return null
    this.seen ??= new NameSet(this.bytes, this.count)
    return this.seen.add(pos, first) ? null : 'twice'
  }
}

/** Positions of elements in a listpack, by their text. It has its size from the start: a Set stops to grow. */
class NameSet {
  private readonly listpack: Buffer
  private readonly positions: Int32Array
  private readonly mask: number

  constructor(listpack: Buffer, count: number) {
    const size = 2 ** Math.ceil(Math.log2(count * 2 + 1))
    this.listpack = listpack
    this.positions = new Int32Array(size)
    this.mask = size - 1
  }

  /** Adds the element at `pos`, whose text is shown by `text`. False when there is one with this text. O(1). */
  add(pos: number, { buffer, start, end }: ByteRange): boolean {
    const { positions, mask } = this
    let slot = hashBytes(buffer, start, end) & mask
    for (; positions[slot] !== 0; slot = (slot + 1) & mask) {
      if (lpCompare(this.listpack, positions[slot], buffer, start, end)) return false
    }
    positions[slot] = pos
    return true
  }
}

export class PackedZiplist implements PackedForm {
  readonly expected: string
  readonly name = new ZiplistElement()
  private readonly stride: number
  private readonly content = new ZiplistElement()
  private readonly bytes: Buffer
  private readonly walker = new ZiplistWalker()
  private readonly begun: boolean

  constructor(bytes: Buffer, { noun, stride }: ElementSink) {
    this.bytes = bytes
    this.stride = stride
    this.expected = stride === 1 ? `a ziplist of ${noun}` : `a ziplist of ${noun} and their values`
    this.begun = this.walker.begin(bytes, 0, bytes.length)
  }

  get count(): number {
    return Math.floor(this.walker.count / this.stride)
  }

  get elementBytes(): number {
    const { content, name } = this
    return name.end - name.start + content.end - content.start
  }

  check(elements: number): Verdict {
    if (!this.begun) return 'damaged'
    const verdict = this.walker.check(this.bytes, 0, this.bytes.length, elements)
    return verdict === 'sound' && this.walker.count % this.stride !== 0 ? 'damaged' : verdict
  }

  next(sink: ElementSink): boolean {
    const { bytes, content, name, walker } = this
    walker.next(bytes, name)
    if (sink.stride === 2) walker.next(bytes, content)
    return sink.add(name.bytes, name.start, name.end, content.bytes, content.start, content.end, false)
  }

  conversion(): ListpackOfZiplist {
    return new ListpackOfZiplist(this.bytes, this.walker)
  }
}

export class PackedZipmap implements PackedForm {
  readonly expected = 'a zipmap'
  private readonly bytes: Buffer
  private readonly walker = new ZipmapWalker()
  private readonly begun: boolean

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.begun = this.walker.begin(bytes, 0, bytes.length)
  }

  get count(): number {
    return this.walker.count
  }

  get name(): { bytes: Buffer; start: number; end: number } {
    return { bytes: this.bytes, start: this.walker.fieldStart, end: this.walker.fieldEnd }
  }

  get elementBytes(): number {
    return this.walker.valueEnd - this.walker.fieldStart
  }

  check(elements: number): Verdict {
    return this.begun ? this.walker.check(this.bytes, 0, this.bytes.length, elements) : 'damaged'
  }

  next(sink: ElementSink): boolean {
    const { bytes, walker } = this
    walker.next(bytes, bytes.length)
    const { fieldStart, fieldEnd, valueStart, valueEnd } = walker
    return sink.add(bytes, fieldStart, fieldEnd, bytes, valueStart, valueEnd, false)
  }

  /** How long its fields and values are does count (rdb.c): they go one by one. */
  conversion(): null {
    return null
  }
}
