/** maxmemory as clients and replicas see it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { info, inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

const OOM = "OOM command not allowed when used memory > 'maxmemory'."
const UNLIMITED = ['CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction', 'lazyfree-lazy-eviction', 'no']

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
  client = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await client.pipeline([UNLIMITED, ['FLUSHALL'], ['CONFIG', 'RESETSTAT']])
})
afterAll(async () => {
  client.close()
  await server.stop()
})

async function text(...command: string[]): Promise<string | null> {
  return (await client.call(...command)).text
}

async function field(name: string, port = server.port): Promise<number> {
  return Number((await info(port)).get(name))
}

/** Sets maxmemory to what is used now and `more` bytes (below zero: less). */
async function limit(more: number, policy: string): Promise<number> {
  const bytes = (await field('used_memory')) + more
  await text('CONFIG', 'SET', 'maxmemory', String(bytes), 'maxmemory-policy', policy)
  return bytes
}

function keys(count: number, prefix = 'key', size = 100): string[][] {
  return Array.from({ length: count }, (_, i) => ['SET', `${prefix}:${i}`, 'v'.repeat(size)])
}

describe('without anything to evict', () => {
  beforeEach(async () => {
    await client.pipeline([
      ['SET', 'a', '1'],
      ['HSET', 'h', 'f', 'v'],
    ])
    await text('CONFIG', 'SET', 'maxmemory', '1')
  })

  test('commands that take memory are refused, others are not', async () => {
    const replies = await client.pipeline([
      ['SET', 'a', '2'],
      ['INCR', 'a'],
      ['HSET', 'h', 'f', 'w'],
      ['GET', 'a'],
      ['EXPIRE', 'a', '100'],
      ['HDEL', 'h', 'f'],
      ['DEL', 'a'],
    ])
    expect(replies.map(reply => reply.text)).toEqual([OOM, OOM, OOM, '1', '1', '1', '1'])
    expect(await text('INFO', 'errorstats')).toContain('errorstat_OOM:count=3')
    expect(await text('INFO', 'commandstats')).toMatch(/cmdstat_set:.*rejected_calls=1,/)
  })

  test('keys without an expiry are safe from a volatile policy', async () => {
    await text('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
    expect(await text('SET', 'b', '1')).toBe(OOM)
    expect(await text('GET', 'a')).toBe('1')
  })

  test('in MULTI nothing can be queued, and EXEC aborts', async () => {
    const replies = await client.pipeline([['MULTI'], ['GET', 'a'], ['SET', 'a', '2'], ['EXEC'], ['GET', 'a']])
    expect(replies.map(reply => reply.text)).toEqual([
      'OK',
      OOM,
      OOM,
      'EXECABORT Transaction discarded because of previous errors.',
      '1',
    ])
    expect((await client.pipeline([['MULTI'], ['DISCARD']])).map(reply => reply.text)).toEqual(['OK', 'OK'])
  })

  test('an EXEC with commands queued earlier runs unless one of them takes memory', async () => {
    const exec = async (...queued: string[]): Promise<string | null | undefined> => {
      await client.pipeline([['CONFIG', 'SET', 'maxmemory', '0'], ['MULTI'], queued])
      const other = await RawClient.connect(server.port)
      await other.call('CONFIG', 'SET', 'maxmemory', '1')
      other.close()
      const reply = await client.call('EXEC')
      return reply.elements?.[0].text ?? reply.text
    }
    expect(await exec('GET', 'a')).toBe('1')
    expect(await exec('SET', 'a', '2')).toBe(`EXECABORT Transaction discarded because of: ${OOM}`)
  })

  test('time over the limit is counted', async () => {
    await text('SET', 'a', '2')
    await until('a millisecond has passed', async () => (await field('current_eviction_exceeded_time')) > 0)
    await text('CONFIG', 'SET', 'maxmemory', '0')
    expect(await field('current_eviction_exceeded_time')).toBe(0)
    expect(await field('total_eviction_exceeded_time')).toBeGreaterThan(0)
    await text('CONFIG', 'RESETSTAT')
    expect(await field('total_eviction_exceeded_time')).toBe(0)
  })
})

describe('with a policy', () => {
  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])('%s keeps memory at the limit', async policy => {
    const bytes = await limit(200_000, policy)
    const replies = await client.pipeline(keys(5000))
    expect(replies.every(reply => reply.text === 'OK')).toBe(true)
    // One command may add a little before the next one evicts.
    expect(await field('used_memory')).toBeLessThan(bytes + 8192)
    // The end of a pipeline that did not fit one read was memory too.
    expect(await field('used_memory')).toBeGreaterThan(bytes - 100_000)
    expect(await field('evicted_keys')).toBe(5000 - Number(await text('DBSIZE')))
  })

  test('large values are counted with all their memory, and free it at once', async () => {
    const before = await field('used_memory')
    const bytes = await limit(1_000_000, 'allkeys-lru')
    await client.pipeline(keys(100, 'large', 50_000))
    const alive = Number(await text('DBSIZE'))
    expect(alive).toBeLessThanOrEqual(20)
    expect(alive).toBeGreaterThan(15)
    expect(await field('used_memory')).toBeLessThan(bytes + 60_000)
    await text('FLUSHALL')
    expect(await field('used_memory')).toBeLessThan(before + 10_000)
  })

  test('large hashes are counted with their tables', async () => {
    const before = await field('used_memory')
    const fields = Array.from({ length: 20_000 }, (_, i) => [`field:${i}`, 'v'.repeat(20)])
    await text('HSET', 'h', ...fields.flat())
    // 52 bytes an element, and what the table needs to find it.
    expect(await field('used_memory')).toBeGreaterThan(before + 20_000 * 56)
    await text('DEL', 'h')
    await until('all of it is free', async () => (await field('used_memory')) < before + 10_000)
  })

  test('CONFIG SET maxmemory evicts without waiting for a command', async () => {
    await client.pipeline(keys(10_000))
    const listener = await RawClient.connect(server.port)
    await listener.call('CONFIG', 'SET', 'notify-keyspace-events', 'Ee')
    await listener.call('SUBSCRIBE', '__keyevent@0__:evicted')
    const bytes = (await field('used_memory')) - 100_000
    await listener.call('PING')
    client.write(['CONFIG', 'SET', 'maxmemory', String(bytes), 'maxmemory-policy', 'allkeys-random'])
    const message = await listener.next()
    expect(message.elements?.map(element => element.text)).toEqual([
      'message',
      '__keyevent@0__:evicted',
      expect.stringMatching(/^key:\d+$/),
    ])
    listener.close()
    await client.next()
    await until('memory is below the limit', async () => (await field('used_memory')) <= bytes)
  })

  test('a maxmemory below what is used is worth a warning', async () => {
    await text('CONFIG', 'SET', 'maxmemory', '1000')
    await server.waitForLog(
      /new maxmemory value set via CONFIG SET \(1000\) is smaller than the current memory usage \(\d+\)/,
    )
  })

  test('memory of clients makes keys go', async () => {
    await client.pipeline(keys(1000, 'key', 1000))
    await limit(100_000, 'allkeys-lru')
    const sender = await RawClient.connect(server.port)
    await sender.call('ECHO', 'x'.repeat(200_000))
    expect(await field('evicted_keys')).toBeGreaterThan(0)
    sender.close()
  })

  test('integers are shared until keys need a history of their own', async () => {
    await text('SET', 'n', '1')
    expect(await text('OBJECT', 'REFCOUNT', 'n')).toBe('2147483647')
    await text('CONFIG', 'SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru')
    expect(await text('OBJECT', 'REFCOUNT', 'n')).toBe('1')
  })
})

describe('replicas', () => {
  let replica: RunningServer

  beforeAll(async () => {
    const options = ['--save', '', '--replicaof', '127.0.0.1', String(server.port), '--maxmemory', '1']
    replica = await startRedisTs([...options, '--maxmemory-policy', 'allkeys-lru'])
    await linkUp(replica.port)
  })
  afterAll(async () => {
    await replica.stop()
  })

  test('one that ignores its own maxmemory keeps every key until its master evicts it', async () => {
    await client.pipeline(keys(2000))
    await inStep(server.port, replica.port)
    expect(await field('evicted_keys', replica.port)).toBe(0)
    await limit(-50_000, 'allkeys-random')
    await until('keys have gone', async () => (await field('evicted_keys')) > 100)
    await text('PING')
    await inStep(server.port, replica.port)
    const replicated = await RawClient.connect(replica.port)
    expect((await replicated.call('DBSIZE')).text).toBe(await text('DBSIZE'))
    expect(await field('evicted_keys', replica.port)).toBe(0)
    replicated.close()
  })

  test('their lag is no reason to evict, but shows', async () => {
    await client.pipeline([['CONFIG', 'SET', 'repl-backlog-size', '16384'], ...keys(100)])
    await limit(400_000, 'allkeys-random')
    replica.kill('SIGSTOP')
    try {
      // Far more than the buffers of both sides' sockets take.
      await client.pipeline(Array.from({ length: 100 }, () => ['SET', 'one', 'v'.repeat(200_000)]))
      expect(await field('mem_not_counted_for_evict')).toBeGreaterThan(2_000_000)
      expect(await field('mem_clients_slaves')).toBeGreaterThan(2_000_000)
      expect(await field('evicted_keys')).toBe(0)
    } finally {
      replica.kill('SIGCONT')
    }
  })
})
