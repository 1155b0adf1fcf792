/** COPY of a large stream goes on in slices, and is of one moment. */
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { untilBlocked } from '../blocking/scene.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

const ENTRIES = 50_000

let port: number
let client: RawClient
let other: RawClient

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '']))
})
beforeEach(async () => {
  client = await RawClient.connect(port)
  other = await RawClient.connect(port)
  await client.call('FLUSHALL')
  for (let i = 1; i <= ENTRIES; i += 1000) {
    await client.pipeline(Array.from({ length: 1000 }, (_, j) => ['XADD', 's', String(i + j), 'a', 'b']))
  }
  await client.pipeline(words('XGROUP CREATE s g 0', 'XREADGROUP GROUP g alice STREAMS s >', 'CONFIG RESETSTAT'))
  return () => {
    client.close()
    other.close()
  }
})

async function begin(command: string): Promise<void> {
  client.write(['PING'], command.split(' '))
  await client.next()
  await untilBlocked(other, 1)
}

async function pendingCount(key: string): Promise<string | null | undefined> {
  return (await other.call('XPENDING', key, 'g')).elements?.[0].text
}

test('others read it meanwhile, and who would change it waits', async () => {
  await begin('COPY s t')
  const [length, exists] = await other.pipeline(words('XLEN s', 'EXISTS t'))
  expect([length.text, exists.text]).toEqual([String(ENTRIES), '0'])
  const [added, acknowledged] = await other.pipeline(words('XADD s 60000 a b', 'XACK s g 1'))
  expect([added.text, acknowledged.text]).toEqual(['60000-0', '1'])
  expect((await client.next()).text).toBe('1')
  expect((await other.call('XLEN', 't')).text).toBe(String(ENTRIES))
  expect([await pendingCount('s'), await pendingCount('t')]).toEqual([String(ENTRIES - 1), String(ENTRIES)])
  expect((await other.call('INFO', 'commandstats')).text).toMatch(/cmdstat_copy:calls=1,.*failed_calls=0/)
})

test('with REPLACE, in another database and with its expiry', async () => {
  await client.pipeline(words('EXPIRE s 1000', 'SELECT 1', 'SET t v', 'SELECT 0'))
  expect((await client.call('COPY', 's', 't', 'DB', '1')).text).toBe('0')
  expect((await client.call('COPY', 's', 't', 'DB', '1', 'REPLACE')).text).toBe('1')
  const [, length, ttl] = await client.pipeline(words('SELECT 1', 'XLEN t', 'TTL t'))
  expect(length.text).toBe(String(ENTRIES))
  expect(Number(ttl.text)).toBeGreaterThan(900)
})

test('what is there by the time that it is done stays', async () => {
  await begin('COPY s t')
  await other.call('SET', 't', 'v')
  expect((await client.next()).text).toBe('0')
  expect((await other.call('GET', 't')).text).toBe('v')
})

test('a stream that a master takes away meanwhile is not copied', async () => {
  const replica = await startRedisTs(['--save', '', '--replica-read-only', 'no', '--replicaof', '127.0.0.1', `${port}`])
  await replica.waitForLog('Finished with success')
  const [copying, control] = await Promise.all([RawClient.connect(replica.port), RawClient.connect(replica.port)])
  copying.write(['PING'], ['COPY', 's', 't'])
  await copying.next()
  await untilBlocked(control, 1)
  await client.call('DEL', 's')
  expect((await copying.next()).text).toBe('0')
  expect((await control.call('EXISTS', 's', 't')).text).toBe('0')
  copying.close()
  control.close()
})

test('with a client that leaves meanwhile it comes to nothing, or was done before', async () => {
  await begin('COPY s t')
  client.close()
  await untilBlocked(other, 0)
  const [length, added] = await other.pipeline(words('XLEN t', 'XADD s 60000 a b'))
  expect(['0', String(ENTRIES)]).toContain(length.text)
  expect(added.text).toBe('60000-0')
})

test('in a transaction it is made at once', async () => {
  const replies = await client.pipeline(words('MULTI', 'COPY s t', 'XADD s 60000 a b', 'XLEN t', 'EXEC'))
  expect(replies[4].elements?.map(({ text }) => text)).toEqual(['1', '60000-0', String(ENTRIES)])
})
