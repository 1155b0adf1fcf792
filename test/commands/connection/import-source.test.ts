/** Import mode and CLIENT IMPORT-SOURCE, of Valkey 8.1. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

let server: RunningServer
let source: RawClient
let other: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--hz', '100'])
})
beforeEach(async () => {
  source = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
  await replies(other, 'config set import-mode yes maxmemory 0', 'flushall')
  await replies(source, 'client import-source on')
  return () => {
    source.close()
    other.close()
  }
})
afterAll(async () => {
  await server.stop()
})

async function replies(of: RawClient, ...lines: string[]): Promise<string[]> {
  return (await of.pipeline(words(...lines))).map(shown)
}

test('the source goes on with expired keys, which to others are gone but not deleted', async () => {
  await replies(source, 'set a 1 pxat 1', 'rpush list x', 'pexpireat list 1')
  expect(await replies(source, 'get a', 'incr a', 'rpush list y', 'pexpiretime a', 'scan 0')).toEqual([
    '1',
    ':2',
    ':2',
    ':1',
    '*[0 *[a list]]',
  ])
  expect(await replies(other, 'get a', 'exists list', 'scan 0', 'dbsize')).toEqual(['$null', ':0', '*[0 *[]]', ':2'])
  expect(await replies(source, 'get a', 'lrange list 0 -1')).toEqual(['2', '*[x y]'])
})

test('an expired key that another client writes is a new one', async () => {
  await replies(source, 'set a 41 pxat 1')
  expect(await replies(other, 'incr a', 'ttl a')).toEqual([':1', ':-1'])
})

test('nothing expires by itself until the import is over', async () => {
  const count = async (): Promise<string> => (await replies(other, 'dbsize'))[0]
  const cycles = async (): Promise<number> =>
    Number(/eventloop_cycles:(\d+)/.exec((await other.call('INFO', 'stats')).text ?? '')?.[1])
  await replies(source, 'set a 1 pxat 1', 'set b 1 pxat 1')
  for (const before = await cycles(); (await cycles()) < before + 50; ) await other.call('PING')
  expect(await count()).toBe(':2')
  await replies(other, 'config set import-mode no')
  while ((await count()) !== ':0');
})

test('keys are not evicted', async () => {
  await replies(other, 'set a 1', 'config set maxmemory-policy allkeys-random maxmemory 1')
  expect(await replies(source, 'set b 1', 'get a')).toEqual([
    "-OOM command not allowed when used memory > 'maxmemory'.",
    '1',
  ])
  await replies(other, 'config set maxmemory 0 maxmemory-policy noeviction')
})

test('a connection is a source only in import mode, and until it says otherwise', async () => {
  expect((await source.call('CLIENT', 'INFO')).text).toContain(' flags=I ')
  await replies(source, 'set a 1 pxat 1')
  expect(await replies(source, 'client import-source x', 'client import-source off', 'get a')).toEqual([
    '-ERR syntax error',
    '+OK',
    '$null',
  ])
  await replies(source, 'client import-source on', 'reset')
  expect((await source.call('CLIENT', 'INFO')).text).toContain(' flags=N ')
  await replies(other, 'config set import-mode no')
  expect(await replies(other, 'client import-source on', 'client import-source x', 'client import-source off')).toEqual(
    ['-ERR Server is not in import mode', '-ERR Server is not in import mode', '+OK'],
  )
})
