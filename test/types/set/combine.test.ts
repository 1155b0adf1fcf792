import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Database, NEVER } from '../../../src/store/database.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, ENCODING_LISTPACK } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { encodingName } from '../../../src/types/kinds.js'
import { addDifference, addIntersection, addUnion } from '../../../src/types/set/combine/build.js'
import type { MemberBatch } from '../../../src/types/set/combine/member-batch.js'
import {
  KeptOperand,
  type Operand,
  PackedOperand,
  TableOperand,
  ViewedOperand,
} from '../../../src/types/set/combine/operand.js'
import { type MemberTaker, Pass } from '../../../src/types/set/combine/pass.js'
import { SetResult } from '../../../src/types/set/combine/set-result.js'
import { CountedMembers, DistinctMembers } from '../../../src/types/set/combine/takers.js'
import type { SmallEncoding } from '../../../src/types/set/gathered-set.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { defaultLimits, type SetLimits } from '../../../src/types/value-limits.js'

const LIMITS: SetLimits = { maxIntsetEntries: 20, maxListpackEntries: 12, maxListpackValueBytes: 64 }
const DESTINATION = Buffer.from('destination')

function put(db: Database, name: string, list: Iterable<string>): MemberSet {
  const key = Buffer.from(name)
  const set = new MemberSet()
  db.findForWrite(key, 0, key.length)
  set.openNew(db, key, 0, key.length)
  for (const member of list) {
    const bytes = Buffer.from(member)
    set.add(bytes, 0, bytes.length, LIMITS)
  }
  return set
}

function members(set: MemberSet): string[] {
  const found: string[] = []
  set.iterate(member => found.push(member.copy().toString()))
  return found
}

function live(set: MemberSet): Operand {
  return set.isTable ? new TableOperand(set.table) : new PackedOperand(set.packed)
}

/** Notes what it is given. */
class Taken implements MemberTaker {
  readonly wantsHashes = false
  readonly members: string[] = []
  ahead(): void {}
  take(batch: MemberBatch, i: number): boolean {
    batch.spell(i)
    this.members.push(batch.buffers[i].toString('latin1', batch.starts[i], batch.ends[i]))
    return true
  }
}

const member = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -10, max: 60 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775807', '-9223372036854775808', 'x', '', 'y') },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 60 }).map(n => `member:${n}`) },
)
const lists = fc.oneof(
  fc.uniqueArray(member, { minLength: 1, maxLength: 100 }),
  fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 1, maxLength: 25 }),
)
const several = fc.array(lists, { minLength: 1, maxLength: 5 })

const inAll = (sets: string[][]): string[] => sets[0].filter(each => sets.every(list => list.includes(each)))
const inAny = (sets: string[][]): string[] => [...new Set(sets.flat())]
const inFirstOnly = ([first, ...others]: string[][]): string[] =>
  first.filter(each => !others.some(list => list.includes(each)))

function begin(db: Database, beginning: SmallEncoding, limits = LIMITS): SetResult {
  return new SetResult(db.keyspace, DESTINATION, 0, DESTINATION.length, limits, beginning)
}

type Operation = 'inter' | 'union' | 'diff' | 'subtract'

function combine(db: Database, operation: Operation, operands: Operand[], limits = LIMITS): SetResult {
  const asIntset = operation !== 'inter' || operands[0].isIntset
  const result = begin(db, asIntset ? ENCODING_INTSET : ENCODING_LISTPACK, limits)
  if (operation === 'inter') addIntersection(result, operands)
  else if (operation === 'union') addUnion(result, operands)
  else addDifference(result, operands, operation === 'subtract')
  return result
}

const ENCODINGS = new Map<number, string>([
  [ENCODING_INTSET, 'intset'],
  [ENCODING_LISTPACK, 'listpack'],
  [ENCODING_AGGREGATE, 'hashtable'],
])

function numbered(count: number, name = (i: number) => `member:${i}`): string[] {
  return Array.from({ length: count }, (_, i) => name(i))
}

describe('results that are put together', () => {
  const operations: [string, Operation, (sets: string[][]) => string[]][] = [
    ['an intersection', 'inter', inAll],
    ['a union', 'union', inAny],
    ['a difference by looking up', 'diff', inFirstOnly],
    ['a difference by subtraction', 'subtract', inFirstOnly],
  ]
  test.each(operations)('%s has the right members, and takes the place of a key', (_, operation, expected) => {
    const placed = fc.constantFrom('new', 'over another', 'over one that expires', 'with its expiry')
    fc.assert(
      fc.property(several, placed, fc.boolean(), (sets, place, isTiny) => {
        const db = new Keyspace(1).databases[0]
        const operands = sets.map((list, i) => live(put(db, `set${i}`, list)))
        let old = place === 'new' ? 0 : put(db, 'destination', ['old', 'and', 'older']).address
        if (old !== 0 && place !== 'over another') old = db.setExpiry(old, 5e12)
        const clock = old === 0 ? 0 : 77
        if (old !== 0) db.entries.setClock(old, clock)
        const before = db.entries.usedBytes
        const limits = isTiny ? { maxIntsetEntries: 2, maxListpackEntries: 2, maxListpackValueBytes: 8 } : LIMITS
        const result = combine(db, operation, operands, limits)
        const found: string[] = []
        result.iterate(each => found.push(each.copy().toString()))
        const list = expected(sets).sort()
        expect(found.sort()).toEqual(list)
        expect(result.length).toBe(list.length)
        const replaced = db.findForWrite(DESTINATION, 0, DESTINATION.length)
        expect(replaced).toBe(old)
        if (old !== 0) db.entries.setClock(old, clock)
        const address = list.length > 0 ? result.moveTo(db, replaced, place === 'with its expiry') : replaced
        result.close()
        expect(db.findAny(DESTINATION, 0, DESTINATION.length)).toBe(address)
        for (const [i, each] of sets.entries()) {
          const key = Buffer.from(`set${i}`)
          const set = new MemberSet()
          set.open(db, db.findForWrite(key, 0, key.length))
          expect(members(set).sort()).toEqual([...each].sort())
        }
        if (list.length > 0) {
          const set = new MemberSet()
          set.open(db, address)
          expect(members(set).sort()).toEqual(list)
          expect(db.entries.expiry(address)).toBe(place === 'with its expiry' ? 5e12 : NEVER)
          expect(db.expires.count).toBe(place === 'with its expiry' ? 1 : 0)
          if (old !== 0) expect(db.entries.clock(address)).toBe(clock)
        }
        if (address !== 0) db.remove(address)
        while (!db.keyspace.collectGarbage(Number.POSITIVE_INFINITY));
        if (old === 0) expect(db.entries.usedBytes).toBe(before)
        expect(db.expires.count).toBe(0)
      }),
      { numRuns: 80 },
    )
  })

  test.each<[Operation, string[][], string]>([
    // The smallest set decides how an intersection begins, and integers alone make an intset in the end.
    ['inter', [['1', '2', '3'], numbered(30, String)], 'intset'],
    ['inter', [['1', '2', 'x'], numbered(30, String)], 'intset'],
    [
      'inter',
      [
        ['1', '2', 'x'],
        [...numbered(30, String), 'x'],
      ],
      'listpack',
    ],
    ['inter', [numbered(30, String), numbered(30, String)], 'hashtable'],
    [
      'inter',
      [numbered(18, i => `${i}`.padStart(9, '1')), [...numbered(18, i => `${i}`.padStart(9, '1')), 'x']],
      'intset',
    ],
    ['inter', [numbered(30), numbered(40)], 'hashtable'],
    ['inter', [numbered(30), [...numbered(5), ...numbered(40, i => `y${i}`)]], 'listpack'],
    ['union', [['1'], ['2'], ['3']], 'intset'],
    ['union', [['1'], ['x']], 'listpack'],
    ['union', [numbered(15, String), numbered(21, String)], 'hashtable'],
    [
      'union',
      [
        ['x', '1'],
        ['2', '3'],
      ],
      'listpack',
    ],
    ['diff', [['1', 'x'], ['x']], 'intset'],
    ['subtract', [['1', 'x'], ['x']], 'listpack'],
    ['diff', [[...numbered(30), '1'], numbered(30)], 'intset'],
    ['subtract', [[...numbered(30), '1'], numbered(30)], 'hashtable'],
  ])('%s of %j is a %s', (operation, sets, expected) => {
    const db = new Keyspace(1).databases[0]
    const operands = sets.map((list, i) => live(put(db, `set${i}`, list)))
    const result = combine(db, operation, operands)
    expect(ENCODINGS.get(result.encoding)).toBe(expected)
    const address = result.moveTo(db, db.findForWrite(DESTINATION, 0, DESTINATION.length), false)
    expect(encodingName(db.keyspace, address)).toBe(expected)
    result.close()
  })

  test('integers that are too wide for the memory apart still become an intset', () => {
    const db = new Keyspace(1).databases[0]
    const limits = { maxIntsetEntries: 5000, maxListpackEntries: 5000, maxListpackValueBytes: 64 }
    const list = [...numbered(1370, String), '9223372036854775807']
    const wide = put(db, 'wide', list)
    const other = put(db, 'other', ['x', ...list])
    const result = begin(db, ENCODING_LISTPACK, limits)
    addIntersection(result, [live(other), live(wide)])
    expect(ENCODINGS.get(result.encoding)).toBe('intset')
    expect(result.length).toBe(1371)
    result.close()
  })

  test('a result is seen by nobody, and told of as a new key once it is there', () => {
    for (const list of [['1', 'x'], numbered(50)]) {
      const { keyspace } = new Keyspace(1).databases[0]
      const db = keyspace.databases[0]
      const told: string[] = []
      const operands = [live(put(db, 'a', list))]
      keyspace.reportsNewKeys = true
      keyspace.listener = {
        keyExpired: () => {},
        keyEvicted: () => {},
        keyAdded: (database, address) => told.push(`${database.index} ${database.entries.keyCopy(address)}`),
        keyChanged: () => {},
        flushed: () => {},
        fieldExpired: () => {},
        fieldsExpired: () => {},
        keysReplaced: () => {},
      }
      for (const replaced of [false, true]) {
        const result = combine(db, 'union', operands)
        expect(told).toEqual(replaced ? ['0 destination'] : [])
        result.moveTo(db, db.findForWrite(DESTINATION, 0, DESTINATION.length), false)
        result.close()
        expect(told).toEqual(['0 destination'])
      }
      combine(db, 'union', operands).close()
      expect(keyspace.reportsNewKeys).toBe(true)
    }
  })
})

describe('passes in slices', () => {
  /** Adds and removes members, drops sets, empties the keyspace. */
  function disturb(db: Database, sets: MemberSet[], round: number): void {
    for (const [i, set] of sets.entries()) {
      const key = Buffer.from(`set${i}`)
      const address = db.findForWrite(key, 0, key.length)
      if (address === 0) set.openNew(db, key, 0, key.length)
      else set.open(db, address)
      for (let n = 0; n < 40; n++) {
        const name = Buffer.from(`member:${(n * 37 + round * 11) % 3000}`)
        if ((n + round) % 3 === 0) set.add(name, 0, name.length, LIMITS)
        else set.delete(name, 0, name.length)
      }
      if (round % 17 === 5 + i && set.address !== 0) db.remove(set.address)
    }
  }

  const many = fc.array(
    fc.record({
      from: fc.nat(2000),
      count: fc.integer({ min: 1, max: 1500 }),
      extra: fc.array(member, { maxLength: 5 }),
    }),
    { minLength: 2, maxLength: 4 },
  )

  test('have the members of the moment at which they began, whatever becomes of the sets', () => {
    fc.assert(
      fc.property(many, fc.constantFrom('inter', 'diff', 'union', 'distinct'), fc.boolean(), (specs, kind, flushes) => {
        const db = new Keyspace(1).databases[0]
        const sets = specs.map(({ count, extra, from }, i) =>
          put(db, `set${i}`, [...Array.from({ length: count }, (_, n) => `member:${from + n}`), ...extra]),
        )
        const before = sets.map(members)
        const operands = sets.map(set =>
          set.isTable ? new ViewedOperand(db.keyspace, set.table, true, true) : new KeptOperand(set.keep()),
        )
        const taken = new Taken()
        const distinct = new DistinctMembers(db.keyspace, taken)
        const [first, ...others] = operands
        const passes =
          kind === 'inter' || kind === 'diff'
            ? [new Pass(first, others, kind === 'inter', taken)]
            : operands.map((operand, i) =>
                kind === 'union'
                  ? new Pass(operand, operands.slice(0, i), false, taken)
                  : new Pass(operand, [], true, distinct),
              )
        let round = 0
        for (const pass of passes) {
          while (!pass.run(0)) {
            disturb(db, sets, round++)
            if (flushes && round === 7) db.keyspace.flushAll(false)
            db.keyspace.collectGarbage(0)
          }
        }
        const expected = kind === 'inter' ? inAll(before) : kind === 'diff' ? inFirstOnly(before) : inAny(before)
        expect(taken.members.sort()).toEqual(expected.sort())
        for (const operand of operands) operand.close()
        distinct.close()
        expect(db.entries.openViews).toBe(0)
        expect(db.entries.held.active).toBe(false)
        db.flush(false)
        while (!db.keyspace.collectGarbage(Number.POSITIVE_INFINITY));
        expect(db.entries.usedBytes).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('stop when the taker wants no more', () => {
    const db = new Keyspace(1).databases[0]
    const list = Array.from({ length: 500 }, (_, i) => `member:${i}`)
    const [a, b] = [live(put(db, 'a', list)), live(put(db, 'b', list))]
    for (const limit of [1, 40, 499, 500, 501]) {
      const counted = new CountedMembers(limit)
      expect(new Pass(a, [b], true, counted).run(Number.POSITIVE_INFINITY)).toBe(true)
      expect(counted.count).toBe(Math.min(limit, 500))
    }
  })

  test('take no longer at a time than a batch', () => {
    const db = new Keyspace(1).databases[0]
    const list = Array.from({ length: 20_000 }, (_, i) => `member:${i}`)
    const [a, b] = [live(put(db, 'a', list)), live(put(db, 'b', list))]
    const counted = new CountedMembers(Number.POSITIVE_INFINITY)
    const pass = new Pass(a, [b], true, counted)
    let most = 0
    let slices = 0
    for (let done = false; !done; slices++) {
      const before = counted.count
      done = pass.run(0)
      most = Math.max(most, counted.count - before)
    }
    expect(counted.count).toBe(20_000)
    expect(slices).toBeGreaterThan(20_000 / 300)
    expect(most).toBeLessThanOrEqual(300)
  })
})

test('a set of integers alone is an intset by the usual limits, however it was found', () => {
  const db = new Keyspace(1).databases[0]
  const list = Array.from({ length: 200 }, (_, i) => String(i))
  const sets = [
    [...list, 'x'],
    [...list, 'y'],
  ].map((each, i) => live(put(db, `set${i}`, each)))
  const result = combine(db, 'inter', sets, defaultLimits().set)
  const address = result.moveTo(db, db.findForWrite(DESTINATION, 0, DESTINATION.length), false)
  result.close()
  const set = new MemberSet()
  set.open(db, address)
  expect(encodingName(db.keyspace, address)).toBe('intset')
  expect(members(set)).toEqual(list)
})
