import { describe, expect, it } from 'vitest'
import { ResumedVm } from './resumed-vm.js'

/** Runs a script that works for long without a Lua instruction, and ends it after some ticks. */
function ended(script: string): { result: string; ms: number; vm: ResumedVm } {
  const vm = new ResumedVm()
  vm.clock.limit = 20
  const startedAt = performance.now()
  const result = vm.run(script)
  return { result, ms: performance.now() - startedAt, vm }
}

/** Lua finds its length by doubling: 2^29 and more. */
const HOLES = 'local t = {} for i = 29, 0, -1 do t[2^i] = 1 end'

const ENDLESS = {
  'a pattern of many repetitions': 'string.find(("a"):rep(50), ("a*"):rep(50) .. "b")',
  'a pattern of many optional items': 'string.match(("a"):rep(60), ("a?"):rep(60) .. ("a"):rep(60) .. "b")',
  'many lazy items': 'string.find(("a"):rep(2000), (".-"):rep(20) .. "b")',
  'balanced brackets that never close': 'string.find(("("):rep(1000000), "%b()")',
  'repetitions tried from every place': 'string.find(("a"):rep(1000000), "a*b")',
  'captures that repeat': 'string.find(("a"):rep(100000), "(a*)%1b")',
  gmatch: 'for a in string.gmatch(("a"):rep(1000000), "a-b") do end',
  'gsub with a text': 'string.gsub(("a"):rep(1000000), "a-b", "")',
  'gsub with a function': 'string.gsub(("a"):rep(1000000), "a-b", function() end)',
  'a text that is almost there':
    'string.find(("a"):rep(4000000), ("a"):rep(1000000) .. "b" .. ("a"):rep(1000000), 1, true)',
  'a set of many characters': 'string.find(("a"):rep(100000), "[" .. ("b"):rep(100000) .. "]*c")',
  'inserting far below': 'table.insert({1, 2, 3}, -2^31, "x")',
  'removing from a table of holes': `(function() ${HOLES} table.remove(t, 1) end)()`,
  'a C function for each hole': `(function() ${HOLES} table.foreachi(t, getmetatable) end)()`,
}

describe('what Lua instructions do not count', () => {
  for (const [name, expression] of Object.entries(ENDLESS)) {
    it(`${name}: the host ends it`, () => {
      const { result, ms } = ended(expression.startsWith('for') ? expression : `return ${expression}`)
      expect(result).toBe('ERR time out')
      expect(ms).toBeLessThan(1500)
    })
  }

  it('what has been ended leaves the functions as they were', () => {
    const { vm } = ended(`pcall(string.gsub, ("a"):rep(50), ("(a*)"):rep(20) .. "b", "%1")`)
    vm.clock.limit = Number.POSITIVE_INFINITY
    expect(vm.run('return (string.gsub("hello world", "(o)", "<%1>"))')).toBe('hell<o> w<o>rld')
    expect(vm.run('return (string.gsub("hello", ".", function(c) return c:find("l") and c:upper() end))')).toBe('heLLo')
  })

  it('many short calls count as much as a long one', () => {
    const { result } = ended('while true do string.find(("a"):rep(1000), "a-b") end')
    expect(result).toBe('ERR time out')
  })
})

describe('functions of scripts that a function of Lua calls', () => {
  it.each([
    ['gsub', 'return (string.gsub("abc", ".", function(c) return c .. c end))', 'aabbcc'],
    ['sort', 'local t = {3, 1, 2} table.sort(t, function(a, b) return a < b end) return table.concat(t)', '123'],
    ['foreach', 'return table.foreach({7}, function(k, v) return k .. v end)', '17'],
    ['foreachi', 'return table.foreachi({7}, function(k, v) return k .. v end)', '17'],
  ])('%s: no C function is below them', (_, script, result) => {
    const vm = new ResumedVm()
    expect(vm.run(script)).toBe(result)
    expect(vm.yields).toBe(1)
  })

  it.each([
    'table.sort(t, function(a, b) return a < b end)',
    'string.gsub(("a"):rep(200), "a", function(c) return c end)',
    'table.foreach(t, function() end)',
    'table.foreachi(t, function() end)',
    'for i = #t + 1, 30000 do t[i] = -i end table.sort(t)',
  ])('%s: is put aside in the midst', call => {
    const vm = new ResumedVm(100)
    vm.run('t = {} for i = 1, 200 do t[i] = i * 37 % 211 end')
    const before = vm.yields
    expect(vm.run(`${call} return 'done'`)).toBe('done')
    expect(vm.yields).toBeGreaterThan(before + 5)
  })

  it('may themselves use such functions', () => {
    const script = `
      local function double(c) return (c:gsub('.', function(d) return d .. d end)) end
      local seen = {}
      local result = string.gsub('ab', '.', function(c)
        table.sort({2, 1, 3}, function(a, b) table.foreachi({a, b}, function(_, v) seen[#seen + 1] = v end) return a < b end)
        return double(double(c))
      end)
      return result .. #seen`
    expect(new ResumedVm().run(script)).toBe('aaaabbbb8')
  })

  it('may yield from a coroutine, which stock Lua refuses', () => {
    const script = `
      local thread = coroutine.create(function()
        return (string.gsub('abc', '%w', function(c) return coroutine.yield(c) end))
      end)
      local results, value = {}, nil
      repeat
        local _, given = coroutine.resume(thread, value)
        results[#results + 1] = tostring(given)
        value = given and given:upper()
      until coroutine.status(thread) == 'dead'
      return table.concat(results, ' ')`
    expect(new ResumedVm().run(script)).toBe('nil a b c ABC')
  })

  it('see C functions above them: no lines, no environment', () => {
    const vm = new ResumedVm()
    expect(vm.run('table.sort({2, 1}, function() error("x", 2) end)')).toBe('ERR x')
    expect(vm.run('return (string.gsub("a", "a", function() return next(getfenv(2)) == nil and "empty" end))')).toBe(
      'empty',
    )
    expect(vm.run('setfenv(table.sort, {})')).toContain('cannot change environment')
  })

  it('leave the stack as it was, however deep they are called from', () => {
    const script = `
      local function deep(n)
        if n == 0 then return 'x' end
        local r = string.gsub('a', 'a', function() return (deep(n - 1)) end)
        local a, b, c = n, n + 1, n + 2
        assert(a == n and b == n + 1 and c == n + 2)
        return r
      end
      collectgarbage()
      return deep(3000)`
    expect(new ResumedVm().run(script)).toBe('x')
  })

  it('are collected with all that the loop held', () => {
    const script = `
      local before
      for i = 1, 2000 do
        string.gsub(('abc'):rep(20), '.', function(c) return c .. i end)
        if i == 1000 then collectgarbage() before = collectgarbage('count') end
      end
      collectgarbage()
      return tostring(collectgarbage('count') - before < 20)`
    expect(new ResumedVm().run(script)).toBe('true')
  })
})
