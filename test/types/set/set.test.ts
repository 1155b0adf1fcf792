import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../../src/bytes/hash.js'
import { type Database, NEVER } from '../../../src/store/database.js'
import {
  ENCODING_AGGREGATE,
  ENCODING_INTSET,
  ENCODING_INTSET_EXTERNAL,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EXTERNAL,
  TYPE_SET,
} from '../../../src/store/entries.js'
import { intsetBytes, intsetValidate } from '../../../src/store/intset.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { lpBytes } from '../../../src/store/listpack/listpack.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import type { HashTable } from '../../../src/store/table/hash-table.js'
import { TableView } from '../../../src/store/table/table-view.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { packedBuffer, packedStart } from '../../../src/types/packed-value.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { defaultLimits, type SetLimits } from '../../../src/types/value-limits.js'

const DEFAULTS: SetLimits = defaultLimits().set
const KEY = Buffer.from('the key')

function newDatabase(): Database {
  return new Keyspace(1).databases[0]
}

/** Opens KEY's set as a command does: by looking the key up. */
function openKey(db: Database, key = KEY): MemberSet {
  const set = new MemberSet()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) set.openNew(db, key, 0, key.length)
  else set.open(db, address)
  return set
}

function add(set: MemberSet, member: string, limits = DEFAULTS): boolean {
  const bytes = Buffer.from(member, 'latin1')
  return set.add(bytes, 0, bytes.length, limits)
}

function addAll(set: MemberSet, list: readonly string[], limits = DEFAULTS): number {
  const bytes = Buffer.from(list.join(''), 'latin1')
  const ends: number[] = []
  for (const member of list) ends.push((ends.at(-1) ?? 0) + member.length)
  const starts = list.map((member, i) => ends[i] - member.length)
  // Two arguments stand before them, as in a request.
  return set.addAll(bytes, Int32Array.of(0, 0, ...starts), Int32Array.of(0, 0, ...ends), 2, list.length + 2, limits)
}

function remove(set: MemberSet, member: string): boolean {
  const bytes = Buffer.from(member, 'latin1')
  return set.delete(bytes, 0, bytes.length)
}

function has(set: MemberSet, member: string): boolean {
  const bytes = Buffer.from(member, 'latin1')
  return set.has(bytes, 0, bytes.length)
}

function members(set: MemberSet): string[] {
  const found: string[] = []
  set.iterate(member => found.push(member.copy().toString('latin1')))
  return found
}

type Form = 'intset' | 'listpack' | 'hashtable'

function form(db: Database, set: MemberSet): Form {
  const encoding = db.entries.encoding(set.address)
  if (encoding === ENCODING_AGGREGATE) return 'hashtable'
  return encoding === ENCODING_INTSET || encoding === ENCODING_INTSET_EXTERNAL ? 'intset' : 'listpack'
}

const INT64_MAX = (1n << 63n) - 1n

function isInteger(text: string): boolean {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return false
  const value = BigInt(text)
  return value >= -INT64_MAX - 1n && value <= INT64_MAX
}

/** What Redis makes of a set step by step (t_set.c), from the members alone. */
class Model {
  readonly members = new Set<string>()
  form: Form = 'intset'
  private readonly limits: SetLimits

  constructor(limits: SetLimits) {
    this.limits = limits
  }

  expect(member: string, count: number): void {
    const { maxIntsetEntries, maxListpackEntries } = this.limits
    if (this.members.size === 0) {
      if (isInteger(member) && count <= maxIntsetEntries) this.form = 'intset'
      else this.form = count <= maxListpackEntries ? 'listpack' : 'hashtable'
    } else if (count > (this.form === 'intset' ? maxIntsetEntries : maxListpackEntries)) this.form = 'hashtable'
  }

  add(member: string): boolean {
    const { limits } = this
    if (this.members.has(member)) return false
    const roomy = this.members.size < limits.maxListpackEntries && member.length <= limits.maxListpackValueBytes
    if (this.form === 'intset' && isInteger(member)) {
      if (this.members.size + 1 > limits.maxIntsetEntries) this.form = 'hashtable'
    } else if (this.form === 'intset') {
      const longest = Math.max(0, ...[...this.members].map(({ length }) => length))
      this.form = roomy && longest <= limits.maxListpackValueBytes ? 'listpack' : 'hashtable'
    } else if (this.form === 'listpack' && !roomy) this.form = 'hashtable'
    this.members.add(member)
    return true
  }
}

const names = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -30, max: 60 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('32768', '-32769', '2147483648', '9223372036854775807', `-${INT64_MAX}`) },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775808', '007', '-0', '+1', '1.0', '', '\0\xff', ' 1') },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 40 }).map(n => `member:${n}`) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 65, 4095, 4097, 70_000).map(n => 'L'.repeat(n)) },
)
const integersOnly = fc.integer({ min: -30, max: 60 }).map(String)

type Step =
  | { kind: 'add' | 'delete' | 'has'; member: string }
  | { kind: 'add several'; list: string[] }
  | { kind: 'pop' | 'expire' | 'persist' }

function scripts(name: fc.Arbitrary<string>): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), member: name }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'has' as const), member: name }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('add several' as const),
          list: fc.array(name, { minLength: 1, maxLength: 20 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('pop' as const, 'expire' as const, 'persist' as const) }),
      },
    ),
    { maxLength: 100 },
  )
}

const LIMITS: [string, SetLimits][] = [
  ['with the default limits', DEFAULTS],
  ['small as long as it may be', { maxIntsetEntries: 1e6, maxListpackEntries: 1e6, maxListpackValueBytes: 1e6 }],
  ['as a table from the start', { maxIntsetEntries: 0, maxListpackEntries: 0, maxListpackValueBytes: 0 }],
  ['turning into a table on the way', { maxIntsetEntries: 10, maxListpackEntries: 14, maxListpackValueBytes: 60 }],
  ['without intsets', { maxIntsetEntries: 0, maxListpackEntries: 12, maxListpackValueBytes: 64 }],
  ['with intsets and nothing else small', { maxIntsetEntries: 12, maxListpackEntries: 0, maxListpackValueBytes: 64 }],
  ['with listpacks of very short members', { maxIntsetEntries: 40, maxListpackEntries: 40, maxListpackValueBytes: 2 }],
]

describe('a set behaves as one, and has the encoding that Redis gives it', () => {
  test.each(LIMITS)('%s', (_, limits) => {
    fc.assert(
      fc.property(fc.oneof(scripts(names), scripts(integersOnly)), script => {
        const db = newDatabase()
        let model = new Model(limits)
        let expiry = NEVER
        for (const step of script) {
          const set = openKey(db)
          if (step.kind === 'add') {
            model.expect(step.member, 1)
            expect(add(set, step.member, limits)).toBe(model.add(step.member))
          } else if (step.kind === 'add several') {
            model.expect(step.list[0], step.list.length)
            const added = step.list.filter(member => model.add(member)).length
            expect(addAll(set, step.list, limits)).toBe(added)
          } else if (step.kind === 'delete') expect(remove(set, step.member)).toBe(model.members.delete(step.member))
          else if (step.kind === 'has') expect(has(set, step.member)).toBe(model.members.has(step.member))
          else if (set.address === 0) continue
          else if (step.kind === 'pop') {
            const shown = new ByteRange()
            set.random(shown)
            expect(model.members.delete(shown.copy().toString('latin1'))).toBe(true)
            set.deleteDrawn()
          } else {
            expiry = step.kind === 'expire' ? db.keyspace.nowMs + 1e6 : NEVER
            set.address = db.setExpiry(set.address, expiry)
          }
          expect(set.address === 0).toBe(model.members.size === 0)
          expect(db.keys.count).toBe(model.members.size === 0 ? 0 : 1)
          expect(set.length).toBe(model.members.size)
          if (model.members.size === 0) {
            model = new Model(limits)
            expiry = NEVER
            continue
          }
          expect(set.address).toBe(db.peek(KEY, 0, KEY.length))
          expect(db.entries.type(set.address)).toBe(TYPE_SET)
          expect(db.entries.expiry(set.address)).toBe(expiry)
          expect(form(db, set)).toBe(model.form)
          if (model.form !== 'hashtable') expectSound(db, set)
        }
        const found = members(openKey(db))
        expect(found.length).toBe(model.members.size)
        expect(new Set(found)).toEqual(model.members)
        expectNothingLeft(db)
      }),
      { numRuns: 40 },
    )
  })
})

/** The bytes are sound, fill the slot or the Buffer, and show in the order of Redis. */
function expectSound(db: Database, set: MemberSet): void {
  const { entries } = db
  const { address } = set
  const bytes = packedBuffer(entries, address)
  const start = packedStart(entries, address)
  const encoding = entries.encoding(address)
  const isIntset = form(db, set) === 'intset'
  const size = isIntset ? intsetBytes(bytes, start) : lpBytes(bytes, start)
  expect((isIntset ? intsetValidate : lpValidate)(bytes, start, size, true)).toBe(true)
  if (encoding === ENCODING_INTSET || encoding === ENCODING_LISTPACK) {
    expect(entries.payload(address)).toBe(size)
    expect(size).toBeLessThanOrEqual(4096)
  } else expect(bytes.length).toBe(size)
  if (!isIntset) return
  const shown = members(set)
  expect(shown).toEqual([...shown].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)))
}

function expectNothingLeft(db: Database): void {
  db.flush(false)
  while (!db.keyspace.collectGarbage(Number.POSITIVE_INFINITY));
  expect(db.entries.usedBytes).toBe(0)
  expect(db.entries.externalBytes).toBe(0)
}

describe('a small set', () => {
  const ROOMY: SetLimits = { maxIntsetEntries: 1e6, maxListpackEntries: 1e6, maxListpackValueBytes: 64 }

  test.each([
    ['an intset', (i: number) => String(i * 1e10), ENCODING_INTSET, ENCODING_INTSET_EXTERNAL],
    ['a listpack', (i: number) => `member:${i}`, ENCODING_LISTPACK, ENCODING_LISTPACK_EXTERNAL],
  ])('as %s moves into a Buffer of its own as it grows, and back as it shrinks', (_, name, inside, outside) => {
    const db = newDatabase()
    const set = openKey(db)
    for (let i = 0; i < 1000; i++) add(set, name(i), ROOMY)
    expect(db.entries.encoding(set.address)).toBe(outside)
    expect(members(set)).toEqual(Array.from({ length: 1000 }, (_, i) => name(i)))
    for (let i = 10; i < 1000; i++) expect(remove(set, name(i))).toBe(true)
    expect(db.entries.encoding(set.address)).toBe(inside)
    expect(members(set)).toEqual(Array.from({ length: 10 }, (_, i) => name(i)))
    expect(db.entries.externalBytes).toBe(0)
  })

  test.each([
    ['an intset', (i: number) => String(i * 1e10)],
    ['a listpack', (i: number) => `member:${i}`],
  ])('as %s stays for those who hold it as it was, whatever becomes of it', (_, name) => {
    const db = newDatabase()
    const { entries } = db
    const set = openKey(db)
    for (let i = 0; i < 1000; i++) add(set, name(i), ROOMY)
    const bytes = packedBuffer(entries, set.address)
    const before = Buffer.from(bytes)
    const held = entries.held.hold(bytes)
    for (let i = 0; i < 500; i++) remove(set, name(i))
    for (let i = 1000; i < 2000; i++) add(set, name(i), ROOMY)
    expect(bytes).toEqual(before)
    db.remove(set.address)
    const read = Buffer.alloc(before.length)
    held.read(0, before.length, read, 0)
    expect(read).toEqual(before)
    held.release()
  })

  test.each([
    ['an intset', (i: number) => String(i * 1e10)],
    ['a listpack', (i: number) => (i % 3 === 0 ? `member:${'m'.repeat(i % 50)}${i}` : String(i))],
  ])('as %s loses as many members as it should, all at once, and keeps the order of the others', (_, name) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 1500 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (size, share, isHeld) => {
          const db = newDatabase()
          const { entries } = db
          const set = openKey(db)
          const all = Array.from({ length: size }, (_, i) => name(i))
          addAll(set, all, ROOMY)
          const encoding = form(db, set)
          const bytes = packedBuffer(entries, set.address)
          const isOutside = bytes.buffer !== entries.memory(set.address).buffer
          const held = isHeld && isOutside ? entries.held.hold(bytes) : null
          const before = held === null ? null : Buffer.from(bytes)
          const count = Math.min(size - 1, Math.max(1, Math.floor(share * size)))
          const gone: string[] = []
          set.removeSome(count, member => gone.push(member.copy().toString('latin1')))
          expect(gone.length).toBe(count)
          const left = members(set)
          expect(left).toEqual(all.filter(member => !gone.includes(member)))
          expect(gone).toEqual(all.filter(member => !left.includes(member)))
          expect(form(db, set)).toBe(encoding)
          expectSound(db, set)
          if (before !== null) expect(bytes).toEqual(before)
          held?.release()
          expectNothingLeft(db)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('of integers becomes a listpack in their order with the first member that is none', () => {
    const set = openKey(newDatabase())
    for (const member of ['7', '-3', '100000', '5', 'x', '4']) add(set, member)
    expect(members(set)).toEqual(['-3', '5', '7', '100000', 'x', '4'])
  })

  test('all at once has the order that it would have member by member', () => {
    fc.assert(
      fc.property(fc.array(names, { minLength: 2, maxLength: 60 }), list => {
        const db = newDatabase()
        const set = openKey(db)
        const oneByOne = openKey(newDatabase())
        const added = addAll(set, list)
        for (const member of list) add(oneByOne, member)
        expect(added).toBe(oneByOne.length)
        if (form(db, set) !== 'hashtable') expect(members(set)).toEqual(members(oneByOne))
      }),
    )
  })

  test('turns into an intset where it holds nothing but integers, and not too many', () => {
    const db = newDatabase()
    const few: SetLimits = { maxIntsetEntries: 30, maxListpackEntries: 20, maxListpackValueBytes: 64 }
    for (const [count, expected] of [
      [10, 'intset'],
      [30, 'intset'],
      [31, 'hashtable'],
    ] as const) {
      const set = new MemberSet()
      const key = Buffer.from(`key:${count}`)
      db.findForWrite(key, 0, key.length)
      set.openNew(db, key, 0, key.length, NEVER, ENCODING_LISTPACK)
      for (let i = count; i > 0; i--) add(set, String(i * 1000), few)
      expect(form(db, set)).toBe(count <= 20 ? 'listpack' : 'hashtable')
      set.convertToIntset(few)
      expect(form(db, set)).toBe(expected)
      expect(new Set(members(set))).toEqual(new Set(Array.from({ length: count }, (_, i) => String((i + 1) * 1000))))
    }
  })
})

describe('a large set', () => {
  function large(db: Database, count: number): MemberSet {
    const set = openKey(db)
    for (let i = 0; i < count; i++) add(set, `member:${i}`)
    return set
  }

  test('every member is about as likely to be the random one, in every encoding', () => {
    for (const [make, count] of [
      [(i: number) => `m${i}`, 600],
      [(i: number) => `m${i}`, 60],
      [(i: number) => String(i), 60],
    ] as const) {
      const db = newDatabase()
      const set = openKey(db)
      for (let i = 0; i < count; i++) add(set, make(i))
      const counts = new Map<string, number>()
      const shown = new ByteRange()
      for (let i = 0; i < 100 * count; i++) {
        set.random(shown)
        const name = shown.copy().toString()
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      expect(counts.size).toBe(count)
      // 100 each on average; six standard deviations either way.
      for (const times of counts.values()) expect(Math.abs(times - 100)).toBeLessThan(60)
    }
  })

  test('popping takes every member once', () => {
    const db = newDatabase()
    const set = large(db, 1000)
    const shown = new ByteRange()
    const popped = new Set<string>()
    while (set.address !== 0) {
      set.random(shown)
      popped.add(shown.copy().toString())
      set.deleteDrawn()
    }
    expect(popped.size).toBe(1000)
    expect(db.keys.count).toBe(0)
  })

  test('tells a snapshot which member is about to come or go, before it does', () => {
    const db = newDatabase()
    const set = large(db, 600)
    const { table } = set
    const announced: [number, boolean][] = []
    const member = Buffer.from('member:7')
    db.keyspace.snapshot = {
      beforeWrite: () => {},
      beforeElementWrite: (announcedTable: HashTable, hash: number) => {
        expect(announcedTable).toBe(table)
        announced.push([hash, has(set, 'member:7')])
      },
      keeps: () => false,
    }
    const hash = hashBytes(member, 0, member.length)
    add(set, 'member:7')
    expect(announced).toEqual([])
    remove(set, 'member:7')
    add(set, 'member:7')
    expect(announced).toEqual([
      [hash, true],
      [hash, false],
    ])
    const shown = new ByteRange()
    set.random(shown)
    const drawn = shown.copy()
    set.deleteDrawn()
    expect(announced.at(-1)?.[0]).toBe(hashBytes(drawn, 0, drawn.length))
  })

  test('a view shows it as it was, while members come, go and come again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('add', 'delete', 'pop', 'step'), fc.integer({ min: 0, max: 700 })), {
          maxLength: 300,
        }),
        script => {
          const db = newDatabase()
          const set = large(db, 400)
          const before = new Set(members(set))
          const view = new TableView(db.keyspace, set.table, 'walk')
          const seen: string[] = []
          const shown = new ByteRange()
          const visit = (element: number): void => {
            shown.readElement(db.entries, element)
            seen.push(shown.copy().toString())
          }
          for (const [kind, n] of script) {
            if (kind === 'add') add(set, `member:${n}`)
            else if (kind === 'delete') remove(set, `member:${n}`)
            else if (kind === 'step') view.step(visit)
            else {
              set.random(shown)
              set.deleteDrawn()
            }
          }
          while (view.step(visit));
          view.close()
          expect(seen.length).toBe(400)
          expect(new Set(seen)).toEqual(before)
          expectNothingLeft(db)
        },
      ),
      { numRuns: 30 },
    )
  })
})
