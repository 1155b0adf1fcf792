import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { info, until } from '../interop/polling.js'
import { startRedisTs } from '../interop/stock.js'
import { RawClient, type RawReply, ReplyParser, texts } from './raw-client.js'

const FIELDS = 6000
const MIB = 1024 * 1024
/** So that a reply with all of them is more than sockets hold: its making waits for the client. */
const VALUE = 'v'.repeat(1500)

let port: number
let other: RawClient

beforeEach(async () => {
  ;({ port } = await startRedisTs(['--save', '', '--enable-debug-command', 'yes']))
  other = await RawClient.connect(port)
})
afterEach(() => other.close())

async function fill(fields: number): Promise<Map<string, string>> {
  const content = new Map<string, string>()
  for (let i = 0; i < fields; i++) content.set(`f${i}`, `${i}${VALUE}`)
  await other.call('HSET', 'h', ...[...content].flat())
  return content
}

async function infoNumber(field: string): Promise<number> {
  return Number((await info(port)).get(field))
}

/** A client that reads only when it is told to. */
class SlowReader {
  readonly socket: Socket
  readonly replies: RawReply[] = []
  received = 0
  private readonly parser = new ReplyParser()
  private onData: () => void = () => {}
  private onClose: (reason: Error) => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => {
      this.received += bytes.length
      this.take(bytes)
      this.onData()
    })
    socket.on('close', () => this.onClose(new Error('closed before all was read')))
    socket.pause()
  }

  /** What the bytes that come are to it: parts of replies, unless they are only counted. */
  take: (bytes: Buffer) => void = bytes => this.parser.push(bytes, reply => this.replies.push(reply))

  static connect(): Promise<SlowReader> {
    return new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(new SlowReader(socket)))
    })
  }

  /** Sends inline requests. */
  ask(...requests: string[]): void {
    this.socket.write(requests.map(request => `${request}\r\n`).join(''))
  }

  private readUntil(enough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onClose = reject
      this.onData = () => {
        if (!enough()) return
        this.onData = () => {}
        this.socket.pause()
        resolve()
      }
      this.socket.resume()
    })
  }

  /** Reads `bytes` more at least. */
  read(bytes: number): Promise<void> {
    const wanted = this.received + bytes
    return this.readUntil(() => this.received >= wanted)
  }

  /** Reads until there are `count` replies in all. */
  async takeReplies(count: number): Promise<RawReply[]> {
    if (this.replies.length < count) await this.readUntil(() => this.replies.length >= count)
    return this.replies
  }

  close(): void {
    this.socket.destroy()
  }
}

function outputBytes(stats: RawReply): number {
  return Number(/total_net_output_bytes:(\d+)/.exec(stats.text ?? '')?.[1])
}

/** Length of a bulk string as it is sent. */
function bulkReplyBytes({ text }: RawReply): number {
  const { length } = Buffer.from(text ?? '')
  return `$${length}\r\n`.length + length + 2
}

function pairsOf(reply: RawReply): Map<string, string> {
  const flat = texts(reply)
  return new Map(flat.flatMap((text, i) => (i % 2 === 0 ? [[text, flat[i + 1]] as const] : [])))
}

describe('a reply without end', () => {
  for (const [name, fields] of [
    ['of a small hash', 3],
    ['of a large hash', FIELDS],
  ] as const) {
    test(`${name} holds nobody up and takes no memory`, async () => {
      await fill(fields)
      const before = await infoNumber('used_memory')
      const reader = await SlowReader.connect()
      reader.take = () => {}
      reader.ask('HRANDFIELD h -999999999 WITHVALUES')
      await reader.read(1)
      expect(await other.call('PING')).toMatchObject({ text: 'PONG' })
      await reader.read(20 * MIB)
      expect(await infoNumber('used_memory')).toBeLessThan(before + 4 * MIB)
      expect(await infoNumber('blocked_clients')).toBe(0)
      reader.close()
      await until('its client is gone', async () => (await infoNumber('connected_clients')) === 2)
    })
  }

  test('ends with its client', async () => {
    await fill(FIELDS)
    const reader = await SlowReader.connect()
    reader.take = () => {}
    reader.ask('CLIENT SETNAME long', 'HRANDFIELD h -999999999')
    await reader.read(MIB)
    const list = (await other.call('CLIENT', 'LIST')).text ?? ''
    const line = list.split('\n').find(each => each.includes('name=long')) ?? ''
    expect(line).toContain('flags=N')
    const id = /id=(\d+)/.exec(line)?.[1] ?? ''
    expect(await other.call('CLIENT', 'UNBLOCK', id)).toMatchObject({ text: '0' })
    const closed = new Promise(resolve => reader.socket.once('close', resolve))
    reader.socket.on('error', () => {})
    expect(await other.call('CLIENT', 'KILL', 'ID', id)).toMatchObject({ text: '1' })
    reader.socket.resume()
    await closed
  })

  test('ends when its client is over its limit', async () => {
    await fill(FIELDS)
    await other.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 10000 0 0')
    const reader = await SlowReader.connect()
    reader.ask('HRANDFIELD h -999999999')
    await until('it is closed', async () => (await infoNumber('connected_clients')) === 2)
    reader.close()
  })

  test('ends when it is longer than its client may have waiting, however fast that reads', async () => {
    await fill(FIELDS)
    await other.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 3000000 0 0')
    const reader = await SlowReader.connect()
    reader.take = () => {}
    reader.ask('HRANDFIELD h -999999999')
    const closed = new Promise(resolve => reader.socket.once('close', resolve))
    reader.socket.on('error', () => {})
    reader.socket.resume()
    await closed
    expect(reader.received).toBe(0)
    const shorter = await RawClient.connect(port)
    expect(texts(await shorter.call('HRANDFIELD', 'h', '-2000')).length).toBe(2000)
    shorter.close()
  })

  test('is announced exactly when it has more elements than a number holds', async () => {
    await fill(3)
    const reader = await SlowReader.connect()
    const head = new Promise(resolve =>
      reader.socket.once('data', bytes => resolve(bytes.toString('latin1').split('\r\n')[0])),
    )
    reader.ask('HRANDFIELD h -9223372036854775807')
    reader.socket.resume()
    expect(await head).toBe('*9223372036854775807')
    reader.close()
  })
})

describe('a long reply', () => {
  for (const change of [
    ['HSET', 'h', ...Array.from({ length: FIELDS }, (_, i) => [`f${i}`, 'changed']).flat()],
    ['HSET', 'h', ...Array.from({ length: FIELDS }, (_, i) => [`new${i}`, 'new']).flat()],
    ['HDEL', 'h', ...Array.from({ length: FIELDS }, (_, i) => `f${i}`)],
    ['SET', 'h', 'a string'],
    ['FLUSHALL'],
  ]) {
    test(`is the hash of the moment of its command: ${change[0]} ${change[2]?.slice(0, 8) ?? ''}`, async () => {
      const content = await fill(FIELDS)
      const reader = await SlowReader.connect()
      reader.ask('HGETALL h', `HRANDFIELD h ${FIELDS - 1} WITHVALUES`)
      await reader.read(1)
      await other.call(...change)
      const [all] = await reader.takeReplies(2)
      expect(pairsOf(all)).toEqual(content)
      reader.close()
    })
  }

  test('comes in its place: behind what was asked for before, ahead of what was asked for later', async () => {
    const content = await fill(FIELDS)
    const reader = await SlowReader.connect()
    reader.ask('ECHO before', 'HKEYS h', 'ECHO between', 'HVALS h', 'ECHO after', 'QUIT', 'ECHO never')
    const closed = new Promise(resolve => reader.socket.once('end', resolve))
    const replies = await reader.takeReplies(6)
    await closed
    const [before, keys, between, values, after, quit] = replies
    expect([before.text, between.text, after.text, quit.text]).toEqual(['before', 'between', 'after', 'OK'])
    expect(new Set(texts(keys))).toEqual(new Set(content.keys()))
    expect(new Set(texts(values))).toEqual(new Set(content.values()))
    expect(replies.length).toBe(6)
  })

  test('comes in its place inside a transaction, which others do not see half of', async () => {
    const content = await fill(FIELDS)
    const reader = await SlowReader.connect()
    reader.ask(
      'MULTI',
      'HGETALL h',
      'HSET h f0 changed',
      'HGET h f0',
      'HRANDFIELD h -2000',
      'DEL h',
      'EXEC',
      'ECHO end',
    )
    const replies = await reader.takeReplies(8)
    const [all, set, get, draws, deleted] = replies[6].elements ?? []
    expect(pairsOf(all)).toEqual(content)
    expect([set.text, get.text, deleted.text]).toEqual(['0', 'changed', '1'])
    expect(texts(draws).length).toBe(2000)
    expect(texts(draws).every(name => content.has(name))).toBe(true)
    expect(replies[7].text).toBe('end')
    reader.close()
  })

  test('counts once as output, and so does what waits behind it', async () => {
    await fill(FIELDS)
    const reader = await SlowReader.connect()
    const stats = await other.call('INFO', 'stats')
    reader.ask('HKEYS h', 'MULTI', 'HVALS h', 'GET none', 'HGET h f0', 'HKEYS h', 'EXEC', 'ECHO end')
    await reader.takeReplies(8)
    // A reply to INFO is counted after it was made.
    const statsBytes = bulkReplyBytes(stats)
    const sent = outputBytes(await other.call('INFO', 'stats')) - outputBytes(stats)
    expect(sent - statsBytes).toBe(reader.received)
    reader.close()
  })

  test('stops counting as memory when the next one begins', async () => {
    const names = Array.from({ length: 40_000 }, (_, i) => `f${i}`)
    await other.call('HSET', 'h', ...names.flatMap(name => [name, 'v']))
    const known = new Set(names)
    await other.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 900000 0 0')
    const reader = await SlowReader.connect()
    reader.ask('MULTI', ...Array.from({ length: 20 }, () => 'HRANDFIELD h 2000'), 'EXEC')
    const replies = await reader.takeReplies(22)
    const draws = replies[21].elements ?? []
    expect(draws.length).toBe(20)
    for (const draw of draws) {
      expect(new Set(texts(draw)).size).toBe(2000)
      expect(texts(draw).every(name => known.has(name))).toBe(true)
    }
    reader.close()
  })

  test('is not sent to who wants no replies', async () => {
    await fill(FIELDS)
    const reader = await SlowReader.connect()
    reader.ask(
      'CLIENT REPLY SKIP',
      'HGETALL h',
      'ECHO one',
      'CLIENT REPLY OFF',
      'HKEYS h',
      'CLIENT REPLY ON',
      'ECHO two',
    )
    const replies = await reader.takeReplies(3)
    expect(replies.map(reply => reply.text)).toEqual(['one', 'OK', 'two'])
    reader.close()
  })

  test('has the shapes of RESP3, and messages come behind it', async () => {
    const content = await fill(FIELDS)
    const reader = await SlowReader.connect()
    reader.ask('HELLO 3', 'SUBSCRIBE news', 'HGETALL h', `HRANDFIELD h ${FIELDS / 2} WITHVALUES`)
    await reader.read(MIB)
    await other.call('PUBLISH', 'news', 'hello')
    const [, subscribed, all, ...last] = await reader.takeReplies(5)
    // Whether the second reply had begun when the message came is a matter of time.
    const [some, message] = last[0].type === '>' ? [last[1], last[0]] : last
    expect(subscribed.type).toBe('>')
    expect(all.type).toBe('%')
    expect(pairsOf(all)).toEqual(content)
    const pairs = (some.elements ?? []).map(pair => texts(pair))
    expect(pairs.length).toBe(FIELDS / 2)
    expect(new Set(pairs.map(([name]) => name)).size).toBe(FIELDS / 2)
    expect(pairs.every(([name, value]) => content.get(name) === value)).toBe(true)
    expect(texts(message)).toEqual(['message', 'news', 'hello'])
    reader.close()
  })

  test('has as many different fields as were asked for, every one as likely', async () => {
    const fields = 3000
    await fill(fields)
    const reader = await RawClient.connect(port)
    const times = new Map<string, number>()
    for (let round = 0; round < 40; round++) {
      const names = texts(await reader.call('HRANDFIELD', 'h', '1500'))
      expect(new Set(names).size).toBe(1500)
      for (const name of names) times.set(name, (times.get(name) ?? 0) + 1)
    }
    // 20 each, with a standard deviation of 3.2: all 3000 within 6 of them.
    expect(times.size).toBe(fields)
    for (const count of times.values()) expect(count).toSatisfy((n: number) => n > 0 && n < 40)
    for (const count of ['-1500', '100', '2999', '3000', '5000']) {
      const names = texts(await reader.call('HRANDFIELD', 'h', count))
      expect(names.length).toBe(Math.min(Math.abs(Number(count)), count === '-1500' ? 1500 : fields))
    }
    reader.close()
  })
})

test('CLIENT LIST of many clients is whole inside a transaction, too', async () => {
  const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(port)))
  await Promise.all(clients.map(client => client.call('PING')))
  const replies = await other.pipeline([['MULTI'], ['CLIENT', 'LIST'], ['PING'], ['EXEC'], ['PING']])
  const [list, pong] = replies[3].elements ?? []
  expect(list.text?.trim().split('\n').length).toBe(301)
  expect([pong.text, replies[4].text]).toEqual(['PONG', 'PONG'])
  for (const client of clients) client.close()
})

test('what a client does not read counts as used memory, and so do its limits', async () => {
  await other.call('SET', 'big', 'x'.repeat(MIB))
  const before = await infoNumber('used_memory')
  const reader = await SlowReader.connect()
  reader.ask(...Array.from({ length: 50 }, () => 'GETRANGE big 0 -2'))
  await until('its replies count', async () => (await infoNumber('used_memory')) > before + 30 * MIB)
  reader.close()
  await until('they no longer do', async () => (await infoNumber('used_memory')) < before + 5 * MIB)
})

describe('a large COUNT', () => {
  test('of SCAN and HSCAN finds everything, in slices, once', async () => {
    const content = await fill(FIELDS)
    const keys = Array.from({ length: FIELDS }, (_, i) => `k${i}`)
    await other.call('MSET', ...keys.flatMap(key => [key, 'v']))
    const reader = await SlowReader.connect()
    reader.ask('SCAN 0 COUNT 100000', 'SCAN 0 COUNT 100000 MATCH k1* TYPE string', 'SCAN 0 COUNT 100000 TYPE hash')
    reader.ask('HSCAN h 0 COUNT 100000', 'HSCAN h 0 MATCH f*9 COUNT 100000', 'PING')
    const replies = await reader.takeReplies(6)
    expect(replies[5].text).toBe('PONG')
    const [all, some, hashes, fields, few] = replies.slice(0, 5).map(reply => {
      expect(reply.elements?.[0].text).toBe('0')
      return reply.elements?.[1] as RawReply
    })
    expect(texts(all).sort()).toEqual(['h', ...keys].sort())
    expect(texts(some).sort()).toEqual(keys.filter(key => key.startsWith('k1')).sort())
    expect(texts(hashes)).toEqual(['h'])
    expect(pairsOf(fields)).toEqual(content)
    expect(pairsOf(few)).toEqual(new Map([...content].filter(([name]) => name.endsWith('9'))))
    reader.close()
  })

  test('stops where it has looked at so many, and goes on from there', async () => {
    const content = await fill(FIELDS)
    const reader = await RawClient.connect(port)
    const seen = new Map<string, string>()
    let cursor = '0'
    let calls = 0
    do {
      const [next, found] = (await reader.call('HSCAN', 'h', cursor, 'COUNT', '2000')).elements ?? []
      for (const [name, value] of pairsOf(found)) seen.set(name, value)
      cursor = next.text ?? '0'
      calls++
    } while (cursor !== '0')
    expect(seen).toEqual(content)
    expect(calls).toBeGreaterThan(1)
    reader.close()
  })

  test('is given up with a client whose limit it outgrows, and counts as memory until then', async () => {
    await other.call('DEBUG', 'POPULATE', '300000', 'a-rather-long-name-of-a-key-so-that-it-adds-up')
    await other.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 2000000 0 0')
    const reader = await SlowReader.connect()
    reader.ask('SCAN 0 COUNT 10000000')
    await until('it is closed', async () => (await infoNumber('connected_clients')) === 2)
    reader.close()
  })
})
