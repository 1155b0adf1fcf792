/** Who is answered, and who is not. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, basic, exchange, type HttpServer, parseResponse, startWithHttp } from './http-kit.js'

let open: HttpServer
let locked: HttpServer
let admin: Redis

beforeAll(async () => {
  open = await startWithHttp()
  locked = await startWithHttp(['--requirepass', 'secret'])
  admin = new Redis(locked.port, { password: 'secret' })
})

afterAll(() => admin.disconnect())

const statusOf = async (server: HttpServer, line: string, headers: Record<string, string> = {}): Promise<number> =>
  (await ask(server.httpPort, line, headers)).status

test('a name that is not the server’s gets nothing: somebody has pointed his own at it', async () => {
  for (const host of [
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'x@localhost',
    '',
  ]) {
    for (const path of ['/', '/health', '/metrics', '/api/live']) {
      expect(await statusOf(open, `GET ${path}`, { Host: host }), `${host} ${path}`).toBe(421)
    }
  }
})

test('addresses and localhost are the server’s names', async () => {
  for (const host of ['127.0.0.1', '192.168.7.9:8080', '[::1]:80', 'localhost', 'LOCALHOST:6380']) {
    expect(await statusOf(open, 'GET /health', { Host: host }), host).toBe(200)
  }
})

test('so are the names in http-bind', async () => {
  const server = await startWithHttp(['--http-bind', '127.0.0.1', '-redis.internal'])
  expect(await statusOf(server, 'GET /metrics', { Host: 'redis.internal:9000' })).toBe(200)
  expect(await statusOf(server, 'GET /metrics', { Host: 'other.internal' })).toBe(421)
})

test('a request without a Host is none', async () => {
  expect(
    parseResponse(await exchange(open.httpPort, 'GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n')).status,
  ).toBe(400)
  expect(parseResponse(await exchange(open.httpPort, 'GET /metrics HTTP/1.0\r\n\r\n')).status).toBe(421)
})

test('pages of other origins are not answered, and nobody is told that they may be', async () => {
  const own = `127.0.0.1:${open.httpPort}`
  for (const origin of [
    'http://evil.example',
    `http://localhost:${open.httpPort}`,
    'null',
    `http://${own}.evil.example`,
  ]) {
    const { headers, status } = await ask(open.httpPort, 'GET /metrics', { Origin: origin })
    expect(status, origin).toBe(403)
    expect([...headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
  }
  expect(await statusOf(open, 'GET /metrics', { Origin: `http://${own}` })).toBe(200)
  expect(await statusOf(open, 'GET /metrics', { 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
  expect(await statusOf(open, 'GET /metrics', { 'Sec-Fetch-Site': 'same-site' })).toBe(403)
  expect(await statusOf(open, 'GET /metrics', { 'Sec-Fetch-Site': 'same-origin' })).toBe(200)
  // A link to it, which Prometheus's own page has.
  const followed = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }
  expect(await statusOf(open, 'GET /metrics', { ...followed, 'Sec-Fetch-Dest': 'document' })).toBe(200)
  expect(await statusOf(open, 'GET /metrics', { ...followed, 'Sec-Fetch-Dest': 'iframe' })).toBe(403)
  const preflight = await ask(open.httpPort, 'OPTIONS /api/live', {
    Origin: 'http://evil.example',
    'Access-Control-Request-Method': 'GET',
  })
  expect(preflight.status).toBe(405)
  expect([...preflight.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
})

test('with a password, it is asked for: by a browser’s dialogue for /metrics, by the page’s own form for the rest', async () => {
  const metrics = await ask(locked.httpPort, 'GET /metrics')
  expect(metrics.status).toBe(401)
  expect(metrics.headers.get('www-authenticate')).toBe('Basic realm="redis-ts", charset="UTF-8"')
  const live = await ask(locked.httpPort, 'GET /api/live')
  expect(live.status).toBe(401)
  expect(live.headers.has('www-authenticate')).toBe(false)
})

test('the page and /health need none', async () => {
  expect(await statusOf(locked, 'GET /health')).toBe(200)
  expect(await statusOf(locked, 'GET /')).not.toBe(401)
})

test('the password goes with the default user’s name or with none', async () => {
  for (const user of ['', 'default']) {
    expect(await statusOf(locked, 'GET /metrics', { Authorization: basic(user, 'secret') })).toBe(200)
    expect(await statusOf(locked, 'GET /metrics', { Authorization: basic(user, 'wrong') })).toBe(401)
  }
  for (const nonsense of [
    'Basic',
    'Basic ???',
    'Bearer secret',
    basic('nobody', 'secret'),
    `Basic ${btoa('secret')}`,
  ]) {
    expect(await statusOf(locked, 'GET /metrics', { Authorization: nonsense }), nonsense).toBe(401)
  }
})

test('a cookie is no login', async () => {
  const cookie = { Cookie: `authorization=${basic('', 'secret')}; redis-ts=secret` }
  expect(await statusOf(locked, 'GET /metrics', cookie)).toBe(401)
})

test('a user may see what INFO shows when it may run INFO', async () => {
  await admin.acl('SETUSER', 'watcher', 'on', '>pw', '+info')
  await admin.acl('SETUSER', 'reader', 'on', '>pw', '~*', '+@read', '-info')
  await admin.acl('SETUSER', 'gone', 'off', '>pw', '+@all')
  expect(await statusOf(locked, 'GET /metrics', { Authorization: basic('watcher', 'pw') })).toBe(200)
  expect(await statusOf(locked, 'GET /metrics', { Authorization: basic('reader', 'pw') })).toBe(403)
  expect(await statusOf(locked, 'GET /api/live', { Authorization: basic('reader', 'pw') })).toBe(403)
  expect(await statusOf(locked, 'GET /metrics', { Authorization: basic('gone', 'pw') })).toBe(401)
})

test('what a default user without a password may not, nobody may without a login', async () => {
  const server = await startWithHttp([], { config: 'user default on nopass ~* +@all -info\nuser ops on >pw +info\n' })
  expect(await statusOf(server, 'GET /metrics')).toBe(403)
  expect(await statusOf(server, 'GET /metrics', { Authorization: basic('ops', 'pw') })).toBe(200)
  const off = await startWithHttp([], { config: 'user default off\nuser ops on >pw +info\n' })
  expect(await statusOf(off, 'GET /metrics')).toBe(401)
  expect(await statusOf(off, 'GET /metrics', { Authorization: basic('ops', 'pw') })).toBe(200)
})

test('failed logins are in the security log', async () => {
  await admin.acl('LOG', 'RESET')
  await ask(locked.httpPort, 'GET /metrics', { Authorization: basic('eve', 'guess') })
  const [entry] = (await admin.acl('LOG')) as string[][]
  expect(entry).toEqual(expect.arrayContaining(['reason', 'auth', 'object', 'http', 'username', 'eve']))
  expect(entry.join(' ')).toContain('addr=127.0.0.1:')
})

test('nothing may be kept, framed, guessed at or told to others', async () => {
  for (const path of ['/', '/health', '/metrics', '/nothing']) {
    const { headers } = await ask(open.httpPort, `GET ${path}`)
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toMatch(/^no-(store|cache)$/)
    expect(headers.has('set-cookie')).toBe(false)
  }
})
