import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NEVER } from '../../src/store/database.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { HashTable } from '../../src/store/table/hash-table.js'
import { Hash } from '../../src/types/hash/hash.js'
import { setString } from '../../src/types/string/set-string.js'

const HASH_LIMITS = { maxEntries: 8, maxValueBytes: 64 }

type Step =
  | { readonly kind: 'set'; readonly key: number; readonly bytes: number; readonly expires: boolean }
  | { readonly kind: 'hash'; readonly key: number; readonly fields: number; readonly bytes: number }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'flush'; readonly database: number }
  | { readonly kind: 'swap' }

const key = fc.integer({ min: 0, max: 30 })
const bytes = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 4000, max: 20_000 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), key, bytes, expires: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('hash' as const),
      key,
      fields: fc.integer({ min: 1, max: 300 }),
      bytes: fc.integer({ min: 0, max: 100 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('flush' as const), database: fc.integer({ min: 0, max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'swap' as const }) },
)

/** Databases 0 and 1 of a keyspace, keys by number: even ones in database 0. */
class Store {
  readonly keyspace = new Keyspace(2)
  private readonly hash = new Hash()

  run(action: Step): void {
    const { databases } = this.keyspace
    if (action.kind === 'flush') databases[action.database].flush(false)
    else if (action.kind === 'swap') databases[0].swapWith(databases[1])
    else {
      const db = databases[action.key % 2]
      const name = Buffer.from(`key:${action.key}`)
      const address = db.findForWrite(name, 0, name.length)
      if (action.kind === 'set') {
        const value = Buffer.alloc(action.bytes, 'v')
        const expiryMs = action.expires ? this.keyspace.nowMs + 1e9 : NEVER
        setString(db, address, name, 0, name.length, value, 0, value.length, expiryMs)
        return
      }
      if (address !== 0) db.remove(address)
      if (action.kind === 'hash') this.addHash(action.key, action.fields, action.bytes)
    }
  }

  private addHash(number: number, fields: number, size: number): void {
    const db = this.keyspace.databases[number % 2]
    const name = Buffer.from(`key:${number}`)
    db.findForWrite(name, 0, name.length)
    this.hash.openNew(db, name, 0, name.length)
    const value = Buffer.alloc(size, 'v')
    for (let i = 0; i < fields; i++) {
      const field = Buffer.from(`f${i}`)
      this.hash.set(field, 0, field.length, value, 0, value.length, HASH_LIMITS)
    }
  }

  /** Bytes of all tables, looked at one by one. */
  get tableBytes(): number {
    const { aggregates, databases } = this.keyspace
    let total = 0
    for (const { expires, keys } of databases) total += keys.memoryBytes + expires.memoryBytes
    for (let number = 0; number < aggregates.end; number++) total += aggregates.peek(number)?.memoryBytes ?? 0
    return total
  }

  /** Bytes of memory behind all large values. */
  get externalBytes(): number {
    const { buffers } = this.keyspace.entries
    let total = 0
    for (let number = 0; number < buffers.end; number++) total += buffers.peek(number)?.buffer.byteLength ?? 0
    return total
  }
}

test('the accounts are what adding up would give, and end where they began', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const store = new Store()
      const { keyspace } = store
      const empty = keyspace.usedBytes
      for (const each of steps) store.run(each)
      while (!keyspace.collectGarbage(Number.POSITIVE_INFINITY));
      expect(keyspace.entries.tableBytes).toBe(store.tableBytes)
      expect(keyspace.entries.externalBytes).toBe(store.externalBytes)
      expect(keyspace.entries.totalReservedBytes).toBeGreaterThanOrEqual(keyspace.usedBytes)
      for (const database of keyspace.databases) database.flush(false)
      while (!keyspace.collectGarbage(Number.POSITIVE_INFINITY));
      expect(keyspace.usedBytes).toBe(empty)
    }),
    { numRuns: 60 },
  )
})

test('a table that grows and shrinks counts what it takes, and nothing when it is closed', () => {
  const keyspace = new Keyspace(1)
  const { entries } = keyspace
  const before = entries.tableBytes
  const table = new HashTable(entries)
  const addresses: [hash: number, address: number][] = []
  for (let i = 0; i < 5000; i++) {
    const name = Buffer.from(`key:${i}`)
    const address = entries.create(0, name, 0, name.length, 0, NEVER)
    table.insert(entries.hashOf(address), address)
    addresses.push([entries.hashOf(address), address])
    if (i % 500 === 0) expect(entries.tableBytes - before).toBe(table.memoryBytes)
  }
  const full = table.memoryBytes
  for (const [hash, address] of addresses) {
    table.locate(hash, address)
    table.removeFound()
  }
  expect(entries.tableBytes - before).toBe(table.memoryBytes)
  expect(table.memoryBytes).toBeLessThan(full / 4)
  table.close()
  expect(entries.tableBytes).toBe(before)
})
