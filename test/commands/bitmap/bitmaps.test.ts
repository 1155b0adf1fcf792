import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSameFromEmpty } from '../side-by-side.js'

const OPTIONS = ['--save', '']

let port: number
let ours: RawClient

beforeAll(async () => {
  port = (await startRedisTs(OPTIONS)).port
  ours = await RawClient.connect(port)
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
  const value = fc.oneof(
    fc.constantFrom('', '0', '-1', '123', '\xff', '\0', '\xff\xff\xff', '\0\0\0\x01'),
    fc.tuple(fc.constantFrom('\xff', '\0', 'a', '\xf0\x0f'), fc.nat(200)).map(([unit, count]) => unit.repeat(count)),
    fc.tuple(fc.constantFrom('\xff', '\0'), fc.integer({ min: 4090, max: 9000 })).map(([u, count]) => u.repeat(count)),
  )
  const bit = fc.constantFrom('0', '1', '0', '1', '2', '-1', 'x')
  const offset = fc.oneof(
    fc.nat(300).map(String),
    fc.integer({ min: 32_700, max: 33_000 }).map(String),
    fc.constantFrom('-1', '4294967296', '9223372036854775807', '9223372036854775808', 'x', '#1', ''),
  )
  const index = fc.oneof(
    fc.integer({ min: -60, max: 60 }).map(String),
    fc.integer({ min: -33_000, max: 33_000 }).map(String),
    fc.constantFrom('9223372036854775807', '-9223372036854775808', '-9223372036854775807', '9223372036854775808', 'x'),
  )
  const unit = fc.constantFrom(['BYTE'], ['bit'], ['BIT'], ['x'], [])
  const range = fc.oneof(
    fc.constant<string[]>([]),
    fc.tuple(index, index, unit).map(([start, end, unit]): string[] => [start, end, ...unit]),
    index.map((start): string[] => [start]),
  )
  const type = fc.oneof(
    fc.tuple(fc.constantFrom('u', 'i'), fc.integer({ min: 0, max: 65 })).map(([sign, bits]) => `${sign}${bits}`),
    fc.constantFrom('u8', 'i8', 'u63', 'i64', 'i63', 'U8', '', 'x', 'i', 'u-1', 'u08'),
  )
  const fieldOffset = fc.oneof(
    fc.nat(200).map(String),
    fc.nat(30).map(n => `#${n}`),
    fc.integer({ min: 32_700, max: 33_000 }).map(String),
    fc.constantFrom('-1', '#', '#-1', '4294967296', '#4294967296', '#2305843009213693952', '#9223372036854775807', 'x'),
  )
  const operand = fc.oneof(
    fc.integer({ min: -300, max: 300 }).map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775808', '4294967296', 'x'),
  )
  const get = fc.tuple(type, fieldOffset).map(([type, offset]): string[] => ['GET', type, offset])
  const write = fc
    .tuple(fc.constantFrom('SET', 'incrby'), type, fieldOffset, operand)
    .map(([name, type, offset, operand]): string[] => [name, type, offset, operand])
  const overflow = fc.constantFrom('WRAP', 'sat', 'SAT', 'fail', 'FAIL', 'x').map((how): string[] => ['OVERFLOW', how])
  const fieldOperations = (...kinds: fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> =>
    fc.array(fc.oneof(...kinds), { maxLength: 4 }).map(list => list.flat())
  // Most operations make sense, so that not every request ends in an error.
  const goodType = fc.constantFrom('u1', 'u4', 'u8', 'i8', 'i5', 'u31', 'i32', 'u33', 'i53', 'u63', 'i63', 'i64')
  const goodWrite = fc
    .tuple(fc.constantFrom('SET', 'INCRBY'), goodType, fc.oneof(fc.nat(150).map(String), fc.constant('#2')), operand)
    .map(([name, type, offset, operand]): string[] => [name, type, offset, operand])
  const goodGet = fc.tuple(goodType, fc.nat(200)).map(([type, offset]): string[] => ['GET', type, String(offset)])
  const goodOverflow = fc.constantFrom('WRAP', 'SAT', 'FAIL').map((how): string[] => ['OVERFLOW', how])

  function request(name: string, ...rest: fc.Arbitrary<string | string[]>[]): fc.Arbitrary<string[]> {
    return fc.tuple(...rest).map(parts => [name, ...parts.flat()])
  }

  const command = fc.oneof(
    { weight: 4, arbitrary: request('SET', key, value) },
    { weight: 1, arbitrary: fc.constant(['HSET', 'h', 'f', 'v']) },
    { weight: 4, arbitrary: request('SETBIT', key, offset, bit) },
    { weight: 2, arbitrary: request('GETBIT', key, offset) },
    { weight: 3, arbitrary: request('BITCOUNT', key, range) },
    { weight: 4, arbitrary: request('BITPOS', key, bit, range) },
    {
      weight: 4,
      arbitrary: request(
        'BITOP',
        fc.constantFrom('AND', 'or', 'XOR', 'NOT', 'x'),
        key,
        fc.array(key, { maxLength: 4 }),
      ),
    },
    { weight: 2, arbitrary: request('BITFIELD', key, fieldOperations(get, write, overflow)) },
    { weight: 5, arbitrary: request('BITFIELD', key, fieldOperations(goodGet, goodWrite, goodWrite, goodOverflow)) },
    { weight: 2, arbitrary: request('BITFIELD_RO', key, fieldOperations(goodGet)) },
    request('BITFIELD_RO', key, fieldOperations(get, write, goodOverflow)),
    request('BITFIELD', key, fc.array(fc.constantFrom('GET', 'SET', 'u8', '0', 'OVERFLOW'), { maxLength: 5 })),
    request('OBJECT', fc.constant('ENCODING'), key),
    request('STRLEN', key),
    request('DEL', key),
  )

  test.each(['2', '3'])('the same commands give the same replies in RESP%s', async protocol => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await Promise.all([ours.call('HELLO', protocol), stock.call('HELLO', protocol)])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 50 }), commands =>
        expectSameFromEmpty(ours, stock, [...commands, ['MGET', 'a', 'b', 'c', 'missing']]),
      ),
      { numRuns: 150 },
    )
    stock.close()
    await ours.call('HELLO', '2')
  })
})

describe('BITOP', () => {
  test('deletes the destination when there is nothing to combine', async () => {
    await ours.call('SET', 'destination', 'x')
    expect(await text('BITOP', 'OR', 'destination', 'missing', 'missing too')).toBe('0')
    expect(await text('EXISTS', 'destination')).toBe('0')
  })

  test('takes the expiry off the destination', async () => {
    await ours.pipeline([
      ['SET', 'a', 'x'.repeat(5000)],
      ['SET', 'destination', 'y'.repeat(5000), 'EX', '1000'],
    ])
    expect(await text('BITOP', 'NOT', 'destination', 'a')).toBe('5000')
    expect(await text('TTL', 'destination')).toBe('-1')
  })

  test.each([
    ['DIFF', 'x y z', '\x80'],
    ['DIFF1', 'x y z', '\x06'],
    ['ANDOR', 'x y z', '\x70'],
    ['ONE', 'x y z', '\x86'],
    ['diff', 'x missing', '\xf0'],
    ['Diff1', 'x missing', '\0'],
    ['andor', 'x missing', '\0'],
    ['one', 'x', '\xf0'],
    ['one', 'x x', '\0'],
    ['DIFF', 'short longer', '\xf0\0'],
    ['DIFF1', 'short longer', '\0a'],
    ['ANDOR', 'longer short', '\0\0'],
    ['ONE', 'short longer x', '\0a'],
  ])('%s of %s, as Redis 8.2 has it', async (operation, sources, expected) => {
    await ours.pipeline([
      ['MSET', 'x', '\xf0', 'y', '\x54', 'z', '\x22', 'short', '\xf0', 'longer', '\0a'],
      ['SET', 'destination', 'x'.repeat(5000), 'EX', '1000'],
    ])
    expect(await text('BITOP', operation, 'destination', ...sources.split(' '))).toBe(String(expected.length))
    expect([await text('GET', 'destination'), await text('TTL', 'destination')]).toEqual([expected, '-1'])
  })

  test('refuses what has too few sources, or is no operation', async () => {
    const refused = (operation: string) => `ERR BITOP ${operation} must be called with at least two source keys.`
    expect(await text('BITOP', 'diff', 'destination', 'x')).toBe(refused('DIFF'))
    expect(await text('BITOP', 'DIFF1', 'destination', 'x')).toBe(refused('DIFF1'))
    expect(await text('BITOP', 'AndOr', 'destination', 'x')).toBe(refused('ANDOR'))
    expect(await text('BITOP', 'ONE', 'destination', 'x')).toBe('0')
    expect(await text('BITOP', 'DIFF2', 'destination', 'x', 'y')).toBe('ERR syntax error')
    await ours.call('HSET', 'hash', 'f', 'v')
    expect(await text('BITOP', 'DIFF', 'destination', 'x', 'hash')).toMatch(/^WRONGTYPE/)
  })

  test('again into the same destination, large and its own source or not', async () => {
    await ours.pipeline([
      ['SET', 'a', 'a'.repeat(200_001)],
      ['SET', 'b', 'c'.repeat(100_000)],
    ])
    const results: (string | null)[] = []
    for (const sources of [
      ['a', 'b'],
      ['b', 'a'],
      ['destination', 'a'],
    ]) {
      await ours.call('BITOP', 'XOR', 'destination', ...sources)
      results.push(await text('GET', 'destination'))
    }
    const mixed = '\x02'.repeat(100_000) + 'a'.repeat(100_001)
    const undone = 'c'.repeat(100_000) + '\0'.repeat(100_001)
    expect(results.map(result => [mixed, undone].indexOf(result ?? ''))).toEqual([0, 0, 1])
  })
})

test('replies that wait for a slow client keep the bits they were written with', async () => {
  const LENGTH = 8_000_000
  await ours.pipeline([
    ['SETBIT', 'key', String(LENGTH * 8 - 1), '0'],
    ['SETRANGE', 'key', '0', 'first'],
  ])
  const slow = connect(port, '127.0.0.1')
  await once(slow, 'connect')
  slow.pause()
  slow.write('GET key\r\nGET key\r\n')
  // By then the server has served the slow client, too, and the kernel has taken what it can.
  const waiting = async (): Promise<boolean> => /qbuf=0 .* oll=[1-9]/.test((await text('CLIENT', 'LIST')) ?? '')
  while (!(await waiting())) await ours.call('PING')
  await ours.pipeline([
    ['SETRANGE', 'key', '0', 'later'],
    ['SETBIT', 'key', String(LENGTH * 8 - 1), '1'],
    ['BITFIELD', 'key', 'SET', 'u8', '#4000000', '255'],
  ])
  const reply = `$${LENGTH}\r\nfirst${'\0'.repeat(LENGTH - 5)}\r\n`
  const expected = Buffer.from(reply + reply, 'latin1')
  const received: Buffer[] = []
  let length = 0
  for await (const data of slow) {
    received.push(data)
    length += data.length
    if (length >= expected.length) break
  }
  expect(Buffer.concat(received).equals(expected)).toBe(true)
  expect(await text('BITCOUNT', 'key', '5', '-1')).toBe('9')
})

describe('a BITFIELD whose operations all fail', () => {
  test('makes room for them all the same, and changes nothing', async () => {
    await ours.pipeline([
      ['WATCH', 'key'],
      ['BITFIELD', 'key', 'OVERFLOW', 'FAIL', 'SET', 'u8', '#2', '256'],
      ['MULTI'],
    ])
    await ours.call('STRLEN', 'key')
    expect(texts(await ours.call('EXEC'))).toEqual(['3'])
  })
})

describe('the count of changes', () => {
  const changes = async (): Promise<number> =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec((await text('INFO', 'persistence')) ?? '')?.[1])

  test.each([
    [['SETBIT', 'key', '0', '1'], 1],
    [['SETBIT', 'key', '1', '1'], 0],
    [['SETBIT', 'key', '100', '0'], 1],
    [
      ['BITFIELD', 'key', 'SET', 'u8', '0', '97', 'SET', 'u8', '8', '99', 'GET', 'u8', '0', 'INCRBY', 'u8', '0', '1'],
      2,
    ],
    [['BITFIELD', 'key', 'SET', 'u8', '#50', '0', 'SET', 'u8', '#51', '0'], 2],
  ])('%j adds %i', async (command, expected) => {
    await ours.call('SET', 'key', 'abc')
    const before = await changes()
    await ours.call(...command)
    expect((await changes()) - before).toBe(expected)
  })
})

describe('proto-max-bulk-len', () => {
  test('limits offsets of bits and fields', async () => {
    await ours.call('CONFIG', 'SET', 'proto-max-bulk-len', '1mb')
    const refused = 'ERR bit offset is not an integer or out of range'
    const last = 1024 * 1024 * 8 - 1
    expect(await text('SETBIT', 'key', String(last + 1), '1')).toBe(refused)
    expect(await text('GETBIT', 'key', String(last + 1))).toBe(refused)
    expect(await text('BITFIELD', 'key', 'SET', 'u8', '#1048576', '1')).toBe(refused)
    expect(await text('SETBIT', 'key', String(last), '1')).toBe('0')
    // Only where a field begins is limited.
    expect(texts(await ours.call('BITFIELD', 'key', 'SET', 'u63', String(last), '1'))).toEqual(['4611686018427387904'])
    expect(await text('STRLEN', 'key')).toBe('1048584')
    await ours.call('CONFIG', 'SET', 'proto-max-bulk-len', '512mb')
  })
})
