/** What is no request, too much of one, or too many: cut off, while clients are served as ever. */
import { connect, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../interop/polling.js'
import { ask, exchange, type HttpServer, parseResponse, startWithHttp } from './http-kit.js'

let server: HttpServer
let client: Redis
const sockets: Socket[] = []

beforeAll(async () => {
  server = await startWithHttp()
  client = new Redis(server.port)
})

afterAll(() => {
  client.disconnect()
  for (const socket of sockets) socket.destroy()
})

function opened(): Promise<Socket> {
  return new Promise(resolve => {
    const socket = connect(server.httpPort, '127.0.0.1', () => resolve(socket))
    socket.on('error', () => {})
    sockets.push(socket)
  })
}

function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
    socket.resume()
  })
}

test('garbage ends the connection', async () => {
  const nonsense = [
    '\0\0\0\0\r\n\r\n',
    'SET key value\r\n',
    '*1\r\n$4\r\nPING\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost : localhost\r\n\r\n`,
    Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) & 255)).toString('latin1'),
  ]
  for (const bytes of nonsense) {
    const answer = await exchange(server.httpPort, bytes)
    expect(answer.startsWith('HTTP/1.1 400') || answer === '', JSON.stringify(bytes.slice(0, 60))).toBe(true)
  }
  expect(await client.ping()).toBe('PONG')
})

test('too many headers, or too long ones, are refused', async () => {
  const request = (headers: string): string =>
    `GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`
  const long = await exchange(server.httpPort, request(`X: ${'x'.repeat(20_000)}\r\n`))
  expect(parseResponse(long).status).toBe(431)
  const many = await exchange(server.httpPort, request('X: y\r\n'.repeat(12_000)))
  expect(parseResponse(many).status).toBe(431)
  expect(parseResponse(await exchange(server.httpPort, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).status).toBe(431)
})

test('a body that nobody has asked for is not read', async () => {
  const { status } = await ask(server.httpPort, 'GET /health', {
    'Content-Length': '1000000000',
    Connection: 'keep-alive',
  })
  expect(status).toBe(200)
  const chunked = await ask(server.httpPort, 'POST /nothing', {
    'Transfer-Encoding': 'chunked',
    Connection: 'keep-alive',
  })
  expect(chunked.status).toBe(404)
})

test('other methods and other places are refused in words', async () => {
  expect(await ask(server.httpPort, 'DELETE /health')).toMatchObject({ status: 405 })
  expect((await ask(server.httpPort, 'PUT /metrics')).headers.get('allow')).toBe('GET, HEAD')
  expect((await ask(server.httpPort, 'GET /../../etc/passwd')).body).toContain('There is nothing here')
  expect(await ask(server.httpPort, 'GET http://evil.example/metrics')).toMatchObject({ status: 404 })
  // Answered by nothing at all: there is no tunnel here.
  expect(await exchange(server.httpPort, 'CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('')
})

test('HEAD is GET without a body', async () => {
  const get = await ask(server.httpPort, 'GET /health')
  const head = await ask(server.httpPort, 'HEAD /health')
  expect(head.status).toBe(200)
  expect(head.body).toBe('')
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
})

test('the 65th connection is closed, and clients have theirs all the same', async () => {
  const held = await Promise.all(Array.from({ length: 64 }, opened))
  for (const socket of held) socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n')
  const extra = await opened()
  await closed(extra)
  expect(await client.ping()).toBe('PONG')
  for (const socket of held) socket.destroy()
  // The places are free again as soon as the server has seen that.
  await until('there is room', async () => (await ask(server.httpPort, 'GET /health')).status === 200)
})

test('requests that never end are ended', { timeout: 30_000 }, async () => {
  const slow = await opened()
  let received = ''
  slow.setEncoding('latin1').on('data', text => (received += text))
  slow.write('GET /health HTTP/1.1\r\nHost: loc')
  const begun = performance.now()
  await closed(slow)
  expect(parseResponse(received).status).toBe(408)
  expect(performance.now() - begun).toBeLessThan(15_000)
})

test('requests sent ahead of their answers end the connection', async () => {
  const request = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const answers = await exchange(server.httpPort, request.repeat(1000))
  expect(answers.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(1)
  // One after another they are as many as you like.
  const socket = await opened()
  let received = ''
  socket.setEncoding('latin1').on('data', text => (received += text))
  for (let i = 1; i <= 100; i++) {
    socket.write(request)
    await until('it is answered', async () => received.split('"status":"ok"').length === i + 1)
  }
  socket.destroy()
})
