import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TrackedKeys } from '../../src/tracking/tracked-keys.js'

function add(keys: TrackedKeys, id: number, key: string): void {
  const bytes = Buffer.from(`..${key}..`)
  keys.add(id, bytes, 2, bytes.length - 2)
}

function take(keys: TrackedKeys, key: string): number[] | null {
  const bytes = Buffer.from(key)
  const ids = keys.take(bytes, 0, bytes.length)
  return ids === null ? null : [...ids].sort((a, b) => a - b)
}

test('does as a map of sets does', () => {
  const name = fc.constantFrom('', 'a', 'b', 'a longer name of a key', 'c'.repeat(300))
  const reader = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.MAX_SAFE_INTEGER))
  const step = fc.oneof(
    { weight: 60, arbitrary: fc.record({ read: name, by: reader }) },
    { weight: 3, arbitrary: fc.record({ change: name }) },
    { weight: 1, arbitrary: fc.record({ flush: fc.constant(true) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const keys = new TrackedKeys()
      const model = new Map<string, Set<number>>()
      for (const each of steps) {
        if ('read' in each) {
          add(keys, each.by, each.read)
          model.set(each.read, (model.get(each.read) ?? new Set()).add(each.by))
        } else if ('change' in each) {
          const expected = model.get(each.change)
          expect(take(keys, each.change)).toEqual(expected === undefined ? null : [...expected].sort((a, b) => a - b))
          model.delete(each.change)
        } else {
          keys.clear()
          model.clear()
        }
        expect(keys.size).toBe(model.size)
        expect(keys.readers).toBe([...model.values()].reduce((sum, set) => sum + set.size, 0))
      }
      for (const [key, ids] of model) expect(take(keys, key)).toEqual([...ids].sort((a, b) => a - b))
      expect(keys.size).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('a key picked at random is one of those there are, and each has its turn', () => {
  const keys = new TrackedKeys()
  const names = Array.from({ length: 20 }, (_, i) => `key:${i}`)
  for (const name of names) add(keys, 1, name)
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) seen.add(keys.randomKey().toString())
  expect([...seen].sort()).toEqual([...names].sort())
})

test('100 000 keys with a reader each take less than 64 bytes a key', () => {
  const keys = new TrackedKeys()
  for (let i = 0; i < 100_000; i++) add(keys, 1_000_000 + (i % 7), `key:${i}`)
  expect(keys.usedBytes / keys.size).toBeLessThan(64)
})
