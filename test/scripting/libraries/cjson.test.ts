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

describe('cjson', () => {
  it('has the fields of Redis 7.2', async () => {
    const [names] = await ours().results([
      '(function() local t = {} for k in pairs(cjson) do t[#t + 1] = k end table.sort(t) return table.concat(t, " ") end)()',
    ])
    expect(names).toContain('decode')
  })
})
