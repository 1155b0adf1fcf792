/** Reading ahead for many keys: it gives their hashes, and changes nothing. */
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { hashBytes, setHashSeed } from '../../../src/bytes/hash.js'
import { Entries } from '../../../src/store/entries.js'
import { HashTable } from '../../../src/store/table/hash-table.js'
import { AHEAD_MAX, LookAhead } from '../../../src/store/table/look-ahead.js'

beforeEach(() => setHashSeed(0x12345678, 0x0abcdef0))

const name = (n: number): Buffer => Buffer.from(`key:${n}`)
/** As the 32 bits that it is, whatever their sign. */
const hashOf = (key: Buffer): number => hashBytes(key, 0, key.length) | 0

class Table {
  readonly entries = new Entries()
  readonly table = new HashTable(this.entries)
  count = 0

  insert(): void {
    const key = name(this.count++)
    this.table.insert(hashOf(key), this.entries.create(0, key, 0, key.length, 8, Number.NaN))
  }

  remove(): void {
    const address = this.find(--this.count)
    this.table.removeFound()
    this.entries.destroy(address)
  }

  find(n: number): number {
    const key = name(n)
    return this.table.find(hashOf(key), key, 0, key.length)
  }

  /** All that is in the table, in its own order. */
  scanned(): number[] {
    const addresses: number[] = []
    let cursor = 0
    do cursor = this.table.scan(cursor, address => addresses.push(address))
    while (cursor !== 0)
    return addresses
  }
}

/** Looks at these keys ahead. */
function lookAhead({ table }: Table, numbers: readonly number[]): void {
  const ahead = new LookAhead()
  const hashes = numbers.map(n => ahead.add(name(n), 0, name(n).length) | 0)
  expect(hashes).toEqual(numbers.map(n => hashOf(name(n))))
  ahead.run(table)
  expect([...ahead.hashes.subarray(0, numbers.length)]).toEqual(hashes)
}

describe('reading ahead', () => {
  const numbers = fc.array(fc.nat(3000), { maxLength: AHEAD_MAX, size: 'max' })

  test.each([0, 1, 2, 13, 14, 15, 100, 600, 900, 2500])('leaves a table of %i keys as it is', size => {
    const pair = new Table()
    while (pair.count < size) pair.insert()
    const before = pair.scanned()
    fc.assert(
      fc.property(numbers, list => {
        const last = size === 0 ? 0 : pair.find(size - 1)
        lookAhead(pair, list)
        expect(size === 0 ? 0 : pair.find(size - 1)).toBe(last)
        for (const n of list) expect(pair.find(n) !== 0).toBe(n < size)
      }),
      { numRuns: 50 },
    )
    expect(pair.table.count).toBe(size)
    expect(pair.scanned()).toEqual(before)
  })

  test('copes with a table at every size on its way up and down, splits and merges among them', () => {
    const pair = new Table()
    const around = (): number[] => Array.from({ length: AHEAD_MAX }, (_, i) => Math.max(0, pair.count - 20 + i))
    for (const step of ['insert', 'remove'] as const) {
      for (let i = 0; i < 5000; i++) {
        pair[step]()
        lookAhead(pair, around())
      }
    }
    expect(pair.table.count).toBe(0)
  })

  test('does not move what find() has found: it can be replaced or removed afterwards', () => {
    const pair = new Table()
    for (let i = 0; i < 3000; i++) pair.insert()
    while (pair.count > 0) {
      const address = pair.find(--pair.count)
      lookAhead(pair, [0, 1, 2, pair.count])
      pair.table.removeFound()
      pair.entries.destroy(address)
      expect(pair.find(pair.count)).toBe(0)
    }
    expect(pair.table.count).toBe(0)
  })

  test('begins anew after each run, also one for a single key', () => {
    const pair = new Table()
    const ahead = new LookAhead()
    for (let i = 0; i < 5 * AHEAD_MAX; i++) {
      const key = name(i)
      ahead.add(key, 0, key.length)
      ahead.run(pair.table)
      expect(ahead.hashes[0]).toBe(hashOf(key))
    }
  })
})
