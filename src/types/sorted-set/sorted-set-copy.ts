/** Copies a sorted set to another key, in its encoding. */
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_ZSET } from '../../store/entries.js'
import { copyPacked } from '../packed-value.js'
import type { LargeSortedSet } from './large-sorted-set.js'

/** ValueKind.copy of sorted sets. */
export function copySortedSet(
  from: Database,
  address: number,
  to: Database,
  key: Buffer,
  start: number,
  end: number,
  expiryMs: number,
): number {
  const { entries, keyspace } = from
  if (entries.encoding(address) !== ENCODING_AGGREGATE) return copyPacked(from, address, to, key, start, end, expiryMs)
  const large = keyspace.aggregates.get(entries.payload(address)) as LargeSortedSet
  const copy = large.copy()
  const created = to.place(0, key, start, end, TYPE_ZSET, ENCODING_AGGREGATE, 0, expiryMs)
  entries.setPayload(created, keyspace.aggregates.add(copy))
  return created
}
