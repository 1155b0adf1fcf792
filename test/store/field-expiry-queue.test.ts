import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ExpiringValue, FieldExpiryQueue } from '../../src/store/field-expiry-queue.js'

class Value implements ExpiringValue {
  nextExpiryMs = Number.POSITIVE_INFINITY
  queueIndex = -1
}

test('the first is the one whose part expires first, whatever comes, goes and changes', () => {
  const change = fc.record({
    index: fc.nat(19),
    nextExpiryMs: fc.oneof({ weight: 4, arbitrary: fc.nat(30) }, fc.constant(Number.POSITIVE_INFINITY)),
    leaves: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), changes => {
      const queue = new FieldExpiryQueue<Value>()
      const values = Array.from({ length: 20 }, () => new Value())
      const present = new Set<Value>()
      for (const { index, leaves, nextExpiryMs } of changes) {
        const value = values[index]
        if (leaves) {
          queue.remove(value)
          present.delete(value)
        } else {
          value.nextExpiryMs = nextExpiryMs
          queue.update(value)
          if (nextExpiryMs === Number.POSITIVE_INFINITY) present.delete(value)
          else present.add(value)
        }
        expect(queue.count).toBe(present.size)
        expect(new Set(queue.values())).toEqual(present)
        expect(queue.first?.nextExpiryMs ?? Number.POSITIVE_INFINITY).toBe(
          Math.min(...[...present].map(each => each.nextExpiryMs)),
        )
        for (const each of values) expect(each.queueIndex >= 0).toBe(present.has(each))
      }
    }),
    { numRuns: 300 },
  )
})
