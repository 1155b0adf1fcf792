import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from '../libraries/judge.js'
import { bytes, numberLiteral, quoted } from '../libraries/random-lua.js'
import { ResumedVm } from './resumed-vm.js'

/** Pairs of which many have the same key: what becomes of their order is part of the result. */
const pairs = fc
  .array(fc.integer({ min: 0, max: 9 }), { maxLength: 60, size: 'max' })
  .map(keys => `{${keys.map((key, i) => `{${key}, ${i}}`).join(', ')}}`)
const numbers = fc
  .array(fc.oneof(fc.integer({ min: -5, max: 30 }), fc.double()).map(numberLiteral), { maxLength: 60, size: 'max' })
  .map(list => `{${list.join(', ')}}`)
const strings = fc
  .array(fc.oneof(bytes(4), fc.constantFrom('a', 'b', 'ab')).map(quoted), { maxLength: 60, size: 'max' })
  .map(list => `{${list.join(', ')}}`)
const mixed = fc
  .array(fc.constantFrom('1', '2', '"a"', '"b"', '{}', 'true', '2.5'), { maxLength: 8 })
  .map(list => `{${list.join(', ')}}`)

const comparePairs = fc.constantFrom(
  'function(a, b) return a[1] < b[1] end',
  'function(a, b) return a[1] > b[1] end',
  'function(a, b) return a[1] < b[1] or a[1] == b[1] and a[2] > b[2] end',
  'function(a, b) return a[1] % 3 < b[1] % 3 end',
  'function(a, b) return nil end',
  'function(a, b) if a[1] < b[1] then return 0 end end',
  // Orders that are none: some find elements behind the end.
  'function(a, b) return a[1] <= b[1] end',
  'function(a, b) return true end',
  'function(a, b) return a ~= b end',
  'function(a, b) return not (a and b) or a[1] <= b[1] end',
  'function(a, b) return a == nil or b == nil or a[2] % 2 == 0 end',
  'function(a, b) if a[1] == 7 then error("seven") end return a[1] < b[1] end',
  'function(a, b) if a[1] == 7 then error("seven", 2) end return a[1] < b[1] end',
)
const compareValues = fc.constantFrom(
  'function(a, b) return a < b end',
  'function(a, b) return a > b end',
  'function(a, b) return a <= b end',
  'function(a, b) return tostring(a) < tostring(b) end',
  'function(a, b) return (a < b) end, 3',
  'rawequal',
  'next',
  'nil',
)

const sorted = (list: fc.Arbitrary<string>, compare: fc.Arbitrary<string>, around = (of: string) => of) =>
  fc.tuple(list, compare, fc.boolean()).map(([of, by, fails]) => {
    const sort = by === '' ? 'table.sort(t)' : `table.sort(t, ${by})`
    // As it is in the midst, where sorting ends with an error.
    const run = fails ? `local ok, e = pcall(function() ${sort} end) return {ok, e, t}` : `${sort} return t`
    return `(function() local t = ${around(of)} ${run} end)()`
  })

const HOSTS = {
  'below a C function': () => ours(),
  'in loops of Lua': () => ours(new ResumedVm()),
  'put aside in the midst': () => ours(new ResumedVm(7)),
}

describe('table.sort beside redis-server', requireStock('redis-server'), () => {
  let there: Judge
  beforeAll(async () => {
    there = await stock()
  })

  for (const [where, host] of Object.entries(HOSTS)) {
    it(`pairs by any order and by none, ${where}`, async () => {
      await expectSame(host(), there, sorted(pairs, comparePairs), 150)
    })

    it(`numbers, strings and what is neither, ${where}`, async () => {
      await expectSame(
        host(),
        there,
        sorted(fc.oneof(numbers, strings, mixed), fc.oneof(compareValues, fc.constant(''))),
        150,
      )
    })

    it(`past the metatable of the table, ${where}`, async () => {
      const around = (of: string) =>
        `setmetatable(${of}, {__index = function() error("read") end, __newindex = function() error("written") end})`
      await expectSame(host(), there, sorted(numbers, fc.oneof(compareValues, fc.constant('')), around))
    })

    it(`elements with __lt, ${where}`, async () => {
      const order = fc.constantFrom(
        'a[1] < b[1]',
        'a[1] > b[1]',
        'a[1] <= b[1]',
        'true',
        'nil',
        'a[1] == 7 and error("seven") or a[1] < b[1]',
      )
      const call = fc.tuple(pairs, order, fc.constantFrom('all', 'some', 'two')).map(([of, by, which]) => {
        const condition = { all: 'true', some: 'i % 5 > 0', two: 'true' }[which]
        const metatable = which === 'two' ? 'i % 7 == 0 and {__lt = function() end} or m' : 'm'
        return `(function() local t, m = ${of}, {__lt = function(a, b) return ${by} end}
          for i = 1, #t do if ${condition} then setmetatable(t[i], ${metatable}) end end
          table.sort(t) return t end)()`.replaceAll(/\n */g, ' ')
      })
      await expectSame(host(), there, call, 60)
    })

    it(`wrong arguments, ${where}`, async () => {
      const argument = fc.constantFrom('nil', '{}', '{3, 2, 1}', 'true', '"a"', '1', 'type', 'function() end')
      const call = fc
        .tuple(fc.constantFrom('sort', 'foreach', 'foreachi'), fc.array(argument, { maxLength: 3 }), fc.boolean())
        .map(([name, args, tail]) => {
          const text = `table.${name}(${args.join(', ')})`
          return tail ? `(function() return ${text} end)()` : text
        })
      await expectSame(host(), there, call)
    })

    it(`foreach and foreachi, ${where}`, async () => {
      const run = fc.constantFrom(
        'function(k, v) end',
        'function(k, v) if v == 7 or v == "b" then return k, v end end',
        'function(k, v) return false end',
        'function(k, v) error("at " .. k) end',
        'function(k, v) error("at " .. k, 2) end',
        'function(k, v) seen[#seen + 1] = v end',
        'select',
        'type',
      )
      const call = fc
        .tuple(fc.constantFrom('foreach', 'foreachi'), fc.oneof(numbers, strings, mixed), run)
        .map(
          ([name, of, f]) =>
            `(function() local seen = {} local result = table.${name}(${of}, ${f}) return {seen, result} end)()`,
        )
      await expectSame(host(), there, call)
    })
  }

  it('many numbers and strings', async () => {
    const expressions = [
      '(function() local t, sum = {}, 0 for i = 1, 50000 do t[i] = i * 7919 % 50021 end table.sort(t) for i = 1, 50000 do sum = (sum * 31 + t[i]) % 2^40 end return sum end)()',
      '(function() local t, sum = {}, 0 for i = 1, 30000 do t[i] = tostring(i * 7919 % 30011) end table.sort(t) for i = 1, 30000 do sum = (sum * 31 + t[i]) % 2^40 end return sum end)()',
      '(function() local t = {} for i = 1, 30000 do t[i] = i end t[29999] = "x" table.sort(t) end)()',
    ]
    const vm = new ResumedVm()
    expect(await ours(vm).results(expressions)).toEqual(await there.results(expressions))
    expect(vm.yields).toBe(0)
  })
})
