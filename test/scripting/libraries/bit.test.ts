import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from './judge.js'
import { numberText, stringText } from './random-lua.js'

const NAMES = ['tobit', 'tohex', 'bnot', 'band', 'bor', 'bxor', 'lshift', 'rshift', 'arshift', 'rol', 'ror', 'bswap']

const argument = fc.oneof(
  { weight: 8, arbitrary: numberText },
  { weight: 4, arbitrary: fc.integer({ min: -40, max: 40 }).map(String) },
  { weight: 2, arbitrary: stringText },
  { weight: 1, arbitrary: fc.constantFrom('nil', 'true', '{}', '"0x7f"') },
)

/** tohex of -2^31 digits, where redis-server 7.0 reads outside of its buffer. */
const isFatal = (expression: string): boolean =>
  /^bit.tohex\([^,]*,/.test(expression) && /2147483648|e\+|\d{11}/.test(expression)

describe('bit beside redis-server', requireStock('redis-server'), () => {
  let judge: Judge
  const libraries = ours()
  beforeAll(async () => {
    judge = await stock()
  })

  it('gives the same results, or the same error', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(fc.constantFrom(...NAMES), fc.array(argument, { maxLength: 4 }))
        .map(([name, args]) => `bit.${name}(${args.join(', ')})`)
        .filter(expression => !isFatal(expression)),
      100,
    ))
})
