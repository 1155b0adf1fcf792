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
  client.close()
  await expectSavedAsBefore(server, CHANGES, ARGS)
  await server.stop()
})
