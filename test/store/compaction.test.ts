import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Compaction } from '../../src/store/compaction.js'
import { NEVER } from '../../src/store/database.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { ByteRange } from '../../src/types/byte-range.js'
import { Hash } from '../../src/types/hash/hash.js'
import { setString } from '../../src/types/string/set-string.js'

const MIB = 1024 * 1024
const HASH_LIMITS = { maxEntries: 128, maxValueBytes: 64 }
const NOW_MS = 1_700_000_000_000
/** A deadline that has passed: run() does its minimum. */
const AT_ONCE = 0

/** A keyspace beside a Map that says what should be in it. */
class Model {
  readonly keyspace = new Keyspace(2)
  readonly compaction = new Compaction(this.keyspace)
  readonly values = new Map<string, { size: number; expiryMs: number }>()
  private readonly hash = new Hash()

  constructor() {
    this.keyspace.setNow(NOW_MS)
  }

  private get db() {
    return this.keyspace.databases[0]
  }

  set(key: string, size: number, expiryMs = NEVER): void {
    const bytes = Buffer.from(key)
    const value = Buffer.alloc(size, key)
    const address = this.db.findForWrite(bytes, 0, bytes.length)
    setString(this.db, address, bytes, 0, bytes.length, value, 0, size, expiryMs)
    this.values.set(key, { size, expiryMs })
  }

  delete(key: string): void {
    const bytes = Buffer.from(key)
    const address = this.db.findForWrite(bytes, 0, bytes.length)
    if (address !== 0) this.db.remove(address)
    this.values.delete(key)
  }

  /** Opens the hash at `key`, which may be new. */
  hashAt(key: string): Hash {
    const bytes = Buffer.from(key)
    const address = this.db.findForWrite(bytes, 0, bytes.length)
    if (address === 0) this.hash.openNew(this.db, bytes, 0, bytes.length)
    else this.hash.open(this.db, address)
    return this.hash
  }

  /** Fills slots of `size` bytes and empties most of them, so that there is something to gain. */
  scatter(prefix: string, count: number, size: number, keptShare: number, random: () => number): void {
    for (let i = 0; i < count; i++) this.set(`${prefix}${i}`, size, i % 3 === 0 ? NOW_MS + 1e9 + i : NEVER)
    for (let i = 0; i < count; i++) if (random() >= keptShare) this.delete(`${prefix}${i}`)
  }

  check(): void {
    const { db } = this
    let expires = 0
    for (const [key, { size, expiryMs }] of this.values) {
      const bytes = Buffer.from(key)
      const address = db.peek(bytes, 0, bytes.length)
      if (address === 0) expect.fail(`${key} is missing`)
      const start = db.entries.valueStart(address)
      const value = db.entries.memory(address).subarray(start, start + size)
      if (!value.equals(Buffer.alloc(size, key))) expect.fail(`${key} has another value`)
      expect(db.entries.expiry(address)).toBe(expiryMs)
      if (Number.isNaN(expiryMs)) continue
      expires++
      if (!db.expires.locate(db.entries.hashOf(address), address)) expect.fail(`${key} is not among those that expire`)
    }
    expect(db.expires.count).toBe(expires)
  }

  get wasteBytes(): number {
    return this.keyspace.entries.reservedBytes - this.keyspace.entries.usedBytes
  }
}

/** Numbers from 0 to 1 that are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('compaction', () => {
  test('gives back what a mass deletion at random left half empty, and keeps every entry', () => {
    const model = new Model()
    model.scatter('key', 15_000, 1000, 0.1, randomFrom(1))
    expect(model.wasteBytes).toBeGreaterThan(12 * MIB)
    model.compaction.consider()
    expect(model.compaction.run(Number.POSITIVE_INFINITY)).toBe(true)
    expect(model.wasteBytes).toBeLessThan(4 * MIB)
    model.check()
  })

  test('leaves alone what is packed, and what is not worth it', () => {
    const model = new Model()
    model.scatter('packed', 15_000, 1000, 1, randomFrom(1))
    model.compaction.consider()
    expect(model.compaction.running).toBe(false)
    const small = new Model()
    small.scatter('key', 5000, 1000, 0.1, randomFrom(1))
    small.compaction.consider()
    expect(small.compaction.running).toBe(false)
  })

  test('moves the fields of large hashes', () => {
    const model = new Model()
    const field = (i: number): Buffer => Buffer.from(`field:${i}`)
    const value = Buffer.alloc(1000, 'v')
    const hash = model.hashAt('hash')
    for (let i = 0; i < 15_000; i++) {
      const name = field(i)
      hash.set(name, 0, name.length, value, 0, value.length, HASH_LIMITS)
    }
    for (let i = 0; i < 15_000; i++) if (i % 10 !== 0) hash.delete(field(i), 0, field(i).length)
    model.compaction.consider()
    model.compaction.run(Number.POSITIVE_INFINITY)
    expect(model.wasteBytes).toBeLessThan(4 * MIB)
    const found = new ByteRange()
    const after = model.hashAt('hash')
    for (let i = 0; i < 15_000; i += 10) {
      if (!after.get(field(i), 0, field(i).length, found)) expect.fail(`field ${i} is missing`)
      expect(found.end - found.start).toBe(1000)
    }
    expect(after.length).toBe(1500)
  })

  test('goes in slices of a few buckets, between which everything may change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), seed => {
        const random = randomFrom(seed)
        const model = new Model()
        model.scatter('key', 15_000, 1000, 0.1, random)
        model.compaction.consider()
        let slices = 0
        while (!model.compaction.run(AT_ONCE)) {
          slices++
          const before = model.compaction.moved
          for (let i = 0; i < 10; i++) {
            const key = `key${Math.floor(random() * 15_000)}`
            if (random() < 0.5) model.set(key, Math.floor(random() * 2000), random() < 0.3 ? NOW_MS + 1e9 : NEVER)
            else model.delete(key)
          }
          expect(model.compaction.moved).toBe(before)
        }
        expect(slices).toBeGreaterThan(50)
        expect(model.wasteBytes).toBeLessThan(7 * MIB)
        model.check()
      }),
      { numRuns: 5 },
    )
  })

  test('one slice visits eight buckets at least and looks at the clock then', () => {
    const model = new Model()
    model.scatter('key', 15_000, 1000, 0.1, randomFrom(1))
    model.compaction.consider()
    model.compaction.run(AT_ONCE)
    // Eight buckets of a dozen slots, chains included.
    expect(model.compaction.moved).toBeGreaterThan(0)
    expect(model.compaction.moved).toBeLessThan(8 * 40)
  })

  test('ends when everything is flushed meanwhile', () => {
    const model = new Model()
    model.scatter('key', 15_000, 1000, 0.1, randomFrom(1))
    model.compaction.consider()
    model.compaction.run(AT_ONCE)
    model.keyspace.flushAll(false)
    model.values.clear()
    model.set('new', 10)
    expect(model.compaction.run(AT_ONCE)).toBe(true)
    expect(model.compaction.running).toBe(false)
    model.check()
  })

  test('what cannot be helped is not tried again and again', () => {
    const model = new Model()
    model.scatter('key', 15_000, 1000, 0.1, randomFrom(1))
    // As if something else than tables held the addresses.
    model.keyspace.databases[0].keys.rewrite = () => 0
    model.compaction.consider()
    model.compaction.run(Number.POSITIVE_INFINITY)
    expect(model.compaction.moved).toBe(0)
    const started: number[] = []
    for (let second = 0; second < 20; second++) {
      model.compaction.consider()
      if (!model.compaction.running) continue
      started.push(second)
      model.compaction.run(Number.POSITIVE_INFINITY)
    }
    expect(started).toEqual([0, 2, 6, 14])
    model.check()
  })
})

test('hash tables give back the memory of segments that merged', () => {
  const model = new Model()
  for (let i = 0; i < 100_000; i++) model.set(`key${i}`, 1)
  const { entries } = model.keyspace
  const full = entries.tableReservedBytes
  for (let i = 0; i < 100_000; i++) if (i % 50 !== 0) model.delete(`key${i}`)
  for (let i = 0; i < 100; i++) model.keyspace.databases[0].sweep()
  expect(entries.tableReservedBytes).toBeLessThan(full / 2)
  expect(entries.tableReservedBytes).toBeLessThan(2 * entries.tableBytes + MIB)
  model.check()
})
