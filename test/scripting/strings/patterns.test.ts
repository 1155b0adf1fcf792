import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { expectSame, type Judge, ours, stock } from '../libraries/judge.js'
import { bytes, numberText, quoted } from '../libraries/random-lua.js'
import { pattern, subject } from './random-patterns.js'
import { ResumedVm } from './resumed-vm.js'

const subjectText = fc.oneof({ weight: 12, arbitrary: subject.map(quoted) }, { weight: 1, arbitrary: numberText })
const patternText = pattern.map(quoted)
const init = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.integer({ min: -20, max: 20 }).map(n => `, ${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ', 2^31',
      ', -2^31',
      ', 2^32 + 2',
      ', -2^40',
      ', 2^53',
      ', 1e300',
      ', 0/0',
      ', nil',
      ', "3"',
      ', "x"',
      ', 2.9',
    ),
  },
)

const replacementText = fc.oneof(
  fc
    .array(fc.constantFrom('%0', '%1', '%2', '%9', '%%', '%', 'x', '<', '\0', '%a'), { maxLength: 5 })
    .map(list => quoted(list.join(''))),
  bytes(8).map(quoted),
  numberText,
)
const REPLACEMENTS = {
  'a text': replacementText,
  'a table': fc.constantFrom(
    '{a="x", b=false, aa=1, [1]="one", [2]=2.5, [""]="-"}',
    'setmetatable({}, {__index=function(t, k) return "<" .. tostring(k) .. ">" end})',
    'setmetatable({}, {__index=function(t, k) return k end})',
    'setmetatable({}, {__index=function(t, k) if #k > 1 then return {} end end})',
    'setmetatable({}, {__index=string})',
    'setmetatable({}, {__index=function(t, k) error("no " .. k) end})',
  ),
  'a function': fc.constantFrom(
    'function(...) return select("#", ...) .. tostring((...)) end',
    'function(a, b) return b end',
    'function(a) return a, 7 end',
    'function(a) return type(a) == "number" and a * 1.5 or #a > 1 and a:gsub(".", function(c) return c:byte() .. ";" end) end',
    'function(a) return false end',
    'function() end',
    'function(a) if a == "" then return {} end return "" end',
    'function(a) error("at " .. tostring(a)) end',
    'function(a) error("at " .. tostring(a), 2) end',
    'function(a) return a:rep(300) end',
    'function(a) return a .. nil end',
    'string.upper',
    'type',
    'string.rep',
    'string.char',
  ),
  'something else': fc.constantFrom('nil', 'true', 'type', 'coroutine.create(function() end)'),
}

const HOSTS = {
  'below a C function': () => ours(),
  'in loops of Lua': () => ours(new ResumedVm()),
  'put aside in the midst': () => ours(new ResumedVm(7)),
}

describe('patterns beside redis-server', requireStock('redis-server'), () => {
  let there: Judge
  beforeAll(async () => {
    there = await stock()
  })

  it('find', async () => {
    const flags = fc.constantFrom('', '', ', true', ', false')
    const call = fc
      .tuple(subjectText, patternText, init, flags)
      .map(([s, p, i, plain]) => `string.find(${s}, ${p}${i === '' && plain !== '' ? ', 1' : i}${plain})`)
    await expectSame(ours(), there, call, 150)
  })

  it('find of a text as it is', async () => {
    const word = fc
      .array(fc.constantFrom('a', 'b', 'ab', 'aaaaaaaa', '\0'), { maxLength: 12 })
      .map(list => list.join(''))
    const call = fc
      .tuple(word, word, word, init)
      .map(([a, b, c, i]) => `string.find(${quoted(a + b + c)}, ${quoted(b)}${i === '' ? ', 1' : i}, true)`)
    await expectSame(ours(), there, call)
  })

  it('match', async () => {
    const call = fc.tuple(subjectText, patternText, init).map(([s, p, i]) => `string.match(${s}, ${p}${i})`)
    await expectSame(ours(), there, call, 150)
  })

  it('gmatch', async () => {
    const call = fc
      .tuple(fc.constantFrom('gmatch', 'gfind'), subjectText, patternText)
      .map(
        ([name, s, p]) =>
          `(function() local all = {} for a, b, c in string.${name}(${s}, ${p}) do all[#all + 1] = {a, b, c} if #all > 60 then break end end return all end)()`,
      )
    await expectSame(ours(), there, call, 100)
  })

  for (const [kind, replacement] of Object.entries(REPLACEMENTS)) {
    for (const [where, host] of Object.entries(HOSTS)) {
      it(`gsub with ${kind}, ${where}`, async () => {
        const most = fc.oneof({ weight: 5, arbitrary: fc.constant('') }, init)
        const call = fc
          .tuple(subjectText, patternText, replacement, most, fc.boolean())
          .map(([s, p, r, n, tail]) =>
            tail ? `(function() return string.gsub(${s}, ${p}, ${r}${n}) end)()` : `string.gsub(${s}, ${p}, ${r}${n})`,
          )
        await expectSame(host(), there, call, 80)
      })
    }
  }

  it('wrong arguments, called as functions and as methods', async () => {
    const argument = fc.constantFrom('nil', '{}', 'true', '"a"', '1', 'type')
    const call = fc
      .tuple(
        fc.constantFrom('find', 'match', 'gmatch', 'gfind', 'gsub'),
        fc.array(argument, { maxLength: 4 }),
        fc.nat({ max: 2 }),
      )
      .map(([name, args, how]) => {
        const list = args.join(', ')
        if (how === 0) return `(string.${name}(${list}))`
        return how === 1 ? `(function() return string.${name}(${list}) end)()` : `(("a"):${name}(${list}))`
      })
      .map(text => text.replace(/\(string\.(gmatch|gfind)\((.*)\)\)$/, 'type(string.$1($2))'))
    await expectSame(
      ours(),
      there,
      call.map(text => `type(${text})`),
    )
  })

  it('32 captures, and no more', async () => {
    for (const count of [31, 32, 33]) {
      const expression = `string.find(("a"):rep(40), ("(a)"):rep(${count}))`
      expect(await ours().results([expression])).toEqual(await there.results([expression]))
    }
  })

  it('long subjects and patterns', async () => {
    const expressions = [
      `string.find(("x"):rep(1000000) .. "y", ".-y")`,
      `string.find(("x"):rep(1000000), "(.-)y")`.replace('(.-)y', '^(.-)y'),
      `#string.match(("x"):rep(1000000), ".*")`,
      `string.find(("x"):rep(300000) .. "y", ("x"):rep(1000) .. "y", 1, true)`,
      `#(string.gsub(("x"):rep(300000), "x", "yy"))`,
      `#(string.gsub(("x"):rep(30000), "x", function(c) return "yyyyyyyyyyyy" end))`,
      `string.find(("a"):rep(3000), ("a?"):rep(2000))`,
      `string.find("aaaaaaaaaab", ("(a*)"):rep(5) .. "b")`,
    ]
    expect(await ours().results(expressions)).toEqual(await there.results(expressions))
    expect(await ours(new ResumedVm()).results(expressions)).toEqual(await there.results(expressions))
  })
})
