import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { RawClient, texts } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'

const EVENTS = ['--save', '', '--notify-keyspace-events', 'KEAmn', '--enable-debug-command', 'yes']

describe('set commands publish the events of stock Redis, in its order', requireStock('redis-server'), () => {
  let ours: Observed
  let stock: Observed

  beforeAll(async () => {
    ours = await Observed.connect((await startRedisTs(EVENTS)).port)
    stock = await Observed.connect((await startRedisServer(EVENTS)).port)
    return () => {
      ours.close()
      stock.close()
    }
  })

  const key = fc.constantFrom('a', 'b', 'c', 'string')
  const member = fc.constantFrom('1', '2', 'x')
  const keys = fc.array(key, { minLength: 1, maxLength: 3 })
  const command: fc.Arbitrary<string[]> = fc.oneof(
    fc
      .tuple(fc.constantFrom('SADD', 'SADD', 'SREM', 'SMISMEMBER'), key, fc.array(member, { minLength: 1 }))
      .map(([name, k, list]) => [name, k, ...list]),
    fc.tuple(key, key, member).map(([from, to, each]) => ['SMOVE', from, to, each]),
    fc.tuple(fc.constantFrom('SCARD', 'SMEMBERS', 'SRANDMEMBER'), key).map(([name, k]): string[] => [name, k]),
    fc.tuple(key, fc.constantFrom('0', '10')).map(([k, count]) => ['SPOP', k, count]),
    fc.tuple(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), keys).map(([name, list]): string[] => [name, ...list]),
    fc
      .tuple(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key, keys)
      .map(([name, to, list]): string[] => [name, to, ...list]),
    keys.map(list => ['SINTERCARD', String(list.length), ...list]),
    fc.constantFrom('SET string s', 'COPY a b REPLACE', 'RENAME a c', 'SSCAN a 0').map(line => line.split(' ')),
  )

  test('whatever the commands', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async script => {
        const commands = [['FLUSHALL'], ...script]
        const [mine, theirs] = await Promise.all([ours.events(commands), stock.events(commands)])
        expect({ commands, events: mine }).toEqual({ commands, events: theirs })
      }),
      { numRuns: 150 },
    )
  })

  test.each([
    [['SPOP', 'one']],
    [['SPOP', 'several']],
    [['SPOP', 'several', '1']],
    [['SPOP', 'several', '3']],
    [['SPOP', 'several', '39']],
    [['SPOP', 'several', '40']],
    [['SPOP', 'missing', '3']],
    [['SINTERSTORE', 'expired', 'several', 'missing']],
    [['SINTERSTORE', 'expired', 'several']],
    [['SUNIONSTORE', 'several', 'expired']],
    [['SADD', 'expired', '1']],
    [['SMOVE', 'one', 'expired', 'x']],
  ])('%j', async command => {
    const setup = [
      ['FLUSHALL'],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
      ['SADD', 'one', 'x'],
      ['SADD', 'several', ...Array.from({ length: 40 }, (_, i) => `m${i}`)],
      ['SADD', 'expired', 'old'],
      ['PEXPIRE', 'expired', '1'],
    ]
    for (const each of [ours, stock]) {
      await each.events(setup)
      const set = Date.now()
      while (Date.now() < set + 3) await each.client.call('PING')
    }
    const [mine, theirs] = await Promise.all([ours.events([command]), stock.events([command])])
    expect(mine).toEqual(theirs)
  })
})

/** The commands that a stock replica gets from redis-ts, as its MONITOR shows them. */
describe('set commands send to replicas', requireStock('redis-server'), () => {
  let monitor: ReplicaMonitor
  let ours: RawClient
  let replica: RawClient

  beforeAll(async () => {
    const options = ['--save', '', '--set-max-listpack-entries', '64', '--repl-diskless-sync-delay', '0']
    monitor = await ReplicaMonitor.start((await startRedisTs(options)).port)
    ours = monitor.client
    replica = monitor.replica
  })
  afterAll(() => monitor.close())
  beforeEach(() => sends(['FLUSHALL']))

  const sends = (...commands: string[][]): Promise<string[]> => monitor.sends(...commands)

  async function expectSameSets(...keys: string[]): Promise<void> {
    for (const key of keys) {
      const [mine, theirs] = await Promise.all([ours.call('SMEMBERS', key), replica.call('SMEMBERS', key)])
      expect(texts(mine).sort()).toEqual(texts(theirs).sort())
    }
  }

  const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)

  test('what they are, where they change something', async () => {
    expect(
      await sends(
        ['SADD', 'a', '1', '2', '1'],
        ['sadd', 'a', '2'],
        ['SREM', 'a', '1', '9'],
        ['SREM', 'a', '9'],
        ['SADD', 'b', 'x'],
        ['SMOVE', 'b', 'a', 'x'],
        ['SMOVE', 'a', 'a', 'x'],
        ['SMOVE', 'a', 'b', 'y'],
        ['SINTERSTORE', 'c', 'a', 'a'],
        ['SUNIONSTORE', 'c', 'missing'],
        ['SDIFFSTORE', 'c', 'missing'],
        ['SINTER', 'a', 'b'],
      ),
    ).toEqual(['SADD a 1 2 1', 'SREM a 1 9', 'SADD b x', 'SMOVE b a x', 'SINTERSTORE c a a', 'SUNIONSTORE c missing'])
    await expectSameSets('a', 'b', 'c')
  })

  test.each([
    ['an intset', ['1', '2', '3', '4', '5', '6', '7', '8', '9']],
    ['a listpack', numbered(9)],
    ['a table', numbered(90)],
  ])('SPOP from %s as what has gone', async (_, list) => {
    await sends(['SADD', 'a', ...list])
    const [line] = await sends(['SPOP', 'a'])
    expect(line).toMatch(/^SREM a m?\d+$/)
    const some = await sends(['SPOP', 'a', '3'])
    expect(some.length).toBe(1)
    expect(some[0]).toMatch(/^SREM a( m?\d+){3}$/)
    await expectSameSets('a')
    const most = await sends(['SPOP', 'a', String(list.length - 5)])
    expect(most.length).toBe(1)
    expect(most[0].split(' ').length).toBe(list.length - 3)
    await expectSameSets('a')
    expect(await sends(['SPOP', 'a', '1'])).toEqual([expect.stringMatching(/^(SREM a m?\d+|DEL a)$/)])
    expect(await sends(['SPOP', 'missing'], ['SPOP', 'missing', '4'])).toEqual([])
  })

  test('SPOP of all as DEL, or as UNLINK', async () => {
    await sends(['SADD', 'a', '1', '2'], ['SADD', 'b', '1'], ['SADD', 'c', '1', 'x'])
    expect(await sends(['SPOP', 'a', '2'], ['SPOP', 'b'])).toEqual(['DEL a', 'SREM b 1'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-server-del', 'yes')
    expect(await sends(['SPOP', 'c', '100'])).toEqual(['UNLINK c'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-server-del', 'no')
  })

  test('SPOP of many as several SREM, in a transaction', async () => {
    for (let at = 0; at < 6000; at += 1000) await sends(['SADD', 'a', ...numbered(6000).slice(at, at + 1000)])
    for (const count of [2100, 3800]) {
      const lines = await sends(['SPOP', 'a', String(count)])
      const removals = lines.filter(line => line.startsWith('SREM a '))
      expect(lines.map(line => line.slice(0, 6))).toEqual(['MULTI', ...removals.map(() => 'SREM a'), 'EXEC'])
      const full = Math.floor(count / 1024)
      expect(removals.map(line => line.split(' ').length - 2)).toEqual([...Array(full).fill(1024), count % 1024])
      await expectSameSets('a')
    }
    expect((await ours.call('SCARD', 'a')).text).toBe('100')
  })

  test('inside a transaction as part of it', async () => {
    await sends(['SADD', 'a', '1'])
    expect(await sends(['MULTI'], ['SPOP', 'a'], ['SADD', 'b', 'x'], ['EXEC'])).toEqual([
      'MULTI',
      'SREM a 1',
      'SADD b x',
      'EXEC',
    ])
  })
})

test('SPOP without replicas leaves a set as it would with them', async () => {
  const client = await RawClient.connect((await startRedisTs(['--save', ''])).port)
  await client.call('SADD', 'a', '1', '2', '3')
  await client.call('SPOP', 'a')
  expect((await client.call('SCARD', 'a')).text).toBe('2')
  const info = (await client.call('INFO', 'persistence')).text ?? ''
  expect(info).toContain('rdb_changes_since_last_save:4')
  client.close()
})
