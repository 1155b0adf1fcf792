/** Hashes as a whole: from the bytes of a listpack, and from another key. */

import { copyBytes } from '../../bytes/copy.js'
import { hashBytes } from '../../bytes/hash.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_HASH } from '../../store/entries.js'
import { lpBytes, lpLength } from '../../store/listpack/listpack.js'
import { createElement, createElementTable } from '../element-table.js'
import { createListpack, listpackGap } from '../listpack-value.js'
import { copyPacked } from '../packed-value.js'
import type { HashLimits } from '../value-limits.js'
import { Hash } from './hash.js'

/**
 * Makes key[start, end) a hash out of the validated, not empty listpack bytes source[sourceStart, ...), which are copied;
 * a table where they hold more pairs than the limits allow. `address` is what the key holds now (0: nothing, and
 * db.hash is the key's hash); it is destroyed. Returns the new address.
 */
export function hashFromListpack(
  db: Database,
  address: number,
  key: Buffer,
  start: number,
  end: number,
  source: Buffer,
  sourceStart: number,
  expiryMs: number,
  limits: HashLimits,
): number {
  const size = lpBytes(source, sourceStart)
  const created = createListpack(db, address, key, start, end, TYPE_HASH, size, expiryMs)
  copyBytes(source, sourceStart, sourceStart + size, listpackGap.buffer, listpackGap.at)
  if (lpLength(listpackGap.buffer, listpackGap.at) <= limits.maxEntries * 2) return created
  const hash = new Hash()
  hash.open(db, created)
  hash.convert()
  return hash.address
}

/**
 * Copies the hash at `address` of `from` to key[start, end) of `to`, which is not there (`to.hash` is its hash), in the same
 * encoding. O(n). Returns the copy's address.
 */
export function copyHash(
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
  const original = new Hash()
  original.open(from, address)
  const table = createElementTable(entries)
  original.iterate((field, value) => {
    const element = createElement(entries, field.buffer, field.start, field.end, value.buffer, value.start, value.end)
    table.insert(hashBytes(field.buffer, field.start, field.end), element)
  })
  const created = to.place(0, key, start, end, TYPE_HASH, ENCODING_AGGREGATE, 0, expiryMs)
  entries.setPayload(created, keyspace.aggregates.add(table))
  return created
}
