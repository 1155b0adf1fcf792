import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--slowlog-log-slower-than', '0', '--enable-debug-command', 'yes'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.call('SLOWLOG', 'RESET')
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

/** The arguments of all entries, newest first. */
async function logged(of: RawClient): Promise<string[][]> {
  const { elements } = await of.call('SLOWLOG', 'GET', '-1')
  return (elements ?? []).map(entry => texts(entry.elements?.[3] ?? entry))
}

test('an entry tells what ran, for how long, and who ran it', async () => {
  await client.call('CLIENT', 'SETNAME', 'sleeper')
  await client.call('DEBUG', 'SLEEP', '0.02')
  const [entry] = (await client.call('SLOWLOG', 'GET', '1')).elements ?? []
  const [id, seconds, microseconds, args, address, name] = entry.elements ?? []
  expect(Number(id.text)).toBeGreaterThan(0)
  expect(Math.abs(Number(seconds.text) - Date.now() / 1000)).toBeLessThan(5)
  expect(Number(microseconds.text)).toBeGreaterThanOrEqual(20_000)
  expect(texts(args)).toEqual(['DEBUG', 'SLEEP', '0.02'])
  expect(address.text).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(name.text).toBe('sleeper')
})

test('only commands that take long enough are logged, none at all for -1', async () => {
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '15000')
  await client.pipeline([['SLOWLOG', 'RESET'], ['PING'], ['DEBUG', 'SLEEP', '0.02'], ['PING']])
  expect(await logged(client)).toEqual([['DEBUG', 'SLEEP', '0.02']])
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')
  await client.call('DEBUG', 'SLEEP', '0.02')
  expect((await client.call('SLOWLOG', 'LEN')).text).toBe('1')
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
})

test('a lower slowlog-max-len drops entries', async () => {
  await client.pipeline([['PING'], ['PING'], ['PING'], ['CONFIG', 'SET', 'slowlog-max-len', '2']])
  expect((await client.call('SLOWLOG', 'LEN')).text).toBe('2')
  await client.call('CONFIG', 'SET', 'slowlog-max-len', '128')
})

test('a command that has to wait is logged when it is done, with the time it took', async () => {
  const silent = createServer()
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const port = String((silent.address() as AddressInfo).port)
  await client.call('SET', 'k', 'v')
  const waiting = client.call('MIGRATE', '127.0.0.1', port, 'k', '0', '100', 'AUTH', 'secret')
  const other = await RawClient.connect(server.port)
  await other.call('PING')
  expect((await logged(other)).flat()).not.toContain('MIGRATE')
  expect((await waiting).type).toBe('-')
  const [, , , ...entry] = (await other.call('SLOWLOG', 'GET', '1')).elements?.[0].elements ?? []
  expect(texts(entry[0])).toEqual(['MIGRATE', '127.0.0.1', port, 'k', '0', '100', 'AUTH', '(redacted)'])
  other.close()
  silent.close()
})

test('passwords are left out', async () => {
  await client.call('CONFIG', 'SET', 'masterauth', 'secret', 'masteruser', 'me', 'maxclients', '1000')
  await client.call('AUTH', 'secret')
  expect((await logged(client)).slice(0, 2)).toEqual([
    ['AUTH', '(redacted)'],
    ['CONFIG', 'SET', 'masterauth', '(redacted)', 'masteruser', '(redacted)', 'maxclients', '1000'],
  ])
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let theirs: RawClient
  beforeAll(async () => {
    theirs = await RawClient.connect((await startRedisServer(['--save', '', '--slowlog-log-slower-than', '0'])).port)
  })
  afterAll(() => theirs.close())

  test('long arguments and long lists of them are cut the same way', async () => {
    const many = (count: number): string[] => ['del', ...Array.from({ length: count - 1 }, (_, i) => `key${i}`)]
    const commands = [
      ['slowlog', 'reset'],
      ['set', 'k', 'x'.repeat(128)],
      ['set', 'k', 'x'.repeat(129)],
      ['set', 'k'.repeat(5000), 'v'],
      ['append', 'k', '\x00\xff\r\n'],
      many(31),
      many(32),
      many(33),
      many(1000),
      ['getset', 'k', '5'],
      ['incrbyfloat', 'k', '1.5'],
      ['multi'],
      ['get', 'k'],
      ['exec'],
    ]
    await client.pipeline(commands)
    await theirs.pipeline(commands)
    expect(await logged(client)).toEqual(await logged(theirs))
  })

  test('the same replies to wrong requests', async () => {
    await expectSame(
      client,
      theirs,
      words(
        'slowlog',
        'slowlog x',
        'slowlog get x',
        'slowlog get -2',
        'slowlog get 1 2',
        'slowlog get 0',
        'slowlog len x',
        'slowlog reset x',
      ),
    )
  })
})
