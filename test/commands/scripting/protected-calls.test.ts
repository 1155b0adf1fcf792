import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame } from '../side-by-side.js'

/** What pcall, xpcall, error and coroutines give: Redis's own pcall differs from Lua's, and here none of them is Lua's own. */
const SCRIPTS: Record<string, readonly string[]> = {
  'pcall gives the text of an error table, and what stands in its place behind any other': [
    `return {pcall(error, {err = 'ERR text'})}`,
    `return {pcall(redis.call, 'GET')}`,
    `return {select('#', pcall(error, {})), select('#', pcall(error, {err = {}})), select('#', pcall(error, 'x'))}`,
    `local ok, value, err = pcall(error, {err = true}) return {type(value), tostring(err)}`,
    `return {select(2, pcall(error, {err = 7}))}`,
    `local ok, e = pcall(redis.call, 'NOSUCH') return {type(e), e}`,
  ],
  'functions of Lua’s own as what is called, one within the other': [
    `return {pcall(pcall, pcall, error, 'x')}`,
    `return {pcall(pcall, function() return 1, 2 end)}`,
    `return {pcall(coroutine.resume, coroutine.create(function(a) local b = coroutine.yield(a + 1) return b end), 1)}`,
    `local co = coroutine.create(function() return coroutine.yield(1) end) return {pcall(coroutine.resume, co), pcall(coroutine.resume, co, 5)}`,
    `return {pcall(xpcall, error, type)}`,
    `return {pcall(coroutine.wrap(function() return pcall(pcall, error, 'x') end))}`,
  ],
  'a handler gives one value, and has its own errors to handle too': [
    `return {xpcall(function() error('x') end, function(e) return e, 2, 3 end)}`,
    `return {xpcall(function() error('x') end, function() end)}`,
    `return {select('#', xpcall(function() error('x') end, function() end))}`,
    `local n = 0 local ok, e = xpcall(function() error('x') end, function(e) n = n + 1 if n < 3 then error('again') end return e end) return {n, e}`,
    `local n = 0 local ok, e = xpcall(function() error('x') end, function() n = n + 1 error('y') end) return {n, e}`,
    `local n = 0 pcall(function() xpcall(function() error('x') end, function() n = n + 1 error('y') end) end) return n`,
    `local n = 0 coroutine.wrap(function() xpcall(function() error('x') end, function() n = n + 1 error('y') end) end)() return n`,
    `return {xpcall(function() error({err = 'ERR x'}) end, type)}`,
    `return {xpcall(function() error('x') end, coroutine.status)}`,
  ],
  'an error says where it was raised, as far out as it was told': [
    `return {pcall(function()\nerror('x', 1) end)}`,
    `return {pcall(function()\nerror('x', 2) end)}`,
    `return {pcall(function()\nerror('x', 3) end)}`,
    `return {pcall(function()\npcall(function() error('x', 5) end) error(7, 3) end)}`,
    `local function f()\nerror('x', 3)\nend local function g()\nf()\nend\nreturn {pcall(function()\ng()\nend)}`,
    `return {coroutine.resume(coroutine.create(function() error('x', 4) end))}`,
    `error('x', 2)`,
    `error(cjson.null)`,
    `error()`,
  ],
  'a coroutine that is called as a function raises its error where it was called': [
    `local f = coroutine.wrap(function()\nerror('x') end)\nf()`,
    `local f = coroutine.wrap(function() end) f()\nf()`,
    `local f = coroutine.wrap(function() redis.call('GET') end)\nlocal x = f()`,
    `local f = coroutine.wrap(function() error({err = 'ERR mine'}) end)\nlocal x = f()`,
  ],
  'a coroutine knows itself, below a metamethod too': [
    `return {type(coroutine.running()), coroutine.wrap(function() return type(coroutine.running()) end)()}`,
    `local t = setmetatable({}, {__index = function()
return coroutine.wrap(function() local me = coroutine.running() return type(me) .. coroutine.status(me) end)() end}) return t.x`,
    `local outer = coroutine.create(function(t) return t.x end)
local t = setmetatable({}, {__index = function()
return coroutine.wrap(function() return coroutine.status(outer) end)() .. coroutine.status(outer) end})
return {coroutine.resume(outer, t)}`,
  ],
  'functions that are refused do not say where': [
    `coroutine.yield()`,
    `return {pcall(function() coroutine.yield() end)}`,
    `setmetatable(_G, {})`,
    `rawset(redis, 'x', 1)`,
    `table.insert(string, 1)`,
    `string.x = 1`,
    `getmetatable('').__index = 1`,
    `return {type(getmetatable('').__index.len), ('x'):len()}`,
  ],
}

describe('protected calls and errors', requireStock('redis-server'), () => {
  let ours: RawClient
  let stock: RawClient

  beforeAll(async () => {
    ours = await RawClient.connect((await startRedisTs(['--save', ''])).port)
    stock = await RawClient.connect((await startRedisServer(['--save', ''])).port)
  })
  afterAll(() => {
    ours.close()
    stock.close()
  })

  test.each(Object.entries(SCRIPTS))('%s', async (_, scripts) => {
    await expectSame(
      ours,
      stock,
      scripts.map(script => ['EVAL', script, '0']),
    )
  })

  // A thread went on in a function that was not there: what became of that came out only after some of the memory was used again.
  test('calls of pcall through pcall leave the memory of others alone', async () => {
    const nested = `return select('#', pcall(pcall, pcall, function() return {} end))`
    const busy = `local n = 0
coroutine.wrap(function()
  for i = 1, 300 do pcall(error, {}) xpcall(error, function() n = n + 1 end) end
end)()
return n`
    for (let round = 0; round < 30; round++) {
      expect(await ours.call('EVAL', nested, '0')).toMatchObject({ text: '4' })
      expect(await ours.call('EVAL', busy, '0')).toMatchObject({ text: '300' })
    }
  })
})
