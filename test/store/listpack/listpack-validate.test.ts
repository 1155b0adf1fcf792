import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lpFirst, lpLast, lpLength, lpNext, lpPrev } from '../../../src/store/listpack/listpack.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import { referenceListpack } from './listpack-reference.js'

const START = 7
const ELEMENTS = [
  'field',
  '1',
  'x'.repeat(63),
  '-4096',
  'y'.repeat(64),
  '30000',
  'z'.repeat(130),
  '8000000',
  '',
  '-2147483648',
]
const SOUND = referenceListpack([...ELEMENTS, '9223372036854775807', 'w'.repeat(4096), 'end'])

/** The listpack inside a slab that ends with it, and a view that throws when a byte outside of [START, end) is read. */
function guarded(listpack: Buffer): Buffer {
  const slab = Buffer.concat([Buffer.alloc(START, 0x80), listpack, Buffer.alloc(5, 0x80)])
  return new Proxy(slab, {
    get(target, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (index < START || index >= START + listpack.length) throw new RangeError(`read at ${index - START}`)
      if (Number.isInteger(index)) return target[index]
      return key === 'length' ? target.length : undefined
    },
  })
}

const check = (listpack: Buffer, deep = true) => lpValidate(guarded(listpack), START, listpack.length, deep)

function changed(change: (listpack: Buffer) => void): Buffer {
  const copy = Buffer.from(SOUND)
  change(copy)
  return copy
}

describe('lpValidate', () => {
  test('the guard of these tests notices a read outside', () => {
    expect(() => guarded(SOUND)[START - 1]).toThrow(RangeError)
    expect(() => guarded(SOUND)[START + SOUND.length]).toThrow(RangeError)
    expect(guarded(SOUND)[START]).toBe(SOUND[0])
  })

  test('sound listpacks pass', () => {
    for (const listpack of [SOUND, referenceListpack([]), referenceListpack(['7'])]) {
      expect(check(listpack)).toBe(true)
      expect(check(listpack, false)).toBe(true)
    }
    expect(check(changed(listpack => listpack.writeUInt16LE(65535, 4)))).toBe(true)
  })

  test('a size that the header, the slab or the minimum contradicts fails', () => {
    for (const size of [0, 1, 6, SOUND.length - 1, SOUND.length + 1]) {
      for (const deep of [true, false]) {
        expect(lpValidate(SOUND, 0, size, deep)).toBe(false)
        expect(lpValidate(SOUND, -1, size, deep)).toBe(false)
      }
    }
    const cut = SOUND.subarray(0, SOUND.length - 3)
    expect(lpValidate(cut, 0, SOUND.length, false)).toBe(false)
    const boastful = changed(lp => lp.writeUInt32LE(lp.length + 100, 0))
    expect(lpValidate(guarded(boastful), START, boastful.length + 100, false)).toBe(false)
  })

  test.each<[string, (listpack: Buffer) => void]>([
    ['a count one too high', lp => lp.writeUInt16LE(lp.readUInt16LE(4) + 1, 4)],
    ['a count of nothing', lp => lp.writeUInt16LE(0, 4)],
    ['an EOF too early', lp => lp.fill(0xff, 6, 7)],
    ['an unknown encoding', lp => lp.fill(0xf5, 6, 7)],
    ['a string longer than the rest', lp => lp.set([0xf0, 0xff, 0xff, 0xff, 0xff], 6)],
    ['a length field cut off by the end', lp => lp.fill(0xf0, lp.length - 2, lp.length - 1)],
    ['a backlen that is too short', lp => lp.fill(5, 12, 13)],
    ['a backlen that never ends', lp => lp.fill(0xff, 7, 13)],
  ])('%s fails the deep check only', (_, change) => {
    const listpack = changed(change)
    expect(check(listpack, false)).toBe(true)
    expect(check(listpack)).toBe(false)
  })

  test('hostile bytes: it answers, reads nothing outside, and what passes can be walked both ways', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
    const small = referenceListpack([...ELEMENTS, '9223372036854775807'])
    let passed = 0
    let refused = 0
    fc.assert(
      fc.property(flips, edits => {
        const listpack = Buffer.from(small)
        for (const [at, value] of edits) listpack[4 + (at % (listpack.length - 4))] = value
        if (!check(listpack)) {
          refused++
          return
        }
        passed++
        walkBothWays(listpack)
      }),
      { numRuns: 3000 },
    )
    expect(passed).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(10)
  })

  test('random bytes behind a fitting header: the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (body, unknownCount) => {
        const listpack = Buffer.concat([Buffer.alloc(6), body, Buffer.of(0xff)])
        listpack.writeUInt32LE(listpack.length, 0)
        listpack.writeUInt16LE(unknownCount ? 65535 : body.length >> 1, 4)
        if (check(listpack)) walkBothWays(listpack)
      }),
      { numRuns: 3000 },
    )
  })

  test('walks end on damaged bytes that were never checked', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), body => {
        const listpack = Buffer.concat([Buffer.alloc(20), body, Buffer.of(0xff), Buffer.alloc(20)])
        listpack.writeUInt32LE(body.length + 7, 14)
        listpack.writeUInt16LE(65535, 18)
        let steps = lpLength(listpack, 14)
        for (let pos = lpLast(listpack, 14); pos >= 0; pos = lpPrev(listpack, 14, pos)) {
          expect(pos).toBeGreaterThanOrEqual(20)
          steps++
        }
        expect(steps).toBeLessThanOrEqual(2 * body.length)
      }),
      { numRuns: 1000 },
    )
  })
})

function walkBothWays(listpack: Buffer): void {
  const view = guarded(listpack)
  const forwards: number[] = []
  for (let pos = lpFirst(view, START); pos >= 0; pos = lpNext(view, START, pos)) forwards.push(pos)
  const backwards: number[] = []
  for (let pos = lpLast(view, START); pos >= 0; pos = lpPrev(view, START, pos)) backwards.push(pos)
  expect(backwards.reverse()).toEqual(forwards)
}
