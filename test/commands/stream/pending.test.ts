/** What is pending with consumers: XACK, XPENDING, XCLAIM, XAUTOCLAIM. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

/** More than any test takes; less than entries have been idle that are said to be. */
const LONG_MS = '1000000'
const OLD = '1000'

let client: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3'])
  client = await RawClient.connect(port)
})
afterAll(() => client.close())
/** Five entries: 1 and 2 are pending with alice, 3 with bob, 4 and 5 with nobody. */
beforeEach(async () => {
  await client.pipeline(words('HELLO 2', 'FLUSHALL'))
  await replies(
    ...Array.from({ length: 5 }, (_, i) => `XADD s ${i + 1} f ${i + 1}`),
    'XGROUP CREATE s g 0',
    'XREADGROUP GROUP g alice COUNT 2 STREAMS s >',
    'XREADGROUP GROUP g bob COUNT 1 STREAMS s >',
  )
})

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

/** "id consumer deliveries" of what is pending. */
async function pending(range = '- + 99'): Promise<string[]> {
  const { elements } = await client.call('XPENDING', 's', 'g', ...range.split(' '))
  return (elements ?? []).map(each =>
    texts(each)
      .filter((_, i) => i !== 2)
      .join(' '),
  )
}

/** How long an entry has been idle. */
async function idle(id: string): Promise<number> {
  const { elements } = await client.call('XPENDING', 's', 'g', id, id, '1')
  return Number(elements?.[0].elements?.[2].text)
}

const NO_GROUP = "-NOGROUP No such key 's' or consumer group 'none'"
const NO_KEY = "-NOGROUP No such key 'none' or consumer group 'g'"
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const INVALID_ID = '-ERR Invalid stream ID specified as stream command argument'

test.each([
  ['XACK s none 1', ':0'],
  ['XACK none g 1', ':0'],
  ['XACK s none x', ':0'],
  ['XACK s g x', INVALID_ID],
  ['XACK s g 1 x', INVALID_ID],
  ['XACK k g 1', WRONG_TYPE],
  ['XPENDING s none', NO_GROUP],
  ['XPENDING none g', NO_KEY],
  ['XPENDING none g - + 1', NO_KEY],
  ['XPENDING k g', WRONG_TYPE],
  ['XPENDING s g -', '-ERR syntax error'],
  ['XPENDING s g - +', '-ERR syntax error'],
  ['XPENDING s g - + x', '-ERR value is not an integer or out of range'],
  ['XPENDING s g x + 1', INVALID_ID],
  ['XPENDING s g - x 1', INVALID_ID],
  ['XPENDING s g IDLE x - + 1', '-ERR value is not an integer or out of range'],
  ['XPENDING s g IDLE 0 - +', '-ERR syntax error'],
  ['XPENDING s g IDLE 0 - + 1 alice x', '-ERR syntax error'],
  ['XPENDING s g (18446744073709551615-18446744073709551615 + 1', '-ERR invalid start ID for the interval'],
  ['XCLAIM s none alice 0 1', NO_GROUP],
  ['XCLAIM none g alice 0 1', NO_KEY],
  ['XCLAIM k g alice 0 1', WRONG_TYPE],
  ['XCLAIM s g alice x 1', '-ERR Invalid min-idle-time argument for XCLAIM'],
  ['XCLAIM s g alice 0 1 x', "-ERR Unrecognized XCLAIM option 'x'"],
  ['XCLAIM s g alice 0 1 IDLE', "-ERR Unrecognized XCLAIM option 'IDLE'"],
  ['XCLAIM s g alice 0 1 IDLE x', '-ERR Invalid IDLE option argument for XCLAIM'],
  ['XCLAIM s g alice 0 1 TIME x', '-ERR Invalid TIME option argument for XCLAIM'],
  ['XCLAIM s g alice 0 1 RETRYCOUNT x', '-ERR Invalid RETRYCOUNT option argument for XCLAIM'],
  ['XCLAIM s g alice 0 1 LASTID x', INVALID_ID],
  ['XAUTOCLAIM s none alice 0 0', NO_GROUP],
  ['XAUTOCLAIM none g alice 0 0', NO_KEY],
  ['XAUTOCLAIM k g alice 0 0', WRONG_TYPE],
  ['XAUTOCLAIM s g alice x 0', '-ERR Invalid min-idle-time argument for XAUTOCLAIM'],
  ['XAUTOCLAIM s g alice 0 x', INVALID_ID],
  ['XAUTOCLAIM s g alice 0 0 COUNT 0', '-ERR COUNT must be > 0'],
  ['XAUTOCLAIM s g alice 0 0 COUNT x', '-ERR COUNT must be > 0'],
  ['XAUTOCLAIM s g alice 0 0 COUNT 9223372036854775807', '-ERR COUNT must be > 0'],
  ['XAUTOCLAIM s g alice 0 0 COUNT', '-ERR syntax error'],
  ['XAUTOCLAIM s g alice 0 0 FORCE', '-ERR syntax error'],
])('%s replies %s and changes nothing', async (line, expected) => {
  await replies('SET k v')
  const before = await pending()
  expect(await reply(line)).toBe(expected)
  expect(await pending()).toEqual(before)
})

test('XACK counts what was pending, with whomever', async () => {
  expect(await replies('XACK s g 1 3 4 9', 'XACK s g 1 3', 'XACK s g 2-0')).toEqual([':2', ':0', ':1'])
  expect(await replies('XPENDING s g', 'XREADGROUP GROUP g alice STREAMS s 0')).toEqual([
    '[:0 $nil $nil *nil]',
    '[[s []]]',
  ])
})

describe('XPENDING', () => {
  test('tells how many, from where to where, and with whom', async () => {
    await replies('XGROUP CREATECONSUMER s g carol')
    expect(await reply('XPENDING s g')).toBe('[:3 1-0 3-0 [[alice 2] [bob 1]]]')
    await replies('HELLO 3', 'XACK s g 1 2 3')
    expect(await reply('XPENDING s g')).toBe('[:0 _ _ _]')
  })

  test.each([
    ['- + 99', ['1-0 alice 1', '2-0 alice 1', '3-0 bob 1']],
    ['- + 2', ['1-0 alice 1', '2-0 alice 1']],
    ['2 3 99', ['2-0 alice 1', '3-0 bob 1']],
    ['(1 (3 99', ['2-0 alice 1', '3-0 bob 1']],
    ['(1 (3-0 99', ['2-0 alice 1']],
    ['- + 99 bob', ['3-0 bob 1']],
    ['2 + 99 alice', ['2-0 alice 1']],
    ['- + 99 nobody', []],
    ['- + 0', []],
    ['- + -5', []],
    ['+ - 99', []],
    ['IDLE 0 - + 99', ['1-0 alice 1', '2-0 alice 1', '3-0 bob 1']],
    [`IDLE ${LONG_MS} - + 99`, []],
  ])('%s', async (range, expected) => {
    expect(await pending(range)).toEqual(expected)
  })

  test('with IDLE shows what has been idle for so long', async () => {
    await replies(`XCLAIM s g bob 0 2 TIME ${OLD}`)
    expect(await pending(`IDLE ${LONG_MS} - + 99`)).toEqual(['2-0 bob 2'])
    expect(await pending(`IDLE ${LONG_MS} - + 99 alice`)).toEqual([])
    expect(Date.now() - (await idle('2'))).toBeLessThan(Number(OLD) + 10_000)
  })
})

describe('XCLAIM', () => {
  test('gives entries to another consumer, and replies them', async () => {
    expect(await reply('XCLAIM s g bob 0 1 2 9')).toBe('[[1-0 [f 1]] [2-0 [f 2]]]')
    expect(await pending()).toEqual(['1-0 bob 2', '2-0 bob 2', '3-0 bob 1'])
    expect(await reply('XPENDING s g')).toBe('[:3 1-0 3-0 [[bob 3]]]')
  })

  test('leaves what is not pending, and what has not been idle for so long', async () => {
    expect(await replies('XCLAIM s g bob 0 4 5', `XCLAIM s g bob ${LONG_MS} 1 2`)).toEqual(['[]', '[]'])
    await replies(`XCLAIM s g alice 0 2 TIME ${OLD} JUSTID`)
    expect(await reply(`XCLAIM s g bob ${LONG_MS} 1 2`)).toBe('[[2-0 [f 2]]]')
    expect(await pending()).toEqual(['1-0 alice 1', '2-0 bob 2', '3-0 bob 1'])
  })

  test('with JUSTID replies IDs, and counts no delivery', async () => {
    expect(await reply('XCLAIM s g carol 0 1 3 JUSTID')).toBe('[1-0 3-0]')
    expect(await pending()).toEqual(['1-0 carol 1', '2-0 alice 1', '3-0 carol 1'])
  })

  test('with FORCE claims what nobody has been given, if it is there', async () => {
    expect(await replies('XCLAIM s g carol 0 4 9 FORCE', 'XCLAIM s g carol 0 5 FORCE JUSTID')).toEqual([
      '[[4-0 [f 4]]]',
      '[5-0]',
    ])
    expect(await pending('4 + 9')).toEqual(['4-0 carol 2', '5-0 carol 1'])
  })

  test('sets the count of deliveries, and the time of the last one', async () => {
    await replies('XCLAIM s g alice 0 1 RETRYCOUNT 9', 'XCLAIM s g alice 0 2 IDLE 5000000', 'XCLAIM s g bob 0 3 TIME 1')
    expect(await pending()).toEqual(['1-0 alice 9', '2-0 alice 2', '3-0 bob 2'])
    expect(await idle('1')).toBeLessThan(60_000)
    expect(Math.abs((await idle('2')) - 5_000_000)).toBeLessThan(60_000)
    expect(Math.abs((await idle('3')) - Date.now())).toBeLessThan(60_000)
    // A time to come is now.
    await replies('XCLAIM s g alice 0 1 TIME 99999999999999', 'XCLAIM s g alice 0 2 IDLE -5')
    expect(await idle('1')).toBeLessThan(60_000)
    expect(await idle('2')).toBeLessThan(60_000)
  })

  test('forgets what was deleted', async () => {
    await replies('XDEL s 1')
    expect(await replies('XCLAIM s g bob 0 1 2', 'XCLAIM s g bob 0 1 FORCE')).toEqual(['[[2-0 [f 2]]]', '[]'])
    expect(await pending()).toEqual(['2-0 bob 2', '3-0 bob 1'])
  })

  test('with LASTID moves the group on, never back', async () => {
    await replies('XCLAIM s g bob 0 9 LASTID 4', 'XCLAIM s g bob 0 9 LASTID 2')
    expect(await reply('XREADGROUP GROUP g alice STREAMS s >')).toBe('[[s [[5-0 [f 5]]]]]')
  })
})

describe('XAUTOCLAIM', () => {
  test('claims from an ID on, and says where to go on', async () => {
    expect(
      await replies('XAUTOCLAIM s g carol 0 - COUNT 2', 'XAUTOCLAIM s g carol 0 3-0', 'XAUTOCLAIM s g carol 0 4'),
    ).toEqual(['[3-0 [[1-0 [f 1]] [2-0 [f 2]]] []]', '[0-0 [[3-0 [f 3]]] []]', '[0-0 [] []]'])
    expect(await pending()).toEqual(['1-0 carol 2', '2-0 carol 2', '3-0 carol 2'])
  })

  test('leaves what has not been idle for so long', async () => {
    await replies(`XCLAIM s g alice 0 2 TIME ${OLD} JUSTID`)
    expect(await reply(`XAUTOCLAIM s g carol ${LONG_MS} 0`)).toBe('[0-0 [[2-0 [f 2]]] []]')
  })

  test('with JUSTID replies IDs, and counts no delivery', async () => {
    expect(await reply('XAUTOCLAIM s g carol 0 (1 JUSTID')).toBe('[0-0 [2-0 3-0] []]')
    expect(await pending()).toEqual(['1-0 alice 1', '2-0 carol 1', '3-0 carol 1'])
  })

  test('tells what it found deleted, which counts, and is pending no more', async () => {
    await replies('XDEL s 1 3')
    expect(await reply('XAUTOCLAIM s g carol 0 - COUNT 2')).toBe('[3-0 [[2-0 [f 2]]] [1-0]]')
    expect(await reply('XAUTOCLAIM s g carol 0 3')).toBe('[0-0 [] [3-0]]')
    expect(await pending()).toEqual(['2-0 carol 2'])
  })

  test('looks at ten entries for each that it may claim', async () => {
    await replies(
      ...Array.from({ length: 30 }, (_, i) => `XADD t ${i + 1} f v`),
      'XGROUP CREATE t g 0',
      'XREADGROUP GROUP g alice STREAMS t >',
    )
    expect(await reply(`XAUTOCLAIM t g bob ${LONG_MS} 0 COUNT 2`)).toBe('[21-0 [] []]')
    expect(await reply(`XAUTOCLAIM t g bob ${LONG_MS} 21 COUNT 2`)).toBe('[0-0 [] []]')
  })

  test('claims a hundred entries where nothing is said', async () => {
    await client.pipeline(Array.from({ length: 250 }, (_, i) => ['XADD', 't', String(i + 1), 'f', 'v']))
    await replies('XGROUP CREATE t g 0', 'XREADGROUP GROUP g alice STREAMS t >')
    const { elements } = await client.call('XAUTOCLAIM', 't', 'g', 'bob', '0', '0', 'JUSTID')
    expect([elements?.[0].text, elements?.[1].elements?.length]).toEqual(['101-0', 100])
  })
})

test('a consumer that is removed takes what is pending with it; what others have stays', async () => {
  expect(await replies('XGROUP DELCONSUMER s g alice', 'XPENDING s g', 'XAUTOCLAIM s g alice 0 0 JUSTID')).toEqual([
    ':2',
    '[:1 3-0 3-0 [[bob 1]]]',
    '[0-0 [3-0] []]',
  ])
})

test('pending entries of thousands are told and claimed in order', async () => {
  await client.pipeline(Array.from({ length: 20_000 }, (_, i) => ['XADD', 't', String(i + 1), 'f', 'v']))
  await replies('XGROUP CREATE t g 0', 'XREADGROUP GROUP g alice STREAMS t >')
  const ids = Array.from({ length: 20_000 }, (_, i) => `${i + 1}-0`)
  expect((await client.call('XCLAIM', 't', 'g', 'bob', '0', ...ids.slice(500, 9000), 'JUSTID')).elements?.length).toBe(
    8500,
  )
  const listed = await client.call('XPENDING', 't', 'g', '-', '+', '20000')
  expect((listed.elements ?? []).map(({ elements }) => elements?.[0].text)).toEqual(ids)
  expect(await reply('XPENDING t g')).toBe('[:20000 1-0 20000-0 [[alice 11500] [bob 8500]]]')
  expect(shown(await client.call('XACK', 't', 'g', ...ids.slice(1000, 19_000)))).toBe(':18000')
  expect(await reply('XPENDING t g')).toBe('[:2000 1-0 20000-0 [[alice 1500] [bob 500]]]')
})
