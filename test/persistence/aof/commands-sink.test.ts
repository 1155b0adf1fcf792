/** `aof-use-rdb-preamble no`: the base file of an append-only file as commands. */
import { randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient } from '../../commands/raw-client.js'
import { ask, askText } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { commandsOf, execute, keyspaceOf, requestsOf } from './rewriting.js'

const DEBUG = ['--enable-debug-command', 'yes', '--save', '']
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 'from the library' end)"

let server: RunningServer
let other: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(DEBUG)
  other = await startRedisTs(DEBUG)
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await Promise.all([server.stop(), other.stop()])
})
beforeEach(async () => {
  for (const { port } of [server, other]) {
    await askText(port, 'FLUSHALL')
    await askText(port, 'FUNCTION', 'FLUSH')
  }
  await client.call('SELECT', '0')
})

async function run(...commands: string[]): Promise<void> {
  for (const command of commands) {
    const { text, type } = await client.call(...command.split(' '))
    expect(type, `${command}: ${text}`).not.toBe('-')
  }
}

async function send(...commands: string[][]): Promise<void> {
  const replies = await client.pipeline(commands)
  expect(replies.filter(({ type }) => type === '-')).toEqual([])
}

/** What the server holds as commands. */
async function rewritten(): Promise<Buffer> {
  const { keyspace, libraries } = await keyspaceOf(server)
  return commandsOf(keyspace, { libraries })
}

/** As text, without the choice of the database. */
async function lines(): Promise<string[]> {
  const [select, ...rest] = requestsOf(await rewritten())
  expect(select).toEqual(['SELECT', '0'])
  return rest.map(each => each.join(' '))
}

function range<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

/** Gives the commands to another server, and sees to it that it holds the same then. */
async function expectSame(target: RunningServer = other): Promise<void> {
  const bytes = await rewritten()
  expect(await execute(target.port, bytes)).toEqual([])
  expect(await askText(target.port, 'DEBUG', 'DIGEST')).toBe(await askText(server.port, 'DEBUG', 'DIGEST'))
}

describe('the commands are those of Redis', () => {
  test('SET for strings', async () => {
    await run('SET text hello', 'SET number -9000000000000000000', 'SET small 12')
    expect((await lines()).sort()).toEqual(['SET number -9000000000000000000', 'SET small 12', 'SET text hello'])
  })

  test('RPUSH for lists, of 64 elements at most', async () => {
    await run('RPUSH list a 17 -4000000000')
    expect(await lines()).toEqual(['RPUSH list a 17 -4000000000'])
    await run('FLUSHALL')
    const elements = range(150, i => `e${i}`)
    await send(['RPUSH', 'list', ...elements])
    const requests = (await lines()).map(line => line.split(' '))
    expect(requests.map(each => each.length)).toEqual([66, 66, 24])
    expect(requests.flatMap(([, , ...rest]) => rest)).toEqual(elements)
  })

  test('SADD for sets of integers and of others', async () => {
    await run('SADD integers 3 1 -70000 5000000000', 'SADD members a b 7')
    const [first, second] = (await lines()).sort()
    expect(first).toBe('SADD integers -70000 1 3 5000000000')
    expect(second.split(' ').sort()).toEqual(['7', 'SADD', 'a', 'b', 'members'])
  })

  test('ZADD for sorted sets, with scores that come back', async () => {
    await run('ZADD z 1 a 2.5 b -inf c inf d 0.1 e 1e300 f -0 g 12345678901234567890 h 17179869184.5 i')
    expect(await lines()).toEqual([
      'ZADD z -inf c 0 g 0.1 e 1 a 2.5 b 17179869184.5 i 12345678901234567000 h 1e+300 f inf d',
    ])
  })

  test('HMSET for hashes', async () => {
    await run('HSET h f v n 10 e 1.5')
    expect(await lines()).toEqual(['HMSET h f v n 10 e 1.5'])
  })

  test('HPEXPIREAT behind each field that expires', async () => {
    await run('HSET h a 1 b 2 c 3', 'HPEXPIREAT h 4000000000000 FIELDS 1 b', 'HPEXPIREAT h 4000000000777 FIELDS 1 c')
    const all = await lines()
    expect(all.filter(line => line.startsWith('HMSET')).sort()).toEqual(['HMSET h a 1', 'HMSET h b 2', 'HMSET h c 3'])
    expect(all[all.indexOf('HMSET h b 2') + 1]).toBe('HPEXPIREAT h 4000000000000 FIELDS 1 b')
    expect(all[all.indexOf('HMSET h c 3') + 1]).toBe('HPEXPIREAT h 4000000000777 FIELDS 1 c')
    expect(all).toHaveLength(5)
  })

  test('PEXPIREAT behind the value', async () => {
    await run('RPUSH list a', 'PEXPIREAT list 4000000000123')
    expect(await lines()).toEqual(['RPUSH list a', 'PEXPIREAT list 4000000000123'])
  })

  test('XADD and XSETID for streams, without what has been deleted', async () => {
    await run(
      'XADD s 1-1 a 1 b 2',
      'XADD s 1-2 a 3 b 4',
      'XADD s 5-0 other field',
      'XADD s 6-0 a 5 b 6',
      'XDEL s 1-2 6-0',
    )
    expect(await lines()).toEqual([
      'XADD s 1-1 a 1 b 2',
      'XADD s 5-0 other field',
      'XSETID s 6-0 ENTRIESADDED 4 MAXDELETEDID 6-0',
    ])
  })

  test('an entry that is gone at once for an empty stream', async () => {
    await run('XADD s 7-7 a 1', 'XDEL s 7-7')
    expect(await lines()).toEqual(['XADD s MAXLEN 0 0-1 x y', 'XSETID s 7-7 ENTRIESADDED 1 MAXDELETEDID 7-7'])
  })

  test('XGROUP and XCLAIM for groups', async () => {
    await run(
      'XADD s 1-0 a 1',
      'XADD s 2-0 a 2',
      'XGROUP CREATE s idle $',
      'XGROUP CREATE s readers 0',
      'XGROUP CREATECONSUMER s readers bored',
      'XREADGROUP GROUP readers alice COUNT 1 STREAMS s >',
      'XREADGROUP GROUP readers bob COUNT 1 STREAMS s >',
      'XCLAIM s readers alice 0 1-0 TIME 1700000000000 RETRYCOUNT 7',
      'XCLAIM s readers bob 0 2-0 TIME 1600000000000 RETRYCOUNT 3',
    )
    expect(await lines()).toEqual([
      'XADD s 1-0 a 1',
      'XADD s 2-0 a 2',
      'XSETID s 2-0 ENTRIESADDED 2 MAXDELETEDID 0-0',
      'XGROUP CREATE s idle 2-0 ENTRIESREAD -1',
      'XGROUP CREATE s readers 2-0 ENTRIESREAD 2',
      'XCLAIM s readers alice 0 1-0 TIME 1700000000000 RETRYCOUNT 7 JUSTID FORCE',
      'XCLAIM s readers bob 0 2-0 TIME 1600000000000 RETRYCOUNT 3 JUSTID FORCE',
      'XGROUP CREATECONSUMER s readers bored',
    ])
  })

  test('SELECT ahead of the keys of each database', async () => {
    await run('SELECT 3', 'SET a 1', 'SELECT 11', 'SET b 2')
    expect(requestsOf(await rewritten())).toEqual([
      ['SELECT', '3'],
      ['SET', 'a', '1'],
      ['SELECT', '11'],
      ['SET', 'b', '2'],
    ])
  })

  test('FUNCTION LOAD ahead of everything, and the time ahead of that', async () => {
    await run('SET a 1')
    await client.call('FUNCTION', 'LOAD', LIBRARY)
    expect(requestsOf(await rewritten())).toEqual([
      ['FUNCTION', 'LOAD', LIBRARY],
      ['SELECT', '0'],
      ['SET', 'a', '1'],
    ])
    const { keyspace } = await keyspaceOf(server)
    const text = (await commandsOf(keyspace, { timestampSeconds: 1_700_000_000 })).toString('latin1')
    expect(text.startsWith('#TS:1700000000\r\n*2\r\n$6\r\nSELECT\r\n')).toBe(true)
  })

  test('nothing at all where there is nothing', async () => {
    expect((await rewritten()).length).toBe(0)
  })
})

/** Data of every kind that Redis 7.0 knows, in every encoding. */
async function fill(): Promise<void> {
  const binary = '\x00\xff\r\n$3\r\n*'
  const long = randomFillSync(Buffer.alloc(10 << 20)).toString('latin1')
  await client.call('FUNCTION', 'LOAD', LIBRARY)
  await send(
    ['SET', 'empty', ''],
    ['SET', '', 'of an empty key'],
    ['SET', binary, binary],
    ['SET', '12345', '-12345'],
    ['SET', 'long', long],
    ['SET', `long key ${'k'.repeat(100_000)}`, 'v', 'PXAT', '4000000000000'],
    ['SADD', `long key of a set ${'s'.repeat(70_000)}`, ...range(300, i => `m${i}`)],
    ['SET', 'expires', 'v', 'PXAT', '4000000000001'],
    ['RPUSH', 'small list', 'a', '1', binary, '', '-9223372036854775808'],
    ['RPUSH', 'list', ...range(5000, i => `element ${i}`)],
    ['RPUSH', 'list of long ones', 'x'.repeat(9000), long.slice(0, 1 << 20), 'y'.repeat(70_000), 'short', long],
    ['SADD', 'intset', ...range(300, i => String(i * i * i * i * 7919))],
    ['SADD', 'small set', 'a', 'b', '3', binary],
    ['SADD', 'set', ...range(3000, i => `member ${i}`), long.slice(0, 300_000)],
    ['ZADD', 'small sorted set', '1', 'a', '-inf', 'b', '0.5', binary, '-40', '12'],
    ['ZADD', 'sorted set', ...range(3000, i => [String(i / 8 - 9), `member ${i}`]).flat(), '5', long.slice(0, 100_000)],
    ['HSET', 'small hash', 'f', 'v', binary, binary, '1', '2', '', ''],
    ['HSET', 'hash', ...range(3000, i => [`field ${i}`, `value ${i}`]).flat(), 'long', long.slice(0, 400_000)],
    ['PEXPIREAT', 'hash', '4000000000002'],
    ['SELECT', '9'],
    ['HSET', 'hash of another database', 'f', 'v'],
    ['SELECT', '0'],
    ...range(1000, i => ['XADD', 'stream', `${1000 + i}-${i}`, 'f', String(i), 'g', `value ${i}`]),
    ['XADD', 'stream', '3000-0', 'large', long.slice(0, 200_000), 'f', '1'],
    ['XADD', 'stream', '18446744073709551615-18446744073709551614', ...range(2000, i => `f${i}`)],
    ['XDEL', 'stream', '1000-0', '1500-500'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XGROUP', 'CREATE', 'stream', binary, '1500-0', 'ENTRIESREAD', '17'],
    ['XGROUP', 'CREATECONSUMER', 'stream', 'group', 'nothing pending'],
    ['XREADGROUP', 'GROUP', 'group', 'c1', 'COUNT', '700', 'STREAMS', 'stream', '>'],
    ['XREADGROUP', 'GROUP', 'group', 'c2', 'COUNT', '100', 'STREAMS', 'stream', '>'],
    ['XCLAIM', 'stream', 'group', 'c2', '0', '1100-100', 'TIME', '1600000000000', 'RETRYCOUNT', '9'],
    ['XADD', 'empty stream', '1-1', 'a', 'b'],
    ['XDEL', 'empty stream', '1-1'],
    ['XGROUP', 'CREATE', 'stream without any', 'g', '$', 'MKSTREAM'],
  )
}

/** What a server says of its streams, without the times at which consumers were seen. */
async function streamsOf(port: number): Promise<unknown> {
  const names = ['stream', 'empty stream', 'stream without any']
  const replies = await Promise.all(names.map(name => ask(port, 'XINFO', 'STREAM', name, 'FULL', 'COUNT', '0')))
  const facts = JSON.stringify(replies)
  const texts = facts.replace(/"(seen|active)-time","elements":null\},\{"type":":","text":"-?\d+"/g, '"$1"')
  // How a stream is stored is not in the commands.
  return JSON.parse(texts.replace(/"radix-tree-(keys|nodes)","elements":null\},\{"type":":","text":"\d+"/g, '"$1"'))
}

async function pendingWithoutIdleTime(port: number): Promise<unknown> {
  const { elements } = await ask(port, 'XPENDING', 'stream', 'group', '-', '+', '1000')
  return elements?.map(each => each.elements?.filter((_, i) => i !== 2))
}

test('another server that runs them holds the same', async () => {
  await fill()
  await send(
    ['ZADD', 'fractions', ...range(500, i => [String(Math.sin(i) * 10 ** ((i % 600) - 300)), `m${i}`]).flat()],
    ['HSET', 'fields that expire', ...range(200, i => [`f${i}`, `v${i}`]).flat()],
    ['HPEXPIREAT', 'fields that expire', '4000000000000', 'FIELDS', '3', 'f1', 'f7', 'f150'],
    ['HPEXPIREAT', 'fields that expire', '4000000000789', 'FIELDS', '1', 'f9'],
    ['HSET', 'few that expire', 'a', '1', 'b', '2'],
    ['HPEXPIREAT', 'few that expire', '4100000000000', 'FIELDS', '1', 'b'],
  )
  await expectSame()
  expect(await streamsOf(other.port)).toEqual(await streamsOf(server.port))
  for (const command of [
    ['FCALL', 'f', '0'],
    ['PEXPIRETIME', 'hash'],
    ['PEXPIRETIME', `long key ${'k'.repeat(100_000)}`],
    ['HPEXPIRETIME', 'fields that expire', 'FIELDS', '5', 'f1', 'f7', 'f150', 'f9', 'f2'],
    ['HPEXPIRETIME', 'few that expire', 'FIELDS', '2', 'a', 'b'],
  ]) {
    expect(await ask(other.port, ...command)).toEqual(await ask(server.port, ...command))
  }
}, 60_000)

describe('stock redis-server', requireStock('redis-server'), () => {
  test('runs them, and holds the same', async () => {
    await fill()
    const stock = await startRedisServer(DEBUG)
    await expectSame(stock)
    const streams = await Promise.all([stock, server].map(({ port }) => ask(port, 'XINFO', 'STREAM', 'stream')))
    // What comes before is how it is stored.
    const [seen, own] = streams.map(({ elements }) => elements?.slice(6))
    expect(seen).toEqual(own)
    const pending = await Promise.all([stock, server].map(({ port }) => pendingWithoutIdleTime(port)))
    expect(pending[0]).toHaveLength(800)
    expect(pending[0]).toEqual(pending[1])
    await stock.stop()
  }, 60_000)

  test('reads scores as they are', async () => {
    const stock = await startRedisServer(DEBUG)
    // Digests of 7.0 have scores with more digits.
    const scores = range(500, i => Math.sin(i) * 10 ** ((i % 600) - 300))
    await send(['ZADD', 'fractions', ...scores.flatMap((score, i) => [String(score), `m${i}`])])
    const { keyspace } = await keyspaceOf(server)
    expect(await execute(stock.port, await commandsOf(keyspace))).toEqual([])
    const seen = await ask(stock.port, 'ZMSCORE', 'fractions', ...scores.map((_, i) => `m${i}`))
    expect(seen.elements?.map(({ text }) => Number(text))).toEqual(scores)
    await stock.stop()
  })
})
