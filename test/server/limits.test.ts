import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

let server: RunningServer
let admin: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  admin = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await set('client-output-buffer-limit', 'normal 0 0 0 pubsub 33554432 8388608 60')
})
afterAll(async () => {
  admin.close()
  await server.stop()
})

async function set(name: string, value: string): Promise<void> {
  expect((await admin.call('CONFIG', 'SET', name, value)).text).toBe('OK')
}

/** A connection that sends and reads only when told to. */
async function silent(...requests: string[]): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  for (const request of requests) socket.write(`${request}\r\n`, 'latin1')
  return socket
}

/** Resolves when the server has closed it, with a reset or without. */
function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  return new Promise(resolve => socket.once('close', () => resolve()))
}

/** The line of CLIENT LIST with this name, '' when there is none. */
async function line(name: string): Promise<string> {
  const list = (await admin.call('CLIENT', 'LIST')).text ?? ''
  return list.split('\n').find(each => each.includes(` name=${name} `)) ?? ''
}

async function field(name: string, key: string): Promise<number> {
  return Number(new RegExp(` ${key}=(-?\\d+)`).exec(await line(name))?.[1])
}

/** Publishes to `channel` until so many subscriptions are left. */
async function publishUntil(channel: string, left: number, message: string): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (Number((await admin.call('PUBLISH', channel, message)).text) === left) return
  }
  throw new Error(`more than ${left} are left`)
}

/** How many clients have been closed because of a limit, as INFO counts them. */
async function disconnections(buffer: 'query' | 'output'): Promise<number> {
  const { text } = await admin.call('INFO', 'stats')
  return Number(new RegExp(`client_${buffer}_buffer_limit_disconnections:(\\d+)`).exec(text ?? '')?.[1])
}

describe('client-output-buffer-limit', () => {
  test('a subscriber that does not read is cut at the hard limit of its class, the others get every message', async () => {
    await set('client-output-buffer-limit', 'normal 1024 1024 1 pubsub 1000000 0 0')
    const slow = await silent('CLIENT SETNAME slow', 'SUBSCRIBE c')
    const fast = await RawClient.connect(server.port)
    fast.write(['SUBSCRIBE', 'c'])
    await fast.next()
    await until('both listen', async () => (await field('slow', 'sub')) === 1)
    await publishUntil('c', 1, 'x'.repeat(100_000))
    expect(await line('slow')).toBe('')
    await admin.call('PUBLISH', 'c', 'last')
    for (;;) if ((await fast.next()).elements?.[2].text === 'last') break
    await server.waitForLog(
      /Client id=\d+ .*name=slow .* scheduled to be closed ASAP for overcoming of output buffer limits\./,
    )
    expect(await disconnections('output')).toBeGreaterThan(0)
    await admin.call('CONFIG', 'RESETSTAT')
    expect(await disconnections('output')).toBe(0)
    slow.destroy()
    fast.close()
  })

  test('over the soft limit a client has the given seconds, then it goes even without new output', async () => {
    await set('client-output-buffer-limit', 'pubsub 0 1000000 1')
    const slow = await silent('CLIENT SETNAME patient', 'SUBSCRIBE d')
    await until('it listens', async () => (await field('patient', 'sub')) === 1)
    while ((await field('patient', 'omem')) < 1_000_000) await admin.call('PUBLISH', 'd', 'x'.repeat(100_000))
    const over = performance.now()
    expect(await line('patient')).not.toBe('')
    await until('it is closed', async () => (await line('patient')) === '')
    expect(performance.now() - over).toBeGreaterThan(900)
    slow.destroy()
  })

  test('replies of one read that are too much are not sent at all', async () => {
    await admin.call('SET', 'large', 'x'.repeat(10_000))
    await set('client-output-buffer-limit', 'normal 100000 0 0')
    const greedy = await silent()
    let received = 0
    greedy.on('data', data => {
      received += data.length
    })
    greedy.write('GET large\r\n'.repeat(15))
    await once(greedy, 'close')
    expect(received).toBe(0)
  })

  test('short replies that are added to what waits count as long ones do', async () => {
    await admin.call('SET', 'large', 'x'.repeat(20_000_000))
    const slow = await silent('CLIENT SETNAME adding')
    await until('it has its name', async () => (await line('adding')) !== '')
    slow.pause()
    slow.write('GET large\r\n')
    await until('its reply waits', async () => (await field('adding', 'omem')) > 1_000_000)
    const waiting = await field('adding', 'omem')
    await set('client-output-buffer-limit', `normal ${waiting + 50_000} 0 0`)
    // Each in a turn of its own, and the client never reads.
    for (let i = 0; i < 3000 && (await line('adding')) !== ''; i++) slow.write(`ECHO ${'e'.repeat(100)}\r\n`)
    expect(await line('adding')).toBe('')
    slow.destroy()
    await admin.call('DEL', 'large')
  })

  test('what waits for a client shows in CLIENT LIST', async () => {
    const slow = await silent('CLIENT SETNAME waiting')
    await until('it has its name', async () => (await line('waiting')) !== '')
    await admin.call('SET', 'large', 'x'.repeat(20_000_000))
    slow.write('GET large\r\n')
    await until('its reply waits', async () => (await field('waiting', 'omem')) > 1_000_000)
    expect(await field('waiting', 'oll')).toBeGreaterThan(0)
    expect(await line('waiting')).toContain(' events=rw ')
    slow.destroy()
    await admin.call('DEL', 'large')
  })
})

describe('client-query-buffer-limit', () => {
  beforeEach(async () => {
    await set('client-query-buffer-limit', '2mb')
    return () => set('client-query-buffer-limit', '1gb')
  })

  test('a request that grows beyond it ends the connection', async () => {
    const client = await silent()
    const end = closed(client)
    const before = await disconnections('query')
    client.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000000\r\n${'x'.repeat(4_000_000)}`)
    await end
    await server.waitForLog('Closing client that reached max query buffer length')
    expect(await disconnections('query')).toBe(before + 1)
  })

  test('so does a transaction that is queued and not executed', async () => {
    const client = await silent('MULTI')
    const end = closed(client)
    let replies = ''
    client.on('data', data => {
      replies += data
    })
    for (let i = 0; i < 4; i++) client.write(`SET k ${'x'.repeat(60_000)}\r\n`.repeat(20))
    await end
    expect(replies).toMatch(/^\+OK\r\n(\+QUEUED\r\n)*$/)
  })
})

test('room that was made for a large value is given back when the value does not come', async () => {
  const client = await silent('CLIENT SETNAME announcer')
  client.write('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n')
  await until('it has room', async () => (await field('announcer', 'qbuf-free')) >= 1_000_000)
  await until('the room is gone', async () => (await field('announcer', 'qbuf-free')) === 0)
  client.write(`${'v'.repeat(1_000_000)}\r\n`)
  await until('it has come after all', async () => (await admin.call('STRLEN', 'k')).text === '1000000')
  client.destroy()
})

test('timeout closes idle clients, but none that listens', async () => {
  const idle = await silent('CLIENT SETNAME idle')
  const listening = await silent('CLIENT SETNAME listening', 'SUBSCRIBE x')
  await until('it listens', async () => (await field('listening', 'sub')) === 1)
  await set('timeout', '1')
  const end = closed(idle)
  idle.resume()
  await until('the idle one is gone', async () => (await line('idle')) === '')
  await end
  expect(await line('listening')).not.toBe('')
  await set('timeout', '0')
  listening.destroy()
})

test('maxclients takes effect at once, also below the number of clients there are', async () => {
  const second = await RawClient.connect(server.port)
  await second.call('PING')
  await set('maxclients', '1')
  const late = await RawClient.connect(server.port)
  expect((await late.next()).text).toBe('ERR max number of clients reached')
  expect((await second.call('PING')).text).toBe('PONG')
  await set('maxclients', '10000')
  const later = await RawClient.connect(server.port)
  expect((await later.call('PING')).text).toBe('PONG')
  for (const client of [second, late, later]) client.close()
})

test('a long pipeline lets others have their turn', async () => {
  const keys = Array.from({ length: 5000 }, (_, i) => ['SET', `many:${i}`, 'v'])
  await admin.pipeline(keys)
  const busy = await RawClient.connect(server.port)
  let done = 0
  const walks = busy.pipeline(Array.from({ length: 30 }, () => ['KEYS', '*'])).then(() => done++)
  expect((await admin.call('PING')).text).toBe('PONG')
  expect(done).toBe(0)
  await walks
  busy.close()
  await admin.call('FLUSHALL')
})
