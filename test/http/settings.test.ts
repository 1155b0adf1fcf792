/** http-port and its kin: at the start, at run time, in the config file, and in a server that lives inside another program. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createServer, type RunningServer, type ServerOptions } from '../../src/index.js'
import { until } from '../interop/polling.js'
import { freePort, startRedisTs, tempDir } from '../interop/stock.js'
import { exchange, startWithHttp } from './http-kit.js'

const clients: Redis[] = []
const embedded: RunningServer[] = []

afterEach(async () => {
  await Promise.all(embedded.splice(0).map(server => server.close()))
})

afterAll(() => {
  for (const client of clients) client.disconnect()
})

function clientOf(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

async function embed(options: ServerOptions): Promise<RunningServer> {
  const server = await createServer({ port: 0, save: '', dir: tempDir(), ...options })
  embedded.push(server)
  return server
}

/** The status of /health there; 0 when nobody listens. */
async function statusAt(port: number, host = '127.0.0.1'): Promise<number> {
  try {
    return (await fetch(`http://${host}:${port}/health`)).status
  } catch {
    return 0
  }
}

test('CONFIG SET http-port begins to listen, moves, and ends it', async () => {
  const client = clientOf((await startRedisTs(['--save', ''])).port)
  const [first, second] = [await freePort(), await freePort()]
  expect(await client.config('SET', 'http-port', first)).toBe('OK')
  expect(await statusAt(first)).toBe(200)
  expect(await client.config('SET', 'http-port', second)).toBe('OK')
  expect(await statusAt(second)).toBe(200)
  expect(await statusAt(first)).toBe(0)
  expect(await client.config('SET', 'http-port', 0)).toBe('OK')
  expect(await statusAt(second)).toBe(0)
})

test('a port that is taken is refused, and the old one stays', async () => {
  const server = await startWithHttp()
  const client = clientOf(server.port)
  const taken = createTcpServer()
  const port = await new Promise<number>(resolve => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
  })
  await expect(client.config('SET', 'http-port', port)).rejects.toThrow(
    "CONFIG SET failed (possibly related to argument 'http-port') - Unable to listen on this port. Check server logs.",
  )
  taken.close()
  expect(server.log()).toContain(
    `Could not create server HTTP listening socket 127.0.0.1:${port}: Address already in use`,
  )
  expect(await client.config('GET', 'http-port')).toEqual(['http-port', String(server.httpPort)])
  expect(await statusAt(server.httpPort)).toBe(200)
})

test('CONFIG SET http-bind listens on other addresses', async () => {
  const server = await startWithHttp()
  const client = clientOf(server.port)
  expect(await client.config('SET', 'http-bind', '127.0.0.2 -2001:db8::1')).toBe('OK')
  expect(await statusAt(server.httpPort, '127.0.0.2')).toBe(200)
  expect(await statusAt(server.httpPort)).toBe(0)
  await expect(client.config('SET', 'http-bind', '192.0.2.1')).rejects.toThrow("argument 'http-bind'")
  expect(await statusAt(server.httpPort, '127.0.0.2')).toBe(200)
})

test('CONFIG REWRITE keeps what was set', async () => {
  const server = await startRedisTs(['--save', ''], { config: '# mine\nhttp-writes yes\n' })
  const client = clientOf(server.port)
  const port = await freePort()
  await client.config('SET', 'http-port', port, 'http-bind', '127.0.0.1 127.0.0.2', 'http-writes', 'no')
  await client.config('REWRITE')
  const lines = readFileSync(join(server.dir, 'redis.conf'), 'utf8').split('\n')
  expect(lines).toContain(`http-port ${port}`)
  expect(lines).toContain('http-bind 127.0.0.1 127.0.0.2')
  expect(lines).toContain('http-writes no')
})

test('a port that cannot be had at the start ends it, with its reason', async () => {
  const taken = createTcpServer()
  const port = await new Promise<number>(resolve => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
  })
  await expect(embed({ 'http-port': port })).rejects.toThrow(`Failed listening on port ${port} (HTTP), aborting.`)
  taken.close()
})

test('two servers in one process have a page each, and one closes without the other', async () => {
  const ports = [await freePort(), await freePort()]
  const [a, b] = await Promise.all(ports.map(port => embed({ 'http-port': port })))
  await clientOf(a.port).mset({ x: '1', y: '2' })
  const metrics = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(await metrics(ports[0])).toContain('redis_db_keys{db="db0"} 2\n')
  expect(await metrics(ports[1])).not.toContain('redis_db_keys{')
  await a.close()
  expect(await statusAt(ports[0])).toBe(0)
  expect(await statusAt(ports[1])).toBe(200)
  await b.close()
  expect(await statusAt(ports[1])).toBe(0)
})

test('close() ends connections that are open, streams among them', async () => {
  const port = await freePort()
  const server = await embed({ 'http-port': port })
  const stream = exchange(port, 'GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const unfinished = exchange(port, 'GET /health HTTP/1.1\r\n')
  await until('both are there', async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).ok)
  await server.close()
  expect(await stream).toContain('event: history')
  await unfinished
})

test("a client's SHUTDOWN ends HTTP too", async () => {
  const server = await startWithHttp()
  clientOf(server.port)
    .shutdown('NOSAVE')
    .catch(() => {})
  expect(await server.exited).toBe(0)
  expect(await statusAt(server.httpPort)).toBe(0)
})

test('with http-port 0 nothing of HTTP is loaded, and no timer more runs', () => {
  const program = `
    import { createServer } from ${JSON.stringify(join(process.cwd(), 'dist', 'index.js'))}
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const loaded = () => process.moduleLoadList.includes('NativeModule _http_server')
    const server = await createServer({ port: 0, save: '' })
    const without = { loaded: loaded(), timers: timers() }
    await server.close()
    const other = await createServer({ port: 0, save: '', 'http-port': ${10_000 + (process.pid % 20_000)} })
    console.log(JSON.stringify({ without, with: { loaded: loaded() } }))
    await other.close()
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: tempDir(),
    encoding: 'utf8',
  })
  const { with: withHttp, without } = JSON.parse(output)
  expect(without).toEqual({ loaded: false, timers: 1 })
  expect(withHttp.loaded).toBe(true)
})

test('unref() lets a program end that has a page open', () => {
  const program = `
    import { createServer } from ${JSON.stringify(join(process.cwd(), 'dist', 'index.js'))}
    const port = ${10_000 + ((process.pid + 7) % 20_000)}
    const server = await createServer({ 'http-port': port })
    const response = await fetch('http://127.0.0.1:' + port + '/health', { headers: { connection: 'close' } })
    server.unref()
    console.log(response.status)
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: tempDir(),
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(output).toBe('200\n')
})
