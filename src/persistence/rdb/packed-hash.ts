/**
 * Hashes whose value is one long string: a listpack, or what older servers had instead. They are checked and taken apart a part at
 * a time: tens of megabytes of them would hold everything up for seconds.
 */
import { hashBytes } from '../../bytes/hash.js'
import { lpCompare, lpFirst, lpNext } from '../../store/listpack/listpack.js'
import { ListpackWalk, lpValidate, type Verdict } from '../../store/listpack/listpack-validate.js'
import { ByteRange } from '../../types/byte-range.js'
import { ListpackOfZiplist } from './listpack-of-ziplist.js'
import type { RdbTarget } from './target.js'
import { ZiplistElement, ZiplistWalker } from './ziplist.js'
import { ZipmapWalker } from './zipmap.js'

/** A form of them, by a value that fills `bytes`. */
export interface PackedForm {
  /** What it has to be, for messages. */
  readonly expected: string
  /** Fields, once all is found sound. */
  readonly fields: number
  /** Looks at up to so many further elements. */
  check(elements: number): Verdict
  /** Hands the next field to the target. False: it came twice, and `field` shows it. */
  next(target: RdbTarget): boolean
  readonly field: { readonly bytes: Buffer; readonly start: number; readonly end: number }
  /** Length of the field that next() has handed over, and of its value. */
  readonly pairBytes: number
  /** What makes a listpack of it, instead of next(); null where that is not to be. */
  conversion(): ListpackOfZiplist | null
}

export class PackedListpack implements PackedForm {
  readonly expected = 'a listpack of distinct fields and their values'
  private readonly bytes: Buffer
  private readonly walk: ListpackWalk | null
  private readonly name = new ByteRange()
  private readonly value = new ByteRange()
  private pos: number
  private seen: FieldSet | null = null

  constructor(bytes: Buffer) {
    this.bytes = bytes
    const sound = lpValidate(bytes, 0, bytes.length, false)
    this.walk = sound ? new ListpackWalk(bytes, 0) : null
    this.pos = sound ? lpFirst(bytes, 0) : -1
  }

  get fields(): number {
    return (this.walk?.count ?? 0) >>> 1
  }

  get field(): { bytes: Buffer; start: number; end: number } {
    const { buffer, start, end } = this.name
    return { bytes: buffer, start, end }
  }

  get pairBytes(): number {
    return this.name.length + this.value.length
  }

  check(elements: number): Verdict {
    const verdict = this.walk?.check(elements) ?? 'damaged'
    return verdict === 'sound' && (this.walk?.count ?? 0) % 2 !== 0 ? 'damaged' : verdict
  }

  next(target: RdbTarget): boolean {
    const { name, value } = this
    this.pos = this.show(name, this.pos)
    this.pos = this.show(value, this.pos)
    return target.hashField(name.buffer, name.start, name.end, value.buffer, value.start, value.end, false)
  }

  private show(range: ByteRange, pos: number): number {
    range.readListpack(this.bytes, pos)
    return lpNext(this.bytes, 0, pos)
  }

  conversion(): null {
    return null
  }

  /** Looks at the next field, whether it has come before. To be called for each, instead of next(). */
  isDistinct(): boolean {
    this.seen ??= new FieldSet(this.bytes, this.fields)
    const { pos } = this
    const valueAt = this.show(this.name, pos)
    this.pos = lpNext(this.bytes, 0, valueAt)
    return this.seen.add(pos, this.name)
  }
}

/** Positions of elements in a listpack, by their text. It has its size from the start: a Set stops to grow. */
class FieldSet {
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
  readonly expected = 'a ziplist of fields and their values'
  readonly field = new ZiplistElement()
  private readonly content = new ZiplistElement()
  private readonly bytes: Buffer
  private readonly walker = new ZiplistWalker()
  private readonly begun: boolean

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.begun = this.walker.begin(bytes, 0, bytes.length)
  }

  get fields(): number {
    return this.walker.count >>> 1
  }

  get pairBytes(): number {
    const { content, field } = this
    return field.end - field.start + content.end - content.start
  }

  check(elements: number): Verdict {
    if (!this.begun) return 'damaged'
    const verdict = this.walker.check(this.bytes, 0, this.bytes.length, elements)
    return verdict === 'sound' && this.walker.count % 2 !== 0 ? 'damaged' : verdict
  }

  next(target: RdbTarget): boolean {
    const { bytes, content, field, walker } = this
    walker.next(bytes, field)
    walker.next(bytes, content)
    return target.hashField(field.bytes, field.start, field.end, content.bytes, content.start, content.end, false)
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

  get fields(): number {
    return this.walker.count
  }

  get field(): { bytes: Buffer; start: number; end: number } {
    return { bytes: this.bytes, start: this.walker.fieldStart, end: this.walker.fieldEnd }
  }

  get pairBytes(): number {
    return this.walker.valueEnd - this.walker.fieldStart
  }

  check(elements: number): Verdict {
    return this.begun ? this.walker.check(this.bytes, 0, this.bytes.length, elements) : 'damaged'
  }

  next(target: RdbTarget): boolean {
    const { bytes, walker } = this
    walker.next(bytes, bytes.length)
    const { fieldStart, fieldEnd, valueStart, valueEnd } = walker
    return target.hashField(bytes, fieldStart, fieldEnd, bytes, valueStart, valueEnd, false)
  }

  /** How long its fields and values are does count (rdb.c): they go one by one. */
  conversion(): null {
    return null
  }
}
