import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { cat, length, lzf, type Part, str } from '../../persistence/rdb/bytes.js'
import { hashListpack as listpack, ziplist } from '../../persistence/rdb/old-forms.js'
import { payload } from '../../persistence/rdb/payload.js'
import { RawClient, texts } from '../raw-client.js'

const ZSET = 3
const ZSET_2 = 5
const ZIPLIST = 12
const LISTPACK = 17
const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--zset-max-listpack-entries', '8']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('FLUSHALL')
})

async function text(...command: string[]): Promise<string | null> {
  return (await ours.call(...command)).text
}

async function pairs(key: string): Promise<string> {
  return texts(await ours.call('ZRANGE', key, '0', '-1', 'WITHSCORES')).join(' ')
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

function textScore(score: string): Buffer {
  return cat(score.length, score)
}

/** Members and scores of a value that has them one by one. */
function elements(...parts: Part[]): Buffer {
  return cat(length(parts.length / 2), ...parts.map((part, i) => (i % 2 === 0 ? str(part as string) : part)))
}

describe('RESTORE', () => {
  const LONG = 'a long, long member that compresses well '.repeat(2000)

  test.each<[string, number, Buffer, string]>([
    ['binary scores', ZSET_2, elements('b', double(2.5), 'a', double(-1), 'c', double(2.5)), 'a -1 b 2.5 c 2.5'],
    ['text scores', ZSET, elements('b', textScore('2.5'), 'a', textScore('-1e3')), 'a -1000 b 2.5'],
    ['infinite scores', ZSET, elements('high', 254, 'low', 255), 'low -inf high inf'],
    ['a text score with more behind it', ZSET, elements('a', textScore(' 1.5x')), 'a 1.5'],
    ['a listpack', LISTPACK, str(listpack(['a', '1', 'b', '2.5', 'c', 'inf'])), 'a 1 b 2.5 c inf'],
    ['a compressed listpack', LISTPACK, lzf(listpack(['a'.repeat(60), '1', 'b', '2'])), `${'a'.repeat(60)} 1 b 2`],
    ['a ziplist', ZIPLIST, str(ziplist(['a', '1', 'b', '2.5', '-7', '1000000'])), 'a 1 b 2.5 -7 1000000'],
    [
      'scores that Redis 7.0 has written',
      LISTPACK,
      str(listpack(['a', '0.10000000000000001', 'b', '1e+20'])),
      'a 0.1 b 1e+20',
    ],
    ['a score that is no number', LISTPACK, str(listpack(['a', 'x', 'b', '1'])), 'a 0 b 1'],
  ])('reads a sorted set with %s', async (_, type, value, expected) => {
    expect(await text('RESTORE', 'key', '0', payload(type, value))).toBe('OK')
    expect(await pairs('key')).toBe(expected)
    expect(await text('OBJECT', 'ENCODING', 'key')).toBe('listpack')
  })

  test('gives back what DUMP took, in both encodings', async () => {
    await ours.call('ZADD', 'small', '1', 'a', '0.1', 'b', '-inf', '', '1e300', '12')
    await ours.call('ZADD', 'long', '1', LONG, '2', 'b')
    const large = Array.from({ length: 5000 }, (_, i) => [String((i * 7919) % 977), `member ${i}`]).flat()
    await ours.call('ZADD', 'large', ...large, '5', LONG)
    for (const key of ['small', 'long', 'large']) {
      const bytes = (await text('DUMP', key)) ?? ''
      expect(await text('RESTORE', 'copy', '0', bytes, 'REPLACE'), key).toBe('OK')
      expect(await text('DEBUG', 'DIGEST-VALUE', 'copy')).toEqual(await text('DEBUG', 'DIGEST-VALUE', key))
      expect(await text('OBJECT', 'ENCODING', 'copy'), key).toBe(key === 'small' ? 'listpack' : 'skiplist')
      expect(await pairs('copy')).toBe(await pairs(key))
      expect(await text('DUMP', 'copy')).toBe(bytes)
    }
  })

  test('of more members than a listpack may hold makes a large one, out of any form', async () => {
    const many = Array.from({ length: 9 }, (_, i) => [`m${i}`, String(i)]).flat()
    const binary = elements(...many.map((part, i) => (i % 2 === 0 ? part : double(Number(part)))))
    for (const bytes of [
      payload(LISTPACK, str(listpack(many))),
      payload(ZIPLIST, str(ziplist(many))),
      payload(ZSET_2, binary),
    ]) {
      expect(await text('RESTORE', 'key', '0', bytes, 'REPLACE')).toBe('OK')
      expect(await text('OBJECT', 'ENCODING', 'key')).toBe('skiplist')
      expect(await pairs('key')).toBe(many.join(' '))
    }
  })

  test('of a member that is too long for a listpack makes a large one, unless it came in one', async () => {
    const long = 'x'.repeat(65)
    await ours.call('RESTORE', 'a', '0', payload(ZSET_2, elements(long, double(1))))
    await ours.call('RESTORE', 'b', '0', payload(LISTPACK, str(listpack([long, '1']))))
    expect(await text('OBJECT', 'ENCODING', 'a')).toBe('skiplist')
    expect(await text('OBJECT', 'ENCODING', 'b')).toBe('listpack')
  })

  test('takes a listpack that is not in order as it is', async () => {
    const bytes = payload(LISTPACK, str(listpack(['c', '3', 'a', '1', 'b', '2'])))
    expect(await text('RESTORE', 'key', '0', bytes)).toBe('OK')
    expect(await pairs('key')).toBe('c 3 a 1 b 2')
    for (const command of ['ZADD key 4 a', 'ZADD key 0 c', 'ZREM key b', 'ZPOPMIN key', 'ZADD key 1 x 2 y']) {
      expect((await ours.call(...command.split(' '))).type).not.toBe('-')
    }
    const many = Array.from({ length: 10 }, (_, i) => ['5', `m${i}`]).flat()
    await ours.call('ZADD', 'key', ...many)
    expect(await text('OBJECT', 'ENCODING', 'key')).toBe('skiplist')
    expect(await text('ZCOUNT', 'key', '5', '5')).toBe('10')
  })

  test.each<[string, number, Buffer]>([
    ['no members', ZSET_2, length(0)],
    ['a member twice', ZSET_2, elements('a', double(1), 'a', double(2))],
    ['a score that is not a number', ZSET_2, elements('a', double(Number.NaN))],
    ['fewer members than it says', ZSET_2, cat(length(2), str('a'), double(1))],
    ['more members than bytes', ZSET_2, cat(0x81, Buffer.alloc(8, 0x11))],
    ['a text score that is not a number', ZSET, elements('a', 253)],
    ['a text score that is "nan"', ZSET, elements('a', textScore('nan'))],
    ['a text score that is none', ZSET, elements('a', textScore('x'))],
    ['a text score of no length', ZSET, elements('a', textScore(''))],
    ['an empty listpack', LISTPACK, str(listpack([]))],
    ['a listpack with a member without a score', LISTPACK, str(listpack(['a', '1', 'b']))],
    ['a listpack with a member twice', LISTPACK, str(listpack(['a', '1', 'a', '2']))],
    ['a listpack with a score that is not a number', LISTPACK, str(listpack(['a', '1', 'b', 'nan']))],
    ['a damaged listpack', LISTPACK, str(cat(listpack(['a', '1']).subarray(0, 9), 0xff, 0xff))],
    ['a ziplist with a member twice', ZIPLIST, str(ziplist(['a', '1', 'a', '2']))],
    ['a ziplist with a member without a score', ZIPLIST, str(ziplist(['a']))],
    ['a ziplist with a score that is not a number', ZIPLIST, str(ziplist(['a', 'NaN']))],
    [
      'a long listpack with a score that is not a number',
      LISTPACK,
      str(listpack(Array.from({ length: 4000 }, (_, i) => [`member:${i}`, i === 3999 ? 'nan' : '1']).flat())),
    ],
    [
      'a long listpack with a member twice',
      LISTPACK,
      str(listpack(Array.from({ length: 4000 }, (_, i) => [`member:${i % 3999}`, '1']).flat())),
    ],
  ])('refuses a sorted set with %s', async (_, type, value) => {
    expect(await text('RESTORE', 'key', '0', payload(type, value))).toBe('ERR Bad data format')
    expect(await text('DBSIZE')).toBe('0')
  })
})

describe('files and payloads', requireStock('redis-server'), () => {
  test('go both ways between redis-ts and redis-server', async () => {
    const stock = await startRedisServer(OPTIONS)
    const theirs = await RawClient.connect(stock.port)
    const large = Array.from({ length: 3000 }, (_, i) => [String(((i * 7919) % 977) / 8), `member ${i}`]).flat()
    const commands = [
      ['ZADD', 'small', '1', 'a', '2.5', 'b', '-inf', '', '1000000', '12'],
      ['ZADD', 'large', ...large],
      ['ZADD', 'wide', '1', 'x'.repeat(70_000), '2', 'y'.repeat(20_000), '3', 'z'],
      ['PEXPIREAT', 'large', '4000000000123'],
    ]
    await theirs.pipeline(commands)
    for (const key of ['small', 'large', 'wide']) {
      const bytes = (await theirs.call('DUMP', key)).text ?? ''
      await ours.call('RESTORE', key, '0', bytes)
      expect(await text('DUMP', key), key).toBe(bytes)
      await theirs.call('RESTORE', `${key} again`, '0', (await text('DUMP', key)) ?? '')
      expect(await theirs.call('ZRANGE', `${key} again`, '0', '-1', 'WITHSCORES')).toEqual(
        await theirs.call('ZRANGE', key, '0', '-1', 'WITHSCORES'),
      )
    }
    // As a replica: the whole data set, as a file.
    await ours.call('FLUSHALL')
    await ours.call('REPLICAOF', '127.0.0.1', String(stock.port))
    await expect.poll(() => text('DBSIZE'), { timeout: 20_000 }).toBe('6')
    for (const key of ['small', 'large', 'wide']) {
      expect(await ours.call('ZRANGE', key, '0', '-1', 'WITHSCORES')).toEqual(
        await theirs.call('ZRANGE', key, '0', '-1', 'WITHSCORES'),
      )
    }
    await ours.call('REPLICAOF', 'NO', 'ONE')
    theirs.close()
    await stock.stop()
  })
})
