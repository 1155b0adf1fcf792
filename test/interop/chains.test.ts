/** Every write command there is, through chains of redis-ts and stock redis-server: the same data at every station. */
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient, type RawReply, texts } from '../commands/raw-client.js'
import { askText, inStep, linkUp } from './polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from './stock.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours = (...args: string[]): Promise<RunningServer> => startRedisTs([...BASE, ...args])
const stock = (...args: string[]): Promise<RunningServer> => startRedisServer([...BASE, ...args])
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

const DAY_MS = 86_400_000
const later = Date.now() + 10 * DAY_MS
const DUMPED = '\x00\xc0\x2a\x0a\x00'

const LISTS = [
  ['RPUSH', 'list', ...Array.from({ length: 20 }, (_, i) => String(i % 7)), 'tail'],
  ['RPUSH', 'list:large', ...Array.from({ length: 3000 }, (_, i) => `element ${i}`)],
  ['LPUSH', 'list', 'b', 'a'],
  ['LPUSHX', 'list', 'head'],
  ['RPUSHX', 'list', 'tail'],
  ['LPUSHX', 'list:missing', 'x'],
  ['RPUSHX', 'list:missing', 'x'],
  ['LPOP', 'list'],
  ['RPOP', 'list:large', '700'],
  ['LSET', 'list', '-2', 'set'],
  ['LINSERT', 'list:large', 'AFTER', 'element 7', 'inserted'],
  ['LREM', 'list', '-2', '3'],
  ['LTRIM', 'list:large', '100', '-100'],
  ['LMOVE', 'list', 'list:moved', 'LEFT', 'RIGHT'],
  ['RPOPLPUSH', 'list:large', 'list:moved'],
  ['LMPOP', '2', 'list:missing', 'list:large', 'RIGHT', 'COUNT', '5'],
  ['BLPOP', 'list:missing', 'list', '1'],
  ['BRPOP', 'list', '1'],
  ['BLMOVE', 'list', 'list:moved', 'RIGHT', 'LEFT', '1'],
  ['BRPOPLPUSH', 'list', 'list:moved', '1'],
  ['BLMPOP', '1', '1', 'list:large', 'LEFT', 'COUNT', '3'],
  ['RPUSH', 'list:numbers', '3', '1', '2'],
  ['SORT', 'list:numbers', 'DESC', 'STORE', 'sorted'],
  ['RPUSH', 'list:gone', 'x'],
  ['LPOP', 'list:gone'],
]
const SETS = [
  ['SADD', 'intset', '1', '-70000', '5000000000'],
  ['SADD', 'members', 'a', 'b', 'c', '4'],
  ['SADD', 'members:large', ...Array.from({ length: 1000 }, (_, i) => `member ${i}`)],
  ['SREM', 'members:large', 'member 5', 'member 900', 'missing'],
  ['SPOP', 'members:large'],
  ['SPOP', 'members:large', '100'],
  ['SPOP', 'members:large', '700'],
  ['SMOVE', 'members', 'intset', 'a'],
  ['SUNIONSTORE', 'union', 'members', 'intset'],
  ['SINTERSTORE', 'inter', 'union', 'members'],
  ['SDIFFSTORE', 'diff', 'union', 'members'],
  ['SADD', 'members:gone', 'x'],
  ['SPOP', 'members:gone'],
]
const SORTED_SETS = [
  ['ZADD', 'scores', '1', 'a', '2.5', 'b', 'inf', 'c', '-inf', 'd', '3', 'e', '4', 'f'],
  ['ZADD', 'scores', 'GT', 'CH', '7', 'a', '1', 'b'],
  ['ZADD', 'scores', 'INCR', '0.5', 'e'],
  ['ZADD', 'scores:large', ...Array.from({ length: 1000 }, (_, i) => [String(i % 300), `member ${i}`]).flat()],
  ['ZINCRBY', 'scores:large', '0.25', 'member 7'],
  ['ZREM', 'scores:large', 'member 8', 'missing'],
  ['ZREMRANGEBYRANK', 'scores:large', '0', '9'],
  ['ZREMRANGEBYSCORE', 'scores:large', '(20', '25'],
  ['ZADD', 'lex', '0', 'a', '0', 'b', '0', 'c', '0', 'd'],
  ['ZREMRANGEBYLEX', 'lex', '[b', '(d'],
  ['ZPOPMIN', 'scores:large', '3'],
  ['ZPOPMAX', 'scores:large'],
  ['ZMPOP', '2', 'missing', 'scores:large', 'MIN', 'COUNT', '2'],
  ['BZPOPMIN', 'scores:large', '1'],
  ['BZPOPMAX', 'missing', 'scores:large', '1'],
  ['BZMPOP', '1', '1', 'scores:large', 'MAX', 'COUNT', '2'],
  ['ZRANGESTORE', 'stored', 'scores:large', '(30', '60', 'BYSCORE', 'LIMIT', '5', '40'],
  ['ZUNIONSTORE', 'zunion', '3', 'scores', 'stored', 'members', 'WEIGHTS', '2', '3', '0.5', 'AGGREGATE', 'MAX'],
  ['ZINTERSTORE', 'zinter', '2', 'scores:large', 'stored'],
  ['ZDIFFSTORE', 'zdiff', '2', 'scores:large', 'stored'],
  ['ZADD', 'scores:gone', '1', 'x'],
  ['ZPOPMIN', 'scores:gone'],
]

/** Keys that are to have an expiry in the end, in database 0. */
const EXPIRING = ['expire', 'expireat', 'pexpire', 'pexpireat', 'setex', 'psetex', 'set:ex', 'getex', 'kept', 'hash:ex']

const STREAMS = [
  ['DEL', 'stream', 'stream:made'],
  ['XADD', 'stream', '*', 'f', 'v'],
  ['XADD', 'stream', 'MAXLEN', '~', '100', '*', 'f', 'v', 'g', 'w'],
  ['DEL', 'stream'],
  ...Array.from({ length: 120 }, (_, i) => ['XADD', 'stream', `${i + 1}-1`, 'f', `value ${i}`]),
  ['XADD', 'stream', '500-*', 'other', 'x'],
  ['XADD', 'stream', 'NOMKSTREAM', 'MINID', '3', '501-1', 'f', 'v'],
  ['XDEL', 'stream', '7-1', '8-1'],
  ['XTRIM', 'stream', 'MAXLEN', '110'],
  ['XTRIM', 'stream', 'MAXLEN', '~', '5'],
  ['XSETID', 'stream', '600-1'],
  ['XGROUP', 'CREATE', 'stream', 'group', '0'],
  ['XGROUP', 'CREATE', 'stream:made', 'group', '$', 'MKSTREAM'],
  ['XGROUP', 'CREATE', 'stream', 'gone', '$'],
  ['XGROUP', 'DESTROY', 'stream', 'gone'],
  ['XGROUP', 'CREATECONSUMER', 'stream', 'group', 'alice'],
  ['XGROUP', 'CREATECONSUMER', 'stream', 'group', 'dave'],
  ['XGROUP', 'DELCONSUMER', 'stream', 'group', 'dave'],
  ['XREADGROUP', 'GROUP', 'group', 'bob', 'COUNT', '10', 'STREAMS', 'stream', '>'],
  ['XREADGROUP', 'GROUP', 'group', 'carol', 'COUNT', '2', 'NOACK', 'STREAMS', 'stream', '>'],
  ['XACK', 'stream', 'group', '101-1', '102-1'],
  ['XCLAIM', 'stream', 'group', 'alice', '0', '103-1', 'JUSTID'],
  ['XAUTOCLAIM', 'stream', 'group', 'alice', '0', '-', 'COUNT', '3'],
  ['XGROUP', 'SETID', 'stream', 'group', '110-1'],
]

const PLACES_AND_COUNTS = [
  ['GEOADD', 'places', '13.361389', '38.115556', 'Palermo', '15.087269', '37.502669', 'Catania'],
  ['GEOSEARCHSTORE', 'places:near', 'places', 'FROMLONLAT', '15', '37', 'BYRADIUS', '200', 'km'],
  ['GEORADIUS', 'places', '15', '37', '200', 'km', 'STORE', 'places:older'],
  ['GEORADIUSBYMEMBER', 'places', 'Catania', '10', 'km', 'STORE', 'places:oldest'],
  ['PFADD', 'counted', 'a', 'b', 'c'],
  ['PFADD', 'counted:many', ...Array.from({ length: 2000 }, (_, i) => `element ${i}`)],
  ['PFMERGE', 'counted:all', 'counted', 'counted:many'],
  ['PFCOUNT', 'counted:all'],
  ['PFDEBUG', 'TODENSE', 'counted'],
]

/** One of each, most of them in several forms; `payload` is a value as DUMP gives it. Nothing but MIGRATE speaks to others. */
function writes(payload: string): string[][] {
  return [
    ['SET', 'flushed', 'x'],
    ['FLUSHALL'],
    ['SELECT', '5'],
    ['SET', 'flushed', 'x'],
    ['FLUSHDB', 'ASYNC'],
    ['SET', 'five', '5'],
    ['SELECT', '0'],

    ['SET', 'set', 'v'],
    ['SET', 'set', 'w', 'XX', 'GET'],
    ['SET', 'set:ex', 'v', 'EX', '1000'],
    ['SET', 'kept', 'v', 'PXAT', String(later)],
    ['SET', 'kept', 'w', 'KEEPTTL'],
    ['SETNX', 'setnx', 'v'],
    ['SETNX', 'setnx', 'not taken'],
    ['SETEX', 'setex', '1000', 'v'],
    ['PSETEX', 'psetex', '1000000', 'v'],
    ['MSET', 'mset:1', 'a', 'mset:2', 'b'],
    ['MSETNX', 'msetnx:1', 'a', 'msetnx:2', 'b'],
    ['GETSET', 'set', 'x'],
    ['SET', 'getdel', 'v'],
    ['GETDEL', 'getdel'],
    ['SET', 'getex', 'v'],
    ['GETEX', 'getex', 'EX', '1000'],
    ['SET', 'getex:persist', 'v', 'EX', '1000'],
    ['GETEX', 'getex:persist', 'PERSIST'],
    ['SET', 'getex:past', 'v'],
    ['GETEX', 'getex:past', 'PXAT', '1'],
    ['APPEND', 'append', 'first'],
    ['APPEND', 'append', ' second'],
    ['SETRANGE', 'setrange', '5', 'behind a gap'],
    ['SETRANGE', 'append', '2', '\0\r\n\xff'],
    ['INCR', 'incr'],
    ['INCRBY', 'incr', '1000'],
    ['DECR', 'decr'],
    ['DECRBY', 'decr', '1000'],
    ['INCRBYFLOAT', 'float', '3.0e3'],
    ['INCRBYFLOAT', 'float', '0.1'],

    ['SETBIT', 'bits', '100', '1'],
    [
      'BITFIELD',
      'bits',
      'SET',
      'u8',
      '3',
      '200',
      'INCRBY',
      'i5',
      '20',
      '1',
      'OVERFLOW',
      'SAT',
      'INCRBY',
      'u2',
      '0',
      '9',
    ],
    ['BITOP', 'XOR', 'bitop', 'bits', 'append', 'missing'],
    ['BITOP', 'NOT', 'bitop:not', 'bits'],

    ['HSET', 'hash', 'a', '1', 'b', 'x', 'gone', '1'],
    ['HMSET', 'hash', 'c', '3'],
    ['HSETNX', 'hash', 'd', '4'],
    ['HDEL', 'hash', 'gone'],
    ['HINCRBY', 'hash', 'a', '41'],
    ['HINCRBYFLOAT', 'hash', 'a', '0.1'],
    ['HSET', 'hash:gone', 'f', 'v'],
    ['HDEL', 'hash:gone', 'f'],
    ['HSET', 'hash:large', ...Array.from({ length: 600 }, (_, i) => `field ${i}`)],
    ['HSET', 'hash:ex', 'f', 'v'],
    ['EXPIRE', 'hash:ex', '1000', 'NX'],

    ['SET', 'expire', 'v'],
    ['EXPIRE', 'expire', '1000'],
    ['SET', 'expireat', 'v'],
    ['EXPIREAT', 'expireat', String(Math.floor(later / 1000))],
    ['SET', 'pexpire', 'v'],
    ['PEXPIRE', 'pexpire', '1000000'],
    ['SET', 'pexpireat', 'v'],
    ['PEXPIREAT', 'pexpireat', String(later)],
    ['SET', 'expire:past', 'v'],
    ['EXPIRE', 'expire:past', '-1'],
    ['SET', 'persist', 'v', 'EX', '1000'],
    ['PERSIST', 'persist'],

    ['COPY', 'hash', 'copy'],
    ['COPY', 'expire', 'copy:ex', 'DB', '6'],
    ['COPY', 'hash:large', 'copy', 'REPLACE'],
    ['SET', 'move', 'v'],
    ['MOVE', 'move', '6'],
    ['SET', 'rename:old', 'v', 'EX', '1000'],
    ['RENAME', 'rename:old', 'rename:new'],
    ['PERSIST', 'rename:new'],
    ['SET', 'renamenx:old', 'v'],
    ['RENAMENX', 'renamenx:old', 'renamenx:new'],
    ['MSET', 'del:1', 'v', 'del:2', 'v', 'unlink', 'v'],
    ['DEL', 'del:1', 'del:2', 'missing'],
    ['UNLINK', 'unlink'],
    ['RESTORE', 'restore', '0', payload],
    ['RESTORE', 'set', String(later), payload, 'REPLACE', 'ABSTTL', 'IDLETIME', '100'],
    ['RESTORE-ASKING', 'restore:asking', '0', payload],
    ['SWAPDB', '5', '7'],
    ...LISTS,
    ...SETS,
    ...SORTED_SETS,
    ...STREAMS,
    ...PLACES_AND_COUNTS,
  ]
}

/** What is no write by its flags: a container is none, and PFCOUNT only may be one. */
const NO_WRITES = ['select', 'pfcount', 'xgroup']

/** Fields that expire: no redis-server 7.0 is a replica of that. A chain of redis-ts alone has them in a test of their own. */
const FIELD_EXPIRY = ['hexpire', 'hexpireat', 'hgetdel', 'hgetex', 'hpersist', 'hpexpire', 'hpexpireat', 'hsetex']

/** Writes of Valkey 9 and Redis 8, which only redis-ts knows. */
const BEYOND = [
  ['SET', 'ifeq', 'v'],
  ['SET', 'ifeq', 'w', 'IFEQ', 'v', 'EX', '1000', 'GET'],
  ['SET', 'ifeq', 'x', 'IFEQ', 'w', 'KEEPTTL'],
  ['SET', 'delifeq', 'v'],
  ['DELIFEQ', 'delifeq', 'v'],
  ['MSETEX', '2', 'msetex:1', 'a', 'msetex:2', 'b'],
  ['MSETEX', '2', 'msetex:1', 'c', 'msetex:3', 'd', 'EX', '1000'],
  ['MSETEX', '1', 'msetex:3', 'e', 'XX', 'KEEPTTL'],
  ['BITOP', 'DIFF', 'bitop:diff', 'msetex:1', 'msetex:2', 'mset:1'],
  ['BITOP', 'DIFF1', 'bitop:diff1', 'msetex:1', 'msetex:2', 'mset:1'],
  ['BITOP', 'ANDOR', 'bitop:andor', 'msetex:1', 'msetex:2', 'mset:1'],
  ['BITOP', 'ONE', 'bitop:one', 'msetex:1', 'msetex:2', 'mset:1'],
  ['XREADGROUP', 'GROUP', 'group', 'bob', 'COUNT', '8', 'CLAIM', '0', 'STREAMS', 'stream', '>'],
  ['XDELEX', 'stream', 'DELREF', 'IDS', '2', '104-1', '105-1'],
  ['XACKDEL', 'stream', 'group', 'ACKED', 'IDS', '2', '106-1', '107-1'],
  ['XTRIM', 'stream', 'MAXLEN', '~', '6', 'DELREF'],
  ['XADD', 'stream', 'ACKED', 'MAXLEN', '4', '700-*', 'f', 'v'],
]

/** Names of the commands that redis-ts says are writes. */
async function writeCommands(server: RunningServer): Promise<string[]> {
  const client = await RawClient.connect(server.port)
  const commands = (await client.call('COMMAND')).elements ?? []
  client.close()
  const flags = (command: RawReply): string[] => texts(command.elements?.[2] ?? command)
  return commands.filter(each => flags(each).includes('write')).map(each => each.elements?.[0].text ?? '')
}

describe('through a chain', requireStock('redis-server'), () => {
  let target: RunningServer

  beforeAll(async () => {
    target = await ours()
  })

  test('all there are are tried', async () => {
    const tried = new Set([...writes(DUMPED), ...BEYOND].map(([name]) => name.toLowerCase()))
    tried.add('migrate')
    for (const name of FIELD_EXPIRY) tried.add(name)
    expect([...tried].filter(name => !NO_WRITES.includes(name)).sort()).toEqual((await writeCommands(target)).sort())
  })

  test.each([
    ['redis-server -> redis-ts -> redis-server', stock, ours, stock],
    ['redis-ts -> redis-server -> redis-ts', ours, stock, ours],
    ['redis-ts -> redis-ts -> redis-server', ours, ours, stock],
  ] as const)('%s', async (_, startTop, startMiddle, startBottom) => {
    const top = await startTop()
    const middle = await startMiddle(...of(top))
    await linkUp(middle.port)
    const bottom = await startBottom(...of(middle))
    await linkUp(bottom.port)
    const stations = [top, middle, bottom]
    const client = await RawClient.connect(top.port)
    await client.call('SET', 'dumped', '42')
    const payload = (await client.call('DUMP', 'dumped')).text ?? ''

    const expectSameEverywhere = async (): Promise<void> => {
      await inStep(top.port, middle.port)
      await inStep(middle.port, bottom.port)
      const seen = await Promise.all(
        stations.map(async ({ port }) => {
          const expiries = await Promise.all(EXPIRING.map(key => askText(port, 'PEXPIRETIME', key)))
          return { digest: await askText(port, 'DEBUG', 'DIGEST'), expiries }
        }),
      )
      expect(seen).toEqual([seen[0], seen[0], seen[0]])
      expect(seen[0].expiries.filter(at => Number(at) < Date.now())).toEqual([])
      expect(Number(await askText(bottom.port, 'DBSIZE'))).toBeGreaterThan(30)
    }

    const errors = (replies: readonly RawReply[]): RawReply[] => replies.filter(({ type }) => type === '-')
    const all = startTop === ours ? [...writes(payload), ...BEYOND] : writes(payload)
    expect(errors(await client.pipeline(all))).toEqual([])
    await expectSameEverywhere()

    const migrate = ['MIGRATE', '127.0.0.1', String(target.port), '', '0', '5000', 'REPLACE', 'KEYS', 'incr', 'hash']
    expect((await client.call(...migrate)).text).toBe('OK')
    await expectSameEverywhere()
    expect(await askText(bottom.port, 'EXISTS', 'incr', 'hash')).toBe('0')

    const replies = await client.pipeline([['MULTI'], ...all, ['EXEC']])
    expect(errors([...replies, ...(replies.at(-1)?.elements ?? [])])).toEqual([])
    await expectSameEverywhere()
    client.close()
  })
})
