import { describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { cat, length, str } from '../../persistence/rdb/bytes.js'
import { payload } from '../../persistence/rdb/payload.js'
import { RawClient, texts } from '../raw-client.js'

const DEBUG = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']

function numbered(count: number, name = (i: number) => `member:${i}`): string[] {
  return Array.from({ length: count }, (_, i) => name(i))
}

/** A set of every form. */
const SETS: Record<string, string[]> = {
  'one integer': ['7'],
  'short integers': numbered(50, i => String(i - 25)),
  'wide integers': numbered(300, i => String((BigInt(i) - 150n) * 10n ** 16n)),
  'many integers': numbered(600, i => String(i * 1000)),
  strings: ['a', '', '-7', '\0\xff\r\n', 'x'.repeat(64), '9223372036854775808'],
  'long strings': ['x'.repeat(65), 'y'.repeat(20_000), '12'],
  'many strings': numbered(3000),
}

async function fill(client: RawClient): Promise<void> {
  for (const [key, members] of Object.entries(SETS)) {
    for (let at = 0; at < members.length; at += 500) await client.call('SADD', key, ...members.slice(at, at + 500))
  }
  await client.call('PEXPIREAT', 'strings', '4000000000123')
}

async function encodings(client: RawClient): Promise<(string | null)[]> {
  const replies = await client.pipeline(Object.keys(SETS).map(key => ['OBJECT', 'ENCODING', key]))
  return replies.map(({ text }) => text)
}

const digest = async (client: RawClient) => (await client.call('DEBUG', 'DIGEST')).text

describe('sets and stock redis-server', requireStock('redis-server'), () => {
  test.each([
    ['to it', startRedisTs, startRedisServer],
    ['from it', startRedisServer, startRedisTs],
    ['and back to redis-ts itself', startRedisTs, startRedisTs],
  ])('a file goes %s', async (_, startFirst, startSecond) => {
    const first = await startFirst(DEBUG)
    const writer = await RawClient.connect(first.port)
    await fill(writer)
    const before = await digest(writer)
    expect((await writer.call('SAVE')).text).toBe('OK')
    writer.close()
    await first.stop()
    const second = await startSecond(DEBUG, { dir: first.dir })
    const reader = await RawClient.connect(second.port)
    expect(await digest(reader)).toBe(before)
    expect((await reader.call('PEXPIRETIME', 'strings')).text).toBe('4000000000123')
    if (startSecond === startRedisTs) {
      expect(await encodings(reader)).toEqual([
        ...['intset', 'intset', 'intset', 'hashtable'],
        ...['listpack', 'hashtable', 'hashtable'],
      ])
    }
    reader.close()
  })

  test('DUMP of integers is theirs byte by byte; each restores what the other dumps', async () => {
    const ours = await RawClient.connect((await startRedisTs(DEBUG)).port)
    const stock = await RawClient.connect((await startRedisServer(DEBUG)).port)
    await Promise.all([fill(ours), fill(stock)])
    for (const [key, members] of Object.entries(SETS)) {
      const [mine, theirs] = await Promise.all([ours.call('DUMP', key), stock.call('DUMP', key)])
      if (key.endsWith('integers') && key !== 'many integers') expect(mine.text).toBe(theirs.text)
      else expect(mine.text?.length).toBe(theirs.text?.length)
      for (const [from, to] of [
        [mine, stock],
        [theirs, ours],
      ] as const) {
        expect((await to.call('RESTORE', 'copy', '0', from.text ?? '', 'REPLACE')).text).toBe('OK')
        expect(texts(await to.call('SMEMBERS', 'copy')).sort()).toEqual([...members].sort())
      }
    }
    ours.close()
    stock.close()
  })

  test.each([
    ['a stock replica of redis-ts', startRedisTs, startRedisServer],
    ['a redis-ts replica of stock', startRedisServer, startRedisTs],
  ])('%s has the sets, while they change', async (_, startMaster, startReplica) => {
    const master = await startMaster(DEBUG)
    const client = await RawClient.connect(master.port)
    await fill(client)
    const replica = await startReplica([...DEBUG, '--replicaof', '127.0.0.1', String(master.port)])
    for (let round = 0; round < 40; round++) {
      await client.pipeline([
        ['SADD', 'many strings', ...numbered(50, i => `later:${round}:${i}`)],
        ['SPOP', 'many strings', '60'],
        ['SPOP', 'many integers'],
        ['SPOP', 'wide integers', '3'],
        ['SMOVE', 'short integers', 'many strings', String(round - 25)],
        ['SUNIONSTORE', 'union', 'many strings', 'many integers', 'strings'],
        ['SDIFFSTORE', 'difference', 'union', 'many strings'],
        ['SINTERSTORE', 'intersection', 'union', 'many strings'],
      ])
    }
    expect((await client.call('WAIT', '1', '20000')).text).toBe('1')
    const reader = await RawClient.connect(replica.port)
    expect(await digest(reader)).toBe(await digest(client))
    reader.close()
    client.close()
  })
})

test('RESTORE takes what Redis 7.2 dumps, and refuses what is damaged', async () => {
  const client = await RawClient.connect((await startRedisTs(DEBUG)).port)
  const listpack = (...entries: Buffer[]) => {
    const body = Buffer.concat(entries)
    const head = Buffer.alloc(6)
    head.writeUInt32LE(7 + body.length, 0)
    head.writeUInt16LE(entries.length, 4)
    return str(cat(head, body, 0xff))
  }
  const a = cat(0x81, 'a', 2)
  const seven = cat(7, 1)
  expect((await client.call('RESTORE', 'k', '0', payload(20, listpack(a, seven), 11))).text).toBe('OK')
  expect(texts(await client.call('SMEMBERS', 'k'))).toEqual(['a', '7'])
  expect((await client.call('OBJECT', 'ENCODING', 'k')).text).toBe('listpack')
  for (const [type, value] of [
    [20, listpack(a, a)],
    [20, listpack()],
    [2, cat(2, str('a'), str('a'))],
    [2, length(0)],
    [11, str(cat(2, Buffer.alloc(3), 2, Buffer.alloc(3), 5, 0, 5, 0))],
    [11, str(cat(2, Buffer.alloc(7)))],
  ] as const) {
    const reply = await client.call('RESTORE', 'bad', '0', payload(type, value, 11))
    expect(`${type}: ${reply.type}${reply.text}`).toBe(`${type}: -ERR Bad data format`)
  }
  expect((await client.call('EXISTS', 'bad')).text).toBe('0')
  client.close()
})
