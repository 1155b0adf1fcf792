/** Lists, as the rest of the server sees them. */
import { writeBytes } from '../../rdb/entry-output.js'
import {
  RDB_TYPE_LIST,
  RDB_TYPE_LIST_QUICKLIST,
  RDB_TYPE_LIST_QUICKLIST_2,
  RDB_TYPE_LIST_ZIPLIST,
} from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbOutput } from '../../rdb/output.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, type Entries, TYPE_LIST } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Digest } from '../digest.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import { HeldString, holdBuffer } from '../held-string.js'
import type { KeyCommands } from '../key-commands.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { HeldList, PACKED_NODE } from './held-list.js'
import { List } from './list.js'
import { ListCommandsReader } from './list-commands.js'
import { copyList } from './list-copy.js'
import { nodeBytes, nodeMemoryBytes } from './list-node.js'
import { ListReader } from './list-reader.js'
import { ListWalk } from './list-walk.js'
import type { Quicklist } from './quicklist.js'

/** A small list is saved as one with one node. */
const HEAD_OF_LISTPACK = Buffer.from([1, PACKED_NODE])

export const listKind: ValueKind = {
  type: TYPE_LIST,
  name: 'list',
  rdbTypes: [RDB_TYPE_LIST, RDB_TYPE_LIST_ZIPLIST, RDB_TYPE_LIST_QUICKLIST, RDB_TYPE_LIST_QUICKLIST_2],
  packedRdbTypes: [RDB_TYPE_LIST_ZIPLIST],

  encodingName({ entries }: Keyspace, address: number): string {
    return isQuicklist(entries, address) ? 'quicklist' : 'listpack'
  },

  details(keyspace: Keyspace, address: number): string {
    return isQuicklist(keyspace.entries, address) ? nodeFigures(quicklistOf(keyspace, address)) : ''
  },

  elementBytes(keyspace: Keyspace, address: number, samples: number): number {
    return isQuicklist(keyspace.entries, address) ? quicklistBytes(quicklistOf(keyspace, address), samples) : 0
  },

  rdbType(): number {
    return RDB_TYPE_LIST_QUICKLIST_2
  },

  write(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
    out.raw(HEAD_OF_LISTPACK)
    writeBytes(out, entries, address, compress)
  },

  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm {
    if (isQuicklist(keyspace.entries, address)) return new HeldList(quicklistOf(keyspace, address), options)
    return new HeldString(holdBuffer(keyspace.entries, address, options), HEAD_OF_LISTPACK)
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): ListReader {
    return new ListReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): ListCommandsReader {
    return new ListCommandsReader(window, keys, commands)
  },

  copy: copyList,

  digest(digest: Digest, db: Database, address: number): void {
    const list = new List()
    list.open(db, address)
    const walk = new ListWalk(list)
    while (walk.next()) digest.mix(walk.element.buffer, walk.element.start, walk.element.end)
  },
}

function isQuicklist(entries: Entries, address: number): boolean {
  return entries.encoding(address) === ENCODING_AGGREGATE
}

function quicklistOf({ aggregates, entries }: Keyspace, address: number): Quicklist {
  return aggregates.get(entries.payload(address)) as Quicklist
}

/** Bytes that a quicklist takes with its nodes: with more than `samples` nodes an estimate from the first ones. */
function quicklistBytes({ entries, memoryBytes, tree }: Quicklist, samples: number): number {
  const cursor = new TreeCursor()
  let bytes = 0
  let seen = 0
  for (let more = tree.first(cursor); more && seen < samples; more = cursor.next()) {
    bytes += nodeMemoryBytes(entries, cursor.address)
    seen++
  }
  return memoryBytes + (seen === 0 ? 0 : Math.round((bytes / seen) * tree.count))
}

/** O(nodes). */
function nodeFigures({ depth, entries, fill, length, tree }: Quicklist): string {
  const cursor = new TreeCursor()
  let bytes = 0
  for (let more = tree.first(cursor); more; more = cursor.next()) bytes += nodeBytes(entries, cursor.address)
  return (
    ` ql_nodes:${tree.count} ql_avg_node:${twoDecimals(length / tree.count)} ql_listpack_max:${fill}` +
    ` ql_compressed:${depth > 0 ? 1 : 0} ql_uncompressed_size:${bytes}`
  )
}

/** As C's printf, which rounds what lies in the middle to the even side. */
function twoDecimals(value: number): string {
  const down = Math.floor(value * 100)
  const isMiddle = Number.isInteger(value * 8) && value * 100 - down === 0.5
  return isMiddle ? ((down + (down % 2)) / 100).toFixed(2) : value.toFixed(2)
}
