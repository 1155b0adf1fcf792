/** server.snapshot() and restore(): all data, as bytes that can be kept and put back. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  expiring,
  geo,
  hyperLogLog,
  type RunningServer,
  type Seed,
  type SeedValue,
  sortedSet,
  stream,
} from '../../src/index.js'
import { tempDir } from '../interop/stock.js'
import { clientOf, say, start, turns } from './servers.js'

const DEBUG = { 'enable-debug-command': 'yes' } as const

const EVERYTHING: Seed = {
  text: 'a',
  number: 5,
  list: ['a', 'b'],
  set: new Set(['a', 1]),
  hash: { f: 'v' },
  zset: sortedSet({ a: 1 }),
  stream: stream([{ id: '1-1', fields: { a: '1' } }], { group: '0' }),
  hll: hyperLogLog(['a']),
  geo: geo({ here: [1, 2] }),
  timed: expiring('x', 100_000),
  large: Array.from({ length: 5000 }, (_, i) => `element ${i}`),
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await turns(1)
}

const digest = (server: RunningServer): Promise<unknown> => server.command('DEBUG', 'DIGEST')

test('of each kind, groups with their pending entries, functions, times to live, databases', async () => {
  const server = await start(DEBUG)
  await server.seed(EVERYTHING)
  await server.command('XREADGROUP', 'GROUP', 'group', 'consumer', 'STREAMS', 'stream', '>')
  await server.command('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 'here' end)")
  await server.command('SELECT', 9)
  await server.command('SET', 'elsewhere', '1')
  await server.command('SELECT', 0)
  const before = await digest(server)
  const expiry = await server.command('PEXPIRETIME', 'timed')
  const bytes = await server.snapshot()
  expect(bytes.subarray(0, 5).toString()).toBe('REDIS')
  await server.flush()
  await server.seed({ other: 'data' })
  await server.restore(bytes)
  expect(await digest(server)).toBe(before)
  expect(await server.command('PEXPIRETIME', 'timed')).toBe(expiry)
  expect(await server.command('XPENDING', 'stream', 'group')).toMatchObject([1, '1-1', '1-1', [['consumer', '1']]])
  expect(await server.command('FCALL', 'f', 0)).toBe('here')
  const other = await start(DEBUG)
  await other.restore(bytes)
  expect(await digest(other)).toBe(before)
})

test('a snapshot is of one moment, and stays what it was', async () => {
  const server = await start(DEBUG)
  await server.command('DEBUG', 'POPULATE', 50_000)
  const before = await digest(server)
  const taking = server.snapshot()
  await server.command('DEL', 'key:1')
  await server.command('SET', 'key:2', 'changed')
  const bytes = await taking
  await server.restore(bytes)
  expect(await digest(server)).toBe(before)
})

test('several at once, and beside a save, are all whole', async () => {
  const server = await start({ ...DEBUG, dir: tempDir() })
  await server.command('DEBUG', 'POPULATE', 20_000)
  const before = await digest(server)
  await server.command('BGSAVE')
  const snapshots = await Promise.all([server.snapshot(), server.snapshot(), server.snapshot()])
  for (const bytes of snapshots) {
    await server.flush()
    await server.restore(bytes)
    expect(await digest(server)).toBe(before)
  }
})

test('restores that come at once are done one after another', async () => {
  const server = await start(DEBUG)
  await server.seed({ a: 'one' })
  const one = await server.snapshot()
  await server.flush()
  await server.seed({ a: 'two' })
  const two = await server.snapshot()
  await Promise.all([server.restore(one), server.restore(two), server.restore(one)])
  expect(await server.command('GET', 'a')).toBe('one')
})

test('an RDB file is one, of Uint8Array as well', async () => {
  const dir = tempDir()
  const server = await start({ ...DEBUG, dir })
  await server.seed(EVERYTHING)
  await server.command('SAVE')
  const before = await digest(server)
  const file = readFileSync(join(dir, 'dump.rdb'))
  await server.flush()
  await server.restore(new Uint8Array(file))
  expect(await digest(server)).toBe(before)
})

test('clients stay; what they watch has changed, and keys that they wait for are there', async () => {
  const server = await start()
  await server.seed({ list: ['a'], watched: '1' })
  const bytes = await server.snapshot()
  await server.flush()
  const [watcher, waiter] = [await clientOf(server), await clientOf(server)]
  await watcher.pipeline([['WATCH', 'watched'], ['MULTI'], ['PING']])
  const popped = waiter.call('BLPOP', 'list', '0')
  await turns()
  await server.restore(bytes)
  expect((await watcher.call('EXEC')).elements).toBe(null)
  expect((await popped).elements?.[1].text).toBe('a')
})

test('a replica gets the restored data', async () => {
  const master = await start({ ...DEBUG, 'repl-diskless-sync-delay': 0 })
  const replica = await start({ ...DEBUG, replicaof: ['127.0.0.1', master.port] })
  await master.seed(EVERYTHING)
  const bytes = await master.snapshot()
  await master.command('SET', 'text', 'changed')
  await until(async () => (await replica.command('GET', 'text').catch(() => null)) === 'changed')
  await master.restore(bytes)
  await master.command('SET', 'behind', 'it')
  await until(async () => (await replica.command('GET', 'behind').catch(() => null)) === 'it')
  expect(await digest(replica)).toBe(await digest(master))
})

test('with an append-only file the restored data is what a new start finds', async () => {
  const dir = tempDir()
  const server = await start({ ...DEBUG, dir, appendonly: true })
  await server.seed(EVERYTHING)
  const bytes = await server.snapshot()
  await server.command('SET', 'text', 'changed')
  await server.restore(bytes)
  await server.command('SET', 'behind', 'it')
  const before = await digest(server)
  await server.close()
  const again = await start({ ...DEBUG, dir, appendonly: true })
  expect(await digest(again)).toBe(before)
})

describe('what is no snapshot', () => {
  test('is refused, and the data stays', async () => {
    const server = await start(DEBUG)
    await server.seed(EVERYTHING)
    const before = await digest(server)
    const bytes = await server.snapshot()
    const damaged = Buffer.from(bytes)
    damaged[bytes.length >> 1] ^= 255
    const longer = Buffer.concat([bytes, Buffer.from('more')])
    const cases = [Buffer.alloc(0), Buffer.from('REDIS'), bytes.subarray(0, -1), bytes.subarray(0, 40), damaged, longer]
    for (const wrong of [...cases, Buffer.from('hello, this is no snapshot at all')]) {
      await expect(server.restore(wrong)).rejects.toThrow('redis-ts: what restore() was given is no snapshot: ')
      expect(await digest(server)).toBe(before)
    }
    await expect(server.restore('REDIS' as never)).rejects.toThrow('redis-ts: restore() takes what snapshot() returned')
    await server.restore(bytes)
    expect(await digest(server)).toBe(before)
  })
})

const text = fc.oneof(fc.string(), fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), fc.uint8Array())
const name = fc.string()
const plain: fc.Arbitrary<SeedValue> = fc.oneof(
  text,
  fc.array(text, { minLength: 1, maxLength: 200 }),
  fc.array(text, { minLength: 1, maxLength: 200 }).map(members => new Set(members)),
  fc.dictionary(name, text, { minKeys: 1, maxKeys: 100 }),
  fc.dictionary(name, fc.double({ noNaN: true }), { minKeys: 1, maxKeys: 200 }).map(scores => sortedSet(scores)),
  fc.array(fc.dictionary(name, text, { minKeys: 1, maxKeys: 5 }), { minLength: 1, maxLength: 150 }).map(entries =>
    stream(
      entries.map((fields, i) => ({ id: `${i + 1}-${i}`, fields })),
      { group: '0', other: '$' },
    ),
  ),
  fc.array(text, { minLength: 1 }).map(elements => hyperLogLog(elements)),
  fc
    .dictionary(
      name,
      fc.tuple(fc.double({ min: -180, max: 180, noNaN: true }), fc.double({ min: -85, max: 85, noNaN: true })),
      { minKeys: 1 },
    )
    .map(geo),
)
const value = fc.oneof(
  plain,
  fc.tuple(plain, fc.integer({ min: 1_000_000, max: 2 ** 40 })).map(([it, ms]) => expiring(it, ms)),
)

test('any seed is the same after snapshot, flush and restore', async () => {
  const server = await start(DEBUG)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 20 }), async seed => {
      await server.flush()
      await server.seed(seed)
      const before = await digest(server)
      const bytes = await server.snapshot()
      await server.flush()
      await server.restore(bytes)
      expect(await digest(server)).toBe(before)
    }),
    { numRuns: 60 },
  )
})

test('a server that is closed meanwhile takes and gives none, and leaves no files', async () => {
  const dir = tempDir()
  const server = await start({ ...DEBUG, dir, appendonly: true })
  await server.command('DEBUG', 'POPULATE', 100_000)
  const bytes = await server.snapshot()
  const taking = server.snapshot()
  const giving = server.restore(bytes)
  const results = Promise.allSettled([taking, giving])
  await server.close()
  const files = readdirSync(join(dir, 'appendonlydir'))
  for (const result of await results) {
    expect(result).toMatchObject({ status: 'rejected', reason: new Error('redis-ts: the server is closed') })
  }
  expect(readdirSync(join(dir, 'appendonlydir'))).toEqual(files)
})

test('a server under a manual clock takes and gives them', async () => {
  const server = await start({ clock: 'manual' })
  await server.seed({ short: expiring('x', 10), long: expiring('y', 10_000) })
  const bytes = await server.snapshot()
  await server.clock.advance(100)
  await server.restore(bytes)
  const client = await clientOf(server)
  expect(await say(client, 'EXISTS', 'short')).toBe(':0')
  expect(await say(client, 'PTTL', 'long')).toBe(':9900')
})
