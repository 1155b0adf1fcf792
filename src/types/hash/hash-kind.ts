/** Hashes, as the rest of the server sees them. */

import { writeBytes } from '../../rdb/entry-output.js'
import {
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_LISTPACK_EX,
  RDB_TYPE_HASH_METADATA,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
} from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, type Entries, TYPE_HASH } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { ElementTimes } from '../../store/table/element-times.js'
import type { HashTable } from '../../store/table/hash-table.js'
import { Digest } from '../digest.js'
import { tableBytes, tableOf } from '../element-table.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import { HeldString, holdBuffer } from '../held-string.js'
import { holdTable } from '../held-table.js'
import type { KeyCommands } from '../key-commands.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { Hash } from './hash.js'
import { HashCommandsReader } from './hash-commands.js'
import { copyHash } from './hash-copy.js'
import { HashReader } from './hash-reader.js'

export const hashKind: ValueKind = {
  type: TYPE_HASH,
  name: 'hash',
  rdbTypes: [
    RDB_TYPE_HASH,
    RDB_TYPE_HASH_LISTPACK,
    RDB_TYPE_HASH_ZIPLIST,
    RDB_TYPE_HASH_ZIPMAP,
    RDB_TYPE_HASH_METADATA,
    RDB_TYPE_HASH_LISTPACK_EX,
  ],
  packedRdbTypes: [RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST, RDB_TYPE_HASH_ZIPMAP],

  encodingName(keyspace: Keyspace, address: number): string {
    if (!isTable(keyspace.entries, address)) return 'listpack'
    return timesOf(tableOf(keyspace, address))?.isCompact === true ? 'listpackex' : 'hashtable'
  },

  elementBytes(keyspace: Keyspace, address: number, samples: number): number {
    return isTable(keyspace.entries, address) ? tableBytes(keyspace.entries, tableOf(keyspace, address), samples) : 0
  },

  rdbType(keyspace: Keyspace, address: number): number {
    if (!isTable(keyspace.entries, address)) return RDB_TYPE_HASH_LISTPACK
    return expires(tableOf(keyspace, address)) ? RDB_TYPE_HASH_METADATA : RDB_TYPE_HASH
  },

  write: writeBytes,

  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm {
    if (isTable(keyspace.entries, address)) {
      const table = tableOf(keyspace, address)
      return holdTable(keyspace, table, true, options, expires(table) ? timesOf(table)?.nextExpiryMs : Number.NaN)
    }
    return new HeldString(holdBuffer(keyspace.entries, address, options))
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): HashReader {
    return new HashReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): HashCommandsReader {
    return new HashCommandsReader(window, keys, commands)
  },

  copy: copyHash,

  digest(digest: Digest, db: Database, address: number): void {
    const pair = new Digest()
    const hash = new Hash()
    hash.open(db, address)
    hash.iterate((field, value) => {
      pair.clear()
      pair.mix(field.buffer, field.start, field.end)
      pair.mix(value.buffer, value.start, value.end)
      digest.xorDigest(pair)
    })
  },
}

function timesOf({ times }: HashTable): ElementTimes | null {
  return times as ElementTimes | null
}

/** Whether some fields expire. */
function expires(table: HashTable): boolean {
  return (timesOf(table)?.expiringCount ?? 0) > 0
}

function isTable(entries: Entries, address: number): boolean {
  return entries.encoding(address) === ENCODING_AGGREGATE
}
