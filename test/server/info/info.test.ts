import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { humanBytes } from '../../../src/server/memory.js'
import { RawClient } from '../../commands/raw-client.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'

/** Sections of Redis 7.2.5's INFO with their fields, in order. */
const expected: Record<string, string[]> = JSON.parse(readFileSync('test/fixtures/info-fields.json', 'utf8'))

/** Fields that came with Redis 7.4 and Valkey 8. */
const LATER = [
  'pubsub_clients',
  'watching_clients',
  'total_watched_keys',
  'expired_subkeys',
  'client_query_buffer_limit_disconnections',
  'client_output_buffer_limit_disconnections',
]

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

async function info(...sections: string[]): Promise<Map<string, Map<string, string>>> {
  const text = (await client.call('INFO', ...sections)).text ?? ''
  const found = new Map<string, Map<string, string>>()
  for (const part of text.split('\r\n\r\n')) {
    const [title, ...lines] = part.split('\r\n').filter(line => line !== '')
    if (title === undefined) continue
    found.set(
      title.slice(2),
      new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])),
    )
  }
  return found
}

describe('INFO', () => {
  test('has the fields of Redis 7.2.5, in its order, and some that came later', async () => {
    const all = await info('everything')
    const later: string[] = []
    for (const [section, fields] of Object.entries(expected)) {
      const ours = [...(all.get(section)?.keys() ?? [])]
      expect([section, ours.filter(name => !LATER.includes(name))]).toEqual([section, fields])
      later.push(...ours.filter(name => LATER.includes(name)))
    }
    expect(later).toEqual(LATER)
  })

  test('counts clients that subscribe or watch, and the keys that are watched', async () => {
    const others = await Promise.all([1, 2].map(() => RawClient.connect(server.port)))
    await others[0].call('SUBSCRIBE', 'channel')
    await others[1].call('WATCH', 'a', 'b', 'c')
    await client.call('WATCH', 'a')
    const clients = (await info('clients')).get('Clients')
    expect(LATER.slice(0, 3).map(name => clients?.get(name))).toEqual(['1', '2', '3'])
    for (const other of others) other.close()
  })

  test('shows the usual sections, those asked for, or all', async () => {
    const usual = [
      'Server',
      'Clients',
      'Memory',
      'Persistence',
      'Stats',
      'Replication',
      'CPU',
      'Modules',
      'Errorstats',
      'Cluster',
      'Keyspace',
    ]
    expect([...(await info()).keys()]).toEqual(usual)
    expect([...(await info('DEFAULT', 'commandstats')).keys()]).toEqual([
      ...usual.slice(0, 8),
      'Commandstats',
      ...usual.slice(8),
    ])
    expect([...(await info('keyspace', 'CPU', 'nonsense')).keys()]).toEqual(['CPU', 'Keyspace'])
    expect((await info('nonsense')).size).toBe(0)
    expect([...(await info('all')).keys()]).toHaveLength(13)
  })

  test('is verbatim text in RESP3', async () => {
    await client.call('HELLO', '3')
    const { type, text } = await client.call('INFO', 'cluster')
    expect([type, text]).toEqual(['=', 'txt:# Cluster\r\ncluster_enabled:0\r\n'])
  })

  test('counts keys, expiries, hits, commands and errors', async () => {
    await client.pipeline([
      ['FLUSHALL'],
      ['CONFIG', 'RESETSTAT'],
      ['SET', 'a', '1', 'PX', '60000'],
      ['SET', 'b', '1'],
      ['GET', 'a'],
      ['GET', 'c'],
      ['HGET', 'a', 'f'],
      ['GET'],
    ])
    await client.call('ECHO', 'x'.repeat(50))
    const all = await info('all')
    expect(all.get('Keyspace')?.get('db0')).toMatch(/^keys=2,expires=1,/)
    expect(all.get('Stats')?.get('keyspace_misses')).toBe('1')
    expect(all.get('Commandstats')?.get('cmdstat_get')).toMatch(
      /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=0$/,
    )
    expect(all.get('Commandstats')?.get('cmdstat_hget')).toMatch(/failed_calls=1$/)
    expect(all.get('Errorstats')?.get('errorstat_WRONGTYPE')).toBe('count=1')
    expect(all.get('Errorstats')?.get('errorstat_ERR')).toBe('count=1')
    expect(Number(all.get('Stats')?.get('total_net_input_bytes'))).toBeGreaterThan(50)
  })

  test('the average time to live follows the expiry cycle', async () => {
    await client.pipeline([['FLUSHALL'], ['SET', 'a', '1', 'PX', '60000']])
    let shown = 'avg_ttl=0'
    while (shown.endsWith('avg_ttl=0')) shown = (await info('keyspace')).get('Keyspace')?.get('db0') ?? ''
    expect(shown).toMatch(/^keys=1,expires=1,avg_ttl=(59\d\d\d|60000)$/)
  })

  test('the debug section is shown only when it is asked for', async () => {
    await client.pipeline(Array.from({ length: 10 }, () => ['PING']))
    const debug = (await info('debug')).get('Debug')
    expect([...(debug?.keys() ?? [])]).toEqual([
      'eventloop_duration_aof_sum',
      'eventloop_duration_cron_sum',
      'eventloop_duration_max',
      'eventloop_cmd_per_cycle_max',
    ])
    expect(Number(debug?.get('eventloop_cmd_per_cycle_max'))).toBeGreaterThanOrEqual(10)
    expect((await info('everything')).has('Debug')).toBe(false)
  })

  test('reads, writes, cycles and time in commands are counted', async () => {
    const stats = async (): Promise<Map<string, string>> => (await info('stats')).get('Stats') ?? new Map()
    const counted = ['total_reads_processed', 'total_writes_processed', 'eventloop_cycles', 'eventloop_duration_sum']
    const before = await stats()
    for (let i = 0; i < 5; i++) await client.call('PING')
    const after = await stats()
    for (const name of counted)
      expect([name, Number(after.get(name)) - Number(before.get(name))]).toEqual([
        name,
        expect.toSatisfy((n: number) => n >= 5),
      ])
    expect(Number(after.get('eventloop_duration_cmd_sum'))).toBeGreaterThan(
      Number(before.get('eventloop_duration_cmd_sum')),
    )

    await client.call('CONFIG', 'RESETSTAT')
    const reset = await stats()
    for (const name of counted) expect(Number(reset.get(name))).toBeLessThan(Number(after.get(name)))
    expect(reset.get('total_reads_processed')).toBe('1')
  })

  test('background snapshots count as forks', async () => {
    const forks = async (): Promise<number> => Number((await info('stats')).get('Stats')?.get('total_forks'))
    const before = await forks()
    await client.call('BGSAVE')
    await server.waitForLog('Background saving terminated with success')
    expect(await forks()).toBe(before + 1)
    expect(Number((await info('stats')).get('Stats')?.get('latest_fork_usec'))).toBeGreaterThan(0)
  })

  test('an error in reply to a master is unexpected, and logged', async () => {
    const replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${server.port}`])
    await replica.waitForLog('MASTER <-> REPLICA sync: Finished')
    await client.call('SET', 'text', 'v')
    await client.call('DEBUG', 'REPLICATE', 'HSET', 'text', 'f', 'v')
    await replica.waitForLog(
      "== CRITICAL == This replica is sending an error to its master: 'WRONGTYPE Operation against a key holding the wrong kind of value' after processing the command 'hset'",
    )
    const other = await RawClient.connect(replica.port)
    expect((await other.call('INFO', 'stats')).text).toContain('\r\nunexpected_error_replies:1\r\n')
    other.close()
    await replica.stop()
  })

  test('the time left is shown while a shutdown waits for replicas', async () => {
    const replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${server.port}`])
    await replica.waitForLog('MASTER <-> REPLICA sync: Finished')
    replica.kill('SIGSTOP')
    await client.call('SET', 'k', 'v')
    const waiting = await RawClient.connect(server.port)
    const reply = waiting.call('SHUTDOWN')
    let left: string | undefined
    while (left === undefined) left = (await info('server')).get('Server')?.get('shutdown_in_milliseconds')
    expect(Number(left)).toBeGreaterThan(5000)
    expect(Number(left)).toBeLessThanOrEqual(10_000)
    await client.call('SHUTDOWN', 'ABORT')
    expect((await reply).type).toBe('-')
    expect((await info('server')).get('Server')?.has('shutdown_in_milliseconds')).toBe(false)
    waiting.close()
    replica.kill('SIGKILL')
    await replica.exited
  })

  test('memory grows with the data, and the peak stays', async () => {
    const used = async (field: string): Promise<number> => Number((await info('memory')).get('Memory')?.get(field))
    const before = await used('used_memory')
    await client.pipeline(Array.from({ length: 200 }, (_, i) => ['SET', `big:${i}`, 'x'.repeat(100_000)]))
    expect((await used('used_memory')) - before).toBeGreaterThan(15_000_000)
    await client.call('FLUSHALL')
    expect(await used('used_memory_peak')).toBeGreaterThan(before + 15_000_000)
  })
})

test.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1.00K'],
  [1536, '1.50K'],
  [1024 ** 2, '1.00M'],
  [1024 ** 3 * 2.5, '2.50G'],
  [1024 ** 4, '1.00T'],
  [1024 ** 5, '1.00P'],
])('%d bytes are %s', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text)
})
