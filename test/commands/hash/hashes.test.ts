import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

/** Small limits, so that few commands reach both encodings. */
const LIMITS = ['--hash-max-listpack-entries', '5', '--hash-max-listpack-value', '20', '--save', '']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(LIMITS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('HELLO', '2')
  await ours.call('FLUSHALL')
})

async function fill(key: string, fields: number): Promise<void> {
  const pairs = Array.from({ length: fields }, (_, i) => [`f${i}`, `v${i}`])
  await ours.call('HSET', key, ...pairs.flat())
}

/** Elements of a flat reply of pairs, in an order of their own. */
function sortedPairs(elements: readonly RawReply[]): string[] {
  return elements.flatMap((element, i) => (i % 2 === 0 ? [`${element.text} -> ${elements[i + 1].text}`] : [])).sort()
}

const UNORDERED = new Set(['HKEYS', 'HVALS'])
const PAIRS = new Set(['HGETALL', 'HSCAN'])

/** A reply as text that is the same whatever order a table's elements came in. */
function comparable(command: readonly string[], reply: RawReply): string {
  const name = command[0].toUpperCase()
  if (reply.elements !== null && UNORDERED.has(name)) return `${reply.type} ${texts(reply).sort().join(' | ')}`
  if (reply.elements !== null && PAIRS.has(name)) {
    const list = name === 'HSCAN' ? (reply.elements[1].elements ?? []) : reply.elements
    return `${reply.type} ${name === 'HSCAN' ? reply.elements[0].text : ''} ${sortedPairs(list).join(' | ')}`
  }
  return JSON.stringify(reply)
}

const key = fc.constantFrom('h', 'h', 'h', 'other', 'string', 'missing')
const field = fc.constantFrom(
  'a',
  'b',
  '',
  '1',
  '-7',
  '100000',
  'f1',
  'f2',
  'f3',
  'f4',
  'f5',
  'a field of 20 bytes.',
  'a field of 21 bytes..',
)
const value = fc.oneof(
  fc.constantFrom('', '0', '-1', '10', '007', 'abc', '3.0e3', ' 1', '9223372036854775807', '-9223372036854775808'),
  fc.constantFrom(
    '9007199254740992',
    '1e5',
    'inf',
    'nan',
    '0x10',
    '1.1',
    'a value of 21 bytes..',
    'a value of 20 bytes.',
    'x'.repeat(5000),
  ),
  fc.integer({ min: -100_000, max: 100_000 }).map(String),
)
const number = fc.constantFrom('1', '-1', '10', '1.5', '-0.1', '1e400', '0', '9007199254740991', '9223372036854775807')
const count = fc.constantFrom('0', '1', '3', '100', '-1', '-5', 'x', '1.0', '', '-9223372036854775808')
const pattern = fc.constantFrom('*', 'f*', '[ab]', '?', '', '1*')
const anyCase = fc.constantFrom('MATCH', 'match', 'COUNT', 'Count', 'NOVALUES', 'TYPE')

/** One command with more fields than the limit makes a table at once since 7.2, even if it names one field several times. */
const distinctPairs = fc.uniqueArray(fc.tuple(field, value), { maxLength: 12, selector: ([name]) => name })

const command: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(key, field, value).map(([k, f, v]) => ['HSET', k, f, v]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('HSET', 'HMSET', 'hmset'), key, distinctPairs)
      .map(([name, k, pairs]) => [name, k, ...pairs.flat()]),
  },
  { weight: 1, arbitrary: fc.tuple(key, field, value).map(([k, f, v]) => ['HSETNX', k, f, v]) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('HINCRBY', 'HINCRBYFLOAT'), key, field, fc.oneof(number, value))
      .map(([name, k, f, n]) => [name, k, f, n]),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('HGET', 'HEXISTS', 'HSTRLEN'), key, field).map(([name, k, f]) => [name, k, f]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('HDEL', 'HMGET'), key, fc.array(field, { maxLength: 6 }))
      .map(([name, k, fields]) => [name, k, ...fields]),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('HLEN', 'HGETALL', 'HKEYS', 'HVALS'), key).map(([name, k]) => [name, k]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(key, fc.constantFrom('0', '00', '', 'x', '-', ' 0', '18446744073709551616', '0\0x'), anyCase, pattern)
      .map(([k, cursor, option, p]) => ['HSCAN', k, cursor, 'COUNT', '100', option, /count/i.test(option) ? '99' : p]),
  },
  // Replies that are the same whatever is drawn: errors, none, or all.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('never', 'string'), count, fc.constantFrom('WITHVALUES', 'withvalues', 'x'))
      .map(([k, n, option]) => ['HRANDFIELD', k, n, option]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('HSET', 'HGET', 'HDEL', 'HSCAN', 'HRANDFIELD', 'HLEN', 'HINCRBY'),
        fc.array(value, { maxLength: 1 }),
      )
      .map(([name, rest]) => [name, ...rest]),
  },
  { weight: 1, arbitrary: key.map(k => ['OBJECT', 'ENCODING', k]) },
)

describe('random hash commands', requireStock('redis-server'), () => {
  let theirs: RawClient

  beforeAll(async () => {
    theirs = await RawClient.connect((await startRedisServer(LIMITS)).port)
  })
  afterAll(() => theirs.close())

  test.each(['2', '3'])('get the replies of redis-server in RESP%s', async resp => {
    await Promise.all([ours.call('HELLO', resp), theirs.call('HELLO', resp)])
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60 }), async script => {
        const ending = ['h', 'other'].flatMap(name => [
          ['HGETALL', name],
          ['OBJECT', 'ENCODING', name],
        ])
        const commands = [['FLUSHALL'], ['SET', 'string', 's'], ...script, ...ending, ['DBSIZE']]
        const [our, their] = await Promise.all([ours.pipeline(commands), theirs.pipeline(commands)])
        commands.forEach((each, i) => {
          expect(`${each.join(' ')}: ${comparable(each, our[i])}`).toBe(
            `${each.join(' ')}: ${comparable(each, their[i])}`,
          )
        })
      }),
      { numRuns: 150 },
    )
  })
})

describe('HSCAN', () => {
  test('goes through a large hash in steps and returns each field once', async () => {
    await fill('h', 1000)
    const seen: string[] = []
    let cursor = '0'
    let calls = 0
    do {
      const reply = await ours.call('HSCAN', 'h', cursor, 'COUNT', '50')
      cursor = reply.elements?.[0].text ?? '0'
      seen.push(...sortedPairs(reply.elements?.[1].elements ?? []))
      calls++
    } while (cursor !== '0')
    expect(calls).toBeGreaterThan(5)
    expect(seen.sort()).toEqual(Array.from({ length: 1000 }, (_, i) => `f${i} -> v${i}`).sort())
  })

  test('MATCH filters fields, not values', async () => {
    await fill('h', 100)
    const reply = await ours.call('HSCAN', 'h', '0', 'MATCH', 'f1?', 'COUNT', '1000')
    expect(sortedPairs(reply.elements?.[1].elements ?? [])).toEqual(
      Array.from({ length: 10 }, (_, i) => `f1${i} -> v1${i}`),
    )
    const none = await ours.call('HSCAN', 'h', '0', 'MATCH', 'v*', 'COUNT', '1000')
    expect(none.elements?.[1].elements).toEqual([])
  })
})

describe.each([
  ['a listpack', 5],
  ['a table', 60],
])('HRANDFIELD on %s', (_, fields) => {
  beforeEach(() => fill('h', fields))

  test('without a count gives one field, each about as often', async () => {
    const counts = new Map<string, number>()
    const draws = 200 * fields
    for (const reply of await ours.pipeline(Array.from({ length: draws }, () => ['HRANDFIELD', 'h']))) {
      counts.set(reply.text ?? '', (counts.get(reply.text ?? '') ?? 0) + 1)
    }
    expect(counts.size).toBe(fields)
    for (const times of counts.values()) expect(Math.abs(times - 200)).toBeLessThan(90)
  })

  test('with a positive count gives different fields, all of them at most', async () => {
    for (const count of [1, 2, 5, fields - 1, fields, fields + 5]) {
      const drawn = texts(await ours.call('HRANDFIELD', 'h', String(count)))
      expect(drawn.length).toBe(Math.min(count, fields))
      expect(new Set(drawn).size).toBe(drawn.length)
      for (const name of drawn) expect(name).toMatch(/^f\d+$/)
    }
  })

  test('with a positive count chooses every field about as often', async () => {
    for (const count of [2, fields - 1]) {
      const counts = new Map<string, number>()
      const rounds = Math.ceil((200 * fields) / count)
      for (const reply of await ours.pipeline(
        Array.from({ length: rounds }, () => ['HRANDFIELD', 'h', String(count)]),
      )) {
        for (const name of texts(reply)) counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      expect(counts.size).toBe(fields)
      for (const times of counts.values()) expect(Math.abs(times - 200)).toBeLessThan(90)
    }
  })

  test('with a negative count draws each field anew', async () => {
    const drawn = texts(await ours.call('HRANDFIELD', 'h', '-2000'))
    expect(drawn.length).toBe(2000)
    expect(new Set(drawn).size).toBe(fields)
  })

  test('WITHVALUES is flat in RESP2 and pairs in RESP3', async () => {
    for (const count of ['3', '-3', '100']) {
      const flat = await ours.call('HRANDFIELD', 'h', count, 'WITHVALUES')
      for (const pair of sortedPairs(flat.elements ?? [])) expect(pair).toMatch(/^f(\d+) -> v\1$/)
    }
    await ours.call('HELLO', '3')
    for (const count of ['3', '-3', '100']) {
      const nested = await ours.call('HRANDFIELD', 'h', count, 'withvalues')
      expect(nested.elements?.length).toBe(count === '100' ? fields : 3)
      for (const pair of nested.elements ?? []) expect(texts(pair).join(' -> ')).toMatch(/^f(\d+) -> v\1$/)
    }
  })
})
