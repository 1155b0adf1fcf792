import { beforeEach, describe, expect, test, vi } from 'vitest'
import { performance } from '../../src/clock/platform.js'
import { LatencyMonitor } from '../../src/observe/latency-monitor.js'
import { evictionLimitMs, MemoryLimit } from '../../src/server/memory-limit.js'
import { NEVER } from '../../src/store/database.js'
import { Eviction } from '../../src/store/eviction.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { Hash } from '../../src/types/hash/hash.js'
import { setString } from '../../src/types/string/set-string.js'

const HASH_LIMITS = { maxEntries: 128, maxValueBytes: 64 }

/** What an entry of fill() takes. */
const SLOT_BYTES = 120

let keyspace: Keyspace
let latency: LatencyMonitor
let limit: MemoryLimit
let mayEvict: boolean
/** What each look at the clock takes, in milliseconds: time passes by work done, not by what else the machine is busy with. */
let tickMs: number

beforeEach(() => {
  tickMs = 0
  let nowMs = 1000
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += tickMs))
  keyspace = new Keyspace(1)
  const eviction = new Eviction(keyspace)
  eviction.configure('allkeys-random', 5)
  mayEvict = true
  latency = new LatencyMonitor(keyspace.time)
  const host = {
    keyspace,
    latency,
    get mayEvict() {
      return mayEvict
    },
  }
  const memory = {
    get countedBytes() {
      return keyspace.usedBytes
    },
  }
  limit = new MemoryLimit(host, memory, eviction)
  return () => clock.mockRestore()
})

function fill(keys: number): void {
  const [db] = keyspace.databases
  const value = Buffer.alloc(100, 'v')
  for (let i = 0; i < keys; i++) {
    const key = Buffer.from(`key:${i}`)
    setString(db, db.findForWrite(key, 0, key.length), key, 0, key.length, value, 0, value.length, NEVER)
  }
}

function addHash(fields: number): void {
  const [db] = keyspace.databases
  const hash = new Hash()
  const key = Buffer.from('hash')
  db.findForWrite(key, 0, key.length)
  hash.openNew(db, key, 0, key.length)
  for (let i = 0; i < fields; i++) {
    const field = Buffer.from(`field:${i}`)
    hash.set(field, 0, field.length, field, 0, field.length, HASH_LIMITS)
  }
}

/** All that is due between two turns of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

describe('room under maxmemory', () => {
  test('one command evicts no more than sixteen keys once its time is up', () => {
    fill(1000)
    limit.configure(1, 0)
    expect(limit.makeRoom(50)).toBe(true)
    expect(keyspace.evictedKeys).toBe(16)
    expect(limit.makeRoom(50)).toBe(true)
    expect(keyspace.evictedKeys).toBe(32)
  })

  test('what one command leaves goes between turns, a slice each', async () => {
    fill(100)
    const { usedBytes } = keyspace
    limit.configure(usedBytes - 50 * SLOT_BYTES, 0)
    limit.makeRoom(0)
    const evicted = [keyspace.evictedKeys]
    while (keyspace.usedBytes > usedBytes - 50 * SLOT_BYTES) {
      await nextTurn()
      evicted.push(keyspace.evictedKeys)
    }
    expect(evicted).toEqual([16, 32, 48, 50])
    await nextTurn()
    expect(keyspace.evictedKeys).toBe(50)
  })

  test('once the turn has had its share, a command evicts what its own request may add, and no more', async () => {
    fill(2000)
    limit.configure(1, 100)
    tickMs = 1
    limit.makeRoom(0)
    const first = keyspace.evictedKeys
    // Four milliseconds, one for each look at the clock.
    expect(first).toBe(4 * 16)
    limit.makeRoom(1000)
    // Fewer where the table itself shrinks.
    expect(keyspace.evictedKeys - first).toBeGreaterThan(0)
    expect(keyspace.evictedKeys - first).toBeLessThanOrEqual(Math.ceil(1000 / SLOT_BYTES))
    const second = keyspace.evictedKeys
    limit.makeRoom(1e9)
    expect(keyspace.evictedKeys - second).toBeLessThanOrEqual(Math.ceil((32 * 1024) / SLOT_BYTES))
    const third = keyspace.evictedKeys
    await nextTurn()
    expect(keyspace.evictedKeys).toBeGreaterThan(third)
  })

  test('configuring a lower limit evicts without any command', async () => {
    fill(1000)
    const { usedBytes } = keyspace
    limit.configure(usedBytes / 2, 10)
    expect(keyspace.evictedKeys).toBe(0)
    while (keyspace.usedBytes > usedBytes / 2) await nextTurn()
    expect(keyspace.evictedKeys).toBeGreaterThan(0)
  })

  test('a large value that was evicted is freed in slices before anything else goes', async () => {
    addHash(50_000)
    const withHash = keyspace.usedBytes
    limit.configure(1000, 0)
    limit.makeRoom(0)
    expect(keyspace.evictedKeys).toBe(1)
    fill(100)
    limit.configure(withHash / 2, 0)
    let turns = 0
    for (; keyspace.usedBytes > withHash / 2; turns++) await nextTurn()
    expect(turns).toBeGreaterThan(10)
    expect(keyspace.evictedKeys).toBe(1)
  })

  test('an eviction that takes long is an event of the latency monitor', () => {
    fill(2000)
    limit.configure(1, 100)
    tickMs = 1
    latency.thresholdMs = 3
    limit.makeRoom(0)
    expect([...latency.events.keys()]).toEqual(['eviction-cycle'])
  })

  test('without anything to evict there is no room, and the time is counted', () => {
    tickMs = 1
    limit.configure(1, 10)
    expect(limit.makeRoom(10)).toBe(false)
    expect(limit.currentExceededMs).toBeGreaterThan(0)
    limit.configure(keyspace.usedBytes, 10)
    expect(limit.currentExceededMs).toBe(0)
    expect(limit.totalExceededMs).toBeGreaterThan(0)
    limit.resetStatistics()
    expect(limit.totalExceededMs).toBe(0)
  })

  test('is not in force without a limit, nor where eviction is left to others', () => {
    expect(limit.inForce).toBe(false)
    limit.configure(1, 10)
    expect(limit.inForce).toBe(true)
    mayEvict = false
    expect(limit.inForce).toBe(false)
  })

  test('tenacity gives a command up to half a millisecond, then more by steps, and never more than four', () => {
    expect([0, 1, 10].map(evictionLimitMs)).toEqual([0, 0.05, 0.5])
    expect(evictionLimitMs(20)).toBeCloseTo(2.02, 2)
    expect(evictionLimitMs(100)).toBe(4)
  })
})
