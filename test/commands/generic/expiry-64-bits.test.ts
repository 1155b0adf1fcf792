import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inStep, linkUp } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSameFromEmpty, words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-entries', '4']

const INT64_MAX = 2n ** 63n - 1n
/** Around where JavaScript's numbers begin to round, and up to the last time there is. */
const TIMES: readonly bigint[] = [
  // Rounded to seconds by adding half a second, it would be beyond 2 ** 53.
  9_007_199_254_740_499n,
  ...[-3n, -1n, 0n, 1n, 3n].map(offset => 2n ** 53n + offset),
  2n ** 53n * 1000n + 1n,
  2n ** 62n - 1n,
  2n ** 62n,
  2n ** 62n + 1n,
  INT64_MAX - 1024n,
  INT64_MAX - 1n,
  INT64_MAX,
]

let server: RunningServer
let ours: RawClient

beforeAll(async () => {
  server = await startRedisTs(OPTIONS)
  ours = await RawClient.connect(server.port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('FLUSHALL')
})

async function text(...command: string[]): Promise<string | null> {
  return (await ours.call(...command)).text
}

/** The nearest second, as EXPIRETIME has it. */
function seconds(ms: bigint): string {
  return String((ms + 500n) / 1000n)
}

describe.each(TIMES.map(String))('the time %s ms', time => {
  test.each([
    ['SET', 'key', 'value', 'PXAT', time],
    ['SET', 'key', '1', 'PXAT', time],
    ['SET', 'big', 'x'.repeat(5000), 'PXAT', time],
    ['PEXPIREAT', 'key', time],
    ['PEXPIREAT', 'key', time, 'GT'],
    ['PEXPIREAT', 'expires', time, 'GT'],
    ['GETEX', 'key', 'PXAT', time],
    ['GETEX', 'expires', 'PXAT', time],
  ])('is kept by %s %s', async (...command) => {
    await ours.pipeline([
      ['SET', 'key', 'value', 'EX', '1000'],
      ['SET', 'expires', 'value', 'PXAT', '4000000000000'],
    ])
    await ours.call(...command)
    expect(await text('PEXPIRETIME', command[1])).toBe(time)
    expect(await text('EXPIRETIME', command[1])).toBe(seconds(BigInt(time)))
    const [before, left, after] = [BigInt(Date.now()), await text('PTTL', command[1]), BigInt(Date.now())]
    expect(BigInt(left ?? 0)).toBeLessThanOrEqual(BigInt(time) - before + 1n)
    expect(BigInt(left ?? 0)).toBeGreaterThanOrEqual(BigInt(time) - after - 1n)
    expect(await text('EXISTS', command[1])).toBe('1')
  })

  test.each([
    'SET s x KEEPTTL',
    'SET s 5 KEEPTTL',
    'SET s %big KEEPTTL',
    'SET big x KEEPTTL',
    'SET big %big KEEPTTL',
    `GETEX s`,
    'INCR i',
    'INCR last',
    'INCRBY i 9007199254740993',
    'INCRBYFLOAT i 1.5',
    'APPEND s x',
    'APPEND s %big',
    'APPEND i x',
    'APPEND big x',
    'SETRANGE s 100 x',
    `SETRANGE s 5000 x`,
    'SETBIT s 50000 1',
    'BITFIELD s SET u8 #6000 1',
    'HSET h x y',
    'HSET h x %big',
    'HSET h a 1 b 2 c 3 d 4 e 5',
    'HINCRBY h f 1',
    'HDEL h f',
    'RENAME s t',
    'RENAME h t',
    'RENAMENX big t',
    'COPY s t',
    'COPY i big REPLACE',
    'COPY big s REPLACE',
    'COPY h t',
    'HSET h a 1 b 2 c 3 d 4 e 5; COPY h t',
    'COPY h h DB 1; SWAPDB 0 1',
    'MOVE s 1; SWAPDB 0 1',
    'DEBUG RELOAD',
    'HSET h a 1 b 2 c 3 d 4 e 5; DEBUG RELOAD; RENAME h t',
    'PEXPIREAT s 1000 NX',
    'PEXPIREAT s 1000 GT',
    'PERSIST s; PEXPIREAT s %time',
    'PSETEX s 100000 x; PEXPIREAT s %time GT',
  ])('stays with the key: %s', async lines => {
    const there = ['s', 'i', 'last', 'big', 'h']
    await ours.pipeline([
      ['SET', 's', 'value'],
      ['SET', 'i', '12'],
      ['SET', 'last', '2147483647'],
      ['SET', 'big', 'x'.repeat(5000)],
      ['HSET', 'h', 'f', '1', 'g', '2'],
      ...there.map(key => ['PEXPIREAT', key, time]),
    ])
    const replies = await ours.pipeline(
      words(...lines.replaceAll('%time', time).replaceAll('%big', 'y'.repeat(6000)).split('; ')),
    )
    expect(replies.filter(({ type }) => type === '-')).toEqual([])
    for (const key of [...there, 't']) {
      const kept = await text('PEXPIRETIME', key)
      if (kept !== '-2') expect({ key, kept }).toEqual({ key, kept: time })
    }
  })

  test('is compared to the millisecond', async () => {
    const ms = BigInt(time)
    await ours.call('SET', 'key', 'value', 'PXAT', time)
    for (const [command, reply] of [
      [['PEXPIREAT', 'key', time, 'GT'], '0'],
      [['PEXPIREAT', 'key', time, 'LT'], '0'],
      [['PEXPIREAT', 'key', String(ms - 1n), 'GT'], '0'],
      [['PEXPIREAT', 'key', String(ms - 1n), 'LT'], '1'],
      [['PEXPIREAT', 'key', String(ms - 1n), 'GT'], '0'],
      [['PEXPIREAT', 'key', time, 'LT'], '0'],
      [['PEXPIREAT', 'key', time, 'GT', 'XX'], '1'],
      [['PEXPIRETIME', 'key'], time],
    ] as const) {
      expect({ command, reply: await text(...command) }).toEqual({ command, reply })
    }
  })

  test('comes with RESTORE, and with what a relative time adds up to', async () => {
    await ours.call('SET', 'key', 'value')
    const dump = (await ours.call('DUMP', 'key')).text ?? ''
    await ours.call('RESTORE', 'restored', time, dump, 'ABSTTL')
    expect(await text('PEXPIRETIME', 'restored')).toBe(time)
    await ours.call('RESTORE', 'key', time, dump, 'ABSTTL', 'REPLACE')
    expect(await text('PEXPIRETIME', 'key')).toBe(time)
    const span = BigInt(time) / 2n
    for (const command of [
      ['SET', 'key', 'value', 'PX', String(span)],
      ['PSETEX', 'key', String(span), 'value'],
      ['PEXPIRE', 'key', String(span)],
      ['GETEX', 'key', 'PX', String(span)],
      ['RESTORE', 'key', String(span), dump, 'REPLACE'],
    ]) {
      const before = BigInt(Date.now())
      await ours.call(...command)
      const from = BigInt((await text('PEXPIRETIME', 'key')) ?? 0) - span
      expect({ command, from: from >= before - 1n && from <= BigInt(Date.now()) }).toEqual({ command, from: true })
    }
  })
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stockServer: RunningServer
  let stock: RawClient
  beforeAll(async () => {
    stockServer = await startRedisServer(OPTIONS)
    stock = await RawClient.connect(stockServer.port)
  })
  afterAll(() => stock.close())

  test('times that do not fit are refused in its words', () => {
    const spans = [
      '9223372036854775807',
      '9223370000000000000',
      '9223372036854775',
      '9223372036854776',
      '9223372036854775808',
    ]
    const others = [
      '0',
      '-1',
      '-9223372036854775807',
      '-9223372036854775808',
      '-9223372036854775',
      '-9223372036854776',
      'x',
    ]
    return expectSameFromEmpty(
      ours,
      stock,
      [...spans, ...others].flatMap(time =>
        words(
          'SET key value',
          ...['EX', 'PX', 'EXAT', 'PXAT'].map(unit => `SET other value ${unit} ${time}`),
          ...['EX', 'PX', 'EXAT', 'PXAT'].map(unit => `GETEX key ${unit} ${time}`),
          'SET key value',
          `SETEX key ${time} value`,
          `PSETEX key ${time} value`,
          ...['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT'].flatMap(name => ['SET key value', `${name} key ${time}`]),
        ),
      ),
    )
  })

  test('RESTORE lets a span overflow, and then there is no key', async () => {
    for (const client of [ours, stock]) {
      await client.pipeline([['FLUSHALL'], ['SET', 'key', 'value']])
      const dump = (await client.call('DUMP', 'key')).text ?? ''
      expect((await client.call('RESTORE', 'new', String(INT64_MAX), dump)).text).toBe('OK')
      expect((await client.call('EXISTS', 'new')).text).toBe('0')
      expect((await client.call('RESTORE', 'key', String(INT64_MAX), dump, 'REPLACE')).text).toBe('OK')
      expect((await client.call('EXISTS', 'key')).text).toBe('0')
    }
  })

  test('a writable replica takes times before 1970', async () => {
    const times = ['-1', '-5', '-4294967296', '-9007199254740993', '-4611686018427387905', '0', '1']
    for (const client of [ours, stock]) {
      await client.pipeline([
        ['CONFIG', 'SET', 'replica-read-only', 'no'],
        ['REPLICAOF', '127.0.0.1', '1'],
      ])
    }
    const commands = times.flatMap(time =>
      words('SET key value', `PEXPIREAT key ${time}`, 'PEXPIRETIME key', 'TTL key', 'GET key', 'PEXPIREAT key 5 GT'),
    )
    const [mine, theirs] = [await ours.pipeline(commands), await stock.pipeline(commands)]
    for (const [i, command] of commands.entries()) {
      expect({ command, reply: mine[i] }).toEqual({ command, reply: theirs[i] })
    }
    for (const client of [ours, stock]) {
      await client.pipeline([
        ['REPLICAOF', 'NO', 'ONE'],
        ['CONFIG', 'SET', 'replica-read-only', 'yes'],
      ])
    }
  })

  const near = (around: bigint) => fc.bigInt({ min: around - 2000n, max: around + 2000n })
  const time = fc
    .oneof(
      near(2n ** 53n),
      near(2n ** 54n),
      near(2n ** 62n),
      near(INT64_MAX),
      fc.bigInt({ min: 4_000_000_000_000n, max: INT64_MAX }),
      fc.constantFrom(...TIMES),
    )
    .map(String)
  const inSeconds = fc
    .oneof(near(2n ** 53n / 1000n), near(INT64_MAX / 1000n), fc.bigInt({ min: 4_000_000_000n, max: INT64_MAX }))
    .map(String)
  const key = fc.constantFrom('a', 'b', 'h')
  const conditions = fc.constantFrom<string[][]>([], [], ['GT'], ['LT'], ['XX', 'GT'], ['XX', 'LT'], ['NX'])
  const command: fc.Arbitrary<readonly string[]> = fc.oneof<fc.Arbitrary<readonly string[]>[]>(
    fc.tuple(key, time).map(([k, t]) => ['SET', k, 'value', 'PXAT', t]),
    fc.tuple(key, inSeconds).map(([k, t]) => ['SET', k, '12', 'EXAT', t]),
    fc.tuple(key, time, conditions).map(([k, t, more]) => ['PEXPIREAT', k, t, ...more]),
    fc.tuple(key, inSeconds, conditions).map(([k, t, more]) => ['EXPIREAT', k, t, ...more]),
    fc.tuple(key, time).map(([k, t]) => ['GETEX', k, 'PXAT', t]),
    fc.tuple(key, inSeconds).map(([k, t]) => ['GETEX', k, 'EXAT', t]),
    fc.tuple(fc.constantFrom('INCR', 'PERSIST', 'GETEX', 'GETDEL', 'PEXPIRETIME', 'EXPIRETIME'), key),
    fc.tuple(fc.constantFrom('RENAME', 'RENAMENX', 'COPY'), key, key),
    key.map(k => ['SET', k, 'x'.repeat(5000), 'KEEPTTL']),
    key.map(k => ['SET', k, '99', 'KEEPTTL', 'GET']),
    key.map(k => ['APPEND', k, 'more']),
    fc.constant(['HSET', 'h', 'f', '1', 'g', 'x'.repeat(100)]),
    fc.constant(['HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '4', 'e', '5']),
    fc.constant(['DEBUG', 'RELOAD']),
  )

  test('random commands with times of 64 bits give the same replies', { timeout: 120_000 }, async () => {
    const times = ['a', 'b', 'h'].flatMap(k => [
      ['PEXPIRETIME', k],
      ['EXPIRETIME', k],
    ])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), commands =>
        expectSameFromEmpty(
          ours,
          stock,
          commands.flatMap(each => [each, ...times]),
        ),
      ),
      { numRuns: 150 },
    )
  })

  /** Every time on a string and on a hash. */
  function fill(client: RawClient): Promise<unknown> {
    return client.pipeline([
      ['FLUSHALL'],
      ...TIMES.flatMap((at, i) => [
        ['SET', `s${i}`, 'value', 'PXAT', String(at)],
        ['SET', `i${i}`, String(i), 'PXAT', String(at)],
        ['HSET', `h${i}`, 'f', '1'],
        ['PEXPIREAT', `h${i}`, String(at)],
        ['HSET', `t${i}`, ...Array.from({ length: 20 }, (_, j) => String(j))],
        ['PEXPIREAT', `t${i}`, String(at)],
      ]),
    ])
  }

  async function expectTimes(port: number): Promise<void> {
    const client = await RawClient.connect(port)
    for (const [i, at] of TIMES.entries()) {
      for (const kind of ['s', 'i', 'h', 't']) {
        const seen = (await client.call('PEXPIRETIME', `${kind}${i}`)).text
        expect({ key: `${kind}${i}`, seen }).toEqual({ key: `${kind}${i}`, seen: String(at) })
      }
    }
    client.close()
  }

  test.each([
    ['stock Redis', 'our file', startRedisServer],
    ['redis-ts', "stock Redis' file", startRedisTs],
  ])('%s reads them in %s', async (_, __, start) => {
    const [writer, from] = start === startRedisServer ? [ours, server] : [stock, stockServer]
    await fill(writer)
    expect((await writer.call('SAVE')).text).toBe('OK')
    const dir = tempDir()
    copyFileSync(join(from.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
    const reader = await start(OPTIONS, { dir })
    await expectTimes(reader.port)
    await reader.stop()
  })

  test.each([
    ['a stock replica of redis-ts', startRedisTs, startRedisServer],
    ['a replica of stock Redis', startRedisServer, startRedisTs],
    ['a replica of redis-ts', startRedisTs, startRedisTs],
  ])('%s gets them with the file and with the stream', async (_, startMaster, startReplica) => {
    const master = await startMaster(OPTIONS)
    const client = await RawClient.connect(master.port)
    await fill(client)
    const replica = await startReplica([...OPTIONS, '--replicaof', `127.0.0.1 ${master.port}`])
    await linkUp(replica.port)
    await expectTimes(replica.port)
    await fill(client)
    await client.pipeline(
      TIMES.flatMap((at, i) => [
        ['GETEX', `s${i}`, 'EX', '1000'],
        ['GETEX', `s${i}`, 'PXAT', String(at)],
        ['EXPIRE', `i${i}`, '1000'],
        ['PEXPIREAT', `i${i}`, String(at), 'GT'],
      ]),
    )
    const span = String(2n ** 53n + 1n)
    await client.pipeline([
      ['SET', 'px', 'value', 'PX', span],
      ['PSETEX', 'psetex', span, 'value'],
      ['SET', 'pexpire', 'value'],
      ['PEXPIRE', 'pexpire', span],
      ['SET', 'getex', 'value'],
      ['GETEX', 'getex', 'PX', span],
    ])
    const dump = (await client.call('DUMP', 'px')).text ?? ''
    await client.call('RESTORE', 'restore', span, dump)
    await inStep(master.port, replica.port)
    await expectTimes(replica.port)
    const other = await RawClient.connect(replica.port)
    for (const key of ['px', 'psetex', 'pexpire', 'getex', 'restore']) {
      const [here, there] = [await client.call('PEXPIRETIME', key), await other.call('PEXPIRETIME', key)]
      expect({ key, time: there.text }).toEqual({ key, time: here.text })
      expect(BigInt(here.text ?? 0)).toBeGreaterThan(2n ** 53n)
    }
    client.close()
    other.close()
    await Promise.all([replica.stop(), master.stop()])
  })

  test('MIGRATE takes them along', async () => {
    await fill(ours)
    await stock.call('FLUSHALL')
    const keys = TIMES.map((_, i) => `s${i}`)
    const target = ['127.0.0.1', String(stockServer.port)]
    expect(await text('MIGRATE', ...target, '', '0', '10000', 'COPY', 'KEYS', ...keys)).toBe('OK')
    for (const [i, at] of TIMES.entries()) {
      const there = BigInt((await stock.call('PEXPIRETIME', `s${i}`)).text ?? 0)
      // What is sent is the time left, by the clock at that moment: it may add up to a later time, or to none at all at the end.
      if (at < INT64_MAX - 100_000n) {
        expect(there).toBeGreaterThanOrEqual(at)
        expect(there).toBeLessThan(at + 10_000n)
      }
    }
  })
})
