/** Copies a hash to another key, in its encoding. */
import { hashBytes } from '../../bytes/hash.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_HASH } from '../../store/entries.js'
import { ElementTimes } from '../../store/table/element-times.js'
import { ByteRange } from '../byte-range.js'
import { createElement, createElementTable, forEachElement } from '../element-table.js'
import { copyPacked } from '../packed-value.js'
import { Hash } from './hash.js'

/** ValueKind.copy of hashes. */
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
  const name = Buffer.from(key.subarray(start, end))
  const { times } = original
  const copied = times === null ? null : new ElementTimes(table, to, name, times.isCompact)
  table.times = copied
  const field = new ByteRange()
  const value = new ByteRange()
  forEachElement(original.table, each => {
    original.showElement(each, field, value)
    const expiry = entries.expiry(each)
    const element = createElement(
      entries,
      field.buffer,
      field.start,
      field.end,
      value.buffer,
      value.start,
      value.end,
      expiry,
    )
    table.insert(hashBytes(field.buffer, field.start, field.end), element)
    if (!Number.isNaN(expiry)) copied?.noteExpiry(element)
  })
  const created = to.place(0, key, start, end, TYPE_HASH, ENCODING_AGGREGATE, 0, expiryMs)
  entries.setPayload(created, keyspace.aggregates.add(table))
  return created
}
