/** Long replies about streams are made piece by piece, and still of one moment. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const ENTRIES = 20_000

let client: RawClient
let other: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', ''])
  client = await RawClient.connect(port)
  other = await RawClient.connect(port)
})
afterAll(() => {
  client.close()
  other.close()
})
beforeEach(async () => {
  await client.call('FLUSHALL')
  await client.call('HELLO', '2')
  for (let i = 1; i <= ENTRIES; i += 1000) {
    await client.pipeline(Array.from({ length: 1000 }, (_, j) => ['XADD', 's', String(i + j), 'number', String(i + j)]))
  }
})

const ALL = Array.from({ length: ENTRIES }, (_, i) => `${i + 1}-0`)

/** IDs of entries, each of which has to have its fields. */
function idsOf(reply: RawReply | undefined): string[] {
  return (reply?.elements ?? []).map(entry => {
    const [id, fields] = entry.elements ?? []
    const number = (id.text ?? '').replace(/-0$/, '')
    if (texts(fields).join(' ') !== `number ${number}`) throw new Error(`entry ${id.text}: ${texts(fields).join(' ')}`)
    return id.text ?? ''
  })
}

/** Everything that others may do to a stream while a reply of it is under way. */
const CHANGES: Record<string, string[][]> = {
  'entries are added': Array.from({ length: 300 }, (_, i) => ['XADD', 's', String(ENTRIES + 1 + i), 'number', 'new']),
  'entries are deleted': Array.from({ length: 300 }, (_, i) => ['XDEL', 's', ...ALL.slice(i * 66, i * 66 + 3)]),
  'the last entries are deleted': Array.from({ length: 300 }, (_, i) => ['XDEL', 's', ...ALL.slice(-i - 1)]),
  'it is trimmed': Array.from({ length: 100 }, (_, i) => ['XTRIM', 's', 'MAXLEN', String(19_900 - i * 199)]),
  'it is trimmed by ID': Array.from({ length: 100 }, (_, i) => ['XTRIM', 's', 'MINID', '~', String(i * 200)]),
  'it is deleted': words('DEL s', 'XADD s 1 other stream'),
  'it is unlinked and made again': [
    ['UNLINK', 's'],
    ...Array.from({ length: 500 }, (_, i) => ['XADD', 's', String(i + 1), 'other', 'stream']),
  ],
  'everything is flushed': words('FLUSHALL', 'XADD s 1 other stream'),
  'it is renamed and trimmed': words('RENAME s t', 'XTRIM t MAXLEN 0', 'XADD t 99999999 other stream'),
}

/** Sends the command, and the changes right behind it from another connection: when PING has its reply, it has begun. */
async function during(command: string, changes: readonly string[][]): Promise<RawReply> {
  client.write(['PING'], command.split(' '))
  await client.next()
  await other.pipeline(changes)
  return client.next()
}

describe.each(Object.entries(CHANGES))('while %s', (_, changes) => {
  test('XRANGE shows all that was there', async () => {
    expect(idsOf(await during('XRANGE s - +', changes))).toEqual(ALL)
  })

  test('XREVRANGE, too, up to its COUNT', async () => {
    const reply = await during('XREVRANGE s 19000 - COUNT 15000', changes)
    expect(idsOf(reply)).toEqual(ALL.slice(4000, 19_000).reverse())
  })

  test('XREAD, with several streams', async () => {
    await client.call('XADD', 'short', '7', 'number', '7')
    const reply = await during('XREAD STREAMS short s none 0 100 0', changes)
    const [short, long] = reply.elements ?? []
    expect([short, long].map(each => each.elements?.[0].text)).toEqual(['short', 's'])
    expect(idsOf(short.elements?.[1])).toEqual(['7-0'])
    expect(idsOf(long.elements?.[1])).toEqual(ALL.slice(100))
  })

  test('XREADGROUP', async () => {
    await client.call('XGROUP', 'CREATE', 's', 'g', '50')
    const reply = await during('XREADGROUP GROUP g alice STREAMS s >', changes)
    expect(idsOf(reply.elements?.[0].elements?.[1])).toEqual(ALL.slice(50))
  })

  test('XINFO STREAM FULL, with what is pending', async () => {
    await client.pipeline(words('XGROUP CREATE s g 0', 'XREADGROUP GROUP g alice COUNT 5000 STREAMS s >'))
    const others = [...changes, ['XACK', 's', 'g', ...ALL.slice(0, 2500)], ['XGROUP', 'DESTROY', 's', 'g']]
    const reply = await during('XINFO STREAM s FULL COUNT 0', others)
    const facts = factsOf(reply)
    expect(facts.get('length')?.text).toBe(String(ENTRIES))
    expect(idsOf(facts.get('entries'))).toEqual(ALL)
    const group = factsOf(facts.get('groups')?.elements?.[0])
    expect(group.get('pel-count')?.text).toBe('5000')
    expect(firstsOf(group.get('pending'))).toEqual(ALL.slice(0, 5000))
    const consumer = factsOf(group.get('consumers')?.elements?.[0])
    expect(firstsOf(consumer.get('pending'))).toEqual(ALL.slice(0, 5000))
  })
})

function factsOf(reply: RawReply | undefined): Map<string, RawReply> {
  const facts = new Map<string, RawReply>()
  const elements = reply?.elements ?? []
  for (let i = 0; i < elements.length; i += 2) facts.set(elements[i].text ?? '', elements[i + 1])
  return facts
}

function firstsOf(reply: RawReply | undefined): string[] {
  return (reply?.elements ?? []).map(({ elements }) => elements?.[0].text ?? '')
}

test('a client that goes in the middle of a long reply leaves the stream to the others', async () => {
  const { port } = await startRedisTs(['--save', ''])
  const [leaving, staying] = await Promise.all([RawClient.connect(port), RawClient.connect(port)])
  for (let i = 1; i <= ENTRIES; i += 1000) {
    await staying.pipeline(Array.from({ length: 1000 }, (_, j) => ['XADD', 's', String(i + j), 'a', 'b'.repeat(500)]))
  }
  leaving.write(['XRANGE', 's', '-', '+'], ['XREVRANGE', 's', '+', '-'])
  await leaving.next()
  leaving.close()
  await staying.pipeline(words('XTRIM s MAXLEN 10', 'XDEL s 19999', 'XADD s 20001 a b'))
  const ids = firstsOf(await staying.call('XRANGE', 's', '-', '+'))
  expect(ids).toEqual([...ALL.slice(-10).filter(id => id !== '19999-0'), '20001-0'])
  staying.close()
})

test('in RESP3, XREAD and XREADGROUP are maps however long they are', async () => {
  await client.pipeline([['HELLO', '3'], ...words('XGROUP CREATE s g 0', 'XADD t 1 number 1')])
  for (const command of ['XREAD STREAMS s none t 0 0 0', 'XREAD COUNT 5 STREAMS s none t 0 0 0']) {
    const reply = await client.call(...command.split(' '))
    expect([reply.type, reply.elements?.map(each => each.text ?? each.type)]).toEqual(['%', ['s', '*', 't', '*']])
  }
  const reply = await client.call(...'XREADGROUP GROUP g alice STREAMS s >'.split(' '))
  expect([reply.type, reply.elements?.length, idsOf(reply.elements?.[1])]).toEqual(['%', 2, ALL])
})

test('XREADGROUP gives a consumer all that it has, thousands of entries, and in order', async () => {
  await client.pipeline(words('XGROUP CREATE s g 0', 'XREADGROUP GROUP g alice STREAMS s >', 'XDEL s 3 4'))
  const reply = await client.call(...'XREADGROUP GROUP g alice STREAMS s 2'.split(' '))
  const entries = reply.elements?.[0].elements?.[1].elements ?? []
  expect(entries.map(({ elements }) => elements?.[0].text)).toEqual(ALL.slice(2))
  expect(entries.slice(0, 3).map(({ elements }) => elements?.[1].elements?.length)).toEqual([undefined, undefined, 2])
})
