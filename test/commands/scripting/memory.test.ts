import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

let client: RawClient

beforeAll(async () => {
  client = await RawClient.connect((await startRedisTs(['--save', '', '--lua-memory-limit', '128mb'])).port)
})
afterAll(() => client.close())

async function run(script: string, ...args: string[]): Promise<string | null> {
  return (await client.call('EVAL', script, '0', ...args)).text
}

async function vmBytes(): Promise<number> {
  return Number(/used_memory_vm_total:(\d+)/.exec((await client.call('INFO', 'memory')).text ?? '')?.[1])
}

test('an empty argument may follow a long one', async () => {
  expect(await run('return #ARGV[1]', 'x'.repeat(200_000))).toBe('200000')
  expect(await run('return #ARGV[1]', '')).toBe('0')
  expect(await run('return redis.call("echo", "")')).toBe('')
})

test('names that a script gives to what it compiles do not stay', async () => {
  // They would be 160 MB, more than there may be.
  const script = 'for i = 1, 80000 do load(function() end, ARGV[1] .. i) end return 1'
  expect(await run(script, 'n'.repeat(2000))).toBe('1')
})

test('what takes all that there is ends in an error, and the memory comes back', async () => {
  expect(await run('local t = {} for i = 1, 1e9 do t[i] = {} end')).toMatch(/^ERR not enough memory/)
  expect(await vmBytes()).toBe(0)
  expect(await run('return 7')).toBe('7')
})
