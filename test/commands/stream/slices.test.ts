/** Replies of stream commands that are long, of which clients read a part while others write; entries that are large, or have many fields. */
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

const LAST_ID = '18446744073709551615-18446744073709551615'

let port: number
let writer: RawClient
let reader: RawClient

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '']))
  writer = await RawClient.connect(port)
  reader = await RawClient.connect(port)
})
afterAll(() => {
  writer.close()
  reader.close()
})
beforeEach(async () => {
  await writer.call('FLUSHALL')
  await reader.call('HELLO', '2')
})

/** The value behind a name in a reply of pairs. */
function at({ elements }: RawReply, name: string): RawReply | undefined {
  return elements?.[elements.findIndex(({ text }) => text === name) + 1]
}

describe('a reply with 50,000 entries', () => {
  const ENTRIES = 50_000
  const READ = ['XREADGROUP', 'GROUP', 'g', 'alice', 'COUNT', '49000', 'STREAMS', 's', '>']
  const fieldOf = (n: number): string => (n % 7 === 0 ? 'other' : 'field')
  /** So that the reply is more than sockets hold: its making waits for the client. */
  const textOf = (n: number): string => `${n}${'v'.repeat(200)}`

  /** Entries 1-1, 2-1 and so on; every seventh has another field than the others. */
  async function fill(): Promise<void> {
    const all = numbers(1, ENTRIES).map(n => ['XADD', 's', `${n}-1`, fieldOf(n), textOf(n)])
    for (let i = 0; i < ENTRIES; i += 10_000) await writer.pipeline(all.slice(i, i + 10_000))
    await writer.call('XGROUP', 'CREATE', 's', 'g', '0')
  }

  function numbers(from: number, to: number): number[] {
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  }

  function encoded(entries: readonly number[]): string {
    const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
    const entry = (n: number): string => `*2\r\n${bulk(`${n}-1`)}*2\r\n${bulk(fieldOf(n))}${bulk(textOf(n))}`
    return `*${entries.length}\r\n${entries.map(entry).join('')}`
  }

  /** Sends a command from a client that reads only when `meanwhile` is done; resolves with what it was sent, up to `end`. */
  async function slowly(command: readonly string[], meanwhile: () => Promise<unknown>): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    socket.write(`${command.join(' ')}\r\nPING end\r\n`)
    // What the server gets next it has got behind the command.
    while (!(await writer.call('CLIENT', 'LIST')).text?.includes(`cmd=${command[0].toLowerCase()}`)) {}
    await meanwhile()
    const chunks: Buffer[] = []
    for await (const chunk of socket) {
      chunks.push(chunk)
      if (chunk.subarray(-9).toString() === '$3\r\nend\r\n' || chunk.subarray(-5).toString() === 'end\r\n') break
    }
    return Buffer.concat(chunks).toString('latin1').slice(0, -'$3\r\nend\r\n'.length)
  }

  /** Changes a stream in all ways there are, nodes in the middle and at both ends. */
  const CHANGES = [
    ['XADD', 's', '60000-1', 'field', 'new'],
    ['XDEL', 's', '1-1', '2-1', '20000-1', '20001-1', '49999-1', '50000-1'],
    ['XDEL', 's', ...numbers(30_000, 30_300).map(n => `${n}-1`)],
    ['XADD', 's', 'MAXLEN', '30000', '60001-1', 'other', 'newer'],
    ['XACK', 's', 'g', ...numbers(1, 400).map(n => `${n}-1`)],
    ['XCLAIM', 's', 'g', 'bob', '0', '45000-1', '46000-1'],
    ['XTRIM', 's', 'MAXLEN', '~', '20000'],
    ['XGROUP', 'DESTROY', 's', 'g'],
    ['XTRIM', 's', 'MINID', '48000'],
    ['XADD', 's', '60002-1', 'field', 'newest'],
    ['DEL', 's'],
  ]
  const ONE_STREAM = '*1\r\n*2\r\n$1\r\ns\r\n'

  test.each<[string, string[], string, number[]]>([
    ['XRANGE', ['XRANGE', 's', '-', '+'], '', numbers(1, ENTRIES)],
    ['XREVRANGE', ['XREVRANGE', 's', '+', '(500-1', 'COUNT', '49000'], '', numbers(1001, ENTRIES).reverse()],
    ['XREAD', ['XREAD', 'STREAMS', 's', '5-1'], ONE_STREAM, numbers(6, ENTRIES)],
    ['XREADGROUP', READ, ONE_STREAM, numbers(1, 49_000)],
  ])('is of one moment: %s', async (_, command, head, entries) => {
    await fill()
    const reply = await slowly(command, () => writer.pipeline(CHANGES))
    const expected = head + encoded(entries)
    expect(reply.length).toBe(expected.length)
    expect(reply === expected).toBe(true)
    expect(await writer.call('DBSIZE')).toMatchObject({ text: '0' })
  })
})

describe('a long list of what is pending', () => {
  const PENDING = 20_000
  const ids = Array.from({ length: PENDING }, (_, i) => `${i + 1}-0`)
  /** Every third is with bob; those that end in 0 have been pending for long. */
  const isWithBob = (i: number): boolean => i % 3 === 0
  const isOld = (i: number): boolean => i % 10 === 0

  async function fill(): Promise<void> {
    await writer.pipeline(ids.map(id => ['XADD', 's', id, 'f', 'v']))
    const claim = (name: string, chosen: string[], idle: string): string[] => [
      'XCLAIM',
      's',
      'g',
      name,
      '0',
      ...chosen,
      'IDLE',
      idle,
      'FORCE',
      'JUSTID',
    ]
    await writer.pipeline([
      ['XGROUP', 'CREATE', 's', 'g', '0'],
      claim(
        'alice',
        ids.filter((_, i) => !isWithBob(i) && !isOld(i)),
        '0',
      ),
      claim(
        'alice',
        ids.filter((_, i) => !isWithBob(i) && isOld(i)),
        '1000000000',
      ),
      claim(
        'bob',
        ids.filter((_, i) => isWithBob(i) && !isOld(i)),
        '0',
      ),
      claim(
        'bob',
        ids.filter((_, i) => isWithBob(i) && isOld(i)),
        '1000000000',
      ),
    ])
  }

  const CHANGES = [
    ['XACK', 's', 'g', ...ids.slice(0, 1000), ...ids.slice(15_000, 16_000), ...ids.slice(-500)],
    ['XCLAIM', 's', 'g', 'carol', '0', ...ids.slice(5000, 9000), 'JUSTID'],
    ['XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', '3000', 'STREAMS', 's', '0'],
    ['XGROUP', 'DELCONSUMER', 's', 'g', 'alice'],
    ['XGROUP', 'CREATECONSUMER', 's', 'g', 'dave'],
    ['XCLAIM', 's', 'g', 'dave', '0', ...ids.slice(9000, 12_000), 'FORCE', 'JUSTID'],
    ['XGROUP', 'DESTROY', 's', 'g'],
    ['DEL', 's'],
  ]

  test.each<[string, string[], (i: number) => boolean, number]>([
    ['of a group', ['-', '+', '20000'], () => true, PENDING],
    ['of a group, a part', ['101', '(19001', '15000'], i => i >= 100 && i < 19_000, 15_000],
    ['of a consumer', ['-', '+', '20000', 'bob'], isWithBob, PENDING],
    ['of what is idle', ['IDLE', '1000000', '-', '+', '500'], isOld, 500],
    [
      'of what is idle with a consumer',
      ['IDLE', '1000000', '500', '+', '20000', 'alice'],
      i => i >= 499 && isOld(i) && !isWithBob(i),
      PENDING,
    ],
    ['of nothing', ['IDLE', '9000000000', '-', '+', '20000'], () => false, PENDING],
  ])('%s is of one moment', async (_, filters, isShown, most) => {
    await fill()
    // With the reply to PING the server has begun with what came behind it.
    reader.write(['PING'], ['XPENDING', 's', 'g', ...filters])
    await reader.next()
    const changed = await writer.pipeline(CHANGES)
    const reply = await reader.next()
    expect(changed.filter(({ type }) => type === '-')).toEqual([])
    const expected = ids.flatMap((id, i) =>
      isShown(i) ? [`${id} ${isWithBob(i) ? 'bob' : 'alice'} ${isOld(i)} 1`] : [],
    )
    const found = (reply.elements ?? []).map(({ elements }) => {
      const [id, name, idle, deliveries] = (elements ?? []).map(({ text }) => text)
      return `${id} ${name} ${Number(idle) >= 1_000_000_000} ${deliveries}`
    })
    expect(found.length).toBe(Math.min(most, expected.length))
    expect(found.findIndex((text, i) => text !== expected[i])).toBe(-1)
    expect(await writer.call('DBSIZE')).toMatchObject({ text: '0' })
  })
})

describe('several streams', () => {
  const add = (key: string, count: number): string[][] =>
    Array.from({ length: count }, (_, i) => ['XADD', key, String(i + 1), 'n', String(i + 1)])
  /** Each stream of a reply with how many entries it has, and the first of them. */
  const shown = ({ elements, type }: RawReply): string[] => {
    const flat = type === '%' ? elements : elements?.flatMap(pair => pair.elements ?? [])
    return (flat ?? []).flatMap(({ text }, i) => {
      const entries = flat?.[i + 1]?.elements ?? []
      return i % 2 === 0 ? [`${text}: ${entries.length} from ${entries[0]?.elements?.[0].text}`] : []
    })
  }

  test.each(['2', '3'])('long and short ones, come in the order in which they were named (RESP%s)', async protocol => {
    await writer.pipeline([...add('s', 5000), ...add('t', 3), ...add('u', 2000)])
    await writer.pipeline(['s', 't', 'u'].map(key => ['XGROUP', 'CREATE', key, 'g', '0']))
    await writer.call('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '2', 'STREAMS', 'u', '>')
    const [, read, given, again] = await reader.pipeline([
      ['HELLO', protocol],
      ['XREAD', 'STREAMS', 't', 's', 'none', 'u', '0', '4000', '0', '0'],
      ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'u', 's', 'u', 's', '0', '>', '>', '>'],
      ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', 'u', '>', '>'],
    ])
    expect(shown(read)).toEqual(['t: 3 from 1-0', 's: 1000 from 4001-0', 'u: 2000 from 1-0'])
    // The second time that a stream is named there is nothing left.
    expect(shown(given)).toEqual(['u: 2 from 1-0', 's: 5000 from 1-0', 'u: 1998 from 3-0'])
    expect(again.elements).toBeNull()
  })
})

describe('large entries', () => {
  const long = (bytes: number): string => randomFillSync(Buffer.alloc(bytes)).toString('latin1')
  const valuesOf = (reply: RawReply): string[] =>
    (reply.elements ?? []).map(({ elements }) => texts(elements?.[1] ?? reply)[1])

  test('stay what they were for those who are still to read them', async () => {
    const values = [100_000, 20 << 20, 5, 3 << 20, 70_000].map(long)
    await writer.pipeline(values.map((text, i) => ['XADD', 's', `${i + 1}-0`, 'f', text]))
    const next = long(1 << 20)
    const replies = await reader.pipeline([
      ['XRANGE', 's', '-', '+'],
      ['XREVRANGE', 's', '+', '-', 'COUNT', '2'],
      ['XREAD', 'COUNT', '1', 'STREAMS', 's', '1'],
      ['XDEL', 's', '2'],
      ['XADD', 's', '6', 'f', next],
      ['XTRIM', 's', 'MAXLEN', '3'],
      ['XRANGE', 's', '-', '+'],
      ['DEL', 's'],
    ])
    const [all, last, one, , , , left] = replies
    expect(valuesOf(all).map((text, i) => text === values[i])).toEqual(values.map(() => true))
    expect(valuesOf(last).map((text, i) => text === values[4 - i])).toEqual([true, true])
    expect(valuesOf(one.elements?.[0].elements?.[1] ?? one)[0] === values[1]).toBe(true)
    expect(valuesOf(left).map((text, i) => text === [values[3], values[4], next][i])).toEqual([true, true, true])
  })

  test('share a node with others where nodes may be large', async () => {
    await writer.call('CONFIG', 'SET', 'stream-node-max-bytes', '0')
    const values = Array.from({ length: 40 }, (_, i) => long(1 + ((i * 7919) % 60_000)))
    await writer.pipeline(values.map((text, i) => ['XADD', 's', `${i + 1}-0`, i % 3 === 0 ? 'f' : 'g', text]))
    expect(at(await writer.call('XINFO', 'STREAM', 's'), 'radix-tree-keys')).toMatchObject({ text: '1' })
    const [whole, , part] = await reader.pipeline([
      ['XRANGE', 's', '-', '+'],
      ['XDEL', 's', '1', '7', '40'],
      ['XRANGE', 's', '-', '+'],
    ])
    expect(valuesOf(whole).map((text, i) => text === values[i])).toEqual(values.map(() => true))
    const rest = values.filter((_, i) => ![0, 6, 39].includes(i))
    expect(valuesOf(part).map((text, i) => text === rest[i])).toEqual(rest.map(() => true))
    await writer.call('CONFIG', 'SET', 'stream-node-max-bytes', '4096')
  })

  test('have as many fields as they were given', async () => {
    const pairs = Array.from({ length: 10_000 }, (_, i) => [`field ${i}`, String(i * 31)]).flat()
    await writer.call('XADD', 's', '1', ...pairs)
    await writer.call('XADD', 's', '2', ...pairs)
    await writer.call('XADD', 's', '3', ...pairs.slice(2))
    const { elements } = await reader.call('XRANGE', 's', '-', '+')
    const found = (elements ?? []).map(entry => texts(entry.elements?.[1] ?? entry).join())
    const expected = [pairs, pairs, pairs.slice(2)].map(each => each.join())
    expect(found.map((text, i) => text === expected[i])).toEqual([true, true, true])
  })

  test('have IDs up to the last one there is', async () => {
    await writer.pipeline([
      ['XADD', 's', '0-1', 'a', '1'],
      ['XADD', 's', '9007199254740993-9007199254740993', 'a', '2'],
      ['XADD', 's', '18446744073709551615-0', 'a', '3'],
      ['XADD', 's', '18446744073709551615-*', 'a', '4'],
      ['XADD', 's', LAST_ID, 'b', '5'],
    ])
    const ids = (reply: RawReply): string[] => (reply.elements ?? []).map(({ elements }) => elements?.[0].text ?? '')
    const all = [
      '0-1',
      '9007199254740993-9007199254740993',
      '18446744073709551615-0',
      '18446744073709551615-1',
      LAST_ID,
    ]
    expect(ids(await reader.call('XRANGE', 's', '-', '+'))).toEqual(all)
    expect(ids(await reader.call('XREVRANGE', 's', `(${LAST_ID}`, '(0-1'))).toEqual(all.slice(1, 4).reverse())
    expect(ids(await reader.call('XRANGE', 's', LAST_ID, '+'))).toEqual([LAST_ID])
    const full = 'ERR The stream has exhausted the last possible ID, unable to add more items'
    expect(await reader.call('XADD', 's', '*', 'a', '6')).toMatchObject({ type: '-', text: full })
    expect(await reader.call('XREAD', 'STREAMS', 's', LAST_ID)).toMatchObject({ type: '*', elements: null })
    expect(await reader.call('XDEL', 's', LAST_ID)).toMatchObject({ text: '1' })
    expect(await reader.call('XADD', 's', '*', 'a', '6')).toMatchObject({ type: '-', text: full })
  })
})
