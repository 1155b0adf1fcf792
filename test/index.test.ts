import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { createServer, type RunningServer, type ServerOptions } from '../src/index.js'
import { tempDir } from './interop/stock.js'

const open: RunningServer[] = []
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await Promise.all(open.splice(0).map(server => server.close()))
})

async function start(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await createServer({ port: 0, save: '', dir: tempDir(), ...options })
  open.push(server)
  return server
}

function clientOf({ port }: RunningServer): Redis {
  const client = new Redis(port, { retryStrategy: () => null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

test('a server starts on a free port, serves, and is gone after close()', async () => {
  const server = await start()
  const { port } = server
  const client = clientOf(server)
  expect(await client.set('greeting', 'hello')).toBe('OK')
  expect(await client.get('greeting')).toBe('hello')
  expect(await client.config('GET', 'port')).toEqual(['port', String(port)])
  const ended = once(client, 'end')
  await server.close()
  await ended
  expect(await isListening(port)).toBe(false)
  expect(server.port).toBe(0)
  await server.close()
})

test('several servers live in one process, each with its own data', async () => {
  const servers = await Promise.all([start(), start(), start({ databases: 2 })])
  expect(new Set(servers.map(server => server.port)).size).toBe(3)
  const [a, b, c] = servers.map(clientOf)
  await Promise.all([a.set('key', 'a'), b.set('key', 'b'), c.set('key', 'c')])
  expect(await Promise.all([a.get('key'), b.get('key'), c.get('key')])).toEqual(['a', 'b', 'c'])
  await expect(c.select(2)).rejects.toThrow('ERR DB index is out of range')
  await servers[0].close()
  expect(await b.get('key')).toBe('b')
})

test('one of them can replicate another', async () => {
  const master = await start({ 'repl-diskless-sync-delay': 0 })
  const replica = await start({ replicaof: ['127.0.0.1', master.port] })
  const [writer, reader] = [clientOf(master), clientOf(replica)]
  await writer.set('key', 'value')
  while ((await reader.get('key').catch(() => null)) !== 'value') await new Promise(resolve => setTimeout(resolve, 20))
  await expect(reader.set('key', 'x')).rejects.toThrow('READONLY')
})

test('data is saved at the end where there are save points, and loaded at the start', async () => {
  const dir = tempDir()
  const first = await start({ dir, save: '3600 1' })
  await clientOf(first).hset('hash', { field: 'value' })
  await first.close()
  expect(readdirSync(dir)).toEqual(['dump.rdb'])
  const second = await start({ dir, save: [3600, 1] })
  expect(await clientOf(second).hgetall('hash')).toEqual({ field: 'value' })
})

test('close() says when the data cannot be saved, and the server goes on', async () => {
  const server = await start({ save: '3600 1', dbfilename: 'taken.rdb' })
  const client = clientOf(server)
  const [, dir] = (await client.config('GET', 'dir')) as [string, string]
  mkdirSync(join(dir, 'taken.rdb'))
  await client.set('key', 'value')
  await expect(server.close()).rejects.toThrow('could not be saved')
  expect(await client.get('key')).toBe('value')
  await client.config('SET', 'save', '')
})

test("a client's SHUTDOWN closes the server, not the process", async () => {
  const server = await start()
  const client = clientOf(server)
  client.shutdown('NOSAVE').catch(() => {})
  await server.closed
  expect(server.port).toBe(0)
})

test('the process stays as it is', async () => {
  const state = (): unknown => ({
    title: process.title,
    directory: process.cwd(),
    listeners: process.eventNames().map(name => [name, process.listenerCount(name)]),
    exitCode: process.exitCode,
  })
  const before = state()
  const server = await start()
  await clientOf(server).ping()
  expect(state()).toEqual(before)
  await server.close()
  expect(state()).toEqual(before)
})

test('the log goes to a file when one is named', async () => {
  const dir = tempDir()
  const server = await start({ dir, logfile: 'redis.log' })
  expect(existsSync(join(dir, 'redis.log'))).toBe(true)
  await server.close()
})

test('a Unix socket can be all there is', async () => {
  const path = join(tempDir(), 'socket')
  const server = await start({ bind: '', unixsocket: path })
  expect(server.port).toBe(0)
  const client = new Redis(path)
  clients.push(client)
  expect(await client.ping()).toBe('PONG')
})

test('no TCP and no socket at all is enough for those in the process', async () => {
  const server = await createServer({ bind: '' })
  open.push(server)
  expect([server.port, server.host, server.url]).toEqual([0, '', ''])
  expect(await server.command('SET', 'key', 'value')).toBe('OK')
})

test('mistakes are named', async () => {
  const wrong = (options: object): Promise<RunningServer> => createServer({ ...options })
  await expect(wrong({ prt: 1 })).rejects.toThrow("there is no directive 'prt'")
  await expect(wrong({ port: 'many' })).rejects.toThrow(/port: .*argument/)
  await expect(wrong({ daemonize: true })).rejects.toThrow("'daemonize' is for a server with a process of its own")
  await expect(wrong({ dir: join(tmpdir(), 'no', 'such') })).rejects.toThrow('dir: No such file or directory')
  await expect(wrong({ save: '"60' })).rejects.toThrow('unbalanced quotes')
})

test('a port that is taken is an error, and nothing is left behind', async () => {
  const other = createTcpServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  await expect(start({ port: port ?? 0, bind: '127.0.0.1' })).rejects.toThrow(`Failed listening on port ${port} (TCP)`)
  other.close()
  await once(other, 'close')
  const server = await start({ port: port ?? 0, bind: '127.0.0.1' })
  expect(server.port).toBe(port)
})
