import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs([], { config: '# by hand\nmaxclients 500\nsave 100 1\n' })
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

test('CONFIG GET gives a map of what the patterns match', async () => {
  expect(texts(await client.call('CONFIG', 'GET', 'maxclients', 'save', 'nonsense'))).toEqual([
    'maxclients',
    '500',
    'save',
    '100 1',
  ])
  await client.call('HELLO', '3')
  expect((await client.call('CONFIG', 'GET', 'maxclients')).type).toBe('%')
})

test('CONFIG SET sets several directives or none', async () => {
  const get = async (): Promise<string[]> => texts(await client.call('CONFIG', 'GET', 'timeout', 'maxclients'))
  expect((await client.call('CONFIG', 'SET', 'timeout', '17', 'maxclients', 'many')).type).toBe('-')
  expect(await get()).toEqual(['timeout', '0', 'maxclients', '500'])
  expect((await client.call('CONFIG', 'SET', 'timeout', '17', 'maxclients', '400')).text).toBe('OK')
  expect(await get()).toEqual(['timeout', '17', 'maxclients', '400'])
  await client.call('CONFIG', 'SET', 'timeout', '0')
})

test('CONFIG SET says in the log what has no effect, and what it takes back', async () => {
  expect((await client.call('CONFIG', 'SET', 'watchdog-period', '500')).text).toBe('OK')
  await server.waitForLog("The directive 'watchdog-period' is accepted, but has no effect here.")
  expect((await client.call('CONFIG', 'SET', 'bind', '192.0.2.77')).type).toBe('-')
  await server.waitForLog('Failed applying new configuration. Possibly related to new bind setting.')
})

test('CONFIG REWRITE keeps comments', async () => {
  await client.call('CONFIG', 'SET', 'save', '7 8')
  expect((await client.call('CONFIG', 'REWRITE')).text).toBe('OK')
  const text = readFileSync(join(server.dir, 'redis.conf'), 'utf8')
  expect(text).toContain('# by hand\n')
  expect(text).toContain('\nsave 7 8\n')
  expect(server.log()).toContain('CONFIG REWRITE executed with success.')
})

test('CONFIG RESETSTAT starts the counters again', async () => {
  await client.pipeline([['GET', 'missing'], ['NONSENSE'], ['GET']])
  const stats = async (): Promise<string> =>
    (await client.call('INFO', 'stats', 'commandstats', 'errorstats')).text ?? ''
  expect(await stats()).toMatch(/keyspace_misses:[1-9][\s\S]*cmdstat_get:calls=1[\s\S]*errorstat_ERR:count=[2-9]/)
  expect((await client.call('CONFIG', 'RESETSTAT')).text).toBe('OK')
  const after = await stats()
  expect(after).toContain('keyspace_misses:0\r\n')
  expect(after).toContain('total_error_replies:0\r\n')
  expect(after).not.toMatch(/cmdstat_get|errorstat_/)
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('errors', async () => {
    const stock = await startRedisServer([], { config: 'save ""\n' })
    const theirs = await RawClient.connect(stock.port)
    await expectSame(
      client,
      theirs,
      words(
        'config',
        'config nonsense',
        'config get',
        'config set',
        'config set a',
        'config set a b c',
        'config set nonsense 1',
        'config set port x',
        'config set databases 8',
        'config set dir /tmp',
        'config set maxmemory 1 maxmemory 2',
        'config set save x',
        'config set appendonly maybe',
        'config get nonsense',
        'config get nonsense*',
        'config resetstat x',
        'config rewrite x',
      ),
    )
  })
})
