/** Copies a hash to another key, in its encoding. */
import { hashBytes } from '../../bytes/hash.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_HASH } from '../../store/entries.js'
import { createElement, createElementTable } from '../element-table.js'
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
  original.iterate((field, value) => {
    const element = createElement(entries, field.buffer, field.start, field.end, value.buffer, value.start, value.end)
    table.insert(hashBytes(field.buffer, field.start, field.end), element)
  })
  const created = to.place(0, key, start, end, TYPE_HASH, ENCODING_AGGREGATE, 0, expiryMs)
  entries.setPayload(created, keyspace.aggregates.add(table))
  return created
}
