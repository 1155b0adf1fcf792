import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamLimits } from '../../../src/types/value-limits.js'
import { StreamPair } from './model.js'

type Step = (pair: StreamPair) => void

const act = <T extends unknown[]>(
  weight: number,
  what: (pair: StreamPair, ...args: T) => void,
  ...args: { [I in keyof T]: fc.Arbitrary<T[I]> }
): { weight: number; arbitrary: fc.Arbitrary<Step> } => ({
  weight,
  arbitrary: fc.tuple(...args).map(
    (values): Step =>
      pair =>
        what(pair, ...(values as T)),
  ),
})

const words = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('', 'a', 'b', 'value', '7', '-1', '300', '70000', '9223372036854775807') },
  { weight: 2, arbitrary: fc.nat(200).map(length => 'w'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom(5000, 66_000).map(length => 'long '.repeat(length / 5)) },
)
const texts = fc.oneof(
  { weight: 4, arbitrary: words.map(value => ['field', value]) },
  { weight: 3, arbitrary: fc.tuple(words, words).map(([a, b]) => ['f', a, 'g', b]) },
  { weight: 1, arbitrary: fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 4 }).map(pairs => pairs.flat()) },
)
const timesMore = fc.oneof(
  { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 3n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 40n) },
)
const sequences = fc.oneof(
  { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 3n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 31n - 1n, 2n ** 32n - 1n, 2n ** 53n) },
)
const numbers = fc.nat(500)
const groups = fc.constantFrom('g', 'another group')
const consumers = fc.constantFrom('c', 'd', 'e\xff')
const pendingIds = fc.oneof(
  fc.nat(40).map(n => `5-${n}`),
  fc.constantFrom('0-1', '4294967296-0', '18446744073709551615-18446744073709551615', '9223372036854775808-4294967295'),
)
const times = fc.constantFrom(0, 1, 1_700_000_000_000, 2 ** 32, 2 ** 32 - 1)
const counts = fc.constantFrom(0, 1, 2, 100, 2 ** 32 - 1)

const step = fc.oneof(
  act(30, (pair, ms, seq, each) => pair.append(ms, seq, each), timesMore, sequences, texts),
  act(12, (pair, number) => pair.delete(number), numbers),
  act(
    4,
    (pair, number, byLength, approximate, limit) => pair.trim(number, byLength, approximate, approximate ? limit : 0),
    numbers,
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom(0, 1, 5, 20),
  ),
  act(4, (pair, group, read) => pair.addGroup(group, read), groups, fc.constantFrom(-1, 0, 5)),
  act(1, (pair, group) => pair.removeGroup(group), groups),
  act(8, (pair, group, name, seen) => pair.addConsumer(group, name, seen), groups, consumers, times),
  act(2, (pair, group, name) => pair.removeConsumer(group, name), groups, consumers),
  act(
    40,
    (pair, group, name, id, time, count) => pair.give(group, name, id, time, count),
    groups,
    consumers,
    pendingIds,
    times,
    counts,
  ),
  act(10, (pair, group, id) => pair.acknowledge(group, id), groups, pendingIds),
  act(2, (pair, group) => pair.orderInTime(group), groups),
  act(4, pair => pair.hold()),
  act(10, (pair, number) => pair.takePiece(number), numbers),
  act(3, (pair, number) => pair.takeAll(number), numbers),
  act(1, (pair, number) => pair.letGo(number), numbers),
  act(2, pair => pair.moveAll()),
  act(2, pair => pair.collect()),
  act(2, pair => pair.copy()),
  act(1, pair => pair.removeKey()),
)

describe('a stream behaves as a plain one, whoever looks at it', () => {
  const limits: [string, StreamLimits][] = [
    ['two entries a node', { nodeMaxBytes: 0, nodeMaxEntries: 2 }],
    ['seven', { nodeMaxBytes: 0, nodeMaxEntries: 7 }],
    ['three hundred', { nodeMaxBytes: 0, nodeMaxEntries: 300 }],
  ]
  test.each(limits)('%s', (_, each) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250 }), fc.array(step, { maxLength: 60 }), (script, more) => {
        const pair = new StreamPair(each)
        for (const next of script) next(pair)
        pair.check()
        for (const next of more) {
          next(pair)
          pair.check()
        }
        pair.end()
      }),
      { numRuns: 100 },
    )
  })

  test('with leaves and branches', () => {
    const pair = new StreamPair({ nodeMaxBytes: 0, nodeMaxEntries: 3 })
    let seed = 1
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % below
    }
    pair.addGroup('g', 0)
    for (const name of ['c', 'd', 'e']) pair.addConsumer('g', name, 1)
    for (let i = 0; i < 4000; i++) {
      pair.append(1n, 0n, ['f', String(i)])
      const id = (): string => `${next(3000)}-${next(2)}`
      pair.give('g', ['c', 'd', 'e'][next(3)], id(), i, i)
      pair.give('g', ['c', 'd', 'e'][next(3)], id(), i, i)
      if (i % 3 === 0) pair.acknowledge('g', id())
      if (i % 5 === 0) pair.delete(next(4000))
      if (i % 500 === 100) pair.hold()
      pair.takePiece(next(9))
      if (i % 600 === 0) pair.takeAll(next(9))
      if (i % 900 === 0) pair.moveAll()
    }
    pair.check()
    while (pair.isHeld) pair.takeAll(0)
    pair.moveAll()
    pair.check()
    pair.hold()
    pair.removeConsumer('g', 'd')
    pair.trim(1000, true, false, 0)
    pair.takePiece(0)
    pair.removeGroup('g')
    pair.removeKey()
    pair.collect()
    pair.end()
  })
})

test('accounts are as they were when it has gone', () => {
  const pair = new StreamPair({ nodeMaxBytes: 0, nodeMaxEntries: 3 })
  const script = (): void => {
    pair.addGroup('g', 0)
    pair.addConsumer('g', 'c', 1)
    pair.addConsumer('g', 'd', 1)
    for (let i = 0; i < 500; i++) pair.append(1n, 0n, ['f', String(i)])
    for (let i = 0; i < 500; i++) pair.give('g', i % 2 === 0 ? 'c' : 'd', `${i}-0`, i, i)
    pair.hold()
    pair.removeConsumer('g', 'd')
    pair.give('g', 'c', '2-0', 5, 5)
    pair.copy()
    pair.takeAll(0)
    pair.end()
  }
  script()
  const before = pair.tableBytesMore
  script()
  expect(pair.tableBytesMore).toBe(before)
})
