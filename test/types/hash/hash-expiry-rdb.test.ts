/** Fields that expire in files and payloads: types 24 and 25, put together as Redis 7.4's rdb.c writes them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { shown } from '../../commands/play.js'
import { RawClient } from '../../commands/raw-client.js'
import { words } from '../../commands/side-by-side.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { cat, length, length64, lzf, str } from '../../persistence/rdb/bytes.js'
import { hashListpack } from '../../persistence/rdb/old-forms.js'
import { payload } from '../../persistence/rdb/payload.js'

const TYPE_HASH_LISTPACK = 16
const TYPE_METADATA = 24
const TYPE_LISTPACK_EX = 25
const VERSION = 12
const FAR = 4_000_000_000_000
/** What Redis says where no field expires. */
const NEVER = 2n ** 48n - 1n
const BAD = '-ERR Bad data format'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-entries', '4'])
  client = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await client.call('FLUSHALL')
})
afterAll(async () => {
  client.close()
  await server.stop()
})

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

type Triple = readonly [field: string, value: string, expiryMs: number]

/** Type 24: fields with how long after the first one they expire, and one more. */
function metadata(...triples: Triple[]): Buffer {
  const first = Math.min(...triples.map(([, , ms]) => ms || Number(NEVER)))
  const ttl = (ms: number): Buffer => {
    const after = ms === 0 ? 0 : ms - first + 1
    return after > 2 ** 32 - 1 ? length64(BigInt(after)) : length(after)
  }
  return cat(u64(first), length(triples.length), ...triples.flatMap(([f, v, ms]) => [ttl(ms), str(f), str(v)]))
}

/** Type 25: a listpack of fields, values and times. */
function listpackEx(...triples: Triple[]): Buffer {
  const first = Math.min(...triples.map(([, , ms]) => ms || Number(NEVER)))
  return cat(u64(first), str(hashListpack(triples.flatMap(([f, v, ms]) => [f, v, String(ms)]))))
}

async function restore(type: number, value: Buffer, key = 'h', version = VERSION): Promise<string> {
  return shown(await client.call('RESTORE', key, '0', payload(type, value, version), 'REPLACE'))
}

const FEW: Triple[] = [
  ['a', '1', FAR],
  ['b', 'two', FAR + 86_400_000_000],
  ['7', '-1', 0],
]
const MANY: Triple[] = Array.from({ length: 40 }, (_, i) => [`f${i}`, `v${i}`, i % 3 === 0 ? 0 : FAR + i * 1_000_003])

describe.each([
  ['24', TYPE_METADATA, metadata],
  ['25', TYPE_LISTPACK_EX, listpackEx],
] as const)('type %s', (_, type, write) => {
  test.each([
    ['few', FEW, 'listpackex'],
    ['many', MANY, 'hashtable'],
  ] as const)('%s fields', async (_size, triples, encoding) => {
    expect(await restore(type, write(...triples))).toBe('+OK')
    const names = triples.map(([name]) => name).join(' ')
    expect(
      await replies('object encoding h', `hmget h ${names}`, `hpexpiretime h fields ${triples.length} ${names}`),
    ).toEqual([
      encoding,
      `*[${triples.map(([, v]) => v).join(' ')}]`,
      `*[${triples.map(([, , ms]) => `:${ms || -1}`).join(' ')}]`,
    ])
  })

  test('fields go when their time has come, were it long ago', async () => {
    const soon = Date.now() + 30
    expect(await restore(type, write(['a', '1', soon], ['b', '2', 1], ['c', '3', 0]))).toBe('+OK')
    while ((await replies('hlen h'))[0] !== ':1');
    expect(await restore(type, write(['a', '1', 1], ['b', '2', 1]))).toBe('+OK')
    while ((await replies('exists h'))[0] !== ':0');
  })

  test('none of the fields expires', async () => {
    expect(await restore(type, write(['a', '1', 0], ['b', '2', 0]))).toBe('+OK')
    expect(await replies('hgetall h', 'httl h fields 2 a b', 'hpexpire h 0 fields 1 a')).toEqual([
      expect.stringMatching(/a 1/),
      '*[:-1 :-1]',
      '*[:2]',
    ])
  })

  test('no fields: no key', async () => {
    const empty = type === TYPE_METADATA ? cat(u64(NEVER), length(0)) : cat(u64(NEVER), str(hashListpack([])))
    expect(await restore(type, empty)).toBe(BAD)
  })

  test('a field that is there twice', async () => {
    expect(await restore(type, write(['a', '1', FAR], ['a', '2', 0]))).toBe(BAD)
    expect(await restore(type, write(...MANY, MANY[3]))).toBe(BAD)
    expect(await replies('exists h', 'ping')).toEqual([':0', '+PONG'])
  })

  test('cut short anywhere', async () => {
    const whole = write(...FEW)
    // What stands behind the value, a version and a checksum, would be read as its end, in Redis too.
    for (let end = 0; end < whole.length - 10; end++) {
      expect([end, await restore(type, whole.subarray(0, end))]).toEqual([end, BAD])
    }
    expect(await replies('exists h', 'ping')).toEqual([':0', '+PONG'])
  })

  test('any byte changed does no harm', async () => {
    const whole = write(...FEW)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        await restore(type, damaged)
        expect(await replies('hgetall h', 'dump h', 'hpexpiretime h fields 1 a', 'ping')).toContain('+PONG')
      }),
      { numRuns: 500 },
    )
  })
})

test.each([
  ['a time beyond 48 bits', cat(u64(2n ** 48n - 1n), length(1), length(1), str('a'), str('1'))],
  ['a first time beyond 48 bits', cat(u64(2n ** 48n), length(1), length(0), str('a'), str('1'))],
  ['a first time of 64 bits', cat(u64(2n ** 64n - 1n), length(1), length(1), str('a'), str('1'))],
  ['a distance of 64 bits', cat(u64(FAR), length(1), length64(2n ** 64n - 1n), str('a'), str('1'))],
  ['more fields than there are', cat(u64(FAR), length64(2n ** 40n), length(1), str('a'), str('1'))],
])('type 24 with %s', async (_, value) => {
  expect(await restore(TYPE_METADATA, value)).toBe(BAD)
  expect(await replies('exists h', 'ping')).toEqual([':0', '+PONG'])
})

test.each([
  ['a time that is negative', ['a', '1', '-1']],
  ['a time beyond 48 bits', ['a', '1', '281474976710655']],
  ['a time of 63 bits', ['a', '1', '9223372036854775807']],
  ['a time that is text', ['a', '1', 'x']],
  ['two elements', ['a', '1']],
  ['four elements', ['a', '1', '0', 'b']],
])('type 25 with %s', async (_, elements) => {
  expect(await restore(TYPE_LISTPACK_EX, cat(u64(FAR), str(hashListpack(elements))))).toBe(BAD)
  expect(await replies('exists h', 'ping')).toEqual([':0', '+PONG'])
})

test('a listpack that is packed, and the forms before Redis 7.4', async () => {
  const listpack = hashListpack(MANY.flatMap(([f, v, ms]) => [f, v, String(ms)]))
  expect(await restore(TYPE_LISTPACK_EX, cat(u64(FAR), lzf(listpack)))).toBe('+OK')
  expect(await replies('hlen h', 'hpexpiretime h fields 1 f1')).toEqual([':40', `*[:${FAR + 1_000_003}]`])
  expect(await restore(TYPE_HASH_LISTPACK, str(hashListpack(['a', '1'])), 'h', 11)).toBe('+OK')
})

test('a payload says version 12 and type 24 where a field expires, and what Redis 7.2 reads where none does', async () => {
  const head = async (): Promise<number[]> => {
    const bytes = Buffer.from((await client.call('DUMP', 'h')).text ?? '', 'latin1')
    return [bytes[0], bytes.readUInt16LE(bytes.length - 10)]
  }
  await replies('hset h a 1 b 2')
  const [plainType, plainVersion] = await head()
  expect(plainType).toBe(TYPE_HASH_LISTPACK)
  await replies('hpexpireat h 4000000000000 fields 1 a')
  expect(await head()).toEqual([TYPE_METADATA, VERSION])
  await replies('hpersist h fields 1 a')
  expect((await head())[1]).toBe(plainVersion)
  expect((await head())[0]).toBe(4)
})

test('a file says version 12 only while fields expire', async () => {
  const dir = (await client.call('CONFIG', 'GET', 'dir')).elements?.[1].text ?? ''
  const name = (await client.call('CONFIG', 'GET', 'dbfilename')).elements?.[1].text ?? ''
  const version = async (): Promise<string> => (await readFile(join(dir, name))).toString('latin1', 5, 9)
  await replies('hset h a 1 b 2', 'save')
  const plain = await version()
  expect(Number(plain)).toBeLessThan(VERSION)
  await replies(`hpexpireat h ${FAR} fields 1 a`, 'save')
  expect(await version()).toBe('0012')
  await replies('hpersist h fields 1 a', 'save')
  expect(await version()).toBe(plain)
})

test('a large payload whose fields expire while it is on its way', async () => {
  const past: Triple[] = Array.from({ length: 20_000 }, (_, i) => [`field ${i}`, `value ${i}`, i % 2 === 0 ? 1 : 0])
  expect(await restore(TYPE_METADATA, metadata(...past))).toBe('+OK')
  while ((await replies('hlen h'))[0] !== ':10000');
  expect(await replies('hget h x', 'ping')).toEqual(['$null', '+PONG'])
})
