/** A clock that a test moves: all that a server does by the time happens at its time, in order, and at no other. */
import { describe, expect, test } from 'vitest'
import { ManualClock, type RunningServer } from '../../src/index.js'
import { type RawClient, texts } from '../commands/raw-client.js'
import { tempDir } from '../interop/stock.js'
import { clientOf, isSettled, start, turns } from './servers.js'

interface Manual {
  readonly server: RunningServer
  readonly clock: ManualClock
  readonly startMs: number
}

async function startManual(options: object = {}): Promise<Manual> {
  const server = await start({ clock: 'manual', 'enable-debug-command': 'yes', ...options })
  return { server, clock: server.clock, startMs: server.clock.now() }
}

/** What a client that listens to expired keys (and fields) has heard so far. */
async function expiries(server: RunningServer): Promise<{ client: RawClient; heard: string[] }> {
  await server.command('CONFIG', 'SET', 'notify-keyspace-events', 'KEA')
  const client = await clientOf(server)
  const heard: string[] = []
  await client.call('PSUBSCRIBE', '__keyevent@*__:*expired')
  const listen = async (): Promise<void> => {
    for (;;) heard.push(texts(await client.next())[3])
  }
  void listen()
  return { client, heard }
}

async function info(server: RunningServer, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(await server.command('INFO', 'everything')))?.[1]
}

describe('expiry', () => {
  test('a key is there up to its last millisecond, and gone behind it', async () => {
    const { server, clock } = await startManual()
    await server.command('SET', 'key', 'value', 'PX', 100)
    await clock.advance(99)
    expect(await server.command('PTTL', 'key')).toBe(1)
    await clock.advance(1)
    expect(await server.command('GET', 'key')).toBe('value')
    expect(await server.command('PTTL', 'key')).toBe(0)
    await clock.advance(1)
    expect(await server.command('GET', 'key')).toBe(null)
  })

  test('comes in the order of the times, whatever the order of the keys', async () => {
    const { server, clock } = await startManual()
    const { heard } = await expiries(server)
    const times = [50, 3000, 7, 2500, 10, 61_000, 9, 30]
    for (const ms of times) await server.command('SET', `k${ms}`, 'v', 'PX', ms)
    await server.command('SELECT', 3)
    await server.command('SET', 'k40', 'v', 'PX', 40)
    await clock.advance(100_000)
    await turns()
    expect(heard).toEqual([7, 9, 10, 30, 40, 50, 2500, 3000, 61_000].map(ms => `k${ms}`))
    expect(await info(server, 'expired_keys')).toBe('9')
  })

  test('happens without anybody asking, and not before', async () => {
    const { server, clock } = await startManual()
    const { heard } = await expiries(server)
    await server.command('SET', 'key', 'value', 'PX', 50)
    await turns(50)
    expect(heard).toEqual([])
    await clock.advance(51)
    await turns()
    expect(heard).toEqual(['key'])
  })

  test('with active expiry off it is for who looks', async () => {
    const { server, clock } = await startManual()
    const { heard } = await expiries(server)
    await server.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0)
    await server.command('SET', 'key', 'value', 'PX', 50)
    await clock.advance(1000)
    await turns()
    expect([heard, await server.command('DBSIZE')]).toEqual([[], 1])
    expect(await server.command('GET', 'key')).toBe(null)
    await turns()
    expect(heard).toEqual(['key'])
  })

  test('of fields, in order with keys', async () => {
    const { server, clock } = await startManual()
    const { heard } = await expiries(server)
    await server.command('HSET', 'hash', 'a', 1, 'b', 2, 'c', 3)
    await server.command('HPEXPIRE', 'hash', 30, 'FIELDS', 1, 'a')
    await server.command('HPEXPIRE', 'hash', 10, 'FIELDS', 1, 'b')
    await server.command('SET', 'key', 'value', 'PX', 20)
    await clock.advance(25)
    await turns()
    expect(heard).toEqual(['hash', 'key'])
    expect(await server.command('HKEYS', 'hash')).toEqual(['a', 'c'])
    await clock.advance(25)
    await turns()
    expect(heard).toEqual(['hash', 'key', 'hash'])
    expect(await server.command('HGETALL', 'hash')).toEqual({ c: '3' })
  })

  test('of what comes on the way', async () => {
    const { server, clock } = await startManual()
    await server.command('XADD', 'stream', '1-1', 'a', 1)
    const client = await clientOf(server)
    client.write(['BLPOP', 'nothing', '1'], ['SET', 'late', 'x', 'PX', '500'])
    await turns()
    await clock.advance(1400)
    expect(await server.command('PTTL', 'late')).toBe(101)
    await clock.advance(5000)
    expect(await server.command('EXISTS', 'late')).toBe(0)
  })
})

describe('time-outs', () => {
  test('BLPOP and XREAD end when their time is over, WAIT when it is reached: as Redis has it', async () => {
    const { server, clock, startMs } = await startManual()
    const happened: [string, number][] = []
    const note =
      (what: string): (() => void) =>
      () =>
        void happened.push([what, clock.now() - startMs])
    const [popper, reader, waiter] = [await clientOf(server), await clientOf(server), await clientOf(server)]
    void popper.call('BLPOP', 'list', '0.2').then(note('BLPOP'))
    void reader.call('XREAD', 'BLOCK', '100', 'STREAMS', 'stream', '$').then(note('XREAD'))
    void waiter.call('WAIT', '1', '300').then(note('WAIT'))
    await server.command('SET', 'key', 'v', 'PX', 150)
    await turns()
    await clock.advance(99)
    await turns()
    expect(happened).toEqual([])
    for (const ms of [1, 1, 98, 1, 1, 98, 1]) {
      await clock.advance(ms)
      await turns()
    }
    expect(happened).toEqual([
      ['XREAD', 101],
      ['BLPOP', 201],
      ['WAIT', 300],
    ])
    expect(await server.command('EXISTS', 'key')).toBe(0)
  })

  test('what a time-out lets go on finds the time of its end', async () => {
    const { server, clock, startMs } = await startManual()
    const client = await clientOf(server)
    const replies = client.pipeline([['BLPOP', 'list', '1.5'], ['TIME'], ['BLPOP', 'list', '2'], ['TIME']])
    await turns()
    await clock.advance(10_000)
    const [, first, , second] = await replies
    const ms = (reply: { elements: { text: string | null }[] | null }): number => {
      const [seconds, micros] = (reply.elements ?? []).map(({ text }) => Number(text))
      return seconds * 1000 + micros / 1000 - startMs
    }
    expect(ms(first)).toBe(1501)
    expect(ms(second)).toBe(3502)
  })

  test('CLIENT PAUSE: writes wait, and keys do not go meanwhile', async () => {
    const { server, clock } = await startManual()
    const client = await clientOf(server)
    await server.command('SET', 'key', 'value', 'PX', 50)
    await server.command('CLIENT', 'PAUSE', 100, 'WRITE')
    const written = client.call('SET', 'other', '1')
    await turns()
    await clock.advance(99)
    expect(await isSettled(written)).toBe(false)
    expect(await server.command('DBSIZE')).toBe(1)
    await clock.advance(1)
    expect((await written).text).toBe('OK')
    await clock.advance(1)
    expect(await server.command('EXISTS', 'key')).toBe(0)
  })

  test('idle clients are closed by `timeout`', async () => {
    const { server, clock } = await startManual({ timeout: 10 })
    const client = await clientOf(server)
    await client.call('PING')
    await clock.advance(9000)
    expect((await client.call('PING')).text).toBe('PONG')
    await clock.advance(9000)
    expect((await client.call('PING')).text).toBe('PONG')
    await clock.advance(12_000)
    await client.closed()
  })
})

describe('what shows the time', () => {
  test('TIME, stream IDs, LASTSAVE, CLIENT LIST, OBJECT IDLETIME', async () => {
    const clock = new ManualClock(1_700_000_000_123)
    const server = await start({ clock })
    expect(await server.command('TIME')).toEqual(['1700000000', '123000'])
    expect(await server.command('XADD', 'stream', '*', 'a', 1)).toBe('1700000000123-0')
    expect(await server.command('XADD', 'stream', '*', 'a', 1)).toBe('1700000000123-1')
    const client = await clientOf(server)
    await client.call('PING')
    await server.command('SET', 'key', 'v')
    await clock.advance(65_000)
    expect(await server.command('XADD', 'stream', '*', 'a', 1)).toBe('1700000065123-0')
    expect(await server.command('OBJECT', 'IDLETIME', 'key')).toBe(65)
    expect(await server.command('CLIENT', 'LIST', 'TYPE', 'normal')).toMatch(/cmd=ping/)
    expect(await server.command('CLIENT', 'LIST')).toMatch(/age=65 idle=65 .*cmd=ping/)
    expect(await server.command('SAVE')).toBe('OK')
    expect(await server.command('LASTSAVE')).toBe(1_700_000_065)
    expect(await info(server, 'uptime_in_seconds')).toBe('65')
    expect(await server.command('EVAL', "return redis.call('TIME')[1]", 0)).toBe('1700000065')
  })

  test('OBJECT FREQ decays by it', async () => {
    const { server, clock } = await startManual({ 'maxmemory-policy': 'allkeys-lfu', 'lfu-decay-time': 1 })
    await server.command('SET', 'key', 'v')
    const before = Number(await server.command('OBJECT', 'FREQ', 'key'))
    await clock.advance(3 * 60_000)
    expect(await server.command('OBJECT', 'FREQ', 'key')).toBe(before - 3)
  })

  test('stands still without being moved', async () => {
    const { server } = await startManual()
    const before = await server.command('TIME')
    await server.command('SET', 'key', 'v', 'PX', 1)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(await server.command('TIME')).toEqual(before)
    expect(await server.command('GET', 'key')).toBe('v')
  })

  test('save points fall due by it', async () => {
    const { server, clock } = await startManual({ dir: tempDir(), save: [60, 2] })
    const before = Number(await info(server, 'rdb_saves'))
    await server.command('MSET', 'a', 1, 'b', 2)
    await clock.advance(59_000)
    expect(Number(await info(server, 'rdb_saves'))).toBe(before)
    await clock.advance(3000)
    while (Number(await info(server, 'rdb_saves')) === before) await turns(1)
    expect(await info(server, 'rdb_last_bgsave_status')).toBe('ok')
  })
})

describe('moving', () => {
  test('twice without waiting is one behind the other', async () => {
    const { server, clock, startMs } = await startManual()
    await server.command('SET', 'key', 'v', 'PX', 150)
    const first = clock.advance(100).then(() => clock.now() - startMs)
    const second = clock.advance(100).then(() => clock.now() - startMs)
    expect(await Promise.all([first, second])).toEqual([100, 200])
    expect(await server.command('EXISTS', 'key')).toBe(0)
  })

  test('set() goes to a time; back, nothing happens, and what ends at a time waits for it', async () => {
    const clock = new ManualClock(1_000_000)
    const server = await start({ clock })
    await server.command('SET', 'key', 'v', 'PX', 1000)
    const client = await clientOf(server)
    const popped = client.call('BLPOP', 'list', '1')
    await turns()
    await clock.set(500_000)
    expect(await server.command('PTTL', 'key')).toBe(501_000)
    expect(await server.command('TIME')).toEqual(['500', '0'])
    await clock.set(1_001_000)
    expect(await isSettled(popped)).toBe(false)
    expect(await server.command('EXISTS', 'key')).toBe(1)
    await clock.set(new Date(1_002_001))
    expect((await popped).elements).toBe(null)
    expect(await server.command('EXISTS', 'key')).toBe(0)
  })

  test('what is no time is a mistake', async () => {
    const { clock, startMs } = await startManual()
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, -1, '5' as never]) {
      await expect(async () => clock.advance(wrong)).rejects.toThrow('redis-ts: advance() takes milliseconds from 0 on')
    }
    await expect(async () => clock.set(Number.NaN)).rejects.toThrow('redis-ts: set() takes a Unix time in milliseconds')
    expect(clock.now()).toBe(startMs)
    expect(() => new ManualClock(Number.NaN)).toThrow('redis-ts: a ManualClock begins at a Unix time in milliseconds')
  })

  test('a server that is closed is not moved any more, and one clock goes on with the others', async () => {
    const clock = new ManualClock()
    const [a, b] = [await start({ clock }), await start({ clock })]
    await b.command('SET', 'key', 'v', 'PX', 10)
    await a.close()
    await clock.advance(100)
    expect(await b.command('EXISTS', 'key')).toBe(0)
    await b.close()
    await clock.advance(1_000_000)
    expect(clock.timerCount).toBe(0)
  })

  test('a server with the clock of the system has none to be moved', async () => {
    const server = await start()
    expect(() => server.clock).toThrow("createServer({ clock: 'manual' })")
    await expect(start({ clock: 'slow' as never })).rejects.toThrow(
      "redis-ts: clock is slow; right would be 'system', 'manual' or a ManualClock",
    )
  })
})

describe('a master and its replica on one clock', () => {
  async function pair(
    options: object = {},
  ): Promise<{ clock: ManualClock; master: RunningServer; replica: RunningServer }> {
    const clock = new ManualClock()
    const master = await start({ clock, 'repl-diskless-sync-delay': 0, ...options })
    const replica = await start({ clock, replicaof: ['127.0.0.1', master.port], ...options })
    while ((await info(replica, 'master_link_status')) !== 'up') await turns(1)
    return { clock, master, replica }
  }

  test('keys expire on both, in one step', async () => {
    const { clock, master, replica } = await pair()
    await master.command('SET', 'key', 'v', 'PX', 1000)
    await clock.advance(500)
    expect(await replica.command('GET', 'key')).toBe('v')
    await clock.advance(501)
    expect(await master.command('DBSIZE')).toBe(0)
    expect(await replica.command('GET', 'key')).toBe(null)
    while (Number(await replica.command('DBSIZE')) > 0) await turns(1)
  })

  test('the link lives through an hour', async () => {
    const { clock, master, replica } = await pair()
    const syncs = await info(master, 'sync_full')
    await clock.advance(3_600_000)
    expect(await info(replica, 'master_link_status')).toBe('up')
    expect(await info(master, 'connected_slaves')).toBe('1')
    expect(await info(master, 'sync_full')).toBe(syncs)
    await master.command('SET', 'key', 'v')
    expect(await master.command('WAIT', 1, 0)).toBe(1)
  })

  test('a master that says nothing is given up after repl-timeout, and found again', async () => {
    const { clock, master, replica } = await pair({ 'repl-timeout': 60 })
    master.faults.freeze(({ type }) => type === 'replica')
    await clock.advance(55_000)
    expect([await info(replica, 'master_link_status'), await info(master, 'sync_partial_ok')]).toEqual(['up', '0'])
    await clock.advance(30_000)
    while ((await info(master, 'sync_partial_ok')) !== '1') await clock.advance(100)
    await master.command('SET', 'key', 'v')
    while ((await replica.command('GET', 'key').catch(() => null)) !== 'v') await turns(1)
  })

  test('a master closes though its replica does not answer, whoever moves the clock', async () => {
    const { master } = await pair({ 'shutdown-timeout': 1 })
    master.faults.freeze(({ type }) => type === 'replica')
    await master.command('SET', 'key', 'v')
    await master.close()
  })
})
