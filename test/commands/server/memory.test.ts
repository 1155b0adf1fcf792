import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.call('FLUSHALL')
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

async function call(...args: string[]): Promise<number> {
  return Number((await client.call(...args)).text)
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec((await client.call('INFO', 'memory')).text ?? '')?.[1])
}

describe('USAGE', () => {
  test('all keys together take what used_memory has grown by', async () => {
    const before = await usedMemory()
    const commands = Array.from({ length: 5000 }, (_, i) => ['SET', `key:${i}`, 'v'.repeat(i % 100)])
    await client.pipeline([...commands, ['SET', 'big', 'v'.repeat(100_000)]])
    const grown = (await usedMemory()) - before
    const names = [...commands.map(([, key]) => key), 'big']
    const usages = await client.pipeline(names.map(key => ['MEMORY', 'USAGE', key]))
    const sum = usages.reduce((total, { text }) => total + Number(text), 0)
    expect(Math.abs(sum - grown)).toBeLessThan(grown * 0.05)
  })

  test('counts an expiry, a large value, and the elements of a hash', async () => {
    await client.pipeline([
      ['SET', 'a', '1'],
      ['SET', 'b', '1', 'EX', '100'],
      ['SET', 'big', 'x'.repeat(20_000)],
      ['HSET', 'hash', ...Array.from({ length: 2000 }, (_, i) => [`field:${i}`, 'v'.repeat(50)]).flat()],
    ])
    const plain = await call('MEMORY', 'USAGE', 'a')
    expect(await call('MEMORY', 'USAGE', 'b')).toBeGreaterThan(plain)
    expect(await call('MEMORY', 'USAGE', 'big')).toBeGreaterThan(20_000)
    expect(await call('MEMORY', 'USAGE', 'big')).toBeLessThan(22_000)
    const exact = await call('MEMORY', 'USAGE', 'hash', 'SAMPLES', '0')
    expect(exact).toBeGreaterThan(2000 * 58)
    expect(Math.abs((await call('MEMORY', 'USAGE', 'hash')) - exact)).toBeLessThan(exact * 0.2)
  })

  test('is null for a key that is not there, and touches no key that is', async () => {
    await client.call('SET', 'k', 'v')
    await client.call('CONFIG', 'RESETSTAT')
    expect((await client.call('MEMORY', 'USAGE', 'none')).text).toBe(null)
    await client.call('MEMORY', 'USAGE', 'k')
    expect((await client.call('INFO', 'stats')).text).toMatch(/keyspace_hits:0\r\nkeyspace_misses:0\r\n/)
  })
})

test('STATS tells where memory goes, of each database with keys too', async () => {
  await client.pipeline([
    ['HELLO', '3'],
    ['SET', 'a', '1'],
    ['SELECT', '3'],
    ['SET', 'b', '1', 'EX', '100'],
  ])
  const { elements, type } = await client.call('MEMORY', 'STATS')
  const all = elements ?? []
  const stats = new Map(all.filter((_, i) => i % 2 === 0).map(({ text }, i) => [text, all[i * 2 + 1]]))
  const number = (name: string): number => Number(stats.get(name)?.text)
  expect(type).toBe('%')
  expect(stats.size).toBe(29)
  expect(stats.get('peak.percentage')?.type).toBe(',')
  expect(texts(stats.get('db.3') ?? { type: '', text: null, elements: null })).toEqual([
    'overhead.hashtable.main',
    expect.stringMatching(/^[1-9]/),
    'overhead.hashtable.expires',
    expect.stringMatching(/^[1-9]/),
    'overhead.hashtable.slot-to-keys',
    '0',
  ])
  expect(number('keys.count')).toBe(2)
  expect(number('overhead.total') + number('dataset.bytes')).toBe(number('total.allocated'))
  expect(number('peak.allocated')).toBeGreaterThanOrEqual(number('total.allocated'))
})

test('DOCTOR sees a peak, and MALLOC-STATS the slots in use', async () => {
  expect((await client.call('MEMORY', 'DOCTOR')).text).toContain('next to no data')
  await client.call('DEBUG', 'POPULATE', '150000', 'key', '50')
  expect((await client.call('MEMORY', 'DOCTOR')).text).toBe('Memory is used as it should be.\n')
  expect((await client.call('MEMORY', 'MALLOC-STATS')).text).toMatch(/^ +72 +\d+ +\d+ +1\d{5} /m)
  await client.pipeline([['FLUSHALL'], ['DEBUG', 'POPULATE', '70000', 'key', '50']])
  expect((await client.call('MEMORY', 'DOCTOR')).text).toContain('- Peak: ')
})

test('PURGE gives back the memory of large values that is kept to be used again', async () => {
  const active = async (): Promise<number> =>
    Number(/allocator_active:(\d+)/.exec((await client.call('INFO', 'memory')).text ?? '')?.[1])
  const values = Array.from({ length: 400 }, (_, i) => ['SET', `big:${i}`, 'x'.repeat(10_000)])
  await client.pipeline([...values, ...values.map(([, key]) => ['DEL', key])])
  const before = await active()
  expect((await client.call('MEMORY', 'PURGE')).text).toBe('OK')
  expect(before - (await active())).toBeGreaterThan(2_000_000)
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('the same replies to wrong requests, and to questions about nothing', async () => {
    const theirs = await RawClient.connect((await startRedisServer(['--save', ''])).port)
    await expectSame(
      client,
      theirs,
      words(
        'memory',
        'memory x',
        'memory usage',
        'memory usage none',
        'memory usage none samples',
        'memory usage none samples x',
        'memory usage none samples -1',
        'memory usage none samples 0 x',
        'memory usage none samples 5 samples 0',
        'memory stats x',
        'memory doctor x',
        'memory purge x',
      ),
    )
    const [ours, stocks] = [await client.call('MEMORY', 'STATS'), await theirs.call('MEMORY', 'STATS')]
    const names = (reply: RawReply): string[] => texts(reply).filter((_, i) => i % 2 === 0)
    expect(names(ours)).toEqual(names(stocks))
    theirs.close()
  })
})
