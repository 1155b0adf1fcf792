/** XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM, XSETID: what a client is told. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const LAST = '18446744073709551615'

let client: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3'])
  client = await RawClient.connect(port)
})
afterAll(() => client.close())
beforeEach(async () => {
  await client.pipeline(words('HELLO 2', 'CONFIG SET stream-node-max-bytes 4096', 'FLUSHALL'))
})

/** Replies as text, of commands that come one behind the other. */
async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

const fill = (count: number): Promise<string[]> =>
  replies(...Array.from({ length: count }, (_, i) => `XADD s ${i + 1} f ${i + 1}`))

describe('XADD', () => {
  test('replies the ID of the entry, in full', async () => {
    expect(await replies('XADD s 5 a b', 'XADD s 5-3 a b', 'XADD s 5-* a b', 'XADD s 6-* a b')).toEqual([
      '5-0',
      '5-3',
      '5-4',
      '6-0',
    ])
  })

  test('makes IDs of the clock that only rise', async () => {
    const before = Date.now()
    const ids = await replies('XADD s * a b', 'XADD s * a b', 'XADD s * a b')
    const numbers = ids.map(id => id.split('-').map(Number))
    for (const [ms] of numbers) expect(Math.abs(ms - before)).toBeLessThan(10_000)
    for (const [i, [ms, sequence]] of numbers.entries()) {
      if (i > 0 && ms === numbers[i - 1][0]) expect(sequence).toBe(numbers[i - 1][1] + 1)
    }
    expect((await client.call('XRANGE', 's', '-', '+')).elements?.length).toBe(3)
  })

  test('goes on behind an ID that lies in the future', async () => {
    expect(await replies('XADD s 9999999999999-7 a b', 'XADD s * a b')).toEqual(['9999999999999-7', '9999999999999-8'])
  })

  test('of the first time begins with sequence number 1', async () => {
    expect(await replies('XADD s 0-* a b', 'XADD s 0-* a b')).toEqual(['0-1', '0-2'])
  })

  test.each([
    ['XADD s 5 a b', 'The ID specified in XADD is equal or smaller than the target stream top item'],
    ['XADD s 4-* a b', 'The ID specified in XADD is equal or smaller than the target stream top item'],
    ['XADD s 0-0 a b', 'The ID specified in XADD must be greater than 0-0'],
    ['XADD s 0 a b', 'The ID specified in XADD must be greater than 0-0'],
    ['XADD s x a b', 'Invalid stream ID specified as stream command argument'],
    ['XADD s - a b', 'Invalid stream ID specified as stream command argument'],
    ['XADD s 5-x a b', 'Invalid stream ID specified as stream command argument'],
    [`XADD s ${LAST}9 a b`, 'Invalid stream ID specified as stream command argument'],
    ['XADD s 9 a', "wrong number of arguments for 'xadd' command"],
    ['XADD s 9 a b c', "wrong number of arguments for 'xadd' command"],
    ['XADD s MAXLEN 5 9', "wrong number of arguments for 'xadd' command"],
    ['XADD s MAXLEN x 9 a b', 'value is not an integer or out of range'],
    ['XADD s MAXLEN -1 9 a b', 'The MAXLEN argument must be >= 0.'],
    ['XADD s MAXLEN 1 LIMIT 1 9 a b', 'syntax error, LIMIT cannot be used without the special ~ option'],
    ['XADD s MAXLEN ~ 1 LIMIT -1 9 a b', 'The LIMIT argument must be >= 0.'],
    ['XADD s LIMIT 1 9 a b', 'syntax error, LIMIT cannot be used without specifying a trimming strategy'],
    ['XADD s MAXLEN 1 MINID 1 9 a b', 'syntax error, MAXLEN and MINID options at the same time are not compatible'],
    ['XADD s MINID x 9 a b', 'Invalid stream ID specified as stream command argument'],
  ])('%s is an error', async (line, error) => {
    await replies('XADD s 5 a b')
    expect(await reply(line)).toBe(`-ERR ${error}`)
    expect(await reply('XLEN s')).toBe(':1')
  })

  test('of another type is WRONGTYPE, and so are the others', async () => {
    await replies('SET k v')
    const lines = [
      'XADD k 1 a b',
      'XLEN k',
      'XRANGE k - +',
      'XREVRANGE k + -',
      'XDEL k 1',
      'XTRIM k MAXLEN 1',
      'XSETID k 1',
    ]
    for (const each of await replies(...lines, 'XADD k NOMKSTREAM 1 a b')) {
      expect(each).toBe('-WRONGTYPE Operation against a key holding the wrong kind of value')
    }
  })

  test('with NOMKSTREAM adds only to streams that exist', async () => {
    expect(await replies('XADD s NOMKSTREAM 1 a b', 'EXISTS s', 'XADD s 1 a b', 'XADD s NOMKSTREAM 2 a b')).toEqual([
      '$nil',
      ':0',
      '1-0',
      '2-0',
    ])
    await replies('HELLO 3')
    expect(await reply('XADD t NOMKSTREAM 1 a b')).toBe('_')
  })

  test.each<[string, string]>([
    ['MAXLEN 3', '8-0 9-0 10-0'],
    ['MAXLEN = 0', ''],
    ['MINID 8', '8-0 9-0 10-0'],
    // Nodes of three entries go as a whole, or not at all; the new one has begun the fourth.
    ['MAXLEN ~ 5', '4-0 5-0 6-0 7-0 8-0 9-0 10-0'],
    ['MINID ~ 8', '7-0 8-0 9-0 10-0'],
    ['MAXLEN ~ 1 LIMIT 3', '4-0 5-0 6-0 7-0 8-0 9-0 10-0'],
    ['MAXLEN ~ 1 LIMIT 0', '10-0'],
    ['MAXLEN ~ 1 LIMIT 2', '1-0 2-0 3-0 4-0 5-0 6-0 7-0 8-0 9-0 10-0'],
  ])('with %s trims what is there then', async (trim, left) => {
    await fill(9)
    expect(await reply(`XADD s ${trim} 10 f 10`)).toBe('10-0')
    const { elements } = await client.call('XRANGE', 's', '-', '+')
    expect((elements ?? []).map(entry => entry.elements?.[0].text).join(' ')).toBe(left)
    expect(await reply('EXISTS s')).toBe(':1')
  })

  test('keeps fields and values of all kinds as they are, also fields that differ from those before', async () => {
    const entries = [
      ['f', 'v', 'g', 'w'],
      ['f', 'other', 'g', ''],
      ['g', 'v', 'f', 'w'],
      ['f', '1'],
      ['f', '-9223372036854775808', 'f', '9223372036854775807', 'f', '1.0'],
      ['', '', '', ''],
      ['12', '0012', '\x00\xff\r\n', '127', '128', 'x'.repeat(5000)],
      ['f', 'v', 'g', 'w'],
    ]
    await client.pipeline(entries.map((fields, i) => ['XADD', 's', String(i + 1), ...fields]))
    const { elements } = await client.call('XRANGE', 's', '-', '+')
    expect((elements ?? []).map(entry => texts(entry.elements?.[1] ?? entry))).toEqual(entries)
    const backward = await client.call('XREVRANGE', 's', '+', '-')
    expect((backward.elements ?? []).map(entry => texts(entry.elements?.[1] ?? entry))).toEqual(entries.reverse())
  })

  test('is refused where the last ID has been given away', async () => {
    const full = '-ERR The stream has exhausted the last possible ID, unable to add more items'
    const expected = [`${LAST}-${LAST}`, full, full, full]
    expect(
      await replies(`XADD s ${LAST}-${LAST} a b`, 'XADD s * a b', `XADD s ${LAST}-${LAST} a b`, 'XADD s 1 a b'),
    ).toEqual(expected)
    expect(await replies(`XADD t 5-${LAST} a b`, 'XADD t 5-* a b', 'XADD t 6-* a b')).toEqual([
      `5-${LAST}`,
      '-ERR The ID specified in XADD is equal or smaller than the target stream top item',
      '6-0',
    ])
  })
})

describe('ranges', () => {
  beforeEach(async () => {
    await replies('XADD s 1-1 f 1', 'XADD s 1-2 f 2', 'XADD s 2-0 f 3', 'XADD s 3-5 f 4', 'XADD s 4-0 f 5')
  })

  test.each([
    ['- +', '1-1 1-2 2-0 3-5 4-0'],
    ['1 1', '1-1 1-2'],
    ['1-2 3', '1-2 2-0 3-5'],
    ['(1-2 (4', '2-0 3-5 4-0'],
    ['(1-2 (4-0', '2-0 3-5'],
    ['(1 2', '1-1 1-2 2-0'],
    ['2 1', ''],
    ['+ -', ''],
    ['3-6 3-9', ''],
    ['- + COUNT 2', '1-1 1-2'],
    ['2 + COUNT 1', '2-0'],
    ['- + COUNT 1 COUNT 3', '1-1 1-2 2-0'],
    [`(${LAST} +`, ''],
    ['0-0 9', '1-1 1-2 2-0 3-5 4-0'],
  ])('XRANGE and XREVRANGE of %s', async (range, ids) => {
    const [start, end, ...rest] = range.split(' ')
    const found = async (line: string): Promise<string> =>
      ((await client.call(...line.split(' '))).elements ?? []).map(each => each.elements?.[0].text).join(' ')
    expect(await found(`XRANGE s ${range}`)).toBe(ids)
    if (rest.length > 0) return
    expect(await found(`XREVRANGE s ${end} ${start}`)).toBe(ids.split(' ').reverse().join(' '))
  })

  test('backward with COUNT begin at the end', async () => {
    expect(await reply('XREVRANGE s + - COUNT 2')).toBe('[[4-0 [f 5]] [3-5 [f 4]]]')
  })

  test('of nothing are empty; with COUNT 0 they are null', async () => {
    expect(
      await replies('XRANGE none - +', 'XRANGE none - + COUNT 0', 'XRANGE s - + COUNT 0', 'XRANGE s - + COUNT -1'),
    ).toEqual(['[]', '[]', '*nil', '*nil'])
  })

  test.each([
    ['XRANGE s x +', 'Invalid stream ID specified as stream command argument'],
    ['XRANGE s - (', 'Invalid stream ID specified as stream command argument'],
    ['XRANGE s (- +', 'Invalid stream ID specified as stream command argument'],
    ['XRANGE s 1-* +', 'Invalid stream ID specified as stream command argument'],
    [`XRANGE s (${LAST}-${LAST} +`, 'invalid start ID for the interval'],
    ['XRANGE s - (0-0', 'invalid end ID for the interval'],
    ['XREVRANGE s (0-0 -', 'invalid end ID for the interval'],
    ['XRANGE s - + COUNT', 'syntax error'],
    ['XRANGE s - + LIMIT 1', 'syntax error'],
    ['XRANGE s - + COUNT x', 'value is not an integer or out of range'],
    ['XRANGE none x +', 'Invalid stream ID specified as stream command argument'],
  ])('%s is an error', async (line, error) => {
    expect(await reply(line)).toBe(`-ERR ${error}`)
  })
})

describe('XDEL', () => {
  test('counts the entries that were there', async () => {
    await fill(7)
    expect(await replies('XDEL s 1 2 2 9 5', 'XLEN s', 'XDEL s 1', 'XDEL none 1')).toEqual([':3', ':4', ':0', ':0'])
    expect(await reply('XRANGE s - +')).toBe('[[3-0 [f 3]] [4-0 [f 4]] [6-0 [f 6]] [7-0 [f 7]]]')
    expect(await reply('XREVRANGE s 6 2')).toBe('[[6-0 [f 6]] [4-0 [f 4]] [3-0 [f 3]]]')
  })

  test('of all entries leaves the stream, and its last ID', async () => {
    await fill(4)
    expect(await replies('XDEL s 1 2 3 4', 'EXISTS s', 'XLEN s', 'XADD s 4 a b', 'XADD s 4-* a b', 'XLEN s')).toEqual([
      ':4',
      ':1',
      ':0',
      '-ERR The ID specified in XADD is equal or smaller than the target stream top item',
      '4-1',
      ':1',
    ])
  })

  test('deletes nothing where one of the IDs is none', async () => {
    await fill(2)
    const error = '-ERR Invalid stream ID specified as stream command argument'
    expect(await replies('XDEL s 1 x', 'XDEL s -', 'XLEN s', 'XDEL none x')).toEqual([error, error, ':2', ':0'])
  })
})

describe('XTRIM', () => {
  test.each<[string, number, string]>([
    ['MAXLEN 3', 4, '5 6 7'],
    ['MAXLEN = 3', 4, '5 6 7'],
    ['MAXLEN 7', 0, '1 2 3 4 5 6 7'],
    ['MAXLEN 0', 7, ''],
    ['MINID 4', 3, '4 5 6 7'],
    ['MINID 4-1', 4, '5 6 7'],
    ['MINID 99', 7, ''],
    ['MAXLEN ~ 5', 0, '1 2 3 4 5 6 7'],
    ['MAXLEN ~ 4', 3, '4 5 6 7'],
    ['MAXLEN ~ 0', 7, ''],
    ['MAXLEN ~ 0 LIMIT 5', 3, '4 5 6 7'],
    ['MINID ~ 6', 3, '4 5 6 7'],
    ['MINID ~ 99 LIMIT 3', 3, '4 5 6 7'],
  ])('%s takes %d entries', async (trim, gone, left) => {
    await fill(7)
    expect(await replies(`XTRIM s ${trim}`, 'XLEN s')).toEqual([`:${gone}`, `:${7 - gone}`])
    const { elements } = await client.call('XRANGE', 's', '-', '+')
    expect((elements ?? []).map(entry => entry.elements?.[1].elements?.[1].text).join(' ')).toBe(left)
  })

  test('does not count what was deleted before', async () => {
    await fill(7)
    expect(await replies('XDEL s 1 3 5', 'XTRIM s MAXLEN 2', 'XRANGE s - +')).toEqual([
      ':3',
      ':2',
      '[[6-0 [f 6]] [7-0 [f 7]]]',
    ])
  })

  test('takes a hundred nodes at most where it is to be approximate and nothing is said', async () => {
    await client.pipeline(Array.from({ length: 400 }, (_, i) => ['XADD', 's', String(i + 1), 'f', 'v']))
    expect(await replies('XTRIM s MAXLEN ~ 0', 'XTRIM s MAXLEN ~ 0', 'XLEN s')).toEqual([':300', ':100', ':0'])
  })

  test.each([
    ['XTRIM s MAXLEN', "wrong number of arguments for 'xtrim' command"],
    ['XTRIM s MAXLEN =', 'value is not an integer or out of range'],
    ['XTRIM s LENGTH 5', 'syntax error'],
    ['XTRIM s MAXLEN 5 x', 'syntax error'],
    ['XTRIM s MAXLEN -5', 'The MAXLEN argument must be >= 0.'],
    ['XTRIM s MINID x', 'Invalid stream ID specified as stream command argument'],
    ['XTRIM s LIMIT 5', 'syntax error, LIMIT cannot be used without specifying a trimming strategy'],
    ['XTRIM s LIMIT 0', 'syntax error, XTRIM must be called with a trimming strategy'],
    ['XTRIM s MAXLEN 5 LIMIT 5', 'syntax error, LIMIT cannot be used without the special ~ option'],
    ['XTRIM s MAXLEN 5 MINID 5', 'syntax error, MAXLEN and MINID options at the same time are not compatible'],
    ['XTRIM s NOMKSTREAM MAXLEN 5', 'syntax error'],
  ])('%s is an error', async (line, error) => {
    await fill(7)
    expect(await reply(line)).toBe(`-ERR ${error}`)
    expect(await reply('XLEN s')).toBe(':7')
  })
})

describe('XSETID', () => {
  test('sets what entries are to come behind, and what is said of those before', async () => {
    await fill(2)
    expect(await replies('XSETID s 50', 'XADD s 50 a b', 'XADD s 50-* a b')).toEqual([
      '+OK',
      '-ERR The ID specified in XADD is equal or smaller than the target stream top item',
      '50-1',
    ])
    expect(await reply('xsetid s 60 entriesadded 100 maxdeletedid 40-3')).toBe('+OK')
    const info = texts(await client.call('XINFO', 'STREAM', 's'))
    const fact = (name: string): string => info[info.indexOf(name) + 1]
    expect(['last-generated-id', 'entries-added', 'max-deleted-entry-id'].map(fact)).toEqual(['60-0', '100', '40-3'])
  })

  test.each([
    ['XSETID none 5', 'no such key'],
    ['XSETID s x', 'Invalid stream ID specified as stream command argument'],
    ['XSETID s 1', 'The ID specified in XSETID is smaller than the target stream top item'],
    ['XSETID s 9 ENTRIESADDED 1', 'The entries_added specified in XSETID is smaller than the target stream length'],
    ['XSETID s 9 ENTRIESADDED -1', 'entries_added must be positive'],
    ['XSETID s 9 ENTRIESADDED x', 'value is not an integer or out of range'],
    ['XSETID s 9 ENTRIESADDED', 'syntax error'],
    ['XSETID s 9 MAXDELETEDID 10', 'The ID specified in XSETID is smaller than the provided max_deleted_entry_id'],
    ['XSETID s 9 MAXDELETEDID x', 'Invalid stream ID specified as stream command argument'],
    ['XSETID s 9 OTHER 1', 'syntax error'],
    ['XSETID t 3', 'The ID specified in XSETID is smaller than current max_deleted_entry_id'],
  ])('%s is an error', async (line, error) => {
    await fill(2)
    await replies('XADD t 5 a b', 'XDEL t 5')
    expect(await reply(line)).toBe(`-ERR ${error}`)
  })
})
