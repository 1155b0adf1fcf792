import type net from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeMaster } from '../../fault/fake-master.js'
import { infoFields, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']
const LARGE = Array.from({ length: 3000 }, (_, i) => [`field ${i}`, `value ${i}`.repeat(i % 30)]).flat()

let source: RunningServer
let ours: RawClient
let other: RawClient

beforeAll(async () => {
  source = await startRedisTs(OPTIONS)
  ours = await RawClient.connect(source.port)
  other = await RawClient.connect(source.port)
})
afterAll(() => {
  ours.close()
  other.close()
})
beforeEach(async () => {
  await ours.pipeline([['SELECT', '0'], ['FLUSHALL']])
})

async function text(client: RawClient, ...command: string[]): Promise<string | null> {
  return (await client.call(...command)).text
}

/** MIGRATE of one key, with a long time-out. */
function migrate(port: number, key: string, ...options: string[]): string[] {
  return ['MIGRATE', '127.0.0.1', String(port), key, '3', '10000', ...options]
}

describe.each([
  ['redis-ts', 'redis-server'],
  ['redis-server', 'redis-ts'],
  ['redis-ts', 'redis-ts'],
])('from %s to %s', requireStock('redis-server'), (from, to) => {
  let sender: RawClient
  let target: RunningServer
  let receiver: RawClient

  beforeAll(async () => {
    const start = (name: string): Promise<RunningServer> =>
      name === 'redis-ts' ? startRedisTs(OPTIONS) : startRedisServer(OPTIONS)
    sender = await RawClient.connect((await start(from)).port)
    target = await start(to)
    receiver = await RawClient.connect(target.port)
    return () => {
      sender.close()
      receiver.close()
    }
  })
  beforeEach(async () => {
    await sender.call('FLUSHALL')
    await receiver.pipeline([['FLUSHALL'], ['SELECT', '3']])
  })

  test('strings and hashes move with their expiries', async () => {
    await sender.pipeline([
      ['SET', 'text', 'some text'],
      ['SET', 'int', '-12345678901'],
      ['SET', 'long', 'compressible '.repeat(20_000), 'EX', '1000'],
      ['HSET', 'small', 'a', '1', 'b', '2'],
      ['HSET', 'large', ...LARGE],
    ])
    const keys = ['text', 'int', 'long', 'small', 'large']
    const before = await sender.pipeline(keys.map(key => ['DEBUG', 'DIGEST-VALUE', key]))
    expect(await text(sender, ...migrate(target.port, 'text'))).toBe('OK')
    expect(await text(sender, ...migrate(target.port, ''), 'KEYS', 'missing', ...keys.slice(1))).toBe('OK')
    expect(await text(sender, 'DBSIZE')).toBe('0')
    expect(await receiver.pipeline(keys.map(key => ['DEBUG', 'DIGEST-VALUE', key]))).toEqual(before)
    expect(await text(receiver, 'TTL', 'text')).toBe('-1')
    expect(Number(await text(receiver, 'TTL', 'long'))).toBeGreaterThan(990)
  })

  test('COPY leaves them, REPLACE overwrites', async () => {
    await sender.call('SET', 'key', 'new')
    await receiver.call('SET', 'key', 'old')
    const busy = 'ERR Target instance replied with error: BUSYKEY Target key name already exists.'
    expect(await text(sender, ...migrate(target.port, 'key'))).toBe(busy)
    expect(await text(sender, ...migrate(target.port, 'key', 'COPY', 'REPLACE'))).toBe('OK')
    expect(await text(sender, 'GET', 'key')).toBe('new')
    expect(await text(receiver, 'GET', 'key')).toBe('new')
  })

  test('of many keys those that are busy over there stay', async () => {
    await sender.call('MSET', ...'abcdefgh'.split('').flatMap(key => [key, key]))
    await receiver.call('MSET', 'c', '_', 'f', '_')
    const reply = await text(sender, ...migrate(target.port, ''), 'KEYS', ...'abcdefgh'.split(''))
    expect(reply).toContain('BUSYKEY')
    expect(texts(await sender.call('KEYS', '*')).sort()).toEqual(['c', 'f'])
    expect(await text(receiver, 'DBSIZE')).toBe('8')
  })

  test('AUTH and AUTH2', async () => {
    await sender.call('MSET', 'a', '1', 'b', '2', 'c', '3')
    await receiver.call('CONFIG', 'SET', 'requirepass', 'secret')
    const wrong = migrate(target.port, 'a', 'AUTH', 'wrong')
    expect(await text(sender, ...wrong)).toMatch(/^ERR Target instance replied with error: WRONGPASS /)
    expect(await text(sender, 'EXISTS', 'a')).toBe('1')
    expect(await text(sender, ...migrate(target.port, 'a', 'REPLACE', 'AUTH', 'secret'))).toBe('OK')
    expect(await text(sender, ...migrate(target.port, 'b', 'AUTH2', 'default', 'secret'))).toBe('OK')
    await receiver.call('CONFIG', 'SET', 'requirepass', '')
    expect(texts(await sender.call('KEYS', '*'))).toEqual(['c'])
  })

  test('connections are kept, and the database is selected anew where it has to be', async () => {
    await sender.call('MSET', 'a', '1', 'b', '2', 'c', '3')
    const [a, b, c] = ['a', 'b', 'c'].map(key => migrate(target.port, key))
    b[4] = '5'
    for (const command of [a, b, c]) expect(await text(sender, ...command)).toBe('OK')
    expect(infoFields((await text(sender, 'INFO', 'stats')) ?? '').get('migrate_cached_sockets')).toBe('1')
    expect(texts(await receiver.call('KEYS', '*')).sort()).toEqual(['a', 'c'])
    await receiver.call('SELECT', '5')
    expect(texts(await receiver.call('KEYS', '*'))).toEqual(['b'])
  })

  test('an error of the target in one request is not held against the next', async () => {
    await sender.call('MSET', 'a', '1')
    const noDatabase = migrate(target.port, 'a')
    noDatabase[4] = '99'
    const error = await text(sender, ...noDatabase)
    expect(error).toBe('ERR Target instance replied with error: ERR DB index is out of range')
    expect(await text(sender, ...migrate(target.port, 'a', 'REPLACE'))).toBe('OK')
    expect(await text(receiver, 'GET', 'a')).toBe('1')
  })
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('the same arguments give the same replies', async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await expectSame(ours, stock, [
      ['SET', 'key', 'value'],
      ...words(
        'MIGRATE',
        'MIGRATE 127.0.0.1 1 key 0',
        'MIGRATE 127.0.0.1 1 missing 0 1000',
        'MIGRATE 127.0.0.1 1 "" 0 1000',
        'MIGRATE 127.0.0.1 1 "" 0 1000 KEYS',
        'MIGRATE 127.0.0.1 1 "" 0 1000 KEYS missing gone',
        'MIGRATE 127.0.0.1 1 key 0 1000 KEYS a b',
        'MIGRATE 127.0.0.1 1 key x 1000',
        'MIGRATE 127.0.0.1 1 key 0 x',
        'MIGRATE 127.0.0.1 1 key x y',
        'MIGRATE 127.0.0.1 1 key 0 1000 NONSENSE',
        'MIGRATE 127.0.0.1 1 key 0 1000 AUTH',
        'MIGRATE 127.0.0.1 1 key 0 1000 AUTH2 user',
        'MIGRATE 127.0.0.1 1 key 0 1000',
        'MIGRATE 127.0.0.1 0 key 0 1000',
        'MIGRATE 127.0.0.1 x key 0 1000 COPY',
        'MIGRATE 127.0.0.1 -5 key 0 1000',
        'MIGRATE no.such.host.invalid 1 key 0 1000',
        'GET key',
      ),
    ])
    stock.close()
  })
})

describe('while the target takes its time', () => {
  /** Requests of MIGRATE that wait for an answer, on whatever connection. */
  let asked: { words: string[]; socket: net.Socket }[] = []
  let target: FakeMaster

  beforeEach(async () => {
    asked = []
    target = await FakeMaster.start((request, socket) => {
      asked.push({ words: request, socket })
      return null
    })
    return () => target.close()
  })

  /** Waits for as many requests, and answers them all. */
  async function answer(count: number, reply: string): Promise<string[][]> {
    await until(`${count} requests have arrived`, async () => asked.length === count)
    const answered = asked.splice(0)
    for (const { socket } of answered) socket.write(reply)
    return answered.map(({ words: request }) => request)
  }

  test.each([
    ['SET', 'key', 'new'],
    ['APPEND', 'key', '!'],
    ['DEL', 'key'],
    ['EXPIRE', 'key', '1000'],
    ['COPY', 'other', 'key', 'REPLACE'],
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['SWAPDB', '0', '5'],
  ])('%s %s waits, and finds what there is afterwards', async (...command) => {
    await ours.call('MSET', 'key', 'value', 'other', 'x')
    const moved = ours.call(...migrate(target.port, 'key'))
    await until('SELECT and RESTORE have arrived', async () => asked.length === 2)
    let replied = false
    const changed = other.call(...command).finally(() => {
      replied = true
    })
    const third = await RawClient.connect(source.port)
    // Reading goes on, and so does writing to other keys.
    expect(await text(third, 'GET', 'key')).toBe('value')
    expect(await text(third, 'SET', 'other', 'y')).toBe('OK')
    expect(await text(third, 'INCR', 'third')).toBe('1')
    expect(replied).toBe(false)
    third.close()
    const [, restore] = await answer(2, '+OK\r\n')
    expect(restore.slice(0, 3)).toEqual(['RESTORE', 'key', '0'])
    expect((await moved).text).toBe('OK')
    const absent: Record<string, string> = { APPEND: '1', DEL: '0', EXPIRE: '0', COPY: '1' }
    expect((await changed).text).toBe(absent[command[0]] ?? 'OK')
    const there = ['SET', 'APPEND', 'COPY'].includes(command[0])
    expect(await text(ours, 'EXISTS', 'key')).toBe(there ? '1' : '0')
  })

  test('a transaction that changes the key waits as a whole', async () => {
    await ours.call('SET', 'key', '1')
    const moved = ours.call(...migrate(target.port, 'key'))
    await until('SELECT and RESTORE have arrived', async () => asked.length === 2)
    const transaction = other.pipeline([['MULTI'], ['INCR', 'first'], ['INCR', 'key'], ['EXEC'], ['PING']])
    const third = await RawClient.connect(source.port)
    expect(await text(third, 'EXISTS', 'first')).toBe('0')
    third.close()
    await answer(2, '+OK\r\n')
    expect((await moved).text).toBe('OK')
    expect(texts((await transaction)[3])).toEqual(['1', '1'])
  })

  test('a client that has gone does not keep the key from moving', async () => {
    await ours.call('SET', 'key', 'value')
    const leaving = await RawClient.connect(source.port)
    void leaving.call(...migrate(target.port, 'key'))
    await until('SELECT and RESTORE have arrived', async () => asked.length === 2)
    leaving.close()
    await answer(2, '+OK\r\n')
    await until('the key is gone', async () => (await text(ours, 'EXISTS', 'key')) === '0')
  })

  test('a key that expires meanwhile is gone, and nothing is left of it', async () => {
    await ours.call('SET', 'key', 'value', 'PX', '50')
    const moved = ours.call(...migrate(target.port, 'key'))
    await until('the key has expired', async () => (await text(other, 'DBSIZE')) === '0')
    await answer(2, '+OK\r\n')
    expect((await moved).text).toBe('OK')
    expect(await text(ours, 'SET', 'key', 'new')).toBe('OK')
    expect(await text(ours, 'GET', 'key')).toBe('new')
  })

  test('two requests to the same target take turns on one connection', async () => {
    await ours.call('MSET', 'a', '1', 'b', '2')
    const moved = [ours.call(...migrate(target.port, 'a')), other.call(...migrate(target.port, 'b'))]
    expect((await answer(2, '+OK\r\n')).map(([name]) => name)).toEqual(['SELECT', 'RESTORE'])
    expect((await answer(1, '+OK\r\n')).map(([name]) => name)).toEqual(['RESTORE'])
    for (const reply of await Promise.all(moved)) expect(reply.text).toBe('OK')
    expect(target.connections).toBe(1)
  })

  test('IOERR when no answer comes in time; the key stays and can be changed again', async () => {
    await ours.call('SET', 'key', 'value')
    const command = migrate(target.port, 'key')
    command[5] = '50'
    const reply = await ours.call(...command)
    expect([reply.type, reply.text]).toEqual(['-', 'IOERR error or timeout reading to target instance'])
    expect(await text(other, 'APPEND', 'key', '!')).toBe('6')
    const fields = infoFields((await text(ours, 'INFO', 'everything')) ?? '')
    expect(fields.get('migrate_cached_sockets')).toBe('0')
    expect(fields.get('errorstat_IOERR')).toMatch(/^count=[1-9]/)
  })

  test('a kept connection that the target has closed is replaced by a new one', async () => {
    await ours.call('MSET', 'a', '1', 'b', '2', 'c', '3')
    const first = ours.call(...migrate(target.port, 'a'))
    await answer(2, '+OK\r\n')
    expect((await first).text).toBe('OK')
    const second = ours.call(...migrate(target.port, 'b'))
    await until('RESTORE has arrived', async () => asked.length === 1)
    asked.splice(0)[0].socket.destroy()
    await answer(2, '+OK\r\n')
    expect((await second).text).toBe('OK')
    expect(target.connections).toBe(2)
    // Twice is enough.
    const third = ours.call(...migrate(target.port, 'c'))
    for (const count of [1, 2]) {
      await until('RESTORE has arrived', async () => asked.length === count)
      asked.splice(0)[0].socket.destroy()
    }
    expect((await third).text).toBe('IOERR error or timeout reading to target instance')
    expect(await text(ours, 'GET', 'c')).toBe('3')
  })

  test('keys that were acknowledged before the connection broke are gone, the others stay', async () => {
    await ours.call('MSET', 'a', '1', 'b', '2', 'c', '3')
    const moved = ours.call(...migrate(target.port, ''), 'KEYS', 'a', 'b', 'c')
    await until('all requests have arrived', async () => asked.length === 4)
    asked[0].socket.end('+OK\r\n+OK\r\n+OK\r\n')
    expect((await moved).text).toBe('IOERR error or timeout reading to target instance')
    expect(texts(await ours.call('KEYS', '*'))).toEqual(['c'])
  })

  test('inside a transaction it is refused', async () => {
    await ours.call('SET', 'key', 'value')
    const replies = await ours.pipeline([['MULTI'], migrate(target.port, 'key'), ['EXEC']])
    expect(replies[2].elements?.[0].text).toMatch(/^ERR MIGRATE is not possible inside a transaction/)
    expect(await text(ours, 'EXISTS', 'key')).toBe('1')
  })

  test('passwords do not show in SLOWLOG', async () => {
    await ours.pipeline([
      ['CONFIG', 'SET', 'slowlog-log-slower-than', '0'],
      ['SLOWLOG', 'RESET'],
      ['MIGRATE', 'h', '1', '', '0', '1', 'AUTH2', 'user', 'secret', 'KEYS', 'auth', 'key'],
    ])
    const [entry] = (await ours.call('SLOWLOG', 'GET', '1')).elements ?? []
    expect(texts(entry.elements?.[3] ?? entry).join(' ')).toBe(
      'MIGRATE h 1  0 1 AUTH2 (redacted) (redacted) KEYS auth key',
    )
    await ours.call('CONFIG', 'SET', 'slowlog-log-slower-than', '10000')
  })
})
