import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BitOperation, combineBits, countBitRange, countBits, findBit } from '../../src/bytes/bits.js'

/** Bytes that begin anywhere in memory, at a multiple of four or not; with runs, as bitmaps have them. */
const bitmap = fc
  .tuple(
    fc.nat(7),
    fc.array(
      fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        fc.tuple(fc.constantFrom(0, 255), fc.nat(300)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
      ),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([offset, parts]) =>
    Buffer.concat([Buffer.alloc(offset, 0x5a), ...parts, Buffer.alloc(8, 0xa5)]).subarray(offset, -8),
  )
  .filter(({ length }) => length > 0)

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
}

/** A bitmap and two positions in it, in order. */
const bitmapAndRange = bitmap.chain(bytes =>
  fc
    .tuple(fc.constant(bytes), fc.nat(bytes.length * 8 - 1), fc.nat(bytes.length * 8 - 1))
    .map(([, a, b]) => ({ bytes, from: Math.min(a, b), to: Math.max(a, b) })),
)

describe('bits of a range', () => {
  test('are counted', () => {
    fc.assert(
      fc.property(bitmapAndRange, ({ bytes, from, to }) => {
        const expected = bitsOf(bytes)
          .slice(from, to + 1)
          .replaceAll('0', '').length
        expect(countBitRange(bytes, 0, from, to)).toBe(expected)
      }),
    )
  })

  test('are found', () => {
    fc.assert(
      fc.property(bitmapAndRange, fc.constantFrom(0, 1), ({ bytes, from, to }, bit) => {
        const at = bitsOf(bytes)
          .slice(from, to + 1)
          .indexOf(String(bit))
        expect(findBit(bytes, 0, from, to, bit)).toBe(at < 0 ? -1 : from + at)
      }),
    )
  })

  test('are counted from where the string begins', () => {
    const bytes = Buffer.from('..abc..', 'latin1')
    expect(countBits(bytes, 2, 5)).toBe(countBits(Buffer.from('abc'), 0, 3))
    expect(countBitRange(bytes, 2, 8, 15)).toBe(countBits(Buffer.from('b'), 0, 1))
    expect(findBit(bytes, 2, 8, 23, 1)).toBe(9)
  })
})

describe('bitwise operations', () => {
  /** Of a bit, by all sources' bits. */
  const combine: { [name in BitOperation]: (bits: readonly number[]) => boolean } = {
    and: bits => !bits.includes(0),
    or: bits => bits.includes(1),
    xor: bits => bits.filter(bit => bit === 1).length % 2 === 1,
    not: ([bit]) => bit === 0,
    diff: ([first, ...others]) => first === 1 && !others.includes(1),
    diff1: ([first, ...others]) => first === 0 && others.includes(1),
    andor: ([first, ...others]) => first === 1 && others.includes(1),
    one: bits => bits.filter(bit => bit === 1).length === 1,
  }

  function naive(operation: BitOperation, sources: readonly Buffer[], length: number): Buffer {
    const result = Buffer.alloc(length)
    for (let i = 0; i < length; i++) {
      const bytes = sources.map(source => source[i] ?? 0)
      for (let bit = 0; bit < 8; bit++) {
        if (combine[operation](bytes.map(byte => (byte >>> bit) & 1))) result[i] |= 1 << bit
      }
    }
    return result
  }

  function expectNaive(operation: BitOperation, sources: readonly Buffer[]): void {
    const length = Math.max(...sources.map(source => source.length))
    const result = Buffer.allocUnsafeSlow(length).fill(0x77)
    combineBits(operation, sources, result)
    expect(result.equals(naive(operation, sources, length))).toBe(true)
  }

  test('combine strings of any lengths', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BitOperation>('and', 'or', 'xor', 'one'),
        fc.array(bitmap, { minLength: 1, maxLength: 5 }),
        expectNaive,
      ),
    )
    fc.assert(
      fc.property(
        fc.constantFrom<BitOperation>('diff', 'diff1', 'andor'),
        fc.array(bitmap, { minLength: 2, maxLength: 5 }),
        expectNaive,
      ),
    )
    fc.assert(fc.property(bitmap, bytes => expectNaive('not', [bytes])))
  })

  test('combine large strings, which end in different blocks', () => {
    const pattern = (length: number, factor: number, offset: number): Buffer => {
      const bytes = Buffer.alloc(length + offset)
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * factor) >>> 3
      return bytes.subarray(offset)
    }
    const sources = [pattern(200_003, 7, 1), pattern(70_001, 11, 0), pattern(65_536, 13, 2), pattern(131_073, 17, 0)]
    for (const operation of ['and', 'or', 'xor', 'diff', 'diff1', 'andor', 'one'] as const) {
      expectNaive(operation, sources)
    }
    expectNaive('not', sources)
  })
})
