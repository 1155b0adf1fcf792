import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addToField, type FieldType, type Overflow, readField, writeField } from '../../src/bytes/bitfield.js'

const type = fc
  .boolean()
  .chain(signed => fc.integer({ min: 1, max: signed ? 64 : 63 }).map((bits): FieldType => ({ signed, bits })))
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, -(2n ** 32n)),
)

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
}

function fieldOf(text: string, { bits, signed }: FieldType): bigint {
  const value = BigInt(`0b${text}`)
  return signed ? BigInt.asIntN(bits, value) : value
}

describe('a field', () => {
  test('is read from anywhere, with zeros behind the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), type, fc.nat(300), (bytes, type, offset) => {
        const text = textOf(bytes)
          .padEnd(400, '0')
          .slice(offset, offset + type.bits)
        const inside = Buffer.concat([Buffer.of(0xff), bytes, Buffer.of(0xff)])
        expect(readField(inside, 1, 1 + bytes.length, offset, type)).toBe(fieldOf(text, type))
      }),
    )
  })

  test('is written, and nothing beside it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        type,
        fc.nat(90),
        int64,
        (bytes, type, offset, value) => {
          const before = textOf(bytes)
          const digits = BigInt.asUintN(type.bits, value).toString(2).padStart(type.bits, '0')
          writeField(bytes, 0, offset, type.bits, value)
          expect(textOf(bytes)).toBe(before.slice(0, offset) + digits + before.slice(offset + type.bits))
          expect(readField(bytes, 0, bytes.length, offset, type)).toBe(fieldOf(digits, type))
        },
      ),
    )
  })
})

describe('the sum of a field and an increment', () => {
  const least = ({ bits, signed }: FieldType): bigint => (signed ? -(2n ** BigInt(bits - 1)) : 0n)
  const most = ({ bits, signed }: FieldType): bigint => 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  const inRange = type.chain(type =>
    fc.tuple(fc.constant(type), fc.bigInt({ min: least(type), max: most(type) }), int64),
  )

  test('is exact where it fits, and else what the overflow says', () => {
    fc.assert(
      fc.property(inRange, fc.constantFrom<Overflow>('wrap', 'sat', 'fail'), ([type, value, increment], overflow) => {
        const sum = value + increment
        const result = addToField(value, increment, type, overflow)
        if (sum >= least(type) && sum <= most(type)) expect(result).toBe(sum)
        else if (overflow === 'fail') expect(result).toBe(null)
        else if (overflow === 'sat') expect(result).toBe(sum < 0n ? least(type) : most(type))
        else {
          expect(result).toBe(type.signed ? BigInt.asIntN(type.bits, sum) : BigInt.asUintN(type.bits, sum))
        }
      }),
    )
  })

  test.each([
    ['u8', false, 8, -1n, 255n],
    ['u8', false, 8, 256n, 255n],
    ['i8', true, 8, 128n, 127n],
    ['i8', true, 8, -129n, -128n],
    ['i64', true, 64, -(2n ** 63n), -(2n ** 63n)],
    // Redis's own arithmetic wraps around there.
    ['i8', true, 8, -(2n ** 63n), 127n],
    ['i63', true, 63, -(2n ** 62n) - 1n, 2n ** 62n - 1n],
  ])('a value out of range saturates: %s', (_name, signed, bits, value, expected) => {
    expect(addToField(value, 0n, { signed, bits }, 'sat')).toBe(expected)
  })
})
