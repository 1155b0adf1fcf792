import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSameFromEmpty } from '../side-by-side.js'

const OPTIONS = ['--save', '']

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

describe('beside stock Redis', requireStock('redis-server'), () => {
  const key = fc.constantFrom('a', 'b', 'c', 'h', 'missing')
  // Around the sizes at which values change their form: integers, 44 bytes, slots of the store, 4 KiB.
  const value = fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '-1',
      '12',
      '9223372036854775807',
      '-9223372036854775808',
      '9223372036854775808',
      '007',
      '1e3',
    ),
    fc.tuple(fc.constantFrom('ab', 'xyz', '\0\xff\r\n'), fc.nat(60)).map(([unit, count]) => unit.repeat(count)),
    fc.integer({ min: 4080, max: 4110 }).map(length => 'v'.repeat(length)),
    fc.integer({ min: 4000, max: 20_000 }).map(length => 'w'.repeat(length)),
  )
  const index = fc.oneof(
    fc.integer({ min: -60, max: 60 }).map(String),
    fc.integer({ min: -5000, max: 5000 }).map(String),
    fc.constantFrom(
      '9223372036854775807',
      '-9223372036854775808',
      '-9223372036854775807',
      '9223372036854775808',
      'x',
      '',
    ),
  )
  const offset = fc.oneof(
    fc.nat(100).map(String),
    fc.integer({ min: 4000, max: 4200 }).map(String),
    fc.constantFrom('-1', '536870912', '9223372036854775807', '9223372036854775808', 'x'),
  )
  const number = fc.oneof(
    fc.integer({ min: -100, max: 100 }).map(String),
    fc.constantFrom('9223372036854775807', '-9223372036854775808', '9007199254740993', '1.5', 'x', '', '01'),
  )
  // Times that both servers see alike: far away, long past, refused.
  const time = fc.constantFrom('4000000000', '5000000000', '4000000000000', '1', '0', '-1', 'x', '9223372036854775808')
  const option = fc.oneof(
    fc.constantFrom('NX', 'xx', 'GET', 'KEEPTTL', 'PERSIST', 'EX', 'LEN').map(word => [word]),
    fc.tuple(fc.constantFrom('EXAT', 'pxat', 'PXAT'), time).map(([unit, at]): string[] => [unit, at]),
  )
  const options = fc.array(option, { maxLength: 3 }).map(list => list.flat())
  const lcsOptions = fc
    .array(fc.constantFrom(['LEN'], ['idx'], ['IDX'], ['WITHMATCHLEN'], ['MINMATCHLEN', '2'], ['MINMATCHLEN', 'x']), {
      maxLength: 3,
    })
    .map(list => list.flat())
  const shortString = fc.stringMatching(/^[ab]{0,20}$/)

  function request(name: string, ...rest: fc.Arbitrary<string | string[]>[]): fc.Arbitrary<string[]> {
    return fc.tuple(...rest).map(parts => [name, ...parts.flat()])
  }

  const command = fc.oneof(
    { weight: 4, arbitrary: request('SET', key, value, options) },
    { weight: 1, arbitrary: fc.constant(['HSET', 'h', 'f', 'v']) },
    { weight: 2, arbitrary: request('SET', key, shortString) },
    request('GET', key),
    request('SETNX', key, value),
    request('GETSET', key, value),
    request('GETDEL', key),
    { weight: 2, arbitrary: request('GETEX', key, options) },
    request('EXPIRETIME', key),
    request('MGET', fc.array(key, { maxLength: 4 })),
    request(
      'MSET',
      fc.array(fc.tuple(key, value), { maxLength: 3 }).map(pairs => pairs.flat()),
    ),
    request(
      'MSETNX',
      fc.array(fc.tuple(key, value), { maxLength: 3 }).map(pairs => pairs.flat()),
    ),
    { weight: 3, arbitrary: request('APPEND', key, value) },
    request('STRLEN', key),
    { weight: 3, arbitrary: request('SETRANGE', key, offset, value) },
    { weight: 3, arbitrary: request('GETRANGE', key, index, index) },
    request('SUBSTR', key, index, index),
    request('INCR', key),
    request('DECR', key),
    request('INCRBY', key, number),
    request('DECRBY', key, number),
    request('INCRBYFLOAT', key, number),
    { weight: 2, arbitrary: request('LCS', key, key, lcsOptions) },
    { weight: 2, arbitrary: request('OBJECT', fc.constant('ENCODING'), key) },
    request('DEL', key),
    request('GETEX'),
    request('GETDEL', key, key),
  )

  test.each(['2', '3'])('the same commands give the same replies in RESP%s', async protocol => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await Promise.all([ours.call('HELLO', protocol), stock.call('HELLO', protocol)])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 50 }), commands =>
        // What is left of everything in the end, too: most changes are answered by a length.
        expectSameFromEmpty(ours, stock, [...commands, ['MGET', 'a', 'b', 'c', 'missing'], ['PEXPIRETIME', 'a']]),
      ),
      { numRuns: 150 },
    )
    stock.close()
    await ours.call('HELLO', '2')
  })
})

describe('GETEX', () => {
  test('sets the expiry, or takes it away, and returns the value', async () => {
    await ours.call('SET', 'key', 'value')
    for (const [unit, most] of [
      ['EX', 100_000],
      ['PX', 100],
    ] as const) {
      expect(await text('GETEX', 'key', unit, '100')).toBe('value')
      const left = Number(await text('PTTL', 'key'))
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(most)
    }
    expect(await text('GETEX', 'key', 'PERSIST')).toBe('value')
    expect(await text('TTL', 'key')).toBe('-1')
  })

  test('deletes the key when the time has passed, and still returns the value', async () => {
    await ours.call('SET', 'key', 'value')
    expect(await text('GETEX', 'key', 'EXAT', '1')).toBe('value')
    expect(await text('EXISTS', 'key')).toBe('0')
  })

  test('wakes those who watch the key, but not without an option', async () => {
    const watching = async (...getex: string[]): Promise<string> => {
      await ours.pipeline([['SET', 'key', 'value'], ['WATCH', 'key'], getex, ['MULTI'], ['PING']])
      return (await ours.call('EXEC')).elements === null ? 'aborted' : 'executed'
    }
    expect(await watching('GETEX', 'key')).toBe('executed')
    expect(await watching('GETEX', 'key', 'PERSIST')).toBe('executed')
    expect(await watching('GETEX', 'key', 'EX', '100')).toBe('aborted')
    expect(await watching('GETDEL', 'key')).toBe('aborted')
  })
})

describe('proto-max-bulk-len', () => {
  beforeAll(async () => {
    await ours.call('CONFIG', 'SET', 'proto-max-bulk-len', '1048576')
  })
  afterAll(async () => {
    await ours.call('CONFIG', 'SET', 'proto-max-bulk-len', '512mb')
  })
  const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'

  test('limits SETRANGE and APPEND', async () => {
    expect(await text('SETRANGE', 'key', '1048575', 'xx')).toBe(TOO_LONG)
    expect(await text('SETRANGE', 'key', '1048574', 'xx')).toBe('1048576')
    expect(await text('APPEND', 'key', 'x')).toBe(TOO_LONG)
    expect(await text('STRLEN', 'key')).toBe('1048576')
  })

  test("limits LCS by the memory that Redis's table would take", async () => {
    await ours.pipeline([
      ['SET', 'a', 'x'.repeat(511)],
      ['SET', 'b', 'x'.repeat(511)],
      ['SET', 'c', 'x'.repeat(512)],
    ])
    expect(await text('LCS', 'a', 'b', 'LEN')).toBe('511')
    expect(await text('LCS', 'a', 'c', 'LEN')).toBe(
      'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
    )
  })
})

test('a large part of a large value is returned, and not what is written to it next', async () => {
  const value = 'abcdefgh'.repeat(500_000)
  const [, , part, , rest] = await ours.pipeline([
    ['SET', 'key', value],
    ['SETRANGE', 'key', '2', 'CD'],
    ['GETRANGE', 'key', '1', '2000000'],
    ['SETRANGE', 'key', '2', '__'],
    ['GETRANGE', 'key', '0', '7'],
  ])
  const changed = `abCD${value.slice(4)}`
  expect(part.text === changed.slice(1, 2_000_001)).toBe(true)
  expect(rest.text).toBe('ab__efgh')
})
