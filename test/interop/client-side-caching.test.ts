import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs } from './stock.js'

const KEYS = Array.from({ length: 40 }, (_, i) => `user:${i}`)
const ROUNDS = 400

let server: RunningServer
let writer: Redis

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  writer = new Redis(server.port)
})
afterAll(async () => {
  writer.disconnect()
  await server.stop()
})

function anyKey(): string {
  return KEYS[Math.floor(Math.random() * KEYS.length)]
}

const BEING_READ = Symbol('being read')
type Cache = Map<string, string | null | typeof BEING_READ>

/**
 * Reads through a cache while another client writes, and expects that in the end, when all messages are in, the cache holds
 * nothing stale, though most of what it holds was not read again.
 */
async function expectCoherent(
  cache: Cache,
  read: (key: string) => Promise<string | null>,
  settle: () => Promise<void>,
): Promise<void> {
  let writes: Promise<unknown> = Promise.resolve()
  for (let i = 0; i < ROUNDS; i++) {
    if (i % 4 === 0) writes = writer.set(anyKey(), String(i))
    if (i % 40 === 39) writes = writer.mset(anyKey(), 'a', anyKey(), 'b')
    if (i % 90 === 89) writes = writer.del(anyKey())
    const key = anyKey()
    if (cache.has(key)) continue
    // An invalidation may overtake the reply, on a connection of its own: then what was read is not kept.
    cache.set(key, BEING_READ)
    const value = await read(key)
    if (cache.has(key)) cache.set(key, value)
  }
  await writes
  await settle()
  const values = await writer.mget(...KEYS)
  for (const [i, key] of KEYS.entries()) if (cache.has(key)) expect([key, cache.get(key)]).toEqual([key, values[i]])
  expect(cache.size).toBeGreaterThan(KEYS.length / 4)
}

test('RESP2 through ioredis: invalidations go to a second connection that is subscribed', async () => {
  const cache: Cache = new Map()
  const listener = new Redis({ port: server.port, protocol: 2 })
  const reader = new Redis({ port: server.port, protocol: 2 })
  const id = await listener.client('ID')
  let lastMessage = ''
  listener.on('message', (channel: string, message: string) => {
    lastMessage = message
    if (channel === '__redis__:invalidate') for (const key of message.split(',')) cache.delete(key)
  })
  await listener.subscribe('__redis__:invalidate')
  await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
  await expectCoherent(
    cache,
    key => reader.get(key),
    async () => {
      await reader.get('the last')
      await writer.set('the last', '1')
      while (lastMessage !== 'the last') await listener.ping()
    },
  )
  listener.disconnect()
  reader.disconnect()
})

for (const mode of ['what was read', 'what begins with a prefix']) {
  test(`RESP3: one connection reads and is told of ${mode}`, async () => {
    const cache: Cache = new Map()
    const reader = await RawClient.connect(server.port)
    await reader.call('HELLO', '3')
    const options = mode === 'what was read' ? [] : ['BCAST', 'PREFIX', 'user:']
    await reader.call('CLIENT', 'TRACKING', 'ON', ...options)
    /** The reply to a command; pushes ahead of it are invalidations. */
    const ask = async (...command: string[]): Promise<string | null> => {
      reader.write(command)
      for (;;) {
        const reply = await reader.next()
        if (reply.type === '_') return null
        if (reply.type !== '>') return reply.text
        for (const key of reply.elements?.[1].elements ?? []) cache.delete(key.text ?? '')
      }
    }
    await expectCoherent(
      cache,
      key => ask('GET', key),
      async () => void (await ask('PING')),
    )
    reader.close()
  })
}
