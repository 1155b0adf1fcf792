/** Copies a list to another key, in its encoding. */
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_LIST } from '../../store/entries.js'
import { TreeBuilder } from '../../store/ordered-tree/builder.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { copyPacked } from '../packed-value.js'
import { copyNode } from './list-node.js'
import { Quicklist } from './quicklist.js'

/** ValueKind.copy of lists. */
export function copyList(
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
  const original = keyspace.aggregates.get(entries.payload(address)) as Quicklist
  const created = to.place(0, key, start, end, TYPE_LIST, ENCODING_AGGREGATE, 0, expiryMs)
  entries.setPayload(created, keyspace.aggregates.add(copyQuicklist(original)))
  return created
}

function copyQuicklist({ depth, entries, fill, tree }: Quicklist): Quicklist {
  const copy = new Quicklist(entries, fill, depth)
  const builder = new TreeBuilder(copy.tree)
  const cursor = new TreeCursor()
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    builder.add(0, 0, copyNode(entries, cursor.address), cursor.weight)
  }
  builder.finish()
  return copy
}
