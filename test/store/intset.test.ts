import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  INTSET_HEADER_SIZE,
  IntsetWalk,
  intsetBytes,
  intsetCopyText,
  intsetEmpty,
  intsetEncoding,
  intsetGrownBytes,
  intsetInsertInto,
  intsetLength,
  intsetOf,
  intsetRemoveInto,
  intsetSearch,
  intsetValidate,
} from '../../src/store/intset.js'

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)

/** The format from its description: as many bytes an integer as the widest one that ever came needs. */
function encode(integers: readonly bigint[], width: number): Buffer {
  const sorted = [...integers].sort((a, b) => (a < b ? -1 : 1))
  const bytes = Buffer.alloc(INTSET_HEADER_SIZE + sorted.length * width)
  bytes.writeUInt32LE(width, 0)
  bytes.writeUInt32LE(sorted.length, 4)
  sorted.forEach((value, i) => {
    const at = INTSET_HEADER_SIZE + i * width
    if (width === 8) bytes.writeBigInt64LE(value, at)
    else bytes.writeIntLE(Number(value), at, width)
  })
  return bytes
}

function widthOf(value: bigint): number {
  if (value >= -32768n && value <= 32767n) return 2
  return value >= -2147483648n && value <= 2147483647n ? 4 : 8
}

const low = (value: bigint): number => Number(BigInt.asIntN(32, value))
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n))

function texts(bytes: Buffer, start: number): string[] {
  const target = Buffer.alloc(32)
  return Array.from({ length: intsetLength(bytes, start) }, (_, i) =>
    target.toString('latin1', 3, 3 + intsetCopyText(bytes, start, i, target, 3)),
  )
}

const nearBorders = fc
  .tuple(
    fc.constantFrom(0n, 32767n, -32768n, 2147483647n, -2147483648n, 1n << 32n, -(1n << 32n), 1n << 53n, -(1n << 53n)),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([border, off]) => border + BigInt(off))
const integers = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -40, max: 40 }).map(BigInt) },
  { weight: 2, arbitrary: nearBorders },
  { weight: 1, arbitrary: fc.constantFrom(INT64_MAX, INT64_MIN, INT64_MAX - 1n, INT64_MIN + 1n, -1n << 40n) },
  { weight: 1, arbitrary: fc.bigInt(INT64_MIN, INT64_MAX) },
)

describe('an intset behaves as a sorted set of integers', () => {
  test.each([
    ['in place', true],
    ['from place to place', false],
  ])('%s', (_, inPlace) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove'), integers), { maxLength: 80 }), script => {
        const start = 5
        let bytes = Buffer.alloc(start + 8 * 100, 0xee)
        intsetEmpty(bytes, start)
        const model = new Set<bigint>()
        let width = 2
        for (const [kind, value] of script) {
          const index = intsetSearch(bytes, start, low(value), high(value))
          expect(index >= 0).toBe(model.has(value))
          const to = inPlace ? bytes : Buffer.alloc(bytes.length, 0xdd)
          if (kind === 'add' && index < 0) {
            width = Math.max(width, widthOf(value))
            const grown = intsetGrownBytes(bytes, start, low(value), high(value))
            intsetInsertInto(bytes, start, to, start, -1 - index, low(value), high(value))
            expect(intsetBytes(to, start)).toBe(grown)
            model.add(value)
          } else if (kind === 'remove' && index >= 0) {
            intsetRemoveInto(bytes, start, to, start, index)
            model.delete(value)
          } else continue
          bytes = to
          const expected = encode([...model], width)
          expect(bytes.subarray(start, start + intsetBytes(bytes, start))).toEqual(expected)
          expect(intsetEncoding(bytes, start)).toBe(width)
          expect(intsetValidate(bytes, start, expected.length, true)).toBe(model.size > 0)
        }
        expect(texts(bytes, start)).toEqual([...model].sort((a, b) => (a < b ? -1 : 1)).map(String))
        expect([...bytes.subarray(0, start)].every(byte => byte === (bytes[0] === 0xee ? 0xee : 0xdd))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('made of many integers at once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(integers, { maxLength: 60 }), list => {
        const halves = Int32Array.from(list.flatMap(value => [low(value), high(value)]))
        expect(intsetOf(halves)).toEqual(encode(list, Math.max(2, ...list.map(widthOf))))
      }),
    )
  })

  test('an edit from place to place leaves the source as it was', () => {
    const source = encode([1n, 5n, 70_000n], 4)
    const before = Buffer.from(source)
    const target = Buffer.alloc(100)
    intsetInsertInto(source, 0, target, 8, 1, 3, 0)
    intsetRemoveInto(source, 0, target, 8, 1)
    intsetInsertInto(source, 0, target, 8, 3, 0, 7)
    expect(source).toEqual(before)
  })
})

describe('validation', () => {
  const sound = encode([-5n, 3n, 900n], 2)

  test('takes what is sound, wherever it lies', () => {
    for (const bytes of [sound, encode([-5n, 3n], 4), encode([INT64_MIN, -1n, 0n, INT64_MAX], 8)]) {
      const placed = Buffer.concat([Buffer.alloc(3, 1), bytes, Buffer.alloc(3, 1)])
      expect(intsetValidate(placed, 3, bytes.length, true)).toBe(true)
    }
  })

  test.each([
    ['an empty one', encode([], 2)],
    ['an unknown encoding', Buffer.concat([Buffer.from([3]), sound.subarray(1)])],
    ['a length that is too large', Buffer.concat([sound.subarray(0, 4), Buffer.from([4]), sound.subarray(5)])],
    ['a length that is too small', Buffer.concat([sound.subarray(0, 4), Buffer.from([2]), sound.subarray(5)])],
    ['half a header', sound.subarray(0, 6)],
    ['a length whose bytes overflow', Buffer.from([8, 0, 0, 0, 0, 0, 0, 0x20])],
  ])('refuses %s', (_, bytes) => {
    expect(intsetValidate(bytes, 0, bytes.length, false)).toBe(false)
    expect(intsetValidate(bytes, 0, bytes.length, true)).toBe(false)
  })

  test.each([
    ['integers out of order', [3n, 2n]],
    ['an integer twice', [2n, 2n]],
    ['an integer twice', [-1n, -1n]],
  ])('refuses %s when it looks at all of them', (_, pair) => {
    for (const width of [2, 4, 8]) {
      const bytes = encode([pair[0], 1n << 14n], width)
      // Overwrites the second integer, which encode() would sort.
      if (width === 8) bytes.writeBigInt64LE(pair[1], INTSET_HEADER_SIZE + width)
      else bytes.writeIntLE(Number(pair[1]), INTSET_HEADER_SIZE + width, width)
      expect(intsetValidate(bytes, 0, bytes.length, false)).toBe(true)
      expect(intsetValidate(bytes, 0, bytes.length, true)).toBe(false)
    }
  })

  test('compares 64-bit integers whose halves order differently', () => {
    const ascending = [-(1n << 33n), -(1n << 32n) - 1n, -1n, 0xffffffffn, 1n << 32n]
    const bytes = encode(ascending, 8)
    expect(intsetValidate(bytes, 0, bytes.length, true)).toBe(true)
    const swapped = Buffer.from(bytes)
    swapped.writeBigInt64LE(1n << 32n, INTSET_HEADER_SIZE + 24)
    swapped.writeBigInt64LE(0xffffffffn, INTSET_HEADER_SIZE + 32)
    expect(intsetValidate(swapped, 0, bytes.length, true)).toBe(false)
  })

  test('goes on where it stopped, and finds damage wherever it is', () => {
    const many = Array.from({ length: 1000 }, (_, i) => BigInt(i * 3))
    const bytes = encode(many, 2)
    const walk = new IntsetWalk(bytes, 0)
    let steps = 1
    while (walk.check(64) === 'going on') steps++
    expect(steps).toBe(Math.ceil(999 / 64))
    for (const at of [1, 63, 64, 65, 500, 999]) {
      const damaged = Buffer.from(bytes)
      damaged.writeInt16LE(at * 3 - 3, INTSET_HEADER_SIZE + at * 2)
      const again = new IntsetWalk(damaged, 0)
      let verdict = again.check(64)
      while (verdict === 'going on') verdict = again.check(64)
      expect(verdict).toBe('damaged')
    }
  })
})
