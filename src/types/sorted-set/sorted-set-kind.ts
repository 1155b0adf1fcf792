/** Sorted sets, as the rest of the server sees them. */
import { DOUBLE_TEXT_BYTES, writeFloat } from '../../bytes/floats/double-text.js'
import { writeBytes } from '../../rdb/entry-output.js'
import { RDB_TYPE_ZSET, RDB_TYPE_ZSET_2, RDB_TYPE_ZSET_LISTPACK, RDB_TYPE_ZSET_ZIPLIST } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, type Entries, TYPE_ZSET } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { Digest } from '../digest.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import { HeldString, holdBuffer } from '../held-string.js'
import type { KeyCommands } from '../key-commands.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { HeldSortedSet } from './held-sorted-set.js'
import type { LargeSortedSet } from './large-sorted-set.js'
import { SortedSet } from './sorted-set.js'
import { SortedSetCommandsReader } from './sorted-set-commands.js'
import { copySortedSet } from './sorted-set-copy.js'
import { SortedSetReader } from './sorted-set-reader.js'

const scoreText = Buffer.alloc(DOUBLE_TEXT_BYTES)

export const sortedSetKind: ValueKind = {
  type: TYPE_ZSET,
  name: 'zset',
  rdbTypes: [RDB_TYPE_ZSET, RDB_TYPE_ZSET_2, RDB_TYPE_ZSET_ZIPLIST, RDB_TYPE_ZSET_LISTPACK],
  packedRdbTypes: [RDB_TYPE_ZSET_ZIPLIST, RDB_TYPE_ZSET_LISTPACK],

  encodingName({ entries }: Keyspace, address: number): string {
    return isLarge(entries, address) ? 'skiplist' : 'listpack'
  },

  elementBytes(keyspace: Keyspace, address: number, samples: number): number {
    return isLarge(keyspace.entries, address) ? largeOf(keyspace, address).estimateBytes(samples) : 0
  },

  rdbType({ entries }: Keyspace, address: number): number {
    return isLarge(entries, address) ? RDB_TYPE_ZSET_2 : RDB_TYPE_ZSET_LISTPACK
  },

  write: writeBytes,

  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm {
    if (isLarge(keyspace.entries, address)) return new HeldSortedSet(largeOf(keyspace, address), options)
    return new HeldString(holdBuffer(keyspace.entries, address, options))
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): SortedSetReader {
    return new SortedSetReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): SortedSetCommandsReader {
    return new SortedSetCommandsReader(window, keys, commands)
  },

  copy: copySortedSet,

  digest(digest: Digest, db: Database, address: number): void {
    const pair = new Digest()
    const set = new SortedSet()
    set.open(db, address)
    set.iterateRange(0, set.length, false, ({ buffer, end, start }, score) => {
      pair.clear()
      pair.mix(buffer, start, end)
      pair.mix(scoreText, 0, writeFloat(scoreText, 0, score))
      digest.xorDigest(pair)
    })
  },
}

function isLarge(entries: Entries, address: number): boolean {
  return entries.encoding(address) === ENCODING_AGGREGATE
}

function largeOf({ aggregates, entries }: Keyspace, address: number): LargeSortedSet {
  return aggregates.get(entries.payload(address)) as LargeSortedSet
}
