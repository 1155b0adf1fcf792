import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.call('FLUSHALL')
})

/** Scans to the end, with `meanwhile` between the calls; returns how often each key came. */
async function scan(
  options: string[] = [],
  meanwhile: (step: number) => Promise<void> = async () => {},
): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  let cursor = '0'
  let step = 0
  do {
    const { elements } = await ours.call('SCAN', cursor, ...options)
    if (elements === null) throw new Error('SCAN gave no array')
    cursor = elements[0].text ?? ''
    expect(cursor).toMatch(/^\d+$/)
    for (const key of texts(elements[1])) seen.set(key, (seen.get(key) ?? 0) + 1)
    await meanwhile(step++)
  } while (cursor !== '0')
  return seen
}

async function set(prefix: string, from: number, to: number): Promise<void> {
  await ours.pipeline(Array.from({ length: to - from }, (_, i) => ['SET', `${prefix}:${from + i}`, 'x']))
}

async function remove(prefix: string, from: number, to: number): Promise<void> {
  await ours.call('DEL', ...Array.from({ length: to - from }, (_, i) => `${prefix}:${from + i}`))
}

function expectOnceEach(seen: Map<string, number>, prefix: string, count: number): void {
  const wrong = Array.from({ length: count }, (_, i) => `${prefix}:${i}`).filter(key => seen.get(key) !== 1)
  expect(wrong).toEqual([])
}

describe('SCAN', () => {
  test.each(['1', '10', '777', '100000', '9223372036854775807'])('with COUNT %s gives every key once', async count => {
    await set('key', 0, 3000)
    const seen = await scan(['COUNT', count])
    expect(seen.size).toBe(3000)
    expectOnceEach(seen, 'key', 3000)
  })

  test('COUNT is about how many come at a time', async () => {
    await set('key', 0, 20_000)
    const { elements } = await ours.call('SCAN', '0', 'COUNT', '1000')
    const length = texts(elements?.[1] ?? { type: '', text: null, elements: null }).length
    expect(length).toBeGreaterThanOrEqual(1000)
    expect(length).toBeLessThan(1100)
  })

  test('an empty database ends at once', async () => {
    expect((await scan()).size).toBe(0)
  })

  test('gives what stays once, while the database grows', async () => {
    await set('stay', 0, 500)
    const seen = await scan(['COUNT', '5'], async step => {
      if (step < 100) await set('new', step * 100, step * 100 + 100)
    })
    expectOnceEach(seen, 'stay', 500)
  })

  test('gives what stays once, while the database shrinks', async () => {
    await set('stay', 0, 500)
    await set('gone', 0, 20_000)
    const seen = await scan(['COUNT', '50'], async step => {
      if (step < 100) await remove('gone', step * 200, step * 200 + 200)
    })
    expectOnceEach(seen, 'stay', 500)
  })

  test('gives what stays once, while other keys come and go', async () => {
    await set('stay', 0, 2000)
    const seen = await scan(['COUNT', '20'], async step => {
      if (step % 2 === 0) await set('other', 0, 2000)
      else await remove('other', 0, 2000)
    })
    expectOnceEach(seen, 'stay', 2000)
  })

  test('MATCH and TYPE choose among the keys', async () => {
    await set('a', 0, 100)
    await set('b', 0, 100)
    await ours.call('HSET', 'a:hash', 'f', 'v')
    expect([...(await scan(['MATCH', 'a:1?'])).keys()].sort()).toEqual(Array.from({ length: 10 }, (_, i) => `a:1${i}`))
    expect([...(await scan(['TYPE', 'hash'])).keys()]).toEqual(['a:hash'])
    expect((await scan(['type', 'STRING', 'MATCH', 'a:*'])).size).toBe(100)
    expect((await scan(['TYPE', 'stream'])).size).toBe(0)
    expect((await scan(['TYPE', 'nonsense'])).size).toBe(0)
  })

  test.each([[[]], [['TYPE', 'string']]])('leaves out expired keys, and deletes them (%s)', async options => {
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await set('key', 0, 100)
    await ours.pipeline(Array.from({ length: 100 }, (_, i) => ['SET', `gone:${i}`, 'x', 'PX', '1']))
    const before = Date.now()
    while (Date.now() <= before + 2) await ours.call('PING')
    expect((await ours.call('DBSIZE')).text).toBe('200')
    const seen = await scan(options)
    expect(seen.size).toBe(100)
    expectOnceEach(seen, 'key', 100)
    expect((await ours.call('DBSIZE')).text).toBe('100')
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
  })

  test('any number is a cursor', async () => {
    await set('key', 0, 1000)
    for (const cursor of ['1', '4294967295', '274877906943', '274877906944', '18446744073709551615', '-1']) {
      const reply = await ours.call('SCAN', cursor)
      expect(reply.elements, cursor).toHaveLength(2)
    }
  })
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('wrong arguments give the same errors', async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    const commands = [
      ['SCAN'],
      ['SCAN', 'x'],
      ['SCAN', ' 1'],
      ['SCAN', '1x'],
      ['SCAN', ''],
      ['SCAN', '18446744073709551616'],
      ['SCAN', '0', 'COUNT'],
      ['SCAN', '0', 'COUNT', '0'],
      ['SCAN', '0', 'COUNT', '-5'],
      ['SCAN', '0', 'COUNT', 'x'],
      ['SCAN', '0', 'COUNT', '99999999999999999999'],
      ['SCAN', '0', 'MATCH'],
      ['SCAN', '0', 'TYPE'],
      ['SCAN', '0', 'NONSENSE', 'x'],
      ['SCAN', '0', 'MATCH', '*', 'COUNT', '1', 'TYPE', 'hash'],
    ]
    const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
    for (const [i, command] of commands.entries())
      expect({ command, reply: mine[i] }).toEqual({ command, reply: theirs[i] })
    stock.close()
  })
})
