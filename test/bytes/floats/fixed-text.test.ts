import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FIXED_TEXT_BYTES, fixed6Text, writeDecimals, writeFixed4 } from '../../../src/bytes/floats/fixed-text.js'
import { formatLongDouble, toLongDouble } from '../../../src/bytes/floats/long-double.js'

const buffer = Buffer.alloc(FIXED_TEXT_BYTES + 2)

function textOf(write: typeof writeDecimals, value: number): string {
  return buffer.toString('latin1', 2, write(buffer, 2, value))
}

test('decimals are those of a long double', () => {
  const coordinates = fc.oneof(
    fc.double({ min: -180, max: 180, noNaN: true }),
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }).map(cell => cell * 2 ** -45),
    fc.double({ min: -1e-5, max: 1e-5, noNaN: true }),
    fc.constantFrom(0, -0, 180, -180, 0.5, -0.25, 1 - 2 ** -53, 2 ** -60, 2 ** 52 + 0.5, 1e15),
  )
  fc.assert(
    fc.property(coordinates, value => {
      expect(textOf(writeDecimals, value)).toBe(formatLongDouble(toLongDouble(value)))
    }),
    { numRuns: 3000 },
  )
})

test.each([
  [0, '0.0000'],
  [0.00004, '0.0000'],
  [0.00006, '0.0001'],
  [0.775, '0.7750'],
  [166274.1516, '166274.1516'],
  [0.03125, '0.0312'],
  [0.09375, '0.0938'],
  [99.99996, '100.0000'],
  [20015086.79602057, '20015086.7960'],
])('%d with four digits is %s', (value, expected) => {
  expect(textOf(writeFixed4, value)).toBe(expected)
})

test.each([
  [200, '200.000000'],
  [-0.5, '-0.500000'],
  [-0, '-0.000000'],
  [200.0078125, '200.007812'],
  [200.0234375, '200.023438'],
  [-200.0078125, '-200.007812'],
  [1e22, '10000000000000000000000.000000'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
])('%d with six digits is %s', (value, expected) => {
  expect(fixed6Text(value)).toBe(expected)
})
