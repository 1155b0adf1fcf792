/** XDELEX, XACKDEL, and KEEPREF, DELREF, ACKED of XADD and XTRIM: replies as Redis 8.2's source and documentation have them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const INVALID_ID = '-ERR Invalid stream ID specified as stream command argument'
const SYNTAX = '-ERR syntax error'
const NO_COUNT = '-ERR Number of IDs must be a positive integer'
const NO_MATCH = '-ERR The `numids` parameter must match the number of arguments'

let client: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3'])
  client = await RawClient.connect(port)
})
afterAll(() => client.close())

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

/** IDs of the entries that are there, then those pending with each group; without sequence numbers. */
async function left(...groups: string[]): Promise<string> {
  const [entries, ...pending] = await client.pipeline([
    ['XRANGE', 's', '-', '+'],
    ...groups.map(group => ['XPENDING', 's', group, '-', '+', '99']),
  ])
  return [entries, ...pending]
    .map(({ elements }) => (elements ?? []).map(each => each.elements?.[0].text?.replace('-0', '')).join(' '))
    .join(' | ')
}

/** Entries 1 to 6. Group g has read up to 5, and acknowledged 2 and 5; h has read up to 4, and acknowledged 1 and 2. */
beforeEach(async () => {
  await replies(
    'HELLO 2',
    'FLUSHALL',
    'SET k text',
    ...Array.from({ length: 6 }, (_, i) => `XADD s ${i + 1} f ${i + 1}`),
    'XGROUP CREATE s g 0',
    'XGROUP CREATE s h 0',
    'XREADGROUP GROUP g alice COUNT 5 STREAMS s >',
    'XREADGROUP GROUP h bob COUNT 4 STREAMS s >',
    'XACK s g 2 5',
    'XACK s h 1 2',
  )
  expect(await left('g', 'h')).toBe('1 2 3 4 5 6 | 1 3 4 | 3 4')
})

test.each([
  ['XDELEX s IDS 1', "-ERR wrong number of arguments for 'xdelex' command"],
  ['XDELEX s KEEPREF IDS 1', NO_MATCH],
  ['XDELEX s KEEPREF DELREF IDS 1 1', SYNTAX],
  ['XDELEX s KEEPREF KEEPREF IDS 1 1', SYNTAX],
  ['XDELEX s 1 2 3', SYNTAX],
  ['XDELEX s IDS 2 1', NO_MATCH],
  ['XDELEX s IDS 1 1 2', SYNTAX],
  ['XDELEX s IDS 0 1', NO_COUNT],
  ['XDELEX s IDS -1 1', NO_COUNT],
  ['XDELEX s IDS x 1', NO_COUNT],
  ['XDELEX s IDS 9223372036854775808 1', NO_COUNT],
  ['XDELEX s IDS 9223372036854775807 1', NO_MATCH],
  ['XDELEX s IDS 1 1 IDS', SYNTAX],
  ['XDELEX s IDS 1 x', INVALID_ID],
  ['XDELEX s IDS 1 -', INVALID_ID],
  ['XDELEX s IDS 2 1 x', INVALID_ID],
  ['XDELEX k IDS 1 1', WRONG_TYPE],
  ['XDELEX k nonsense 1 1', WRONG_TYPE],
  ['XDELEX none IDS 1 x', '[:-1]'],
  ['XDELEX none IDS 2 1 2', '[:-1 :-1]'],
  ['XDELEX none nonsense 1 1', SYNTAX],
  ['XACKDEL s g IDS 1', "-ERR wrong number of arguments for 'xackdel' command"],
  ['XACKDEL s g ACKED DELREF 1', SYNTAX],
  ['XACKDEL s g IDS 0 1', NO_COUNT],
  ['XACKDEL s g IDS 2 1', NO_MATCH],
  ['XACKDEL s g IDS 2 1 x', INVALID_ID],
  ['XACKDEL s g IDS 1 1 ACKED ACKED', SYNTAX],
  ['XACKDEL k g IDS 1 1', WRONG_TYPE],
  ['XACKDEL k g nonsense 1 1', WRONG_TYPE],
  ['XACKDEL none g IDS 1 x', '[:-1]'],
  ['XACKDEL s none IDS 2 1 2', '[:-1 :-1]'],
  ['XACKDEL s none nonsense 1 1', SYNTAX],
  ['XTRIM s DELREF MAXLEN', SYNTAX],
  ['XTRIM s DELREF', "-ERR wrong number of arguments for 'xtrim' command"],
  ['XTRIM s DELREF KEEPREF MAXLEN 1', SYNTAX],
  ['XTRIM s MAXLEN 1 ACKED ACKED', SYNTAX],
  ['XTRIM s ACKED LIMIT 5', '-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy'],
  ['XTRIM s ACKED KEEPREF', SYNTAX],
  ['XTRIM s MAXLEN 1 LIMIT 5 ACKED', '-ERR syntax error, LIMIT cannot be used without the special ~ option'],
  ['XTRIM none MAXLEN 1 ACKED', ':0'],
  ['XTRIM k MAXLEN 1 ACKED', WRONG_TYPE],
  ['XADD s DELREF KEEPREF 7 a b', INVALID_ID],
  ['XADD s DELREF 7 a', "-ERR wrong number of arguments for 'xadd' command"],
])('%s replies %s, and changes nothing', async (line, expected) => {
  expect(await reply(line)).toBe(expected)
  expect(await left('g', 'h')).toBe('1 2 3 4 5 6 | 1 3 4 | 3 4')
})

describe('entries that go', () => {
  test.each<[string, string, string]>([
    ['XDELEX s IDS 3 1 2 9', '[:1 :1 :-1]', '3 4 5 6 | 1 3 4 | 3 4'],
    ['XDELEX s keepref IDS 2 3 3', '[:1 :-1]', '1 2 4 5 6 | 1 3 4 | 3 4'],
    ['XDELEX s DelRef IDS 3 1 3 9', '[:1 :1 :-1]', '2 4 5 6 | 4 | 4'],
    ['XDELEX s IDS 2 1 3 DELREF', '[:1 :1]', '2 4 5 6 | 4 | 4'],
    // 5 is behind what h has read.
    ['XDELEX s ACKED IDS 6 1 2 3 4 5 6', '[:2 :1 :2 :2 :2 :2]', '1 3 4 5 6 | 1 3 4 | 3 4'],
    // None of them is there: it is what groups refer to that counts.
    ['XDELEX s ACKED IDS 2 0-1 9', '[:-1 :2]', '1 2 3 4 5 6 | 1 3 4 | 3 4'],
    // The last IDS counts.
    ['XDELEX s IDS 1 1 IDS 2 2 3', '[:1 :1]', '1 4 5 6 | 1 3 4 | 3 4'],
    ['XACKDEL s g IDS 4 1 2 3 9', '[:1 :-1 :1 :-1]', '2 4 5 6 | 4 | 3 4'],
    ['XACKDEL s g KEEPREF IDS 2 1 1', '[:1 :-1]', '2 3 4 5 6 | 3 4 | 3 4'],
    ['XACKDEL s g DELREF IDS 2 3 5', '[:1 :-1]', '1 2 4 5 6 | 1 4 | 4'],
    ['XACKDEL s g ACKED IDS 3 1 3 5', '[:1 :2 :-1]', '2 3 4 5 6 | 4 | 3 4'],
    ['XACKDEL s h ACKED IDS 2 3 4', '[:2 :2]', '1 2 3 4 5 6 | 1 3 4 | '],
    ['XTRIM s MAXLEN 3 KEEPREF', ':3', '4 5 6 | 1 3 4 | 3 4'],
    ['XTRIM s DELREF MAXLEN 3', ':3', '4 5 6 | 4 | 4'],
    ['XTRIM s MINID = 4 DELREF', ':3', '4 5 6 | 4 | 4'],
    ['XTRIM s MAXLEN 0 DELREF', ':6', ' |  | '],
    // Where each entry has to be looked at, nodes do not matter.
    ['XTRIM s MAXLEN ~ 2 DELREF', ':4', '5 6 |  | '],
    ['XTRIM s MAXLEN ~ 2', ':3', '4 5 6 | 1 3 4 | 3 4'],
    ['XTRIM s MAXLEN ~ 2 LIMIT 3 DELREF', ':3', '4 5 6 | 4 | 4'],
    ['XTRIM s MAXLEN ~ 2 LIMIT 2 DELREF', ':0', '1 2 3 4 5 6 | 1 3 4 | 3 4'],
    ['XTRIM s MINID ~ 3 DELREF', ':2', '3 4 5 6 | 3 4 | 3 4'],
    ['XTRIM s MAXLEN 0 ACKED', ':1', '1 3 4 5 6 | 1 3 4 | 3 4'],
    ['XTRIM s ACKED MINID 3', ':1', '1 3 4 5 6 | 1 3 4 | 3 4'],
    ['XTRIM s ACKED MINID 2', ':0', '1 2 3 4 5 6 | 1 3 4 | 3 4'],
    ['XADD s KEEPREF MAXLEN 3 7 f 7', '7-0', '5 6 7 | 1 3 4 | 3 4'],
    ['XADD s DELREF MAXLEN 4 7 f 7', '7-0', '4 5 6 7 | 4 | 4'],
    ['XADD s NOMKSTREAM MINID ~ 3 DELREF 7 f 7', '7-0', '3 4 5 6 7 | 3 4 | 3 4'],
    ['XADD s ACKED MAXLEN = 1 7 f 7', '7-0', '1 3 4 5 6 7 | 1 3 4 | 3 4'],
    ['XADD s DELREF 7 f 7', '7-0', '1 2 3 4 5 6 7 | 1 3 4 | 3 4'],
    ['XADD s ACKED 7 DELREF KEEPREF', '7-0', '1 2 3 4 5 6 7 | 1 3 4 | 3 4'],
  ])('%s replies %s', async (line, expected, after) => {
    expect(await reply(line)).toBe(expected)
    expect(await left('g', 'h')).toBe(after)
  })

  test('leave their references where they are kept, until something asks for those', async () => {
    expect(await replies('XDEL s 1 3', 'XDELEX s ACKED IDS 2 1 3', 'XDELEX s DELREF IDS 1 1')).toEqual([
      ':2',
      '[:2 :2]',
      '[:-1]',
    ])
    expect(await left('g', 'h')).toBe('2 4 5 6 | 3 4 | 3 4')
    expect(await replies('XACKDEL s g ACKED IDS 1 3', 'XACKDEL s h ACKED IDS 1 3')).toEqual(['[:2]', '[:1]'])
    expect(await left('g', 'h')).toBe('2 4 5 6 | 4 | 4')
  })

  test('with DELREF take only references to what was there: those of deleted entries stay in a trim', async () => {
    await replies('XDEL s 3')
    expect(await replies('XTRIM s MINID 5 DELREF')).toEqual([':3'])
    expect(await left('g', 'h')).toBe('5 6 | 3 | 3')
  })

  test('go with ACKED as soon as all groups have dealt with them', async () => {
    await replies('XACK s g 1 3 4', 'XACK s h 3', 'XREADGROUP GROUP g alice STREAMS s >')
    expect(await replies('XTRIM s MAXLEN 0 ACKED', 'XACK s h 4', 'XTRIM s MAXLEN 0 ACKED')).toEqual([':3', ':1', ':1'])
    expect(await left('g', 'h')).toBe('5 6 | 6 | ')
  })

  test('go with ACKED where there are no groups', async () => {
    await replies('XGROUP DESTROY s g', 'XGROUP DESTROY s h')
    expect(await replies('XTRIM s MAXLEN ~ 4 ACKED', 'XDELEX s ACKED IDS 2 3 9')).toEqual([':2', '[:1 :-1]'])
    expect(await left()).toBe('4 5 6')
  })

  test('count as deleted where they leave a gap', async () => {
    const ids = async (): Promise<string[]> => {
      const { elements = [] } = await client.call('XINFO', 'STREAM', 's')
      const texts = (elements ?? []).map(shown)
      return ['max-deleted-entry-id', 'recorded-first-entry-id'].map(name => texts[texts.indexOf(name) + 1])
    }
    await replies('XACK s g 1', 'XTRIM s MAXLEN 5 ACKED')
    expect(await ids()).toEqual(['0-0', '2-0'])
    await replies('XDELEX s ACKED IDS 1 2')
    expect(await ids()).toEqual(['2-0', '3-0'])
    await replies('XACK s g 4', 'XACK s h 4', 'XTRIM s MAXLEN 0 ACKED')
    expect(await ids()).toEqual(['4-0', '3-0'])
  })
})
