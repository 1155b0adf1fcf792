import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']

let server: RunningServer
let ours: RawClient
let other: RawClient

beforeAll(async () => {
  server = await startRedisTs(OPTIONS)
  ours = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
})
afterAll(() => {
  ours.close()
  other.close()
})
beforeEach(async () => {
  await ours.pipeline([['SELECT', '0'], ['FLUSHALL']])
})

async function text(client: RawClient, ...command: string[]): Promise<string | null> {
  return (await client.call(...command)).text
}

test('connections see the keys of the other database, with their expiries', async () => {
  await ours.pipeline([
    ['SET', 'a', '0', 'PXAT', '4000000000000'],
    ['SELECT', '3'],
    ['SET', 'a', '3'],
    ['HSET', 'h', 'f', 'v'],
    ['SELECT', '0'],
  ])
  expect(await text(other, 'SWAPDB', '0', '3')).toBe('OK')
  expect(await text(ours, 'GET', 'a')).toBe('3')
  expect(await text(ours, 'PEXPIRETIME', 'a')).toBe('-1')
  expect(await text(ours, 'DBSIZE')).toBe('2')
  await ours.call('SELECT', '3')
  expect(await text(ours, 'PEXPIRETIME', 'a')).toBe('4000000000000')
  expect(await text(ours, 'INFO', 'keyspace')).toMatch(/db0:keys=2,expires=0.*\r\ndb3:keys=1,expires=1/)
})

test('a save under way writes each database under the number that it had when the save began', async () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => ['SET', `key:${i}`, `${i}`])
  await ours.pipeline([
    ...keys,
    ['HSET', 'hash', ...Array.from({ length: 2000 }, (_, i) => [`f${i}`, 'old']).flat()],
    ['SELECT', '1'],
    ['SET', 'one', 'old'],
    ['SELECT', '0'],
  ])
  await ours.pipeline([
    ['BGSAVE'],
    ['SWAPDB', '0', '1'],
    ['SET', 'one', 'new'],
    ['SELECT', '1'],
    ['HSET', 'hash', 'f7', 'new'],
    ...keys.map(([, key]) => ['SET', key, 'new']),
    ['SWAPDB', '1', '2'],
    ['FLUSHDB'],
  ])
  await server.waitForLog('Background saving terminated with success')
  const loaded = await startRedisTs(OPTIONS, { dir: server.dir })
  const client = await RawClient.connect(loaded.port)
  expect(await text(client, 'DBSIZE')).toBe('20001')
  expect(await text(client, 'GET', 'key:12345')).toBe('12345')
  expect(await text(client, 'HGET', 'hash', 'f7')).toBe('old')
  await client.call('SELECT', '1')
  expect(await text(client, 'GET', 'one')).toBe('old')
  expect(await text(client, 'DBSIZE')).toBe('1')
  client.close()
  await loaded.stop()
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RawClient
  let stockOther: RawClient

  beforeAll(async () => {
    const { port } = await startRedisServer(OPTIONS)
    stock = await RawClient.connect(port)
    stockOther = await RawClient.connect(port)
    return () => {
      stock.close()
      stockOther.close()
    }
  })

  test('the same arguments give the same replies', async () => {
    await expectSame(
      ours,
      stock,
      words(
        'SWAPDB 0 1',
        'SWAPDB 0 0',
        'SWAPDB 0 15',
        'SWAPDB 0 16',
        'SWAPDB -1 0',
        'SWAPDB x y',
        'SWAPDB 100 y',
        'SWAPDB 99999999999 0',
        'SWAPDB 0 99999999999',
        'SWAPDB 0 1.5',
        'SWAPDB 0',
        'SWAPDB 0 1 2',
        'SELECT 99999999999999999',
        'SELECT 3000000000',
        'SELECT 16',
      ),
    )
  })

  const states: Record<string, string[]> = {
    missing: ['DEL', 'key'],
    there: ['SET', 'key', 'value'],
    expired: ['SET', 'key', 'value', 'PX', '1'],
  }
  const pairs = Object.keys(states).flatMap(before => Object.keys(states).map(after => [before, after]))

  test.each(pairs)('a watched key that was %s, and after the swap is %s', async (before, after) => {
    const outcome = async (client: RawClient, swapper: RawClient): Promise<(RawReply | undefined)[]> => {
      await client.pipeline([
        ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
        ['FLUSHALL'],
        ['SELECT', '1'],
        states[after],
        ['SELECT', '0'],
        states[before],
      ])
      const begin = Date.now()
      while (Date.now() <= begin + 2) await client.call('PING')
      await client.call('WATCH', 'key')
      await swapper.call('SWAPDB', '0', '1')
      const swapped = await client.pipeline([['MULTI'], ['EXISTS', 'key'], ['EXEC']])
      await client.call('WATCH', 'key')
      await swapper.call('FLUSHALL')
      const flushed = await client.pipeline([['MULTI'], ['EXISTS', 'key'], ['EXEC']])
      return [swapped.at(-1), flushed.at(-1)]
    }
    expect(await outcome(ours, other)).toEqual(await outcome(stock, stockOther))
  })
})
