import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

const OPTIONS = ['--save', '']

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

describe('beside stock Redis', requireStock('redis-server'), () => {
  const key = fc.constantFrom('a', 'b', 'h', 'missing')
  // Far away from the present, so that both servers see the same: far future, long past, and what does not fit.
  const time = fc.constantFrom(
    '4000000000',
    '4000000001',
    '5000000000',
    '4000000000000',
    '5000000000000',
    '-1',
    '0',
    '1',
    '-9223372036854775808',
    '-9223372036854775',
    '-9223372036854776',
    '9223372036854775',
    '9223372036854776',
    '9223370399119966',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    'x',
    '1.5',
    '',
  )
  const option = fc.constantFrom('NX', 'xx', 'GT', 'lt', 'Lt', 'AB', '')
  const at = fc.constantFrom('EXPIREAT', 'PEXPIREAT', 'expireat', 'EXPIRE', 'PEXPIRE')
  const command: fc.Arbitrary<string[]> = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('a', 'b').map((k): string[] => ['SET', k, 'value']) },
    { weight: 1, arbitrary: fc.constant<string[]>(['HSET', 'h', 'f', 'v']) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(at, key, time, fc.oneof(fc.constant<string[]>([]), fc.array(option, { maxLength: 3 })))
        .map(([name, k, t, options]): string[] => [name, k, t, ...options]),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('PERSIST', 'EXPIRETIME', 'EXISTS'), key).map((words): string[] => [...words]),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('EXPIRE', 'TTL', 'PERSIST'), fc.array(key, { maxLength: 3 }))
        .map(([name, keys]): string[] => [name, ...keys]),
    },
  )

  test('the same commands give the same replies', { timeout: 120_000 }, async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async words => {
        const all = [['FLUSHALL'], ...words]
        const [mine, theirs] = await Promise.all([ours.pipeline(all), stock.pipeline(all)])
        for (const [i, each] of all.entries()) {
          // Relative times are counted by two clocks.
          const [a, b] = [mine[i], theirs[i]]
          const inexact = /^(TTL|EXPIRETIME)$/.test(each[0]) && Math.abs(Number(a.text) - Number(b.text)) <= 1
          if (!inexact) expect({ command: each, reply: a }).toEqual({ command: each, reply: b })
        }
      }),
      { numRuns: 200 },
    )
    stock.close()
  })
})

describe('EXPIRE', () => {
  test.each([
    ['EXPIRE', '100', 99_000, 100_000],
    ['PEXPIRE', '5000', 4000, 5000],
  ])('%s %s counts from now', async (name, time, least, most) => {
    await ours.call('SET', 'key', 'value')
    expect(await text(name, 'key', time)).toBe('1')
    const left = Number(await text('PTTL', 'key'))
    expect(left).toBeGreaterThan(least)
    expect(left).toBeLessThanOrEqual(most)
    expect(await text('TTL', 'key')).toBe(String(Math.round(most / 1000)))
  })

  test('deletes the key when the time has passed', async () => {
    for (const command of [
      ['EXPIRE', 'key', '-1'],
      ['EXPIRE', 'key', '0'],
      ['EXPIREAT', 'key', '1'],
      ['PEXPIREAT', 'key', '1000'],
    ]) {
      await ours.call('SET', 'key', 'value')
      expect(await text(...command)).toBe('1')
      expect(await text('EXISTS', 'key')).toBe('0')
      expect(await text('TTL', 'key')).toBe('-2')
    }
  })

  test('a key is gone once its time has come, asked for or not', async () => {
    await ours.call('SET', 'asked', 'value', 'PX', '20')
    await ours.call('SET', 'left alone', 'value', 'PX', '20')
    while ((await text('GET', 'asked')) !== null) await new Promise(resolve => setImmediate(resolve))
    while ((await text('DBSIZE')) !== '0') await new Promise(resolve => setImmediate(resolve))
  })

  test('times at the end of 64 bits are kept, and never reached', async () => {
    await ours.call('SET', 'key', 'value')
    expect(await text('PEXPIREAT', 'key', '9223372036854775807')).toBe('1')
    expect(await text('PEXPIRETIME', 'key')).toBe('9223372036854775807')
    expect(await text('GET', 'key')).toBe('value')
  })

  test('PERSIST takes the expiry away, and only once', async () => {
    await ours.call('SET', 'key', 'value', 'EX', '100')
    expect(await text('PERSIST', 'key')).toBe('1')
    expect(await text('TTL', 'key')).toBe('-1')
    expect(await text('PERSIST', 'key')).toBe('0')
    expect(await text('GET', 'key')).toBe('value')
  })

  test('seconds are rounded to the nearest', async () => {
    await ours.call('SET', 'key', 'value', 'PX', '10499')
    expect(await text('TTL', 'key')).toBe('10')
    await ours.call('PEXPIREAT', 'key', '4000000000500')
    expect(await text('EXPIRETIME', 'key')).toBe('4000000001')
  })
})
