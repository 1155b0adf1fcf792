import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'

let ours: RawClient
let other: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', ''])
  ours = await RawClient.connect(port)
  other = await RawClient.connect(port)
})
afterAll(() => {
  ours.close()
  other.close()
})
beforeEach(async () => {
  await ours.call('HELLO', '3')
  await ours.pipeline([
    ['FLUSHALL'],
    ['CONFIG', 'SET', 'set-max-intset-entries', '512'],
    ['CONFIG', 'SET', 'set-max-listpack-entries', '128'],
  ])
})

function numbered(from: number, to: number, make = (i: number) => `member:${i}`): string[] {
  return Array.from({ length: to - from }, (_, i) => make(from + i))
}

async function fill(key: string, members: readonly string[]): Promise<void> {
  for (let at = 0; at < members.length; at += 100) await ours.call('SADD', key, ...members.slice(at, at + 100))
}

/** The reply of a command right behind which, in the same write, the sets are changed beyond recognition. */
async function replyOfTheMoment(command: string[], keys: readonly string[]): Promise<string[]> {
  const changes = keys.flatMap(key => [
    ['SADD', key, ...numbered(0, 500, i => `later:${i}`)],
    ['SREM', key, ...numbered(0, 2000)],
    ['SPOP', key, '300'],
  ])
  const removal = keys.map(key => ['DEL', key])
  const [reply] = await ours.pipeline([command, ...changes, ...removal])
  expect(reply.type).toBe('~')
  return texts(reply).sort()
}

describe('long replies are the members of the moment', () => {
  const A = numbered(0, 4000)
  const B = numbered(2500, 7000)
  const C = numbered(3900, 4100)
  const SMALL = ['member:3950', 'member:3', 'x']
  const common = (...sets: string[][]) => sets[0].filter(each => sets.every(set => set.includes(each))).sort()

  beforeEach(async () => {
    await fill('a', A)
    await fill('b', B)
    await fill('c', C)
    await fill('small', SMALL)
  })

  test.each([
    [['SMEMBERS', 'a'], [...A].sort()],
    [['SINTER', 'a', 'b'], common(A, B)],
    [['SINTER', 'b', 'a', 'c', 'b'], common(A, B, C)],
    [['SINTER', 'a', 'a'], [...A].sort()],
    [['SUNION', 'a', 'b', 'small', 'missing'], [...new Set([...A, ...B, ...SMALL])].sort()],
    [['SUNION', 'missing', 'a', 'a'], [...A].sort()],
    [['SDIFF', 'a', 'b'], numbered(0, 2500).sort()],
    [
      ['SDIFF', 'a', 'b', 'small', 'b'],
      numbered(0, 2500)
        .filter(each => each !== 'member:3')
        .sort(),
    ],
    [['SDIFF', 'a', 'missing'], [...A].sort()],
  ])('%j', async (command, expected) => {
    expect(await replyOfTheMoment(command, ['a', 'b', 'c', 'small'])).toEqual(expected)
    expect((await ours.call('DBSIZE')).text).toBe('0')
  })

  test('SUNION of many sets, each of which has little of its own', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `set:${i}`)
    for (const [i, key] of keys.entries()) await fill(key, numbered(i * 50, i * 50 + 150))
    expect(await replyOfTheMoment(['SUNION', ...keys], keys)).toEqual(numbered(0, 29 * 50 + 150).sort())
  })

  test('SDIFF of a large set and many small ones', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `set:${i}`)
    for (const [i, key] of keys.entries()) await fill(key, [`member:${i * 7}`, 'member:100', 'x'])
    const gone = new Set([...keys.map((_, i) => `member:${i * 7}`), 'member:100'])
    const expected = A.filter(each => !gone.has(each)).sort()
    expect(await replyOfTheMoment(['SDIFF', 'a', ...keys], ['a', ...keys])).toEqual(expected)
    expect((await ours.call('SDIFF', 'a', 'a', ...keys)).elements).toEqual([])
  })

  test('SINTERCARD counts up to its limit', async () => {
    const replies = await ours.pipeline([
      ['SINTERCARD', '2', 'a', 'b'],
      ['DEL', 'b'],
      ['SINTERCARD', '2', 'a', 'c', 'LIMIT', '0'],
      ['SINTERCARD', '2', 'a', 'a', 'LIMIT', '70'],
      ['SINTERCARD', '2', 'a', 'c', 'LIMIT', '70'],
    ])
    expect(replies.map(({ text }) => text)).toEqual(['1500', '1', '100', '70', '70'])
  })

  test('inside a transaction, too', async () => {
    await ours.pipeline([['MULTI'], ['SINTER', 'a', 'b'], ['DEL', 'a', 'b'], ['SMEMBERS', 'c'], ['DEL', 'c']])
    const reply = await ours.call('EXEC')
    expect(reply.elements?.map(each => (each.elements === null ? each.text : each.elements.length))).toEqual([
      1500,
      '2',
      200,
      '1',
    ])
  })

  test('SPOP of all of it is the whole set, which is gone at once', async () => {
    const [reply, exists] = await ours.pipeline([
      ['SPOP', 'a', '4000'],
      ['EXISTS', 'a'],
      ['SADD', 'a', 'new'],
    ])
    expect(texts(reply).sort()).toEqual([...A].sort())
    expect(exists.text).toBe('0')
    expect(texts(await ours.call('SMEMBERS', 'a'))).toEqual(['new'])
  })

  test('of sets that are small by other limits than the usual ones', async () => {
    await ours.pipeline([
      ['CONFIG', 'SET', 'set-max-intset-entries', '100000'],
      ['CONFIG', 'SET', 'set-max-listpack-entries', '100000'],
    ])
    const integers = numbered(0, 5000, i => String(i * 1e9))
    await fill('integers', integers)
    await fill('strings', A)
    expect((await ours.call('OBJECT', 'ENCODING', 'integers')).text).toBe('intset')
    expect((await ours.call('OBJECT', 'ENCODING', 'strings')).text).toBe('listpack')
    const keys = ['integers', 'strings', 'a']
    for (const [command, expected] of [
      [['SMEMBERS', 'integers'], [...integers].sort()],
      [['SMEMBERS', 'strings'], [...A].sort()],
      [['SUNION', 'integers', 'strings'], [...integers, ...A].sort()],
      [['SINTER', 'strings', 'b'], common(A, B)],
    ] as const) {
      expect(await replyOfTheMoment([...command], keys)).toEqual(expected)
      await fill('integers', integers)
      await fill('strings', A)
      await ours.call('SREM', 'integers', ...numbered(0, 500, i => `later:${i}`))
    }
    const drawn = texts(await ours.call('SRANDMEMBER', 'integers', '-5000'))
    expect(drawn.length).toBe(5000)
    expect(drawn.every(each => integers.includes(each))).toBe(true)
  })

  test('choices and draws', async () => {
    const set = new Set(A)
    for (const count of [1500, 3999]) {
      const [reply] = await ours.pipeline([
        ['SRANDMEMBER', 'a', String(count)],
        ['DEL', 'a'],
      ])
      const drawn = texts(reply)
      expect(new Set(drawn).size).toBe(count)
      expect(drawn.every(each => set.has(each))).toBe(true)
      await fill('a', A)
    }
    const draws = texts(await ours.call('SRANDMEMBER', 'a', '-20000'))
    expect(draws.length).toBe(20_000)
    expect(new Set(draws).size).toBeGreaterThan(3800)
  })
})

test('others are served while the members of large sets are compared', async () => {
  await fill('a', numbered(0, 60_000))
  await fill('b', numbered(30_000, 90_000))
  const before = await ours.call('SINTERCARD', '2', 'a', 'b')
  expect(before.text).toBe('30000')
  // Twelve commands of some ten milliseconds each; whoever asks meanwhile is answered between two slices.
  const replies = ours.pipeline(Array.from({ length: 12 }, () => ['SINTERCARD', '2', 'a', 'b']))
  let answered = 0
  let done = false
  void replies.then(() => {
    done = true
  })
  while (!done) {
    await other.call('PING')
    answered++
  }
  expect((await replies).every(({ text }) => text === '30000')).toBe(true)
  expect(answered).toBeGreaterThan(12)
})

test('sets of the moment stay out of the way of FLUSHALL', async () => {
  await fill('a', numbered(0, 5000))
  await fill('b', numbered(2000, 7000))
  const [inter, union] = await ours.pipeline([
    ['SINTER', 'a', 'b'],
    ['SUNION', 'a', 'b'],
    ['FLUSHALL'],
    ['SADD', 'a', 'x'],
  ])
  expect(inter.elements?.length).toBe(3000)
  expect(union.elements?.length).toBe(7000)
  expect(texts(await ours.call('SMEMBERS', 'a'))).toEqual(['x'])
})
