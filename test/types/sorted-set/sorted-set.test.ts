import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteRange } from '../../../src/types/byte-range.js'
import { ABOVE_ALL, AT_BYTES, BELOW_ALL, type LexBound, LexRange } from '../../../src/types/sorted-set/lex-range.js'
import { ScoreRange } from '../../../src/types/sorted-set/score-range.js'
import {
  INCREMENT,
  ONLY_EXISTING,
  ONLY_GREATER,
  ONLY_LESS,
  ONLY_NEW,
} from '../../../src/types/sorted-set/sorted-set.js'
import type { SortedSetLimits } from '../../../src/types/value-limits.js'
import { add, bytesOf, newDatabase, openKey, type Pair, pairsOf, SortedSetPair } from './model.js'

const DEFAULTS: SortedSetLimits = { maxEntries: 128, maxValueBytes: 64 }
const SMALL: SortedSetLimits = { maxEntries: 100_000, maxValueBytes: 1_000_000 }
const LARGE: SortedSetLimits = { maxEntries: 0, maxValueBytes: 64 }

const members = fc.oneof(
  fc.integer({ min: -3, max: 12 }).map(String),
  fc.integer({ min: 0, max: 300 }).map(n => `member:${n}`),
  fc.constantFrom('', 'a', 'ab', 'b', '9223372036854775807', '9223372036854775808', '007', '\0\xff', '\xff'),
  fc.integer({ min: 0, max: 200 }).map(n => 'm'.repeat(n)),
  fc.constantFrom(3000, 5000).map(n => 'long '.repeat(n / 5)),
)
const scores = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, 127, 128, -4096, 2 ** 31, 2 ** 53 + 2, 2 ** 62, 1e300, -1e-300, Infinity, -Infinity),
  fc.double({ noNaN: true }),
)
const conditions = fc.constantFrom(
  0,
  0,
  0,
  ONLY_NEW,
  ONLY_EXISTING,
  ONLY_GREATER,
  ONLY_LESS,
  INCREMENT,
  INCREMENT | ONLY_GREATER,
  ONLY_EXISTING | ONLY_LESS,
)

type Step = (pair: SortedSetPair) => void

const ranks = fc.nat(200)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(members, scores, conditions).map(
      ([member, score, condition]): Step =>
        pair =>
          pair.add(member, score, condition),
    ),
  },
  {
    weight: 6,
    arbitrary: members.map(
      (member): Step =>
        pair =>
          pair.remove(member),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(ranks, ranks).map(
      ([from, to]): Step =>
        pair =>
          pair.removeRange(from, to),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (expires): Step =>
        pair =>
          pair.setExpiry(expires),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('forward' as const, 'backward' as const, 'any' as const).map(
      (use): Step =>
        pair =>
          pair.openView(use),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(9).map(
      (number): Step =>
        pair =>
          pair.closeView(number),
    ),
  },
  { weight: 1, arbitrary: fc.constant((pair: SortedSetPair) => pair.hold()) },
  {
    weight: 1,
    arbitrary: fc.nat(9).map(
      (number): Step =>
        pair =>
          pair.release(number),
    ),
  },
  { weight: 1, arbitrary: fc.constant((pair: SortedSetPair) => pair.moveAll()) },
  { weight: 1, arbitrary: fc.constant((pair: SortedSetPair) => pair.collect()) },
  { weight: 1, arbitrary: fc.constant((pair: SortedSetPair) => pair.removeKey()) },
)

describe('a sorted set behaves as a plain one, whoever looks at it', () => {
  const forms: [string, SortedSetLimits][] = [
    ['as a listpack of any size', SMALL],
    ['large from the start', LARGE],
    ['turning large on the way', { maxEntries: 12, maxValueBytes: 150 }],
    ['with the default limits', DEFAULTS],
  ]
  test.each(forms)('%s', (_, limits) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.array(step, { maxLength: 50 }), (script, more) => {
        const pair = new SortedSetPair(limits)
        for (const act of script) act(pair)
        pair.check()
        for (const act of more) {
          act(pair)
          pair.check()
        }
        pair.end()
      }),
      { numRuns: 60 },
    )
  })

  test('with leaves and branches', () => {
    const pair = new SortedSetPair(LARGE)
    let seed = 1
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % below
    }
    for (let i = 0; i < 12_000; i++) {
      pair.add(`member:${next(3000)}`, next(500), 0)
      if (i % 4 === 0) pair.remove(`member:${next(3000)}`)
      if (i % 700 === 0) pair.openView(i % 1400 === 0 ? 'forward' : 'backward')
      if (i % 900 === 0) pair.closeView(next(8))
      if (i % 2500 === 0) pair.removeRange(500, 900)
    }
    pair.check()
    for (let i = 0; i < 20; i++) pair.closeView(0)
    pair.moveAll()
    pair.check()
    pair.end()
  })
})

test('a listpack that somebody holds is not changed under his eyes', () => {
  const pair = new SortedSetPair(SMALL)
  // Longer than what is copied at a time.
  for (let i = 200; i < 600; i++) pair.add(`${'member '.repeat(10)}${i}`, i, 0)
  // The same size and the same place; then other places.
  for (const score of [299, 550, 210]) {
    pair.hold()
    pair.add(`${'member '.repeat(10)}300`, score, 0)
    pair.release(0)
  }
  pair.check()
  pair.end()
})

/** Everything with a rank, a score and a member that ranges are asked of. */
function filled(limits: SortedSetLimits, pairs: readonly Pair[]): ReturnType<typeof openKey> {
  const set = openKey(newDatabase())
  for (const [member, score] of pairs) add(set, member, score, limits)
  return set
}

const few: fc.Arbitrary<readonly Pair[]> = fc.uniqueArray(fc.tuple(members, scores), {
  selector: ([member]) => member,
  minLength: 1,
  maxLength: 80,
})

describe.each([
  ['a listpack', SMALL],
  ['a large one', LARGE],
])('ranges of %s', (_, limits) => {
  const span = { from: 0, to: 0 }

  test('scores', () => {
    fc.assert(
      fc.property(few, scores, scores, fc.boolean(), fc.boolean(), (pairs, min, max, minExclusive, maxExclusive) => {
        const set = filled(limits, pairs)
        const range = Object.assign(new ScoreRange(), { min, max, minExclusive, maxExclusive })
        set.spanOfScores(range, span)
        const inside = pairsOf(set).filter(
          ([, score]) => (minExclusive ? score > min : score >= min) && (maxExclusive ? score < max : score <= max),
        )
        expect(pairsOf(set).slice(span.from, span.to)).toEqual(inside)
      }),
    )
  })

  type Bound = typeof BELOW_ALL | typeof ABOVE_ALL | { member: string; exclusive: boolean }
  const bound: fc.Arbitrary<Bound> = fc.oneof(
    fc.constantFrom(BELOW_ALL, ABOVE_ALL),
    fc.tuple(members, fc.boolean()).map(([member, exclusive]) => ({ member, exclusive })),
  )
  const setBound = (to: LexBound, from: Bound): void => {
    if (typeof from === 'number') to.place = from
    else Object.assign(to, bytesOf(from.member), { place: AT_BYTES, exclusive: from.exclusive })
  }

  test('members', () => {
    fc.assert(
      fc.property(few, scores, bound, bound, fc.boolean(), (pairs, score, min, max, reverse) => {
        const set = filled(
          limits,
          pairs.map(([member]) => [member, score]),
        )
        const range = new LexRange()
        setBound(range.min, min)
        setBound(range.max, max)
        set.spanOfMembers(range, reverse, span)
        const reaches = (member: string): boolean => {
          if (typeof min === 'number') return min === BELOW_ALL
          return min.exclusive ? member > min.member : member >= min.member
        }
        const holds = (member: string): boolean => {
          if (typeof max === 'number') return max === ABOVE_ALL
          return max.exclusive ? member < max.member : member <= max.member
        }
        const inside = pairsOf(set).filter(([member]) => reaches(member) && holds(member))
        expect(pairsOf(set).slice(span.from, span.to)).toEqual(inside)
      }),
    )
  })

  test('ranks, both ways', () => {
    fc.assert(
      fc.property(few, fc.nat(80), fc.nat(80), (pairs, a, b) => {
        const set = filled(limits, pairs)
        const all = pairsOf(set)
        const from = Math.min(a, b, all.length)
        const to = Math.min(Math.max(a, b), all.length)
        const seen: Pair[] = []
        set.iterateRange(from, to, true, (member, score) => seen.push([member.copy().toString('latin1'), score]))
        expect(seen).toEqual(all.slice(from, to).reverse())
        const member = new ByteRange()
        if (from < all.length) {
          expect(set.showAt(from, member)).toBe(all[from][1])
          expect(member.copy().toString('latin1')).toBe(all[from][0])
        }
      }),
    )
  })
})

describe('a new sorted set put together at once', () => {
  const ends = Int32Array.from({ length: 64 }, (_, i) => i + 1)
  const starts = Int32Array.from({ length: 64 }, (_, i) => i)
  const letters = (text: string): Buffer => Buffer.from([...text].map(letter => `0${letter}`).join(''), 'latin1')

  test('is in order', () => {
    const set = openKey(newDatabase())
    const buffer = letters('bca')
    expect(set.addFirst(buffer, starts, ends, 1, 2, 3, Float64Array.of(2, 1.5, 2), DEFAULTS)).toBe(true)
    expect(pairsOf(set)).toEqual([
      ['c', 1.5],
      ['a', 2],
      ['b', 2],
    ])
  })

  test.each([
    ['a member twice', 'aba', DEFAULTS],
    ['a member that is too long', 'abc', { maxEntries: 128, maxValueBytes: 0 }],
  ])('but not with %s', (_, text, limits) => {
    const set = openKey(newDatabase())
    expect(set.addFirst(letters(text), starts, ends, 1, 2, 3, Float64Array.of(1, 2, 3), limits)).toBe(false)
    expect(set.length).toBe(0)
  })
})
