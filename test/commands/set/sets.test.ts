import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

/** Small limits, so that few commands reach every encoding. Redis 7.0 knows no sets in listpacks. */
const INTSET_LIMIT = ['--set-max-intset-entries', '6', '--save', '']
const LIMITS = [...INTSET_LIMIT, '--set-max-listpack-entries', '8', '--set-max-listpack-value', '20']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(LIMITS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('HELLO', '2')
  await ours.call('FLUSHALL')
})

const UNORDERED = new Set(['SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'SPOP', 'SRANDMEMBER', 'SSCAN'])

/** A reply as text that is the same whatever order a table's members came in. */
function comparable([name]: readonly string[], reply: RawReply): string {
  if (reply.elements !== null && UNORDERED.has(name)) {
    if (name !== 'SSCAN') return `${reply.type} ${texts(reply).sort().join(' | ')}`
    const [cursor, list] = reply.elements
    return `${reply.type} ${cursor.text} ${list.type} ${texts(list).sort().join(' | ')}`
  }
  // Sets of strings are small since 7.2.
  return name === 'OBJECT' ? (reply.text ?? '').replace('listpack', 'hashtable') : JSON.stringify(reply)
}

const key = fc.constantFrom('a', 'a', 'b', 'c', 'd', 'string', 'missing')
const member = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('x', 'y', 'z', '') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-1',
      '007',
      '1.0',
      '32768',
      '-32769',
      '2147483648',
      '9223372036854775807',
      '9223372036854775808',
      'a member of 20 bytes',
      'a member of 21 bytes.',
      'x'.repeat(5000),
    ),
  },
)
/** One command with more members than the limit makes a table at once since 7.2, even if they are not new. */
const membersAtOnce = fc.uniqueArray(member, { minLength: 1, maxLength: 6 })
const keys = fc.array(key, { minLength: 1, maxLength: 4 })
const badCount = fc.constantFrom('x', '', '1.0', '-1', '99999999999999999999', '-9223372036854775808', ' 1')
const anyCase = fc.constantFrom('MATCH', 'match', 'COUNT', 'Count', 'NOVALUES', 'TYPE')
const pattern = fc.constantFrom('*', '?', '[xy]', '1*', '')

const command: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, membersAtOnce).map(([k, list]) => ['SADD', k, ...list]) },
  { weight: 3, arbitrary: fc.tuple(key, membersAtOnce).map(([k, list]) => ['SREM', k, ...list]) },
  { weight: 1, arbitrary: fc.tuple(key, membersAtOnce).map(([k, list]) => ['SMISMEMBER', k, ...list]) },
  { weight: 1, arbitrary: fc.tuple(key, member).map(([k, each]) => ['SISMEMBER', k, each]) },
  { weight: 2, arbitrary: fc.tuple(key, key, member).map(([from, to, each]) => ['SMOVE', from, to, each]) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('SMEMBERS', 'SCARD'), key).map(([name, k]) => [name, k]),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), keys).map(([name, list]) => [name, ...list]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key, keys)
      .map(([name, to, list]) => [name, to, ...list]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        keys,
        fc.constantFrom(0, 0, 0, 1, -1),
        fc.constantFrom<string[]>([], ['LIMIT', '0'], ['limit', '2'], ['LIMIT', '-1'], ['LIMIT'], ['x', '1'], ['x']),
      )
      .map(([list, off, rest]) => ['SINTERCARD', String(list.length + off), ...list, ...rest]),
  },
  // Replies that are the same whatever is drawn: errors, none, or all.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('SPOP', 'SRANDMEMBER'), key, fc.oneof(fc.constantFrom('0', '100'), badCount))
      .filter(([name, , n]) => name === 'SPOP' || n !== '-1')
      .map(([name, k, n]) => [name, k, n]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('SPOP', 'SRANDMEMBER'),
        fc.constantFrom('never', 'nothing but text'),
        fc.constantFrom('', '3 4'),
      )
      .map(([name, k, rest]) => [name, k, ...rest.split(' ').filter(word => word !== '')]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(key, fc.constantFrom('0', '00', '', 'x', '-', ' 0', '18446744073709551616', '0\0x'), anyCase, pattern)
      .map(([k, cursor, option, p]) => ['SSCAN', k, cursor, 'COUNT', '100', option, /count/i.test(option) ? '99' : p]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('SADD', 'SREM', 'SMOVE', 'SCARD', 'SPOP', 'SSCAN', 'SINTER', 'SINTERCARD', 'SUNIONSTORE'),
        fc.array(member, { maxLength: 1 }),
      )
      .map(([name, rest]) => [name, ...rest]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(key, fc.constantFrom(['EXPIRE', '1000'], ['PERSIST']))
      .map(([k, [name, ...rest]]) => [name, k, ...rest]),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('SINTERCARD x a', 'SINTERCARD 1.0 a', 'SINTERCARD 99999999999999999999 a', 'SINTERCARD 1 a LIMIT x')
      .map(line => line.split(' ')),
  },
  { weight: 2, arbitrary: key.map(k => ['OBJECT', 'ENCODING', k]) },
)

describe('random set commands', requireStock('redis-server'), () => {
  let theirs: RawClient

  beforeAll(async () => {
    theirs = await RawClient.connect((await startRedisServer(INTSET_LIMIT)).port)
  })
  afterAll(() => theirs.close())

  function changes(reply: RawReply): number {
    return Number(/rdb_changes_since_last_save:(\d+)/.exec(reply.text ?? '')?.[1])
  }

  test.each(['2', '3'])('get the replies of redis-server in RESP%s, and count as many changes', async resp => {
    await Promise.all([ours.call('HELLO', resp), theirs.call('HELLO', resp)])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60 }), async script => {
        const ending = ['a', 'b', 'c', 'd'].flatMap(name => [
          ['SMEMBERS', name],
          ['OBJECT', 'ENCODING', name],
          ['TTL', name],
        ])
        const start = [['FLUSHALL'], ['SET', 'string', 's'], ['SET', 'nothing but text', 's']]
        const commands = [...start, ['INFO', 'persistence'], ...script, ...ending, ['DBSIZE'], ['INFO', 'persistence']]
        const [our, their] = await Promise.all([ours.pipeline(commands), theirs.pipeline(commands)])
        const infos = commands.flatMap(([name], i) => (name === 'INFO' ? [i] : []))
        commands.forEach((each, i) => {
          if (infos.includes(i)) return
          expect(`${each.join(' ')}: ${comparable(each, our[i])}`).toBe(
            `${each.join(' ')}: ${comparable(each, their[i])}`,
          )
        })
        const counted = (replies: RawReply[]) => changes(replies[infos[1]]) - changes(replies[infos[0]])
        expect(counted(our)).toBe(counted(their))
      }),
      { numRuns: 300 },
    )
  })
})

async function encodingOf(name: string): Promise<string | null> {
  return (await ours.call('OBJECT', 'ENCODING', name)).text
}

/** Adds members one by one. */
async function fill(name: string, count: number, make = (i: number) => `m${i}`): Promise<string[]> {
  const list = Array.from({ length: count }, (_, i) => make(i))
  await ours.pipeline(list.map(each => ['SADD', name, each]))
  return list
}

async function membersOf(name: string): Promise<string[]> {
  return texts(await ours.call('SMEMBERS', name)).sort()
}

describe('encodings are those of Redis 7.2', () => {
  test.each([
    ['few integers', ['1', '2', '3'], 'intset'],
    ['too many integers at once', ['1', '2', '3', '4', '5', '6', '7'], 'listpack'],
    ['too many members at once', ['1', '2', '3', '4', '5', '6', '7', '8', '9'], 'hashtable'],
    ['the same integers over and over', ['1', '1', '1', '1', '1', '1', '1'], 'listpack'],
    ['few strings', ['a', '1', 'b'], 'listpack'],
    ['a long string', ['a member of 21 bytes.'], 'hashtable'],
    ['a string that may be', ['a member of 20 bytes'], 'listpack'],
    ['integers, then a string', ['1', 'a'], 'listpack'],
    ['integers, then a long string', ['1', 'a member of 21 bytes.'], 'hashtable'],
  ])('%s', async (_, list, expected) => {
    await ours.call('SADD', 'a', ...list)
    expect(await encodingOf('a')).toBe(expected)
  })

  test.each([
    ['an intset that grows', 7, String, 'hashtable'],
    ['an intset at its limit', 6, String, 'intset'],
    ['a listpack that grows', 9, undefined, 'hashtable'],
    ['a listpack at its limit', 8, undefined, 'listpack'],
  ])('%s', async (_, count, make, expected) => {
    const list = await fill('a', count, make)
    expect(await encodingOf('a')).toBe(expected)
    expect(await membersOf('a')).toEqual(list.sort())
  })

  test('a request with more members than the limit makes a table of what is there, new or not', async () => {
    await ours.call('SADD', 'a', '1', '2')
    await ours.call('SADD', 'a', '1', '2', '1', '2', '1', '2', '1')
    expect(await encodingOf('a')).toBe('hashtable')
    expect(await membersOf('a')).toEqual(['1', '2'])
  })

  test('SPOP that leaves few of many puts them together anew', async () => {
    for (const [make, expected] of [
      [undefined, 'listpack'],
      [String, 'listpack'],
    ] as const) {
      const list = await fill('a', 60, make)
      await ours.call('EXPIRE', 'a', '1000')
      const popped = texts(await ours.call('SPOP', 'a', '55'))
      expect(await encodingOf('a')).toBe(expected)
      expect([...popped, ...(await membersOf('a'))].sort()).toEqual(list.sort())
      expect(Number((await ours.call('TTL', 'a')).text)).toBeGreaterThan(900)
      await ours.call('DEL', 'a')
    }
    await fill('a', 60)
    await ours.call('SPOP', 'a', '48')
    expect(await encodingOf('a')).toBe('hashtable')
    await ours.call('SPOP', 'a', '1')
    expect(await encodingOf('a')).toBe('hashtable')
    await fill('b', 6, String)
    await ours.call('SPOP', 'b', '5')
    expect(await encodingOf('b')).toBe('intset')
  })
})

describe.each([
  ['an intset', 6, String],
  ['a listpack', 7, undefined],
  ['a table', 60, undefined],
])('of %s', (_, count, make) => {
  const DRAWS = 300
  /** Six standard deviations of so many draws. */
  const SLACK = 6 * Math.sqrt(DRAWS)

  async function expectFair(draws: Iterable<string>, expected = count): Promise<void> {
    const counts = new Map<string, number>()
    for (const name of draws) counts.set(name, (counts.get(name) ?? 0) + 1)
    expect(counts.size).toBe(expected)
    for (const times of counts.values()) expect(Math.abs(times - DRAWS)).toBeLessThan(SLACK)
  }

  beforeEach(() => fill('a', count, make))

  test('SRANDMEMBER draws each member as often', async () => {
    const replies = await ours.pipeline(Array.from({ length: DRAWS * count }, () => ['SRANDMEMBER', 'a']))
    await expectFair(replies.map(({ text }) => text ?? ''))
  })

  test('SRANDMEMBER with a positive count gives different members, all of them at most', async () => {
    await ours.call('HELLO', '3')
    for (const n of [1, 2, 5, count - 1, count, count + 5]) {
      const reply = await ours.call('SRANDMEMBER', 'a', String(n))
      expect(reply.type).toBe('*')
      const drawn = texts(reply)
      expect(drawn.length).toBe(Math.min(n, count))
      expect(new Set(drawn).size).toBe(drawn.length)
    }
  })

  test('SRANDMEMBER with a positive count chooses every member as often', async () => {
    for (const n of [2, count - 1]) {
      const rounds = Math.ceil((DRAWS * count) / n)
      const replies = await ours.pipeline(Array.from({ length: rounds }, () => ['SRANDMEMBER', 'a', String(n)]))
      await expectFair(replies.flatMap(texts))
    }
  })

  test('SRANDMEMBER with a negative count draws each member anew', async () => {
    await ours.call('HELLO', '3')
    for (const n of [DRAWS * count, 1]) {
      const reply = await ours.call('SRANDMEMBER', 'a', String(-n))
      expect(reply.type).toBe('*')
      const drawn = texts(reply)
      expect(drawn.length).toBe(n)
      if (n > 1) await expectFair(drawn)
    }
  })

  test.each([1, 2, 3])('SPOP (%i at a time) takes every member once, each as often as the first', async n => {
    const rounds = 200
    const first: string[] = []
    const all = Array.from({ length: count }, (_, i) => (make ?? (j => `m${j}`))(i))
    for (let round = 0; round < rounds; round++) {
      const pops = Array.from({ length: Math.ceil(count / n) }, () => (n === 1 ? ['SPOP', 'a'] : ['SPOP', 'a', `${n}`]))
      const replies = await ours.pipeline([...pops, ['EXISTS', 'a'], ['SADD', 'a', ...all]])
      const popped = replies.slice(0, pops.length).flatMap(each => (each.elements === null ? [each.text] : texts(each)))
      expect(popped.sort()).toEqual([...all].sort())
      expect(replies[pops.length].text).toBe('0')
      first.push(replies[0].text ?? texts(replies[0])[0])
    }
    if (n > 1) return
    const mean = rounds / count
    const counts = new Map<string, number>()
    for (const name of first) counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const times of counts.values()) expect(Math.abs(times - mean)).toBeLessThan(6 * Math.sqrt(mean) + 6)
  })

  test('SPOP with a count gives a set in RESP3, and leaves the others', async () => {
    await ours.call('HELLO', '3')
    const before = await membersOf('a')
    for (const n of [1, 2, count - 3]) {
      const reply = await ours.call('SPOP', 'a', String(n))
      expect(reply.type).toBe('~')
      expect(reply.elements?.length).toBe(n)
      const left = await membersOf('a')
      expect([...texts(reply), ...left].sort()).toEqual(before)
      await ours.call('DEL', 'a')
      await fill('a', count, make)
    }
    expect((await ours.call('SPOP', 'a', '1000')).elements?.length).toBe(count)
    expect((await ours.call('SPOP', 'a', '1000')).elements).toEqual([])
    expect((await ours.call('SPOP', 'a')).type).toBe('_')
  })

  test('SPOP with a count takes every member as often', async () => {
    for (const n of [2, count - 1]) {
      const rounds = Math.ceil((DRAWS * count) / n)
      const all = await membersOf('a')
      const round = [
        ['SPOP', 'a', String(n)],
        ['SADD', 'a', ...all],
      ]
      const replies = await ours.pipeline(Array.from({ length: rounds }, () => round).flat())
      await expectFair(replies.filter((_, i) => i % round.length === 0).flatMap(texts))
    }
  })
})

describe('SSCAN', () => {
  test('goes through a large set in steps and returns each member once', async () => {
    const list = await fill('a', 1000)
    const seen: string[] = []
    let cursor = '0'
    let calls = 0
    do {
      const reply = await ours.call('SSCAN', 'a', cursor, 'COUNT', '50')
      cursor = reply.elements?.[0].text ?? '0'
      seen.push(...texts(reply.elements?.[1] as RawReply))
      calls++
    } while (cursor !== '0')
    expect(calls).toBeGreaterThan(5)
    expect(seen.sort()).toEqual(list.sort())
  })

  test('with a large COUNT finds all that match, at once', async () => {
    await fill('a', 5000)
    const reply = await ours.call('SSCAN', 'a', '0', 'COUNT', '100000', 'MATCH', 'm12??')
    expect(texts(reply.elements?.[1] as RawReply).sort()).toEqual(
      Array.from({ length: 100 }, (_, i) => `m12${String(i).padStart(2, '0')}`),
    )
  })
})
