import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { linkUp } from '../../interop/polling.js'
import { cli, type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient
let other: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
  return () => {
    client.close()
    other.close()
  }
})
afterAll(async () => {
  await server.stop()
})

/** A reply's type and, for a list, its elements' texts. */
function shape(reply: RawReply): string {
  return reply.elements === null ? `${reply.type}${reply.text}` : `${reply.type} ${texts(reply).join(' ')}`
}

async function nextOf(from: RawClient, count: number): Promise<string[]> {
  const shapes: string[] = []
  while (shapes.length < count) shapes.push(shape(await from.next()))
  return shapes
}

describe('subscribing', () => {
  test('every name is confirmed with the number of subscriptions by then', async () => {
    client.write(['SUBSCRIBE', 'a', 'b', 'a'], ['PSUBSCRIBE', 'c*'], ['SSUBSCRIBE', 's'], ['UNSUBSCRIBE', 'a', 'x'])
    expect(await nextOf(client, 7)).toEqual([
      '* subscribe a 1',
      '* subscribe b 2',
      '* subscribe a 2',
      '* psubscribe c* 3',
      '* ssubscribe s 1',
      '* unsubscribe a 2',
      '* unsubscribe x 2',
    ])
  })

  test('without names everything is unsubscribed; where there is nothing the confirmation names nothing', async () => {
    client.write(['SUBSCRIBE', 'a', 'b'], ['UNSUBSCRIBE'], ['UNSUBSCRIBE'])
    expect(await nextOf(client, 5)).toEqual([
      '* subscribe a 1',
      '* subscribe b 2',
      '* unsubscribe a 1',
      '* unsubscribe b 0',
      '* unsubscribe (null) 0',
    ])
  })

  test('in RESP3 confirmations and messages are pushes, and any command may be sent between them', async () => {
    await client.call('HELLO', '3')
    client.write(['SUBSCRIBE', 'a'], ['SET', 'k', 'v'], ['PING'])
    expect(await nextOf(client, 3)).toEqual(['> subscribe a 1', '+OK', '+PONG'])
    await other.call('PUBLISH', 'a', 'hello')
    expect(shape(await client.next())).toBe('> message a hello')
    client.write(['PUNSUBSCRIBE'])
    expect((await client.next()).elements?.map(shape)).toEqual(['$punsubscribe', '_', ':1'])
  })

  test('in RESP2 only commands about subscriptions are left, and PING answers as a message', async () => {
    client.write(['SUBSCRIBE', 'a'], ['GET', 'k'], ['PING'], ['PING', 'text'])
    expect(await nextOf(client, 4)).toEqual([
      '* subscribe a 1',
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
      '* pong ',
      '* pong text',
    ])
    client.write(['UNSUBSCRIBE', 'a'], ['GET', 'nothing'], ['PING'])
    expect(await nextOf(client, 3)).toEqual(['* unsubscribe a 0', '$null', '+PONG'])
  })

  test('a transaction takes SUBSCRIBE and refuses SSUBSCRIBE', async () => {
    await client.call('HELLO', '3')
    client.write(['MULTI'], ['SUBSCRIBE', 'a'], ['SSUBSCRIBE', 's'], ['EXEC'])
    const [, , , exec] = [await client.next(), await client.next(), await client.next(), await client.next()]
    expect((exec.elements ?? []).map(shape)).toEqual([
      '> subscribe a 1',
      "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client",
    ])
  })

  test('CLIENT REPLY OFF silences replies, not confirmations and messages', async () => {
    await client.call('HELLO', '3')
    client.write(['CLIENT', 'REPLY', 'OFF'], ['PING'], ['SUBSCRIBE', 'a'], ['GET', 'k'], ['PUBLISH', 'a', 'm'])
    expect(await nextOf(client, 2)).toEqual(['> subscribe a 1', '> message a m'])
  })

  test('RESET ends all subscriptions without a word', async () => {
    client.write(['SUBSCRIBE', 'a'], ['PSUBSCRIBE', 'a*'], ['SSUBSCRIBE', 'a'], ['RESET'], ['GET', 'nothing'])
    expect((await nextOf(client, 5)).slice(3)).toEqual(['+RESET', '$null'])
    expect((await other.call('PUBLISH', 'a', 'm')).text).toBe('0')
    expect((await other.call('SPUBLISH', 'a', 'm')).text).toBe('0')
  })

  test('a connection that closes is subscribed no longer', async () => {
    client.write(['SUBSCRIBE', 'gone'])
    await client.next()
    client.close()
    await expect.poll(async () => (await other.call('PUBLISH', 'gone', 'm')).text).toBe('0')
    expect(texts(await other.call('PUBSUB', 'CHANNELS', 'gone'))).toEqual([])
  })
})

describe('publishing', () => {
  test('a message goes to each subscription and is counted for each', async () => {
    client.write(['SUBSCRIBE', 'news.art'], ['PSUBSCRIBE', 'news.*', '*art'])
    await nextOf(client, 3)
    expect((await other.call('PUBLISH', 'news.art', 'hello')).text).toBe('3')
    expect(await nextOf(client, 3)).toEqual([
      '* message news.art hello',
      '* pmessage news.* news.art hello',
      '* pmessage *art news.art hello',
    ])
  })

  test('shard channels are apart from channels and no pattern matches them', async () => {
    client.write(['SUBSCRIBE', 'c'], ['PSUBSCRIBE', '*'], ['SSUBSCRIBE', 'c'])
    await nextOf(client, 3)
    expect((await other.call('SPUBLISH', 'c', 'shard')).text).toBe('1')
    expect(shape(await client.next())).toBe('* smessage c shard')
  })

  test('names and messages may hold any bytes', async () => {
    const name = '\0\xff\r\n'
    client.write(['SUBSCRIBE', name], ['PSUBSCRIBE', '\0?\r*'])
    await nextOf(client, 2)
    await other.call('PUBLISH', name, '\x80\0')
    expect([texts(await client.next()), texts(await client.next())]).toEqual([
      ['message', name, '\x80\0'],
      ['pmessage', '\0?\r*', name, '\x80\0'],
    ])
  })

  test("a client's own message comes behind the reply that says how many got it", async () => {
    await client.call('HELLO', '3')
    client.write(['SUBSCRIBE', 'self'], ['PUBLISH', 'self', '1'], ['PING'], ['PUBLISH', 'self', '2'])
    expect(await nextOf(client, 6)).toEqual([
      '> subscribe self 1',
      ':1',
      '> message self 1',
      '+PONG',
      ':1',
      '> message self 2',
    ])
  })

  test("a transaction's own messages come behind the whole of EXEC's reply", async () => {
    await client.call('HELLO', '3')
    client.write(['SUBSCRIBE', 'self'], ['MULTI'], ['PUBLISH', 'self', '1'], ['PING'], ['EXEC'])
    expect(await nextOf(client, 6)).toEqual([
      '> subscribe self 1',
      '+OK',
      '+QUEUED',
      '+QUEUED',
      '* 1 PONG',
      '> message self 1',
    ])
  })

  test('messages of a pipeline keep the order in which they were published', async () => {
    client.write(['SUBSCRIBE', 'order'])
    await client.next()
    const batch = Array.from({ length: 500 }, (_, i) => ['PUBLISH', 'order', String(i)])
    await other.pipeline(batch)
    expect(await nextOf(client, 500)).toEqual(batch.map((_, i) => `* message order ${i}`))
  })
})

test('CLIENT LIST and INFO show subscriptions, and CLIENT KILL TYPE pubsub finds their clients', async () => {
  client.write(['CLIENT', 'SETNAME', 'listener'], ['SUBSCRIBE', 'a', 'b'], ['PSUBSCRIBE', 'p'], ['SSUBSCRIBE', 's'])
  await nextOf(client, 5)
  const list = (await other.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')).text ?? ''
  expect(list).toMatch(/^id=\d+ [^\n]* name=listener [^\n]* flags=P [^\n]* sub=2 psub=1 ssub=1 [^\n]*\n$/)
  const info = (await other.call('INFO', 'stats')).text ?? ''
  expect(info).toContain('pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n')
  expect((await other.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).text).toBe('1')
  expect((await other.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).text).toBe('')
})

test('PUBSUB HELP lists every subcommand', async () => {
  const help = texts(await client.call('PUBSUB', 'HELP'))
  expect(help.filter(line => /^[A-Z]{4,}/.test(line)).map(line => line.split(' ')[0])).toEqual([
    'PUBSUB',
    'CHANNELS',
    'NUMPAT',
    'NUMSUB',
    'SHARDCHANNELS',
    'SHARDNUMSUB',
    'HELP',
  ])
})

describe('beside redis-server', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', '', '--repl-diskless-sync-delay', '0'])
  })
  afterAll(async () => {
    await stock.stop()
  })

  test('replies to publishing and to PUBSUB are the same, in RESP2 and RESP3', async () => {
    const requests = words(
      'PUBLISH alpha x',
      'PUBLISH beta x',
      'SPUBLISH alpha x',
      'SPUBLISH shard x',
      'PUBLISH alpha',
      'PUBSUB',
      'PUBSUB CHANNELS al*',
      'PUBSUB CHANNELS nothing',
      'PUBSUB CHANNELS a b',
      'PUBSUB NUMSUB',
      'PUBSUB NUMSUB alpha beta alpha',
      'PUBSUB NUMPAT',
      'PUBSUB NUMPAT x',
      'PUBSUB SHARDCHANNELS',
      'PUBSUB SHARDCHANNELS sh?rd',
      'PUBSUB SHARDNUMSUB shard alpha',
      'PUBSUB NOSUCH',
      'SUBSCRIBE',
      'MULTI',
      'PUBLISH alpha x',
      'PUBSUB NUMSUB alpha',
      'EXEC',
    )
    for (const resp of ['2', '3']) {
      const [ours, theirs] = await Promise.all([server, stock].map(({ port }) => RawClient.connect(port)))
      const listeners = await Promise.all([server, stock].map(({ port }) => RawClient.connect(port)))
      for (const listener of listeners) {
        listener.write(['SUBSCRIBE', 'alpha'], ['PSUBSCRIBE', 'a*', '[b'], ['SSUBSCRIBE', 'shard'])
        await nextOf(listener, 4)
      }
      await Promise.all([ours, theirs].map(each => each.call('HELLO', resp)))
      await expectSame(ours, theirs, requests)
      const received = await Promise.all(listeners.map(listener => nextOf(listener, 5)))
      expect(received[0]).toEqual(received[1])
      for (const each of [ours, theirs, ...listeners]) each.close()
    }
  })

  test('messages reach the subscribers of replicas, with redis-server on either side', async () => {
    const [ours, theirs] = await Promise.all([
      startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${stock.port}`]),
      startRedisServer(['--save', '', '--replicaof', `127.0.0.1 ${server.port}`]),
    ])
    await Promise.all([linkUp(ours.port), linkUp(theirs.port)])
    const listeners = await Promise.all([ours, theirs].map(({ port }) => RawClient.connect(port)))
    for (const listener of listeners) {
      listener.write(['SUBSCRIBE', 'c'], ['SSUBSCRIBE', 's'])
      await nextOf(listener, 2)
    }
    for (const { port } of [stock, server]) {
      await cli(port, 'PUBLISH', 'c', 'one')
      await cli(port, 'SPUBLISH', 's', 'two')
    }
    for (const listener of listeners) {
      expect(await nextOf(listener, 2)).toEqual(['* message c one', '* smessage s two'])
      listener.close()
    }
    await Promise.all([ours.stop(), theirs.stop()])
  })

  test('what is published on a replica stays there, and is no write that a read-only replica refuses', async () => {
    const replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${stock.port}`])
    await linkUp(replica.port)
    const publisher = await RawClient.connect(replica.port)
    expect((await publisher.pipeline([['MULTI'], ['PUBLISH', 'c', 'm'], ['EXEC']])).map(shape)).toEqual([
      '+OK',
      '+QUEUED',
      '* 0',
    ])
    publisher.close()
    await replica.stop()
  })
})
