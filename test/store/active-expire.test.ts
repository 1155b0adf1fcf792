import { beforeEach, describe, expect, test } from 'vitest'
import { ActiveExpire } from '../../src/store/active-expire.js'
import { type Database, NEVER } from '../../src/store/database.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { Hash } from '../../src/types/hash/hash.js'
import { setString } from '../../src/types/string/set-string.js'

const NOW_MS = 1_700_000_000_000
const FOREVER = Number.POSITIVE_INFINITY

let keyspace: Keyspace
let cycle: ActiveExpire

beforeEach(() => {
  keyspace = new Keyspace(4)
  keyspace.setNow(NOW_MS)
  cycle = new ActiveExpire(keyspace)
})

function set(db: Database, name: string, expiryMs: number): void {
  const key = Buffer.from(name)
  const address = db.findForWrite(key, 0, key.length)
  setString(db, address, key, 0, key.length, key, 0, key.length, expiryMs)
}

/** Runs the cycle until it has had enough; no more often than `limit`. */
function runAll(limit = 10_000): void {
  for (let i = 0; i < limit; i++) cycle.run(FOREVER)
}

describe('the active expire cycle', () => {
  test('deletes what has expired, in every database, and nothing else', () => {
    for (const db of keyspace.databases) {
      for (let i = 0; i < 500; i++) {
        set(db, `expired:${i}`, NOW_MS + 10)
        set(db, `alive:${i}`, NOW_MS + 100_000)
        set(db, `plain:${i}`, NEVER)
      }
    }
    keyspace.setNow(NOW_MS + 11)
    runAll(200)
    expect(keyspace.expiredKeys).toBe(4 * 500)
    for (const db of keyspace.databases) {
      expect(db.keys.count).toBe(1000)
      expect(db.expires.count).toBe(500)
    }
  })

  test('fields of hashes and keys share the time there is', () => {
    const [db] = keyspace.databases
    const key = Buffer.from('hash')
    const hash = new Hash()
    db.findForWrite(key, 0, key.length)
    hash.openNew(db, key, 0, key.length)
    for (let i = 0; i < 1000; i++) {
      const field = Buffer.from(`field:${i}`)
      hash.set(field, 0, field.length, field, 0, field.length, { maxEntries: 8, maxValueBytes: 64 })
      hash.makeExpiring(key)
      hash.setExpiry(hash.elementOf(field, 0, field.length), NOW_MS + 10)
    }
    set(db, 'expired', NOW_MS + 10)
    keyspace.setNow(NOW_MS + 11)
    expect(cycle.run(0)).toBe(true)
    expect(keyspace.expiredFields).toBeGreaterThan(0)
    expect(keyspace.expiredKeys).toBe(1)
    while (cycle.run(0));
    expect(keyspace.expiredFields).toBe(1000)
    expect(db.keys.count).toBe(0)
  })

  test('one call goes on in a database while much of it has expired', () => {
    for (let i = 0; i < 5000; i++) set(keyspace.databases[0], `expired:${i}`, NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    expect(cycle.run(FOREVER)).toBe(false)
    expect(keyspace.databases[0].keys.count).toBe(0)
    expect(keyspace.entries.usedBytes).toBe(0)
  })

  test('a key expires when its time has passed, not when it has come', () => {
    set(keyspace.databases[0], 'key', NOW_MS + 5)
    keyspace.setNow(NOW_MS + 5)
    cycle.run(FOREVER)
    expect(keyspace.databases[0].keys.count).toBe(1)
    keyspace.setNow(NOW_MS + 6)
    cycle.run(FOREVER)
    expect(keyspace.databases[0].keys.count).toBe(0)
  })

  test('when time is up it says so, counts it, and goes on from there', () => {
    for (let i = 0; i < 20_000; i++) set(keyspace.databases[1], `expired:${i}`, NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    let calls = 0
    while (keyspace.databases[1].keys.count > 0) {
      const left = keyspace.databases[1].keys.count
      const more = cycle.run(0)
      if (more) expect(left - keyspace.databases[1].keys.count).toBeLessThan(200)
      expect(++calls).toBeLessThan(20_000)
    }
    expect(cycle.timeCapReached).toBeGreaterThan(50)
    expect(cycle.run(0)).toBe(false)
  })

  test('with few expired keys it stops after a sample', () => {
    for (let i = 0; i < 5000; i++) set(keyspace.databases[0], `alive:${i}`, NOW_MS + 1_000_000)
    for (let i = 0; i < 50; i++) set(keyspace.databases[0], `expired:${i}`, NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    expect(cycle.run(FOREVER)).toBe(false)
    expect(keyspace.expiredKeys).toBeLessThan(50)
    // The walk goes on where it stopped, so that all are found in the end.
    runAll(400)
    expect(keyspace.expiredKeys).toBe(50)
  })

  test('says which keys it deleted', () => {
    const deleted: string[] = []
    const ignored = (): void => {}
    keyspace.listener = {
      keyExpired: (database, key) => deleted.push(`${database.index}:${key}`),
      keyEvicted: ignored,
      keyAdded: ignored,
      keysReplaced: ignored,
      keyChanged: ignored,
      flushed: ignored,
      fieldExpired: ignored,
      fieldsExpired: ignored,
    }
    set(keyspace.databases[2], 'a', NOW_MS + 1)
    set(keyspace.databases[3], 'b', NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    cycle.run(FOREVER)
    expect(deleted).toEqual(['2:a', '3:b'])
  })

  test.each(['isReplica', 'loading'] as const)('does nothing while %s', state => {
    set(keyspace.databases[0], 'key', NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    keyspace[state] = true
    expect(cycle.run(FOREVER)).toBe(false)
    expect(keyspace.databases[0].keys.count).toBe(1)
    keyspace[state] = false
    cycle.run(FOREVER)
    expect(keyspace.databases[0].keys.count).toBe(0)
  })

  test('keeps a running average of the time to live', () => {
    for (let i = 0; i < 1000; i++) set(keyspace.databases[0], `key:${i}`, NOW_MS + 60_000)
    cycle.run(FOREVER)
    expect(keyspace.databases[0].averageTtlMs).toBe(60_000)
    keyspace.setNow(NOW_MS + 30_000)
    cycle.run(FOREVER)
    expect(keyspace.databases[0].averageTtlMs).toBe(59_400)
    runAll(500)
    expect(keyspace.databases[0].averageTtlMs).toBeGreaterThan(29_000)
    expect(keyspace.databases[0].averageTtlMs).toBeLessThan(33_000)
    keyspace.databases[0].flush(false)
    cycle.run(FOREVER)
    expect(keyspace.databases[0].averageTtlMs).toBe(0)
  })

  test('estimates the share of stale keys', () => {
    for (let i = 0; i < 100; i++) set(keyspace.databases[0], `key:${i}`, NOW_MS + 1)
    keyspace.setNow(NOW_MS + 2)
    cycle.run(FOREVER)
    expect(cycle.staleShare).toBeCloseTo(0.05)
    cycle.run(FOREVER)
    expect(cycle.staleShare).toBeCloseTo(0.0475)
  })
})
