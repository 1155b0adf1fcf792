import { beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

/**
 * Every access counts (lfu-log-factor 0) and no minute takes anything back (lfu-decay-time 0). With maxmemory 0 stock Redis
 * would keep one object, with one history, for all keys that hold the same small integer.
 */
const LFU = ['--maxmemory-policy', 'allkeys-lfu', '--lfu-log-factor', '0', '--lfu-decay-time', '0']
const OPTIONS = ['--save', '', '--maxmemory', '1gb', '--enable-debug-command', 'yes']

/** Where each key's history begins: the counter, and the seconds since its last use. */
const FREQUENCY = 100
const IDLE_SECONDS = 5000

/** The keys there are before each row: strings, an integer, one above 4 kB, and hashes, small and large. */
const KEYS: Record<string, readonly string[]> = {
  s: ['SET', 's', 'value'],
  t: ['SET', 't', 'value', 'PXAT', '4000000000000'],
  i: ['SET', 'i', '123456'],
  j: ['SET', 'j', '2147483647'],
  b: ['SET', 'b', 'x'.repeat(5000)],
  h: ['HSET', 'h', 'f', '1', 'g', '2'],
  l: ['HSET', 'l', 'f', 'x'.repeat(100), 'g', '2'],
}

/**
 * Commands; the counters of the keys behind them; the same after CLIENT NO-TOUCH ON; and the same in Redis 7.0 where that is
 * another: a value did not begin anew under another name there. A key that is not named keeps the counter it had; 5 is a new key's.
 */
const ROWS: readonly (readonly [commands: string, counters: string, untouched: string, before72?: string])[] = [
  ['SET s other', 's 101', ''],
  ['SET s 1', 's 101', ''],
  ['SET s %big', 's 101', ''],
  ['SET t other', 't 101', ''],
  ['SET t other KEEPTTL', 't 101', ''],
  ['SET t other EX 1000', 't 101', ''],
  ['SET s other PX 100000', 's 101', ''],
  ['SET s other EXAT 4000000000', 's 101', ''],
  ['SET s other XX', 's 101', ''],
  ['SET s other NX', 's 101', ''],
  ['SET s other GET', 's 102', ''],
  ['SET s other NX GET', 's 102', ''],
  ['SET new other', 'new 5', 'new 5'],
  ['SET b other', 'b 101', ''],
  ['SET b %big', 'b 101', ''],
  ['SET b %big EX 1000', 'b 101', ''],
  ['SET h other', 'h 101', ''],
  ['SET l other', 'l 101', ''],
  ['SET i 99', 'i 101', ''],
  ['SET i 9007199254740993', 'i 101', ''],
  ['SETEX s 1000 other', 's 101', ''],
  ['PSETEX t 100000 other', 't 101', ''],
  ['SETNX s other', 's 101', ''],
  ['GETSET s other', 's 102', ''],
  ['MSET s 1 t 2 new 3', 's 101 t 101 new 5', 'new 5'],
  ['MSET s 1 s 2', 's 102', ''],
  ['MSETNX new 1 s 2', 's 101', ''],
  ['MSETNX new 1 new 2', 'new 5', 'new 5', 'new 6'],
  ['GETEX s', 's 101', ''],
  ['GETEX s EX 1000', 's 101', ''],
  ['GETEX t PERSIST', 't 101', ''],
  ['GETEX t PXAT 4000000000001', 't 101', ''],
  ['INCR i', 'i 101', ''],
  ['DECRBY i 9007199254740993', 'i 101', ''],
  ['INCR j', 'j 101', ''],
  ['INCR s', 's 101', ''],
  ['INCR new', 'new 5', 'new 5'],
  ['INCRBYFLOAT i 1.5', 'i 101', ''],
  ['INCRBYFLOAT new 1.5', 'new 5', 'new 5'],
  ['APPEND s x', 's 101', ''],
  ['APPEND s %big', 's 101', ''],
  ['APPEND i x', 'i 101', ''],
  ['APPEND b x', 'b 101', ''],
  ['APPEND t %big', 't 101', ''],
  ['APPEND new x', 'new 5', 'new 5'],
  ['SETRANGE s 3 x', 's 101', ''],
  ['SETRANGE s 5000 x', 's 101', ''],
  ['SETRANGE i 20 x', 'i 101', ''],
  ['SETRANGE s 3 ""', 's 101', ''],
  ['SETRANGE b 5 x', 'b 101', ''],
  ['SETRANGE new 5 x', 'new 5', 'new 5'],
  ['SETBIT s 3 1', 's 101', ''],
  ['SETBIT s 40000 1', 's 101', ''],
  ['SETBIT i 100 1', 'i 101', ''],
  ['SETBIT new 1 1', 'new 5', 'new 5'],
  ['BITFIELD s SET u8 0 1', 's 101', ''],
  ['BITFIELD s SET u8 #6000 1', 's 101', ''],
  ['BITFIELD s GET u8 0', 's 101', ''],
  ['BITOP AND s t b', 's 101 t 101 b 101', ''],
  ['BITOP NOT s s', 's 102', ''],
  ['BITOP OR b b s', 'b 102 s 101', ''],
  ['BITOP OR new s', 's 101 new 5', 'new 5'],
  ['BITOP XOR s nothing', '', ''],
  ['RENAME s t', 't 5', 't 5', 't 101'],
  ['RENAME t new', 'new 5', 'new 5', 'new 101'],
  ['RENAME b new', 'new 5', 'new 5', 'new 101'],
  ['RENAME l h', 'h 5', 'h 5', 'h 101'],
  ['RENAME s s', 's 101', ''],
  ['RENAMENX s new', 'new 5', 'new 5', 'new 101'],
  ['RENAMENX s t', 's 101 t 101', ''],
  ['MOVE s 1; SWAPDB 0 1', 's 5', 's 5', 's 101'],
  ['MOVE l 1; SWAPDB 0 1', 'l 5', 'l 5', 'l 101'],
  ['COPY s t REPLACE', 's 101 t 5', 't 5'],
  ['COPY s t', 's 101 t 101', ''],
  ['COPY l new', 'l 101 new 5', 'new 5'],
  ['COPY b s REPLACE', 'b 101 s 5', 's 5'],
  ['COPY t new DB 1; SWAPDB 0 1', 'new 5', 'new 5'],
  ['RESTORE s 0 %dump REPLACE', 's 5', 's 5'],
  ['RESTORE s 0 %dump REPLACE FREQ 77', 's 77', 's 77'],
  ['RESTORE s 0 %dump', 's 101', ''],
  ['EXPIRE s 1000', 's 101', ''],
  ['EXPIRE t 1000', 't 101', ''],
  ['PEXPIREAT t 1000000 GT', 't 101', ''],
  ['EXPIRE h 1000', 'h 101', ''],
  ['EXPIRE b 1000; PERSIST b', 'b 102', ''],
  ['PERSIST t', 't 101', ''],
  ['PERSIST s', 's 101', ''],
  ['HSET h x 3', 'h 101', ''],
  ['HSET h x %big', 'h 101', ''],
  ['HSET h x %longer', 'h 101', ''],
  ['HSETNX h f 3', 'h 101', ''],
  ['HMSET l x 1 y 2', 'l 101', ''],
  ['HSET new f 1', 'new 5', 'new 5'],
  ['HSET new f %big', 'new 5', 'new 5'],
  ['HINCRBY h f 1', 'h 101', ''],
  ['HINCRBYFLOAT h f 1.5', 'h 101', ''],
  ['HDEL h f', 'h 101', ''],
  ['HGET h f', 'h 101', ''],
  ['HMGET h f g', 'h 101', ''],
  ['HGETALL h', 'h 101', ''],
  ['HLEN h', 'h 101', ''],
  ['HSTRLEN h f', 'h 101', ''],
  ['HEXISTS h f', 'h 101', ''],
  ['HKEYS h', 'h 101', ''],
  ['HVALS l', 'l 101', ''],
  ['HRANDFIELD h', 'h 101', ''],
  ['HRANDFIELD l 2', 'l 101', ''],
  ['HSCAN l 0', 'l 101', ''],
  ['GET s', 's 101', ''],
  ['GET h', 'h 101', ''],
  ['MGET s t s', 's 102 t 101', ''],
  ['STRLEN s', 's 101', ''],
  ['GETRANGE s 0 1', 's 101', ''],
  ['SUBSTR s 0 1', 's 101', ''],
  ['LCS s t', 's 101 t 101', ''],
  ['GETBIT s 0', 's 101', ''],
  ['BITCOUNT s', 's 101', ''],
  ['BITPOS s 1', 's 101', ''],
  ['BITFIELD_RO s GET u8 0', 's 101', ''],
  ['DUMP s', 's 101', ''],
  ['TOUCH s t', 's 101 t 101', 's 101 t 101'],
  ['EXISTS s t', '', ''],
  ['TYPE s', '', ''],
  ['TTL t', '', ''],
  ['EXPIRETIME t', '', ''],
  ['OBJECT ENCODING s', '', ''],
  ['MEMORY USAGE s', '', ''],
  ['DEBUG OBJECT s', '', ''],
  ['SCAN 0 TYPE string', '', ''],
  ['KEYS *', '', ''],
  ['RANDOMKEY', '', ''],
  ['WATCH s; UNWATCH', '', ''],
  ['SWAPDB 0 1; SWAPDB 0 1', '', ''],
  ['DEBUG RELOAD', '', ''],
  ['CONFIG SET hash-max-listpack-entries 1; HSET h x 1', 'h 101', ''],
  ['MULTI; GET s; SET s x; EXEC', 's 102', ''],
]

const LONG: Record<string, string> = { '""': '', '%longer': 'y'.repeat(60_000), '%big': 'y'.repeat(6000) }

/** A server, and what it takes to put its keys back where each row begins. */
class Player {
  readonly client: RawClient
  private readonly dumps = new Map<string, string>()

  private constructor(client: RawClient) {
    this.client = client
  }

  static async on(server: RunningServer): Promise<Player> {
    const player = new Player(await RawClient.connect(server.port))
    for (const [key, command] of Object.entries(KEYS)) {
      await player.client.call(...command)
      player.dumps.set(key, (await player.client.call('DUMP', key)).text ?? '')
    }
    return player
  }

  /** Sends a row's commands; resolves with what `OBJECT subcommand` says behind them of all keys that are there. */
  async play(commands: string, history: readonly string[], subcommand: string): Promise<Map<string, string>> {
    const keys = [...this.dumps.keys(), 'new']
    const said = await this.client.pipeline([
      ['FLUSHALL'],
      ['CONFIG', 'SET', 'hash-max-listpack-entries', '128'],
      ...[...this.dumps].map(([key, dump]) => {
        return ['RESTORE', key, key === 't' ? '4000000000000' : '0', dump, 'ABSTTL', ...history]
      }),
      ...commands.split('; ').map(line => line.split(' ').map(word => this.word(word))),
      ...keys.map(key => ['OBJECT', subcommand, key]),
    ])
    const numbers = new Map<string, string>()
    for (const [i, { text }] of said.slice(-keys.length).entries()) if (text !== null) numbers.set(keys[i], text)
    return numbers
  }

  private word(word: string): string {
    return word === '%dump' ? (this.dumps.get('i') ?? '') : (LONG[word] ?? word)
  }
}

/** "s 101 t 5" as a map. */
function counters(text: string): Map<string, string> {
  const pairs = text.matchAll(/(\S+) (\d+)/g)
  return new Map([...pairs].map(([, key, counter]) => [key, counter]))
}

/** What a row says of the keys that are there. */
function expected(there: ReadonlyMap<string, string>, text: string): Map<string, string> {
  const named = counters(text)
  return new Map([...there].map(([key]) => [key, named.get(key) ?? String(FREQUENCY)]))
}

/** Of each key whether it has just been used. */
function recency(idle: ReadonlyMap<string, string>): Map<string, boolean> {
  return new Map([...idle].map(([key, seconds]) => [key, Number(seconds) < IDLE_SECONDS / 2]))
}

describe('under an LFU policy', () => {
  let ours: Player
  beforeAll(async () => {
    ours = await Player.on(await startRedisTs([...OPTIONS, ...LFU]))
  })

  const cases = ROWS.map(([commands, text]) => ({ commands, text }))
  test.each(cases)('$commands: $text', async ({ commands, text }) => {
    const there = await ours.play(commands, ['FREQ', String(FREQUENCY)], 'FREQ')
    expect(there).toEqual(expected(there, text))
    for (const key of counters(text).keys()) expect([...there.keys()]).toContain(key)
  })

  test('and CLIENT NO-TOUCH, nothing counts but TOUCH', async () => {
    await ours.client.call('CLIENT', 'NO-TOUCH', 'ON')
    for (const [commands, , text] of ROWS) {
      const there = await ours.play(commands, ['FREQ', String(FREQUENCY)], 'FREQ')
      expect({ commands, there }).toEqual({ commands, there: expected(there, text) })
    }
    await ours.client.call('CLIENT', 'NO-TOUCH', 'OFF')
  })

  test('a key that is used often and rewritten outlives those used once', async () => {
    const { client } = ours
    await client.pipeline([['FLUSHALL'], ['SET', 'hot', 'x'], ...Array.from({ length: 60 }, () => ['GET', 'hot'])])
    await client.call('SET', 'hot', 'y')
    const used = /used_memory:(\d+)/.exec((await client.call('INFO', 'memory')).text ?? '')?.[1]
    await client.call('CONFIG', 'SET', 'maxmemory', String(Number(used) + 1_000_000))
    for (let i = 0; i < 40; i++) {
      await client.pipeline(Array.from({ length: 200 }, (_, j) => ['SET', `cold:${i}:${j}`, 'x'.repeat(1000)]))
    }
    expect((await client.call('GET', 'hot')).text).toBe('y')
    expect(Number((await client.call('DBSIZE')).text)).toBeLessThan(4000)
    await client.call('CONFIG', 'SET', 'maxmemory', '1gb')
  })

  describe('beside stock Redis', requireStock('redis-server'), () => {
    test('the same keys count as often', async () => {
      const stock = await Player.on(await startRedisServer([...OPTIONS, ...LFU]))
      for (const [commands, text, , before72] of ROWS) {
        const there = await stock.play(commands, ['FREQ', String(FREQUENCY)], 'FREQ')
        expect({ commands, there }).toEqual({ commands, there: expected(there, before72 ?? text) })
        const here = await ours.play(commands, ['FREQ', String(FREQUENCY)], 'FREQ')
        expect({ commands, keys: [...here.keys()] }).toEqual({ commands, keys: [...there.keys()] })
      }
    })
  })
})

describe('under an LRU policy', () => {
  const LRU = ['--maxmemory-policy', 'allkeys-lru']
  const HISTORY = ['IDLETIME', String(IDLE_SECONDS)]
  let ours: Player
  beforeAll(async () => {
    ours = await Player.on(await startRedisTs([...OPTIONS, ...LRU]))
  })

  test('what counts as a use is the last one', async () => {
    for (const [commands, text] of ROWS) {
      const there = recency(await ours.play(commands, HISTORY, 'IDLETIME'))
      const wanted = new Map([...there.keys()].map(key => [key, counters(text).has(key)]))
      expect({ commands, there }).toEqual({ commands, there: wanted })
    }
  })

  test('and CLIENT NO-TOUCH, only what is new has just been used', async () => {
    await ours.client.call('CLIENT', 'NO-TOUCH', 'ON')
    for (const [commands, , text] of ROWS) {
      const there = recency(await ours.play(commands, HISTORY, 'IDLETIME'))
      const wanted = new Map([...there.keys()].map(key => [key, counters(text).has(key)]))
      expect({ commands, there }).toEqual({ commands, there: wanted })
    }
    await ours.client.call('CLIENT', 'NO-TOUCH', 'OFF')
  })

  describe('beside stock Redis', requireStock('redis-server'), () => {
    test('the same keys have just been used', async () => {
      const stock = await Player.on(await startRedisServer([...OPTIONS, ...LRU]))
      for (const [commands] of ROWS) {
        const mine = recency(await ours.play(commands, HISTORY, 'IDLETIME'))
        const theirs = recency(await stock.play(commands, HISTORY, 'IDLETIME'))
        expect({ commands, mine }).toEqual({ commands, mine: theirs })
      }
    })
  })
})
