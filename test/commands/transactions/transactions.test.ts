import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']

let port: number
let ours: RawClient
let other: RawClient

beforeAll(async () => {
  port = (await startRedisTs(OPTIONS)).port
})
beforeEach(async () => {
  ours = await RawClient.connect(port)
  other = await RawClient.connect(port)
  await other.call('FLUSHALL')
})
afterEach(() => {
  ours.close()
  other.close()
})
afterAll(async () => {
  const client = await RawClient.connect(port)
  await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
  client.close()
})

async function text(client: RawClient, ...command: string[]): Promise<string | null> {
  return (await client.call(...command)).text
}

/** MULTI, PING, EXEC: whether the transaction ran. */
async function runs(client: RawClient = ours): Promise<boolean> {
  const [, , reply] = await client.pipeline([['MULTI'], ['PING'], ['EXEC']])
  if (reply.elements === null) expect(reply).toEqual({ type: '*', text: null, elements: null })
  else expect(texts(reply)).toEqual(['PONG'])
  return reply.elements !== null
}

async function millisecondsPass(ms: number): Promise<void> {
  const before = Date.now()
  while (Date.now() <= before + ms) await other.call('PING')
}

describe('a transaction', () => {
  test('queues commands, and answers them all at EXEC', async () => {
    const replies = await ours.pipeline([['MULTI'], ['SET', 'a', '1'], ['INCR', 'a'], ['GET', 'a'], ['EXEC']])
    expect(replies.slice(0, 4).map(reply => reply.text)).toEqual(['OK', 'QUEUED', 'QUEUED', 'QUEUED'])
    expect(texts(replies[4])).toEqual(['OK', '2', '2'])
  })

  test('changes nothing before EXEC, nor after DISCARD', async () => {
    await ours.pipeline([['MULTI'], ['SET', 'a', '1']])
    expect(await text(other, 'GET', 'a')).toBe(null)
    expect(await text(ours, 'DISCARD')).toBe('OK')
    expect(await text(other, 'GET', 'a')).toBe(null)
    expect(await text(ours, 'EXEC')).toBe('ERR EXEC without MULTI')
  })

  test('goes on behind a command that fails', async () => {
    await ours.call('SET', 'a', 'text')
    const replies = await ours.pipeline([['MULTI'], ['INCR', 'a'], ['SET', 'b', '1'], ['EXEC']])
    expect(texts(replies[3])).toEqual(['ERR value is not an integer or out of range', 'OK'])
    expect(await text(other, 'GET', 'b')).toBe('1')
  })

  test.each([[['NONSENSE']], [['SET', 'a']], [['CONFIG', 'NONSENSE']]])('aborts when %j was refused', async command => {
    const replies = await ours.pipeline([['MULTI'], ['SET', 'b', '1'], command, ['SET', 'c', '1'], ['EXEC']])
    expect(replies[2].text).toMatch(/^ERR /)
    expect(replies[3].text).toBe('QUEUED')
    expect(replies[4].text).toBe('EXECABORT Transaction discarded because of previous errors.')
    expect(await text(other, 'EXISTS', 'b', 'c')).toBe('0')
    expect(await text(ours, 'PING')).toBe('PONG')
  })

  test('commands act on the database that SELECT in the transaction chose', async () => {
    await ours.pipeline([['MULTI'], ['SET', 'a', '0'], ['SELECT', '2'], ['SET', 'a', '2'], ['EXEC'], ['SET', 'b', '2']])
    expect(await text(ours, 'DBSIZE')).toBe('2')
    expect(await text(other, 'GET', 'a')).toBe('0')
  })
})

describe('WATCH', () => {
  test.each([
    ['SET', 'key', 'new'],
    ['APPEND', 'key', 'x'],
    ['DEL', 'key'],
    ['EXPIRE', 'key', '100'],
    ['RENAME', 'key', 'other'],
    ['RENAME', 'source', 'key'],
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['MOVE', 'key', '5'],
  ])('%s %s by another client makes EXEC fail', async (...command) => {
    await other.pipeline([
      ['SET', 'key', 'value'],
      ['SET', 'source', 'value'],
    ])
    await ours.call('WATCH', 'key')
    await other.call(...command)
    expect(await runs()).toBe(false)
    expect(await runs()).toBe(true)
  })

  test.each([
    ['GET', 'key'],
    ['SET', 'other', 'x'],
    ['DEL', 'missing'],
    ['SETNX', 'key', 'x'],
    ['PERSIST', 'key'],
    ['EXPIRE', 'missing', '5'],
  ])('%s %s changes nothing that is watched', async (...command) => {
    await other.call('SET', 'key', 'value')
    await ours.call('WATCH', 'key', 'missing')
    await other.call(...command)
    expect(await runs()).toBe(true)
  })

  test("a client's own changes count", async () => {
    await ours.pipeline([
      ['WATCH', 'key'],
      ['SET', 'key', '1'],
    ])
    expect(await runs()).toBe(false)
  })

  test('the same name in another database is another key', async () => {
    await ours.call('WATCH', 'key')
    await other.pipeline([
      ['SELECT', '1'],
      ['SET', 'key', '1'],
    ])
    expect(await runs()).toBe(true)
  })

  test.each([['UNWATCH'], ['DISCARD'], ['EXEC']])('%s ends it', async name => {
    await ours.call('WATCH', 'key')
    if (name !== 'UNWATCH') await ours.call('MULTI')
    await ours.call(name)
    await other.call('SET', 'key', '1')
    expect(await runs()).toBe(true)
  })

  test('FLUSHALL does not touch a key that was not there', async () => {
    await ours.call('WATCH', 'missing')
    await other.call('FLUSHALL')
    expect(await runs()).toBe(true)
  })

  test.each(['0', '1'])('a key that expires after WATCH makes EXEC fail (active expiry %s)', async active => {
    await other.call('DEBUG', 'SET-ACTIVE-EXPIRE', active)
    await other.call('SET', 'key', 'value', 'PX', '20')
    await ours.call('WATCH', 'key')
    await millisecondsPass(21)
    expect(await runs()).toBe(false)
  })

  test.each([['DEL', 'key'], ['GET', 'key'], ['FLUSHDB'], ['PING']])(
    'a key that had expired before WATCH may go: %s',
    async (...command) => {
      await other.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
      await other.call('SET', 'key', 'value', 'PX', '1')
      await millisecondsPass(2)
      await ours.call('WATCH', 'key')
      await other.call(...command)
      expect(await runs()).toBe(true)
    },
  )
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  const key = fc.constantFrom('a', 'b')
  const control = fc.constantFrom<string[][]>(
    ['MULTI'],
    ['EXEC'],
    ['DISCARD'],
    ['UNWATCH'],
    ['WATCH', 'a'],
    ['WATCH', 'a', 'b'],
    ['WATCH'],
    ['EXEC', 'x'],
    ['MULTI', 'x'],
    ['DISCARD', 'x'],
    ['NONSENSE'],
  )
  const command = fc.oneof(
    { weight: 3, arbitrary: control },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('GET', 'INCR', 'DEL', 'EXISTS', 'HLEN'), key)
        .map((words): string[] => [...words]),
    },
    { weight: 1, arbitrary: key.map((k): string[] => ['SET', k, '1']) },
  )
  const step = fc.tuple(fc.nat(1), command)

  test('two clients get the same replies', { timeout: 120_000 }, async () => {
    const stockPort = (await startRedisServer(OPTIONS)).port
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 50 }),
        fc.constantFrom('2', '3'),
        async (steps, resp) => {
          const clients = await Promise.all([port, port, stockPort, stockPort].map(each => RawClient.connect(each)))
          await Promise.all(clients.map(client => client.call('HELLO', resp)))
          await Promise.all([clients[0].call('FLUSHALL'), clients[2].call('FLUSHALL')])
          for (const [who, words] of steps) {
            const replies: RawReply[] = await Promise.all([
              clients[who].call(...words),
              clients[who + 2].call(...words),
            ])
            expect({ who, words, reply: replies[0] }).toEqual({ who, words, reply: replies[1] })
          }
          for (const client of clients) client.close()
        },
      ),
      { numRuns: 100 },
    )
  })
})
