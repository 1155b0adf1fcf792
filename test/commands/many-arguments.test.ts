/** Requests of very many arguments: none of them is too long for what JavaScript can take in one call. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedisTs } from '../interop/stock.js'
import { RawClient } from './raw-client.js'

const COUNT = 200_000
const keys = Array.from({ length: COUNT }, (_, i) => `{k}${i}`)
const pairs = keys.flatMap(key => [key, '1'])
const scores = keys.flatMap((key, i) => [String(i), key])
const ids = keys.map((_, i) => `${i + 1}-0`)
const count = String(COUNT)

let server: Awaited<ReturnType<typeof startRedisTs>>
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  client = await RawClient.connect(server.port)
  await client.call('ZADD', '{k}0', '1', 'a')
  await client.call('SADD', '{k}set', 'a')
  await client.call('XADD', '{k}stream', '5-0', 'a', '1')
  await client.call('XGROUP', 'CREATE', '{k}stream', 'group', '0')
})
afterAll(() => client.close())

const requests = [
  ['MGET', ...keys],
  ['EXISTS', ...keys],
  ['TOUCH', ...keys],
  ['WATCH', ...keys],
  ['UNWATCH'],
  ['ZINTERCARD', count, ...keys],
  ['ZINTER', count, ...keys, 'WITHSCORES'],
  ['ZUNION', count, ...keys, 'WEIGHTS', ...keys.map(() => '1')],
  ['ZDIFF', count, ...keys],
  ['ZUNIONSTORE', '{k}result', count, ...keys],
  ['ZINTERSTORE', '{k}result', count, ...keys],
  ['ZMPOP', count, ...keys, 'MIN'],
  ['SINTER', '{k}set', ...keys],
  ['SUNION', '{k}set', ...keys],
  ['SDIFF', '{k}set', ...keys],
  ['SINTERCARD', count, ...keys],
  ['SUNIONSTORE', '{k}result', '{k}set', ...keys],
  ['LMPOP', count, ...keys, 'LEFT'],
  ['BITOP', 'OR', '{k}result', ...keys],
  ['PFCOUNT', ...keys],
  ['PFMERGE', '{k}hll', ...keys],
  ['PFADD', '{k}hll', ...keys],
  ['XREAD', 'STREAMS', ...keys, ...keys.map(() => '0')],
  ['XDEL', '{k}stream', ...ids],
  ['XACK', '{k}stream', 'group', ...ids],
  ['XCLAIM', '{k}stream', 'group', 'consumer', '0', ...ids],
  ['HSET', '{k}hash', ...pairs],
  ['HMGET', '{k}hash', ...keys],
  ['HEXPIRE', '{k}hash', '100', 'FIELDS', count, ...keys],
  ['HDEL', '{k}hash', ...keys],
  ['SADD', '{k}set', ...keys],
  ['SMISMEMBER', '{k}set', ...keys],
  ['SREM', '{k}set', ...keys],
  ['ZADD', '{k}zset', ...scores],
  ['ZMSCORE', '{k}zset', ...keys],
  ['ZREM', '{k}zset', ...keys],
  ['RPUSH', '{k}list', ...keys],
  ['GEOHASH', '{k}zset', ...keys],
  ['MSET', ...pairs],
  ['MSETNX', ...pairs],
  ['SORT', '{k}list', 'BY', 'nosort', ...Array.from({ length: 1000 }, () => ['GET', '#']).flat(), 'LIMIT', '0', '1'],
  ['EVAL', 'return #KEYS + #ARGV', count, ...keys, ...keys],
  ['SCRIPT', 'EXISTS', ...keys],
  ['COMMAND', 'INFO', ...keys],
  ['COMMAND', 'GETKEYS', 'MGET', ...keys],
  ['CONFIG', 'GET', ...keys],
  ['PUBSUB', 'NUMSUB', ...keys],
  ['UNLINK', ...keys],
  ['DEL', ...keys],
]

test.each(requests.map(words => ({ words, name: words[0] })))('$name', { timeout: 120_000 }, async ({ words }) => {
  const [reply, alive] = await client.pipeline([words, ['PING']])
  expect(reply.type).toMatch(/^[-+:$*]$/)
  expect(alive.text).toBe('PONG')
})

test('MULTI of as many commands', async () => {
  await client.call('MULTI')
  for (let i = 0; i < COUNT; i += 50_000) await client.pipeline(keys.slice(i, i + 50_000).map(key => ['INCR', key]))
  expect((await client.call('EXEC')).elements?.length).toBe(COUNT)
})

test('SUBSCRIBE to as many channels', async () => {
  const other = await RawClient.connect(server.port)
  other.write(['SUBSCRIBE', ...keys])
  for (let i = 0; i < COUNT; i++) await other.next()
  expect((await client.call('PUBLISH', keys[COUNT - 1], 'x')).text).toBe('1')
  other.close()
})
