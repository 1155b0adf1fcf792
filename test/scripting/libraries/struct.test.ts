import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from './judge.js'
import { bytes, numberText, quoted, stringText } from './random-lua.js'

/** One option; the last ones are none. */
const option = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I', 'f', 'd', 's', 'x', 'c', 'c0', 'c3'),
  },
  { weight: 3, arbitrary: fc.constantFrom('>', '<', '!', ' ', '!1', '!2', '!4', '!8', '!16') },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('i', 'I', 'c'), fc.integer({ min: 0, max: 34 })).map(([o, n]) => `${o}${n}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('!0', '!3', 'q', 'Z', '7', '%', '\xff', 'i4294967296', 'c2147483647', 'i2147483648'),
  },
)

const format = fc.array(option, { maxLength: 8 }).map(options => options.join(''))

/** A format, and arguments that fit it for the most part. */
const packed = format.chain(text => {
  const args = [...text.matchAll(/([bBhHlLTiIfd])|([sc])/g)].map(([, number]) =>
    fc.oneof(
      { weight: 12, arbitrary: number ? numberText : stringText },
      { weight: 1, arbitrary: fc.constantFrom('nil', '"12"', '"x"', '{}', '12', 'true') },
    ),
  )
  return fc.tuple(fc.constant(quoted(text)), ...args).map(list => list.join(', '))
})

describe('struct beside redis-server', requireStock('redis-server'), () => {
  let judge: Judge
  const libraries = ours()
  beforeAll(async () => {
    judge = await stock()
  })

  it('packs to the same bytes, or with the same error', () =>
    expectSame(
      libraries,
      judge,
      packed.map(args => `struct.pack(${args})`),
    ))

  it('unpacks to the same values, or with the same error', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(
          format,
          fc.oneof(bytes(8), bytes(80)),
          fc.constantFrom('', ', 1', ', 2', ', 5', ', 0', ', -1', ', -3', ', 2^32', ', "2"', ', 1.9', ', 0/0'),
        )
        .map(([text, data, offset]) => `struct.unpack(${quoted(text)}, ${quoted(data)}${offset})`),
      100,
    ))

  it('tells the same sizes', () =>
    expectSame(
      libraries,
      judge,
      format.map(text => `struct.size(${quoted(text)})`),
    ))
})
