import { readFileSync } from 'node:fs'
import type { NetConnectOpts, Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'
import { dial, exchange, receive, resp } from './wire.js'

const CUT = 'scheduled to be closed ASAP for overcoming of output buffer limits.'
const MAX_GROWTH_BYTES = 80 * 1024 * 1024

/** Sends the text again and again, as fast as it is taken, and reads nothing; resolves when the connection is cut. */
async function flood(socket: Socket, text: string): Promise<void> {
  const some = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)), 'latin1')
  socket.pause()
  while (!socket.destroyed) {
    if (socket.write(some)) continue
    await new Promise<void>(resolve => {
      const goOn = (): void => {
        socket.off('drain', goOn).off('close', goOn)
        resolve()
      }
      socket.on('drain', goOn).on('close', goOn)
    })
  }
}

function residentBytes({ pid }: RunningServer): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

describe('a client that has not logged in and does not read', () => {
  let server: RunningServer
  const unixSocket = join(tempDir(), 'redis.sock')

  beforeAll(async () => {
    server = await startRedisTs(['--save', '', '--requirepass', 'secret', '--unixsocket', unixSocket])
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
  })

  async function expectCut(where: number | NetConnectOpts, text: string): Promise<void> {
    const before = residentBytes(server)
    const from = server.log().length
    await flood(await dial(where), text)
    await server.waitForLog(CUT, 10_000, from)
    expect(residentBytes(server) - before).toBeLessThan(MAX_GROWTH_BYTES)
    expect(await exchange(where, 'PING\r\n')).toBe('-NOAUTH Authentication required.\r\n')
  }

  test.each([
    ['an unknown command', `${'x'.repeat(120)} ${'y'.repeat(120)}\r\n`],
    ['a command it may not call', resp('GET', 'k')],
    ['a wrong password', resp('AUTH', 'wrong')],
    ['a user that does not exist', resp('AUTH', 'nobody', 'wrong')],
    ['HELLO without a password', resp('HELLO', '3')],
    ['HELLO with a wrong one', resp('HELLO', '3', 'AUTH', 'default', 'wrong')],
    ['RESET', resp('RESET')],
    ['a wrong number of arguments', resp('GET')],
    ['an unknown subcommand', resp('CONFIG', 'x')],
    ['EXEC', resp('EXEC')],
  ])('is cut: %s', async (_, text) => {
    await expectCut(server.port, text)
  })

  test('is cut on a Unix socket', async () => {
    await expectCut({ path: unixSocket }, 'nonsense\r\n')
  })

  test('is cut where it sends slowly, a request at a time', async () => {
    const from = server.log().length
    const socket = await dial(server.port)
    socket.pause()
    const line = `${'x'.repeat(120)}\r\n`
    const admin = await RawClient.connect(server.port)
    await admin.call('AUTH', 'secret')
    // What the kernel holds for it is filled up first.
    socket.write(line.repeat(20_000))
    while (!socket.destroyed && !server.log().slice(from).includes(CUT)) {
      socket.write(line.repeat(20))
      await admin.call('PING')
    }
    await server.waitForLog(CUT, 10_000, from)
    socket.destroy()
    admin.close()
  })

  test('is cut when nobody may come in without a name', async () => {
    const named = await startRedisTs(['--save', ''], { config: 'user default off\nuser alice on >secret ~* +@all\n' })
    await flood(await dial(named.port), 'nonsense\r\n')
    await named.waitForLog(CUT)
    await named.stop()
  })

  test('is cut once it has logged out', async () => {
    const from = server.log().length
    const socket = await dial(server.port)
    socket.write(resp('AUTH', 'secret') + resp('RESET'))
    expect((await receive(socket, 13)).toString()).toBe('+OK\r\n+RESET\r\n')
    await flood(socket, 'nonsense\r\n')
    await server.waitForLog(CUT, 10_000, from)
  })
})

describe('not cut', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await startRedisTs(['--save', '', '--requirepass', 'secret'])
  })
  afterAll(async () => {
    expect(server.log()).not.toContain(CUT)
    expect(await server.stop()).toBe(0)
  })

  test('is a client that reads, however often it is refused', async () => {
    const socket = await dial(server.port)
    const refusal = '-NOAUTH Authentication required.\r\n'
    for (let round = 0; round < 20; round++) {
      socket.write(resp('GET', 'k').repeat(1000))
      const answer = await receive(socket, refusal.length * 1000)
      expect(answer.toString() === refusal.repeat(1000)).toBe(true)
    }
    socket.write(resp('AUTH', 'secret'))
    expect((await receive(socket, 5)).toString()).toBe('+OK\r\n')
    socket.destroy()
  })

  test('is one that logs in and quits in one pipeline behind refusals', async () => {
    const text = 'GET k\r\n'.repeat(300) + resp('AUTH', 'secret') + resp('PING') + resp('QUIT')
    expect(await exchange(server.port, text)).toBe(
      `${'-NOAUTH Authentication required.\r\n'.repeat(300)}+OK\r\n+PONG\r\n+OK\r\n`,
    )
  })

  test('is one that has logged in and lets its replies wait', async () => {
    const socket = await dial(server.port)
    socket.pause()
    const value = 'x'.repeat(100_000)
    socket.write(resp('AUTH', 'secret') + resp('SET', 'large', value) + resp('GET', 'large').repeat(300))
    expect(await exchange(server.port, resp('PING'))).not.toBe('')
    const expected = `+OK\r\n+OK\r\n${`$100000\r\n${value}\r\n`.repeat(300)}`
    expect((await receive(socket, expected.length)).toString() === expected).toBe(true)
    socket.destroy()
  })
})
