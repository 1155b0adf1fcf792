import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--latency-monitor-threshold', '20', '--enable-debug-command', 'yes'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.call('LATENCY', 'RESET')
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

/** A map, or a flat array, as names and values. */
function pairs({ elements }: RawReply): Map<string, RawReply> {
  const all = elements ?? []
  return new Map(all.filter((_, i) => i % 2 === 0).map(({ text }, i) => [text ?? '', all[i * 2 + 1]]))
}

/** The value of a name in a map. */
function at(map: RawReply, name: string): RawReply {
  const value = pairs(map).get(name)
  if (value === undefined) throw new Error(`no ${name} in ${texts(map).join(' ')}`)
  return value
}

describe('events', () => {
  test('a slow command leaves a sample', async () => {
    await client.call('DEBUG', 'SLEEP', '0.03')
    const [event] = (await client.call('LATENCY', 'LATEST')).elements ?? []
    const [name, seconds, ms, worst] = texts(event)
    expect(name).toBe('command')
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5)
    expect(Number(ms)).toBeGreaterThanOrEqual(30)
    expect(worst).toBe(ms)
    const history = (await client.call('LATENCY', 'HISTORY', 'command')).elements ?? []
    expect(history.map(texts)).toEqual([[seconds, ms]])
    const graph = (await client.call('LATENCY', 'GRAPH', 'command')).text
    expect(graph).toContain(`command - high ${ms} ms, low ${ms} ms (all time high ${ms} ms)\n${'-'.repeat(80)}\n`)
    expect((await client.call('LATENCY', 'DOCTOR')).text).toContain(`Worst all time event ${ms}ms.`)
    expect((await client.call('LATENCY', 'RESET', 'COMMAND', 'other')).text).toBe('1')
    expect((await client.call('LATENCY', 'LATEST')).elements).toEqual([])
  })

  test('pauses of the garbage collector are events too', async () => {
    const busy = await startRedisTs(['--save', '', '--latency-monitor-threshold', '1'])
    const other = await RawClient.connect(busy.port)
    const queue = Array.from({ length: 2000 }, (_, i) => ['SET', `key${i}`, 'x'.repeat(500)])
    const seen = async (): Promise<string[]> =>
      ((await other.call('LATENCY', 'LATEST')).elements ?? []).map(event => texts(event)[0])
    while (!(await seen()).includes('garbage-collection')) await other.pipeline([['MULTI'], ...queue, ['EXEC']])
    other.close()
    await busy.stop()
  })

  test('what is faster than the threshold leaves none, nor does anything for 0', async () => {
    await client.call('DEBUG', 'SLEEP', '0.005')
    await client.call('CONFIG', 'SET', 'latency-monitor-threshold', '0')
    await client.call('DEBUG', 'SLEEP', '0.03')
    expect((await client.call('LATENCY', 'LATEST')).elements).toEqual([])
    expect((await client.call('LATENCY', 'DOCTOR')).text).toContain('CONFIG SET latency-monitor-threshold')
    await client.call('CONFIG', 'SET', 'latency-monitor-threshold', '20')
  })
})

describe('HISTOGRAM', () => {
  test('counts the calls of commands and subcommands', async () => {
    await client.pipeline([
      ['CONFIG', 'RESETSTAT'],
      ['SET', 'k', 'v'],
      ['SET', 'k', 'v'],
      ['CLIENT', 'ID'],
    ])
    const all = pairs(await client.call('LATENCY', 'HISTOGRAM'))
    expect([...all.keys()].sort()).toEqual(['client|id', 'config|resetstat', 'set'])
    const named = await client.call('LATENCY', 'HISTOGRAM', 'client', 'get', 'nonsense', 'SET')
    expect([...pairs(named).keys()]).toEqual(['client|id', 'set'])
    const set = at(named, 'set')
    expect(at(set, 'calls').text).toBe('2')
    const counts = texts(at(set, 'histogram_usec')).map(Number)
    expect(counts.at(-1)).toBe(2)
    expect((await client.call('LATENCY', 'HISTOGRAM', 'client|id')).elements).toHaveLength(2)
  })

  test('consists of maps in RESP3', async () => {
    await client.pipeline([
      ['HELLO', '3'],
      ['GET', 'k'],
    ])
    const reply = await client.call('LATENCY', 'HISTOGRAM', 'get')
    const [, value] = reply.elements ?? []
    expect([reply.type, value.type, at(value, 'histogram_usec').type]).toEqual(['%', '%', '%'])
  })

  test('counts nothing while latency-tracking is off', async () => {
    await client.pipeline([
      ['CONFIG', 'SET', 'latency-tracking', 'no'],
      ['CONFIG', 'RESETSTAT'],
      ['GET', 'k'],
    ])
    expect((await client.call('LATENCY', 'HISTOGRAM')).elements).toEqual([])
    expect((await client.call('INFO', 'latencystats')).text).toBe('# Latencystats\r\n')
    await client.pipeline([
      ['CONFIG', 'SET', 'latency-tracking', 'yes'],
      ['GET', 'k'],
    ])
    expect((await client.call('LATENCY', 'HISTOGRAM', 'get')).elements).toHaveLength(2)
  })
})

test('INFO latencystats shows the percentiles asked for', async () => {
  await client.call('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0 12.5 100')
  await client.pipeline([
    ['CONFIG', 'RESETSTAT'],
    ['DEBUG', 'SLEEP', '0.02'],
  ])
  const text = (await client.call('INFO', 'latencystats')).text ?? ''
  const [, p0, p100] =
    /latency_percentiles_usec_debug:p0=(\d+\.\d{3}),p12\.5=\d+\.\d{3},p100=(\d+\.\d{3})\r\n/.exec(text) ?? []
  expect(Number(p0)).toBeGreaterThanOrEqual(19_800)
  expect(Number(p100)).toBeGreaterThan(Number(p0))
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('the same replies to wrong requests, and to questions about nothing', async () => {
    const theirs = await RawClient.connect((await startRedisServer(['--save', ''])).port)
    await expectSame(
      client,
      theirs,
      words(
        'latency',
        'latency x',
        'latency history',
        'latency history x',
        'latency latest',
        'latency latest x',
        'latency graph x',
        'latency reset x y',
        'latency doctor x',
        'latency help x',
        'latency histogram x',
      ),
    )
    theirs.close()
  })
})
