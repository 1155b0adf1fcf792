/** A background save shows the data of its beginning, whatever commands do to big values meanwhile. */
import { expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { startRedisTs } from '../interop/stock.js'
import { expectSavedAsBefore } from './point-in-time.js'

const BIG = 300_000
/** Saving a key takes so long that all changes come in time. */
const DELAY_US = '30000'
const ARGS = ['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-value', '1000000']
const KEYS = [
  'setrange',
  'setbit',
  'bitfield',
  'append',
  'bitop',
  'set',
  'getset',
  'del',
  'getdel',
  'rename',
  'copy',
  'expire',
  'pexpireat',
]

const text = (word: string): string => `${word} `.repeat(BIG / 10)

const ids = (count: number, every: number): string[] => Array.from({ length: count }, (_, i) => `${i * every + 1}-1`)

/** A change for each command that may change a big value in place, or that lets go of it. */
const CHANGES: string[][] = [
  ['SETRANGE', 'setrange', '100000', text('new').slice(0, 50_000)],
  ['SETBIT', 'setbit', '1000001', '1'],
  ['BITFIELD', 'bitfield', 'SET', 'u32', '800000', '4294967295', 'INCRBY', 'u8', '1600000', '3'],
  ['APPEND', 'append', text('more')],
  ['SETRANGE', 'append', '1000', 'over'],
  ['BITOP', 'AND', 'bitop', 'bitop source'],
  ['SET', 'set', text('set')],
  ['GETSET', 'getset', 'x'],
  ['DEL', 'del'],
  ['GETDEL', 'getdel'],
  ['RENAME', 'rename', 'renamed'],
  ['SETRANGE', 'renamed', '0', 'renamed'],
  ['COPY', 'copy', 'del'],
  ['SETRANGE', 'copy', '5', 'copied'],
  ['PEXPIRE', 'expire', '100000'],
  ['SETBIT', 'expire', '7', '0'],
  ['PEXPIREAT', 'pexpireat', '1'],
  ['HSET', 'listpack', 'f', text('new')],
  ['HSET', 'listpack same', 'f', text('b')],
  ['HDEL', 'listpack del', 'f'],
  ['HSET', 'table', 'f', text('new'), 'short', 'changed'],
  ['HDEL', 'table', 'g'],
  ['DEL', 'table del'],
  ['LPUSH', 'list', 'new at the head'],
  ['RPUSH', 'list', text('new at the tail')],
  ['LSET', 'list', '1500', 'set'],
  ['LINSERT', 'list', 'BEFORE', 'element 700', 'inserted'],
  ['LREM', 'list', '0', 'element 900'],
  ['RPOP', 'list', '600'],
  ['LTRIM', 'list trim', '10', '-10'],
  ['LMOVE', 'list move', 'list move', 'LEFT', 'RIGHT'],
  ['DEL', 'list del'],
  ['SADD', 'set large', 'new', text('new')],
  ['SREM', 'set large', ...Array.from({ length: 500 }, (_, i) => `element ${i * 5}`)],
  ['SPOP', 'set large', '100'],
  ['SMOVE', 'set large', 'set other', 'element 7'],
  ['SINTERSTORE', 'set store', 'set large', 'set other'],
  ['DEL', 'set del'],
  ['ZADD', 'zset', '-1', 'new', '77', 'element 5', '78', text('new')],
  ['ZINCRBY', 'zset', '1000', 'element 6'],
  ['ZREM', 'zset', ...Array.from({ length: 500 }, (_, i) => `element ${i * 5}`)],
  ['ZPOPMIN', 'zset', '100'],
  ['ZREMRANGEBYRANK', 'zset range', '10', '-10'],
  ['ZUNIONSTORE', 'zset store', '2', 'zset', 'zset range'],
  ['DEL', 'zset del'],
  ['XADD', 'stream', '*', 'field', text('new')],
  ['XADD', 'stream', 'MAXLEN', '2500', '*', 'field', 'new'],
  ['XDEL', 'stream', ...ids(300, 7)],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '700', 'STREAMS', 'stream', '>'],
  ['XREADGROUP', 'GROUP', 'g', 'new', 'COUNT', '10', 'STREAMS', 'stream', '>'],
  ['XACK', 'stream', 'g', ...ids(300, 5)],
  ['XCLAIM', 'stream', 'g', 'd', '0', ...ids(300, 3)],
  ['XAUTOCLAIM', 'stream', 'g', 'c', '0', '1500-1', 'COUNT', '200'],
  ['XGROUP', 'DELCONSUMER', 'stream', 'g', 'd'],
  ['XGROUP', 'CREATE', 'stream', 'new group', '0'],
  ['XREADGROUP', 'GROUP', 'new group', 'c', 'COUNT', '500', 'STREAMS', 'stream', '>'],
  ['XTRIM', 'stream trim', 'MINID', '2000-1'],
  ['XTRIM', 'stream trim', 'MAXLEN', '~', '500'],
  ['XADD', 'stream trim', '*', 'another', 'field'],
  ['XGROUP', 'DESTROY', 'stream group', 'g'],
  ['XACK', 'stream del', 'g', ...ids(100, 1)],
  ['DEL', 'stream del'],
]

/** Values of many elements, some of them long. */
const ELEMENTS = Array.from({ length: 3000 }, (_, i) => (i % 1000 === 999 ? text(`element ${i}`) : `element ${i}`))
const AGGREGATES: string[][] = [
  ...['list', 'list trim', 'list move', 'list del'].map(key => ['RPUSH', key, ...ELEMENTS]),
  ...['set large', 'set store', 'set del'].map(key => ['SADD', key, ...ELEMENTS]),
  ['SADD', 'set other', 'one', 'two'],
  ...['zset', 'zset range', 'zset store', 'zset del'].map(key => [
    'ZADD',
    key,
    ...ELEMENTS.flatMap((element, i) => [String((i * 37) % 1000), element]),
  ]),
]

/** Streams with a group, and much that is pending with two consumers. */
const STREAMS: string[][] = ['stream', 'stream trim', 'stream group', 'stream del'].flatMap(key => [
  ...ELEMENTS.map((element, i) => ['XADD', key, `${i + 1}-1`, 'field', element]),
  ['XGROUP', 'CREATE', key, 'g', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '1000', 'STREAMS', key, '>'],
  ['XREADGROUP', 'GROUP', 'g', 'd', 'COUNT', '1000', 'STREAMS', key, '>'],
])

/** What DEBUG DIGEST does not tell of a stream. */
async function streamFacts(port: number): Promise<string> {
  const client = await RawClient.connect(port)
  const facts: unknown[] = []
  for (const key of ['stream', 'stream trim', 'stream group', 'stream del']) {
    facts.push(await client.call('XINFO', 'STREAM', key), await client.call('XPENDING', key, 'g'))
    facts.push(await client.call('XINFO', 'GROUPS', key))
    for (const consumer of ['c', 'd']) {
      const pending = await client.call('XPENDING', key, 'g', '-', '+', '5000', consumer)
      facts.push(pending.elements?.map(({ elements }) => [0, 1, 3].map(i => elements?.[i].text)))
    }
  }
  client.close()
  return JSON.stringify(facts)
}

test.each(['yes', 'no'])('with rdbcompression %s', async compression => {
  const server = await startRedisTs([...ARGS, '--rdbcompression', compression, '--rdb-key-save-delay', DELAY_US])
  const client = await RawClient.connect(server.port)
  for (const key of [...KEYS, 'bitop source']) await client.call('SET', key, text(key))
  await client.call('BITOP', 'NOT', 'bitop', 'bitop source')
  for (const key of ['listpack', 'listpack same', 'listpack del']) {
    await client.call('HSET', key, 'f', text('a'), 'g', text('g'))
  }
  const many = Array.from({ length: 600 }, (_, i) => [`field ${i}`, `value ${i}`]).flat()
  for (const key of ['table', 'table del']) {
    await client.call('HSET', key, 'short', '1', 'f', text('f'), 'g', text('g'), ...many)
  }
  for (const command of AGGREGATES) expect((await client.call(...command)).type).toBe(':')
  for (const reply of await client.pipeline(STREAMS)) expect(reply.type).not.toBe('-')
  client.close()
  const before = await streamFacts(server.port)
  await expectSavedAsBefore(server, CHANGES, ARGS, async port => expect(await streamFacts(port)).toBe(before))
  expect(await streamFacts(server.port)).not.toBe(before)
  await server.stop()
})
