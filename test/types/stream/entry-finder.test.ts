import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Keyspace } from '../../../src/store/keyspace.js'
import { EntryFinder } from '../../../src/types/stream/entry-finder.js'
import type { Stream } from '../../../src/types/stream/stream.js'
import { idOf, openStream } from './contents.js'

const KEY = Buffer.from('key')
const FIELDS = Buffer.from('ab')
const STARTS = Int32Array.of(0, 1)
const ENDS = Int32Array.of(1, 2)

function add(stream: Stream, id: string): void {
  stream.append(idOf(id), FIELDS, STARTS, ENDS, 0, 2, { nodeMaxBytes: 4096, nodeMaxEntries: 4 })
}

/** IDs of which some lie at the same time, and some far away. */
const ids = fc
  .uniqueArray(fc.tuple(fc.oneof(fc.nat(30), fc.constantFrom(2 ** 32, 2 ** 45)), fc.integer({ min: 1, max: 4 })), {
    maxLength: 60,
    selector: ([ms, seq]) => `${ms}-${seq}`,
  })
  .map(each => each.sort(([a, b], [c, d]) => a - c || b - d).map(([ms, seq]) => `${ms}-${seq}`))

test('finds exactly the entries that are there, whatever was looked for before', () => {
  fc.assert(
    fc.property(ids, ids, fc.array(fc.nat(59)), fc.array(fc.nat(59)), (added, asked, deleted, jumps) => {
      const stream = openStream(new Keyspace(1).databases[0], KEY)
      for (const id of added) add(stream, id)
      const there = new Set(added)
      for (const index of deleted) {
        if (index >= added.length || !there.delete(added[index])) continue
        stream.delete(idOf(added[index]))
      }
      // Ascending at first, with IDs that are not there among them, then to and fro.
      const all = [...new Set([...added, ...asked])]
      const order = [...asked, ...added, ...jumps.map(index => all[index % Math.max(1, all.length)] ?? '1-1')]
      const finder = new EntryFinder()
      finder.begin(stream)
      for (const id of order) {
        const isThere = finder.find(idOf(id))
        expect({ id, isThere }).toEqual({ id, isThere: there.has(id) })
        if (isThere) expect(finder.entry.id.toString()).toBe(id)
      }
    }),
  )
})

test('finds in a view what was there when it was opened', () => {
  const stream = openStream(new Keyspace(1).databases[0], KEY)
  const all = Array.from({ length: 100 }, (_, i) => `${i + 1}-0`)
  for (const id of all) add(stream, id)
  const finder = new EntryFinder()
  finder.beginView(stream)
  const found = all.filter((id, i) => {
    stream.delete(idOf(all[99 - i]))
    if (i % 2 === 0) stream.delete(idOf(all[i]))
    return finder.find(idOf(id))
  })
  expect(found).toEqual(all)
  finder.close()
  finder.begin(stream)
  expect(stream.length).toBe(0)
  expect(finder.find(idOf('50-0'))).toBe(false)
})
