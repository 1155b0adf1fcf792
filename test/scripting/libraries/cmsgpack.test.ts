import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from './judge.js'
import { bytes, damaged, numberText, quoted, value } from './random-lua.js'

/** MessagePack in parts: each first byte, with the bytes behind it or without, lengths that lie among them. */
const parts = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 255 }).map(byte => String.fromCharCode(byte)),
      fc.tuple(fc.integer({ min: 0xc0, max: 0xdf }), bytes(9)).map(([byte, rest]) => String.fromCharCode(byte) + rest),
      fc
        .tuple(fc.constantFrom('\xdd\0\0\0', '\xdf\0\0\0', '\xdb\0\0\0', '\xdc\0', '\xde\0'), fc.nat({ max: 9 }))
        .map(([header, length]) => header + String.fromCharCode(length)),
      fc.nat({ max: 5 }).map(length => String.fromCharCode(0x90 + length)),
      fc.nat({ max: 3 }).map(length => String.fromCharCode(0x80 + length)),
      fc.constantFrom('\x01', '\xa1k', '\xc0', '\xc2', '\xcb\x7f\xf8\0\0\0\0\0\0'),
    ),
    { maxLength: 30, size: 'max' },
  )
  .map(list => list.join(''))

describe('cmsgpack beside redis-server', requireStock('redis-server'), () => {
  let judge: Judge
  const libraries = ours()
  beforeAll(async () => {
    judge = await stock()
  })

  it('packs any values to the same bytes', () =>
    expectSame(
      libraries,
      judge,
      fc.array(value, { maxLength: 4 }).map(values => `cmsgpack.pack(${values.join(',')})`),
    ))

  it('packs numbers to the same bytes', () =>
    expectSame(
      libraries,
      judge,
      numberText.map(of => `cmsgpack.pack(${of})`),
    ))

  it('unpacks what it has packed to the same values', () =>
    expectSame(
      libraries,
      judge,
      fc.array(value, { maxLength: 4 }).map(values => `cmsgpack.unpack(cmsgpack.pack(${values.join(',')}))`),
    ))

  it('unpacks any bytes to the same values, or with the same error', () =>
    expectSame(
      libraries,
      judge,
      fc.oneof(parts, damaged(parts)).map(text => `cmsgpack.unpack(${quoted(text)})`),
      100,
    ))

  it('unpacks as many as it is asked for, from where it is asked for', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(
          parts,
          fc.constantFrom('-1', '0', '1', '2', '3', '"1"', 'nil', '2^31', '2^40', '"x"', '0/0'),
          fc.integer({ min: -1, max: 9 }),
          fc.boolean(),
        )
        .map(([text, limit, offset, one]) =>
          one
            ? `cmsgpack.unpack_one(${quoted(text)}, ${offset})`
            : `cmsgpack.unpack_limit(${quoted(text)}, ${limit}, ${offset})`,
        ),
    ))
})
