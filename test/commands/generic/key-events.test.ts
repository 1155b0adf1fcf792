import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeMaster } from '../../fault/fake-master.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { payload } from '../../persistence/rdb/payload.js'
import { Observed } from '../observed.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--notify-keyspace-events', 'KEAmn']
const EXPIRED: string[][] = [
  ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
  ['SET', 'key', 'value', 'PX', '1'],
]

describe('events of keys are those of stock Redis, in its order', requireStock('redis-server'), () => {
  let ours: Observed
  let stock: Observed

  beforeAll(async () => {
    ours = await Observed.connect((await startRedisTs(OPTIONS)).port)
    stock = await Observed.connect((await startRedisServer(OPTIONS)).port)
    return () => {
      ours.close()
      stock.close()
    }
  })
  beforeEach(async () => {
    await Promise.all([ours.reset(), stock.reset()])
  })

  async function expectSameEvents(...commands: string[][]): Promise<string[]> {
    const [mine, theirs] = await Promise.all([ours.events(commands), stock.events(commands)])
    expect({ commands, events: mine }).toEqual({ commands, events: theirs })
    return mine
  }

  const key = fc.constantFrom('a', 'b', 'h')
  const field = fc.constantFrom('f', 'g')
  const command: fc.Arbitrary<string[]> = fc.oneof(
    fc
      .tuple(fc.constantFrom('SET', 'HGET', 'HSETNX'), key, field, field)
      .map(([name, k, f, v]) => (name === 'SET' ? ['SET', k, v] : name === 'HGET' ? ['HGET', k, f] : [name, k, f, v])),
    fc.tuple(fc.constantFrom('HSET', 'HMSET'), key, field).map(([name, k, f]) => [name, k, f, '1', 'other', 'text']),
    fc.tuple(fc.constantFrom('HINCRBY', 'HINCRBYFLOAT'), key, field).map(([name, k, f]) => [name, k, f, '5']),
    fc
      .tuple(key, fc.array(fc.constantFrom('f', 'g', 'other', 'x'), { minLength: 1 }))
      .map(([k, f]) => ['HDEL', k, ...f]),
    fc.tuple(fc.constantFrom('DEL', 'UNLINK', 'TOUCH', 'EXISTS'), key, key).map((words): string[] => [...words]),
    fc.tuple(fc.constantFrom('TYPE', 'TTL', 'DUMP', 'PERSIST', 'EXPIRETIME'), key).map((words): string[] => [...words]),
    key.map(k => ['OBJECT', 'ENCODING', k]),
    fc.tuple(fc.constantFrom('RENAME', 'RENAMENX'), key, key).map((words): string[] => [...words]),
    fc.tuple(key, fc.constantFrom('0', '1')).map(([k, n]) => ['MOVE', k, n]),
    fc
      .tuple(key, key, fc.constantFrom<string[]>([], ['REPLACE'], ['DB', '1', 'REPLACE']))
      .map(([from, to, options]) => ['COPY', from, to, ...options]),
    fc
      .tuple(key, fc.constantFrom('4000000000', '-1'), fc.constantFrom<string[]>([], ['NX'], ['GT']))
      .map(([k, time, options]) => ['EXPIREAT', k, time, ...options]),
    fc
      .tuple(key, fc.constantFrom('0', '4000000000000', '1'), fc.constantFrom<string[]>([], ['REPLACE']))
      .map(([k, time, options]) => ['RESTORE', k, time, payload(0, Buffer.from('\x01x')), 'ABSTTL', ...options]),
    fc.constantFrom<string[]>(['SCAN', '0', 'TYPE', 'string'], ['RANDOMKEY'], ['FLUSHDB'], ['SWAPDB', '0', '1']),
  )

  test('whatever the commands', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async commands => {
        await expectSameEvents(['FLUSHALL'], ...commands)
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    [['GET', 'key']],
    [['TTL', 'key']],
    [['DEL', 'key']],
    [['SCAN', '0']],
    [['RENAME', 'key', 'other']],
    [['COPY', 'key', 'other']],
    [['HSET', 'key', 'f', 'v']],
    [['EXPIRE', 'key', '5']],
    [['RESTORE', 'key', '0', payload(0, Buffer.from('\x01x'))]],
    [['RESTORE', 'key', '0', payload(0, Buffer.from('\x01x')), 'REPLACE']],
    [['RESTORE', 'key', '1', payload(0, Buffer.from('\x01x')), 'REPLACE', 'ABSTTL']],
    [['WATCH', 'key']],
  ])('of a key whose time has come: %j', async use => {
    await expectSameEvents(...EXPIRED)
    const before = Date.now()
    while (Date.now() <= before + 2) await Promise.all([ours.client.call('PING'), stock.client.call('PING')])
    await expectSameEvents(use)
  })

  test('MIGRATE', async () => {
    const target = await FakeMaster.start(([, name]) => (name === 'b' ? '-ERR no\r\n' : '+OK\r\n'))
    await expectSameEvents(['MSET', 'a', '1', 'b', '2', 'c', '3'])
    const move = ['MIGRATE', '127.0.0.1', String(target.port), '', '0', '1000', 'KEYS', 'a', 'missing', 'b', 'c']
    expect(await expectSameEvents(move)).toEqual([
      '__keyspace@0__:missing keymiss',
      '__keyevent@0__:keymiss missing',
      '__keyspace@0__:a del',
      '__keyevent@0__:del a',
      '__keyspace@0__:c del',
      '__keyevent@0__:del c',
    ])
    await target.close()
  })
})
