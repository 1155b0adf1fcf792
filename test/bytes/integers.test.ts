import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  INT64_MAX,
  INT64_MIN,
  integerLength,
  parseInt64,
  parseSafeInteger,
  writeInteger,
} from '../../src/bytes/integers.js'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const safe = (text: string): number => parseSafeInteger(bytes(`<${text}>`), 1, 1 + text.length)
const int64 = (text: string): bigint | null => parseInt64(bytes(`<${text}>`), 1, 1 + text.length)

/** What string2ll accepts, said as an expression. */
function reference(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return null
  const value = BigInt(text)
  return value >= INT64_MIN && value <= INT64_MAX ? value : null
}

const almostInteger = fc.oneof(
  fc.bigInt({ min: INT64_MIN * 2n, max: INT64_MAX * 2n }).map(String),
  fc.maxSafeInteger().map(String),
  fc.string({ unit: fc.constantFrom('0', '1', '9', '-', '+', ' ', '.', 'e'), maxLength: 22 }),
)

describe('reading', () => {
  test.each(['', '-', '+1', '01', '-01', '-0', ' 1', '1 ', '1.0', '1e3', '--1', '0x1', '１'])(
    '%j is no integer',
    text => {
      expect(safe(text)).toBeNaN()
      expect(int64(text)).toBeNull()
    },
  )

  test.each([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['0', 0],
    ['-1', -1],
  ])('%s is exact as a number', (text, value) => {
    expect(safe(text)).toBe(value)
  })

  test.each(['9007199254740992', '-9007199254740992', '9223372036854775807', '-9223372036854775808'])(
    '%s is an int64 but no safe integer',
    text => {
      expect(safe(text)).toBeNaN()
      expect(int64(text)).toBe(BigInt(text))
    },
  )

  test.each(['9223372036854775808', '-9223372036854775809', '18446744073709551616', '99999999999999999999999'])(
    '%s is out of range',
    text => {
      expect(safe(text)).toBeNaN()
      expect(int64(text)).toBeNull()
    },
  )

  test('agrees with the rules on anything', () => {
    fc.assert(
      fc.property(almostInteger, text => {
        const expected = reference(text)
        expect(int64(text)).toBe(expected)
        const exact = expected !== null && Number.isSafeInteger(Number(expected))
        expect(safe(text)).toBe(exact ? Number(expected) : Number.NaN)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('writing', () => {
  const edges = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e15, Number.MAX_SAFE_INTEGER]
  test.each(edges.flatMap(edge => [edge, -edge]))('%d', value => {
    const target = Buffer.alloc(24, '.')
    const end = writeInteger(target, 2, value)
    // -0 is written as 0.
    expect(target.toString('latin1', 0, end)).toBe(`..${String(value)}`)
    expect(target.toString('latin1', end)).toMatch(/^\.*$/)
    expect(integerLength(value)).toBe(String(value).length)
  })

  test('reads back', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        const target = Buffer.alloc(20)
        expect(parseSafeInteger(target, 0, writeInteger(target, 0, value))).toBe(value)
      }),
    )
  })
})
