import { randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeReplica } from '../../fault/fake-replica.js'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

const ELEMENTS = 12_000
/** So that a reply with all of them is more than sockets hold: its making waits for the client. */
const element = (i: number): string => `${i}${'v'.repeat(600)}`

let port: number
let writer: RawClient
let reader: RawClient

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0']))
  writer = await RawClient.connect(port)
  reader = await RawClient.connect(port)
})
afterAll(() => {
  writer.close()
  reader.close()
})
beforeEach(() => writer.call('FLUSHALL'))

async function fill(elements: number): Promise<string[]> {
  const all = Array.from({ length: elements }, (_, i) => element(i))
  const commands: string[][] = []
  for (let i = 0; i < elements; i += 100) commands.push(['RPUSH', 'l', ...all.slice(i, i + 100)])
  await writer.pipeline(commands)
  return all
}

/** Sends a command; resolves when the server has begun with it. Its reply is what `reader` gets next. */
async function begin(...command: string[]): Promise<void> {
  reader.write(['PING'], command)
  await reader.next()
}

/** As a comparison that does not show megabytes. */
function expectElements(reply: RawReply, expected: readonly string[]): void {
  const found = texts(reply)
  expect(found.length).toBe(expected.length)
  expect(found.findIndex((text, i) => text !== expected[i])).toBe(-1)
}

/** Changes a list in all ways there are. */
const CHANGES = [
  ['LPUSH', 'l', 'first'],
  ['RPUSH', 'l', 'last'],
  ['LSET', 'l', '5000', 'another'],
  ['LINSERT', 'l', 'BEFORE', element(7000), 'in between'],
  ['LREM', 'l', '0', element(9000)],
  ['LTRIM', 'l', '100', '-100'],
  ['LPOP', 'l', '3000'],
  ['RPOP', 'l'],
  ['RENAME', 'l', 'm'],
  ['DEL', 'm'],
]

describe('a long list', () => {
  test.each<[string, string[], (all: string[]) => string[]]>([
    ['LRANGE', ['LRANGE', 'l', '0', '-1'], all => all],
    ['LRANGE of a part', ['LRANGE', 'l', '1234', '-1234'], all => all.slice(1234, -1233)],
    ['LPOP', ['LPOP', 'l', '9000'], all => all.slice(0, 9000)],
    ['RPOP', ['RPOP', 'l', '9000'], all => all.slice(-9000).reverse()],
  ])('%s replies it as it is at that moment', async (_, command, expected) => {
    const all = await fill(ELEMENTS)
    await begin(...command)
    // The client reads while others write.
    await writer.pipeline(CHANGES)
    expectElements(await reader.next(), expected(all))
    expect(await writer.call('DBSIZE')).toMatchObject({ text: '0' })
  })

  test('LMPOP names its key, whatever comes behind it in the pipeline', async () => {
    const all = await fill(3000)
    const [popped, next] = await reader.pipeline([
      ['LMPOP', '2', 'none', 'l', 'RIGHT', 'COUNT', '2000'],
      ['LMPOP', '1', 'l', 'LEFT'],
    ])
    expect(popped.elements?.[0].text).toBe('l')
    expectElements(popped.elements?.[1] ?? popped, all.slice(-2000).reverse())
    expect(next.elements?.[1].elements?.[0].text).toBe(all[0])
  })

  test('LPOS finds in it what was there at that moment', async () => {
    await fill(ELEMENTS)
    await writer.pipeline([
      ['LSET', 'l', '8000', 'wanted'],
      ['LSET', 'l', '11000', 'wanted'],
      ['RPUSH', 'l', ...Array.from({ length: 30_000 }, () => 'wanted')],
    ])
    const replies = reader.pipeline([
      ['LPOS', 'l', 'wanted', 'RANK', '2'],
      ['LPOS', 'l', 'wanted', 'COUNT', '0'],
      ['LPOS', 'l', 'wanted', 'RANK', '-30002', 'COUNT', '1'],
      ['LPOS', 'l', 'nothing'],
      ['LPOS', 'l', 'nothing', 'COUNT', '1'],
      ['LPOS', 'l', 'wanted', 'RANK', '2', 'MAXLEN', '11000'],
    ])
    const [second, all, secondLast, none, noneOfThem, tooFar] = await replies
    expect(second.text).toBe('11000')
    expectElements(all, ['8000', '11000', ...Array.from({ length: 30_000 }, (_, i) => String(ELEMENTS + i))])
    expect(texts(secondLast)).toEqual(['8000'])
    expect(none).toMatchObject({ type: '$', text: null })
    expect(texts(noneOfThem)).toEqual([])
    expect(tooFar).toMatchObject({ type: '$', text: null })
  })

  test('elements of megabytes stay what they were for those who are still to read them', async () => {
    const long = (): string => randomFillSync(Buffer.alloc(3 << 20)).toString('latin1')
    const [first, second, third] = [long(), long(), long()]
    await writer.pipeline([
      ['RPUSH', 'l', 'a', first, 'b'],
      ['RPUSH', 'l', second],
    ])
    const replies = reader.pipeline([
      ['LINDEX', 'l', '1'],
      ['LRANGE', 'l', '0', '-1'],
      ['LSET', 'l', '1', third],
      ['LMOVE', 'l', 'm', 'RIGHT', 'LEFT'],
      ['LRANGE', 'l', '0', '-1'],
      ['LPOP', 'm'],
      ['DEL', 'l'],
    ])
    const [index, range, , moved, after, popped] = await replies
    expect(index.text === first).toBe(true)
    expect(texts(range).map(text => text.length)).toEqual([1, first.length, 1, second.length])
    expect(texts(range)[1] === first && texts(range)[3] === second).toBe(true)
    expect(moved.text === second && popped.text === second).toBe(true)
    expect(texts(after)[1] === third).toBe(true)
  })

  test('a listpack of many small elements, too', async () => {
    const all = Array.from({ length: 60_000 }, () => '')
    await writer.call('RPUSH', 'l', ...all)
    expect((await writer.call('OBJECT', 'ENCODING', 'l')).text).toBe('listpack')
    await begin('LRANGE', 'l', '1', '-1')
    await writer.call('DEL', 'l')
    expectElements(await reader.next(), all.slice(1))
  })
})

test('replicas get pops of several lists as pops of one, and all else as it came', async () => {
  const replica = await FakeReplica.attach(port)
  await writer.pipeline([
    ['RPUSH', 'l', 'a', 'b', 'c', 'd', 'e'],
    ['LMPOP', '2', 'none', 'l', 'LEFT', 'COUNT', '2'],
    ['LMPOP', '1', 'l', 'RIGHT', 'COUNT', '9'],
    ['LMPOP', '1', 'none', 'LEFT'],
    ['RPUSH', 'l', 'a', 'a', 'b'],
    ['LTRIM', 'l', '0', '-1'],
    ['LTRIM', 'l', '0', '-2'],
    ['LREM', 'l', '0', 'none'],
    ['LREM', 'l', '-1', 'a'],
    ['LPOP', 'l', '0'],
    ['LINSERT', 'l', 'AFTER', 'none', 'x'],
    ['LINSERT', 'l', 'AFTER', 'a', 'x'],
    ['LSET', 'l', '9', 'x'],
    ['LMOVE', 'l', 'm', 'LEFT', 'RIGHT'],
    ['RPOPLPUSH', 'none', 'm'],
    ['SET', 'the', 'end'],
  ])
  while (!replica.stream.includes('end')) {
    await replica.between(replica.startOffset, replica.startOffset + replica.stream.length + 1)
  }
  const commands = replica.stream.toString('latin1').split(/\*\d+\r\n/)
  replica.close()
  expect(
    commands.map(command =>
      command
        .replace(/\$\d+\r\n/g, '')
        .trim()
        .split('\r\n')
        .join(' '),
    ),
  ).toEqual([
    '',
    'SELECT 0',
    'RPUSH l a b c d e',
    'LPOP l 2',
    'RPOP l 3',
    'RPUSH l a a b',
    'LTRIM l 0 -2',
    'LREM l -1 a',
    'LINSERT l AFTER a x',
    'LMOVE l m LEFT RIGHT',
    'SET the end',
  ])
})
