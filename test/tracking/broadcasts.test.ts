import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Broadcasts } from '../../src/tracking/broadcasts.js'
import type { TrackingClient } from '../../src/tracking/tracking-client.js'

function listener(id: number): TrackingClient {
  return { id, resp: 3, subscriptions: { total: 0 }, closing: false, tracking: null, deliver: () => {} }
}

/** Prefix and keys of all that a turn has to tell, as text. */
function drained(broadcasts: Broadcasts): string[] {
  const told: string[] = []
  broadcasts.drain(({ text, listeners, changed }) => {
    for (const { id } of listeners) told.push(`${id} ${text}: ${[...changed.keys()].sort().join()}`)
  })
  return told
}

test('every listener is told the keys with its prefixes, as a comparison of each with each finds them', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), text)), fc.array(text), (wishes, keys) => {
      const broadcasts = new Broadcasts()
      const clients = [0, 1, 2, 3].map(listener)
      for (const [id, prefix] of wishes) broadcasts.listen(clients[id], prefix)
      for (const key of keys) broadcasts.add(key, null)
      const wanted = new Set<string>()
      for (const [id, prefix] of wishes) {
        const matching = [...new Set(keys.filter(key => key.startsWith(prefix)))].sort()
        if (matching.length > 0) wanted.add(`${id} ${prefix}: ${matching.join()}`)
      }
      expect(drained(broadcasts).sort()).toEqual([...wanted].sort())
      expect(drained(broadcasts)).toEqual([])
    }),
  )
})

test('a prefix that nobody listens to any more is gone', () => {
  const broadcasts = new Broadcasts()
  const [a, b] = [listener(1), listener(2)]
  broadcasts.listen(a, 'x')
  broadcasts.listen(b, 'x')
  broadcasts.listen(b, 'y')
  broadcasts.leave(a, 'x')
  expect(broadcasts.size).toBe(2)
  broadcasts.leave(b, 'x')
  expect(broadcasts.size).toBe(1)
  expect(broadcasts.add('x1', null)).toBe(false)
  expect(broadcasts.add('y1', null)).toBe(true)
  expect(broadcasts.add('y2', null)).toBe(false)
  expect(drained(broadcasts)).toEqual(['2 y: y1,y2'])
})
