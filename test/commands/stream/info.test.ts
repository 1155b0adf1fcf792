/** XINFO: what it tells of streams, groups and consumers, in both protocols. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

let client: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3'])
  client = await RawClient.connect(port)
})
afterAll(() => client.close())
beforeEach(async () => {
  await client.pipeline(words('HELLO 2', 'FLUSHALL'))
})

/** Replies as text; times, which are numbers of 13 digits, as "now", and short ones as they are. */
async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(each => shown(each).replace(/:\d{13}\b/g, ':now'))
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

const FILL = ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XADD s 4-5 c d e f']
const READ = [
  ...FILL,
  'XGROUP CREATE s g 0',
  'XGROUP CREATE s empty $',
  'XGROUP CREATECONSUMER s g zoe',
  'XREADGROUP GROUP g alice COUNT 2 STREAMS s >',
  'XREADGROUP GROUP g bob COUNT 1 STREAMS s >',
]

test.each([
  ['XINFO STREAM none', '-ERR no such key'],
  ['XINFO STREAM none FULL', '-ERR no such key'],
  ['XINFO GROUPS none', '-ERR no such key'],
  ['XINFO CONSUMERS none g', '-ERR no such key'],
  ['XINFO CONSUMERS s none', "-NOGROUP No such consumer group 'none' for key name 's'"],
  ['XINFO STREAM k', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
  ['XINFO GROUPS k', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
  ['XINFO CONSUMERS k g', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
  ['XINFO STREAM s LONG', "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."],
  ['XINFO STREAM s FULL 5', "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."],
  ['XINFO STREAM s FULL COUNT', "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."],
  ['XINFO STREAM s FULL COUNT x', '-ERR value is not an integer or out of range'],
  ['XINFO OTHER s', "-ERR unknown subcommand 'OTHER'. Try XINFO HELP."],
  ['XINFO STREAM', "-ERR wrong number of arguments for 'xinfo|stream' command"],
  ['XINFO GROUPS s g', "-ERR wrong number of arguments for 'xinfo|groups' command"],
  ['XINFO', "-ERR wrong number of arguments for 'xinfo' command"],
])('%s replies %s', async (line, error) => {
  await replies('SET k v', 'XADD s 1 a b')
  expect(await reply(line)).toBe(error)
})

test('HELP names the subcommands', async () => {
  const lines = texts(await client.call('XINFO', 'HELP'))
  for (const name of ['CONSUMERS', 'GROUPS', 'STREAM']) expect(lines.some(line => line.startsWith(name))).toBe(true)
})

describe('XINFO STREAM', () => {
  test('tells of a stream with entries', async () => {
    await replies(...READ, 'XDEL s 1')
    expect(await reply('XINFO STREAM s')).toBe(
      `[length :3 radix-tree-keys :2 radix-tree-nodes :3 last-generated-id 4-5 max-deleted-entry-id 1-0 entries-added :4 recorded-first-entry-id 2-0 groups :2 first-entry [2-0 [a b]] last-entry [4-5 [c d e f]]]`,
    )
  })

  test('tells of one without', async () => {
    await replies('XADD s 5 a b', 'XDEL s 5')
    const facts =
      'length :0 radix-tree-keys :0 radix-tree-nodes :1 last-generated-id 5-0 max-deleted-entry-id 5-0 entries-added :1 recorded-first-entry-id 0-0'
    expect(await replies('XINFO STREAM s', 'XINFO STREAM s FULL')).toEqual([
      `[${facts} groups :0 first-entry $nil last-entry $nil]`,
      `[${facts} entries [] groups []]`,
    ])
    await replies('HELLO 3')
    expect(await reply('XINFO STREAM s')).toBe(`[${facts} groups :0 first-entry _ last-entry _]`)
  })

  test('FULL shows entries, groups, consumers, and what is pending with each', async () => {
    await replies(...READ)
    const entries = '[[1-0 [a b]] [2-0 [a b]] [3-0 [a b]] [4-5 [c d e f]]]'
    const alice = '[name alice seen-time :now active-time :now pel-count :2 pending [[1-0 :now :1] [2-0 :now :1]]]'
    const bob = '[name bob seen-time :now active-time :now pel-count :1 pending [[3-0 :now :1]]]'
    const zoe = '[name zoe seen-time :now active-time :-1 pel-count :0 pending []]'
    expect(await reply('XINFO STREAM s FULL')).toBe(
      `[length :4 radix-tree-keys :2 radix-tree-nodes :3 last-generated-id 4-5 max-deleted-entry-id 0-0 entries-added :4 recorded-first-entry-id 1-0 entries ${entries} groups [` +
        '[name empty last-delivered-id 4-5 entries-read $nil lag :0 pel-count :0 pending [] consumers []] ' +
        `[name g last-delivered-id 3-0 entries-read :3 lag :1 pel-count :3 pending [[1-0 alice :now :1] [2-0 alice :now :1] [3-0 bob :now :1]] consumers [${alice} ${bob} ${zoe}]]]]`,
    )
  })

  test.each([
    ['FULL', 10, 10],
    ['FULL COUNT 3', 3, 3],
    ['FULL COUNT 0', 25, 20],
    ['full count 22', 22, 20],
    ['FULL COUNT -1', 10, 10],
  ])('%s shows %d entries and %d pending ones', async (options, entries, pending) => {
    await replies(...Array.from({ length: 25 }, (_, i) => `XADD s ${i + 1} a b`))
    await replies('XGROUP CREATE s g 0', 'XREADGROUP GROUP g alice COUNT 20 STREAMS s >')
    const { elements } = await client.call('XINFO', 'STREAM', 's', ...options.split(' '))
    expect(elements?.[15].elements?.length).toBe(entries)
    const group = elements?.[17].elements?.[0].elements
    expect([group?.[9].text, group?.[11].elements?.length]).toEqual(['20', pending])
    const consumer = group?.[13].elements?.[0].elements
    expect([consumer?.[7].text, consumer?.[9].elements?.length]).toEqual(['20', pending])
  })

  test('replies maps in RESP3', async () => {
    await replies('HELLO 3', ...READ)
    const short = await client.call('XINFO', 'STREAM', 's')
    expect([short.type, short.elements?.length]).toEqual(['%', 20])
    const full = await client.call('XINFO', 'STREAM', 's', 'FULL')
    expect([full.type, full.elements?.length]).toEqual(['%', 18])
    const [group] = full.elements?.[17].elements ?? []
    expect([group.type, group.elements?.length]).toEqual(['%', 14])
    const [, other] = full.elements?.[17].elements ?? []
    const [consumer] = other.elements?.[13].elements ?? []
    expect([consumer.type, consumer.elements?.length]).toEqual(['%', 10])
  })
})

test('XINFO GROUPS tells of each group, by name', async () => {
  await replies(...READ)
  expect(await reply('XINFO GROUPS s')).toBe(
    '[[name empty consumers :0 pending :0 last-delivered-id 4-5 entries-read $nil lag :0] ' +
      '[name g consumers :3 pending :3 last-delivered-id 3-0 entries-read :3 lag :1]]',
  )
  await replies('HELLO 3')
  const { elements } = await client.call('XINFO', 'GROUPS', 's')
  expect((elements ?? []).map(each => [each.type, each.elements?.[9].type])).toEqual([
    ['%', '_'],
    ['%', ':'],
  ])
})

describe('XINFO CONSUMERS', () => {
  /** Each consumer's name, what is pending, and whether it has been heard of and given something just now. */
  async function consumers(): Promise<string[]> {
    const { elements } = await client.call('XINFO', 'CONSUMERS', 's', 'g')
    return (elements ?? []).map(each => {
      const [, name, , pending, , idle, , inactive] = texts(each)
      return `${name} ${pending} ${Number(idle) < 60_000} ${inactive === '-1' ? 'never' : Number(inactive) < 60_000}`
    })
  }

  test('tells of each consumer, by name', async () => {
    await replies(...READ)
    expect(await consumers()).toEqual(['alice 2 true true', 'bob 1 true true', 'zoe 0 true never'])
    const { elements } = await client.call('XINFO', 'CONSUMERS', 's', 'g')
    expect(texts(elements?.[0] ?? { type: '', text: null, elements }).filter((_, i) => i % 2 === 0)).toEqual([
      'name',
      'pending',
      'idle',
      'inactive',
    ])
    await replies('HELLO 3')
    expect((await client.call('XINFO', 'CONSUMERS', 's', 'g')).elements?.map(each => each.type)).toEqual([
      '%',
      '%',
      '%',
    ])
  })

  test('a consumer that asks and gets nothing is heard of, but not active', async () => {
    await replies(...FILL, 'XGROUP CREATE s g $')
    await replies('XREADGROUP GROUP g a STREAMS s >', 'XREADGROUP GROUP g b STREAMS s 0', 'XCLAIM s g c 0 1')
    await replies('XAUTOCLAIM s g d 0 0')
    expect(await consumers()).toEqual(['a 0 true never', 'b 0 true never', 'c 0 true never', 'd 0 true never'])
    await replies('XCLAIM s g c 0 1 FORCE', 'XAUTOCLAIM s g d 0 0')
    expect(await consumers()).toEqual(['a 0 true never', 'b 0 true never', 'c 0 true true', 'd 1 true true'])
  })

  test('with NOACK a consumer is not active either', async () => {
    await replies(...FILL, 'XGROUP CREATE s g 0', 'XREADGROUP GROUP g a NOACK STREAMS s >')
    expect(await consumers()).toEqual(['a 0 true never'])
  })

  test('names are bytes, also as XPENDING and XINFO STREAM FULL tell them', async () => {
    const name = '\xe9\x00\xff name'
    await replies(...FILL)
    await client.call('XGROUP', 'CREATE', 's', name, '0')
    await client.call('XREADGROUP', 'GROUP', name, name, 'COUNT', '1', 'STREAMS', 's', '>')
    expect(shown(await client.call('XPENDING', 's', name))).toBe(`[:1 1-0 1-0 [[${name} 1]]]`)
    expect(
      texts(
        (await client.call('XINFO', 'CONSUMERS', 's', name)).elements?.[0] ?? { type: '', text: null, elements: [] },
      )[1],
    ).toBe(name)
    expect(shown(await client.call('XINFO', 'STREAM', 's', 'FULL'))).toContain(`[name ${name} seen-time`)
  })
})
