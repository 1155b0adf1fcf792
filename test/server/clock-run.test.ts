/** Brief commands share a reading of the clock: what commandstats, the histograms and the slow log say of them. */
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
})
afterAll(async () => {
  await server.stop()
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.pipeline([
    ['FLUSHALL'],
    ['CONFIG', 'SET', 'slowlog-log-slower-than', '10000', 'latency-tracking', 'yes'],
    ['CONFIG', 'RESETSTAT'],
    ['SLOWLOG', 'RESET'],
  ])
  return () => client.close()
})

/** Calls, and microseconds in all, of a command. */
async function stats(command: string): Promise<{ calls: number; usec: number }> {
  const { text } = await client.call('INFO', 'commandstats')
  const line = new RegExp(`^cmdstat_${command}:calls=(\\d+),usec=(\\d+),`, 'm').exec(text ?? '')
  return { calls: Number(line?.[1] ?? 0), usec: Number(line?.[2] ?? 0) }
}

async function medianUsec(command: string): Promise<number> {
  const text = (await client.call('INFO', 'latencystats')).text ?? ''
  return Number(new RegExp(`^latency_percentiles_usec_${command}:p50=([\\d.]+)`, 'm').exec(text)?.[1])
}

/** How many calls of a command LATENCY HISTOGRAM has counted. */
async function counted(command: string): Promise<number> {
  const [, entry] = (await client.call('LATENCY', 'HISTOGRAM', command)).elements ?? []
  return Number(entry?.elements?.[1]?.text ?? 0)
}

const many = (count: number, ...command: string[]): string[][] => Array.from({ length: count }, () => command)

async function slowlog(): Promise<string[]> {
  const entries = (await client.call('SLOWLOG', 'GET', '-1')).elements ?? []
  return entries.map(({ elements }) => texts((elements ?? [])[3]).join(' '))
}

describe('runs of brief commands', () => {
  test.each([1, 31, 32, 33, 64, 100, 1000])('%i in a row are all counted', async count => {
    await client.pipeline([
      ...many(count, 'INCR', 'k'),
      ...many(count, 'GET', 'k'),
      ...many(count, 'HSET', 'h', 'f', 'v'),
    ])
    for (const command of ['incr', 'get', 'hset']) {
      expect((await stats(command)).calls).toBe(count)
      expect(await counted(command)).toBe(count)
    }
  })

  test('take no more time together than has passed, and some', async () => {
    const before = performance.now()
    await client.pipeline(
      Array.from({ length: 5000 }, (_, i) => [
        ['SET', `k${i}`, 'v'],
        ['GET', `k${i}`],
      ]).flat(),
    )
    const passedUs = (performance.now() - before) * 1000
    const [set, get] = [await stats('set'), await stats('get')]
    expect([set.calls, get.calls]).toEqual([5000, 5000])
    for (const { usec } of [set, get]) expect(usec).toBeGreaterThan(0)
    expect(set.usec + get.usec).toBeLessThanOrEqual(passedUs)
  })

  test('a slow command among them is charged itself, and is what the slow log names', async () => {
    await client.pipeline([...many(20, 'GET', 'k'), ['DEBUG', 'SLEEP', '0.05'], ...many(20, 'GET', 'k')])
    const sleep = await stats('debug')
    expect(sleep.calls).toBe(1)
    expect(sleep.usec).toBeGreaterThanOrEqual(50_000)
    expect((await slowlog()).filter(entry => /^DEBUG/.test(entry))).toEqual(['DEBUG SLEEP 0.05'])
    expect(await stats('get').then(({ calls }) => calls)).toBe(40)
  })

  test('a slow one that is brief by its name is timed alone', async () => {
    // A listpack that no usual setting allows is searched from its start.
    await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', '1000000')
    await client.call('HSET', 'long', ...Array.from({ length: 4000 }, (_, i) => [`field:${i}`, 'v']).flat())
    await client.call('CONFIG', 'RESETSTAT')
    const mixed = Array.from({ length: 500 }, () => [
      ['STRLEN', 'k'],
      ['HGET', 'long', 'nosuch'],
    ])
    await client.pipeline(mixed.flat())
    await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', '128')
    const [brief, slow] = [await stats('strlen'), await stats('hget')]
    expect([brief.calls, slow.calls]).toEqual([500, 500])
    // Medians: a collection of garbage may hit either of them.
    expect(await medianUsec('hget')).toBeGreaterThan(3 * (await medianUsec('strlen')))
  })

  test('slowlog-log-slower-than 0 logs every one, with its own words', async () => {
    await client.pipeline([
      ['CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '1000'],
      ['SLOWLOG', 'RESET'],
    ])
    const commands = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? ['SET', `k${i}`, 'v'] : ['GET', `k${i - 1}`]))
    await client.pipeline(commands)
    const logged = (await slowlog()).filter(entry => /^[GS]ET/.test(entry)).reverse()
    expect(logged).toEqual(commands.map(words => words.join(' ')))
  })

  test('are in no histogram under latency-tracking no, and in commandstats all the same', async () => {
    await client.call('CONFIG', 'SET', 'latency-tracking', 'no')
    await client.pipeline(many(100, 'GET', 'k'))
    expect(await counted('get')).toBe(0)
    expect((await stats('get')).calls).toBe(100)
    await client.pipeline([['CONFIG', 'SET', 'latency-tracking', 'yes'], ...many(50, 'GET', 'k')])
    expect(await counted('get')).toBe(50)
  })

  test('CONFIG RESETSTAT in their midst forgets those ahead of it only', async () => {
    await client.pipeline([...many(20, 'GET', 'k'), ['CONFIG', 'RESETSTAT'], ...many(7, 'GET', 'k')])
    expect((await stats('get')).calls).toBe(7)
    expect(await counted('get')).toBe(7)
  })

  test('inside a transaction each is counted, and so is EXEC', async () => {
    await client.pipeline([['MULTI'], ...many(50, 'INCR', 'k'), ['EXEC'], ...many(5, 'INCR', 'k')])
    expect((await stats('incr')).calls).toBe(55)
    expect(await counted('incr')).toBe(55)
    expect(await counted('exec')).toBe(1)
  })

  test('those that fail are counted, too', async () => {
    await client.call('HSET', 'h', 'f', 'v')
    await client.pipeline([...many(40, 'GET', 'h'), ...many(3, 'INCR', 'h')])
    const { text } = await client.call('INFO', 'commandstats')
    expect(text).toMatch(/cmdstat_get:calls=40,.*rejected_calls=0,failed_calls=40/)
    expect(text).toMatch(/cmdstat_incr:calls=3,.*failed_calls=3/)
  })
})

describe('brief commands that scripts call', () => {
  const loop = (calls: number, command: string) =>
    client.call('EVAL', `for i = 1, ${calls} do redis.call(${command}) end`, '0')

  test.each([1, 63, 64, 65, 1000])('%i of them are all counted', async calls => {
    await loop(calls, '"incr", "k"')
    expect((await stats('incr')).calls).toBe(calls)
    expect(await counted('incr')).toBe(calls)
  })

  test('take some time each, without that of the script', async () => {
    await client.call('EVAL', 'for i = 1, 100 do redis.call("get", "k") for j = 1, 1e4 do end end', '0')
    const median = await medianUsec('get')
    expect(median).toBeGreaterThan(0)
    // The loop in between takes longer.
    expect(median).toBeLessThan(50)
  })

  test('a long one is timed, and no other is taken to be as long', async () => {
    await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', '1000000')
    await client.call('HSET', 'long', ...Array.from({ length: 4000 }, (_, i) => [`field:${i}`, 'v']).flat())
    await client.pipeline([
      ['HSET', 'short', 'f', 'v'],
      ['CONFIG', 'RESETSTAT'],
    ])
    await client.call(
      'EVAL',
      'for i = 1, 800 do redis.call("hget", i % 8 < 2 and "long" or "short", "nosuch") redis.call("strlen", "k") end',
      '0',
    )
    await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', '128')
    // A quarter of the calls are long: they make the mean, and not the median.
    const median = await medianUsec('hget')
    expect(median).toBeLessThan(10)
    expect((await stats('hget')).usec / 800).toBeGreaterThan(2 * median)
  })

  test('slowlog-log-slower-than 0 logs every one', async () => {
    await client.pipeline([
      ['CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '1000'],
      ['SLOWLOG', 'RESET'],
    ])
    await loop(200, '"incr", "k"')
    expect((await slowlog()).filter(entry => entry === 'incr k')).toHaveLength(200)
  })
})
