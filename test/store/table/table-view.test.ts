import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../../src/bytes/hash.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import type { HashTable } from '../../../src/store/table/hash-table.js'
import { TableView } from '../../../src/store/table/table-view.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { Hash } from '../../../src/types/hash/hash.js'

const LIMITS = { maxEntries: 0, maxValueBytes: 64 }
const KEY = Buffer.from('hash')

/** A large hash beside a Map that says what should be in it. */
class Model {
  readonly keyspace = new Keyspace(1)
  readonly fields = new Map<string, string>()
  private readonly hash = new Hash()

  private open(): Hash {
    const db = this.keyspace.databases[0]
    const address = db.findForWrite(KEY, 0, KEY.length)
    if (address === 0) this.hash.openNew(db, KEY, 0, KEY.length)
    else this.hash.open(db, address)
    return this.hash
  }

  get table(): HashTable {
    return this.open().table
  }

  set(name: string, content: string): void {
    const [field, value] = [Buffer.from(name), Buffer.from(content)]
    this.open().set(field, 0, field.length, value, 0, value.length, LIMITS)
    this.fields.set(name, content)
  }

  delete(name: string): void {
    const field = Buffer.from(name)
    this.open().delete(field, 0, field.length)
    this.fields.delete(name)
  }

  drop(): void {
    const db = this.keyspace.databases[0]
    const address = db.findForWrite(KEY, 0, KEY.length)
    if (address !== 0) db.remove(address)
    this.fields.clear()
  }

  free(): void {
    expect(this.keyspace.collectGarbage(Number.POSITIVE_INFINITY)).toBe(true)
  }
}

/** A view beside what was in the table when it began. */
class Viewed {
  readonly view: TableView
  readonly expected: Map<string, string>
  readonly seen: [string, string][] = []
  private readonly name = new ByteRange()
  private readonly content = new ByteRange()

  constructor(model: Model, use: 'walk' | 'draw' | 'find') {
    this.view = new TableView(model.keyspace, model.table, use)
    this.expected = new Map(model.fields)
  }

  read(element: number): [string, string] {
    const { entries } = this.view.table
    this.name.readElement(entries, element)
    this.content.readElementValue(entries, element)
    return [this.name.copy().toString(), this.content.copy().toString()]
  }

  step(): boolean {
    return this.view.step(element => this.seen.push(this.read(element)))
  }

  /** To the end. */
  walkOn(): void {
    let more = true
    while (more) more = this.step()
  }

  finish(): void {
    this.walkOn()
    expect(this.seen.length).toBe(this.expected.size)
    expect(new Map(this.seen)).toEqual(this.expected)
    this.view.close()
  }

  draw(): void {
    const element = this.view.random()
    if (element === 0) return
    const [name, content] = this.read(element)
    expect(this.expected.get(name)).toBe(content)
  }

  find(name: string): void {
    const key = Buffer.from(`<${name}>`)
    const hash = hashBytes(key, 1, key.length - 1)
    // Hashes come with a sign, or without.
    for (const each of [hash, hash | 0]) {
      const element = this.view.find(each, key, 1, key.length - 1)
      expect(element === 0 ? undefined : this.read(element)[1]).toBe(this.expected.get(name))
    }
  }
}

const number = fc.nat(400)
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('set' as const), number, size: fc.nat(100) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), number }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('step' as const), number: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('walk' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('draw' as const, 'find' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop' as const) }) },
  // Grows or empties a table by many, so that segments split and merge under a walk.
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fill' as const), number: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('empty' as const), number: fc.nat(3000) }) },
)

describe('a view of a table', () => {
  test('is the table of the moment at which it began, whatever is written meanwhile', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 120 }), operations => {
        const model = new Model()
        const walks: Viewed[] = []
        let draws: Viewed | null = null
        let finds: Viewed | null = null
        for (const [i, op] of operations.entries()) {
          if (op.type === 'set') model.set(`f${op.number}`, `${i}`.padEnd(op.size, 'x'))
          else if (op.type === 'delete') model.delete(`f${op.number}`)
          else if (op.type === 'fill') for (let n = 0; n < op.number; n++) model.set(`f${n}`, `${i}`)
          else if (op.type === 'empty') for (let n = 0; n < op.number; n++) model.delete(`f${n}`)
          else if (op.type === 'drop') model.drop()
          else if (op.type === 'close') walks.shift()?.view.close()
          else if (op.type === 'step') for (const walk of walks) for (let n = 0; n < op.number; n++) walk.step()
          else if (model.fields.size > 0) {
            if (op.type === 'walk') walks.push(new Viewed(model, 'walk'))
            else if (op.type === 'find') {
              finds?.view.close()
              finds = new Viewed(model, 'find')
            } else {
              draws?.view.close()
              draws = new Viewed(model, 'draw')
            }
          }
          draws?.draw()
          if ('number' in op) for (const n of [op.number, op.number + 1]) finds?.find(`f${n}`)
        }
        for (let n = 0; n < 400; n++) finds?.find(`f${n}`)
        for (const walk of walks) walk.finish()
        draws?.view.close()
        finds?.view.close()
        expect(model.keyspace.entries.openViews).toBe(0)
        model.drop()
        model.free()
        expect(model.keyspace.entries.totalUsedBytes).toBe(new Model().keyspace.entries.totalUsedBytes)
      }),
      { numRuns: 150 },
    )
  })

  test('draws all elements of its moment as often, those that went too, and none that came', () => {
    const model = new Model()
    for (let i = 0; i < 20; i++) model.set(`old${i}`, 'x')
    const viewed = new Viewed(model, 'draw')
    for (let i = 0; i < 10; i++) model.delete(`old${i}`)
    for (let i = 0; i < 20; i++) model.set(`new${i}`, 'x')
    const times = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const [name] = viewed.read(viewed.view.random())
      times.set(name, (times.get(name) ?? 0) + 1)
    }
    expect(times.size).toBe(20)
    // 1000 each, with a standard deviation of 31.
    for (const [name, count] of times) expect(count, name).toSatisfy((n: number) => n > 800 && n < 1200)
    viewed.view.close()
  })

  test('gives up a draw for now when nearly all there is came later', () => {
    const model = new Model()
    model.set('old', 'x')
    const viewed = new Viewed(model, 'draw')
    for (let i = 0; i < 50_000; i++) model.set(`new${i}`, 'x')
    const drawn = Array.from({ length: 20 }, () => viewed.view.random())
    expect(drawn).toContain(0)
    expect(drawn.filter(element => element !== 0).every(element => viewed.read(element)[0] === 'old')).toBe(true)
    viewed.view.close()
  })

  test('outlives the key, and FLUSHALL', () => {
    for (const end of ['drop', 'flush'] as const) {
      const model = new Model()
      for (let i = 0; i < 2000; i++) model.set(`f${i}`, `v${i}`)
      const viewed = new Viewed(model, 'walk')
      viewed.step()
      if (end === 'drop') model.drop()
      else model.keyspace.flushAll(false)
      model.free()
      for (let i = 0; i < 2000; i++) model.set(`g${i}`, 'other')
      viewed.finish()
      model.free()
    }
  })

  test('keeps elements of a walk no longer than the walk needs them', () => {
    const model = new Model()
    for (let i = 0; i < 1000; i++) model.set(`f${i}`, 'x'.repeat(50))
    const viewed = new Viewed(model, 'walk')
    viewed.walkOn()
    const before = model.keyspace.entries.totalUsedBytes
    for (let round = 0; round < 20; round++) for (let i = 0; i < 1000; i++) model.set(`f${i}`, 'y'.repeat(50))
    expect(model.keyspace.entries.totalUsedBytes).toBe(before)
    viewed.finish()
  })
})
