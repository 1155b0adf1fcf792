import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from '../libraries/judge.js'
import { bytes, double, numberLiteral, quoted } from '../libraries/random-lua.js'

/** Integers about the size of a short string, and about the edges of 32 and 64 bits. */
const integer = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -8, max: 8 }).map(String) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(31, 32, 33, 40, 52, 62, 63, 64, 100),
        fc.integer({ min: -4, max: 4 }),
        fc.constantFrom('', '-'),
      )
      .map(([exponent, delta, sign]) => `${sign}(2^${exponent} + ${delta})`),
  },
  { weight: 1, arbitrary: double.filter(n => Math.abs(n) < 10 || Math.abs(n) > 2 ** 31 + 10).map(numberLiteral) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('nil', '"2"', '"8589934594"', '"x"', '2.9', '-2.9', '0/0', '1/0', '-1/0', '{}'),
  },
)
/** Of which neither machine makes a number beyond 40, nor one below -8. */
const count = fc.oneof(
  fc.integer({ min: -8, max: 40 }).map(String),
  fc
    .tuple(fc.constantFrom(32, 33, 40, 52), fc.integer({ min: 0, max: 9 }), fc.constantFrom('', '-'))
    .map(([exponent, delta, sign]) => `${sign}(2^${exponent} + ${sign === '' ? delta : 0})`),
  fc.constantFrom('2^63', '-2^63', '1e300', '0/0', '1/0', '"8589934594"', '"x"', 'nil', '2.9'),
)
const text = bytes(6).map(quoted)

const call = (name: string, ...args: fc.Arbitrary<string>[]) =>
  fc.tuple(...args).map(list => `${name}(${list.join(', ')})`)
const few = fc.array(integer, { maxLength: 3 }).map(list => list.join(', '))
const list = fc.constantFrom('{}', '{1}', '{"a", "b", "c"}', '{1, 2, 3, 4, 5}', '{1, nil, 3}')

/** A call that changes a table, and what it leaves. */
const changed = (name: string, ...args: fc.Arbitrary<string>[]) =>
  fc
    .tuple(list, ...args)
    .map(
      ([of, ...rest]) =>
        `(function() local t = ${of} local result = ${name}(${['t', ...rest].join(', ')}) return {result, t} end)()`,
    )

const CALLS: Record<string, fc.Arbitrary<string>> = {
  'string.sub': call('string.sub', text, integer, integer),
  'string.byte': call('string.byte', text, integer, integer),
  'string.char': few.map(args => `string.char(${args})`),
  // What fails for want of memory is below.
  'string.rep': call('string.rep', text, count),
  select: call('select', integer, fc.constantFrom('1', '1, 2, 3', '"a", nil')),
  unpack: call('unpack', list, integer, integer),
  'table.concat': call('table.concat', list, text, integer, integer),
  'table.remove': changed('table.remove', integer),
  'table.insert': changed('table.insert', count, integer),
  tonumber: call(
    'tonumber',
    fc.oneof(
      fc
        .array(fc.constantFrom(...'0123456789abcdefxyzXZ -+.\0\n'), { maxLength: 6 })
        .map(parts => quoted(parts.join(''))),
      fc
        .array(fc.constantFrom(...'0123456789abcdefz'), { minLength: 8, maxLength: 70 })
        .map(parts => quoted(parts.join(''))),
      fc.constantFrom(
        '"0xg"',
        '"-0xff"',
        '" ff "',
        '"ffffffffffffffff"',
        '"10000000000000000"',
        '"-1"',
        '17',
        'nil',
        '{}',
      ),
    ),
    fc.oneof(fc.integer({ min: 0, max: 38 }).map(String), fc.constantFrom('2', '16', '36'), integer),
  ),
  error: call('error', text, integer),
  'math.ldexp': call('math.ldexp', fc.constantFrom('1', '0.5', '-3'), integer),
  collectgarbage: call('type(collectgarbage', fc.constantFrom('"step"', '"count"'), integer).map(
    expression => `${expression})`,
  ),
  'tostring of numbers': call('tostring', fc.oneof(count, double.map(numberLiteral))),
  arithmetic: fc
    .tuple(integer, fc.constantFrom('+', '-', '*', '/', '%'), integer)
    .map(([a, operator, b]) => `(${a}) ${operator} (${b})`),
  // The last bit of these results is not the same with another C library.
  powers: fc.tuple(integer, integer).map(([a, b]) => `string.format("%.13g", (${a}) ^ (${b}))`),
  'math.atan2': fc.tuple(integer, integer).map(([a, b]) => `string.format("%.13g", math.atan2(${a}, ${b}))`),
  'keys of tables': integer.map(n => `({[1]="one", [2^32]="2^32", [2^31]="2^31", [-2^31]="-2^31", [0]="zero"})[${n}]`),
  'functions of numbers': fc
    .tuple(fc.constantFrom('floor', 'ceil', 'abs', 'modf', 'frexp', 'sqrt'), integer)
    .map(([name, a]) => `math.${name}(${a})`),
  'functions of two numbers': fc
    .tuple(fc.constantFrom('fmod', 'mod', 'ldexp', 'max', 'min'), integer, integer)
    .map(([name, a, b]) => `math.${name}(${a}, ${b})`),
}

describe('integers of 64 bits beside redis-server', requireStock('redis-server'), () => {
  let there: Judge
  beforeAll(async () => {
    there = await stock()
  })

  for (const [name, expression] of Object.entries(CALLS)) {
    it(name, async () => {
      // Each step collects all garbage.
      await expectSame(ours(), there, expression, name === 'collectgarbage' ? 3 : 40)
    })
  }

  it('all of them are what Lua calls by its names', async () => {
    const expressions = ['math.mod == math.fmod', 'string.gfind == string.gmatch', '("").find == string.find']
    expect(await ours().results(expressions)).toEqual(['true', 'true', 'true'])
  })

  it('the exponent of what has none', async () => {
    const expressions = ['math.frexp(1/0)', 'math.frexp(-1/0)', 'select(2, math.frexp(0/0))', 'math.frexp("8")']
    expect(await ours().results(expressions)).toEqual(await there.results(expressions))
  })

  it('literals', async () => {
    const expressions = [
      '0xffffffffff',
      '0x7fffffff',
      '0xffffffff',
      '1e15',
      '4294967296',
      'tonumber("0xffffffffff")',
      '#("x"):rep(2^16)',
    ]
    expect(await ours().results(expressions)).toEqual(await there.results(expressions))
  })
})

describe('getfenv and setfenv', () => {
  // Debian's redis-server 7.0 has them no more.
  it('take levels modulo 2^32', async () => {
    const expressions = [
      'getfenv(2^32 + 1) == getfenv(1)',
      'getfenv(2^32) == _G',
      'setfenv(2^40 + 1, getfenv(1)) ~= nil',
    ]
    expect(await ours().results(expressions)).toEqual(['true', 'true', 'true'])
  })
})

describe('string.rep', () => {
  it('of more than the memory there is, is an error at once', async () => {
    const startedAt = performance.now()
    const [whole, empty, half] = await ours().results([
      '("x"):rep(2^31 - 1)',
      '#(""):rep(2^31 - 1)',
      '#("abc"):rep(1e7)',
    ])
    expect(whole).toBe('error: not enough memory')
    expect(empty).toBe('0')
    expect(half).toBe('30000000')
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})
