import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  doubleHigh,
  doubleLow,
  doubleOf,
  halfOfUnsigned,
  unsignedHalf,
} from '../../../src/store/ordered-tree/sort-prefix.js'

type Halves = readonly [high: number, low: number]

/** As an ordered tree compares. */
function compare(a: Halves, b: Halves): number {
  return Math.sign(a[0] - b[0] || a[1] - b[1])
}

function ofDouble(value: number): Halves {
  return [doubleHigh(value), doubleLow(value)]
}
function ofUnsigned(value: bigint): Halves {
  return [halfOfUnsigned(Number(value >> 32n)), halfOfUnsigned(Number(value & 0xffffffffn))]
}

const double = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer().map(value => value / 2),
  fc.constantFrom(
    0,
    -0,
    5e-324,
    -5e-324,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.POSITIVE_INFINITY,
    -1,
    1,
    2 ** 53,
  ),
)
const unsigned = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
)

describe('the prefix an ordered tree sorts by', () => {
  test('has the order of doubles, and is a double again', () => {
    fc.assert(
      fc.property(double, double, (a, b) => {
        expect(compare(ofDouble(a), ofDouble(b))).toBe(a < b ? -1 : a > b ? 1 : 0)
        expect(doubleOf(...ofDouble(a))).toBe(a + 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('has infinities at its ends, and one zero', () => {
    const values = [Number.NEGATIVE_INFINITY, -Number.MAX_VALUE, -1, -5e-324, 0, 5e-324, 1, Number.MAX_VALUE, Infinity]
    const shuffled = values.toReversed().map(ofDouble).sort(compare)
    expect(shuffled.map(halves => doubleOf(...halves))).toEqual(values)
    expect(ofDouble(-0)).toEqual(ofDouble(0))
  })

  test('has the order of unsigned 64-bit integers, and is one again', () => {
    fc.assert(
      fc.property(unsigned, unsigned, (a, b) => {
        expect(compare(ofUnsigned(a), ofUnsigned(b))).toBe(a < b ? -1 : a > b ? 1 : 0)
        const [high, low] = ofUnsigned(a)
        expect(BigInt(unsignedHalf(high)) * 2n ** 32n + BigInt(unsignedHalf(low))).toBe(a)
      }),
      { numRuns: 2000 },
    )
  })

  test('is two integers of 32 bits with a sign', () => {
    for (const value of [-1.5, 1e300, -1e-300, 0, Number.NEGATIVE_INFINITY]) {
      for (const half of ofDouble(value)) expect(half | 0).toBe(half)
    }
    for (const half of ofUnsigned(2n ** 64n - 1n)) expect(half).toBe(2 ** 31 - 1)
    for (const half of ofUnsigned(0n)) expect(half).toBe(-(2 ** 31))
  })
})
