import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  lpCopyText,
  lpEnd,
  lpFirst,
  lpLast,
  lpLength,
  lpNext,
  lpPrev,
  lpSeek,
  lpTextLength,
} from '../../../src/store/listpack/listpack.js'
import {
  lpDeleteInto,
  lpEmpty,
  lpEncodedSize,
  lpInsertInto,
  lpInsertPairInto,
  lpReplaceInto,
  lpSplice,
  lpSplicedSize,
  lpWriteEntry,
} from '../../../src/store/listpack/listpack-edit.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import { referenceEntry, referenceListpack } from './listpack-reference.js'

const GUARD = 0xaa

/** A listpack in a slot of a slab; an edit happens in place or in a new slot of another slab, as the test asks. */
class Slot {
  slab: Buffer = Buffer.alloc(40, GUARD)
  start = 11
  capacity = 7

  constructor() {
    lpEmpty(this.slab, this.start)
  }

  /** Moves to `size` bytes of room: where it is if `inPlace` (growing the slab around it), otherwise elsewhere. */
  private target(size: number, inPlace: boolean): { slab: Buffer; start: number } {
    if (!inPlace) return { slab: Buffer.alloc(size + 50, GUARD), start: this.start === 11 ? 29 : 11 }
    if (size > this.capacity) {
      const larger = Buffer.alloc(this.start + size + 20, GUARD)
      this.slab.copy(larger, this.start, this.start, this.start + this.capacity)
      this.slab = larger
      this.capacity = size
    }
    return { slab: this.slab, start: this.start }
  }

  edit(size: number, inPlace: boolean, run: (dst: Buffer, dstStart: number) => number): number {
    const before = Buffer.from(this.slab)
    const dst = this.target(size, inPlace)
    const result = run(dst.slab, dst.start)
    if (!inPlace) {
      expect(this.slab.equals(before)).toBe(true)
      this.slab = dst.slab
      this.start = dst.start
      this.capacity = size
    }
    for (let i = 0; i < this.start; i++) expect(this.slab[i]).toBe(GUARD)
    for (let i = this.start + this.capacity; i < this.slab.length; i++) expect(this.slab[i]).toBe(GUARD)
    return result
  }

  bytes(size: number): Buffer {
    return this.slab.subarray(this.start, this.start + size)
  }

  text(pos: number): string {
    const target = Buffer.alloc(lpTextLength(this.slab, pos))
    lpCopyText(this.slab, pos, target, 0)
    return target.toString('latin1')
  }

  insert(pos: number, texts: readonly string[], inPlace: boolean): number {
    const parts = texts.map(text => Buffer.from(`[${text}]`, 'latin1'))
    const added = parts.reduce((sum, part) => sum + lpEncodedSize(part, 1, part.length - 1), 0)
    const size = lpSplicedSize(this.slab, this.start, pos, 0, added)
    const { slab, start } = this
    return this.edit(size, inPlace, (dst, dstStart) => {
      const src = inPlace ? dst : slab
      const [a, b] = parts
      if (parts.length === 1) return lpInsertInto(src, start, dst, dstStart, pos, a, 1, a.length - 1)
      if (parts.length === 2) {
        return lpInsertPairInto(src, start, dst, dstStart, pos, a, 1, a.length - 1, b, 1, b.length - 1)
      }
      const gap = lpSplice(src, start, dst, dstStart, pos, 0, parts.length, added)
      expect(parts.reduce((at, part) => lpWriteEntry(dst, at, part, 1, part.length - 1), gap)).toBe(gap + added)
      return gap
    })
  }

  replace(pos: number, text: string, inPlace: boolean): number {
    const part = Buffer.from(`[${text}]`, 'latin1')
    const size = lpSplicedSize(this.slab, this.start, pos, 1, lpEncodedSize(part, 1, part.length - 1))
    const { slab, start } = this
    return this.edit(size, inPlace, (dst, dstStart) =>
      lpReplaceInto(inPlace ? dst : slab, start, dst, dstStart, pos, part, 1, part.length - 1),
    )
  }

  delete(pos: number, count: number, inPlace: boolean): number {
    const size = lpSplicedSize(this.slab, this.start, pos, count, 0)
    const { slab, start } = this
    return this.edit(size, inPlace, (dst, dstStart) =>
      lpDeleteInto(inPlace ? dst : slab, start, dst, dstStart, pos, count),
    )
  }
}

function expectSame(slot: Slot, model: readonly string[]): void {
  const reference = referenceListpack(model)
  expect(slot.bytes(reference.length).equals(reference)).toBe(true)
  expect(lpValidate(slot.slab, slot.start, reference.length, true)).toBe(true)
  expect(lpLength(slot.slab, slot.start)).toBe(model.length)
  const forwards: string[] = []
  for (let pos = lpFirst(slot.slab, slot.start); pos >= 0; pos = lpNext(slot.slab, slot.start, pos)) {
    forwards.push(slot.text(pos))
  }
  expect(forwards).toEqual(model)
  const backwards: string[] = []
  for (let pos = lpLast(slot.slab, slot.start); pos >= 0; pos = lpPrev(slot.slab, slot.start, pos)) {
    backwards.push(slot.text(pos))
  }
  expect(backwards.reverse()).toEqual(model)
}

const near = (...centers: number[]) =>
  fc
    .tuple(fc.constantFrom(...centers), fc.integer({ min: -2, max: 2 }))
    .map(([center, off]) => Math.max(0, center + off))
const element = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.integer().map(String),
  near(0, 128, -4096, 4096, -32768, 32768, -8388608, 8388608, 2147483648, 4294967296).map(String),
  near(128, 4096, 32768, 8388608, 2147483648, 4294967296).map(value => `-${value}`),
  fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }).map(String),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775808', '007', '-0', ''),
  fc
    .tuple(near(64, 126, 4096, 16380), fc.constantFrom('x', '1', '\0', '\xff'))
    .map(([length, unit]) => unit.repeat(length)),
)
const operation = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'insertAfter', 'replace', 'delete', 'seek'),
  at: fc.nat(1000),
  texts: fc.array(element, { minLength: 1, maxLength: 4 }),
  count: fc.integer({ min: 0, max: 4 }),
  inPlace: fc.boolean(),
})

describe('editing a listpack', () => {
  test('lpEmpty writes seven bytes', () => {
    const slab = Buffer.alloc(12, GUARD)
    lpEmpty(slab, 3)
    expect(slab).toEqual(Buffer.from([GUARD, GUARD, GUARD, 7, 0, 0, 0, 0, 0, 0xff, GUARD, GUARD]))
  })

  test('every element is encoded as the reference does, in the announced size', () => {
    fc.assert(
      fc.property(element, text => {
        const bytes = Buffer.from(`12${text}34`, 'latin1')
        const dst = Buffer.alloc(text.length + 20, GUARD)
        const entry = referenceEntry(text)
        expect(lpEncodedSize(bytes, 2, bytes.length - 2)).toBe(entry.length)
        expect(lpWriteEntry(dst, 4, bytes, 2, bytes.length - 2)).toBe(4 + entry.length)
        expect(
          dst.equals(
            Buffer.concat([Buffer.alloc(4, GUARD), entry, Buffer.alloc(dst.length - 4 - entry.length, GUARD)]),
          ),
        ).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('any run of edits, in place or into other slots, leaves what an array of strings would hold', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), operations => {
        const slot = new Slot()
        const model: string[] = []
        for (const { kind, at, texts, count, inPlace } of operations) {
          const index = at % (model.length + 1)
          const pos = lpSeek(slot.slab, slot.start, index)
          expect(pos === -1).toBe(index === model.length)
          if (kind === 'insert' || (kind === 'insertAfter' && pos < 0)) {
            const inserted = slot.insert(pos, texts, inPlace)
            model.splice(index, 0, ...texts)
            expect(slot.text(inserted)).toBe(texts[0])
          } else if (kind === 'insertAfter') {
            slot.insert(lpNext(slot.slab, slot.start, pos), texts, inPlace)
            model.splice(index + 1, 0, ...texts)
          } else if (kind === 'replace' && pos >= 0) {
            expect(slot.text(slot.replace(pos, texts[0], inPlace))).toBe(texts[0])
            model[index] = texts[0]
          } else if (kind === 'delete' && pos >= 0) {
            const next = slot.delete(pos, count, inPlace)
            model.splice(index, count)
            expect(next === -1 ? undefined : slot.text(next)).toBe(model[index])
          } else if (kind === 'seek' && pos >= 0) {
            expect(slot.text(pos)).toBe(model[index])
            expect(lpSeek(slot.slab, slot.start, index - model.length)).toBe(pos)
          }
          expectSame(slot, model)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('the count is given up at 65535 elements and found again when it fits', () => {
    const slot = new Slot()
    const model = Array.from({ length: 65533 }, (_, i) => String(i % 128))
    slot.insert(-1, model, false)
    expect(slot.slab.readUInt16LE(slot.start + 4)).toBe(65533)

    for (const texts of [['a'], ['b', '-5'], ['c']]) {
      slot.insert(-1, texts, true)
      model.push(...texts)
      expect(slot.slab.readUInt16LE(slot.start + 4)).toBe(Math.min(model.length, 65535))
      expectSame(slot, model)
    }
    slot.replace(lpSeek(slot.slab, slot.start, 3), 'replaced', true)
    model[3] = 'replaced'
    expectSame(slot, model)

    const last = lpPrev(slot.slab, slot.start, lpEnd(slot.slab, slot.start))
    slot.delete(last, 1, true)
    slot.delete(lpFirst(slot.slab, slot.start), 3, true)
    expect(slot.slab.readUInt16LE(slot.start + 4)).toBe(65535)
    expect(lpLength(slot.slab, slot.start)).toBe(65533)
    expect(slot.slab.readUInt16LE(slot.start + 4)).toBe(65533)
    expectSame(slot, model.slice(3, -1))
  })

  test('deleting more than there is ends at the last element', () => {
    for (const inPlace of [true, false]) {
      const slot = new Slot()
      slot.insert(-1, ['a', 'b', '3', '4'], false)
      expect(slot.delete(lpSeek(slot.slab, slot.start, 1), 1000, inPlace)).toBe(-1)
      expectSame(slot, ['a'])
      expect(slot.delete(lpFirst(slot.slab, slot.start), 1, inPlace)).toBe(-1)
      expectSame(slot, [])
    }
  })
})
