/** PFMERGE of so many keys that others have their turns meanwhile: it is of one moment all the same. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'

const KEYS = Array.from({ length: 600 }, (_, i) => `key:${i}`)
const MERGE = ['PFMERGE', 'to', ...KEYS]

let client: RawClient
let other: RawClient
let port: number

beforeAll(async () => {
  port = (await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0'])).port
  client = await RawClient.connect(port)
  other = await RawClient.connect(port)
})
beforeEach(async () => {
  await client.pipeline([
    ['FLUSHALL'],
    ...KEYS.map(key => ['PFADD', key, ...Array.from({ length: 10 }, (_, i) => `${key} ${i}`)]),
    ...KEYS.map(key => ['PFDEBUG', 'TODENSE', key]),
    ['CONFIG', 'RESETSTAT'],
  ])
})
afterAll(() => {
  client.close()
  other.close()
})

async function count(key: string): Promise<number> {
  return Number((await other.call('PFCOUNT', key)).text)
}

test('merges all, and counts as one call', async () => {
  const replies = await client.pipeline([MERGE, ['PING']])
  expect(replies.map(({ text }) => text)).toEqual(['OK', 'PONG'])
  expect(Math.abs((await count('to')) - 6000)).toBeLessThan(200)
  expect((await other.call('INFO', 'commandstats')).text).toMatch(/cmdstat_pfmerge:calls=1,.*failed_calls=0/)
})

test('whoever writes to one of the keys comes before or after, and readers are served', async () => {
  const added = Array.from({ length: 20_000 }, (_, i) => `added ${i}`)
  const pushed = client.pipeline([MERGE])
  const [adding, , read] = await Promise.all([
    other.call('PFADD', KEYS[599], ...added),
    pushed,
    other.call('STRLEN', KEYS[599]),
  ])
  expect([adding.text, read.text]).toEqual(['1', '12304'])
  const merged = await count('to')
  expect(Math.min(Math.abs(merged - 6000), Math.abs(merged - 26_000))).toBeLessThan(800)
  expect(Math.abs((await count(KEYS[599])) - 20_010)).toBeLessThan(800)
})

test('in a transaction it is done at once', async () => {
  const replies = await client.pipeline([['MULTI'], MERGE, ['PFCOUNT', 'to'], ['EXEC']])
  const [merged, counted] = texts(replies[3])
  expect(merged).toBe('OK')
  expect(Math.abs(Number(counted) - 6000)).toBeLessThan(200)
})

test('a client that leaves meanwhile leaves no lock behind', async () => {
  for (let i = 0; i < 5; i++) {
    const leaving = await RawClient.connect(port)
    leaving.write(MERGE)
    leaving.close()
  }
  const replies = await other.pipeline([MERGE, ['PFADD', KEYS[0], 'x'], ['FLUSHALL'], ['EXISTS', 'to']])
  expect(replies.map(({ text }) => text)).toEqual(['OK', '1', 'OK', '0'])
})

test('the first key that is wrong is told, and nothing is changed', async () => {
  await client.pipeline([
    ['SET', 'none', 'x'],
    ['PFADD', 'damaged', 'a'],
    ['APPEND', 'damaged', 'x'],
  ])
  const replies = await client.pipeline([
    [...MERGE, 'none', 'damaged'],
    [...MERGE, 'damaged', 'none'],
    ['EXISTS', 'to'],
  ])
  expect(replies.map(({ text }) => text)).toEqual([
    'WRONGTYPE Key is not a valid HyperLogLog string value.',
    'INVALIDOBJ Corrupted HLL object detected',
    '0',
  ])
  expect((await other.call('INFO', 'commandstats')).text).toMatch(/cmdstat_pfmerge:calls=2,.*failed_calls=2/)
})

test('a key that expires meanwhile is seen, or is not', async () => {
  for (const ms of ['1', '2', '3', '5', '8']) {
    await client.pipeline([
      ['PFADD', 'brief', 'x'],
      ['PEXPIRE', 'brief', ms],
      [...MERGE, 'brief'],
    ])
    expect(Math.abs((await count('to')) - 6000)).toBeLessThan(200)
  }
})

test('a replica has the same', requireStock('redis-server'), async () => {
  const replica = await startRedisServer(['--save', '', '--replicaof', '127.0.0.1', String(port)])
  await replica.waitForLog('Finished with success', 20_000)
  const theirs = await RawClient.connect(replica.port)
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      client.pipeline([MERGE]),
      other.pipeline(KEYS.map(key => ['PFADD', key, `${key} in round ${round}`])),
    ])
  }
  expect((await client.call('WAIT', '1', '10000')).text).toBe('1')
  const dump = ['DUMP', 'to']
  expect((await theirs.call(...dump)).text === (await client.call(...dump)).text).toBe(true)
  theirs.close()
})
