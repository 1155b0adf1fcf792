import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { doubleText } from '../../../src/bytes/floats/double-text.js'
import {
  parseDouble,
  parseScore,
  parseScoreBound,
  parseScoreStrictly,
  parseWeight,
} from '../../../src/bytes/floats/doubles.js'

type Parse = (bytes: Buffer, start: number, end: number) => number

/** Reads a text that lies among others: what is around it must not count. */
function read(parse: Parse, text: string): number {
  const bytes = Buffer.from(`1${text}1`, 'latin1')
  return parse(bytes, 1, bytes.length - 1)
}

/** A number that JavaScript and C read alike. */
const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 25 }),
    fc.constantFrom('', '.'),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 25 }),
    fc.oneof(
      fc.constant(''),
      fc.integer({ min: -340, max: 320 }).map(power => `e${power}`),
      fc.nat(30).map(power => `E+${power}`),
    ),
  )
  .filter(([, whole, , fraction]) => whole.length + fraction.length > 0)
  .map(parts => parts.join(''))

describe('reading doubles', () => {
  test('any decimal number is the double nearest to it, unless there is none near', () => {
    fc.assert(
      fc.property(decimal, text => {
        const value = Number(text)
        const tooLarge = !Number.isFinite(value)
        const tooSmall = value === 0 && /[1-9]/.test(text.replace(/e.*/i, ''))
        expect(read(parseDouble, text)).toBe(tooLarge || tooSmall ? Number.NaN : value)
        expect(read(parseScoreBound, text)).toBe(value)
        expect(read(parseScore, text)).toBe(value)
        expect(read(parseScoreStrictly, text)).toBe(value)
      }),
      { numRuns: 5000 },
    )
  })

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), value => {
        expect(read(parseDouble, doubleText(value))).toBe(value)
      }),
      { numRuns: 5000 },
    )
  })

  test.each([
    ['inf', Number.POSITIVE_INFINITY],
    ['+INF', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['0x10', 16],
    ['-0X1.8p1', -3],
    ['0x.8', 0.5],
    ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
    ['0x1p-1074', 5e-324],
    ['0x1.8p-1074', 1e-323],
    ['0x1.00000000000008', 1],
    ['0x1.000000000000080000000000000000000001', 1 + Number.EPSILON],
    ['0x1.00000000000018', 1 + 2 * Number.EPSILON],
    ['4.9e-324', 5e-324],
    ['2.4703282292062328e-324', 5e-324],
    ['1.7976931348623158e308', Number.MAX_VALUE],
    ['-0', -0],
    ['0e99999999999999999999', 0],
    ['.5', 0.5],
    ['5.', 5],
    ['007', 7],
    ['9007199254740993', 9007199254740992],
    ['9223372036854775807', 2 ** 63],
  ])('%s is %d', (text, value) => {
    expect(read(parseDouble, text)).toBe(value)
  })

  test('very many digits count, and all of them', () => {
    const half = `9007199254740993${'0'.repeat(3000)}`
    expect(read(parseDouble, `${half}e-3000`)).toBe(9007199254740992)
    expect(read(parseDouble, `${half}1e-3001`)).toBe(9007199254740994)
    expect(read(parseDouble, `0.${'0'.repeat(5000)}25e5001`)).toBe(2.5)
    expect(read(parseDouble, `1${'0'.repeat(5000)}`)).toBeNaN()
    expect(read(parseDouble, `1${'0'.repeat(5000)}e-5000`)).toBe(1)
    expect(read(parseDouble, `0x1${'0'.repeat(5000)}p-20000`)).toBe(1)
  })

  const NONE = ['abc', '-', '+', '.', '.e1', '--1', '-abc', 'in', '0b1e', 'e5']
  const NUMBER_AND_MORE = ['1 ', '1x', '1e', '1e+', '0x', '0xg', '0x.p1', '1_0', 'infx', 'infinit', '1,5', '1.2.3']

  test.each([...NONE, ...NUMBER_AND_MORE, '', ' ', ' 1', '\t1', '1\0', 'nan', '-NaN(12)', '1e400', '-1e400', '1e-400'])(
    'a value cannot be %j',
    text => {
      expect(read(parseDouble, text)).toBeNaN()
    },
  )

  test.each([...NONE, ...NUMBER_AND_MORE, ' ', 'nan', 'nan(1)', 'nan\0'])('no end of a range can be %j', text => {
    expect(read(parseScoreBound, text)).toBeNaN()
  })

  test.each([
    ['', 0],
    ['\0', 0],
    [' \t\n1.5', 1.5],
    ['1\0abc', 1],
    ['1e400', Number.POSITIVE_INFINITY],
    ['-1e400', Number.NEGATIVE_INFINITY],
    ['1e-400', 0],
  ])('an end of a range can be %j', (text, value) => {
    expect(read(parseScoreBound, text)).toBe(value)
  })

  test.each(NUMBER_AND_MORE)('the score that %j begins with is read', text => {
    const value = text.startsWith('inf') ? Number.POSITIVE_INFINITY : Number.parseFloat(text)
    expect(read(parseScore, text)).toBe(value)
    expect(read(parseScoreStrictly, text)).toBe(value)
  })

  test.each(NONE.filter(text => text !== '0b1e'))('%j is no score', text => {
    expect(read(parseScore, text)).toBe(0)
    expect(read(parseScoreStrictly, text)).toBeNaN()
  })

  test.each(['nan', '-nan', 'NaN(x_1)'])('%j is no number', text => {
    expect(read(parseScore, text)).toBeNaN()
    expect(read(parseScoreStrictly, text)).toBeNaN()
  })

  test('of a score in a listpack 127 bytes count', () => {
    expect(read(parseScore, `${'0'.repeat(126)}12`)).toBe(1)
  })
})

/** What redis-server's SORT makes of these: the numbers, or NaN for "can't be converted into double". */
describe('what SORT compares by', () => {
  test.each([
    ['', 0],
    [' 5', 5],
    ['5\0x', 5],
    ['\0', 0],
    ['-0', -0],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['0x10', 16],
    ['0x1p-1074', 2 ** -1074],
    ['2.2250738585072014e-308', 2 ** -1022],
    ['2.2250738585072013e-308', 2 ** -1022],
    ['9007199254740993', 2 ** 53],
  ])('%j is %d', (text, value) => {
    expect(read(parseWeight, text)).toBe(value)
  })

  test.each(['5 ', ' ', 'x', '1_0', 'nan', '-nan', '1e400', '1e-400', '1e-310', '0x1.8p-1074', '0x1p-1075'])(
    '%j is no number',
    text => {
      expect(read(parseWeight, text)).toBeNaN()
    },
  )
})
