import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { words } from '../commands/side-by-side.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

let server: RunningServer

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
afterAll(async () => {
  await server.stop()
})

/** Sent when all commands are done, so that what came before it is all there is. */
const END = 'end of test'

/** The messages that commands cause: channel and message, with the given notify-keyspace-events. */
async function eventsOf(port: number, classes: string, commands: readonly (readonly string[])[]): Promise<string[]> {
  const listener = await RawClient.connect(port)
  const client = await RawClient.connect(port)
  await client.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'notify-keyspace-events', classes]])
  listener.write(['PSUBSCRIBE', '__key*__:*'], ['SUBSCRIBE', END])
  await listener.next()
  await listener.next()
  await client.pipeline(commands)
  await client.pipeline([
    ['CONFIG', 'SET', 'notify-keyspace-events', ''],
    ['PUBLISH', END, ''],
  ])
  const events: string[] = []
  for (;;) {
    const message = texts(await listener.next())
    if (message[0] === 'message') break
    events.push(message.slice(2).join(' '))
  }
  listener.close()
  client.close()
  return events
}

test('K and E choose the channels, and without one of them nothing is published', async () => {
  const set = [['SET', 'k', 'v']]
  expect(await eventsOf(server.port, 'K$', set)).toEqual(['__keyspace@0__:k set'])
  expect(await eventsOf(server.port, 'E$', set)).toEqual(['__keyevent@0__:set k'])
  expect(await eventsOf(server.port, 'KE$', set)).toEqual(['__keyspace@0__:k set', '__keyevent@0__:set k'])
  expect(await eventsOf(server.port, '$', set)).toEqual([])
})

test('every class publishes its own events only', async () => {
  const commands = words('SET a 1', 'HSET h f v', 'EXPIRE a 100', 'GET nothing', 'DEL h', 'GETDEL a')
  const published = async (letter: string): Promise<string[]> => {
    const events = await eventsOf(server.port, `E${letter}`, commands)
    return events.map(event => event.replace('__keyevent@0__:', ''))
  }
  expect(await published('$')).toEqual(['set a'])
  expect(await published('h')).toEqual(['hset h'])
  expect(await published('g')).toEqual(['expire a', 'del h', 'del a'])
  expect(await published('n')).toEqual(['new a', 'new h'])
  expect(await published('m')).toEqual(['keymiss nothing'])
  expect(await published('lsztdex')).toEqual([])
})

test('a key that runs out of time is published as expired, by whoever notices first', async () => {
  const listener = await RawClient.connect(server.port)
  const client = await RawClient.connect(server.port)
  await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'Ex')
  listener.write(['PSUBSCRIBE', '*'])
  await listener.next()
  await client.call('SET', 'background', '1', 'PX', '20')
  expect(texts(await listener.next())).toEqual(['pmessage', '*', '__keyevent@0__:expired', 'background'])
  await client.pipeline([
    ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
    ['SET', 'lazy', '1', 'PX', '1'],
  ])
  await expect.poll(async () => (await client.call('EXISTS', 'lazy')).text).toBe('0')
  expect(texts(await listener.next())).toEqual(['pmessage', '*', '__keyevent@0__:expired', 'lazy'])
  await client.pipeline([
    ['DEBUG', 'SET-ACTIVE-EXPIRE', '1'],
    ['CONFIG', 'SET', 'notify-keyspace-events', ''],
  ])
  listener.close()
  client.close()
})

test('a key that memory has no room for is published as evicted', async () => {
  const events = await eventsOf(server.port, 'Ee', [
    ['SET', 'victim', 'v'],
    ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random'],
    ['CONFIG', 'SET', 'maxmemory', '1'],
    ['SET', 'other', 'v'],
    ['CONFIG', 'SET', 'maxmemory', '0'],
  ])
  expect(events).toEqual(['__keyevent@0__:evicted victim'])
})

test('events name the database and any bytes of a key', async () => {
  const key = '\0\xff\r\n'
  const events = await eventsOf(server.port, 'KE$', [
    ['SELECT', '9'],
    ['SET', key, 'v'],
    ['SELECT', '0'],
  ])
  expect(events).toEqual([`__keyspace@9__:${key} set`, `__keyevent@9__:set ${key}`])
})

test('whoever listens to itself gets the events of its transaction behind the reply', async () => {
  const client = await RawClient.connect(server.port)
  await client.call('HELLO', '3')
  await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'E$')
  client.write(['PSUBSCRIBE', '*'], ['MULTI'], ['SET', 'a', '1'], ['INCR', 'a'], ['EXEC'])
  const seen = []
  for (let i = 0; i < 7; i++) seen.push(await client.next())
  expect(seen.slice(4).map(reply => texts(reply).join(' '))).toEqual([
    'OK 2',
    'pmessage * __keyevent@0__:set a',
    'pmessage * __keyevent@0__:incrby a',
  ])
  await client.call('CONFIG', 'SET', 'notify-keyspace-events', '')
  client.close()
})
