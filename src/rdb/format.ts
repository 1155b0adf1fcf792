/**
 * The numbers of the RDB format. A file is
 *
 *     "REDIS" <version: 4 digits> (<opcode> <its arguments> | <type> <key: string> <value>)* <EOF> <CRC64: u64 LE>
 *
 * where the first byte of each item is an opcode (244 and up) or a value's type. Source: rdb.h of Redis 7.2 and 7.4.
 */

export const RDB_MAGIC = 'REDIS'
/** Magic and version: "REDIS0010". */
export const RDB_HEADER_BYTES = 9

/** The version this server writes: every Redis from 7.0 on and every Valkey reads it. */
export const RDB_VERSION = 10
/** The version of what has hashes with fields that expire: Redis reads those from 7.4 on. */
export const RDB_VERSION_FIELD_EXPIRY = 12
/** The versions this server reads; 12 is that of Redis 7.4. */
export const RDB_OLDEST_VERSION = 1
export const RDB_NEWEST_VERSION = 12
/** Files of older versions end with the EOF opcode, without a checksum. */
export const RDB_FIRST_VERSION_WITH_CHECKSUM = 5

// Opcodes

/** Slot of the following keys and its size: hints, in files of a cluster node (RDB 12). */
export const RDB_OPCODE_SLOT_INFO = 244
export const RDB_OPCODE_FUNCTION2 = 245
/** Functions as release candidates of 7.0 saved them; no release reads it. */
export const RDB_OPCODE_FUNCTION_PRE_GA = 246
export const RDB_OPCODE_MODULE_AUX = 247
/** Seconds since the next key's last access, as a length. */
export const RDB_OPCODE_IDLE = 248
/** The next key's LFU counter, one byte. */
export const RDB_OPCODE_FREQ = 249
/** Two strings: name and value of a fact about the file. */
export const RDB_OPCODE_AUX = 250
/** Two lengths: numbers of keys and of keys with an expiry in the database that follows. */
export const RDB_OPCODE_RESIZEDB = 251
/** The next key's expiry: Unix time in milliseconds, int64 LE. */
export const RDB_OPCODE_EXPIRETIME_MS = 252
/** The next key's expiry: Unix time in seconds, int32 LE. */
export const RDB_OPCODE_EXPIRETIME = 253
/** The database of the following keys, as a length. */
export const RDB_OPCODE_SELECTDB = 254
export const RDB_OPCODE_EOF = 255
export const RDB_LOWEST_OPCODE = RDB_OPCODE_SLOT_INFO

// Value types

export const RDB_TYPE_STRING = 0
export const RDB_TYPE_LIST = 1
export const RDB_TYPE_SET = 2
export const RDB_TYPE_ZSET = 3
export const RDB_TYPE_HASH = 4
/** Sorted set with binary scores. */
export const RDB_TYPE_ZSET_2 = 5
export const RDB_TYPE_MODULE_PRE_GA = 6
export const RDB_TYPE_MODULE_2 = 7
export const RDB_TYPE_HASH_ZIPMAP = 9
export const RDB_TYPE_LIST_ZIPLIST = 10
export const RDB_TYPE_SET_INTSET = 11
export const RDB_TYPE_ZSET_ZIPLIST = 12
export const RDB_TYPE_HASH_ZIPLIST = 13
export const RDB_TYPE_LIST_QUICKLIST = 14
export const RDB_TYPE_STREAM_LISTPACKS = 15
export const RDB_TYPE_HASH_LISTPACK = 16
export const RDB_TYPE_ZSET_LISTPACK = 17
export const RDB_TYPE_LIST_QUICKLIST_2 = 18
export const RDB_TYPE_STREAM_LISTPACKS_2 = 19
export const RDB_TYPE_SET_LISTPACK = 20
export const RDB_TYPE_STREAM_LISTPACKS_3 = 21
// Hashes whose fields expire one by one: Redis 7.4.
export const RDB_TYPE_HASH_METADATA_PRE_GA = 22
export const RDB_TYPE_HASH_LISTPACK_EX_PRE_GA = 23
export const RDB_TYPE_HASH_METADATA = 24
export const RDB_TYPE_HASH_LISTPACK_EX = 25

/** What each type is, for messages; indexed by type number, empty where there is no such type. */
const TYPE_NAMES: readonly string[] = [
  'string',
  'list',
  'set',
  'sorted set',
  'hash',
  'sorted set (binary scores)',
  'module value (pre-release)',
  'module value',
  '',
  'hash (zipmap)',
  'list (ziplist)',
  'set (intset)',
  'sorted set (ziplist)',
  'hash (ziplist)',
  'list (quicklist of ziplists)',
  'stream',
  'hash (listpack)',
  'sorted set (listpack)',
  'list (quicklist)',
  'stream (version 2)',
  'set (listpack)',
  'stream (version 3)',
  'hash with field expiry (pre-release)',
  'hash with field expiry (listpack, pre-release)',
  'hash with field expiry',
  'hash with field expiry (listpack)',
]

/** What a value type is, in words; empty for a number that is no type. */
export function rdbTypeName(type: number): string {
  return TYPE_NAMES[type] ?? ''
}

// Lengths: the first byte's upper two bits say how many bytes follow.

/** 00xxxxxx: the length itself, below 64. */
export const LENGTH_6_BIT = 0
/** 01xxxxxx xxxxxxxx: 14 bits, high byte first. */
export const LENGTH_14_BIT = 1
/** 10......: one of the two whole first bytes below. */
export const LENGTH_WIDE = 2
/** 11xxxxxx: no length but a string in the special encoding xxxxxx. */
export const LENGTH_SPECIAL = 3
/** The length in four bytes, big-endian. */
export const LENGTH_32_BIT = 0x80
/** The length in eight bytes, big-endian. */
export const LENGTH_64_BIT = 0x81

// Special string encodings, as the first byte's lower six bits.

export const STRING_INT8 = 0
export const STRING_INT16 = 1
export const STRING_INT32 = 2
/** Length of the compressed bytes, length of the string, compressed bytes. */
export const STRING_LZF = 3
/** The first byte of a string in special encoding n is SPECIAL_STRING | n. */
export const SPECIAL_STRING = 0xc0

// Values that modules wrote, as (opcode, value) pairs up to MODULE_EOF.

export const MODULE_EOF = 0
export const MODULE_SIGNED = 1
export const MODULE_UNSIGNED = 2
export const MODULE_FLOAT = 3
export const MODULE_DOUBLE = 4
export const MODULE_STRING = 5
