/** Functions live in a VM that comes and goes: what that is to them, and what INFO says of it all. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { info } from '../../interop/polling.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { flagged, library, load } from './libraries.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  client = await RawClient.connect(server.port)
})
beforeEach(() =>
  client.pipeline([
    ['FUNCTION', 'FLUSH'],
    ['SCRIPT', 'FLUSH'],
  ]),
)
afterAll(async () => {
  client?.close()
  await server?.stop()
})

const text = async (...command: string[]) => (await client.call(...command)).text

test('SCRIPT FLUSH takes scripts and no functions, FUNCTION FLUSH functions and no scripts', async () => {
  const sha = (await text('SCRIPT', 'LOAD', 'return 7')) ?? ''
  await client.call(...load(library('f')))
  await client.call('SCRIPT', 'FLUSH')
  expect(await text('FCALL', 'f', '0')).toBe('hello from f')
  expect(await text('EVALSHA', sha, '0')).toMatch(/^NOSCRIPT/)
  await client.call('SCRIPT', 'LOAD', 'return 7')
  await client.call('FUNCTION', 'FLUSH')
  expect(await text('EVALSHA', sha, '0')).toBe('7')
  expect(await text('FCALL', 'f', '0')).toBe('ERR Function not found')
})

test('a script that has used much memory takes the VM along, and functions are there again', async () => {
  await client.pipeline([load(library('f')), load(library('g', "return redis.call('INCR', keys[1])"))])
  await client.call('EVAL', 'local a = ("x"):rep(50000000) return #a', '0')
  // The new one begins small.
  expect(Number((await info(server.port, 'memory')).get('used_memory_vm_total'))).toBeLessThan(10_000_000)
  expect(await text('FCALL', 'f', '0')).toBe('hello from f')
  expect(await text('FCALL', 'g', '1', 'counter')).toBe('1')
  expect(await text('FUNCTION', 'DELETE', 'f')).toBe('OK')
  expect(await text('FCALL', 'g', '1', 'counter')).toBe('2')
})

test('a library that takes much memory can be called whatever it costs', async () => {
  const code =
    '#!lua name=big\nlocal x = ("x"):rep(30000000)\nredis.register_function("size", function() return #x end)'
  await client.call(...load(code))
  for (let i = 0; i < 3; i++) expect(await text('FCALL', 'size', '0')).toBe('30000000')
})

test('INFO memory and MEMORY STATS count scripts, libraries and functions', async () => {
  const figures = async () => {
    const fields = await info(server.port, 'memory')
    return (name: string) => Number(fields.get(name))
  }
  const before = await figures()
  for (const name of ['number_of_cached_scripts', 'number_of_functions', 'number_of_libraries']) {
    expect(before(name)).toBe(0)
  }
  expect([before('used_memory_functions'), before('used_memory_scripts_eval')]).toEqual([0, 0])
  const register = (name: string) => `redis.register_function('${name}', function() end)`
  const padding = `-- ${'x'.repeat(100_000)}\n`
  await client.pipeline([
    load(`#!lua name=two\n${padding}${register('a')}\n${register('b')}`),
    load(flagged('one', 'return 1', 'no-writes')),
    ['SCRIPT', 'LOAD', `return 1 ${padding}`],
  ])
  const after = await figures()
  expect(after('number_of_libraries')).toBe(2)
  expect(after('number_of_functions')).toBe(3)
  expect(after('number_of_cached_scripts')).toBe(1)
  expect(after('used_memory_functions')).toBeGreaterThan(100_000)
  expect(after('used_memory_scripts_eval')).toBeGreaterThan(100_000)
  expect(after('used_memory_scripts')).toBe(after('used_memory_functions') + after('used_memory_scripts_eval'))
  expect(after('used_memory_vm_total')).toBe(after('used_memory_vm_eval') + after('used_memory_vm_functions'))
  expect(after('used_memory_lua')).toBeGreaterThan(10_000)
  expect(after('used_memory') - before('used_memory')).toBeGreaterThan(200_000)
  const stats = (await client.call('MEMORY', 'STATS')).elements ?? []
  const stat = (name: string) => Number(stats[stats.findIndex(each => each.text === name) + 1].text)
  expect(stat('functions.caches')).toBe(after('used_memory_functions'))
  expect(stat('lua.caches')).toBe(after('used_memory_scripts_eval'))
  await client.pipeline([
    ['FUNCTION', 'FLUSH'],
    ['SCRIPT', 'FLUSH'],
  ])
  expect((await figures())('used_memory_scripts')).toBe(0)
})
