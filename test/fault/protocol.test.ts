import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from '../interop/stock.js'
import { dial, everything, exchange, receive, resp, until } from './wire.js'

const QUIET = ['--save', '', '--loglevel', 'verbose']
let ours: RunningServer

beforeAll(async () => {
  ours = await startRedisTs(QUIET)
})

async function withClient<T>(port: number, use: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.connect(port)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

function configure(...settings: string[]): Promise<string | null> {
  return withClient(ours.port, async client => (await client.call('CONFIG', 'SET', ...settings)).text)
}

async function isAlive(): Promise<void> {
  expect(await exchange(ours.port, resp('PING'))).toBe('+PONG\r\n')
}

const MALFORMED = [
  '*x\r\n',
  '*\r\n',
  '*1x\r\n',
  '*01\r\n',
  '*+1\r\n',
  '*-0\r\n',
  '*2147483648\r\n',
  '*99999999999999999999\r\n',
  '*-9223372036854775809\r\n',
  '*1\r\n$x\r\n',
  '*1\r\n$\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$04\r\nPING\r\n',
  '*1\r\n$2147483648\r\n',
  '*2\r\n$3\r\nGET\r\n$99999999999999999999\r\n',
  '*1\r\n:4\r\n',
  '*1\r\n\r\n\r\n',
  '*2\r\n$4\r\nPING\r\nPING\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n',
  'PING "x\r\n',
  'PING "x"y\r\n',
  "PING 'x\r\n",
  `${resp('PING')}*1\r\nPING\r\n${resp('PING')}`,
]

const ODD_BUT_FINE = [
  '\r\n\n\r\n*0\r\n*-1\r\nPING\r\n',
  'PING\n',
  'PING hello\r\n',
  '  ping   "a b\\x41\\n\\t\\"c"  \r\n',
  "ECHO 'a\\'b'\r\n",
  'ECHO ""\r\n',
  'ECHO "a"b\r\n',
  'SET inline:key value\r\nGET inline:key\r\nDEL inline:key\r\n',
  '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
  '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n',
  'nosuchcommand a b c\r\n',
  'GET\r\n',
  '$4\r\nPING\r\n',
  'GET / HTTP/1.1\r\n',
  resp(''),
  resp('\x01\r\n\x80', 'a'),
  resp('ECHO', 'a\0b'),
  resp('ECHO\0'),
  resp('no\0such', 'a\0b', '\0', 'c'),
  resp('CONFIG', 'no\0such'),
  'ECHO "a\\x00b"\r\n',
  '"no\\x00such" "a\\x00b" c"d\\x00"\r\n',
]

const UNFINISHED = [
  '*',
  '*1',
  '*1\r',
  '*1\r\n',
  '*1\r\n$',
  '*1\r\n$4\r',
  '*1\r\n$4\r\nPI',
  '*1\r\n$4\r\nPING\r',
  'PING',
  '*1\r\nx',
  // Nothing behind a zero byte is found, neither a line's end nor another request.
  '\0PING\r\n',
  'PING\0\r\nPING\r\n',
  'ECHO a\0b\r\nPING\r\n',
  'PING \0\nPING\n',
  'PING \r\0\n',
  '*1\0\r\n$4\r\nPING\r\n',
  '*\x001\r\n$4\r\nPING\r\n',
  '*1\r\n\0$4\r\nPING\r\n',
  '*1\r\n$4\0\r\nPING\r\n',
  '*2\r\n$4\r\nPING\r\nx\0\r\n',
]

describe('the same bytes in give the same bytes out as from redis-server', requireStock('redis-server'), () => {
  let stock: RunningServer

  beforeAll(async () => {
    stock = await startRedisServer(QUIET)
  })

  async function expectSame(...pieces: (string | Buffer)[]): Promise<string> {
    const [here, there] = await Promise.all([exchange(ours.port, ...pieces), exchange(stock.port, ...pieces)])
    expect(here).toBe(there)
    return here
  }

  test.each(MALFORMED)('for %j, which is refused', async text => {
    expect(await expectSame(text)).toMatch(/-ERR Protocol error: [^\r]*\r\n$/)
  })

  test.each(ODD_BUT_FINE)('for %j', async text => {
    await expectSame(text)
  })

  test.each(UNFINISHED)('for %j, which is not finished', async text => {
    expect(await expectSame(`${resp('PING')}${text}`)).toBe('+PONG\r\n')
  })

  test('a byte at a time', async () => {
    const text = `${resp('SET', 'slow', 'x'.repeat(40))}GET slow\r\n\r\n${resp('DEL', 'slow')}*0\r\n*1\r\n$x\r\n`
    await expectSame(...[...text])
  })

  test('for lines of more than 64 KB', async () => {
    const long = 'x'.repeat(65_537)
    expect(await expectSame(long)).toBe('-ERR Protocol error: too big inline request\r\n')
    expect(await expectSame(`*${long.slice(1)}`)).toBe('-ERR Protocol error: too big mbulk count string\r\n')
    expect(await expectSame(`*1\r\n`, `$${long.slice(1)}`)).toBe('-ERR Protocol error: too big bulk count string\r\n')
    await expectSame(`ECHO ${'y'.repeat(65_000)}\r\n`)
    // So is one with a zero byte: it has no end.
    expect(await expectSame(`PING\0\r\n${long}`)).toBe('-ERR Protocol error: too big inline request\r\n')
    expect(await expectSame(`*1\0\r\n${long}`)).toBe('-ERR Protocol error: too big mbulk count string\r\n')
    expect(await expectSame('*1\r\n', `$1\0\r\n${long}`)).toBe('-ERR Protocol error: too big bulk count string\r\n')
  })

  test('for whatever may come', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        '*',
        '$',
        '\r',
        '\n',
        '\r\n',
        '-',
        '"',
        "'",
        '\\x',
        '\0',
        ' ',
        ':',
        '*1\r\n$4\r\nPING\r\n',
        '*2\r\n',
        '$1\r\na\r\n',
      ),
      fc.nat(12).map(String),
      fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 25 }), async parts => {
        await expectSame(parts.join(''))
      }),
      { numRuns: 250 },
    )
  })

  test('before a client has authenticated', async () => {
    for (const { port } of [ours, stock]) await exchange(port, resp('CONFIG', 'SET', 'requirepass', 'secret'))
    try {
      expect(await expectSame('*11\r\n')).toBe('-ERR Protocol error: unauthenticated multibulk length\r\n')
      expect(await expectSame('*1\r\n$16385\r\n')).toBe('-ERR Protocol error: unauthenticated bulk length\r\n')
      await expectSame('*10\r\n$16384\r\n')
      await expectSame(
        resp('AUTH', 'wrong'),
        resp('GET', 'x'),
        resp('AUTH', 'secret'),
        `*12\r\n$3\r\nDEL\r\n${'$1\r\na\r\n'.repeat(11)}`,
      )
    } finally {
      for (const { port } of [ours, stock]) {
        await exchange(port, resp('AUTH', 'secret') + resp('CONFIG', 'SET', 'requirepass', ''))
      }
    }
  })

  test('for a request of a million arguments', async () => {
    const keys = '$1\r\nk\r\n'.repeat(1_000_000)
    expect(await expectSame(`*1000001\r\n$6\r\nEXISTS\r\n${keys}`)).toBe(':0\r\n')
    expect(await expectSame(`*1000001\r\n$4\r\nPING\r\n${keys}`)).toMatch(/^-ERR wrong number/)
  })

  test('for values beyond proto-max-bulk-len', async () => {
    for (const { port } of [ours, stock]) {
      expect(await exchange(port, resp('CONFIG', 'SET', 'proto-max-bulk-len', '1mb'))).toBe('+OK\r\n')
    }
    try {
      expect(await expectSame('*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$1048577\r\n')).toBe(
        '-ERR Protocol error: invalid bulk length\r\n',
      )
      await expectSame(
        resp('SET', 'big', 'x'.repeat(1_048_576)),
        resp('APPEND', 'big', 'y'),
        resp('STRLEN', 'big'),
        resp('DEL', 'big'),
      )
    } finally {
      for (const { port } of [ours, stock]) await exchange(port, resp('CONFIG', 'SET', 'proto-max-bulk-len', '512mb'))
    }
  })

  test('from outside in protected mode', async ctx => {
    const host = Object.values(networkInterfaces())
      .flat()
      .find(address => address?.family === 'IPv4' && !address.internal)?.address
    if (host === undefined) return ctx.skip('this machine has no address but the loopback')
    const texts = await Promise.all([ours, stock].map(async ({ port }) => everything(await dial({ host, port }))))
    expect(texts[0]).toMatch(/^-DENIED Redis is running in protected mode/)
    expect(texts[0]).toBe(texts[1])
    expect(await configure('protected-mode', 'no')).toBe('OK')
    expect(await exchange({ host, port: ours.port }, resp('PING'))).toBe('+PONG\r\n')
    expect(await configure('protected-mode', 'yes', 'requirepass', 'secret')).toBe('OK')
    expect(
      await exchange({ host, port: ours.port }, resp('AUTH', 'secret') + resp('CONFIG', 'SET', 'requirepass', '')),
    ).toBe('+OK\r\n+OK\r\n')
  })
})

describe('requests', () => {
  test('come by the hundred thousand in one go, and are answered in order', async () => {
    const socket = await dial(ours.port)
    const count = 100_000
    socket.write(`${resp('SET', 'counter', '0')}${resp('INCR', 'counter').repeat(count)}`)
    const expected = `+OK\r\n${Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`).join('')}`
    const answer = await receive(socket, expected.length)
    expect(answer.toString('latin1') === expected).toBe(true)
    socket.destroy()
  })

  test('in RESP3 are answered in RESP3', async () => {
    const answer = await exchange(
      ours.port,
      resp('HELLO', '3'),
      resp('GET', 'nothing'),
      resp('HELLO', '2'),
      resp('GET', 'nothing'),
    )
    expect(answer).toMatch(
      /^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n\$7\r\nversion\r\n\$5\r\n7\.2\.5\r\n\$5\r\nproto\r\n:3\r\n/,
    )
    expect(answer).toMatch(/\r\n_\r\n\*14\r\n[\s\S]*\$-1\r\n$/)
    expect(await exchange(ours.port, resp('HELLO', '4'))).toBe('-NOPROTO unsupported protocol version\r\n')
  })

  test('that announce half a gigabyte and never send it cost next to nothing', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(ours.port)))
    for (const socket of sockets) socket.write('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc')
    await isAlive()
    expect(residentBytes()).toBeLessThan(500 * 1024 * 1024)
    for (const socket of sockets) socket.destroy()
    await isAlive()
  })

  test('that outgrow client-query-buffer-limit end the connection', async () => {
    expect(await configure('client-query-buffer-limit', '1mb')).toBe('OK')
    const from = ours.log().length
    const socket = await dial(ours.port)
    socket.write(`*2\r\n$4\r\nECHO\r\n$3000000\r\n${'x'.repeat(2_000_000)}`)
    expect(await everything(socket)).toBe('')
    await ours.waitForLog('Closing client that reached max query buffer length', 5000, from)
    // The same in many small arguments.
    const other = await dial(ours.port)
    other.write(`*900000\r\n${'$1\r\nx\r\n'.repeat(300_000)}`)
    expect(await everything(other)).toBe('')
    expect(await configure('client-query-buffer-limit', '1gb')).toBe('OK')
    await isAlive()
  })
})

/** Replies that wait for clients to read, in bytes. */
async function pendingOutput(): Promise<number> {
  const clients = await exchange(ours.port, 'CLIENT LIST\r\n')
  return Math.max(...[...clients.matchAll(/ omem=(\d+)/g)].map(match => Number(match[1])))
}

/** Resident memory of the server under test, in bytes. */
function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${ours.pid}/status`, 'utf8'))?.[1]) * 1024
}

describe('a client that does not read its replies', () => {
  test('is closed at the hard limit of client-output-buffer-limit', async () => {
    expect(await configure('client-output-buffer-limit', 'normal 1mb 0 0')).toBe('OK')
    await exchange(ours.port, resp('SET', 'big', 'x'.repeat(1_000_000)))
    const from = ours.log().length
    const socket = await dial(ours.port)
    socket.pause()
    socket.write(resp('GET', 'big').repeat(40))
    await ours.waitForLog('scheduled to be closed ASAP for overcoming of output buffer limits', 10_000, from)
    expect((await everything(socket)).length).toBeLessThan(40_000_000)
    expect(await configure('client-output-buffer-limit', 'normal 0 0 0')).toBe('OK')
  })

  test('is closed at the soft limit once its time is over', async () => {
    expect(await configure('client-output-buffer-limit', 'normal 0 1mb 1')).toBe('OK')
    const from = ours.log().length
    const socket = await dial(ours.port)
    socket.pause()
    socket.write(resp('GET', 'big').repeat(40))
    await ours.waitForLog('scheduled to be closed ASAP for overcoming of output buffer limits', 10_000, from)
    socket.destroy()
    expect(await configure('client-output-buffer-limit', 'normal 0 0 0')).toBe('OK')
  })

  test('costs memory only as long as it is there, and nobody else anything', async () => {
    await exchange(ours.port, resp('SET', 'small', 'x'.repeat(4000)))
    const before = residentBytes()
    // Four times as much in all as may be resident in the end: what one client leaves serves the next.
    for (let round = 0; round < 8; round++) {
      const socket = await dial(ours.port)
      socket.pause()
      socket.write(resp('GET', 'small').repeat(30_000))
      await until(pendingOutput, bytes => bytes > 100_000_000)
      socket.destroy()
      await until(pendingOutput, bytes => bytes === 0)
    }
    expect(residentBytes()).toBeLessThan(before + 300_000_000)
  })

  test('gets what the values were when it asked, however late it reads', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `late:${i}`)
    const value = (i: number, round: number): string =>
      String.fromCharCode(33 + ((i + round * 7) % 90)).repeat(1_000_000)
    const write = (round: number): Promise<unknown> =>
      withClient(ours.port, client => client.pipeline(keys.map((key, i) => ['SET', key, value(i, round)])))
    await write(0)
    const socket = await dial(ours.port)
    socket.pause()
    socket.write(keys.map(key => resp('GET', key)).join(''))
    await until(pendingOutput, bytes => bytes > 10_000_000)
    // The old values are in nobody's hands any more but the connection's, and much garbage makes the collector run.
    for (let round = 1; round <= 6; round++) await write(round)
    const expected = keys.map((_, i) => `$1000000\r\n${value(i, 0)}\r\n`).join('')
    const answer = await receive(socket, expected.length)
    expect(answer.toString('latin1') === expected).toBe(true)
    socket.destroy()
    await exchange(ours.port, resp('FLUSHALL'))
  })
})

describe('connections', () => {
  test('beyond maxclients are turned away', async () => {
    const server = await startRedisTs([...QUIET, '--maxclients', '3'])
    const held = await Promise.all([1, 2, 3].map(() => dial(server.port)))
    for (const socket of held) {
      socket.write(resp('PING'))
      await receive(socket, 7)
    }
    expect(await everything(await dial(server.port))).toBe('-ERR max number of clients reached\r\n')
    held[0].destroy()
    await until(
      () => exchange(server.port, resp('PING')),
      text => text === '+PONG\r\n',
    )
    expect(await exchange(server.port, resp('INFO', 'stats'))).toMatch(/rejected_connections:[1-9]/)
    for (const socket of held) socket.destroy()
    expect(await server.stop()).toBe(0)
  })

  test('that are idle for longer than timeout are closed', async () => {
    const socket = await dial(ours.port)
    socket.write(resp('CONFIG', 'SET', 'timeout', '1'))
    const started = Date.now()
    socket.resume()
    await once(socket, 'close')
    expect(Date.now() - started).toBeGreaterThan(900)
    expect(await configure('timeout', '0')).toBe('OK')
  })

  test('are taken on several addresses, and an optional one may be missing', async () => {
    const server = await startRedisTs([...QUIET, '--bind', '127.0.0.1', '127.0.0.2', '-::1', '-192.0.2.123'])
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      expect(await exchange({ host, port: server.port }, resp('PING'))).toBe('+PONG\r\n')
    }
    const others = await Promise.allSettled([dial({ host: '127.0.0.3', port: server.port })])
    expect(others[0].status).toBe('rejected')
    expect(await server.stop()).toBe(0)
  })

  test('are taken on a Unix socket with its permissions, which goes with the server', async () => {
    const file = join(tempDir(), 'redis.sock')
    const server = await startRedisTs([...QUIET, '--unixsocket', file, '--unixsocketperm', '700'])
    expect(statSync(file).mode & 0o777).toBe(0o700)
    expect(await exchange({ path: file }, resp('PING'), resp('CLIENT', 'INFO'))).toMatch(
      /^\+PONG\r\n[\s\S]* addr=.*redis\.sock:0 /,
    )
    expect(await server.stop()).toBe(0)
    expect(() => statSync(file)).toThrow('ENOENT')
  })
})

test('the server has lived through all of this', async () => {
  await isAlive()
  expect(await ours.stop()).toBe(0)
})
