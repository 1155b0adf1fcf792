import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

const OPTIONS = ['--save', '', '--hash-max-listpack-entries', '4', '--enable-debug-command', 'yes']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('HELLO', '2')
  await ours.call('SELECT', '0')
  await ours.call('FLUSHALL')
})

async function text(...command: string[]): Promise<string | null> {
  return (await ours.call(...command)).text
}

async function fillHash(key: string, fields: number): Promise<void> {
  const commands: string[][] = []
  for (let i = 0; i < fields; i += 1000) {
    const pairs = Array.from({ length: Math.min(1000, fields - i) }, (_, j) => [`f${i + j}`, `v${i + j}`])
    commands.push(['HSET', key, ...pairs.flat()])
  }
  await ours.pipeline(commands)
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  const key = fc.constantFrom('a', 'b', 'c', 'ab', 'hash', 'big', '', 'k*', 'a\r\nb', '\xff\x00')
  const pattern = fc.constantFrom('*', 'a', 'a*', '?', '[ab]', '*b', '', 'k\\*', '**', '[^a]*', 'missing')
  const db = fc.constantFrom('0', '1', '15', '16', '-1', 'x', '', '99999999999')
  const command: fc.Arbitrary<string[]> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(key, fc.constantFrom('1', 'text', 'x'.repeat(5000), ''))
        .map(([k, v]): string[] => ['SET', k, v]),
    },
    { weight: 2, arbitrary: fc.tuple(key, fc.nat(9)).map(([k, n]): string[] => ['HSET', k, `f${n}`, `${n}`]) },
    { weight: 1, arbitrary: key.map((k): string[] => ['EXPIREAT', k, '4000000000']) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom('DEL', 'unlink', 'EXISTS', 'TOUCH'), fc.array(key, { maxLength: 4 }))
        .map(([name, names]): string[] => [name, ...names]),
    },
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constantFrom('RENAME', 'RENAMENX'), key, key).map((words): string[] => [...words]),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('TYPE', 'PEXPIRETIME', 'GET', 'HLEN'), key)
        .map((words): string[] => [...words]),
    },
    { weight: 2, arbitrary: fc.tuple(key, db).map(([k, n]): string[] => ['MOVE', k, n]) },
    { weight: 1, arbitrary: fc.constantFrom('0', '1').map((n): string[] => ['SELECT', n]) },
    { weight: 1, arbitrary: pattern.map((p): string[] => ['KEYS', p]) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('ENCODING', 'REFCOUNT', 'refcount', 'FREQ', 'NONSENSE'),
          fc.array(key, { minLength: 1, maxLength: 2 }),
        )
        .map(([name, names]): string[] => ['OBJECT', name, ...names]),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<string[][]>(
        ['DBSIZE'],
        ['KEYS'],
        ['OBJECT'],
        ['DBSIZE', 'x'],
        ['FLUSHDB', 'never'],
        ['FLUSHALL', 'ASYNC', 'x'],
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<string[][]>(['FLUSHDB'], ['FLUSHDB', 'ASYNC'], ['FLUSHALL', 'sync'], ['FLUSHALL']),
    },
  )

  function comparable(words: readonly string[], reply: RawReply): string {
    return words[0] === 'KEYS' && reply.elements !== null ? texts(reply).sort().join('|') : JSON.stringify(reply)
  }

  test('the same commands give the same replies', { timeout: 120_000 }, async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 20, maxLength: 100 }),
        fc.constantFrom('2', '3'),
        async (words, resp) => {
          const all = [
            ['HELLO', resp],
            ['SELECT', '1'],
            ['FLUSHALL'],
            ['SELECT', '0'],
            ...words,
            ['KEYS', '*'],
            ['DBSIZE'],
          ]
          const [mine, theirs] = await Promise.all([ours.pipeline(all), stock.pipeline(all)])
          // HELLO's reply holds versions and ids.
          for (let i = 1; i < all.length; i++) {
            expect(`${all[i].join(' ')}: ${comparable(all[i], mine[i])}`).toBe(
              `${all[i].join(' ')}: ${comparable(all[i], theirs[i])}`,
            )
          }
        },
      ),
      { numRuns: 150 },
    )
    stock.close()
  })
})

describe('RENAME', () => {
  test('keeps the expiry, and takes away the one of the key it overwrites', async () => {
    await ours.pipeline([
      ['SET', 'a', '1', 'PXAT', '4000000000000'],
      ['SET', 'b', '2', 'PXAT', '5000000000000'],
      ['SET', 'c', '3'],
    ])
    await ours.call('RENAME', 'a', 'b')
    expect(await text('PEXPIRETIME', 'b')).toBe('4000000000000')
    await ours.call('RENAME', 'c', 'b')
    expect(await text('PEXPIRETIME', 'b')).toBe('-1')
    expect(await text('GET', 'b')).toBe('3')
    expect(await text('DBSIZE')).toBe('1')
  })

  test('of a hash of 200 000 fields takes no longer than of a small one', async () => {
    await fillHash('big', 200_000)
    const started = performance.now()
    await ours.pipeline(
      Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? ['RENAME', 'big', 'other'] : ['RENAME', 'other', 'big'])),
    )
    expect(performance.now() - started).toBeLessThan(500)
    expect(await text('HLEN', 'big')).toBe('200000')
    expect(await text('HGET', 'big', 'f199999')).toBe('v199999')
  })

  test('counts as one change', async () => {
    const changes = async () =>
      Number(/rdb_changes_since_last_save:(\d+)/.exec((await text('INFO', 'persistence')) ?? '')?.[1])
    await ours.call('SET', 'a', '1')
    const before = await changes()
    await ours.call('RENAME', 'a', 'b')
    expect(await changes()).toBe(before + 1)
  })
})

describe('RANDOMKEY', () => {
  test('of an empty database is null', async () => {
    expect(await ours.call('RANDOMKEY')).toEqual({ type: '$', text: null, elements: null })
    await ours.call('HELLO', '3')
    expect((await ours.call('RANDOMKEY')).type).toBe('_')
  })

  test('gives every key sooner or later, but none that has expired', async () => {
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    const sets = Array.from({ length: 40 }, (_, i) => ['SET', `key:${i}`, 'x', ...(i < 20 ? ['PX', '1'] : [])])
    await ours.pipeline(sets)
    while ((await text('EXISTS', 'key:0', 'key:19')) !== '0') await new Promise(resolve => setImmediate(resolve))
    const replies = await ours.pipeline(Array.from({ length: 1000 }, () => ['RANDOMKEY']))
    const seen = new Set(replies.map(reply => reply.text))
    expect([...seen].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `key:${i + 20}`).sort())
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
  })
})

describe('KEYS', () => {
  test('hides expired keys', async () => {
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await ours.pipeline([
      ['SET', 'gone', '1', 'PX', '1'],
      ['SET', 'here', '1'],
    ])
    const before = Date.now()
    while (Date.now() <= before + 2) await ours.call('PING')
    expect(texts(await ours.call('KEYS', '*'))).toEqual(['here'])
    expect(texts(await ours.call('KEYS', 'gone'))).toEqual([])
    expect(texts(await ours.call('KEYS', 'g*'))).toEqual([])
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
  })

  test('gives all of 50 000 keys', async () => {
    await ours.pipeline(Array.from({ length: 50_000 }, (_, i) => ['SET', `key:${i}`, 'x']))
    const keys = texts(await ours.call('KEYS', '*'))
    expect(new Set(keys).size).toBe(50_000)
    expect(texts(await ours.call('KEYS', 'key:1234?'))).toHaveLength(10)
  })
})

describe('OBJECT', () => {
  test('REFCOUNT: integers below 10 000 are shared', async () => {
    for (const [value, count] of [
      ['0', '2147483647'],
      ['9999', '2147483647'],
      ['10000', '1'],
      ['-1', '1'],
      ['x', '1'],
    ]) {
      await ours.call('SET', 'key', value)
      expect(await text('OBJECT', 'REFCOUNT', 'key'), value).toBe(count)
    }
  })

  test('IDLETIME and FREQ follow the policy', async () => {
    await ours.call('SET', 'key', 'value')
    expect(await text('OBJECT', 'IDLETIME', 'key')).toBe('0')
    expect(await text('OBJECT', 'FREQ', 'key')).toMatch(
      /^ERR An LFU maxmemory policy is not selected, access frequency/,
    )
    await ours.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    await ours.call('SET', 'later', 'value')
    expect(await text('OBJECT', 'FREQ', 'later')).toBe('5')
    expect(await text('OBJECT', 'IDLETIME', 'later')).toMatch(/^ERR An LFU maxmemory policy is selected, idle time/)
    await ours.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  })

  test('HELP names each subcommand', async () => {
    const lines = texts(await ours.call('OBJECT', 'HELP')).join('\n')
    for (const name of ['ENCODING <key>', 'FREQ <key>', 'IDLETIME <key>', 'REFCOUNT <key>', 'HELP'])
      expect(lines).toContain(name)
  })
})

describe('DEL and FLUSHALL', () => {
  test('of a large hash frees its memory in the background', async () => {
    await fillHash('big', 100_000)
    expect(await text('DEL', 'big')).toBe('1')
    expect(await text('EXISTS', 'big')).toBe('0')
    await fillHash('big', 100_000)
    expect(await text('HLEN', 'big')).toBe('100000')
  })

  test('empty every database', async () => {
    await ours.pipeline([['SET', 'a', '1'], ['SELECT', '3'], ['SET', 'b', '1'], ['FLUSHALL'], ['SELECT', '0']])
    expect(await text('DBSIZE')).toBe('0')
    await ours.call('SELECT', '3')
    expect(await text('DBSIZE')).toBe('0')
  })
})
