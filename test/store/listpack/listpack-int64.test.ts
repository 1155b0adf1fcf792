import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  int64Halves,
  int64TextLength,
  parseInt64Halves,
  writeInt64Text,
} from '../../../src/store/listpack/listpack-int64.js'

const MIN = -(1n << 63n)
const MAX = (1n << 63n) - 1n

function parse(text: string): bigint | null {
  const bytes = Buffer.from(`9${text}9`, 'latin1')
  if (!parseInt64Halves(bytes, 1, bytes.length - 1)) return null
  return (BigInt(int64Halves[1]) << 32n) | BigInt(int64Halves[0] >>> 0)
}

function print(value: bigint): string {
  const low = Number(BigInt.asIntN(32, value))
  const high = Number(BigInt.asIntN(32, value >> 32n))
  const target = Buffer.alloc(24, '#')
  const written = writeInt64Text(low, high, target, 2)
  expect(int64TextLength(low, high)).toBe(written)
  expect(target.toString('latin1', 0, 2) + target.toString('latin1', 2 + written)).toBe('#'.repeat(24 - written))
  return target.toString('latin1', 2, 2 + written)
}

/** Values around every power of two and ten, where digits, halves and limbs carry. */
const borders = [...Array(64).keys()]
  .map(bit => 1n << BigInt(bit))
  .concat([...Array(20).keys()].map(digits => 10n ** BigInt(digits)))
  .flatMap(power => [-power - 1n, -power, -power + 1n, power - 1n, power, power + 1n])

describe('int64 as two halves', () => {
  test('every border value goes from text to halves and back unchanged, and none beyond 64 bits goes in', () => {
    for (const value of borders) {
      const inside = value >= MIN && value <= MAX
      expect(parse(String(value)), String(value)).toBe(inside ? value : null)
      if (inside) expect(print(value)).toBe(String(value))
    }
  })

  test('any int64 goes there and back unchanged', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: MIN, max: MAX }), value => {
        expect(parse(String(value))).toBe(value)
        expect(print(value)).toBe(String(value))
      }),
      { numRuns: 1000 },
    )
  })

  test('text of up to 21 digits is a number exactly if it is canonical and fits', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?[0-9]{1,21}$/), text => {
        const value = BigInt(text)
        const canonical = String(value) === text && value >= MIN && value <= MAX
        expect(parse(text)).toBe(canonical ? value : null)
      }),
      { numRuns: 1000 },
    )
  })

  test('what string2ll refuses is refused', () => {
    const refused = ['', '-', '+1', '-0', '00', '01', '-01', ' 1', '1 ', '1.0', '1e3', '0x1', '--1', '1-', 'abc']
    const long = [
      '1234567890123456x',
      '123456789x123456789',
      'x23456789012345678',
      '-000000000000000001',
      '+123456789012345678',
    ]
    for (const text of [...refused, ...long, '9223372036854775808', '-9223372036854775809', '18446744073709551616']) {
      expect(parse(text), text).toBeNull()
    }
  })
})
