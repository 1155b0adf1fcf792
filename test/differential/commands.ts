/** What the random requests are made of, group by group. Left out: what answers differently every time or ends the server. */
import { generators } from './arguments.js'
import { geoMakers } from './geo-commands.js'
import { hyperLogLogMakers } from './hyperloglog-commands.js'
import { listMakers } from './list-commands.js'
import type { Random } from './random.js'
import { setMakers, UNMANGLED_SETS } from './set-commands.js'
import { sortMakers, UNMANGLED_SORTS } from './sort-commands.js'
import { sortedSetMakers, UNMANGLED_SORTED_SETS } from './sorted-set-commands.js'
import { streamMakers, UNMANGLED_STREAMS } from './stream-commands.js'
import { mangle, type RequestMaker, requestMaker } from './syntax.js'

const STRINGS = [
  'GET anykey',
  // A key set with a time that has passed is there until somebody looks: DBSIZE may count it or not.
  'SET key value [NX|XX] [GET] [EX ttl|PX ttlms|EXAT future|PXAT futurems|KEEPTTL]',
  'SETNX key value',
  'SETEX key ttl value',
  'PSETEX key ttlms value',
  'GETSET anykey value',
  'GETDEL anykey',
  'GETEX anykey [EX ttl|PX ttlms|EXAT time|PXAT timems|PERSIST]',
  'MGET anykey+',
  'MSET key value {key value}*',
  'MSETNX key value {key value}*',
  'APPEND anykey value',
  'STRLEN anykey',
  'INCR anykey',
  'DECR key',
  'INCRBY key int',
  'DECRBY key int',
  'INCRBYFLOAT key float',
  'SETRANGE anykey offset value',
  'GETRANGE anykey index index',
  'SUBSTR key index index',
  'LCS key key [LEN] [IDX] [MINMATCHLEN int] [WITHMATCHLEN]',
]

const BITMAPS = [
  'SETBIT anykey offset bit',
  'GETBIT anykey offset',
  'BITCOUNT anykey [index index|index index BYTE|index index BIT|index]',
  'BITPOS anykey bit [index|index index|index index BYTE|index index BIT]',
  'BITOP {AND|OR|XOR} key anykey+',
  'BITOP NOT key anykey',
  'BITFIELD anykey {GET bittype bitoffset|SET bittype bitoffset int|INCRBY bittype bitoffset int|OVERFLOW WRAP|OVERFLOW SAT|OVERFLOW FAIL|OVERFLOW word}*',
  'BITFIELD_RO anykey {GET bittype bitoffset}*',
  'BITFIELD_RO anykey SET bittype bitoffset int',
]

const HASHES = [
  'HSET hash field value {field value}*',
  'HGET hash field',
  'HDEL hash field+',
  'HINCRBY hash field int',
  'HINCRBYFLOAT hash field float',
  'HLEN hash',
  'HGETALL hash',
  'HMGET anykey field+',
]

const GENERIC = [
  'DEL anykey+',
  'UNLINK anykey+',
  'EXISTS anykey+',
  'TOUCH anykey+',
  'TYPE anykey',
  'EXPIRE anykey ttl [NX|XX|GT|LT] [XX|GT|LT]',
  'PEXPIRE anykey ttlms [NX|XX|GT|LT]',
  'EXPIREAT anykey time [NX|XX|GT|LT]',
  'PEXPIREAT anykey timems [NX|XX|GT|LT]',
  'TTL anykey',
  'PTTL anykey',
  'EXPIRETIME anykey',
  'PEXPIRETIME anykey',
  'PERSIST anykey',
  'RENAME anykey anykey',
  'RENAMENX anykey anykey',
  'MOVE anykey db',
  'COPY anykey anykey [DB db] [REPLACE]',
  'DUMP anykey',
  'OBJECT ENCODING anykey',
  'KEYS pattern',
  'DBSIZE',
  'SCAN 0 COUNT 1000000 [MATCH pattern] [TYPE type]',
  'SWAPDB db db',
]

const CONNECTION = [
  'PING [word]',
  'ECHO word',
  'SELECT db',
  'CLIENT SETNAME word',
  'CLIENT GETNAME',
  'CLIENT REPLY {ON|X}',
  'CLIENT GETREDIR',
  'CLIENT TRACKINGINFO',
  'CLIENT NO-EVICT {ON|OFF|word}',
  'CLIENT UNBLOCK int [TIMEOUT|ERROR]',
  'CLIENT CACHING {YES|NO|word}',
  'CLIENT LIST {TYPE word|ID 0|ID X}',
  'CLIENT KILL {TYPE word|ID 0|ADDR word|USER NOBODY|SKIPME word}',
  'CLIENT PAUSE {1|X|-1|1 WRITE|1 ALL|1 word}',
  'CLIENT word',
  'AUTH word [word]',
]

const TRANSACTIONS = ['MULTI', 'MULTI', 'EXEC', 'EXEC', 'EXEC', 'DISCARD', 'WATCH anykey+', 'UNWATCH']

const SERVER = [
  'COMMAND GETKEYS {GET key|SET key value|MSET key value key value|BITOP AND key key key|COPY key key|word key|MIGRATE word 1 key 0 1|MIGRATE word 1 word 0 1 KEYS key key}',
  'COMMAND GETKEYSANDFLAGS {GET key|SET key value GET|RENAME key key|BITFIELD key GET bittype 0|word key}',
  'COMMAND LIST FILTERBY {ACLCAT word|MODULE word|word pattern}',
  'CONFIG GET {MAXMEMORY|MAXMEMORY-POLICY|HZ|SAVE|word|TIMEOUT DATABASES|SLOWLOG-*}',
  'CONFIG SET {HASH-MAX-LISTPACK-ENTRIES|HASH-MAX-LISTPACK-VALUE|word|MAXMEMORY-SAMPLES|HZ} word',
  'CONFIG word',
  'SLOWLOG {LEN|GET X|word}',
  'LATENCY {LATEST|HISTORY word|GRAPH word|word}',
  'MEMORY {DOCTOR word|USAGE MISSING|USAGE MISSING SAMPLES word|USAGE key word|word}',
  'OBJECT {word|FREQ key|word key|REFCOUNT MISSING}',
  'DEBUG STRINGMATCH-LEN int word',
  'FLUSHDB [ASYNC|SYNC|word]',
  'WAIT int 1',
  'WAIT int {X|-1}',
  'WAIT 0',
]

const PUBSUB = [
  'PUBLISH channel word',
  'SPUBLISH channel word',
  'PUBSUB {CHANNELS|CHANNELS pattern|NUMPAT|NUMSUB channel*|SHARDCHANNELS|SHARDNUMSUB channel*|word}',
]

const ACL = [
  'ACL SETUSER user rule rule*',
  'ACL SETUSER user rule+',
  'ACL GETUSER user',
  'ACL DELUSER user',
  'ACL USERS',
  'ACL WHOAMI',
  'ACL CAT [X]',
  'ACL DRYRUN user {GET key|SET key value|HSET hash field value|CONFIG GET word|CLIENT KILL word|PUBLISH channel word|MGET key key|COPY key key}',
  'ACL GENPASS {X|0|-1|4097}',
  'ACL LOG {RESET|X}',
  'ACL word',
]

const makersOf = (lines: readonly string[]): RequestMaker[] => lines.map(line => requestMaker(line, generators))

/** Groups, and which share of the requests each makes up, compared with the others. */
const GROUPS: readonly (readonly [share: number, makers: readonly RequestMaker[]])[] = [
  [0.3, makersOf(STRINGS)],
  [0.16, makersOf(BITMAPS)],
  [0.05, makersOf(HASHES)],
  [0.12, hyperLogLogMakers],
  [0.12, setMakers],
  [0.12, sortedSetMakers],
  [0.1, geoMakers],
  [0.12, listMakers],
  [0.2, streamMakers],
  [0.08, sortMakers],
  [0.22, makersOf(GENERIC)],
  [0.05, makersOf(CONNECTION)],
  [0.1, makersOf(TRANSACTIONS)],
  [0.05, makersOf(SERVER)],
  [0.02, makersOf(PUBSUB)],
  [0.05, makersOf(ACL)],
]
const ALL_SHARES = GROUPS.reduce((sum, [share]) => sum + share, 0)
const MANGLED_SHARE = 0.12
/** Kept as they are written: other arguments let a client wait for long, or ask for what differs from server to server. */
const UNMANGLED = new Set([
  ...['WAIT', 'CLIENT', 'COMMAND', 'SCAN', 'MEMORY', 'ACL LOG'],
  ...UNMANGLED_SETS,
  ...UNMANGLED_SORTED_SETS,
  ...UNMANGLED_SORTS,
  ...UNMANGLED_STREAMS,
])

/** These take a time to live: a short one would be over at another moment on each server. */
const EXPIRING = new Set(['SET', 'SETEX', 'PSETEX', 'GETEX', 'EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT'])

export function randomRequest(random: Random): string[] {
  let at = random.next() * ALL_SHARES
  let chosen = GROUPS[0][1]
  for (const [share, makers] of GROUPS) {
    chosen = makers
    if (at < share) break
    at -= share
  }
  const request = random.pick(chosen)(random)
  if (!random.chance(MANGLED_SHARE)) return request
  if (UNMANGLED.has(request[0]) || UNMANGLED.has(request.slice(0, 2).join(' '))) return request
  return mangle(request, random, EXPIRING.has(request[0]) ? generators.junktime : generators.junk)
}
