import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DOUBLE_TEXT_BYTES,
  doubleText,
  preciseText,
  writeDouble,
  writeFloat,
} from '../../../src/bytes/floats/double-text.js'

/** Bits of doubles, and how Redis 7.2.5 writes them. */
const TEXTS: readonly [bits: string, text: string][] = JSON.parse(
  readFileSync(new URL('../../fixtures/double-texts.json', import.meta.url), 'utf8'),
)

function doubleOfBits(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE(0)
}

describe('writing doubles', () => {
  test('gives the text of Redis 7.2.5, also where it is not the shortest', () => {
    for (const [bits, text] of TEXTS) expect({ bits, text: doubleText(doubleOfBits(bits)) }).toEqual({ bits, text })
    const shortest = TEXTS.filter(([bits, text]) => digitsOf(text) === digitsOf(String(doubleOfBits(bits))))
    expect(shortest.length).toBeLessThan(TEXTS.length - 20)
  })

  test.each([
    [0, '0'],
    [-0, '-0'],
    [-7, '-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [2 ** 53, '9007199254740992'],
    [-(2 ** 62), '-4611686018427387904'],
    [2 ** 62 + 1024, '4611686018427389000'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
  ])('%d is %s', (value, text) => {
    expect(doubleText(value)).toBe(text)
  })

  test.each([
    [100, '100'],
    [1e9, '1e+9'],
    [-1e9, '-1e+9'],
    [-0, '-0'],
    [2 ** 53, '9007199254740992'],
    [1.5, '1.5'],
  ])('%d as a float is %s', (value, text) => {
    const target = Buffer.alloc(DOUBLE_TEXT_BYTES)
    expect(target.toString('latin1', 0, writeFloat(target, 0, value))).toBe(text)
  })

  test.each([
    [0.1, '0.10000000000000001'],
    [-0, '-0'],
    [3, '3'],
    [-1.5, '-1.5'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [123456789012345680, '1.2345678901234568e+17'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [1e-7, '9.9999999999999995e-08'],
    [5e-324, '4.9406564584124654e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    // Halves go to the even digit.
    [562949953421311 + 1 / 8, '562949953421311.12'],
    [562949953421311 + 3 / 8, '562949953421311.38'],
    [-562949953421311 - 1 / 8, '-562949953421311.12'],
    [Number.POSITIVE_INFINITY, 'inf'],
  ])('%d with 17 digits is %s', (value, text) => {
    expect(preciseText(value)).toBe(text)
  })

  test('any double reads back as itself, and its text has the room it was promised', () => {
    fc.assert(
      fc.property(double, value => {
        const text = doubleText(value)
        expect(text.length).toBeLessThanOrEqual(DOUBLE_TEXT_BYTES)
        expect(Number(text.replace('inf', 'Infinity'))).toBe(value)
      }),
      { numRuns: 20_000 },
    )
  })

  test('writes nothing outside of its text', () => {
    const target = Buffer.alloc(40, '.')
    expect(writeDouble(target, 3, 0.125)).toBe(8)
    expect(target.toString('latin1', 0, 10)).toBe('...0.125..')
  })
})

const double = fc.oneof(
  fc.double({ noNaN: true }),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -25, max: 25 })).map(([digits, power]) => digits * 10 ** power),
  fc.integer({ min: -1074, max: 1023 }).map(power => 2 ** power),
)

/** The significant digits of a number's text. */
function digitsOf(text: string): string {
  return text
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '')
}
