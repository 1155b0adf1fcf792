import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from './judge.js'
import { damaged, double, quoted, value } from './random-lua.js'

const json = fc.oneof(
  fc.json({ maxDepth: 4 }).map(text => Buffer.from(text).toString('latin1')),
  fc.json({ maxDepth: 3 }).map(text => Buffer.from(JSON.stringify(JSON.parse(text), null, 1)).toString('latin1')),
  fc.array(double.map(String), { maxLength: 6 }).map(list => `[${list.join(',')}]`),
  fc
    .array(
      fc.constantFrom(
        '\\u0041',
        '\\u00e9',
        '\\u20AC',
        '\\ud83d',
        '\\ude00',
        '\\uD83D\\uDE00',
        '\\n',
        '\\/',
        '\\"',
        'é',
        '\\x',
        '\\',
      ),
      {
        maxLength: 6,
      },
    )
    .map(parts => `"${parts.join('')}"`),
  fc
    .array(
      fc.constantFrom(
        '-',
        '+',
        '0',
        '1',
        '9',
        '12',
        '.',
        'e',
        'E',
        'x',
        '0x',
        'p',
        'inf',
        'nan',
        'INFINITY',
        '(a1)',
        '_',
      ),
      {
        minLength: 1,
        maxLength: 7,
      },
    )
    .map(parts => `[${parts.join('')}]`),
)

const setting = fc.constantFrom(
  '',
  'cjson.encode_invalid_numbers(true)',
  'cjson.encode_invalid_numbers("null")',
  'cjson.decode_invalid_numbers(false)',
  'cjson.encode_sparse_array(true, 3, 4)',
  'cjson.encode_number_precision(3)',
  'cjson.encode_number_precision(1)',
  'cjson.encode_number_precision(13)',
  'cjson.encode_max_depth(2)',
  'cjson.decode_max_depth(2)',
)

/** An expression with cjson's settings changed, in a cjson of its own. */
const withSetting = ([change, expression]: [string, string]): string =>
  change === '' ? expression : `(function() local cjson = cjson.new() ${change} return all(${expression}) end)()`

describe('cjson beside redis-server', requireStock('redis-server'), () => {
  let judge: Judge
  const libraries = ours()
  beforeAll(async () => {
    judge = await stock()
  })

  it('encodes any value to the same bytes', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(
          setting,
          value.map(of => `cjson.encode(${of})`),
        )
        .map(withSetting),
    ))

  it('writes numbers in the same way, at each precision', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(fc.integer({ min: 1, max: 14 }), double)
        .map(([precision, of]) =>
          withSetting([
            `cjson.encode_number_precision(${precision})`,
            `cjson.encode({${Number.isFinite(of) ? of : 0}})`,
          ]),
        ),
    ))

  it('decodes any document to the same value', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(
          setting,
          json.map(text => `cjson.decode(${quoted(text)})`),
        )
        .map(withSetting),
    ))

  it('finds the same error in a damaged document', () =>
    expectSame(
      libraries,
      judge,
      fc
        .tuple(
          setting,
          damaged(json).map(text => `cjson.decode(${quoted(text)})`),
        )
        .map(withSetting),
    ))
})

/** Doubles of any bits, and such as have few digits. */
const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  double.filter(n => Number.isFinite(n)),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: -40, max: 40 }))
    .map(([digits, exponent]) => Number(`${digits}e${exponent}`)),
)

describe('cjson beside JavaScript', () => {
  const libraries = ours()

  /** What the libraries make of each, which is a string. */
  const texts = async (expressions: string[]) =>
    (await libraries.results(expressions)).map(result => result.slice(result.indexOf('<') + 1, -1))

  it('reads a number as the nearest double, however it is written', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyDouble, fc.integer({ min: 1, max: 25 })), { maxLength: 60, size: 'max' }),
        async list => {
          const written = list.flatMap(([n, digits]) => [`${n}`, n.toPrecision(digits), n.toExponential(digits)])
          const read = await texts(written.map(text => `string.format('%.17g', cjson.decode('${text}'))`))
          expect(read.map(text => Number(text.replace('inf', 'Infinity')))).toEqual(written.map(Number))
        },
      ),
    ))

  it('writes a number with 14 digits, the last one rounded', () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyDouble, { maxLength: 60, size: 'max' }), async list => {
        const written = await texts(list.map(n => `cjson.encode(${Object.is(n, -0) ? 0 : n})`))
        // Of two that are equally near, C takes the even one and JavaScript the larger one.
        const distances = written.map((text, i) => Math.abs(Number(text) - list[i]))
        expect(distances).toEqual(list.map(n => Math.abs(Number(n.toPrecision(14)) - n)))
        for (const text of written) expect(text.replace(/e.*|^-?0\.0*|\D/g, '').length).toBeLessThanOrEqual(14)
      }),
    ))
})
