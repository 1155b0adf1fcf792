/** maxmemory-clients: who has to go when clients take too much memory. */
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

const KIB = 1024
/** What the limit is never below. */
const LEAST_LIMIT = 128 * KIB

let server: RunningServer
let control: RawClient
let opened: Holder[] = []

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  control = await RawClient.connect(server.port)
  await control.pipeline([
    ['CLIENT', 'NO-EVICT', 'ON'],
    ['SET', 'large', 'v'.repeat(100_000)],
  ])
})
beforeEach(async () => {
  await control.pipeline([
    ['CONFIG', 'SET', 'maxmemory-clients', '0', 'maxmemory', '0'],
    ['CONFIG', 'RESETSTAT'],
  ])
})
afterEach(() => {
  for (const holder of opened) holder.socket.destroy()
  opened = []
})
afterAll(async () => {
  control.close()
  await server.stop()
})

/** A client that is told to take memory, and that notices when it has been closed. */
class Holder {
  readonly name: string
  readonly socket: Socket
  closed = false

  private constructor(name: string, socket: Socket) {
    this.name = name
    this.socket = socket
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  static async open(name: string): Promise<Holder> {
    const socket = connect(server.port, '127.0.0.1')
    const holder = new Holder(name, socket)
    opened.push(holder)
    holder.send('CLIENT', 'SETNAME', name)
    await new Promise(resolve => socket.once('data', resolve))
    return holder
  }

  send(...args: string[]): void {
    this.socket.write(`*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`, 'latin1')
  }

  /** Sends a command with an argument of `bytes` that is one byte short of complete. */
  begin(bytes: number): void {
    this.socket.write(`*2\r\n$4\r\nECHO\r\n$${bytes}\r\n${'v'.repeat(bytes - 1)}`, 'latin1')
  }

  /** As begin(), and waits until the server has all of it. */
  async hold(bytes: number): Promise<void> {
    this.begin(bytes)
    await until(`${this.name} holds ${bytes} bytes`, async () => (await fieldOf(this.name, 'qbuf')) === bytes - 1)
  }
}

/** A field of CLIENT LIST, or NaN when no client has this name. */
async function fieldOf(name: string, field: string): Promise<number> {
  const list = (await control.call('CLIENT', 'LIST')).text ?? ''
  const line = list.split('\n').find(each => each.includes(` name=${name} `)) ?? ''
  return Number(new RegExp(` ${field}=(\\d+)`).exec(line)?.[1] ?? Number.NaN)
}

async function isListed(name: string): Promise<boolean> {
  return !Number.isNaN(await fieldOf(name, 'tot-mem'))
}

function limit(bytes: number | string): Promise<unknown> {
  return control.call('CONFIG', 'SET', 'maxmemory-clients', String(bytes))
}

async function evicted(): Promise<number> {
  return Number(/evicted_clients:(\d+)/.exec((await control.call('INFO', 'stats')).text ?? '')?.[1])
}

test('the largest clients go first, and no more than needed', async () => {
  const sizes = [100, 300, 700, 1500].map(kib => kib * KIB)
  for (const size of sizes) await (await Holder.open(`holds:${size}`)).hold(size)
  const small = sizes[0] + sizes[1]
  await limit(small + 100 * KIB)
  expect(await Promise.all(sizes.map(size => isListed(`holds:${size}`)))).toEqual([true, true, false, false])
  expect(await evicted()).toBe(2)
  await limit(LEAST_LIMIT)
  expect(await Promise.all(sizes.map(size => isListed(`holds:${size}`)))).toEqual([true, false, false, false])
})

test('the log says who was closed', async () => {
  await (await Holder.open('logged')).hold(400 * KIB)
  await limit(LEAST_LIMIT)
  await server.waitForLog(/Evicting client: id=\d+ .* name=logged .* tot-mem=4\d{5} /)
})

test('a client with CLIENT NO-EVICT stays until it gives that up', async () => {
  const holder = await Holder.open('stays')
  holder.send('CLIENT', 'NO-EVICT', 'ON')
  await holder.hold(400 * KIB)
  await limit(LEAST_LIMIT)
  expect(await isListed('stays')).toBe(true)
  holder.socket.write('v\r\n')
  holder.send('CLIENT', 'NO-EVICT', 'OFF')
  holder.begin(400 * KIB)
  await until('the client is closed', async () => holder.closed)
  expect(await evicted()).toBe(1)
})

test('a percentage is one of maxmemory, and no limit without that', async () => {
  await limit('50%')
  await (await Holder.open('half')).hold(400 * KIB)
  await control.call('CONFIG', 'SET', 'maxmemory', String(1024 * KIB))
  expect(await isListed('half')).toBe(true)
  await control.call('CONFIG', 'SET', 'maxmemory', String(700 * KIB))
  expect(await isListed('half')).toBe(false)
})

test('replies that nobody reads count', async () => {
  await limit(20 * LEAST_LIMIT)
  const holder = await Holder.open('reads-nothing')
  holder.socket.pause()
  await until('the client is closed', async () => {
    for (let i = 0; i < 10; i++) holder.send('GET', 'large')
    return !(await isListed('reads-nothing'))
  })
  expect(await evicted()).toBe(1)
})

test.each([
  ['queued commands', ['MULTI'], (i: number) => ['SET', `key${i}`, 'v'.repeat(1000)]],
  ['watched keys', ['PING'], (i: number) => ['WATCH', `key${i}`]],
  ['channels', ['PING'], (i: number) => ['SUBSCRIBE', `channel${i}`]],
  ['patterns', ['PING'], (i: number) => ['PSUBSCRIBE', `pattern${i}`]],
  ['tracked prefixes', ['PING'], (i: number) => ['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', `prefix${i}:`]],
] as const)('%s count', async (_, first, next) => {
  const holder = await Holder.open('grows')
  holder.socket.resume()
  holder.send(...first)
  await limit(LEAST_LIMIT)
  let i = 0
  await until('the client is closed', async () => {
    for (const end = i + 50; i < end; i++) holder.send(...next(i))
    return holder.closed
  })
  expect(await evicted()).toBe(1)
})

test('clients go before keys do', async () => {
  const used = Number(/used_memory:(\d+)/.exec((await control.call('INFO', 'memory')).text ?? '')?.[1])
  const maxmemory = String(used + 600 * KIB)
  await control.call('CONFIG', 'SET', 'maxmemory', maxmemory, 'maxmemory-policy', 'allkeys-lru')
  await limit(300 * KIB)
  const holder = await Holder.open('too-large')
  holder.begin(1000 * KIB)
  await until('the client is closed', async () => holder.closed)
  expect((await control.call('EXISTS', 'large')).text).toBe('1')
  expect((await control.call('INFO', 'stats')).text).toContain('evicted_keys:0\r\n')
})
