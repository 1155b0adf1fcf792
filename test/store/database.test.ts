import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../src/bytes/hash.js'
import { type Database, NEVER } from '../../src/store/database.js'
import { ENCODING_AGGREGATE, TYPE_HASH } from '../../src/store/entries.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { moveEntry } from '../../src/store/move-entry.js'
import { HashTable } from '../../src/store/table/hash-table.js'
import { setString } from '../../src/types/string/set-string.js'
import { StringView } from '../../src/types/string/string.js'

const NOW_MS = 1_700_000_000_000

interface Value {
  text: string
  expiryMs: number
}

/** Two databases beside two Maps. */
class Pair {
  readonly keyspace = new Keyspace(2)
  readonly models: Map<string, Value>[] = [new Map(), new Map()]

  constructor() {
    this.keyspace.setNow(NOW_MS)
  }

  find(db: Database, name: string): number {
    const key = Buffer.from(name)
    return db.findForWrite(key, 0, key.length)
  }

  set(index: number, name: string, text: string, expiryMs: number): void {
    const db = this.keyspace.databases[index]
    const key = Buffer.from(name)
    const value = Buffer.from(text)
    setString(db, this.find(db, name), key, 0, key.length, value, 0, value.length, expiryMs)
    this.models[index].set(name, { text, expiryMs })
  }

  remove(index: number, name: string): void {
    const db = this.keyspace.databases[index]
    const address = this.find(db, name)
    if (address !== 0) db.remove(address)
    this.models[index].delete(name)
  }

  expire(index: number, name: string, expiryMs: number): void {
    const db = this.keyspace.databases[index]
    const address = this.find(db, name)
    const value = this.models[index].get(name)
    if (address !== 0) db.setExpiry(address, expiryMs)
    if (value !== undefined) this.models[index].set(name, { ...value, expiryMs })
  }

  move(from: number, name: string, to: number, newName: string): void {
    const value = this.models[from].get(name)
    if (value === undefined || (from === to && name === newName)) return
    const target = this.keyspace.databases[to]
    const address = this.find(this.keyspace.databases[from], name)
    const overwritten = this.find(target, newName)
    if (overwritten !== 0) target.remove(overwritten)
    const key = Buffer.from(newName)
    moveEntry(this.keyspace.databases[from], address, target, key, 0, key.length)
    this.models[from].delete(name)
    this.models[to].set(newName, value)
  }

  check(): void {
    const view = new StringView()
    for (const [index, model] of this.models.entries()) {
      const db = this.keyspace.databases[index]
      expect(db.keys.count).toBe(model.size)
      expect(db.expires.count).toBe([...model.values()].filter(value => !Number.isNaN(value.expiryMs)).length)
      for (const [name, value] of model) {
        const address = this.find(db, name)
        if (address === 0) expect.fail(`${name} is missing`)
        expect(db.entries.expiry(address)).toBe(value.expiryMs)
        view.of(db.entries, address)
        expect(view.bytes.toString('utf8', view.start, view.end)).toBe(value.text)
        expect(db.expires.find(db.hash, Buffer.from(name), 0, name.length)).toBe(
          Number.isNaN(value.expiryMs) ? 0 : address,
        )
      }
    }
  }
}

describe('databases against Maps', () => {
  const name = fc.nat(40).map(n => 'k'.repeat((n % 7) + 1) + n)
  const text = fc.oneof(
    fc.integer().map(String),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(String),
    fc.string({ maxLength: 80, unit: 'grapheme-ascii' }),
    fc.nat(9000).map(length => 'x'.repeat(length)),
  )
  const expiryMs = fc.oneof(
    fc.constant(NEVER),
    fc.integer({ min: 1, max: 1e6 }).map(ms => NOW_MS + ms),
  )
  const index = fc.nat(1)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), index, name, text, expiryMs }),
    fc.record({ kind: fc.constant('remove' as const), index, name }),
    fc.record({ kind: fc.constant('expire' as const), index, name, expiryMs }),
    fc.record({ kind: fc.constant('move' as const), index, name, to: index, newName: name }),
  )

  test('any sequence of sets, removals, expiries, renames and moves', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const pair = new Pair()
        for (const each of steps) {
          if (each.kind === 'set') pair.set(each.index, each.name, each.text, each.expiryMs)
          else if (each.kind === 'remove') pair.remove(each.index, each.name)
          else if (each.kind === 'expire') pair.expire(each.index, each.name, each.expiryMs)
          else pair.move(each.index, each.name, each.to, each.newName)
        }
        pair.check()
        for (const [i, model] of pair.models.entries()) for (const key of [...model.keys()]) pair.remove(i, key)
        expect(pair.keyspace.entries.usedBytes).toBe(0)
        expect(pair.keyspace.entries.externalBytes).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('a table of elements moves by reference, with the access clock', () => {
    const { keyspace } = new Pair()
    const [db, other] = keyspace.databases
    const table = new HashTable(keyspace.entries)
    const field = Buffer.from('field')
    table.insert(hashBytes(field, 0, 5), keyspace.entries.create(0, field, 0, 5, 0, NEVER))
    const key = Buffer.from('key')
    const newKey = Buffer.from('a much longer name than before')
    db.findForWrite(key, 0, key.length)
    const address = db.place(0, key, 0, key.length, TYPE_HASH, ENCODING_AGGREGATE, 0, NOW_MS + 5)
    db.entries.setPayload(address, keyspace.aggregates.add(table))
    db.entries.setClock(address, 12345)
    other.findForWrite(newKey, 0, newKey.length)
    const moved = moveEntry(db, address, other, newKey, 0, newKey.length)
    expect(db.keys.count + db.expires.count).toBe(0)
    expect(other.entries.type(moved)).toBe(TYPE_HASH)
    expect(keyspace.aggregates.get(other.entries.payload(moved))).toBe(table)
    expect(table.count).toBe(1)
    expect(other.entries.clock(moved)).toBe(12345)
    expect(other.entries.expiry(moved)).toBe(NOW_MS + 5)
    expect(keyspace.pendingObjects).toBe(0)
    other.remove(moved)
    expect(keyspace.pendingObjects).toBe(1)
    expect(keyspace.collectGarbage(Number.POSITIVE_INFINITY)).toBe(true)
    expect(keyspace.entries.usedBytes).toBe(0)
  })
})
