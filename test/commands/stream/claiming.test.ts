/** XREADGROUP CLAIM, as Redis 8.4's source and documentation have it: what has been idle for long first, then what is new. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { playScene, shown, untilBlocked } from '../blocking/scene.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const NO_CLAIM = 'XREADGROUP GROUP g bob CLAIM'
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const NOT_IDLE = '-ERR min-idle-time is not an integer or out of range'

let port: number
let client: RawClient

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3', '--notify-keyspace-events', '']))
  client = await RawClient.connect(port)
})
afterAll(() => client.close())

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

/** A reply of XREADGROUP without idle times that clocks decide: they are said to be "old", from 1,000 seconds on, or "new". */
function read({ elements, ...reply }: RawReply): string {
  if (elements === null) return shown({ elements, ...reply })
  const streams = elements.map(({ elements: stream }) => {
    const entries = stream?.[1].elements?.map(({ elements: entry }) => {
      const [id, , idle, count] = entry ?? []
      if (idle === undefined) return shown(id)
      const isOld = Number(idle.text) >= 1_000_000
      return `${shown(id)} ${idle.text === '0' ? 0 : isOld ? 'old' : 'new'} ${idle.type}${count.text}`
    })
    return `${stream?.[0].text}: ${entries?.join(', ')}`
  })
  return streams.join('; ')
}

async function reading(line: string): Promise<string> {
  return read(await client.call(...words(line)[0]))
}

/** "id consumer deliveries" of what is pending. */
async function pending(): Promise<string[]> {
  const { elements } = await client.call('XPENDING', 's', 'g', '-', '+', '99')
  return (elements ?? []).map(each =>
    texts(each)
      .filter((_, i) => i !== 2)
      .join(' '),
  )
}

/**
 * Six entries: 1 to 4 are pending with alice; 3 for longest, then 1 and 2 for as long as each other; 4 not for long. 5 and 6 are new.
 * 3 has been delivered seven times.
 */
beforeEach(async () => {
  await replies(
    'HELLO 2',
    'FLUSHALL',
    'SET k text',
    ...Array.from({ length: 6 }, (_, i) => `XADD s ${i + 1} f ${i + 1}`),
    'XGROUP CREATE s g 0',
    'XREADGROUP GROUP g alice COUNT 4 STREAMS s >',
    'XCLAIM s g alice 0 1 2 TIME 5000 JUSTID',
    'XCLAIM s g alice 0 3 TIME 4000 RETRYCOUNT 7 JUSTID',
  )
})

test.each([
  [`${NO_CLAIM} x STREAMS s >`, NOT_IDLE],
  [`${NO_CLAIM} 1.5 STREAMS s >`, NOT_IDLE],
  [`${NO_CLAIM} 9223372036854775808 STREAMS s >`, NOT_IDLE],
  [`${NO_CLAIM} -1 STREAMS s >`, '-ERR min-idle-time must be a positive integer'],
  [`${NO_CLAIM} STREAMS s >`, NOT_IDLE],
  [
    'XREADGROUP GROUP g bob STREAMS s > CLAIM',
    "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
  ],
  ['XREAD CLAIM 1 STREAMS s 0', '-ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.'],
  ['XREAD CLAIM x STREAMS s 0', '-ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.'],
  ['XREADGROUP CLAIM 1 COUNT 1 STREAMS s >', '-ERR Missing GROUP option for XREADGROUP'],
  [`${NO_CLAIM} 1 STREAMS k >`, WRONG_TYPE],
  [`${NO_CLAIM} 1 STREAMS none >`, "-NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option"],
])('%s replies %s', async (line, expected) => {
  expect(await reply(line)).toBe(expected)
})

test('entries come with fields, idle time and deliveries; new ones with none', async () => {
  const { elements } = await client.call(...words('XREADGROUP GROUP g bob CLAIM 1000000 STREAMS s >')[0])
  const entries = elements?.[0].elements?.[1].elements ?? []
  const age = Date.now() - 5000
  expect(entries.map(({ elements: entry }) => shown(entry?.[1] as RawReply))).toEqual(
    [3, 1, 2, 5, 6].map(n => `[f ${n}]`),
  )
  expect(entries.map(({ elements: entry }) => `${entry?.length} ${entry?.[2].type}${entry?.[3].type}`)).toEqual(
    Array.from({ length: 5 }, () => '4 ::'),
  )
  const idle = Number(entries[1].elements?.[2].text)
  expect(idle).toBeLessThanOrEqual(age)
  expect(idle).toBeGreaterThan(age - 60_000)
  expect(read({ elements, type: '*', text: null })).toBe('s: 3-0 old :7, 1-0 old :1, 2-0 old :1, 5-0 0 :0, 6-0 0 :0')
})

test('in RESP3 they are the same, in a map', async () => {
  await client.call('HELLO', '3')
  const { elements, type } = await client.call(...words('XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS s >')[0])
  expect(type).toBe('%')
  expect(shown(elements?.[0] as RawReply)).toBe('s')
  const [entry] = elements?.[1].elements ?? []
  expect(entry.elements?.map(each => each.type).join('')).toBe('$*::')
})

test.each<[string, string, string[]]>([
  [
    'CLAIM 1000000',
    's: 3-0 old :7, 1-0 old :1, 2-0 old :1, 5-0 0 :0, 6-0 0 :0',
    ['bob 1 2', 'bob 2 2', 'bob 3 8', 'alice 4 1', 'bob 5 1', 'bob 6 1'],
  ],
  ['COUNT 2 CLAIM 1000000', 's: 3-0 old :7, 1-0 old :1', ['bob 1 2', 'alice 2 1', 'bob 3 8', 'alice 4 1']],
  [
    'CLAIM 1000000 COUNT 4',
    's: 3-0 old :7, 1-0 old :1, 2-0 old :1, 5-0 0 :0',
    ['bob 1 2', 'bob 2 2', 'bob 3 8', 'alice 4 1', 'bob 5 1'],
  ],
  [
    'COUNT 0 CLAIM 9000000000000',
    's: 5-0 0 :0, 6-0 0 :0',
    ['alice 1 1', 'alice 2 1', 'alice 3 7', 'alice 4 1', 'bob 5 1', 'bob 6 1'],
  ],
  // Acknowledgement at once is for new entries only.
  [
    'NOACK CLAIM 1000000',
    's: 3-0 old :7, 1-0 old :1, 2-0 old :1, 5-0 0 :0, 6-0 0 :0',
    ['bob 1 2', 'bob 2 2', 'bob 3 8', 'alice 4 1'],
  ],
  // The last one counts.
  ['CLAIM 9000000000000 CLAIM 1000000 COUNT 1', 's: 3-0 old :7', ['alice 1 1', 'alice 2 1', 'bob 3 8', 'alice 4 1']],
])('%s reads %s', async (options, expected, after) => {
  expect(await reading(`XREADGROUP GROUP g bob ${options} STREAMS s >`)).toBe(expected)
  const consumerFirst = (await pending()).map(line => line.replace(/^(\d+)-0 (\w+)/, '$2 $1'))
  expect(consumerFirst).toEqual(after)
})

test('what has been claimed is idle no more, and goes on being claimed in order', async () => {
  const claim = 'XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS s >'
  const seen: string[] = []
  for (let i = 0; i < 6; i++) seen.push(await reading(claim))
  expect(seen).toEqual(['s: 3-0 old :7', 's: 1-0 old :1', 's: 2-0 old :1', 's: 5-0 0 :0', 's: 6-0 0 :0', '*nil'])
  await replies('XCLAIM s g carol 0 5 TIME 1000 JUSTID', 'XACK s g 1', 'XGROUP DELCONSUMER s g alice')
  expect(await reading(claim)).toBe('s: 5-0 old :1')
  expect(await pending()).toEqual(['2-0 bob 2', '3-0 bob 8', '5-0 bob 2', '6-0 bob 1'])
})

test('with 0 everything that is pending is claimed, once', async () => {
  expect(await reading('XREADGROUP GROUP g alice CLAIM 0 STREAMS s >')).toMatch(
    /^s: 3-0 old :7, 1-0 old :1, 2-0 old :1, 4-0 (0|new) :1, 5-0 0 :0, 6-0 0 :0$/,
  )
})

test('each stream gives what it has', async () => {
  await replies('XADD t 1 a b', 'XGROUP CREATE t g 0', 'XGROUP CREATE u g $ MKSTREAM')
  const line = 'XREADGROUP GROUP g bob COUNT 2 CLAIM 1000000 STREAMS u t s > > >'
  expect(await reading(line)).toBe('t: 1-0 0 :0; s: 3-0 old :7, 1-0 old :1')
  expect(await reading(line)).toBe('s: 2-0 old :1, 5-0 0 :0')
})

test('from a stream on whose history is read, CLAIM is forgotten', async () => {
  await replies('XADD t 1 a b', 'XGROUP CREATE t g 0')
  expect(await reading('XREADGROUP GROUP g alice CLAIM 0 STREAMS s 3')).toBe('s: 4-0')
  expect(await reading('XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS s t s > 0 >')).toBe(
    's: 3-0 old :7; t: ; s: 5-0',
  )
})

test('entries that are gone are passed by, and stay pending', async () => {
  await replies('XDEL s 3 2')
  expect(await reading('XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS s >')).toBe('s: 1-0 old :1')
  expect(await reading('XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS s >')).toBe('s: 5-0 0 :0')
  expect(await pending()).toEqual(['1-0 bob 2', '2-0 alice 1', '3-0 alice 7', '4-0 alice 1', '5-0 bob 1'])
  await replies('XREADGROUP GROUP g bob STREAMS s >', 'XDEL s 1 4 5 6')
  expect(await reading('XREADGROUP GROUP g bob CLAIM 0 STREAMS s >')).toBe('*nil')
})

test('an entry that is pending although the group has been set back is claimed, and read once more', async () => {
  await replies('XGROUP SETID s g 2')
  expect(await reading('XREADGROUP GROUP g bob COUNT 5 CLAIM 1000000 STREAMS s >')).toBe(
    's: 3-0 old :7, 1-0 old :1, 2-0 old :1, 3-0 0 :0, 4-0 0 :0',
  )
  expect(await pending()).toEqual(['1-0 bob 2', '2-0 bob 2', '3-0 bob 1', '4-0 bob 1'])
})

test('inside a transaction it works at once, and does not wait', async () => {
  const seen = await replies(
    'MULTI',
    'XREADGROUP GROUP g bob COUNT 1 BLOCK 0 CLAIM 1000000 STREAMS s >',
    'XREADGROUP GROUP g bob BLOCK 0 CLAIM 9000000000000 STREAMS s >',
    'XREADGROUP GROUP g bob BLOCK 0 CLAIM 9000000000000 STREAMS s >',
    'EXEC',
  )
  expect(seen.at(-1)).toMatch(/^\[\[\[s \[\[3-0 \[f 3\] :\d+ :7\]\]\]\] \[\[s .*\]\] \*nil\]$/)
})

describe('who waits', () => {
  const WAIT = 'XREADGROUP GROUP g bob BLOCK 0 CLAIM'
  let waiting: RawClient

  beforeEach(async () => {
    waiting = await RawClient.connect(port)
    await replies('XREADGROUP GROUP g alice STREAMS s >')
    return () => waiting.close()
  })

  function wait(line: string): Promise<string> {
    return waiting.call(...words(line)[0]).then(read)
  }

  test('gets what is idle for long enough at once', async () => {
    expect(await wait(`${WAIT} 1000000 STREAMS s >`)).toBe('s: 3-0 old :7, 1-0 old :1, 2-0 old :1')
  })

  test('gets what comes to be idle for long enough meanwhile', async () => {
    await replies('XACK s g 1 2 3')
    const [, idle] = (await client.call(...words('XPENDING s g 5 5 1')[0])).elements?.[0].elements?.slice(1) ?? []
    const least = Number(idle.text) + 30
    expect(await wait(`${WAIT} ${least} COUNT 1 STREAMS s >`)).toBe('s: 4-0 new :1')
    expect(await pending()).toEqual(['4-0 bob 2', '5-0 alice 1', '6-0 alice 1'])
  })

  test('gets what others are given meanwhile, and do not deal with', async () => {
    await replies('XACK s g 1 2 3 4 5 6')
    const waited = wait(`${WAIT} 20 STREAMS s >`)
    await untilBlocked(client, 1)
    // Bob is served behind the transaction: there is nothing new any more.
    await replies('MULTI', 'XADD s 7 f 7', 'XREADGROUP GROUP g alice STREAMS s >', 'EXEC')
    expect(await waited).toBe('s: 7-0 new :1')
    expect(await pending()).toEqual(['7-0 bob 2'])
  })

  test('gets what is new before anything has been idle for long enough', async () => {
    await replies('XACK s g 1 2 3')
    const waited = wait(`${WAIT} 1000000 STREAMS s >`)
    await untilBlocked(client, 1)
    await replies('XADD s 7 f 7')
    expect(await waited).toBe('s: 7-0 0 :0')
  })

  test('for 0 milliseconds gets what is pending as soon as it is', async () => {
    await replies('XACK s g 1 2 3 4 5 6')
    const waited = wait(`${WAIT} 0 STREAMS s >`)
    await untilBlocked(client, 1)
    await replies('MULTI', 'XADD s 7 f 7', 'XREADGROUP GROUP g alice STREAMS s >', 'EXEC')
    expect(await waited).toMatch(/^s: 7-0 (new|0) :1$/)
  })

  test('gets nothing when its time is up, and NOGROUP when the group goes', async () => {
    await replies('XACK s g 1 2 3')
    expect(await wait('XREADGROUP GROUP g bob BLOCK 30 CLAIM 1000000 STREAMS s >')).toBe('*nil')
    const waited = wait(`${WAIT} 1000000 STREAMS s >`)
    await untilBlocked(client, 1)
    await replies('XGROUP DESTROY s g')
    expect(await waited).toMatch(/^-NOGROUP /)
  })

  test('may be one of several: one gets what is idle, the others wait on', async () => {
    const heard = await playScene(port, [
      'A XGROUP CREATE s g 0 MKSTREAM; XADD s 1 a b; XREADGROUP GROUP g a STREAMS s >',
      'B! XREADGROUP GROUP g b BLOCK 0 CLAIM 20 STREAMS s >',
      'C! XREADGROUP GROUP g c BLOCK 0 CLAIM 20 STREAMS s >',
      'D XREADGROUP GROUP g d BLOCK 0 CLAIM 100000 STREAMS s >',
      'A XADD s 2 a b',
    ])
    const deliveries = ['B', 'C', 'D'].map(name =>
      heard[name].map(line => /1-0.* :(\d)\]|2-0.* :(0)\]|waits/.exec(line)?.[0]),
    )
    expect(deliveries.map(([line]) => line?.at(-2))).toEqual(['1', '2', '0'])
  })
})

describe('a group with tens of thousands of pending entries', () => {
  const ENTRIES = 40_000

  beforeEach(async () => {
    const all = Array.from({ length: ENTRIES }, (_, i) => ['XADD', 'm', String(i + 1), 'f', 'v'])
    for (let i = 0; i < all.length; i += 10_000) await client.pipeline(all.slice(i, i + 10_000))
    await replies('XGROUP CREATE m g 0', `XREADGROUP GROUP g alice COUNT ${ENTRIES - 10_000} STREAMS m >`)
    await replies('XCLAIM m g alice 0 20000 TIME 1000 JUSTID')
  }, 60_000)

  test('is put in order between the requests of others, and tells at once from then on', async () => {
    const other = await RawClient.connect(port)
    const order: string[] = []
    const claimed = client.call(...words('XREADGROUP GROUP g bob COUNT 1 CLAIM 1000000 STREAMS m >')[0]).then(first => {
      order.push('claimed')
      return first
    })
    while (!order.includes('claimed')) {
      await other.call('PING')
      order.push('ping')
    }
    expect(read(await claimed)).toBe('m: 20000-0 old :1')
    expect(order.length).toBeGreaterThan(3)
    await replies('XCLAIM m g alice 0 25000 TIME 2000 JUSTID', 'XCLAIM m g alice 0 5 TIME 2000 JUSTID')
    expect(await reading('XREADGROUP GROUP g bob COUNT 3 CLAIM 1000000 STREAMS m >')).toBe(
      'm: 5-0 old :1, 25000-0 old :1, 30001-0 0 :0',
    )
    other.close()
  })

  test('may go, or change, while it is put in order', async () => {
    const claim = ['XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', '1', 'CLAIM', '1000000', 'STREAMS', 'm', '>']
    const other = await RawClient.connect(port)
    client.write(claim)
    await other.pipeline(words('XACK m g 20000', 'XCLAIM m g alice 0 29999 TIME 1000 JUSTID', 'XDEL m 1'))
    expect(read(await client.next())).toMatch(/^m: (20000|29999)-0 old :1$/)
    await replies('COPY m n')
    client.write(claim.with(9, 'n'))
    await other.pipeline([['DEL', 'n']])
    expect(read(await client.next())).toMatch(/^n: |^-NOGROUP/)
    other.close()
  })

  test('gives long replies in one array: what was idle, then what is new', async () => {
    await replies('XCLAIM m g alice 0 7 8 9 TIME 3000 JUSTID')
    const { elements } = await client.call(...words('XREADGROUP GROUP g bob CLAIM 1000000 STREAMS m >')[0])
    const entries = elements?.[0].elements?.[1].elements ?? []
    expect(entries.map(each => each.elements?.[0].text?.replace('-0', ''))).toEqual([
      '20000',
      '7',
      '8',
      '9',
      ...Array.from({ length: 10_000 }, (_, i) => String(i + 30_001)),
    ])
    expect(new Set(entries.map(({ elements: entry }) => entry?.length))).toEqual(new Set([4]))
    expect(entries.at(-1)?.elements?.slice(2).map(shown)).toEqual([':0', ':0'])
  })
})
