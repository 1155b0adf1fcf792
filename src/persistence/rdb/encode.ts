/** Entries of the store as RDB bytes: whole keys, values alone (DUMP), and large hashes in pieces. */
import type { AccessClock } from '../../store/access-clock.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_HASHTABLE,
  ENCODING_INT32,
  ENCODING_INT64,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EXTERNAL,
  ENCODING_PLAIN,
  ENCODING_RAW,
  type Entries,
  HAS_EXPIRY,
  type Objects,
  TYPE_HASH,
  TYPE_STRING,
} from '../../store/entries.js'
import type { HashTable } from '../../store/table/hash-table.js'
import {
  RDB_OPCODE_EXPIRETIME_MS,
  RDB_OPCODE_FREQ,
  RDB_OPCODE_IDLE,
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_STRING,
} from './format.js'
import type { RdbOutput } from './output.js'

export { RdbOutput } from './output.js'

/** RDB type number of an entry's value. */
export function rdbTypeOf(entries: Entries, address: number): number {
  const encoding = entries.encoding(address)
  switch (entries.type(address)) {
    case TYPE_STRING:
      return RDB_TYPE_STRING
    case TYPE_HASH:
      return encoding === ENCODING_HASHTABLE ? RDB_TYPE_HASH : RDB_TYPE_HASH_LISTPACK
    default:
      throw new Error(`rdb: type ${entries.type(address)}, encoding ${encoding} has no RDB form`)
  }
}

/**
 * Writes a key with all that belongs to it: expiry, access history, type, key, value. Large aggregates, which are tables, go
 * in pieces: writeKeyTraits, writeKey, the number of elements, and as many calls of writeHashField.
 * @param access the access clock under an LRU or LFU policy, whose history is then saved with each key; else null.
 */
export function writeEntry(
  out: RdbOutput,
  entries: Entries,
  address: number,
  compress: boolean,
  access: AccessClock | null = null,
): void {
  writeKeyHead(out, entries, address, compress, access)
  writeBytesValue(out, entries, address, compress)
}

/** Writes an entry's value alone and whole, in the form of `rdbTypeOf` (DUMP). */
export function writeValue(
  out: RdbOutput,
  entries: Entries,
  tables: Objects<HashTable>,
  address: number,
  compress: boolean,
): void {
  if (entries.encoding(address) !== ENCODING_HASHTABLE) {
    writeBytesValue(out, entries, address, compress)
    return
  }
  const table = tables.get(entries.payload(address))
  out.lengthCode(table.count)
  for (const segment of table.segments) {
    for (let home = 0; home < 1 << segment.bucketBits; home++) {
      table.visitBucket(segment, home, element => writeHashField(out, entries, element, compress))
    }
  }
}

/** One field of a large hash with its value: `address` is the element's entry. */
export function writeHashField(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
  writeKey(out, entries, address, compress)
  writeBytesValue(out, entries, address, compress)
}

/** What stands before a value: EXPIRETIME_MS, IDLE or FREQ, the type, the key. */
function writeKeyHead(
  out: RdbOutput,
  entries: Entries,
  address: number,
  compress: boolean,
  access: AccessClock | null,
): void {
  writeKeyTraits(out, entries, address, access)
  writeKey(out, entries, address, compress)
}

/** What stands before a key: EXPIRETIME_MS, IDLE or FREQ, the type. `access` as in writeEntry. */
export function writeKeyTraits(out: RdbOutput, entries: Entries, address: number, access: AccessClock | null): void {
  if (entries.meta(address) & HAS_EXPIRY) {
    out.byte(RDB_OPCODE_EXPIRETIME_MS)
    out.u64(entries.expiryLow(address), entries.expiryHigh(address))
  }
  if (access !== null) {
    if (access.lfu) {
      out.byte(RDB_OPCODE_FREQ)
      out.byte(access.frequency(entries.clock(address)))
    } else {
      out.byte(RDB_OPCODE_IDLE)
      out.lengthCode(access.idleSeconds(entries.clock(address)))
    }
  }
  out.byte(rdbTypeOf(entries, address))
}

/** A key's name, or that of an element of a large aggregate. */
export function writeKey(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
  const start = entries.keyStart(address)
  out.string(entries.memory(address), start, start + entries.keyLength(address), compress)
}

/** A value that is one string to RDB: a string in any encoding, or a listpack. */
export function writeBytesValue(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
  const encoding = entries.encoding(address)
  switch (encoding) {
    case ENCODING_INT32:
      out.integer(entries.payload(address) | 0)
      break
    case ENCODING_INT64: {
      const bytes = entries.memory(address)
      const at = entries.valueStart(address)
      out.int64(bytes.readInt32LE(at), bytes.readInt32LE(at + 4))
      break
    }
    case ENCODING_RAW:
    case ENCODING_PLAIN:
    case ENCODING_LISTPACK: {
      const start = entries.valueStart(address)
      out.string(entries.memory(address), start, start + entries.payload(address), compress)
      break
    }
    case ENCODING_EXTERNAL:
    case ENCODING_LISTPACK_EXTERNAL: {
      const buffer = entries.buffers.get(entries.payload(address))
      out.string(buffer, 0, buffer.length, compress)
      break
    }
    default:
      throw new Error(`rdb: encoding ${encoding} is no string`)
  }
}
