/** Sorted sets as a whole: from the bytes of a listpack, and from another key. */
import { copyBytes } from '../../bytes/copy.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_ZSET } from '../../store/entries.js'
import { lpBytes } from '../../store/listpack/listpack.js'
import { createListpack, listpackGap } from '../listpack-value.js'
import { copyPacked } from '../packed-value.js'
import type { LargeSortedSet } from './large-sorted-set.js'

/**
 * Makes key[start, end), which is new (db.hash is its hash), a small sorted set out of the validated, not empty listpack at
 * source[sourceStart], which is copied. Returns the address.
 */
export function sortedSetFromListpack(
  db: Database,
  key: Buffer,
  start: number,
  end: number,
  source: Buffer,
  sourceStart: number,
  expiryMs: number,
): number {
  const size = lpBytes(source, sourceStart)
  const created = createListpack(db, 0, key, start, end, TYPE_ZSET, size, expiryMs)
  copyBytes(source, sourceStart, sourceStart + size, listpackGap.buffer, listpackGap.at)
  return created
}

/**
 * Copies the sorted set at `address` of `from` to key[start, end) of `to`, which is not there (`to.hash` is its hash), in the same
 * encoding. O(n). Returns the copy's address.
 */
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
