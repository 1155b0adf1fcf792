import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { cat, length, str } from '../../persistence/rdb/bytes.js'
import { hashListpack, ziplist, zipmap } from '../../persistence/rdb/old-forms.js'
import { payload, typeAndValue } from '../../persistence/rdb/payload.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-entries', '8']

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

async function dump(client: RawClient, key: string): Promise<string> {
  return (await client.call('DUMP', key)).text ?? ''
}

describe('RESTORE', () => {
  test('gives back what DUMP took, under another name and in every encoding', async () => {
    const hash = (fields: number): string[] => Array.from({ length: fields }, (_, i) => [`f${i}`, `${i * 7}`]).flat()
    await ours.pipeline([
      ['SET', 'int', '12345'],
      ['SET', 'int64', '-9223372036854775808'],
      ['SET', 'text', 'text'],
      ['SET', 'long', 'x'.repeat(100_000)],
      ['APPEND', 'raw', '12'],
      ['HSET', 'small', ...hash(8)],
      ['HSET', 'large', ...hash(5000)],
      ['HSET', 'wide', 'f', 'v'.repeat(10_000)],
    ])
    for (const key of ['int', 'int64', 'text', 'long', 'raw', 'small', 'large', 'wide']) {
      expect(await text('RESTORE', 'copy', '0', await dump(ours, key)), key).toBe('OK')
      expect(await text('DEBUG', 'DIGEST-VALUE', 'copy')).toEqual(await text('DEBUG', 'DIGEST-VALUE', key))
      // A string that looks like an integer is one in a payload.
      const encoding = key === 'raw' ? 'int' : await text('OBJECT', 'ENCODING', key)
      expect(await text('OBJECT', 'ENCODING', 'copy'), key).toBe(encoding)
      await ours.call('DEL', 'copy')
    }
  })

  test('sets expiry, idle time and frequency', async () => {
    await ours.call('SET', 'key', 'value')
    const bytes = await dump(ours, 'key')
    await ours.call('RESTORE', 'a', '4000000000000', bytes, 'ABSTTL')
    expect(await text('PEXPIRETIME', 'a')).toBe('4000000000000')
    await ours.call('RESTORE', 'b', '2569591501', bytes, 'IDLETIME', '1000')
    expect(Number(await text('PTTL', 'b'))).toBeGreaterThan(2569591501 - 3000)
    expect(Number(await text('OBJECT', 'IDLETIME', 'b'))).toBeGreaterThanOrEqual(1000)
    await ours.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    await ours.call('RESTORE', 'c', '0', bytes, 'FREQ', '100')
    expect(await text('OBJECT', 'FREQ', 'c')).toBe('100')
    await ours.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  })

  test('leaves the key as it is when the payload is bad, REPLACE or not', async () => {
    await ours.call('SET', 'key', 'old')
    const short = payload(4, cat(length(3), str('f'), str('v'), str('g')))
    for (const options of [[], ['REPLACE']]) {
      expect(await text('RESTORE', 'other', '0', short, ...options)).toBe('ERR Bad data format')
      expect(await text('RESTORE', 'key', '0', short, 'REPLACE', ...options)).toBe('ERR Bad data format')
    }
    expect(await text('GET', 'key')).toBe('old')
    expect(await text('EXISTS', 'other')).toBe('0')
    expect(await text('DBSIZE')).toBe('1')
  })

  test.each<[string, string]>([
    ['a listpack', payload(16, str(hashListpack(['a', '1', 'b', 'text'])))],
    ['fields and values', payload(4, cat(length(2), str('a'), str('1'), str('b'), str('text')))],
    ['a ziplist', payload(13, str(ziplist(['a', '1', 'b', 'text'])), 6)],
    ['a zipmap', payload(9, str(zipmap(['a', '1', 'b', 'text'])), 2)],
  ])('reads a hash that is %s', async (_what, bytes) => {
    expect(await text('RESTORE', 'key', '0', bytes)).toBe('OK')
    expect(texts(await ours.call('HGETALL', 'key'))).toEqual(['a', '1', 'b', 'text'])
    expect(await text('OBJECT', 'ENCODING', 'key')).toBe('listpack')
  })

  test('of a small hash with more fields than a listpack may hold makes a table', async () => {
    const elements = Array.from({ length: 9 }, (_, i) => [`f${i}`, 'v']).flat()
    for (const bytes of [payload(16, str(hashListpack(elements))), payload(13, str(ziplist(elements)))]) {
      expect(await text('RESTORE', 'key', '0', bytes, 'REPLACE')).toBe('OK')
      expect(await text('OBJECT', 'ENCODING', 'key')).toBe('hashtable')
      expect(await text('HLEN', 'key')).toBe('9')
    }
  })

  test.each([
    ['a stream', payload(15, cat(length(1), str('x')))],
    ['a list without elements', payload(1, length(0))],
    ['a type that is none', payload(99, str('x'))],
    ['nothing', payload(0, Buffer.alloc(0))],
    ['a hash without fields', payload(4, length(0))],
    ['a listpack without fields', payload(16, str(hashListpack([])))],
    ['a listpack with a field without a value', payload(16, str(hashListpack(['a', '1', 'b'])))],
    ['a listpack with a field twice', payload(16, str(hashListpack(['a', '1', 'a', '2'])))],
    ['a field twice', payload(4, cat(length(2), str('a'), str('1'), str('a'), str('2')))],
    ['a string longer than memory', payload(0, cat(0x81, Buffer.alloc(8, 0x11)))],
    ['more fields than bytes', payload(4, cat(0x81, Buffer.alloc(8, 0x11)))],
    ['LZF that is none', payload(0, cat(0xc3, length(3), length(200), 'abc'))],
    ['data of a module', payload(7, Buffer.alloc(20, 1))],
  ])('refuses %s', async (_what, bytes) => {
    expect(await text('RESTORE', 'key', '0', bytes)).toBe('ERR Bad data format')
    expect(await text('DBSIZE')).toBe('0')
  })

  test('refuses a payload of a version to come, or with a wrong checksum', async () => {
    const wrong = 'ERR DUMP payload version or checksum are wrong'
    const sound = payload(0, str('x'))
    expect(await text('RESTORE', 'key', '0', payload(0, str('x'), 13))).toBe(wrong)
    expect(await text('RESTORE', 'key', '0', sound.slice(0, -1))).toBe(wrong)
    expect(await text('RESTORE', 'key', '0', sound.slice(-9))).toBe(wrong)
    expect(await text('RESTORE', 'key', '0', '')).toBe(wrong)
    const changed = `${sound.slice(0, 2)}y${sound.slice(3)}`
    expect(await text('RESTORE', 'key', '0', changed)).toBe(wrong)
    await ours.call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '1')
    expect(await text('RESTORE', 'key', '0', changed)).toBe('OK')
    await ours.call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '0')
    expect(await text('GET', 'key')).toBe('y')
  })

  test('counts what sanitize-dump-payload asks to be checked', async () => {
    const checks = async (): Promise<string | undefined> =>
      /dump_payload_sanitizations:(\d+)/.exec((await text('INFO', 'stats')) ?? '')?.[1]
    const packed = payload(16, str(hashListpack(['a', '1'])))
    await ours.call('RESTORE', 'key', '0', packed, 'REPLACE')
    expect(await checks()).toBe('0')
    await ours.call('CONFIG', 'SET', 'sanitize-dump-payload', 'clients')
    await ours.call('RESTORE', 'key', '0', packed, 'REPLACE')
    await ours.call('RESTORE', 'key', '0', payload(0, str('x')), 'REPLACE')
    expect(await checks()).toBe('1')
    await ours.call('CONFIG', 'SET', 'sanitize-dump-payload', 'no')
  })
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RawClient

  beforeAll(async () => {
    stock = await RawClient.connect((await startRedisServer([...OPTIONS, '--sanitize-dump-payload', 'yes'])).port)
    return () => stock.close()
  })
  beforeEach(async () => {
    await stock.call('FLUSHALL')
  })

  const integer = fc.oneof(
    fc.integer({ min: -200, max: 200 }).map(String),
    fc.integer({ min: -40_000, max: 40_000 }).map(String),
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom('-0', '007', '+1', ' 1', '2147483647', '2147483648', '-2147483648', '-2147483649'),
  )
  const bytes = (maxLength: number): fc.Arbitrary<string> =>
    fc.uint8Array({ maxLength }).map(each => Buffer.from(each).toString('latin1'))
  const repetitive = fc
    .array(fc.tuple(bytes(30), fc.nat(40)), { maxLength: 12 })
    .map(parts => parts.map(([part, count]) => part.repeat(count)).join(''))
  const value = fc.oneof(integer, bytes(100), repetitive)

  test('DUMP of a string has the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 20 }), async values => {
        const commands = values.flatMap(([set, appended]) => [
          ['SET', 'key', set],
          ['DUMP', 'key'],
          ['APPEND', 'key', appended],
          ['DUMP', 'key'],
        ])
        const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
        expect(mine).toEqual(theirs)
      }),
      { numRuns: 100 },
    )
  })

  test('DUMP of long texts has the same bytes', async () => {
    const samples = [
      'x'.repeat(300_000),
      Array.from({ length: 9000 }, (_, i) => `user:${i * 7919}`).join(),
      JSON.stringify(Array.from({ length: 5000 }, (_, id) => ({ id, name: `name ${id % 97}`, tags: ['a', 'b'] }))),
      Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i * 31) >> 5)).toString('latin1'),
    ]
    for (const sample of samples) {
      for (const client of [ours, stock]) await client.call('SET', 'key', sample)
      expect(await dump(ours, 'key')).toBe(await dump(stock, 'key'))
    }
  })

  test('without rdbcompression as well', async () => {
    for (const client of [ours, stock]) {
      await client.call('CONFIG', 'SET', 'rdbcompression', 'no')
      await client.call('SET', 'key', 'x'.repeat(1000))
    }
    const mine = await dump(ours, 'key')
    expect(mine).toBe(await dump(stock, 'key'))
    expect(mine.length).toBeGreaterThan(1000)
    for (const client of [ours, stock]) await client.call('CONFIG', 'SET', 'rdbcompression', 'yes')
  })

  test('DUMP of a small hash has the same bytes', async () => {
    const change = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.nat(9), value).map(([n, v]): string[] => ['HSET', 'h', `f${n}`, v]) },
      { weight: 1, arbitrary: fc.nat(9).map((n): string[] => ['HDEL', 'h', `f${n}`]) },
      { weight: 1, arbitrary: integer.map((v): string[] => ['HSET', 'h', v, v]) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async changes => {
        const commands = [['DEL', 'h'], ...changes, ['OBJECT', 'ENCODING', 'h'], ['DUMP', 'h']]
        const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
        expect(mine.at(-2)).toEqual(theirs.at(-2))
        // The order of a table's fields is each server's own.
        if (mine.at(-2)?.text === 'listpack') expect(mine).toEqual(theirs)
      }),
      { numRuns: 200 },
    )
  })

  test('each restores what the other dumps', async () => {
    const large = Array.from({ length: 3000 }, (_, i) => [`field ${i}`, `value ${i}`.repeat(i % 50)]).flat()
    for (const [from, to] of [
      [ours, stock],
      [stock, ours],
    ]) {
      await from.pipeline([
        ['SET', 'text', 'some text '.repeat(100)],
        ['SET', 'int', '-2147483649'],
        ['HSET', 'small', 'a', '1', 'b', '2'],
        ['HSET', 'large', ...large],
      ])
      for (const key of ['text', 'int', 'small', 'large']) {
        expect((await to.call('RESTORE', key, '0', await dump(from, key), 'REPLACE')).text).toBe('OK')
        const digests = await Promise.all([from, to].map(client => client.call('DEBUG', 'DIGEST-VALUE', key)))
        expect(digests[0]).toEqual(digests[1])
      }
    }
  })

  test('RESTORE replies the same to the same arguments', async () => {
    const sound = payload(0, str('x'))
    const words = fc.constantFrom('REPLACE', 'absttl', 'IDLETIME', 'freq', '0', '7', '-1', '255', '256', 'x', '')
    const command = fc
      .tuple(
        fc.constantFrom('a', 'b'),
        fc.constantFrom('0', '0', '4000000000000', '100000', '-1', 'x', '9223372036854775807', '9223372036854775808'),
        fc.constantFrom(sound, sound, 'bad', payload(4, length(0))),
        fc.array(words, { maxLength: 4 }),
      )
      .map(([key, ttl, bytes, options]) => ['RESTORE', key, ttl, bytes, ...options])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 10 }), async commands => {
        await expectSame(ours, stock, [
          ['FLUSHALL'],
          // Times that overflow 64 bits when "now" is added are undefined in C.
          ...commands.filter(([, , ttl, , ...options]) => !ttl.startsWith('9') || options.includes('absttl')),
          ['EXISTS', 'a'],
          ['EXISTS', 'b'],
        ])
      }),
      { numRuns: 150 },
    )
  })

  /** Types of strings and hashes; what else Redis knows is refused here for now. */
  const KNOWN = [0, 4, 9, 13, 16]
  const LZF = 0xc3

  test('the same hashes stay listpacks, however long their fields and values are', async () => {
    for (const size of [1, 64, 65, 300, 5000, 50_000]) {
      for (const fields of [3, 8, 9]) {
        const values = Array.from({ length: fields }, (_, i) => [`f${i}`, 'v'.repeat(size)]).flat()
        const names = Array.from({ length: fields }, (_, i) => [`${i}`.padEnd(size, 'n'), `${i}`]).flat()
        const seen: string[][] = []
        for (const elements of [values, names]) {
          const payloads = [
            payload(4, cat(length(fields), ...elements.map(element => str(element)))),
            payload(9, str(zipmap(elements, 1))),
            payload(13, str(ziplist(elements))),
            payload(16, str(hashListpack(elements))),
          ]
          for (const client of [ours, stock]) {
            const commands = payloads.flatMap(bytes => [
              ['RESTORE', 'key', '0', bytes, 'REPLACE'],
              ['OBJECT', 'ENCODING', 'key'],
              ['DEBUG', 'DIGEST-VALUE', 'key'],
            ])
            const replies = await client.pipeline(commands)
            seen.push([`${size} ${fields}`, ...replies.map(({ text }) => text ?? '')])
          }
        }
        expect([seen[0], seen[2]]).toEqual([seen[1], seen[3]])
      }
    }
  })

  test(
    'truncated or changed payloads get the same verdict, and what passes is sound',
    { timeout: 60_000 },
    async () => {
      const elements = ['a', '1', 'field', '-70000', 'text', 'x'.repeat(70), '12345678901', 'y']
      const samples: [type: number, value: Buffer][] = [
        [0, str('plain text')],
        [0, cat(0xc0, 5)],
        [0, cat(0xc2, Buffer.alloc(4, 7))],
        [0, Buffer.from(typeAndValue(await dumpOf('SET', 'key', 'ab'.repeat(40))), 'latin1').subarray(1)],
        [4, cat(length(4), ...elements.map(element => str(element)))],
        [9, str(zipmap(elements, 2))],
        [13, str(ziplist(elements))],
        [16, str(hashListpack(elements))],
        [16, Buffer.from(typeAndValue(await dumpOf('HSET', 'key', ...elements)), 'latin1').subarray(1)],
      ]
      const damaged = fc
        .tuple(fc.constantFrom(...samples), fc.nat(), fc.option(fc.nat(7)), fc.nat(), fc.option(fc.nat(255)))
        .map(([[type, value], at, bit, other, byte]) => {
          const bytes = cat(type, value)
          if (bit === null) return bytes.subarray(0, at % bytes.length)
          bytes[at % bytes.length] ^= 1 << bit
          if (byte !== null) bytes[other % bytes.length] = byte
          return bytes
        })
        .filter(bytes => bytes.length > 0 && KNOWN.includes(bytes[0]))
      const uses = ['TYPE', 'OBJECT ENCODING', 'STRLEN', 'HLEN', 'HGETALL', 'DUMP'].map(use => [
        ...use.split(' '),
        'key',
      ])
      await fc.assert(
        fc.asyncProperty(fc.array(damaged, { minLength: 1, maxLength: 50 }), async list => {
          const commands = list.flatMap(bytes => [
            ['RESTORE', 'key', '0', payload(bytes[0], bytes.subarray(1)), 'REPLACE'],
            ...uses,
            ['HSET', 'key', 'new', 'value'],
            ['HDEL', 'key', 'new', 'a'],
            ['HLEN', 'key'],
            ['DEL', 'key'],
          ])
          const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
          const each = commands.length / list.length
          for (const [i, bytes] of list.entries()) {
            const [verdict, redis] = [mine[i * each].text, theirs[i * each].text]
            // LZF that gives less than announced: Redis takes what happens to be in memory for the rest.
            const unsound = bytes[1] === LZF && verdict === 'ERR Bad data format'
            if (!unsound) expect(`${bytes.toString('hex')}: ${verdict}`).toBe(`${bytes.toString('hex')}: ${redis}`)
          }
          expect(await text('PING')).toBe('PONG')
        }),
        { numRuns: 100 },
      )
    },
  )

  async function dumpOf(...command: string[]): Promise<string> {
    await stock.call('DEL', command[1])
    await stock.call(...command)
    return dump(stock, command[1])
  }
})
