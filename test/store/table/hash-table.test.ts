import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { hashBytes, setHashSeed } from '../../../src/bytes/hash.js'
import { Entries } from '../../../src/store/entries.js'
import { HashTable } from '../../../src/store/table/hash-table.js'

const NO_EXPIRY = Number.NaN

/** A table beside the Map that says what it must hold. */
class Pair {
  readonly entries = new Entries()
  readonly table = new HashTable(this.entries)
  readonly model = new Map<string, number>()

  insert(name: string): void {
    if (this.model.has(name)) return
    const key = Buffer.from(name)
    const address = this.entries.create(0, key, 0, key.length, 0, NO_EXPIRY)
    this.table.insert(hashBytes(key, 0, key.length), address)
    this.model.set(name, address)
  }

  find(name: string): number {
    const key = Buffer.from(name)
    return this.table.find(hashBytes(key, 0, key.length), key, 0, key.length)
  }

  remove(name: string): void {
    const address = this.find(name)
    if (address !== (this.model.get(name) ?? 0)) expect.fail(`${name} is at ${address}`)
    if (address === 0) return
    this.table.removeFound()
    this.entries.destroy(address)
    this.model.delete(name)
  }

  /** Puts the entry into another slot, as a change of size does. */
  move(name: string): void {
    const old = this.model.get(name)
    if (old === undefined) return
    const key = Buffer.from(name)
    const address = this.entries.create(0, key, 0, key.length, 40, NO_EXPIRY)
    if (!this.table.locate(hashBytes(key, 0, key.length), old)) expect.fail(`${name} cannot be located`)
    this.table.replaceFound(address)
    this.entries.destroy(old)
    this.model.set(name, address)
  }

  nameOf(address: number): string {
    return this.entries.keyView(address).toString()
  }

  scanAll(): string[] {
    const names: string[] = []
    let cursor = 0
    do cursor = this.table.scan(cursor, address => names.push(this.nameOf(address)))
    while (cursor !== 0)
    return names
  }

  check(): void {
    expect(this.table.count).toBe(this.model.size)
    expect(this.scanAll().sort()).toEqual([...this.model.keys()].sort())
    expect(this.table.segments.every((segment, i) => segment.index === i)).toBe(true)
    expect(this.table.segments.reduce((sum, segment) => sum + segment.count, 0)).toBe(this.model.size)
  }
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

beforeEach(() => setHashSeed(0x12345678, 0x0abcdef0))

describe('the hash table against a Map', () => {
  const operation = fc.record({
    kind: fc.constantFrom('insert', 'insert', 'remove', 'find', 'move', 'random'),
    name: fc.nat(300).map(n => `k${n}`),
  })

  test('any sequence of inserts, removals, moves and look-ups', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 600 }), fc.integer(), fc.integer(), (operations, low, high) => {
        setHashSeed(low, high)
        const pair = new Pair()
        for (const { kind, name } of operations) {
          if (kind === 'insert') pair.insert(name)
          else if (kind === 'remove') pair.remove(name)
          else if (kind === 'move') pair.move(name)
          else if (kind === 'find') expect(pair.find(name)).toBe(pair.model.get(name) ?? 0)
          else if (pair.model.size === 0) expect(pair.table.random()).toBe(0)
          else {
            const address = pair.table.random()
            expect(pair.model.get(pair.nameOf(address))).toBe(address)
          }
        }
        pair.check()
      }),
      { numRuns: 60 },
    )
  })

  test('grows to 100 000 entries and shrinks back to none', () => {
    const pair = new Pair()
    const random = seeded(1)
    for (let i = 0; i < 100_000; i++) pair.insert(`key:${i}`)
    for (let i = 0; i < 2000; i++) {
      const name = `key:${Math.floor(random() * 200_000)}`
      if (pair.find(name) !== (pair.model.get(name) ?? 0)) expect.fail(name)
    }
    pair.check()
    const grown = pair.table.segments.length
    expect(grown).toBeGreaterThan(64)
    const names = [...pair.model.keys()]
    for (let i = names.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[names[i], names[j]] = [names[j], names[i]]
    }
    for (const name of names.slice(0, 99_000)) pair.remove(name)
    pair.check()
    expect(pair.table.segments.length).toBeLessThan(grown / 4)
    for (const name of names.slice(99_000)) pair.remove(name)
    pair.check()
    expect(pair.table.segments.length).toBe(1)
    expect(pair.table.random()).toBe(0)
    expect(pair.entries.usedBytes).toBe(0)
  })

  test('one segment after another splits: no insert touches more than a few', () => {
    const pair = new Pair()
    let most = 0
    for (let i = 0; i < 30_000; i++) {
      const before = pair.table.segments.length
      pair.insert(`key:${i}`)
      most = Math.max(most, pair.table.segments.length - before)
    }
    expect(most).toBeLessThanOrEqual(2)
  })

  test('a pinned table keeps its segments', () => {
    const pair = new Pair()
    for (let i = 0; i < 20_000; i++) pair.insert(`key:${i}`)
    const segments = pair.table.segments.length
    pair.table.pinned = true
    for (let i = 0; i < 19_990; i++) pair.remove(`key:${i}`)
    expect(pair.table.segments.length).toBe(segments)
    pair.check()
    pair.table.pinned = false
    for (let i = 0; i < 20_000; i++) pair.insert(`again:${i}`)
    for (let i = 0; i < 20_000; i++) pair.remove(`again:${i}`)
    pair.check()
    expect(pair.table.segments.length).toBeLessThan(segments)
  })
})

describe('a scan', () => {
  /** Scans to the end, calling `meanwhile` between steps; returns how often each name came. */
  function scanWhile(pair: Pair, meanwhile: (step: number) => void): Map<string, number> {
    const seen = new Map<string, number>()
    let cursor = 0
    let step = 0
    do {
      cursor = pair.table.scan(cursor, address => {
        const name = pair.nameOf(address)
        seen.set(name, (seen.get(name) ?? 0) + 1)
      })
      if (!(Number.isSafeInteger(cursor) && cursor >= 0 && cursor < 2 ** 38)) expect.fail(`cursor ${cursor}`)
      meanwhile(step++)
    } while (cursor !== 0)
    return seen
  }

  function stayers(pair: Pair, count: number): string[] {
    const names = Array.from({ length: count }, (_, i) => `stay:${i}`)
    for (const name of names) pair.insert(name)
    return names
  }

  function onceEach(seen: Map<string, number>, names: string[]): void {
    expect(names.filter(name => seen.get(name) !== 1)).toEqual([])
  }

  test.each([0, 1, 10, 14, 15, 100, 1000, 5000])('of %i entries that nobody changes gives each once', count => {
    const pair = new Pair()
    const names = stayers(pair, count)
    const seen = scanWhile(pair, () => {})
    onceEach(seen, names)
    expect(seen.size).toBe(count)
  })

  test.each([1, 20, 700, 3000])('while the table of %i grows gives what stayed once', count => {
    const pair = new Pair()
    const names = stayers(pair, count)
    let added = 0
    const seen = scanWhile(pair, () => {
      for (let i = 0; i < 60 && added < 20_000; i++) pair.insert(`new:${added++}`)
    })
    onceEach(seen, names)
  })

  test.each([1, 2, 3, 5, 8, 13, 21, 40])('gives what stayed once when all segments merge after step %i', when => {
    const pair = new Pair()
    const names = stayers(pair, 60)
    for (let i = 0; i < 6000; i++) pair.insert(`gone:${i}`)
    expect(pair.table.segments.length).toBeGreaterThan(4)
    const seen = scanWhile(pair, step => {
      if (step === when) for (let i = 0; i < 6000; i++) pair.remove(`gone:${i}`)
    })
    expect(pair.table.segments.length).toBe(1)
    onceEach(seen, names)
    expect([...seen.values()].every(times => times === 1)).toBe(true)
  })

  test('while entries come, go and move at random gives what stayed once', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: -50, max: 50 }),
        (seed, staying, others, drift) => {
          setHashSeed(seed, seed ^ 0x5bd1e995)
          const random = seeded(seed)
          const pair = new Pair()
          const names = stayers(pair, staying)
          for (let i = 0; i < others; i++) pair.insert(`other:${i}`)
          const seen = scanWhile(pair, () => {
            for (let i = 0; i < 60; i++) {
              const name = `other:${Math.floor(random() * 5000)}`
              if (random() * 100 < 50 + drift) pair.insert(name)
              else pair.remove(name)
            }
            if (staying > 0) pair.move(names[Math.floor(random() * staying)])
          })
          onceEach(seen, names)
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('random()', () => {
  /** Chi-square of `draws` over all entries, as a standard normal deviate (Wilson and Hilferty). */
  function deviate(pair: Pair, draws: number): number {
    const counts = new Map<number, number>()
    for (let i = 0; i < draws; i++) {
      const address = pair.table.random()
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
    const size = pair.model.size
    const expected = draws / size
    let chiSquare = 0
    for (const address of pair.model.values()) chiSquare += ((counts.get(address) ?? 0) - expected) ** 2 / expected
    const freedom = size - 1
    const spread = 2 / (9 * freedom)
    return (Math.cbrt(chiSquare / freedom) - (1 - spread)) / Math.sqrt(spread)
  }

  test.each([10, 100, 3000])('is fair among %i entries', size => {
    const pair = new Pair()
    for (let i = 0; i < size; i++) pair.insert(`key:${i}`)
    expect(deviate(pair, size * 50)).toBeLessThan(5)
  })

  test('is fair after a large table has shrunk', () => {
    const pair = new Pair()
    for (let i = 0; i < 20_000; i++) pair.insert(`key:${i}`)
    for (let i = 0; i < 19_800; i++) pair.remove(`key:${i}`)
    expect(deviate(pair, 20_000)).toBeLessThan(5)
  })
})
