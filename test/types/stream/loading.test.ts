import { expect, test } from 'vitest'
import { PayloadLoading } from '../../../src/persistence/dump/payload-loading.js'
import { ExpiryTime } from '../../../src/store/expiry-time.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { cat, length, str } from '../../persistence/rdb/bytes.js'
import { LIMITS } from '../../persistence/rdb/keyspace.js'
import { payload } from '../../persistence/rdb/payload.js'
import { contentsOfStream, openStream } from './contents.js'
import { entry, facts, idBytes, items, node, STREAM_LISTPACKS_2, time } from './rdb-bytes.js'

const KEY = Buffer.from('key')
const PENDING = 20_000

test('what is loaded in slices may be moved meanwhile, also what is pending with nobody yet', () => {
  const ids = Array.from({ length: PENDING }, (_, i) => idBytes(i + 1, 0))
  const group = cat(
    str('g'),
    length(1),
    length(0),
    length(1),
    items(...ids.map(id => cat(id, time(5), length(1)))),
    items(cat(str('c'), time(7), items(...ids.slice(0, 1000))), cat(str('d'), time(8), items(...ids.slice(1000)))),
  )
  const value = cat(items(node(1, 0, 1, 0, entry(0, 0))), facts({ length: 1, lastId: [1, 0], added: 1 }), items(group))
  const bytes = Buffer.from(payload(STREAM_LISTPACKS_2, value), 'latin1')
  const keyspace = new Keyspace(1)
  const { aggregates, entries } = keyspace
  const loading = new PayloadLoading(keyspace, LIMITS, bytes, 0, bytes.length, true)
  let moved = 0
  while (!loading.step(0)) {
    const stream = aggregates.end > 0 ? aggregates.peek(aggregates.end - 1) : null
    if (!stream) continue
    let cursor = 0
    do {
      cursor = stream.rewrite(cursor, (address, size) => {
        moved++
        return entries.relocate(address, size)
      })
    } while (cursor !== 0)
  }
  expect(moved).toBeGreaterThan(PENDING)
  const [database] = keyspace.databases
  expect(loading.moveTo(database, KEY, 0, KEY.length, new ExpiryTime())).not.toBe(0)
  const { g } = contentsOfStream(openStream(database, KEY)).groups
  expect(g.pending).toHaveLength(PENDING)
  expect(Object.keys(g.consumers)).toEqual(['c', 'd'])
})
