import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import {
  addLongDouble,
  ceilLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  type LongDouble,
  multiplyLongDouble,
  parseLongDouble,
  toLongDouble,
} from '../../../src/bytes/floats/long-double.js'
import { requireStock, startRedisServer } from '../../interop/stock.js'

function parse(text: string): LongDouble | null {
  const bytes = Buffer.from(`<${text}>`, 'latin1')
  return parseLongDouble(bytes, 1, bytes.length - 1)
}

function parsed(text: string): LongDouble {
  const value = parse(text)
  if (value === null) throw new Error(`not a number: ${text}`)
  return value
}

/** What INCRBYFLOAT replies to an increment of `value`. */
function incrByFloat(value: string, increment: string): string {
  const a = parse(value)
  const b = parse(increment)
  if (a === null || b === null) return 'ERR value is not a valid float'
  const result = addLongDouble(a, b)
  return isFiniteLongDouble(result) ? formatLongDouble(result) : 'ERR increment would produce NaN or Infinity'
}

/** The value in units of the smallest subnormal, 2^-16445. */
function units(text: string): bigint {
  const { negative, significand, exponent } = parsed(text)
  const magnitude = significand << BigInt(exponent + 16445)
  return negative ? -magnitude : magnitude
}

describe('long double', () => {
  // As C's ceill(strtold(text) * 1000) on x86.
  test.each([
    ['0', 0n],
    ['0.1', 100n],
    ['1e-9', 1n],
    ['0.0005', 1n],
    ['-0.0005', 0n],
    ['-1.5', -1500n],
    ['0.252', 252n],
    ['0.253', 254n],
    ['0.501', 502n],
    ['0x1p-8', 4n],
    ['123456789.123456789', 123456789124n],
    ['33.3333333333333333333', 33334n],
    ['9223372036854775.8069', 9223372036854775807n],
    ['1e15', 1000000000000000000n],
  ])('%s seconds are %s milliseconds, rounded up', (text, milliseconds) => {
    expect(ceilLongDouble(multiplyLongDouble(parsed(text), 1000n))).toBe(milliseconds)
  })

  test('a product may be too large for one', () => {
    expect(isFiniteLongDouble(multiplyLongDouble(parsed('1e4932'), 1000n))).toBe(false)
    expect(multiplyLongDouble(parsed('3'), -2n)).toMatchObject({ negative: true, significand: 6n })
  })

  test.each([
    ['10.50', '0.1', '10.6'],
    ['0.1', '0.2', '0.3'],
    ['5.0e3', '2.0e2', '5200'],
    ['3', '1.1', '4.1'],
    ['-1.5', '0.25', '-1.25'],
    ['1', '-1', '0'],
    ['-0.0', '-0', '0'],
    ['1e-30', '-2e-30', '0'],
    ['9007199254740993', '2', '9007199254740995'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551615', '2', '18446744073709551616'],
    ['18446744073709551615', '3', '18446744073709551618'],
    ['1e20', '0.5', '100000000000000000000'],
    ['17179869184', '0.1', '17179869184.09999999962747097'],
    ['0x10', '0x.8p1', '17'],
  ])('%s + %s is %s', (a, b, expected) => {
    expect(formatLongDouble(addLongDouble(parsed(a), parsed(b)))).toBe(expected)
    expect(formatLongDouble(addLongDouble(parsed(b), parsed(a)))).toBe(expected)
  })

  test.each([
    '1',
    '-1',
    '+1',
    '.5',
    '5.',
    '-.5e1',
    '1E5',
    '1e+5',
    '0x1F',
    '0X.8P-1',
    '0x1.',
    'inf',
    '-INF',
    '+Infinity',
  ])('reads %s', text => {
    expect(parse(text)).not.toBeNull()
  })

  test.each(
    [
      '',
      ' 1',
      '1 ',
      '1\0',
      '\0',
      '+',
      '-',
      '.',
      '-.',
      '--1',
      '+-1',
      'e5',
      '.e5',
      '1e',
      '1e+',
      '1e5.',
      '1.2.3',
      '1,5',
    ].concat([
      '0x',
      '0x.',
      '0xg',
      '0x1p',
      '0x1p-',
      '0x.p1',
      '1p5',
      '12a',
      'nan',
      '-nan',
      'nan(1)',
      'in',
      'infi',
      'infinityx',
      '\xa01',
    ]),
  )('refuses %j', text => {
    expect(parse(text)).toBeNull()
  })

  test('rounds what it reads to the nearest value, halves to even', () => {
    const one = units('1')
    const ulp = 1n << (16445n - 63n)
    expect(units('0x1.0000000000000001')).toBe(one)
    expect(units('0x1.00000000000000010000000000000000000001')).toBe(one + ulp)
    expect(units('0x1.0000000000000003')).toBe(one + 2n * ulp)
    expect(units('0x1.ffffffffffffffff')).toBe(2n * one)
    expect(units('1.0000000000000000000542101086242752217003726400434970855712890625')).toBe(one)
    expect(units('1.00000000000000000005421010862427522170037264004349708557128906250001')).toBe(one + ulp)
    expect(units('1.0000000000000000000542101086242752217003726400434970855712890624999')).toBe(one)
  })

  test('ends where the x86 format ends', () => {
    expect(units('0x1p-16445')).toBe(1n)
    expect(units('0x1.8p-16445')).toBe(2n)
    expect(units('0x1.7p-16445')).toBe(1n)
    expect(units('0x.8000000001p-16445')).toBe(1n)
    expect(parse('0x1p-16446')).toBeNull()
    expect(units('3.7e-4951')).toBe(1n)
    expect(parse('1e-4951')).toBeNull()
    expect(units('0e-99999')).toBe(0n)
    expect(units('0x1.fffffffffffffffep16383')).toBe(((1n << 64n) - 1n) << (16384n - 64n + 16445n))
    expect(parse('0x1.ffffffffffffffffp16383')).toBeNull()
    expect(parse('1.2e4932')).toBeNull()
    expect(parse('1e99999999999999999999')).toBeNull()
    expect(units('0e99999999999999999999')).toBe(0n)
  })

  test('takes up to 5119 bytes of text', () => {
    expect(parse(`0.${'0'.repeat(5000)}1e5001`)).toMatchObject({ significand: 1n })
    expect(parse(`1${'0'.repeat(5000)}e-5000`)).toMatchObject({ negative: false })
    expect(units(`1${'0'.repeat(5000)}e-5000`)).toBe(units('1'))
    expect(parse(`${'0'.repeat(5118)}1`)).not.toBeNull()
    expect(parse(`${'0'.repeat(5119)}1`)).toBeNull()
  })

  test('the sum of large values is infinite, that of opposite infinities is not a number', () => {
    const most = parsed('0x1.fffffffffffffffep16383')
    expect(formatLongDouble(addLongDouble(most, most))).toBe('inf')
    expect(isFiniteLongDouble(addLongDouble(most, parsed('0x1p16319')))).toBe(false)
    expect(isFiniteLongDouble(addLongDouble(most, parsed('0x1p16318')))).toBe(true)
    const infinity = parsed('inf')
    const minusInfinity = parsed('-inf')
    expect(formatLongDouble(addLongDouble(minusInfinity, parsed('1')))).toBe('-inf')
    expect(formatLongDouble(addLongDouble(infinity, infinity))).toBe('inf')
    expect(formatLongDouble(addLongDouble(infinity, minusInfinity))).toBe('nan')
    expect(formatLongDouble(addLongDouble(addLongDouble(infinity, minusInfinity), infinity))).toBe('nan')
  })

  test('takes numbers and integers exactly', () => {
    expect(formatLongDouble(LONG_DOUBLE_ZERO)).toBe('0')
    expect(formatLongDouble(toLongDouble(-42))).toBe('-42')
    expect(formatLongDouble(toLongDouble(13.361389338970184))).toBe('13.36138933897018433')
    expect(formatLongDouble(toLongDouble(-(2 ** 60)))).toBe(`-${2n ** 60n}`)
    expect(formatLongDouble(toLongDouble(-(2n ** 63n)))).toBe(`-${2n ** 63n}`)
    expect(formatLongDouble(toLongDouble(Number.NEGATIVE_INFINITY))).toBe('-inf')
    expect(formatLongDouble(toLongDouble(Number.NaN))).toBe('nan')
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => {
        const { negative, significand, exponent } = toLongDouble(x)
        expect(Number(significand) * 2 ** Math.max(exponent, -1000) * 2 ** Math.min(exponent + 1000, 0)).toBe(
          Math.abs(x),
        )
        expect(negative).toBe(Object.is(x, -0) || x < 0)
      }),
    )
  })
})

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`))
const sign = fc.constantFrom('', '', '-', '+')
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map(all => all.join(''))
const fraction = fc.oneof(fc.constant(''), joined(fc.constant('.'), digits(25)))
const exponent = (limit: number) => fc.integer({ min: -limit, max: limit }).map(value => `e${value}`)

const operand = fc.oneof(
  { weight: 4, arbitrary: joined(sign, digits(12), fraction) },
  { weight: 2, arbitrary: joined(sign, digits(25), fraction) },
  { weight: 2, arbitrary: joined(sign, digits(5), fraction, exponent(25)) },
  { weight: 1, arbitrary: joined(sign, digits(25), fraction, exponent(4970)) },
  { weight: 2, arbitrary: fc.double().map(String) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String) },
  {
    weight: 1,
    arbitrary: joined(
      sign,
      fc.constant('0x'),
      fc.stringMatching(/^[0-9a-fA-F]{1,18}(\.[0-9a-f]{0,18})?(p-?[0-9]{1,2})?$/),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('inf', '-inf', 'Infinity', 'nan', '', ' 1', '1 ', '0x', '.', '1e', '5.', '.5', '-0'),
  },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'0123456789.-+exp '), maxLength: 7 }) },
)

/** Increments that nearly cancel the value, or lie at a rounding boundary of it. */
const pair = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(operand, operand) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(digits(18), digits(22), digits(3))
      .map(([whole, part, more]) => [`${whole}.${part}`, `-${whole}.${part}${more}`]),
  },
)

describe('long double against stock redis-server', requireStock('redis-server'), () => {
  test('INCRBYFLOAT replies the same', async () => {
    const pairs = fc.sample(pair, 6000)
    const server = await startRedisServer(['--save', ''])
    const client = new Redis(server.port)
    try {
      const pipeline = client.pipeline()
      for (const [value, increment] of pairs) pipeline.set('key', value).incrbyfloat('key', increment)
      const replies = (await pipeline.exec()) ?? []
      expect(replies.length).toBe(2 * pairs.length)
      const differing = pairs
        .map(([value, increment], index) => {
          const [error, reply] = replies[2 * index + 1]
          return { value, increment, redis: error?.message ?? reply, ours: incrByFloat(value, increment) }
        })
        .filter(each => each.redis !== each.ours)
      expect(differing).toEqual([])
    } finally {
      client.disconnect()
      await server.stop()
    }
  })
})
