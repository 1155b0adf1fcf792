/** /api/commands: what the page, or a program, may have run. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../interop/polling.js'
import { ask, basic, exchange, type HttpServer, startWithHttp } from './http-kit.js'

type Reply = unknown

const clients: Redis[] = []

afterAll(() => {
  for (const client of clients) client.disconnect()
})

function clientOf(port: number, password?: string): Redis {
  const client = new Redis(port, { retryStrategy: () => null, ...(password === undefined ? {} : { password }) })
  client.on('error', () => {})
  clients.push(client)
  return client
}

function post({ url }: HttpServer, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/api/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function run(
  server: HttpServer,
  commands: unknown[][],
  db = 0,
  headers: Record<string, string> = {},
): Promise<Reply[]> {
  const response = await post(server, { db, commands }, headers)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  return ((await response.json()) as { replies: Reply[] }).replies
}

const refused = (words: string): { error: unknown } => ({ error: expect.stringContaining(words) })

describe('without http-writes', () => {
  let server: HttpServer
  let client: Redis

  beforeAll(async () => {
    server = await startWithHttp(['--enable-debug-command', 'yes'])
    client = clientOf(server.port)
    await client.hset('hash', { a: '1', b: '2' })
    await client.zadd('zset', 1.5, 'x')
    await client.sadd('set', 'member')
    await client.rpush('list', 'a', 'b', 'c')
    await client.set('binary', Buffer.from([0xff, 0xfe]))
    await client.set('text', 'grün')
    await client.select(3)
    await client.set('other', 'db')
    await client.select(0)
  })

  test('reads are answered in their kinds', async () => {
    const replies = await run(server, [
      ['PING'],
      ['GET', 'text'],
      ['GET', 'binary'],
      ['GET', { base64: Buffer.from('text').toString('base64') }],
      ['GET', 'nothing'],
      ['HGETALL', 'hash'],
      ['ZRANGE', 'zset', 0, -1, 'WITHSCORES'],
      ['SMEMBERS', 'set'],
      ['LRANGE', 'list', '0', '-1'],
      ['DBSIZE'],
      ['GET', 'list'],
    ])
    expect(replies).toEqual([
      { status: 'PONG' },
      'grün',
      { base64: '//4=' },
      'grün',
      null,
      {
        map: [
          ['a', '1'],
          ['b', '2'],
        ],
      },
      [['x', { double: '1.5' }]],
      { set: ['member'] },
      ['a', 'b', 'c'],
      6,
      { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    ])
    const [info] = (await run(server, [['INFO', 'server']])) as [{ text: string }]
    expect(info.text).toContain('redis_version:7.2.5')
  })

  test('a request has a database, and SELECT changes it for what follows', async () => {
    expect(await run(server, [['KEYS', '*']], 3)).toEqual([['other']])
    expect(
      await run(server, [
        ['SELECT', '3'],
        ['GET', 'other'],
        ['SELECT', '0'],
        ['GET', 'other'],
      ]),
    ).toEqual([{ status: 'OK' }, 'db', { status: 'OK' }, null])
    expect(await run(server, [['GET', 'other']])).toEqual([null])
    expect((await post(server, { db: 16, commands: [] })).status).toBe(400)
  })

  test('mistakes get the server’s own words', async () => {
    expect(await run(server, [['NOPE', 'x'], ['GET'], ['CONFIG'], ['CONFIG', 'NOPE'], ['']])).toEqual([
      { error: "ERR unknown command 'NOPE', with args beginning with: 'x' " },
      { error: "ERR wrong number of arguments for 'get' command" },
      { error: "ERR wrong number of arguments for 'config' command" },
      { error: "ERR unknown subcommand 'NOPE'. Try CONFIG HELP." },
      { error: "ERR unknown command '', with args beginning with: " },
    ])
  })

  test('what changes data is refused', async () => {
    const before = await client.debug('DIGEST' as never)
    const commands = [
      ['SET', 'text', 'x'],
      ['del', 'text'],
      ['GETEX', 'text'],
      ['SORT', 'list'],
      ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'q', '>'],
      ['FLUSHALL'],
      ['EVAL', "redis.call('set', 'text', 'x')", '0'],
      ['EVALSHA', 'a'.repeat(40), '0'],
      ['FCALL', 'f', '0'],
      ['FUNCTION', 'FLUSH'],
      ['SCRIPT', 'FLUSH'],
      ['PUBLISH', 'channel', 'message'],
      ['SPUBLISH', 'channel', 'message'],
      ['MIGRATE', '127.0.0.1', '1', 'text', '0', '100'],
    ]
    for (const reply of await run(server, commands)) expect(reply).toEqual(refused('ERR http-writes is no: '))
    expect(await client.debug('DIGEST' as never)).toEqual(before)
  })

  test('so is what changes the server', async () => {
    const commands = [
      ['CONFIG', 'SET', 'http-writes', 'yes'],
      ['CONFIG', 'REWRITE'],
      ['CONFIG', 'RESETSTAT'],
      ['DEBUG', 'SLEEP', '1'],
      ['DEBUG', 'DIGEST'],
      ['SHUTDOWN'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['FAILOVER'],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['CLIENT', 'PAUSE', '1000'],
      ['CLIENT', 'NO-EVICT', 'on'],
      ['ACL', 'SETUSER', 'eve', 'on'],
      ['ACL', 'LOG', 'reset'],
      ['ACL', 'SAVE'],
      ['SLOWLOG', 'RESET'],
      ['LATENCY', 'RESET'],
      ['COMMANDLOG', 'RESET', 'slow'],
      ['MEMORY', 'PURGE'],
      ['MODULE', 'LOAD', '/x'],
      ['BGSAVE'],
      ['SAVE'],
      ['BGREWRITEAOF'],
    ]
    const replies = await run(server, commands)
    for (const [i, reply] of replies.entries())
      expect(reply, `${commands[i]}`).toEqual(refused('ERR http-writes is no: '))
    expect(await client.config('GET', 'http-writes')).toEqual(['http-writes', 'no'])
  })

  test('what only looks is not', async () => {
    const commands = [
      ['CONFIG', 'GET', 'maxmemory'],
      ['CLIENT', 'LIST'],
      ['CLIENT', 'INFO'],
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'ID'],
      ['SLOWLOG', 'GET'],
      ['SLOWLOG', 'LEN'],
      ['LATENCY', 'LATEST'],
      ['LATENCY', 'HISTORY', 'command'],
      ['LATENCY', 'DOCTOR'],
      ['LATENCY', 'HISTOGRAM'],
      ['COMMANDLOG', 'LEN', 'slow'],
      ['ACL', 'LIST'],
      ['ACL', 'LOG'],
      ['ACL', 'WHOAMI'],
      ['MEMORY', 'USAGE', 'text'],
      ['MEMORY', 'STATS'],
      ['OBJECT', 'ENCODING', 'text'],
      ['EVAL_RO', 'return 1', '0'],
      ['PFCOUNT', 'nothing'],
      ['SCAN', '0'],
      ['ROLE'],
      ['LASTSAVE'],
      ['MODULE', 'LIST'],
      ['COMMAND', 'DOCS', 'get'],
      ['SORT_RO', 'list', 'ALPHA'],
    ]
    const replies = await run(server, commands)
    for (const [i, reply] of replies.entries()) expect(reply, `${commands[i]}`).not.toHaveProperty('error')
    expect(replies[3]).toBe('page')
  })

  test('what makes something else of a connection is refused', async () => {
    const commands = [
      ['SUBSCRIBE', 'channel'],
      ['PSUBSCRIBE', '*'],
      ['SSUBSCRIBE', 'channel'],
      ['MONITOR'],
      ['PSYNC', '?', '-1'],
      ['SYNC'],
      ['REPLCONF', 'listening-port', '1'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['client', 'tracking', 'on'],
      ['HELLO', '2'],
      ['AUTH', 'x'],
      ['MULTI'],
      ['EXEC'],
      ['WATCH', 'text'],
      ['RESET'],
      ['QUIT'],
    ]
    const replies = await run(server, commands)
    for (const [i, reply] of replies.entries())
      expect(reply, `${commands[i]}`).toEqual(refused('is about a connection'))
    expect(await run(server, [['PING']])).toEqual([{ status: 'PONG' }])
  })

  test('what would block answers at once', async () => {
    expect(
      await run(server, [
        ['XREAD', 'BLOCK', '0', 'STREAMS', 'stream', '$'],
        ['WAIT', '1', '0'],
      ]),
    ).toEqual([null, 0])
  })

  test("commands count as any client's", async () => {
    await client.config('RESETSTAT')
    await run(server, [['GET', 'text'], ['GET', 'list'], ['NOPE']])
    const stats = await client.info('commandstats')
    expect(stats).toMatch(/cmdstat_get:calls=2,.*failed_calls=1/)
    expect(await client.info('errorstats')).toContain('errorstat_WRONGTYPE:count=1')
    const [line] = (await run(server, [['CLIENT', 'INFO']])) as [{ text: string }]
    expect(line.text).toMatch(/^id=\d+ addr=127\.0\.0\.1:\d+ .* name=page .* resp=3 lib-name=redis-ts-page /)
  })

  test('nothing of a request is left behind', async () => {
    await run(server, [['PING']])
    await until('its client is gone', async () => !String(await client.client('LIST')).includes('redis-ts-page'))
  })

  test('other bodies are refused in words', async () => {
    const wrong: [unknown, number][] = [
      ['', 400],
      ['{', 400],
      ['[]', 400],
      ['null', 400],
      [{}, 400],
      [{ commands: 'PING' }, 400],
      [{ commands: ['PING'] }, 400],
      [{ commands: [[]] }, 400],
      [{ commands: [[null]] }, 400],
      [{ commands: [['PING', {}]] }, 400],
      [{ commands: [['GET', { base64: '*' }]] }, 400],
      [{ db: '0', commands: [] }, 400],
      [{ db: -1, commands: [] }, 400],
      [{ db: 1.5, commands: [] }, 400],
      [{ commands: Array.from({ length: 101 }, () => ['PING']) }, 413],
      [{ commands: [['MGET', ...Array.from({ length: 5000 }, () => 'k')]] }, 413],
      [`{"commands":${'['.repeat(30_000)}`, 413],
      [{ commands: [['ECHO', 'x'.repeat(1024 * 1024)]] }, 413],
    ]
    for (const [body, status] of wrong) {
      const response = await post(server, body)
      expect(response.status, JSON.stringify(body).slice(0, 60)).toBe(status)
      expect((await response.text()).length).toBeGreaterThan(10)
    }
    expect(await run(server, [])).toEqual([])
    expect(await run(server, [['ECHO', `,[{${'"'.repeat(100_000)}`]])).toEqual([`,[{${'"'.repeat(100_000)}`])
  })

  test('a form of another site cannot send them', async () => {
    const body = JSON.stringify({ commands: [['PING']] })
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
      '',
    ]) {
      const { status } = await ask(server.httpPort, 'POST /api/commands', { 'Content-Type': type }, body)
      expect(status, type).toBe(415)
    }
    const json = { 'Content-Type': 'application/json; charset=utf-8' }
    expect((await ask(server.httpPort, 'POST /api/commands', json, body)).status).toBe(200)
    expect(
      (await ask(server.httpPort, 'POST /api/commands', { ...json, Origin: 'http://evil.example' }, body)).status,
    ).toBe(403)
    expect((await ask(server.httpPort, 'POST /api/commands', { ...json, Host: 'evil.example' }, body)).status).toBe(421)
    expect((await ask(server.httpPort, 'GET /api/commands')).status).toBe(405)
  })

  test('a body that is too long, or does not come, is cut off', { timeout: 40_000 }, async () => {
    const head = `POST /api/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
    const told = await exchange(server.httpPort, `${head}Content-Length: 100000000\r\n\r\n{`)
    expect(told).toContain('413')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    expect(await exchange(server.httpPort, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(400)}`)).toContain(
      '413',
    )
    expect(await exchange(server.httpPort, `${head}Content-Length: 10\r\n\r\n{`)).toContain('408')
  })
})

describe('with http-writes', () => {
  let server: HttpServer

  beforeAll(async () => {
    server = await startWithHttp(['--http-writes', 'yes'])
  })

  test('everything that the user may do is done', async () => {
    const replies = await run(server, [
      ['SET', { base64: '/w==' }, { base64: 'AAEC' }],
      ['GET', { base64: '/w==' }],
      ['INCRBY', 'n', '9007199254740993'],
      ['EVAL', 'return {1, 2}', 0],
      ['CONFIG', 'SET', 'maxmemory-samples', 7],
      ['BLPOP', 'queue', '0'],
      ['PUBLISH', 'channel', 'message'],
    ])
    expect(replies).toEqual([
      { status: 'OK' },
      '\0\x01\x02',
      { integer: '9007199254740993' },
      [1, 2],
      { status: 'OK' },
      null,
      0,
    ])
    expect(await clientOf(server.port).get(Buffer.from([0xff]))).toBe('\0\x01\x02')
  })

  test('it may be taken back at any time', async () => {
    const client = clientOf(server.port)
    await client.config('SET', 'http-writes', 'no')
    expect(await run(server, [['SET', 'x', 'y']])).toEqual([refused('ERR http-writes is no')])
    expect(await run(server, [['CONFIG', 'SET', 'http-writes', 'yes']])).toEqual([refused('ERR http-writes is no')])
    await client.config('SET', 'http-writes', 'yes')
    expect(
      await run(server, [
        ['SET', 'x', 'y'],
        ['CONFIG', 'SET', 'http-writes', 'no'],
        ['SET', 'x', 'z'],
      ]),
    ).toEqual([{ status: 'OK' }, { status: 'OK' }, refused('ERR http-writes is no')])
    await client.config('SET', 'http-writes', 'yes')
  })

  test('too much to reply is an error of that command, and the end', async () => {
    const client = clientOf(server.port)
    await client.setrange('huge', 20 * 1024 * 1024, 'x')
    await client.set('most', 'x'.repeat(15 * 1024 * 1024))
    await client.setrange('zeros', 15 * 1024 * 1024 - 1, 'x')
    await client.eval("for i = 1, 400000 do redis.call('RPUSH', 'list', 'element of the list:' .. i) end", 0)
    const replies = await run(server, [['PING'], ['GET', 'huge'], ['SET', 'after', 'x']])
    expect(replies).toEqual([{ status: 'PONG' }, refused('bytes together'), refused('ERR not run')])
    expect(await client.exists('after')).toBe(0)
    const [most, again] = await run(server, [
      ['GET', 'most'],
      ['LRANGE', 'list', 0, -1],
    ])
    expect(most).toHaveLength(15 * 1024 * 1024)
    expect(again).toEqual(refused('bytes together'))
    // As JSON each of them is six bytes.
    expect(await run(server, [['GET', 'zeros']])).toEqual([refused('bytes together')])
    const [list] = (await run(server, [['LRANGE', 'list', 0, -1]])) as [string[]]
    expect(list).toHaveLength(400_000)
    expect(list[399_999]).toBe('element of the list:400000')
  })

  test('who goes away before the end takes the command with him', async () => {
    const client = clientOf(server.port)
    const abort = new AbortController()
    await client.client('PAUSE', 60_000, 'WRITE')
    const waiting = fetch(`${server.url}/api/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ commands: [['SET', 'late', 'x']] }),
      signal: abort.signal,
    }).then(response => response.text())
    const isThere = async (): Promise<boolean> => String(await client.client('LIST')).includes('redis-ts-page')
    await until('it waits', isThere)
    abort.abort()
    await expect(waiting).rejects.toThrow()
    await until('it is gone', async () => !(await isThere()))
    await client.client('UNPAUSE')
    expect(await client.exists('late')).toBe(0)
  })

  test('no more than sixteen are answered at a time', async () => {
    const client = clientOf(server.port)
    await client.client('PAUSE', 60_000, 'WRITE')
    const waiting = Array.from({ length: 16 }, () =>
      post(server, { commands: [['SET', 'x', 'y']] }).then(({ status }) => status),
    )
    await until('they wait', async () => (await post(server, { commands: [['SET', 'x', 'y']] })).status === 503)
    await client.client('UNPAUSE')
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 16 }, () => 200))
    expect(await run(server, [['PING']])).toEqual([{ status: 'PONG' }])
  })

  test('who kills the page’s connection gets words for it', async () => {
    const [reply, next] = await run(server, [['CLIENT', 'KILL', 'USER', 'default', 'SKIPME', 'no'], ['PING']])
    expect([reply, next]).toEqual([expect.any(Number), refused('ERR')])
  })
})

test('rights are those of the user', async () => {
  const server = await startWithHttp(['--requirepass', 'secret', '--http-writes', 'yes'])
  const client = clientOf(server.port, 'secret')
  await client.acl('SETUSER', 'app', 'on', '>pw', '~app:*', '+get', '+set')
  expect((await post(server, { commands: [['PING']] })).status).toBe(401)
  const app = { authorization: basic('app', 'pw') }
  expect(
    await run(
      server,
      [
        ['SET', 'app:x', '1'],
        ['GET', 'app:x'],
        ['GET', 'other'],
        ['DEL', 'app:x'],
      ],
      0,
      app,
    ),
  ).toEqual([{ status: 'OK' }, '1', refused('NOPERM'), refused('NOPERM')])
  const [entry] = (await client.acl('LOG')) as string[][]
  expect(entry).toEqual(expect.arrayContaining(['username', 'app']))
  expect(entry.join(' ')).toContain('name=page')
  expect(await run(server, [['ACL', 'WHOAMI']], 0, { authorization: basic('', 'secret') })).toEqual(['default'])
})

test('a client too many is told so', async () => {
  const server = await startWithHttp(['--maxclients', '1'])
  const client = clientOf(server.port)
  await client.ping()
  const response = await post(server, { commands: [['PING']] })
  expect([response.status, await response.text()]).toEqual([503, 'ERR max number of clients reached\n'])
})

test('a replica refuses writes in its own words', async () => {
  const server = await startWithHttp(['--http-writes', 'yes', '--replicaof', '127.0.0.1', '1'])
  expect(await run(server, [['SET', 'x', 'y']])).toEqual([refused('READONLY')])
})
