/** server.seed(): data written down as JavaScript values, and what is said of mistakes. */
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { expiring, geo, hyperLogLog, type RunningServer, type Seed, sortedSet, stream } from '../../src/index.js'
import { start } from './servers.js'

async function seeded(seed: Seed): Promise<RunningServer> {
  const server = await start()
  await server.seed(seed)
  return server
}

describe('kinds', () => {
  test('texts: strings, numbers, bigints, bytes', async () => {
    const server = await seeded({ a: 'grün', b: 1.5, c: 10n, d: new Uint8Array([0, 255]), '': '' })
    expect(await server.command('MGET', 'a', 'b', 'c', '')).toEqual(['grün', '1.5', '10', ''])
    expect(await server.commandBytes('GET', 'd')).toEqual(Buffer.from([0, 255]))
  })

  test('lists, sets, hashes, in the encodings that they have', async () => {
    const server = await seeded({
      list: ['a', 1, Buffer.from('b')],
      set: new Set([1, 2n, 3]),
      hash: { field: 'value', number: 7 },
      large: Array.from({ length: 20_000 }, (_, i) => i),
    })
    expect(await server.command('LRANGE', 'list', 0, -1)).toEqual(['a', '1', 'b'])
    expect(await server.command('OBJECT', 'ENCODING', 'set')).toBe('intset')
    expect(await server.command('HGETALL', 'hash')).toEqual({ field: 'value', number: '7' })
    expect(await server.command('LLEN', 'large')).toBe(20_000)
  })

  test('sorted sets: from objects, Maps and pairs', async () => {
    const server = await seeded({
      object: sortedSet({ a: 1, b: -2.5 }),
      map: sortedSet(new Map([['x', Number.POSITIVE_INFINITY]])),
      pairs: sortedSet([[Buffer.from('p'), Number.NEGATIVE_INFINITY]]),
    })
    expect(await server.command('ZRANGE', 'object', 0, -1, 'WITHSCORES')).toEqual([
      ['b', -2.5],
      ['a', 1],
    ])
    expect(await server.command('ZSCORE', 'map', 'x')).toBe(Number.POSITIVE_INFINITY)
    expect(await server.command('ZSCORE', 'pairs', 'p')).toBe(Number.NEGATIVE_INFINITY)
  })

  test('streams: with IDs or without, and groups', async () => {
    const server = await seeded({
      events: stream(
        [
          { id: '1-1', fields: { a: 1 } },
          { id: '1-2', fields: { b: 2 } },
        ],
        { all: '0', new: '$' },
      ),
      empty: stream([], { group: '$' }),
      auto: stream([{ fields: { a: 'x' } }]),
    })
    expect(await server.command('XRANGE', 'events', '-', '+')).toEqual([
      ['1-1', ['a', '1']],
      ['1-2', ['b', '2']],
    ])
    expect(await server.command('XINFO', 'GROUPS', 'events')).toMatchObject([
      { name: 'all', 'last-delivered-id': '0-0' },
      { name: 'new', 'last-delivered-id': '1-2' },
    ])
    expect(await server.command('XLEN', 'empty')).toBe(0)
    expect(await server.command('XLEN', 'auto')).toBe(1)
  })

  test('hyperloglogs and places', async () => {
    const server = await seeded({
      seen: hyperLogLog(['a', 'b', 'a']),
      places: geo({ Palermo: [13.361389, 38.115556] }),
    })
    expect(await server.command('PFCOUNT', 'seen')).toBe(2)
    expect(await server.command('GEOHASH', 'places', 'Palermo')).toEqual(['sqc8b49rny0'])
  })

  test('any of them with a time to live', async () => {
    const server = await start({ clock: 'manual' })
    const at = new Date(server.clock.now() + 5000)
    await server.seed({
      session: expiring('x', 1500),
      later: expiring({ a: '1' }, at),
      nested: expiring(expiring('x', 5), 50),
    })
    expect(await server.command('PTTL', 'session')).toBe(1500)
    expect(await server.command('PEXPIRETIME', 'later')).toBe(at.getTime())
    expect(await server.command('PTTL', 'nested')).toBe(50)
  })
})

test('keys that are there are replaced, whatever they hold; others stay', async () => {
  const server = await seeded({ a: ['list'], b: 'stays' })
  await server.seed({ a: { hash: 'now' } })
  expect(await server.command('HGETALL', 'a')).toEqual({ hash: 'now' })
  expect(await server.command('GET', 'b')).toBe('stays')
})

test('values of another realm (jest) are what they are there', async () => {
  const foreign = runInNewContext(`({
    text: 'a', list: ['a', 'b'], set: new Set(['m']), hash: { f: 'v' }, bytes: new Uint8Array([97]), bare: Object.assign(Object.create(null), { f: 1 }),
  })`) as Seed
  const scores = runInNewContext("new Map([['m', 1]])") as Map<string, number>
  const entries = runInNewContext("[{ id: '1-1', fields: { a: '1' } }]") as { id: string; fields: { a: string } }[]
  const server = await seeded({ ...foreign, scores: sortedSet(scores), stream: stream(entries) })
  expect(await server.command('LRANGE', 'list', 0, -1)).toEqual(['a', 'b'])
  expect(await server.command('SMEMBERS', 'set')).toEqual(['m'])
  expect(await server.command('HGETALL', 'hash')).toEqual({ f: 'v' })
  expect(await server.command('HGETALL', 'bare')).toEqual({ f: '1' })
  expect(await server.command('GET', 'bytes')).toBe('a')
  expect(await server.command('ZSCORE', 'scores', 'm')).toBe(1)
  expect(await server.command('XLEN', 'stream')).toBe(1)
  const date = runInNewContext(`new Date(${Date.now() + 100_000})`) as Date
  await server.seed({ timed: expiring('x', date) })
  expect(Number(await server.command('PTTL', 'timed'))).toBeGreaterThan(90_000)
})

describe('mistakes are named, and nothing of the seed is put in place', () => {
  const any = (value: unknown): Seed => value as Seed
  const texts = 'a string, a number or bytes'
  const values =
    'a string, a number, bytes, an array (list), a Set, an object (hash), or what sortedSet(), stream(), hyperLogLog(), geo() or expiring() return'
  test.each<[Seed, string]>([
    [any({ k: null }), `"k": the value is null; right would be ${values}`],
    [any({ k: undefined }), `"k": the value is undefined; right would be ${values}`],
    [any({ k: true }), `"k": the value is true; right would be ${values}`],
    [any({ k: Number.NaN }), `"k": the value is NaN; right would be ${values}`],
    [
      any({ k: new Map([['a', 1]]) }),
      '"k": the value is a Map; right would be sortedSet(map) for a sorted set, an object for a hash',
    ],
    [any({ k: new Date(0) }), `"k": the value is an object of Date; right would be ${values}`],
    [any({ k: () => 1 }), `"k": the value is a function; right would be ${values}`],
    [any({ k: [] }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: new Set() }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: {} }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: sortedSet({}) }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: geo({}) }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: ['a', null] }), `"k": an element is null; right would be ${texts}`],
    [any({ k: new Set([{}]) }), `"k": a member is an object of Object; right would be ${texts}`],
    [any({ k: { f: [] } }), `"k": the field "f" is an array; right would be ${texts}`],
    [any({ k: sortedSet(any({ m: '1' }) as never) }), '"k": the score of "m" is a string; right would be a number'],
    [any({ k: sortedSet({ m: Number.NaN }) }), '"k": the score of "m" is NaN; right would be a number'],
    [any({ k: stream([]) }), '"k" is a stream without entries and groups'],
    [any({ k: stream('x' as never) }), '"k": a stream is a string; right would be an array of { id?, fields }'],
    [any({ k: stream([{ fields: {} }]) }), '"k" is empty, and Redis has no empty values: leave the key out'],
    [any({ k: stream([{} as never]) }), `"k": an entry's fields is undefined; right would be an object`],
    [any({ k: stream([null as never]) }), '"k": an entry is null; right would be { id?, fields }'],
    [
      any({ k: geo({ m: [1] as never }) }),
      '"k": the place of "m" is an array; right would be [longitude, latitude] in degrees',
    ],
    [any({ k: expiring('x', 0) }), '"k": the time to live is 0; right would be milliseconds, or a Date'],
    [
      any({ k: expiring('x', new Date(Number.NaN)) }),
      '"k": the time to live is an object of Date; right would be milliseconds, or a Date',
    ],
    [any({ k: expiring(null as never, 5) }), `"k": the value is null; right would be ${values}`],
    [any({ k: hyperLogLog([null as never]) }), `"k": an element is null; right would be ${texts}`],
  ])('%#', async (seed, text) => {
    const server = await start()
    await expect(server.seed({ fine: 'a', ...seed })).rejects.toThrow(new TypeError(`redis-ts: seed: ${text}`))
    expect(await server.command('DBSIZE')).toBe(0)
  })

  test.each<[unknown, string]>([
    [null, 'given null, it takes an object of keys and values'],
    [[], 'given an array, it takes an object of keys and values'],
    ['x', 'given a string, it takes an object of keys and values'],
    [new Map(), 'given a Map, it takes an object of keys and values'],
  ])('%#', async (seed, text) => {
    const server = await start()
    await expect(server.seed(any(seed))).rejects.toThrow(new TypeError(`redis-ts: seed: ${text}`))
  })

  test("what only the server finds wrong, a stream's IDs, is its own error", async () => {
    const server = await start()
    await expect(
      server.seed({
        k: stream([
          { id: '2-1', fields: { a: 1 } },
          { id: '1-1', fields: { a: 1 } },
        ]),
      }),
    ).rejects.toThrow('The ID specified in XADD is equal or smaller')
  })
})
