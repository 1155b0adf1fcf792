/** server.connect(): client libraries without TCP, and `url` for those with. */
import { once } from 'node:events'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { expect, test } from 'vitest'
import type { RunningServer } from '../../src/index.js'
import { tempDir } from '../interop/stock.js'
import { start } from './servers.js'

function ioredisOf(server: RunningServer): Redis {
  class Connector {
    private stream: Duplex | null = null
    async connect(): Promise<Duplex> {
      this.stream = server.connect()
      return this.stream
    }
    disconnect(): void {
      this.stream?.end()
    }
    check(): boolean {
      return true
    }
  }
  return new Redis({ Connector: Connector as never, retryStrategy: () => null })
}

test('ioredis: commands, pipelines, transactions, scripts, large values, blocking commands and messages', async () => {
  const server = await start()
  const [client, subscriber] = [ioredisOf(server), ioredisOf(server)]
  expect(await client.set('a', '1')).toBe('OK')
  const pipeline = client.pipeline()
  for (let i = 0; i < 1000; i++) pipeline.incr('n')
  expect((await pipeline.exec())?.at(-1)).toEqual([null, 1000])
  expect(await client.multi().get('a').incr('a').exec()).toEqual([
    [null, '1'],
    [null, 2],
  ])
  expect(await client.eval('return {KEYS[1], ARGV[1]}', 1, 'k', 'v')).toEqual(['k', 'v'])
  const large = Buffer.alloc(10_000_000, 'large value')
  await client.set('large', large)
  expect((await client.getBuffer('large'))?.equals(large)).toBe(true)
  await subscriber.subscribe('news')
  const message = once(subscriber, 'message')
  expect(await client.publish('news', 'hello')).toBe(1)
  expect(await message).toEqual(['news', 'hello'])
  const popped = client.blpop('list', 0)
  await server.command('RPUSH', 'list', 'x')
  expect(await popped).toEqual(['list', 'x'])
  expect(await server.command('CLIENT', 'LIST')).toMatch(/addr=127\.0\.0\.1:0 /)
  const ended = Promise.all([once(client, 'end'), once(subscriber, 'end')])
  client.disconnect()
  subscriber.disconnect()
  await ended
})

test('a reader that takes its time gets all of it, and nobody else waits for it', async () => {
  const server = await start({ 'client-output-buffer-limit': 'normal 0 0 0' })
  const value = 'x'.repeat(1_000_000)
  await server.command('SET', 'large', value)
  const stream = server.connect()
  for (let i = 0; i < 30; i++) stream.write('GET large\r\n')
  await server.command('PING')
  let bytes = 0
  const expected = 30 * (value.length + '$1000000\r\n\r\n'.length)
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length
    if (bytes >= expected) break
  }
  expect(bytes).toBe(expected)
})

test('the end of either side is that of the other', async () => {
  const server = await start()
  const left = new Promise(resolve => server.on('disconnection', resolve))
  const stream = server.connect()
  stream.end('PING\r\n')
  const [reply] = await once(stream, 'data')
  expect(String(reply)).toBe('+PONG\r\n')
  await left
  const other = server.connect()
  const closed = once(other, 'close')
  other.resume()
  await server.close()
  await closed
})

test('the number of connections is limited as for others', async () => {
  const server = await start({ maxclients: 1 })
  await server.command('PING')
  const stream = server.connect()
  const [refusal] = await once(stream, 'data')
  expect(String(refusal)).toBe('-ERR max number of clients reached\r\n')
  stream.destroy()
})

test('passwords are asked for as over TCP, and `url` has it', async () => {
  const server = await start({ requirepass: 'p@ss wörd' })
  const stream = server.connect()
  stream.write('GET a\r\n')
  expect(String((await once(stream, 'data'))[0])).toBe('-NOAUTH Authentication required.\r\n')
  stream.destroy()
  const client = new Redis(server.url)
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
  const other = createClient({ url: server.url })
  await other.connect()
  expect(await other.set('a', '1')).toBe('OK')
  other.destroy()
})

test('`url` is of IPv6, and of a Unix socket, where that is what there is', async () => {
  const six = await start({ bind: '::1' })
  expect(six.url).toBe(`redis://[::1]:${six.port}`)
  const client = new Redis(six.url)
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
  const path = join(tempDir(), 'socket')
  const unix = await start({ bind: '', unixsocket: path })
  expect(unix.url).toBe(`redis+unix://${path}`)
})
