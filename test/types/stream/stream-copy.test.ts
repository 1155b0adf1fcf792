import { expect, test } from 'vitest'
import { Keyspace } from '../../../src/store/keyspace.js'
import type { Stream } from '../../../src/types/stream/stream.js'
import { SlicedStreamCopy } from '../../../src/types/stream/stream-copy.js'
import { streamOf } from '../../../src/types/stream/stream-kind.js'
import { contentsOfStream, idOf, openStream } from './contents.js'

const KEY = Buffer.from('key')
const COPY = Buffer.from('copy')
const FIELDS = Buffer.from('ab')
const ENTRIES = 3000

function fill(stream: Stream): void {
  for (let i = 1; i <= ENTRIES; i++) {
    stream.append(idOf(`${i}-0`), FIELDS, Int32Array.of(0, 1), Int32Array.of(1, 2), 0, 2, {
      nodeMaxBytes: 4096,
      nodeMaxEntries: 50,
    })
  }
  for (const name of ['g', 'h']) {
    const group = stream.addGroup(name, idOf('2000-0'), 2000)
    const consumers = ['c', 'd', 'e'].map(each => group?.addConsumer(each, 1000))
    // Numbers of consumers have gaps.
    if (group && consumers[0] && name === 'h') group.removeConsumer(consumers[0])
    for (let i = 1; i <= 2000; i++) {
      const consumer = consumers[1 + (i % 2)]
      if (consumer) group?.add(idOf(`${i}-0`), consumer, 5000 + i, i % 7)
    }
  }
  stream.delete(idOf('77-0'))
}

test('a copy in slices has what was there at its beginning, also where compaction moves what there is of it', () => {
  const keyspace = new Keyspace(1)
  const [database] = keyspace.databases
  const { aggregates, entries } = keyspace
  const original = openStream(database, KEY)
  fill(original)
  const expected = contentsOfStream(original)
  const copy = new SlicedStreamCopy(keyspace, original)
  const unfinished = aggregates.peek(aggregates.end - 1)
  let slices = 0
  let moved = 0
  while (!copy.run(0)) {
    slices++
    original.groups.get('g')?.remove(idOf(`${1 + slices * 10}-0`))
    original.delete(idOf(`${ENTRIES - slices}-0`))
    let cursor = 0
    do {
      cursor =
        unfinished?.rewrite(cursor, (address, bytes) => {
          moved++
          return entries.relocate(address, bytes)
        }) ?? 0
    } while (cursor !== 0)
  }
  expect(slices).toBeGreaterThan(20)
  expect(moved).toBeGreaterThan(4000)
  database.findForWrite(COPY, 0, COPY.length)
  const address = copy.placeIn(database, COPY, 0, COPY.length, Number.NaN)
  copy.close()
  expect(contentsOfStream(streamOf(keyspace, address))).toEqual(expected)
  expect(contentsOfStream(original)).not.toEqual(expected)
})

test('a copy that nobody takes leaves no memory behind', () => {
  const keyspace = new Keyspace(1)
  const original = openStream(keyspace.databases[0], KEY)
  fill(original)
  const before = keyspace.usedBytes
  const copy = new SlicedStreamCopy(keyspace, original)
  for (let i = 0; i < 30; i++) copy.run(0)
  expect(keyspace.usedBytes).toBeGreaterThan(before + 50_000)
  copy.close()
  while (!keyspace.collectGarbage(Number.POSITIVE_INFINITY));
  expect(keyspace.usedBytes).toBe(before)
})
