import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

const OPTIONS = ['--save', '']

/** Takes some milliseconds to decide about names of so many letters, one way or the other. */
const PATTERN = `*${'a'.repeat(15_000)}b*`
const MATCHING = `${'a'.repeat(25_000)}b`
const OTHER = 'a'.repeat(25_000)
const SHORT = 'b'

let port: number
let ours: RawClient

beforeAll(async () => {
  port = (await startRedisTs(OPTIONS)).port
  ours = await RawClient.connect(port)
  await fill(ours)
})
afterAll(() => ours.close())

async function fill(client: RawClient): Promise<void> {
  await client.pipeline([
    ['FLUSHALL'],
    ...[MATCHING, OTHER, SHORT].map(key => ['SET', key, 'value']),
    ['SET', `x${MATCHING}`, 'x', 'PXAT', '1'],
    ['CONFIG', 'SET', 'hash-max-listpack-value', '100000'],
    ['HSET', 'small', MATCHING, '1', OTHER, '2', SHORT, '3'],
    ['CONFIG', 'SET', 'hash-max-listpack-value', '64'],
    ['HSET', 'large', MATCHING, '1', OTHER, '2', SHORT, '3', ...Array.from({ length: 2000 }, (_, i) => `${i}`)],
  ])
}

/** Whole walks: keys, fields and values that match, and whether they come behind a cursor. */
const WALKS: readonly (readonly [command: string[], cursor: boolean, expected: string[]])[] = [
  [['KEYS', PATTERN], false, [MATCHING]],
  [['KEYS', `*[${'ab'.repeat(5000)}]b*`], false, [MATCHING]],
  [['SCAN', '0', 'COUNT', '1000', 'MATCH', PATTERN], true, [MATCHING]],
  [['SCAN', '0', 'COUNT', '1000', 'MATCH', PATTERN, 'TYPE', 'hash'], true, []],
  [['HSCAN', 'small', '0', 'MATCH', PATTERN], true, [MATCHING, '1']],
  [['HSCAN', 'large', '0', 'COUNT', '100000', 'MATCH', PATTERN], true, [MATCHING, '1']],
]

function found(reply: RawReply, cursor: boolean): string[] {
  if (!cursor) return texts(reply)
  const [next, array] = reply.elements ?? []
  expect(next.text).toBe('0')
  return texts(array)
}

describe('a pattern that takes long to match', () => {
  test.each(WALKS.map(([command, cursor, expected]) => ({ name: command[0], command, cursor, expected })))(
    'gives the same to $name in a transaction, where nothing may come between, and outside',
    async ({ command, cursor, expected }) => {
      expect(found(await ours.call(...command), cursor)).toEqual(expected)
      const replies = await ours.pipeline([['MULTI'], command, ['EXEC']])
      const [inside] = replies[2].elements ?? []
      expect(found(inside, cursor)).toEqual(expected)
    },
  )

  test.each(
    WALKS.filter(([[, ...words], , expected]) => words.includes(PATTERN) && expected.length > 0).map(([command]) => ({
      name: command.slice(0, 2).join(' ').slice(0, 12),
      command,
    })),
  )('lets others go first: $name', async ({ command }) => {
    const heard: string[] = []
    const other = await RawClient.connect(port)
    const [first, walk] = [ours.call('PING'), ours.call(...command).then(() => heard.push('walk'))]
    // Sent together with the command; its reply shows that the command has been received.
    await first
    await other.call('PING')
    heard.push('ping')
    await walk
    expect(heard).toEqual(['ping', 'walk'])
    other.close()
  })

  test('what a client sends behind is answered behind', async () => {
    const replies = await ours.pipeline([
      ['ECHO', 'before'],
      ['KEYS', PATTERN],
      ['ECHO', 'behind'],
    ])
    expect(replies.map(({ text }) => text)).toEqual(['before', null, 'behind'])
    expect(texts(replies[1])).toEqual([MATCHING])
  })

  test('KEYS has the keys there were when it came', async () => {
    const other = await RawClient.connect(port)
    const [first, keys] = [ours.call('PING'), ours.call('KEYS', PATTERN)]
    await first
    await other.pipeline([
      ['DEL', MATCHING],
      ['SET', `b${MATCHING}`, 'x'],
    ])
    expect(texts(await keys)).toEqual([MATCHING])
    expect(texts(await ours.call('KEYS', PATTERN))).toEqual([`b${MATCHING}`])
    await fill(ours)
    other.close()
  })

  test('a client that goes takes its walk along', async () => {
    const leaving = await RawClient.connect(port)
    const id = (await leaving.call('CLIENT', 'ID')).text ?? ''
    leaving.write(['PING'], ['KEYS', PATTERN])
    await leaving.next()
    expect((await ours.call('CLIENT', 'KILL', 'ID', id)).text).toBe('1')
    await leaving.closed()
    expect(texts(await ours.call('KEYS', PATTERN))).toEqual([MATCHING])
  })

  test('CLIENT REPLY OFF is obeyed', async () => {
    const quiet = await RawClient.connect(port)
    quiet.write(['CLIENT', 'REPLY', 'OFF'], ['KEYS', PATTERN], ['CLIENT', 'REPLY', 'ON'])
    expect((await quiet.next()).text).toBe('OK')
    quiet.close()
  })

  test('PUBSUB CHANNELS and subscribers see it as well', async () => {
    const listener = await RawClient.connect(port)
    listener.write(['SUBSCRIBE', MATCHING], ['SUBSCRIBE', OTHER], ['PSUBSCRIBE', PATTERN])
    for (let i = 0; i < 3; i++) await listener.next()
    expect(texts(await ours.call('PUBSUB', 'CHANNELS', PATTERN))).toEqual([MATCHING])
    expect((await ours.call('PUBLISH', MATCHING, 'message')).text).toBe('2')
    expect((await ours.call('PUBLISH', OTHER, 'message')).text).toBe('1')
    expect(texts(await listener.next())[0]).toBe('message')
    expect(texts(await listener.next()).slice(0, 2)).toEqual(['pmessage', PATTERN])
    listener.close()
  })

  describe('beside stock Redis', requireStock('redis-server'), () => {
    test('gives the same', async () => {
      const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
      await fill(stock)
      for (const [command, cursor, expected] of WALKS)
        expect(found(await stock.call(...command), cursor)).toEqual(expected)
      stock.close()
    })
  })
})
