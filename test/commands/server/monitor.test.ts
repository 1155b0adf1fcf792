import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

let server: RunningServer
let client: RawClient
let watcher: Watcher
const socketPath = join(tempDir(), 'socket')

/** A connection in MONITOR that gives the lines it gets one after another. */
class Watcher {
  private readonly lines: string[] = []
  private readonly waiting: ((line: string) => void)[] = []
  private received = ''
  private readonly socket

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1').on('data', (data: string) => {
      const parts = (this.received + data).split('\r\n')
      this.received = parts.pop() ?? ''
      for (const line of parts) {
        const next = this.waiting.shift()
        if (next === undefined) this.lines.push(line)
        else next(line)
      }
    })
  }

  static async on(port: number): Promise<Watcher> {
    const watching = new Watcher(port)
    watching.send('MONITOR')
    expect(await watching.next()).toBe('+OK')
    return watching
  }

  send(line: string): void {
    this.socket.write(`${line}\r\n`)
  }

  next(): Promise<string> {
    const line = this.lines.shift()
    return line === undefined ? new Promise(resolve => this.waiting.push(resolve)) : Promise.resolve(line)
  }

  /** The next line without its time and address. */
  async command(): Promise<string> {
    return (await this.next()).replace(/^\+\d+\.\d{6} \[\d+ [^\]]+\] /, '')
  }

  close(): void {
    this.socket.destroy()
  }
}

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--unixsocket', socketPath, '--repl-diskless-sync-delay', '0'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  watcher = await Watcher.on(server.port)
  return () => {
    client.close()
    watcher.close()
  }
})
afterAll(async () => {
  await server.stop()
})

test('a line has time, database, address and quoted arguments', async () => {
  const before = Date.now() / 1000 - 1
  await client.pipeline([
    ['SELECT', '9'],
    ['SET', 'a "b"', '\n\x00\xff'],
  ])
  expect(await watcher.next()).toMatch(/^\+\d+\.\d{6} \[9 127\.0\.0\.1:\d+\] "SELECT" "9"$/)
  const line = await watcher.next()
  expect(line).toMatch(/\[9 127\.0\.0\.1:\d+\] "SET" "a \\"b\\"" "\\n\\x00\\xff"$/)
  expect(Number(line.slice(1).split(' ')[0])).toBeGreaterThan(before)
})

test('a client on a Unix socket shows its path', async () => {
  const unix = connect(socketPath)
  unix.write('ping\r\n')
  expect(await watcher.next()).toMatch(new RegExp(`\\[0 unix:${socketPath}\\] "ping"$`))
  unix.destroy()
})

test('commands of a transaction come between MULTI and EXEC', async () => {
  await client.pipeline([['multi'], ['set', 'foo', 'bar'], ['get', 'foo'], ['exec']])
  const seen = [await watcher.command(), await watcher.command(), await watcher.command(), await watcher.command()]
  expect(seen).toEqual(['"multi"', '"set" "foo" "bar"', '"get" "foo"', '"exec"'])
})

test('secrets are left out', async () => {
  await client.call('AUTH', 'secret1')
  await client.call('AUTH', 'someone', 'secret2')
  await client.call('HELLO', '3', 'SETNAME', 'me', 'AUTH', 'someone', 'secret3')
  expect(await watcher.command()).toBe('"AUTH" "(redacted)"')
  expect(await watcher.command()).toBe('"AUTH" "(redacted)" "(redacted)"')
  expect(await watcher.command()).toBe('"HELLO" "3" "SETNAME" "me" "AUTH" "(redacted)" "(redacted)"')
})

test('commands of administrators, refused commands and queued ones are not shown', async () => {
  await client.pipeline([
    ['CONFIG', 'GET', 'port'],
    ['nonsense'],
    ['GET'],
    ['multi'],
    ['set', 'never', 'run'],
    ['discard'],
    ['echo', 'end'],
  ])
  expect([await watcher.command(), await watcher.command(), await watcher.command()]).toEqual([
    '"multi"',
    '"discard"',
    '"echo" "end"',
  ])
})

test('a watcher sees its own commands behind their replies; a second MONITOR gets no answer', async () => {
  watcher.send('MONITOR')
  watcher.send('PING')
  expect(await watcher.next()).toBe('+PONG')
  expect(await watcher.command()).toBe('"PING"')
  expect((await client.call('CLIENT', 'LIST')).text).toMatch(/ flags=O .* cmd=ping /)
})

test('RESET ends it', async () => {
  watcher.send('RESET')
  expect(await watcher.next()).toBe('+RESET')
  await client.call('ECHO', 'unseen')
  watcher.send('PING')
  expect(await watcher.next()).toBe('+PONG')
  expect((await client.call('CLIENT', 'LIST')).text).not.toMatch(/flags=O/)
})

test('is refused inside a transaction', async () => {
  const [, , reply] = await client.pipeline([['MULTI'], ['MONITOR'], ['EXEC']])
  expect(reply.elements?.[0].text).toBe("ERR MONITOR isn't allowed for DENY BLOCKING client")
})

test('on a replica the commands of its master are shown, with its address', async () => {
  const replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${server.port}`])
  await replica.waitForLog('MASTER <-> REPLICA sync: Finished')
  const onReplica = await Watcher.on(replica.port)
  await client.call('SET', 'k', 'v')
  for (;;) {
    const line = await onReplica.next()
    if (!line.includes('"SET"')) continue
    expect(line).toMatch(new RegExp(`\\[0 127\\.0\\.0\\.1:${server.port}\\] "SET" "k" "v"$`))
    break
  }
  onReplica.close()
  await replica.stop()
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('the same lines for the same commands', async () => {
    const stock = await startRedisServer(['--save', ''])
    const theirs = await RawClient.connect(stock.port)
    const theirWatcher = await Watcher.on(stock.port)
    const commands = [
      ['set', 'k', '17'],
      ['incr', 'k'],
      ['get', ''],
      ['eCHo', Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1')],
      ['auth', 'a', 'b', 'c'],
      ['auth', 'a', 'b'],
      ['client', 'setname', 'x'],
      ['getset', 'k', '5'],
      ['hset', 'h', 'f', 'v'],
      ['quit'],
    ]
    await client.pipeline(commands)
    await theirs.pipeline(commands)
    for (const [name] of commands) {
      const [ours, stocks] = [await watcher.command(), await theirWatcher.command()]
      // Redis shows passwords of an AUTH that it finds malformed.
      if (name === 'auth') expect(ours).toMatch(/^"auth" ("\(redacted\)" ?)+$/)
      else expect(ours).toBe(stocks)
    }
    theirWatcher.close()
    theirs.close()
  })
})
