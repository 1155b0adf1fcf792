/**
 * Commands that make keys of every kind in every encoding.
 *
 * DEBUG DIGEST takes scores as text, for which Redis 7.2 and this server need no more digits than tell them apart, and 7.0 takes 17:
 * fractions here are such that the text is the same.
 */

export interface EncodedKey {
  readonly key: string
  /** What OBJECT ENCODING says here, which is Redis 7.2's word. */
  readonly encoding: string
  readonly commands: readonly (readonly string[])[]
}

/** To come first: lists with elements of over a hundred bytes have nodes for those alone. */
export const PREPARATION = [['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b']]

const EXPIRY_MS = '1900000000123'
const EXPIRING = 'with an expiry'

function range(count: number, make: (i: number) => string | string[]): string[] {
  return Array.from({ length: count }, (_, i) => make(i)).flat()
}

function one(key: string, encoding: string, ...command: string[]): EncodedKey {
  const [name, ...rest] = command
  return { key, encoding, commands: [[name, key, ...rest]] }
}

/** A stream with an entry for each of `fields`, IDs 1-1, 2-1 ..., and what is done to it then: "KEY" stands for its name. */
function stream(key: string, fields: readonly (readonly string[])[], ...then: string[][]): EncodedKey {
  const added = fields.map((each, i) => ['XADD', key, `${i + 1}-1`, ...each])
  return { key, encoding: 'stream', commands: [...added, ...then.map(each => each.map(a => (a === 'KEY' ? key : a)))] }
}

/** Times of delivery are given, where they are part of what is compared. */
function streams(long: string): EncodedKey[] {
  const entries = (count: number): string[][] =>
    range(count, i => String(i)).map(i => ['field', i, 'other', `value ${i}`])
  const ids = (count: number, every: number): string[] => range(count, i => `${i * every + 1}-1`)
  const claimed = (group: string, consumer: string, id: string, count: string): string[] => [
    ...['XCLAIM', 'KEY', group, consumer, '0', id, 'TIME', '1700000000123', 'RETRYCOUNT', count, 'FORCE', 'JUSTID'],
  ]
  return [
    stream('stream, one entry', entries(1)),
    stream('stream of nodes', entries(1000), ['XDEL', 'KEY', ...ids(150, 3)], ['XTRIM', 'KEY', 'MAXLEN', '700']),
    stream('stream, fields that differ', [
      ...range(150, i => String(i)).map(i => [`field ${i}`, i, ...(Number(i) % 3 === 0 ? ['more', ''] : [])]),
    ]),
    stream(
      'stream, large values',
      [
        ['f', long.repeat(40)],
        ['f', long.repeat(5), 'g', 'h'],
        ['', ''],
        ['f', long.repeat(60)],
      ],
      ['XADD', 'KEY', '18446744073709551615-18446744073709551615', 'number', '-9223372036854775808'],
      ['XDEL', 'KEY', '2-1'],
    ),
    stream('stream, empty', entries(3), ['XDEL', 'KEY', '1-1', '2-1', '3-1']),
    stream('stream, empty, of a group', [], ['XGROUP', 'CREATE', 'KEY', 'group', '5-5', 'MKSTREAM']),
    stream('stream, its last ID set', entries(3), [
      'XSETID',
      'KEY',
      '77-7',
      'ENTRIESADDED',
      '9',
      'MAXDELETEDID',
      '66-6',
    ]),
    stream(
      'stream, groups',
      entries(300),
      ['XGROUP', 'CREATE', 'KEY', 'one', '0'],
      ['XGROUP', 'CREATE', 'KEY', 'two', '100-1', 'ENTRIESREAD', '100'],
      ['XGROUP', 'CREATE', 'KEY', 'nobody', '$'],
      ['XGROUP', 'CREATECONSUMER', 'KEY', 'one', 'has nothing'],
      ['XGROUP', 'CREATECONSUMER', 'KEY', 'two', 'has nothing'],
      ['XREADGROUP', 'GROUP', 'one', 'alice', 'COUNT', '150', 'STREAMS', 'KEY', '>'],
      ['XREADGROUP', 'GROUP', 'one', 'bob', 'COUNT', '30', 'STREAMS', 'KEY', '>'],
      ['XREADGROUP', 'GROUP', 'two', 'alice', 'NOACK', 'COUNT', '30', 'STREAMS', 'KEY', '>'],
      ['XACK', 'KEY', 'one', ...ids(40, 3)],
      claimed('one', 'carol', '2-1', '300'),
      claimed('two', 'carol', '3-1', '4294967295'),
      ['XDEL', 'KEY', '5-1', '6-1'],
    ),
  ]
}

export function everyKind(): EncodedKey[] {
  const long = 'abcdefghij'.repeat(200)
  const words = (count: number): string[] => range(count, i => `element ${i}`)
  const all = [
    one('string, integer', 'int', 'SET', '-1234567890123456789'),
    one('string, short', 'embstr', 'SET', 'value'),
    one('string, long', 'raw', 'SET', long.repeat(100)),
    one('hash, small', 'listpack', 'HSET', ...range(20, i => [`field ${i}`, String(i * 1000)])),
    one('hash, large', 'hashtable', 'HSET', ...range(1000, i => [`field ${i}`, `value ${i}`])),
    one('hash, long value', 'hashtable', 'HSET', 'field', long),
    one('list, small', 'listpack', 'RPUSH', '1', '-70000', '5000000000', '-9223372036854775808', 'text', ''),
    one('list of nodes', 'quicklist', 'RPUSH', ...words(3000)),
    one('list, pushed from the left', 'quicklist', 'LPUSH', ...words(2500)),
    one('list, plain nodes', 'quicklist', 'RPUSH', ...words(700), long, ...words(10), long, long),
    one('set, 16 bits', 'intset', 'SADD', ...range(100, i => String(i * 300 - 15000))),
    one('set, 32 bits', 'intset', 'SADD', ...range(100, i => String(i * 3000000))),
    one('set, 64 bits', 'intset', 'SADD', ...range(100, i => String(i * 9000000000))),
    one('set, small', 'listpack', 'SADD', '1', 'two', '3.5', 'text of some length'),
    one('set, large', 'hashtable', 'SADD', ...words(1000)),
    one('set, integers', 'hashtable', 'SADD', ...range(1000, i => String(i * 7))),
    one('set, long member', 'hashtable', 'SADD', 'a', long),
    one(
      'sorted set, small',
      'listpack',
      'ZADD',
      '1',
      'one',
      '-2.5',
      'b',
      'inf',
      'c',
      '-inf',
      'd',
      '1e100',
      '5',
      '0',
      '',
    ),
    one('sorted set, large', 'skiplist', 'ZADD', ...range(1000, i => [String((i * 37) % 500), `member ${i}`])),
    one('sorted set, fractions', 'skiplist', 'ZADD', ...range(300, i => [String(1 / 2 ** (i % 10)), `member ${i}`])),
    one('sorted set, long member', 'skiplist', 'ZADD', '1', long, 'inf', 'top', '-inf', 'bottom'),
    ...streams(long),
  ]
  const expiring = all
    .filter(({ key }) => /small|large|nodes/.test(key) && !key.startsWith('stream'))
    .map(({ commands, encoding, key }) => {
      const name = `${key}, ${EXPIRING}`
      const [[command, , ...rest]] = commands
      return {
        key: name,
        encoding,
        commands: [
          [command, name, ...rest],
          ['PEXPIREAT', name, EXPIRY_MS],
        ],
      }
    })
  return [...all, ...expiring]
}
