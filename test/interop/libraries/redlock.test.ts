import { Redis } from 'ioredis'
import Redlock, { ExecutionError } from 'redlock'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../stock.js'
import { closeAfterEach } from './closing.js'

/** A lock is held by most of several servers that know nothing of each other. */
describe('redlock', () => {
  const closed = closeAfterEach()
  let servers: RunningServer[] = []
  let clients: Redis[] = []

  beforeAll(async () => {
    servers = await Promise.all([1, 2, 3].map(() => startRedisTs(['--save', ''])))
  })
  beforeEach(async () => {
    clients = servers.map(({ port }) => new Redis(port))
    for (const client of clients) {
      closed({ close: () => client.quit() })
      await client.flushall()
    }
  })

  const IMPATIENT = { retryCount: 0 }
  const DAY_MS = 86_400_000

  test('a lock is acquired on every server, refused to others, and can be had again after its release', async () => {
    const lock = await new Redlock(clients).acquire(['seat:1', 'seat:2'], DAY_MS)
    expect((await lock.attempts[0]).votesFor.size).toBe(3)
    for (const client of clients) {
      expect(await client.mget('seat:1', 'seat:2')).toEqual([lock.value, lock.value])
      expect(await client.pttl('seat:1')).toBeGreaterThan(DAY_MS - 60_000)
    }
    const other = new Redlock(clients, IMPATIENT)
    await expect(other.acquire(['seat:2'], 1000)).rejects.toThrow(ExecutionError)
    await lock.release()
    expect(await clients[0].exists('seat:1', 'seat:2')).toBe(0)
    await expect(lock.release()).rejects.toThrow(ExecutionError)
    const next = await other.acquire(['seat:2'], 1000)
    await next.release()
  })

  test('of many that want it one at a time has it', async () => {
    const redlock = new Redlock(clients, { retryCount: 1000, retryDelay: 5, retryJitter: 5 })
    let holders = 0
    let most = 0
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const lock = await redlock.acquire(['counter'], 10_000)
        most = Math.max(most, ++holders)
        // A read and a write that would get lost between those of others.
        const count = Number((await clients[0].get('count')) ?? '0')
        await clients[0].set('count', String(count + 1))
        holders--
        order.push(i)
        await lock.release()
      }),
    )
    expect(most).toBe(1)
    expect(await clients[0].get('count')).toBe('8')
    expect(order.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('a lock is extended while it is held, and not when another one has it', async () => {
    const redlock = new Redlock(clients, IMPATIENT)
    const lock = await redlock.acquire(['seat'], 5000)
    const longer = await lock.extend(DAY_MS)
    expect(longer.value).toBe(lock.value)
    expect(await clients[1].pttl('seat')).toBeGreaterThan(5000)
    for (const client of clients) await client.set('seat', 'stolen')
    await expect(longer.extend(1000)).rejects.toThrow(ExecutionError)
  })

  test('most of the servers are enough, one of three is not', async () => {
    const redlock = new Redlock(clients, IMPATIENT)
    await clients[0].set('seat', 'somebody')
    const lock = await redlock.acquire(['seat'], 5000)
    expect((await lock.attempts[0]).votesFor.size).toBe(2)
    await lock.release()
    expect(await Promise.all(clients.map(client => client.get('seat')))).toEqual(['somebody', null, null])
    await clients[1].set('seat', 'somebody')
    await expect(redlock.acquire(['seat'], 5000)).rejects.toThrow(ExecutionError)
    // What the third one had granted it has taken back.
    expect(await clients[2].get('seat')).toBeNull()
  })

  test('a lock around a routine is extended as long as that runs', async () => {
    const redlock = new Redlock(clients, { automaticExtensionThreshold: 100 })
    const result = await redlock.using(['seat'], 200, async signal => {
      const first = await clients[0].get('seat')
      // Longer than the lock lasts without being extended: it is awaited on the server's own clock.
      const gone = await clients[0].blpop('never', 0.4)
      return [gone, signal.aborted, (await clients[1].get('seat')) === first]
    })
    expect(result).toEqual([null, false, true])
    expect(await clients[0].get('seat')).toBeNull()
  })
})
