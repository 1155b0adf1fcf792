import { describe, expect, test } from 'vitest'
import { type Database, NEVER } from '../../src/store/database.js'
import { Eviction, type EvictionPolicy } from '../../src/store/eviction.js'
import { Keyspace, type KeyspaceListener } from '../../src/store/keyspace.js'
import { setString } from '../../src/types/string/set-string.js'

const START_MS = 1_700_000_000_000
const MINUTE_MS = 60_000

/** A keyspace whose clock the test sets, and the keys that were evicted from it, in order. */
class Evicting {
  readonly keyspace = new Keyspace(16)
  readonly eviction = new Eviction(this.keyspace)
  readonly evicted: string[] = []

  constructor(policy: EvictionPolicy, samples = 5) {
    this.eviction.configure(policy, samples)
    this.keyspace.clock.lfu = policy.endsWith('lfu')
    this.keyspace.setNow(START_MS)
    const listener: KeyspaceListener = {
      keyEvicted: (database, key) => this.evicted.push(`${database.index}:${key.toString()}`),
      keyExpired() {},
      keyAdded() {},
      keysReplaced: () => {},
      keyChanged() {},
      flushed() {},
      fieldExpired: () => {},
      fieldsExpired: () => {},
    }
    this.keyspace.listener = listener
  }

  db(index = 0): Database {
    return this.keyspace.databases[index]
  }

  set(key: string, expiryMs = NEVER, db = this.db()): void {
    const bytes = Buffer.from(key)
    const value = Buffer.from('value')
    setString(db, db.findForWrite(bytes, 0, bytes.length), bytes, 0, bytes.length, value, 0, value.length, expiryMs)
  }

  get(key: string, db = this.db()): boolean {
    const bytes = Buffer.from(key)
    return db.findForRead(bytes, 0, bytes.length) !== 0
  }

  has(key: string, db = this.db()): boolean {
    const bytes = Buffer.from(key)
    return db.peek(bytes, 0, bytes.length) !== 0
  }

  /** Sets the clock this long after the start. */
  at(ms: number): void {
    this.keyspace.setNow(START_MS + ms)
  }

  evict(count: number): void {
    for (let i = 0; i < count; i++) expect(this.eviction.evictOne()).toBe(true)
  }

  survivors(prefix: string, count: number): number {
    let alive = 0
    for (let i = 0; i < count; i++) if (this.has(`${prefix}${i}`)) alive++
    return alive
  }
}

describe('eviction', () => {
  test('noeviction evicts nothing', () => {
    const store = new Evicting('noeviction')
    store.set('a')
    expect(store.eviction.evictOne()).toBe(false)
    expect(store.has('a')).toBe(true)
  })

  test.each(['allkeys-lru', 'volatile-lru'] as const)('%s: keys in use survive a thousand that are idle', policy => {
    const store = new Evicting(policy)
    for (let i = 0; i < 1000; i++) store.set(`cold${i}`, START_MS + 1e9)
    for (let i = 0; i < 200; i++) store.set(`hot${i}`, START_MS + 1e9)
    store.at(10 * MINUTE_MS)
    for (let i = 0; i < 200; i++) store.get(`hot${i}`)
    store.evict(900)
    expect(store.survivors('hot', 200)).toBe(200)
  })

  test('allkeys-lru: of keys made one after another, mostly the oldest go', () => {
    const store = new Evicting('allkeys-lru')
    for (let i = 0; i < 1000; i++) {
      store.at(i * 1000)
      store.set(`key${i}`)
    }
    store.at(1_000_000)
    store.evict(500)
    // The exact LRU would leave none of the first 500; choosing at random would leave 250.
    expect(store.survivors('key', 500)).toBeLessThan(75)
  })

  test('more samples choose better', () => {
    const survivors = [1, 10].map(samples => {
      const store = new Evicting('allkeys-lru', samples)
      for (let i = 0; i < 2000; i++) {
        store.at(i * 1000)
        store.set(`key${i}`)
      }
      store.evict(1000)
      return store.survivors('key', 1000)
    })
    expect(survivors[1]).toBeLessThan(survivors[0])
  })

  test.each(['allkeys-lfu', 'volatile-lfu'] as const)('%s: keys used often survive those used once', policy => {
    const store = new Evicting(policy)
    for (let i = 0; i < 1000; i++) store.set(`cold${i}`, START_MS + 1e9)
    for (let i = 0; i < 200; i++) {
      store.set(`hot${i}`, START_MS + 1e9)
      for (let use = 0; use < 400; use++) store.get(`hot${i}`)
    }
    // Used last, but rarely: LRU would keep these.
    store.at(1000)
    for (let i = 0; i < 1000; i++) store.get(`cold${i}`)
    store.evict(900)
    expect(store.survivors('hot', 200)).toBe(200)
  })

  test('allkeys-lfu: a key that was popular long ago goes before one that is used now', () => {
    const store = new Evicting('allkeys-lfu')
    store.set('old')
    for (let use = 0; use < 300; use++) store.get('old')
    store.at(200 * MINUTE_MS)
    store.set('new')
    for (let use = 0; use < 20; use++) store.get('new')
    store.evict(1)
    expect(store.evicted).toEqual(['0:old'])
  })

  test('volatile-ttl: the keys that expire soonest go first', () => {
    const store = new Evicting('volatile-ttl')
    for (let i = 0; i < 1000; i++) store.set(`key${i}`, START_MS + MINUTE_MS + i * 1000)
    store.set('forever')
    store.evict(500)
    expect(store.survivors('key', 500)).toBeLessThan(75)
    expect(store.has('forever')).toBe(true)
  })

  test('volatile-ttl: times too large for a number are told apart to the millisecond', () => {
    const store = new Evicting('volatile-ttl', 64)
    const { entries } = store.keyspace
    for (const offset of [3, 0, 700, 1, 5, 2, 4]) {
      const key = Buffer.from(`after${offset}`)
      store.set(key.toString(), 2 ** 62)
      entries.setExactExpiry(store.db().findAny(key, 0, key.length), 2n ** 62n + BigInt(offset))
    }
    store.evict(7)
    expect(store.evicted).toEqual([0, 1, 2, 3, 4, 5, 700].map(offset => `0:after${offset}`))
  })

  test.each(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const)(
    '%s never touches keys without an expiry',
    policy => {
      const store = new Evicting(policy)
      for (let i = 0; i < 300; i++) {
        store.set(`volatile${i}`, START_MS + 1e9)
        store.set(`lasting${i}`)
      }
      store.evict(300)
      expect(store.eviction.evictOne()).toBe(false)
      expect(store.survivors('lasting', 300)).toBe(300)
      expect(store.keyspace.keyCount).toBe(300)
    },
  )

  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'] as const)('%s empties all databases', policy => {
    const store = new Evicting(policy)
    for (let i = 0; i < 160; i++) store.set(`key${i}`, NEVER, store.db(i % 16))
    store.evict(160)
    expect(store.eviction.evictOne()).toBe(false)
    expect(new Set(store.evicted).size).toBe(160)
    expect(store.keyspace.evictedKeys).toBe(160)
  })

  test('random policies take from the databases in turn', () => {
    const store = new Evicting('allkeys-random')
    for (let i = 0; i < 40; i++) store.set(`key${i}`, NEVER, store.db(i % 4))
    store.evict(8)
    const databases = store.evicted.map(name => name.split(':')[0])
    expect(databases.toSorted()).toEqual(['0', '0', '1', '1', '2', '2', '3', '3'])
  })

  test('LRU compares keys across databases', () => {
    const store = new Evicting('allkeys-lru')
    store.set('old', NEVER, store.db(7))
    store.at(MINUTE_MS)
    for (let i = 0; i < 4; i++) store.set(`young${i}`)
    store.evict(1)
    expect(store.evicted).toEqual(['7:old'])
  })

  test('a candidate that is used before its turn stays', () => {
    const store = new Evicting('allkeys-lru', 64)
    for (let i = 0; i < 10; i++) store.set(`key${i}`)
    store.at(MINUTE_MS)
    store.evict(1)
    store.at(2 * MINUTE_MS)
    const alive = Array.from({ length: 10 }, (_, i) => `key${i}`).filter(key => store.has(key))
    for (const key of alive.slice(1)) store.get(key)
    store.evict(1)
    expect(store.evicted[1]).toBe(`0:${alive[0]}`)
  })

  test('candidates of before a flush are forgotten', () => {
    const store = new Evicting('allkeys-lru')
    for (let i = 0; i < 100; i++) store.set(`old${i}`)
    store.evict(1)
    store.keyspace.flushAll(false)
    for (let i = 0; i < 10; i++) store.set(`new${i}`)
    store.evict(10)
    expect(store.evicted.slice(1).every(name => name.startsWith('0:new'))).toBe(true)
    expect(store.eviction.evictOne()).toBe(false)
  })
})
