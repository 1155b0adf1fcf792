import { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../stock.js'
import { closeAfterEach } from './closing.js'

const closed = closeAfterEach()
let port = 0

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '']))
})

/** How it gets at the server: it defines a command of ioredis, and evaluates its script through node-redis. */
const CLIENTS: Record<string, () => Promise<object>> = {
  ioredis: async () => {
    const client = new Redis(port)
    closed({ close: () => client.quit() })
    return { storeClient: client }
  },
  'node-redis': async () => {
    const client = closed(await createClient({ socket: { host: '127.0.0.1', port } }).connect())
    return { storeClient: client, useRedisPackage: true }
  },
}

describe.each(Object.keys(CLIENTS))('rate-limiter-flexible with %s', library => {
  let store: { storeClient: unknown }
  let redis: Redis

  beforeEach(async () => {
    store = (await CLIENTS[library]()) as typeof store
    redis = new Redis(port)
    closed({ close: () => redis.quit() })
    await redis.flushall()
  })

  test('so many points in a time, and no more; another key has its own', async () => {
    const limiter = new RateLimiterRedis({ ...store, keyPrefix: 'limit', points: 5, duration: 100 })
    const first = await limiter.consume('user', 2)
    expect(first).toMatchObject({ consumedPoints: 2, remainingPoints: 3, isFirstInDuration: true })
    expect(first.msBeforeNext).toBeGreaterThan(90_000)
    expect(first.msBeforeNext).toBeLessThanOrEqual(100_000)
    expect(await limiter.consume('user', 3)).toMatchObject({ remainingPoints: 0, isFirstInDuration: false })
    const refused = await limiter.consume('user').catch(reason => reason)
    expect(refused).toBeInstanceOf(RateLimiterRes)
    expect(refused).toMatchObject({ consumedPoints: 6, remainingPoints: 0 })
    expect(await limiter.consume('other')).toMatchObject({ remainingPoints: 4 })
    expect(await redis.get('limit:user')).toBe('6')
    expect(await redis.ttl('limit:user')).toBeGreaterThan(90)
  })

  test('many at once: exactly so many get through', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 30, duration: 100 })
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => limiter.consume('user')))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(30)
    expect(await limiter.get('user')).toMatchObject({ consumedPoints: 100 })
  })

  test('who goes too far is blocked for longer', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 1, duration: 10, blockDuration: 1000 })
    await limiter.consume('user')
    const blocked = await limiter.consume('user').catch(reason => reason)
    expect(blocked).toBeInstanceOf(RateLimiterRes)
    expect(blocked.msBeforeNext).toBe(1_000_000)
    expect(await redis.ttl('rlflx:user')).toBeGreaterThan(990)
    // Blocked once, the time does not begin anew.
    await redis.expire('rlflx:user', 500)
    const again = await limiter.consume('user').catch(reason => reason)
    expect(again.msBeforeNext).toBeLessThanOrEqual(500_000)
    await limiter.block('other', 60)
    await expect(limiter.consume('other')).rejects.toMatchObject({ consumedPoints: 3 })
  })

  test('points come back when the time is over', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 1, duration: 1 })
    await limiter.consume('user')
    await expect(limiter.consume('user')).rejects.toBeInstanceOf(RateLimiterRes)
    // The second is waited for on the server's own clock.
    await redis.blpop('never', 1.05)
    expect(await limiter.consume('user')).toMatchObject({ consumedPoints: 1, isFirstInDuration: true })
  })

  test('rewards, penalties, points that are set and deleted', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 10, duration: 100 })
    expect(await limiter.get('user')).toBeNull()
    await limiter.consume('user', 4)
    expect(await limiter.reward('user', 3)).toMatchObject({ consumedPoints: 1 })
    expect(await limiter.penalty('user', 7)).toMatchObject({ consumedPoints: 8 })
    expect(await limiter.set('user', 2, 50)).toMatchObject({ consumedPoints: 2 })
    expect(await limiter.get('user')).toMatchObject({ consumedPoints: 2, remainingPoints: 8 })
    expect(await limiter.delete('user')).toBe(true)
    expect(await limiter.delete('user')).toBe(false)
  })

  test('a key of another kind is an error of the script, and not a limit', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 1, duration: 100 })
    await redis.lpush('rlflx:user', 'a')
    const error = await limiter.consume('user').catch(reason => reason)
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toMatch(/^WRONGTYPE Operation against a key holding the wrong kind of value script: /)
  })

  test('goes on after the server has forgotten its script', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 3, duration: 100 })
    await limiter.consume('user')
    await redis.script('FLUSH')
    expect(await limiter.consume('user')).toMatchObject({ consumedPoints: 2 })
  })
})
