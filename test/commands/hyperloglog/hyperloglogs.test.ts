import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSameFromEmpty, words } from '../side-by-side.js'

const ARGUMENTS = ['--save', '', '--enable-debug-command', 'yes']
const NOT_ONE = 'WRONGTYPE Key is not a valid HyperLogLog string value.'
const DAMAGED = 'INVALIDOBJ Corrupted HLL object detected'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(ARGUMENTS)
  client = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await client.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'hll-sparse-max-bytes', '3000']])
})
afterAll(async () => {
  client.close()
  await server.stop()
})

async function text(...command: string[]): Promise<string | null> {
  return (await client.call(...command)).text
}

function elements(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `element ${from + i}`)
}

describe('PFADD', () => {
  test('tells whether the HyperLogLog has changed, or is new', async () => {
    expect(await text('PFADD', 'h')).toBe('1')
    expect(await text('PFADD', 'h')).toBe('0')
    expect(await text('PFADD', 'h', 'a', 'b')).toBe('1')
    expect(await text('PFADD', 'h', 'b', 'a')).toBe('0')
    expect(await text('PFADD', 'h', '')).toBe('1')
    expect(await text('PFCOUNT', 'h')).toBe('3')
  })

  test('keeps the time to live', async () => {
    await client.call('PFADD', 'h', 'a')
    await client.call('PEXPIREAT', 'h', '4102444800000')
    await client.call('PFADD', 'h', ...elements(0, 10_000))
    expect(await text('PFDEBUG', 'ENCODING', 'h')).toBe('dense')
    expect(await text('PEXPIRETIME', 'h')).toBe('4102444800000')
  })

  test('makes a string raw even where it changes nothing, as Redis does', async () => {
    await client.call('PFADD', 'h', 'a')
    await client.call('SET', 'copy', (await text('GET', 'h')) ?? '')
    expect(await text('OBJECT', 'ENCODING', 'copy')).toBe('embstr')
    expect(await text('PFADD', 'copy', 'a')).toBe('0')
    expect(await text('OBJECT', 'ENCODING', 'copy')).toBe('raw')
  })

  test('leaves what a reply on its way refers to as it was', async () => {
    await client.call('PFADD', 'h', ...elements(0, 10_000))
    const [before, , after] = await client.pipeline([
      ['GET', 'h'],
      ['PFADD', 'h', ...elements(10_000, 20_000)],
      ['GET', 'h'],
    ])
    expect(before.text).not.toBe(after.text)
    expect(before.text?.length).toBe(12304)
    const again = await RawClient.connect(server.port)
    await again.pipeline([
      ['DEL', 'other'],
      ['PFADD', 'other', ...elements(0, 10_000)],
    ])
    expect((await again.call('GET', 'other')).text).toBe(before.text)
    again.close()
  })
})

describe('PFCOUNT', () => {
  test('counts the union of several keys, missing ones included', async () => {
    await client.call('PFADD', 'a', ...elements(0, 3000))
    await client.call('PFADD', 'b', ...elements(2000, 5000))
    const count = Number(await text('PFCOUNT', 'a', 'missing', 'b'))
    expect(Math.abs(count - 5000)).toBeLessThan(250)
    expect(await text('PFCOUNT', 'missing')).toBe('0')
    expect(await text('PFCOUNT', 'missing', 'missing')).toBe('0')
  })

  test('gives any number that a header says', async () => {
    for (const [bytes, count] of [
      ['\x05\0\0\0\0\0\0\0', '5'],
      ['\xff\xff\xff\xff\xff\xff\x1f\0', '9007199254740991'],
      ['\xff\xff\xff\xff\xff\xff\xff\x7f', '9223372036854775807'],
    ]) {
      await client.pipeline([
        ['PFADD', 'h', 'a'],
        ['SETRANGE', 'h', '8', bytes],
      ])
      expect(await text('PFCOUNT', 'h')).toBe(count)
    }
  })

  test('of so many keys that it goes on in slices sees them as they were', async () => {
    const keys = elements(0, 400)
    await client.pipeline(keys.map((key, i) => ['PFADD', key, ...elements(i * 50, i * 50 + 50)]))
    await client.pipeline(keys.map(key => ['PFDEBUG', 'TODENSE', key]))
    await client.pipeline(keys.map((key, i) => ['PFADD', `sparse ${key}`, ...elements(i * 50, i * 50 + 50)]))
    await client.call('PFMERGE', 'all', ...keys)
    const all = await text('PFCOUNT', 'all')
    const other = await RawClient.connect(server.port)
    const every = [...keys, ...keys.map(key => `sparse ${key}`), ...keys]
    const [counted] = await Promise.all([
      client.pipeline([
        ['PFCOUNT', ...every],
        ['PFADD', keys[399], ...elements(100_000, 200_000)],
        ['PFCOUNT', ...every],
      ]),
      other.pipeline(keys.map(key => ['PFADD', key, 'nothing new'])),
    ])
    expect(Math.abs(Number(counted[0].text) - Number(all))).toBeLessThanOrEqual(1)
    expect(Number(counted[2].text)).toBeGreaterThan(110_000)
    other.close()
  })

  test('of many keys finds the first one that is wrong', async () => {
    const keys = elements(0, 400)
    await client.pipeline(keys.map(key => ['PFADD', key, 'a']))
    await client.pipeline(keys.map(key => ['PFDEBUG', 'TODENSE', key]))
    await client.call('SET', 'none', 'x')
    await client.pipeline([
      ['PFADD', 'damaged', 'a'],
      ['APPEND', 'damaged', 'x'],
    ])
    expect(await text('PFCOUNT', ...keys, 'none', 'damaged')).toBe(NOT_ONE)
    expect(await text('PFCOUNT', ...keys, 'damaged', 'none')).toBe(DAMAGED)
    await client.call('LPUSH', 'list', 'x')
    expect(await text('PFCOUNT', ...keys, 'list')).toMatch(/^WRONGTYPE Operation against a key/)
    const replies = await client.pipeline([['MULTI'], ['PFCOUNT', ...keys, 'none'], ['PFCOUNT', ...keys], ['EXEC']])
    expect(texts(replies[3])).toEqual([NOT_ONE, '1'])
    expect(await text('INFO', 'errorstats')).toMatch(/errorstat_INVALIDOBJ:count=\d/)
  })
})

describe('PFMERGE', () => {
  test('makes the destination the union of all, itself included', async () => {
    await client.call('PFADD', 'a', ...elements(0, 10))
    await client.call('PFADD', 'b', ...elements(5, 15))
    await client.call('PFADD', 'to', 'x')
    expect(await text('PFMERGE', 'to', 'a', 'missing', 'b')).toBe('OK')
    expect(await text('PFCOUNT', 'to')).toBe('16')
    expect(await text('PFDEBUG', 'ENCODING', 'to')).toBe('sparse')
  })

  test('is dense when one of them is', async () => {
    await client.pipeline([
      ['PFADD', 'a', 'x'],
      ['PFDEBUG', 'TODENSE', 'a'],
      ['PFADD', 'b', 'y'],
    ])
    await client.call('PFMERGE', 'b', 'a')
    expect([await text('PFDEBUG', 'ENCODING', 'b'), await text('PFCOUNT', 'b')]).toEqual(['dense', '2'])
  })
})

describe('what is no HyperLogLog', () => {
  test('is refused in the words of Redis', async () => {
    const commands = [
      ['PFADD', 'x'],
      ['PFCOUNT', 'x'],
      ['PFCOUNT', 'x', 'x'],
      ['PFMERGE', 'x'],
      ['PFDEBUG', 'ENCODING', 'x'],
    ]
    for (const value of ['', '12', 'HYLL', `HYLL\x02${'\0'.repeat(11)}`, `HYLL${'\0'.repeat(12_299)}`]) {
      await client.call('SET', 'x', value)
      for (const command of commands) expect([command, await text(...command)]).toEqual([command, NOT_ONE])
    }
    await client.pipeline([
      ['DEL', 'x'],
      ['LPUSH', 'x', 'y'],
    ])
    for (const command of commands) expect(await text(...command)).toMatch(/^WRONGTYPE Operation against a key/)
  })

  test('a damaged one is refused once its registers are looked at', async () => {
    await client.pipeline([
      ['PFADD', 'x', 'a', 'b', 'c'],
      ['APPEND', 'x', 'hello'],
    ])
    expect(await text('PFCOUNT', 'x')).toBe(DAMAGED)
    expect(await text('PFMERGE', 'x')).toBe(DAMAGED)
    expect(await text('PFMERGE', 'y', 'x')).toBe(DAMAGED)
    expect(await text('PFDEBUG', 'GETREG', 'x')).toBe(DAMAGED)
    expect(await text('PFDEBUG', 'TODENSE', 'x')).toBe(DAMAGED)
    expect(await text('EXISTS', 'y')).toBe('0')
  })

  test('a damaged one of many megabytes holds nobody up', async () => {
    await client.pipeline([
      ['PFADD', 'x'],
      ['SETRANGE', 'x', '16', '\x40\0\x40\0\x40\0'],
      ['SETRANGE', 'x', '100000000', 'x'],
    ])
    const began = performance.now()
    // Each register of an XZERO alone takes a byte less as a VAL, so that all behind it would move.
    const replies = await client.pipeline(elements(0, 20_000).map(element => ['PFADD', 'x', element]))
    expect(new Set(replies.map(reply => reply.text)).has(DAMAGED)).toBe(true)
    expect(await text('PFDEBUG', 'DECODE', 'x')).toBe(DAMAGED)
    expect(await text('PFCOUNT', 'x')).toBe(DAMAGED)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})

describe('PFDEBUG', () => {
  test('shows the inside', async () => {
    await client.call('PFADD', 'h', 'a')
    expect(await text('PFDEBUG', 'decode', 'h')).toMatch(/^Z:\d+ v:\d+,1 Z:\d+$/)
    const registers = texts(await client.call('PFDEBUG', 'GETREG', 'h'))
    expect([registers.length, registers.filter(register => register !== '0').length]).toEqual([16384, 1])
    expect(await text('PFDEBUG', 'DECODE', 'h')).toBe('ERR HLL encoding is not sparse')
    expect(await text('PFDEBUG', 'TODENSE', 'h')).toBe('0')
    expect(await text('PFDEBUG', 'x', 'h')).toBe("ERR Unknown PFDEBUG subcommand 'x'")
    expect(await text('PFDEBUG', 'x', 'missing')).toBe('ERR The specified key does not exist')
  })
})

test('PFSELFTEST says OK, and others are served meanwhile', async () => {
  const other = await RawClient.connect(server.port)
  let done = false
  const tested = client.call('PFSELFTEST').then(reply => {
    done = true
    return reply.text
  })
  let pings = 0
  for (; !done; pings++) await other.call('PING')
  expect(await tested).toBe('OK')
  expect(pings).toBeGreaterThan(100)
  other.close()
}, 60_000)

test('hll-sparse-max-bytes says up to where a HyperLogLog is sparse', async () => {
  await client.call('PFADD', 'h', ...elements(0, 10))
  expect(await text('PFDEBUG', 'ENCODING', 'h')).toBe('sparse')
  await client.call('CONFIG', 'SET', 'hll-sparse-max-bytes', '30')
  await client.call('PFADD', 'h', 'one more')
  expect(await text('PFDEBUG', 'ENCODING', 'h')).toBe('dense')
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  let theirs: RawClient
  beforeAll(async () => {
    stock = await startRedisServer(ARGUMENTS)
    theirs = await RawClient.connect(stock.port)
  })
  afterAll(async () => {
    theirs.close()
    await stock.stop()
  })

  test('the bytes are the same, from the first element to many', async () => {
    const commands: string[][] = []
    for (let from = 0, step = 1; from < 40_000; from += step, step = Math.ceil(from / 20)) {
      commands.push(['PFADD', 'h', ...elements(from, from + step)], ['GET', 'h'], ['PFCOUNT', 'h'], ['DUMP', 'h'])
    }
    await expectSameFromEmpty(client, theirs, commands)
  })

  test('the bytes are the same with larger sparse ones', async () => {
    const config = ['CONFIG', 'SET', 'hll-sparse-max-bytes', '12000']
    const commands = [config]
    for (let from = 0; from < 12_000; from += 100) {
      commands.push(
        ['PFADD', `h${from % 3}`, ...elements(from, from + 100)],
        ['PFMERGE', 'm', 'h0', 'h1'],
        ['GET', 'm'],
      )
      commands.push(['GET', `h${from % 3}`], ['COPY', 'h0', 'c', 'REPLACE'], ['PFADD', 'c', `${from}`], ['GET', 'c'])
    }
    await expectSameFromEmpty(client, theirs, commands)
  })

  test('registers that no element can set', async () => {
    const high = (bytes: string) => ['SETRANGE', 'h', '16', bytes.repeat(12_288)]
    await expectSameFromEmpty(client, theirs, [
      ['PFADD', 'h', 'a'],
      ['PFDEBUG', 'TODENSE', 'h'],
      ...['\xff', '\xcf', '\xcb', '\x33', '\x01'].flatMap(bytes => [
        high(bytes),
        ['SETRANGE', 'h', '15', '\x80'],
        ['PFCOUNT', 'h'],
        ['PFCOUNT', 'h', 'h'],
        ['GET', 'h'],
      ]),
    ])
  })

  test('errors, and their order', () =>
    expectSameFromEmpty(
      client,
      theirs,
      words(
        'pfadd',
        'pfcount',
        'pfmerge',
        'pfdebug getreg',
        'pfdebug getreg a b',
        'pfselftest x',
        'set x y',
        'lpush l y',
        'pfadd h a',
        'pfcount h x l',
        'pfcount h l x',
        'pfmerge h x l',
        'pfmerge l x',
        'pfmerge x l',
        'pfmerge new x',
        'pfdebug nonsense missing',
        'pfdebug nonsense x',
        'pfdebug nonsense h',
        'exists new',
      ),
    ))
})
