import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from '../libraries/judge.js'
import { bytes, double, numberLiteral, quoted } from '../libraries/random-lua.js'

/** Integers of 64 bits and beyond, and what is no integer. */
const number = fc.oneof(
  double.map(numberLiteral),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(n => numberLiteral(Number(n))),
  fc.constantFrom(
    '2^31',
    '-2^31',
    '2^32 + 65',
    '2^63',
    '-2^63',
    '2^64',
    '-1',
    '0/0',
    '1e300',
    '-1e300',
    '"17"',
    '"0x1f"',
    '-0.9',
  ),
)
const string = fc.oneof(
  bytes(12).map(quoted),
  fc.nat({ max: 130 }).map(length => `("x"):rep(${length})`),
  fc.constant('("a\\000b"):rep(40)'),
)
const anything = fc.oneof(
  { weight: 8, arbitrary: number },
  { weight: 6, arbitrary: string },
  { weight: 1, arbitrary: fc.constantFrom('nil', 'true', '{}') },
)

const flags = fc.array(fc.constantFrom('-', '+', ' ', '#', '0'), { maxLength: 3 }).map(list => list.join(''))
const digits = fc.oneof(fc.constant(''), fc.nat({ max: 99 }).map(String))
const precision = fc.oneof(
  fc.constant(''),
  digits.map(text => `.${text}`),
)
const directive = (letters: string) =>
  fc
    .tuple(flags, digits, precision, fc.constantFrom(...letters))
    .map(([f, width, p, letter]) => `%${f}${width}${p}${letter}`)

const INTEGERS = 'diouxXc'
const OTHERS = 'eEfgGsq'

/** A call whose values suit the directives. */
const suitable = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(directive(INTEGERS), number) },
      { weight: 1, arbitrary: fc.tuple(directive('eEfgG'), number) },
      { weight: 1, arbitrary: fc.tuple(directive('sq'), string) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom('a', '%%', '\0', '\xff', ' '), fc.constant('')) },
    ),
    { maxLength: 6 },
  )
  .map(parts => {
    const values = parts.map(([, value]) => value).filter(value => value !== '')
    return `string.format(${[quoted(parts.map(([text]) => text).join('')), ...values].join(', ')})`
  })

const wrong = fc
  .tuple(
    fc.array(
      fc.oneof(
        directive(INTEGERS + OTHERS),
        fc.constantFrom(
          '%',
          '%y',
          '%-----d',
          '%------d',
          '%123d',
          '%.123d',
          '%5',
          '%.d',
          '% d',
          '%ld',
          '%5.5.5d',
          '%p',
          '%n',
          '\0',
          '%\0',
          '%%',
          '%*d',
        ),
      ),
      { maxLength: 4 },
    ),
    fc.array(anything, { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([parts, values, tail]) => {
    const call = `string.format(${[quoted(parts.join('')), ...values].join(', ')})`
    return tail ? `(function() return ${call} end)()` : call
  })

describe('string.format beside redis-server', requireStock('redis-server'), () => {
  let there: Judge
  beforeAll(async () => {
    there = await stock()
  })

  it('integers of 64 bits', async () => {
    const call = fc.tuple(directive(INTEGERS), number).map(([f, n]) => `string.format("${f}", ${n})`)
    await expectSame(ours(), there, call, 150)
  })

  it('everything else', async () => {
    const call = fc.tuple(directive(OTHERS), fc.oneof(number, string)).map(([f, n]) => `string.format("${f}", ${n})`)
    await expectSame(ours(), there, call, 100)
  })

  it('several values', async () => {
    await expectSame(ours(), there, suitable, 150)
  })

  it('wrong formats and values', async () => {
    await expectSame(ours(), there, wrong, 150)
  })
})
