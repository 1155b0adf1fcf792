import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

let client: RawClient
let other: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', '', '--zset-max-listpack-entries', '20'])
  client = await RawClient.connect(port)
  other = await RawClient.connect(port)
})
afterAll(() => {
  client.close()
  other.close()
})
beforeEach(async () => {
  await client.call('HELLO', '2')
  await client.call('FLUSHALL')
})

async function fill(members: number): Promise<void> {
  const pairs = Array.from({ length: members }, (_, i) => [String(i / 2), `m${i}`])
  for (let i = 0; i < members; i += 1000) await client.call('ZADD', 'z', ...pairs.slice(i, i + 1000).flat())
}

/** "member score" of a flat reply. */
function pairsOf(elements: readonly RawReply[]): string[] {
  return elements.flatMap(({ text }, i) => (i % 2 === 0 ? [`${text} ${elements[i + 1].text}`] : []))
}

function allPairs(members: number): string[] {
  return Array.from({ length: members }, (_, i) => `m${i} ${i / 2}`).sort()
}

describe('ZSCAN', () => {
  test.each(['50', '5000'])(
    'goes through a large sorted set with COUNT %s and returns each member once',
    async count => {
      await fill(20_000)
      const seen: string[] = []
      let cursor = '0'
      let calls = 0
      do {
        const reply = await client.call('ZSCAN', 'z', cursor, 'COUNT', count)
        cursor = reply.elements?.[0].text ?? '0'
        seen.push(...pairsOf(reply.elements?.[1].elements ?? []))
        calls++
      } while (cursor !== '0')
      expect(calls).toBeGreaterThan(2)
      expect(seen.sort()).toEqual(allPairs(20_000))
    },
  )

  test('with a large COUNT returns what is there throughout, and ends when the key goes', async () => {
    await fill(20_000)
    const [scanned] = await Promise.all([
      client.call('ZSCAN', 'z', '0', 'COUNT', '1000000'),
      ...Array.from({ length: 50 }, (_, i) => other.call('ZADD', 'z', String(-i), `m${i * 7}`, '1', `new ${i}`)),
    ])
    const names = new Set(pairsOf(scanned.elements?.[1].elements ?? []).map(pair => pair.replace(/ \S*$/, '')))
    for (let i = 0; i < 20_000; i++) expect(names.has(`m${i}`), `m${i}`).toBe(true)
    for (const command of [['DEL', 'z'], ['UNLINK', 'z'], ['FLUSHALL'], ['FLUSHDB']]) {
      await client.call('FLUSHALL')
      await fill(20_000)
      const [reply] = await Promise.all([
        client.call('ZSCAN', 'z', '0', 'COUNT', '1000000'),
        other.call(...command),
        fillOther(),
      ])
      expect(reply.elements?.[0].text).toBe('0')
      for (const pair of pairsOf(reply.elements?.[1].elements ?? [])) expect(pair).toMatch(/^m\d+ -?[\d.]+$/)
    }
  })

  /** Uses the memory that has become free. */
  async function fillOther(): Promise<void> {
    const pairs = Array.from({ length: 2000 }, (_, i) => ['9', `other ${i}`])
    await other.call('ZADD', 'other', ...pairs.flat())
  }

  test('inside a transaction comes before what follows it', async () => {
    await fill(5000)
    const replies = await client.pipeline([['MULTI'], ['ZSCAN', 'z', '0', 'COUNT', '100000'], ['DEL', 'z'], ['EXEC']])
    const [scanned, deleted] = replies[3].elements ?? []
    expect(pairsOf(scanned.elements?.[1].elements ?? []).sort()).toEqual(allPairs(5000))
    expect(deleted.text).toBe('1')
  })

  test.each([15, 5000])('MATCH filters the members of %d, not the scores', async members => {
    await fill(members)
    const reply = await client.call('ZSCAN', 'z', '0', 'MATCH', 'm1?', 'COUNT', '100000')
    const found = pairsOf(reply.elements?.[1].elements ?? []).sort()
    expect(found).toEqual(allPairs(Math.min(20, members)).filter(pair => /^m1\d /.test(pair)))
    const none = await client.call('ZSCAN', 'z', '0', 'MATCH', '1*', 'COUNT', '100000')
    expect(none.elements?.[1].elements).toEqual([])
  })
})

describe.each([
  ['a listpack', 12],
  ['a large one', 60],
])('ZRANDMEMBER on %s', (_, members) => {
  beforeEach(() => fill(members))

  test('without a count gives one member, each about as often', async () => {
    const counts = new Map<string, number>()
    const draws = Array.from({ length: 200 * members }, () => ['ZRANDMEMBER', 'z'])
    for (const { text } of await client.pipeline(draws)) counts.set(text ?? '', (counts.get(text ?? '') ?? 0) + 1)
    expect(counts.size).toBe(members)
    for (const times of counts.values()) expect(Math.abs(times - 200)).toBeLessThan(90)
  })

  test('with a positive count gives different members, all of them at most', async () => {
    for (const count of [1, 2, 5, members - 1, members, members + 5]) {
      const drawn = texts(await client.call('ZRANDMEMBER', 'z', String(count)))
      expect(drawn.length).toBe(Math.min(count, members))
      expect(new Set(drawn).size).toBe(drawn.length)
      for (const name of drawn) expect(name).toMatch(/^m\d+$/)
    }
  })

  test('with a positive count chooses every member about as often', async () => {
    for (const count of [2, members - 1]) {
      const counts = new Map<string, number>()
      const rounds = Math.ceil((200 * members) / count)
      const draws = Array.from({ length: rounds }, () => ['ZRANDMEMBER', 'z', String(count)])
      for (const reply of await client.pipeline(draws)) {
        for (const name of texts(reply)) counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      expect(counts.size).toBe(members)
      for (const times of counts.values()) expect(Math.abs(times - 200)).toBeLessThan(90)
    }
  })

  test('with a negative count draws each member anew', async () => {
    const drawn = texts(await client.call('ZRANDMEMBER', 'z', '-2000'))
    expect(drawn.length).toBe(2000)
    expect(new Set(drawn).size).toBe(members)
  })

  test('WITHSCORES is flat in RESP2 and pairs in RESP3', async () => {
    const all = new Set(allPairs(members))
    for (const count of ['3', '-3', '100', '-1500']) {
      const flat = await client.call('ZRANDMEMBER', 'z', count, 'WITHSCORES')
      for (const pair of pairsOf(flat.elements ?? [])) expect(all.has(pair), pair).toBe(true)
    }
    await client.call('HELLO', '3')
    for (const count of ['3', '-3', '100', '-1500']) {
      const nested = await client.call('ZRANDMEMBER', 'z', count, 'withscores')
      expect(nested.elements?.length).toBe(count === '100' ? members : Math.abs(Number(count)))
      for (const pair of nested.elements ?? []) {
        expect(pair.elements?.[1].type).toBe(',')
        expect(all.has(texts(pair).join(' '))).toBe(true)
      }
    }
  })
})

describe('long replies', () => {
  beforeEach(() => fill(5000))

  test.each(['2', '3'])('of ranges and pops have the shape of short ones in RESP%s', async resp => {
    await client.call('HELLO', resp)
    const pairs = (reply: RawReply): string[] =>
      resp === '3' ? (reply.elements ?? []).map(pair => texts(pair).join(' ')) : pairsOf(reply.elements ?? [])
    const inOrder = Array.from({ length: 5000 }, (_, i) => `m${i} ${i / 2}`)
    expect(pairs(await client.call('ZRANGE', 'z', '0', '-1', 'WITHSCORES'))).toEqual(inOrder)
    expect(pairs(await client.call('ZRANGE', 'z', '0', '-1', 'REV', 'WITHSCORES'))).toEqual(inOrder.toReversed())
    expect(texts(await client.call('ZRANGE', 'z', '(100', '2000', 'BYSCORE', 'LIMIT', '1', '3000'))).toEqual(
      inOrder.slice(202, 3202).map(pair => pair.replace(/ .*/, '')),
    )
    expect(pairs(await client.call('ZUNION', '2', 'z', 'none', 'WITHSCORES'))).toEqual(inOrder)
    expect(pairs(await client.call('ZPOPMIN', 'z', '2000'))).toEqual(inOrder.slice(0, 2000))
    const [popped, after] = await client.pipeline([
      ['ZMPOP', '2', 'none', 'z', 'MAX', 'COUNT', '2500'],
      ['ZRANGE', 'z', '0', '-1', 'WITHSCORES'],
    ])
    expect(popped.elements?.[0].text).toBe('z')
    expect((popped.elements?.[1].elements ?? []).map(pair => texts(pair).join(' '))).toEqual(
      inOrder.slice(2500).toReversed(),
    )
    expect(pairs(after)).toEqual(inOrder.slice(2000, 2500))
  })
})
