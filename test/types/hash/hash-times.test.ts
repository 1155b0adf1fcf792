/** A large hash whose fields expire behaves as a map with times, while it is saved, dumped, moved about in memory and freed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ByteSink, Snapshot } from '../../../src/persistence/snapshot.js'
import { RdbOutput } from '../../../src/rdb/output.js'
import { ActiveExpire } from '../../../src/store/active-expire.js'
import type { Database } from '../../../src/store/database.js'
import { expireFields } from '../../../src/store/expire-fields.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import type { HashTable } from '../../../src/store/table/hash-table.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { copyHash } from '../../../src/types/hash/hash-copy.js'
import type { FormTaker, HeldForm } from '../../../src/types/held-form.js'
import { kindOf } from '../../../src/types/kinds.js'
import { file, str } from '../../persistence/rdb/bytes.js'
import { load } from '../../persistence/rdb/keyspace.js'

const LIMITS = { maxEntries: 8, maxValueBytes: 64 }
const KEY = Buffer.from('hash')
const COPY = Buffer.from('copy')
const NOW_MS = 1_700_000_000_000
const VERSION = 12

/** Values and times of fields, as texts. */
type Fields = Record<string, string>

class Collected implements ByteSink {
  readonly chunks: Buffer[] = []
  readonly congested = false
  write(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk))
  }
}

function open(db: Database, key = KEY): Hash {
  const hash = new Hash()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) hash.openNew(db, key, 0, key.length)
  else hash.open(db, address)
  return hash
}

function fieldsOf(db: Database, key = KEY): Fields {
  const hash = open(db, key)
  const fields: Fields = {}
  hash.iterate((name, value) => {
    const bytes = name.copy()
    const expiryMs = hash.times === null ? Number.NaN : hash.expiryOf(hash.elementOf(bytes, 0, bytes.length))
    fields[bytes.toString('latin1')] = `${value.copy().toString('latin1')} ${expiryMs}`
  })
  return fields
}

/** What DUMP gives of the hash as of now, bit by bit. */
class Dump {
  readonly expected: Fields
  private readonly out = new RdbOutput()
  private readonly form: HeldForm
  private readonly type: number
  private more = true
  private readonly taker: FormTaker = {
    out: this.out,
    append: () => {},
    string: held => {
      const bytes = Buffer.alloc(held.length)
      held.read(0, held.length, bytes, 0)
      held.release()
      this.out.string(bytes, 0, bytes.length, true)
    },
  }

  constructor(db: Database, address: number, expected: Fields) {
    const kind = kindOf(db.entries, address)
    this.expected = expected
    this.type = kind.rdbType(db.keyspace, address)
    this.form = kind.hold(db.keyspace, address, { compress: true, snapshot: null })
  }

  step(): void {
    if (this.more) this.more = this.form.next(this.taker)
  }

  finish(): void {
    while (this.more) this.step()
    this.form.close()
    const { keyspace } = load(file(VERSION, this.type, str(KEY), this.out.take()))
    keyspace.setNow(0)
    expect(fieldsOf(keyspace.databases[0])).toEqual(this.expected)
  }
}

class Save {
  readonly expected: Fields
  private readonly sink = new Collected()
  private readonly snapshot: Snapshot

  constructor(keyspace: Keyspace, expected: Fields) {
    this.expected = expected
    this.snapshot = new Snapshot(keyspace, this.sink, { compress: true, checksum: true, access: null, aux: [] })
  }

  step(deadlineMs: number): boolean {
    return this.snapshot.step(deadlineMs)
  }

  finish(): void {
    while (!this.step(Number.POSITIVE_INFINITY)) {}
    const { keyspace } = load(Buffer.concat(this.sink.chunks))
    keyspace.setNow(0)
    expect(fieldsOf(keyspace.databases[0])).toEqual(this.expected)
  }
}

class Model {
  readonly keyspace = new Keyspace(1)
  readonly db = this.keyspace.databases[0]
  readonly values = new Map<string, { value: string; expiryMs: number }>()
  readonly active = new ActiveExpire(this.keyspace)
  save: Save | null = null
  dump: Dump | null = null

  constructor() {
    this.keyspace.setNow(NOW_MS)
  }

  set(name: string, value: string): void {
    const field = Buffer.from(name)
    const content = Buffer.from(value)
    open(this.db).set(field, 0, field.length, content, 0, content.length, LIMITS)
    this.values.set(name, { value, expiryMs: Number.NaN })
  }

  delete(name: string): void {
    const field = Buffer.from(name)
    expect(open(this.db).delete(field, 0, field.length)).toBe(this.values.delete(name))
  }

  expire(name: string, expiryMs: number): void {
    const hash = open(this.db)
    const known = this.values.get(name)
    if (hash.address === 0 || known === undefined) return
    hash.makeExpiring(KEY)
    hash.setExpiry(hash.elementOf(Buffer.from(name), 0, name.length), expiryMs)
    known.expiryMs = expiryMs
  }

  /** Time passes, and fields are removed by then. */
  pass(ms: number): void {
    const { keyspace } = this
    keyspace.setNow(keyspace.nowMs + ms)
    expect(open(this.db).liveLength).toBe(this.live().length)
    this.active.run(Number.POSITIVE_INFINITY)
    for (const [name, { expiryMs }] of this.values) if (expiryMs < keyspace.nowMs) this.values.delete(name)
  }

  private live(): [string, { value: string; expiryMs: number }][] {
    return [...this.values].filter(([, { expiryMs }]) => !(expiryMs < this.keyspace.nowMs))
  }

  expected(): Fields {
    return Object.fromEntries([...this.values].map(([name, { expiryMs, value }]) => [name, `${value} ${expiryMs}`]))
  }

  remove(): void {
    const { address } = open(this.db)
    if (address !== 0) this.db.remove(address)
    this.values.clear()
  }

  /** Moves all elements, or those of some buckets. */
  rewrite(steps: number): void {
    const { address } = open(this.db)
    if (address === 0 || this.keyspace.snapshot !== null) return
    const hash = open(this.db)
    if (!hash.isTable) return
    const table: HashTable = hash.table
    if (!table.entriesMayMove) return
    let cursor = 0
    do {
      cursor = table.rewrite(cursor, element => this.db.entries.relocate(element))
    } while (cursor !== 0 && --steps > 0)
  }

  copy(): void {
    const { address } = open(this.db)
    if (address === 0) return
    const old = this.db.findForWrite(COPY, 0, COPY.length)
    if (old !== 0) this.db.remove(old)
    this.db.findForWrite(COPY, 0, COPY.length)
    copyHash(this.db, address, this.db, COPY, 0, COPY.length, Number.NaN)
    expect(fieldsOf(this.db, COPY)).toEqual(this.expected())
    const copied = this.db.findForWrite(COPY, 0, COPY.length)
    this.db.remove(copied)
  }

  check(): void {
    const live = Object.fromEntries(this.live().map(([name, { expiryMs, value }]) => [name, `${value} ${expiryMs}`]))
    const hash = open(this.db)
    expect(hash.address === 0).toBe(this.values.size === 0)
    expect(hash.length).toBe(this.values.size)
    if (this.values.size === 0) return
    expect(fieldsOf(this.db)).toEqual(live)
    const times = [...this.values.values()].map(each => each.expiryMs).filter(ms => !Number.isNaN(ms))
    expect(hash.times?.expiringCount ?? 0).toBe(times.length)
    expect(hash.times?.nextExpiryMs ?? Number.POSITIVE_INFINITY).toBe(Math.min(...times))
    expect(this.keyspace.fieldExpiries.count).toBe(times.length === 0 ? 0 : 1)
    const found = new ByteRange()
    for (const [name, { expiryMs, value }] of this.values) {
      const field = Buffer.from(name)
      const there = hash.get(field, 0, field.length, found)
      expect(there).toBe(!(expiryMs < this.keyspace.nowMs))
      if (there) expect(found.copy().toString()).toBe(value)
    }
  }

  /** Nothing is left of it all. */
  finish(): void {
    const { keyspace } = this
    this.save?.finish()
    this.dump?.finish()
    this.check()
    this.remove()
    while (!keyspace.collectGarbage(Number.POSITIVE_INFINITY)) {}
    expect(keyspace.fieldExpiries.count).toBe(0)
    expect(keyspace.aggregates.count).toBe(0)
    const empty = new Keyspace(1)
    expect(keyspace.entries.usedBytes).toBe(empty.entries.usedBytes)
    expect(keyspace.entries.externalBytes).toBe(0)
  }
}

const name = fc.nat(200).map(n => `field:${n}`)
const value = fc.oneof(
  fc.nat(5000).map(n => 'v'.repeat(n)),
  fc.nat(99).map(String),
)
const wait = fc.constantFrom(1, 2, 5, 50, 1000, 100_000_000_000)

type Step = (model: Model) => void
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(name, value).map(
      ([n, v]): Step =>
        model =>
          model.set(n, v),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(name, wait).map(
      ([n, w]): Step =>
        model =>
          model.expire(n, model.keyspace.nowMs + w),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(200), wait).map(
      ([from, w]): Step =>
        model => {
          for (let i = from; i < from + 60; i++) model.expire(`field:${i}`, model.keyspace.nowMs + w + (i % 4))
        },
    ),
  },
  {
    weight: 3,
    arbitrary: name.map(
      (n): Step =>
        model =>
          model.expire(n, Number.NaN),
    ),
  },
  {
    weight: 4,
    arbitrary: name.map(
      (n): Step =>
        model =>
          model.delete(n),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 2, 50).map(
      (ms): Step =>
        model =>
          model.pass(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 40 }).map(
      (steps): Step =>
        model =>
          model.rewrite(steps),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>(model => model.rewrite(Number.POSITIVE_INFINITY)) },
  { weight: 1, arbitrary: fc.constant<Step>(model => model.copy()) },
  {
    weight: 1,
    arbitrary: fc.nat(20).map(
      (n): Step =>
        model => {
          if (n === 0) model.remove()
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Step>(model => {
      model.save ??=
        model.values.size > 0 && model.keyspace.snapshot === null ? new Save(model.keyspace, model.expected()) : null
      model.save?.step(0)
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Step>(model => {
      const { address } = open(model.db)
      if (model.dump === null && address !== 0 && open(model.db).isTable) {
        model.dump = new Dump(model.db, address, model.expected())
      }
      model.dump?.step()
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(model => {
      model.save?.finish()
      model.save = null
      model.dump?.finish()
      model.dump = null
    }),
  },
)

describe('a hash with times', () => {
  test('is a map with times, in memory, in files and in payloads', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.array(step, { maxLength: 120 }), (fields, script) => {
        const model = new Model()
        for (let i = 0; i < fields; i++) model.set(`field:${i}`, String(i))
        for (const run of script) {
          run(model)
          model.check()
        }
        model.finish()
      }),
      { numRuns: Number(process.env.HASH_TIMES_RUNS ?? 60) },
    )
  })

  test('expired fields go as somebody meets them, the earliest first', () => {
    const model = new Model()
    for (let i = 0; i < 100; i++) {
      model.set(`field:${i}`, 'v')
      model.expire(`field:${i}`, NOW_MS + i)
    }
    model.keyspace.setNow(NOW_MS + 50)
    const { times } = open(model.db)
    if (times === null) throw new Error('no times')
    expect(expireFields(model.keyspace, times, 20)).toBe(20)
    expect(times.nextExpiryMs).toBe(NOW_MS + 20)
    expect(expireFields(model.keyspace, times, 100)).toBe(30)
    expect(Object.keys(fieldsOf(model.db)).sort()).toEqual(
      Array.from({ length: 50 }, (_, i) => `field:${50 + i}`).sort(),
    )
  })
})
