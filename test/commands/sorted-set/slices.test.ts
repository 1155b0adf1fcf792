/** Replies that are made in slices show what was there when their command came, whatever is written meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CombinedReply, CountedReply } from '../../../src/commands/sorted-set/combine-replies.js'
import { type Operation, plan } from '../../../src/commands/sorted-set/combine-results.js'
import { type Input, lastingSourceOf, lengthOf } from '../../../src/commands/sorted-set/combine-sources.js'
import { type Aggregate, CombineWork } from '../../../src/commands/sorted-set/combine-work.js'
import { Choice, Draws, membersOf } from '../../../src/commands/sorted-set/draws.js'
import { FLAT_PAIRS, RangeReply, writeHead } from '../../../src/commands/sorted-set/replies.js'
import type { ReplySource } from '../../../src/resp/reply-source.js'
import { ReplyWriter } from '../../../src/resp/reply-writer.js'
import type { Database } from '../../../src/store/database.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { SortedSetBuilder } from '../../../src/types/sorted-set/sorted-set-builder.js'
import { defaultLimits } from '../../../src/types/value-limits.js'
import { add, bytesOf, newDatabase, openKey, type Pair, pairsOf } from '../../types/sorted-set/model.js'
import { ReplyParser, texts } from '../raw-client.js'

const { set: SET_LIMITS, sortedSet: LIMITS } = defaultLimits()
const MEMBERS = 3000
const BIG = Buffer.from('big')
const OTHER = Buffer.from('other')
const SMALL = Buffer.from('small')
const PLAIN = Buffer.from('plain')

let db: Database
let seed = 1

function next(below: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
  return (seed >>> 8) % below
}

beforeEach(() => {
  db = newDatabase()
  for (let i = 0; i < MEMBERS; i++) add(openKey(db, BIG), `m${i}`, next(1000), LIMITS)
  for (let i = 0; i < MEMBERS; i++) add(openKey(db, OTHER), `m${i * 2}`, next(10) / 2, LIMITS)
  for (let i = 0; i < 50; i++) add(openKey(db, SMALL), `m${i * 7}`, -i, LIMITS)
  const plain = new MemberSet()
  plain.openNew(db, PLAIN, 0, PLAIN.length)
  db.findForWrite(PLAIN, 0, PLAIN.length)
  for (let i = 0; i < MEMBERS; i++) {
    const { buffer, end } = bytesOf(`m${i * 3}`)
    plain.add(buffer, 0, end, SET_LIMITS)
  }
})

/** All memory is free when everything is gone. */
afterEach(() => {
  for (const key of [BIG, OTHER, SMALL, PLAIN]) {
    const address = db.findForWrite(key, 0, key.length)
    if (address !== 0) db.remove(address)
  }
  while (!db.keyspace.collectGarbage(0));
  expect(db.entries.usedBytes).toBe(0)
  expect(db.entries.openViews).toBe(0)
})

function members(key: Buffer): Pair[] {
  return pairsOf(openKey(db, key))
}

/** Changes each of the keys at random: new members, other scores, members that go and come back. */
function disturb(): void {
  for (const key of [BIG, OTHER, SMALL]) {
    for (let i = 0; i < 5; i++) add(openKey(db, key), `m${next(2 * MEMBERS)}`, next(2000) - 1000, LIMITS)
    for (let i = 0; i < 3; i++) {
      const { buffer, end } = bytesOf(`m${next(2 * MEMBERS)}`)
      const set = openKey(db, key)
      const score = set.scoreOf(buffer, 0, end)
      if (set.length > 1 && set.remove(buffer, 0, end) && i === 0)
        add(openKey(db, key), buffer.toString(), score, LIMITS)
    }
  }
  const other = openKey(db, OTHER)
  const from = next(other.length - 1)
  other.removeRange(from, from + 2)
  const plain = new MemberSet()
  plain.open(db, db.findForWrite(PLAIN, 0, PLAIN.length))
  const { buffer, end } = bytesOf(`m${next(4 * MEMBERS)}`)
  if (!plain.delete(buffer, 0, end)) plain.add(buffer, 0, end, SET_LIMITS)
}

/** Makes a reply in the smallest slices, with changes in between; its elements. */
function sliced(source: ReplySource, between: () => void = disturb): string[] {
  const out = new ReplyWriter()
  const chunks: Buffer[] = []
  let slices = 0
  for (let done = false; !done; slices++) {
    done = source.next(out, 0)
    chunks.push(...out.takeChunks())
    if (!done) between()
  }
  source.close()
  expect(slices).toBeGreaterThan(10)
  let elements: string[] = []
  new ReplyParser().push(Buffer.concat(chunks), reply => {
    elements = reply.elements === null ? [reply.text ?? ''] : texts(reply)
  })
  return elements
}

function flat(pairs: readonly Pair[]): string[] {
  return pairs.flatMap(([member, score]) => [member, String(score)])
}

function pairsIn(elements: readonly string[]): string[] {
  return elements.flatMap((element, i) => (i % 2 === 0 ? [`${element} ${elements[i + 1]}`] : []))
}

describe('a range', () => {
  test.each([
    ['forward', false],
    ['backward', true],
  ])('%s', (_, reverse) => {
    const expected = members(BIG).slice(100, 2900)
    if (reverse) expected.reverse()
    expect(sliced(new RangeReply(openKey(db, BIG).large, 100, 2900, reverse, FLAT_PAIRS))).toEqual(flat(expected))
  })

  test('of a key that goes', () => {
    const expected = flat(members(BIG))
    const source = new RangeReply(openKey(db, BIG).large, 0, MEMBERS, false, FLAT_PAIRS)
    const remove = (): void => {
      const { address } = openKey(db, BIG)
      if (address !== 0) db.remove(address)
      db.keyspace.collectGarbage(0)
    }
    expect(sliced(source, remove)).toEqual(expected)
  })
})

describe('draws', () => {
  test('from all members', () => {
    const all = new Set(pairsIn(flat(members(BIG))))
    const source = new Draws(membersOf(openKey(db, BIG)), 5000, false, out => out.array(10_000), FLAT_PAIRS)
    const drawn = pairsIn(sliced(source))
    expect(drawn.length).toBe(5000)
    expect(drawn.filter(pair => !all.has(pair))).toEqual([])
    expect(new Set(drawn).size).toBeGreaterThan(2000)
  })

  test.each([
    ['drawn', (count: number) => new Draws(membersOf(openKey(db, BIG)), count, true, headOf(count), FLAT_PAIRS)],
    ['chosen', (count: number) => new Choice(membersOf(openKey(db, BIG)), count, headOf(count), FLAT_PAIRS)],
  ])('different ones, %s', (_, make) => {
    const all = new Set(pairsIn(flat(members(BIG))))
    const drawn = pairsIn(sliced(make(1500)))
    expect(new Set(drawn).size).toBe(1500)
    expect(drawn.filter(pair => !all.has(pair))).toEqual([])
  })
})

function headOf(count: number): (out: ReplyWriter) => void {
  return out => writeHead(out, count, FLAT_PAIRS)
}

function inputOf(key: Buffer, weight = 1): Input {
  const address = db.findForWrite(key, 0, key.length)
  return { address, length: lengthOf(db, address), weight }
}

/** A set's members with their scores, as a source shows them. */
function scoresOf(key: Buffer): Map<string, number> {
  if (key !== PLAIN) return new Map(members(key))
  const found = new Map<string, number>()
  const plain = new MemberSet()
  plain.open(db, db.findForWrite(PLAIN, 0, PLAIN.length))
  plain.iterate(member => void found.set(member.copy().toString('latin1'), 1))
  return found
}

function expectedOf(operation: Operation, inputs: readonly [Buffer, number][], aggregate: Aggregate): string[] {
  const maps = inputs.map(([key, weight]) => [scoresOf(key), weight] as const)
  const names = new Set(maps.flatMap(([map]) => [...map.keys()]))
  const result: Pair[] = []
  for (const name of names) {
    const scores = maps.flatMap(([map, weight]) => {
      const score = map.get(name)
      return score === undefined ? [] : [score * weight]
    })
    if (operation === 'intersection' && scores.length < maps.length) continue
    if (operation === 'difference' && (scores.length > 1 || !maps[0][0].has(name))) continue
    const sum = scores.reduce((a, b) => a + b)
    result.push([name, aggregate === 'sum' ? sum : aggregate === 'min' ? Math.min(...scores) : Math.max(...scores)])
  }
  return flat(result.sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)))
}

describe('combinations', () => {
  const cases: [Operation, [Buffer, number][], Aggregate][] = [
    [
      'union',
      [
        [BIG, 1],
        [OTHER, 2],
        [PLAIN, 0.5],
        [SMALL, 1],
      ],
      'sum',
    ],
    [
      'union',
      [
        [BIG, 1],
        [OTHER, 100],
      ],
      'max',
    ],
    [
      'intersection',
      [
        [BIG, 2],
        [OTHER, 3],
        [PLAIN, 1],
      ],
      'sum',
    ],
    [
      'intersection',
      [
        [OTHER, 1],
        [BIG, 1],
      ],
      'min',
    ],
    [
      'difference',
      [
        [BIG, 1],
        [OTHER, 1],
        [PLAIN, 1],
        [SMALL, 1],
      ],
      'sum',
    ],
    [
      'difference',
      [
        [PLAIN, 1],
        [BIG, 1],
      ],
      'sum',
    ],
    // What is taken away is little: it is subtracted.
    [
      'difference',
      [
        [BIG, 1],
        [SMALL, 1],
        [SMALL, 1],
      ],
      'sum',
    ],
  ]

  test.each(cases)('%s %#', (operation, keys, aggregate) => {
    // A map finds each set once.
    const expected = expectedOf(operation, operation === 'difference' ? [...new Map(keys)] : keys, aggregate)
    const inputs = keys.map(([key, weight]) => inputOf(key, weight))
    const result = new SortedSetBuilder(db.entries, false)
    const work = new CombineWork((input, use) => lastingSourceOf(db, input, use))
    plan(work, result, operation, inputs, aggregate)
    expect(sliced(new CombinedReply(db.keyspace, result, work, FLAT_PAIRS))).toEqual(expected)
  })

  test.each([Number.POSITIVE_INFINITY, 300])('the number of members that all have, %d at most', most => {
    const keys: [Buffer, number][] = [
      [BIG, 1],
      [PLAIN, 1],
    ]
    const expected = expectedOf('intersection', keys, 'sum').length / 2
    const work = new CombineWork((input, use) => lastingSourceOf(db, input, use))
    const source = new CountedReply(work, [inputOf(BIG), inputOf(PLAIN)], most)
    expect(sliced(source)).toEqual([String(Math.min(most, expected))])
  })

  test('whose client goes leave nothing behind', () => {
    for (const turns of [0, 1, 20, 120]) {
      const result = new SortedSetBuilder(db.entries, false)
      const work = new CombineWork((input, use) => lastingSourceOf(db, input, use))
      plan(work, result, 'union', [inputOf(BIG), inputOf(OTHER), inputOf(PLAIN)], 'sum')
      const source = new CombinedReply(db.keyspace, result, work, FLAT_PAIRS)
      for (let i = 0; i < turns; i++) {
        source.next(new ReplyWriter(), 0)
        disturb()
      }
      source.close()
    }
  })
})
