import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../../src/bytes/hash.js'
import { NEVER } from '../../../src/store/database.js'
import { SortedSetBuilder } from '../../../src/types/sorted-set/sorted-set-builder.js'
import type { SortedSetLimits } from '../../../src/types/value-limits.js'
import { add, bytesOf, KEY, newDatabase, openKey, type Pair, pairsOf } from './model.js'

const LIMITS: SortedSetLimits = { maxEntries: 128, maxValueBytes: 64 }

/** Puts a sorted set together as ZUNION and ZDIFF do, and a plain one beside it. */
class BuilderPair {
  readonly db = newDatabase()
  readonly builder: SortedSetBuilder
  readonly model = new Map<string, number>()

  constructor(atOnce: boolean) {
    this.builder = new SortedSetBuilder(this.db.entries, atOnce)
  }

  private find(member: string): number {
    const { buffer, end } = bytesOf(member)
    const found = this.builder.find(hashBytes(buffer, 0, end), buffer, 0, end)
    expect(found !== 0).toBe(this.model.has(member))
    if (found !== 0) expect(this.builder.scoreOf(found)).toBe(this.model.get(member))
    return found
  }

  set(member: string, score: number): void {
    const { buffer, end } = bytesOf(member)
    const found = this.find(member)
    if (found !== 0) this.builder.setScore(found, score)
    else this.builder.add(hashBytes(buffer, 0, end), buffer, 0, end, score)
    this.model.set(member, score)
  }

  remove(member: string): void {
    const found = this.find(member)
    if (found !== 0) this.builder.remove(found)
    this.model.delete(member)
  }

  get sorted(): Pair[] {
    return [...this.model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
  }

  check(): void {
    expect(this.builder.count).toBe(this.model.size)
    while (!this.builder.order(0));
    expect(pairsIn(this.builder)).toEqual(this.sorted)
  }

  end(): void {
    while (!this.db.keyspace.collectGarbage(0));
    expect(this.db.entries.usedBytes).toBe(0)
  }
}

function pairsIn(builder: SortedSetBuilder): Pair[] {
  const found: Pair[] = []
  builder.iterate((member, start, end, score) => found.push([member.toString('latin1', start, end), score]))
  return found
}

const member = fc.oneof(
  { weight: 20, arbitrary: fc.nat(60).map(n => `m${n}`) },
  { weight: 1, arbitrary: fc.nat(3).map(n => `${n}`.repeat(20_000)) },
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(member, fc.integer({ min: -3, max: 3 })) },
  { weight: 1, arbitrary: fc.tuple(member, fc.constant(null)) },
)

describe('a sorted set that is put together', () => {
  test.each([
    ['at once', true],
    ['in slices', false],
  ])('%s has what was added and not removed, in order', (_, atOnce) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const pair = new BuilderPair(atOnce)
        for (const [name, score] of steps) {
          if (score === null) pair.remove(name)
          else pair.set(name, score)
        }
        pair.check()
        pair.builder.discard(pair.db.keyspace)
        pair.end()
      }),
    )
  })

  test.each([
    ['many members', 3000, 8],
    ['long members', 200, 1000],
  ])('at once becomes a large one with %s', (_, members, bytes) => {
    const pair = new BuilderPair(true)
    for (let i = 0; i < members; i++) {
      pair.set(`${i}`.padStart(bytes, 'x'), i % 7)
      if (i % 5 === 0) pair.remove(`${i - 3}`.padStart(bytes, 'x'))
      if (i % 4 === 0) pair.set(`${i >> 1}`.padStart(bytes, 'x'), 9)
    }
    pair.check()
    expect(pair.builder.large.count).toBe(pair.model.size)
    pair.builder.discard(pair.db.keyspace)
    pair.end()
  })

  test.each([5, 1024, 1025, 3000])('out of %d members in order is in order', members => {
    const db = newDatabase()
    const builder = new SortedSetBuilder(db.entries, true)
    const pairs = Array.from({ length: members }, (_, i): Pair => [`m${String(i).padStart(5, '0')}`, i >> 2])
    for (const [name, score] of pairs) {
      const { buffer, end } = bytesOf(name)
      builder.append(buffer, 0, end, score)
    }
    builder.order(Number.POSITIVE_INFINITY)
    expect(pairsIn(builder)).toEqual(pairs)
    builder.discard(db.keyspace)
  })

  test.each<[string, number, number, string]>([
    ['few members', 100, 10, 'small'],
    ['as many members as a listpack may have', 128, 10, 'small'],
    ['more members', 129, 10, 'large'],
    ['a member that is too long', 3, 65, 'large'],
    ['very many members', 2000, 10, 'large'],
  ])('is stored with %s', (_, members, bytes, form) => {
    const pair = new BuilderPair(true)
    const { db } = pair
    for (let i = 0; i < members; i++) pair.set(`${i}`.padStart(bytes, 'x'), 1 - i / 8)
    add(openKey(db), 'before', 1, LIMITS)
    pair.check()
    const address = db.findForWrite(KEY, 0, KEY.length)
    pair.builder.store(db, address, KEY, 0, KEY.length, NEVER, LIMITS)
    const set = openKey(db)
    expect(set.isLarge).toBe(form === 'large')
    expect(pairsOf(set)).toEqual(pair.sorted)
    for (const [name, score] of pair.sorted) {
      const { buffer, end } = bytesOf(name)
      expect(set.scoreOf(buffer, 0, end)).toBe(score)
    }
    db.remove(set.address)
    pair.end()
  })
})
