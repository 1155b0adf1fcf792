import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import {
  freePort,
  REDIS_TS,
  type RunningServer,
  requireStock,
  startProgram,
  startRedisServer,
  startRedisTs,
  tempDir,
} from '../interop/stock.js'
import { dial, everything, exchange, resp } from './wire.js'

const QUIET = ['--save', '']
const WARNING = /Possible SECURITY ATTACK detected\. .* Connection from (\S+) aborted\.$/

/** What a browser sends for a form whose text field holds commands. */
const FORM = [
  'POST /any HTTP/1.1',
  'Host: 127.0.0.1:6379',
  'User-Agent: Mozilla/5.0',
  'Content-Type: text/plain',
  'Content-Length: 42',
  '',
  'FLUSHALL',
  'SET owned yes',
  '',
].join('\r\n')

const GIVEN_AWAY = [
  FORM,
  FORM.replace('POST', 'PUT'),
  FORM.replace('POST', 'GET'),
  'POST x\r\nSET owned yes\r\n',
  'post\r\nSET owned yes\r\n',
  'pOsT\nSET owned yes\r\n',
  'Host: x\r\nSET owned yes\r\n',
  'HOST: \r\nSET owned yes\r\n',
  '"post" x\r\nSET owned yes\r\n',
  '"host:\\x00x"\r\nSET owned yes\r\n',
  resp('POST') + resp('SET', 'owned', 'yes'),
  resp('hOST:', 'a', 'b') + resp('SET', 'owned', 'yes'),
  resp('post\0', 'a') + resp('SET', 'owned', 'yes'),
  `*1\r\n*0\r\nPOST\r\n`,
]

/** What only looks like it. */
const INNOCENT = [
  'Host\r\nPING\r\n',
  'POST: x\r\nPING\r\n',
  'POSTS\r\nPING\r\n',
  '"post "\r\nPING\r\n',
  '"\\x00post"\r\nPING\r\n',
  'Host:x y\r\nPING\r\n',
  'ECHO POST\r\nPING\r\n',
  'COMMAND POST\r\nPING\r\n',
  resp('', 'post') + resp('PING'),
  'PUT / HTTP/1.1\r\nPING\r\n',
]

const COMMANDS_ABOUT_COMMANDS = [
  ['COMMAND', 'INFO', 'post', 'host:'],
  ['COMMAND', 'DOCS', 'post', 'host:'],
  ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', '*post*'],
  ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'host*'],
  ['COMMAND', 'GETKEYS', 'post', 'x'],
  ['ACL', 'SETUSER', 'u', '+post'],
  ['ACL', 'SETUSER', 'u', '+host:'],
]

async function untouched(server: RunningServer): Promise<void> {
  expect(await exchange(server.port, 'GET owned\r\n')).toBe('$-1\r\n')
}

describe('HTTP ends the connection as in redis-server', requireStock('redis-server'), () => {
  let ours: RunningServer
  let stock: RunningServer

  async function expectSame(...pieces: string[]): Promise<string> {
    const [here, there] = await Promise.all([exchange(ours.port, ...pieces), exchange(stock.port, ...pieces)])
    expect(here).toBe(there)
    return here
  }

  test('whatever the case and the form', async () => {
    ours = await startRedisTs(QUIET)
    stock = await startRedisServer(QUIET)
    for (const text of GIVEN_AWAY) await expectSame(text)
    for (const text of INNOCENT) expect(await expectSame(text)).not.toBe('')
    await untouched(ours)
  })

  test('in any state of a client, and no reply of the same read is sent', async () => {
    const attack = 'POST x\r\nSET owned yes\r\nPING\r\n'
    for (const state of [
      'PING\r\n',
      'MULTI\r\nPING\r\n',
      'WATCH k\r\n',
      'SUBSCRIBE c\r\n',
      'MONITOR\r\n',
      'CLIENT REPLY OFF\r\n',
      'CLIENT REPLY SKIP\r\n',
      'HELLO 3\r\nCLIENT TRACKING ON\r\n',
    ]) {
      expect(await expectSame(`${state}${attack}`)).toBe('')
    }
    await untouched(ours)
  })

  test('while what was answered before has arrived', async () => {
    for (const { port } of [ours, stock]) {
      const socket = await dial(port)
      const all = everything(socket)
      socket.write('PING\r\n')
      await new Promise(resolve => socket.once('data', resolve))
      socket.write('Host: x\r\nPING\r\n')
      expect(await all).toBe('+PONG\r\n')
    }
  })

  test('and commands that tell about commands know nothing of it', async () => {
    const clients = await Promise.all([ours, stock].map(({ port }) => RawClient.connect(port)))
    for (const command of COMMANDS_ABOUT_COMMANDS) {
      const [here, there] = await Promise.all(clients.map(client => client.call(...command)))
      expect(here).toEqual(there)
    }
    for (const client of clients) client.close()
  })
})

describe('HTTP ends the connection', () => {
  test('before anybody has logged in, on a Unix socket too', async () => {
    const file = join(tempDir(), 'redis.sock')
    const server = await startRedisTs([...QUIET, '--requirepass', 'secret', '--unixsocket', file])
    for (const where of [server.port, { path: file }]) {
      expect(await exchange(where, 'PING\r\nPOST x\r\nPING\r\n')).toBe('')
      expect(await exchange(where, 'PING\r\n')).toBe('-NOAUTH Authentication required.\r\n')
    }
    await server.stop()
  })

  test('while the dataset is loaded', async () => {
    const dir = tempDir()
    const filled = await startRedisTs(QUIET, { dir })
    const writer = await RawClient.connect(filled.port)
    await writer.pipeline(Array.from({ length: 2000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    await writer.call('SAVE')
    writer.close()
    await filled.stop()
    const delays = ['--key-load-delay', '50000', '--loading-process-events-interval-bytes', '1024']
    const port = await freePort()
    const starting = startProgram(REDIS_TS, [...QUIET, '--port', String(port), '--dir', dir, ...delays], {
      name: 'a server that loads',
      ready: 'Server initialized',
    })
    const server = await starting
    expect(await exchange(port, 'GET key:1\r\nPING\r\n')).toMatch(/^-LOADING /)
    expect(await exchange(port, 'GET key:1\r\nPOST x\r\nPING\r\n')).toBe('')
    server.kill('SIGKILL')
    await server.exited
  })

  test('while clients are paused', async () => {
    const server = await startRedisTs(QUIET)
    expect(await exchange(server.port, resp('CLIENT', 'PAUSE', '1000000', 'ALL'))).toBe('+OK\r\n')
    expect(await exchange(server.port, 'POST x\r\nPING\r\n')).toBe('')
    server.kill('SIGKILL')
    await server.exited
  })

  test('even where a command was given such a name, and that name stays taken', async () => {
    const server = await startRedisTs([], { config: 'save ""\nrename-command ECHO Post\nrename-command TIME host:\n' })
    for (const name of ['post', 'host:', 'POST']) expect(await exchange(server.port, resp(name, 'x'))).toBe('')
    const client = await RawClient.connect(server.port)
    expect(texts(await client.call('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'echo'))).toEqual(['echo'])
    client.close()
    await server.stop()
  })

  test('and is logged once a minute, with where it came from', async () => {
    const server = await startRedisTs(QUIET)
    const socket = await dial(server.port)
    const address = `127.0.0.1:${socket.localPort}`
    socket.write('POST x\r\n')
    expect(await everything(socket)).toBe('')
    for (let i = 0; i < 3; i++) await exchange(server.port, 'Host: x\r\n')
    const lines = server
      .log()
      .split('\n')
      .filter(line => line.includes('SECURITY'))
    expect(lines.map(line => WARNING.exec(line)?.[1])).toEqual([address])
    expect(lines[0]).toMatch(/ # Possible/)
    await server.stop()
  })

  test('also over IPv6 and a Unix socket, which the log shows in its own way', async () => {
    const file = join(tempDir(), 'redis.sock')
    for (const [where, origin] of [
      [{ path: file }, /^\/unixsocket:0$/],
      [{ host: '::1' }, /^::1:\d+$/],
    ] as const) {
      const server = await startRedisTs([...QUIET, '--unixsocket', file])
      expect(await exchange('host' in where ? { ...where, port: server.port } : where, 'POST x\r\n')).toBe('')
      expect(WARNING.exec(await server.waitForLog('SECURITY'))?.[1]).toMatch(origin)
      await server.stop()
    }
  })
})
