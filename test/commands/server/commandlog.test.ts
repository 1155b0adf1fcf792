/** COMMANDLOG, of Valkey 8.1: commands that were slow, and those with large requests or replies. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.pipeline(
    words(
      'config set slowlog-log-slower-than 10000 slowlog-max-len 128',
      'config set commandlog-request-larger-than 1000 commandlog-large-request-max-len 128',
      'config set commandlog-reply-larger-than 1000 commandlog-large-reply-max-len 128',
      'flushall',
      'commandlog reset slow',
      'commandlog reset large-request',
      'commandlog reset large-reply',
    ),
  )
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

interface Entry {
  id: number
  value: number
  args: string[]
  name: string
}

async function entries(type: string): Promise<Entry[]> {
  const { elements } = await client.call('COMMANDLOG', 'GET', '-1', type)
  return (elements ?? []).map(({ elements }) => {
    const [id, , value, args, , name] = elements ?? []
    return { id: Number(id.text), value: Number(value.text), args: texts(args), name: name.text ?? '' }
  })
}

/** Names of the commands that are logged, and their sizes. */
async function sizes(type: string): Promise<(string | number)[][]> {
  return (await entries(type)).map(({ args, value }) => [args[0], value])
}

test('large requests are logged with their bytes on the wire, arguments cut', async () => {
  await client.call('CLIENT', 'SETNAME', 'loader')
  await client.pipeline([['SET', 'small', 'x'], ['SET', 'key', 'v'.repeat(1000)], ['PING']])
  const [entry, ...others] = await entries('large-request')
  expect(others).toEqual([])
  expect(entry.value).toBe('*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1000\r\n\r\n'.length + 1000)
  expect(entry.args).toEqual(['SET', 'key', `${'v'.repeat(128)}... (872 more bytes)`])
  expect(entry.name).toBe('loader')
})

test('large replies are logged with their bytes', async () => {
  await client.call('SET', 'key', 'v'.repeat(992))
  expect(shown(await client.call('COMMANDLOG', 'LEN', 'large-reply'))).toBe(':0')
  await client.pipeline(words('append key x', 'get key', 'mget key key'))
  expect(await sizes('large-reply')).toEqual([
    ['mget', 4 + 2 * 1001],
    ['get', 1001],
  ])
})

test('values that are referred to, and replies that come in pieces, count in full', async () => {
  await client.call('SET', 'key', 'v'.repeat(100_000))
  const many: string[] = []
  for (let i = 0; i < 20_000; i++) many.push(`element:${i}`)
  await client.pipeline([
    ['RPUSH', 'list', ...many],
    ['SADD', 'set', ...many],
    ['COMMANDLOG', 'RESET', 'large-reply'],
  ])
  await client.pipeline(words('get key', 'lrange list 0 -1', 'smembers set'))
  let bytes = '*20000\r\n'.length
  for (const { length } of many) bytes += `$${length}\r\n\r\n`.length + length
  expect(await sizes('large-reply')).toEqual([
    ['smembers', bytes],
    ['lrange', bytes],
    ['get', '$100000\r\n\r\n'.length + 100_000],
  ])
})

test("a transaction's commands are logged, each with its own sizes, and EXEC is not", async () => {
  const value = 'v'.repeat(2000)
  await client.pipeline([['MULTI'], ['SET', 'key', value], ['PING'], ['GET', 'key'], ['EXEC']])
  expect(await sizes('large-request')).toEqual([['SET', '*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2000\r\n\r\n'.length + 2000]])
  expect(await sizes('large-reply')).toEqual([['GET', '$2000\r\n\r\n'.length + 2000]])
})

test('a command that waits is logged when it is done', async () => {
  const other = await RawClient.connect(server.port)
  const keys = Array.from({ length: 200 }, (_, i) => `list:${i}`)
  const popped = other.call('BLPOP', ...keys, '0')
  const blocked = async (): Promise<boolean> =>
    ((await client.call('INFO', 'clients')).text ?? '').includes('blocked_clients:1')
  while (!(await blocked())) await client.call('PING')
  expect(await sizes('large-request')).toEqual([])
  await client.call('RPUSH', 'list:7', 'v'.repeat(3000))
  await popped
  expect((await sizes('large-request')).map(([name]) => name)).toEqual(['BLPOP', 'RPUSH'])
  expect((await sizes('large-reply')).map(([name]) => name)).toEqual(['BLPOP'])
  await client.call('COMMANDLOG', 'RESET', 'large-request')
  await other.call('BLPOP', ...keys, '0.01')
  expect((await sizes('large-request')).map(([name]) => name)).toEqual(['BLPOP'])
  other.close()
})

test('zero logs everything, and replies that are not sent have no size', async () => {
  await client.pipeline(words('config set commandlog-request-larger-than 0 commandlog-reply-larger-than 0'))
  await client.pipeline(words('commandlog reset large-request', 'commandlog reset large-reply'))
  client.write(['CLIENT', 'REPLY', 'SKIP'], ['GET', 'x'])
  await client.call('PING')
  expect((await sizes('large-reply')).slice(0, 2)).toEqual([
    ['PING', '+PONG\r\n'.length],
    ['GET', 0],
  ])
  expect((await sizes('large-request')).find(([name]) => name === 'PING')).toEqual([
    'PING',
    '*1\r\n$4\r\nPING\r\n'.length,
  ])
})

test('an inline command counts with a blank between arguments', async () => {
  await client.call('CONFIG', 'SET', 'commandlog-request-larger-than', '20')
  const typed = connect(server.port, '127.0.0.1')
  typed.write('ECHO   "quoted argument"\r\n')
  await once(typed, 'data')
  typed.destroy()
  expect((await sizes('large-request'))[0]).toEqual(['ECHO', 'ECHO quoted argument\r\n'.length])
})

test('-1, or no room for entries, turns a log off', async () => {
  await client.call('CONFIG', 'SET', 'commandlog-request-larger-than', '-1')
  await client.call('CONFIG', 'SET', 'commandlog-reply-larger-than', '0', 'commandlog-large-reply-max-len', '0')
  await client.call('SET', 'key', 'v'.repeat(2000))
  await client.call('GET', 'key')
  const lengths = await client.pipeline(words('commandlog len large-request', 'commandlog len large-reply'))
  expect(lengths.map(shown)).toEqual([':0', ':0'])
})

test('logs keep their last entries, and forget them apart', async () => {
  await client.call('CONFIG', 'SET', 'commandlog-large-request-max-len', '2')
  for (let i = 0; i < 3; i++) await client.call('SET', `key:${i}`, 'v'.repeat(2000))
  await client.call('GET', 'key:0')
  expect((await entries('large-request')).map(({ args }) => args[1])).toEqual(['key:2', 'key:1'])
  expect((await client.call('COMMANDLOG', 'GET', '1', 'LARGE-REQUEST')).elements?.length).toBe(1)
  await client.call('COMMANDLOG', 'RESET', 'large-request')
  const lengths = await client.pipeline(words('commandlog len large-request', 'commandlog len large-reply'))
  expect(lengths.map(shown)).toEqual([':0', ':1'])
})

test('passwords are left out', async () => {
  await client.call('AUTH', 'p'.repeat(2000))
  expect((await entries('large-request'))[0].args).toEqual(['AUTH', '(redacted)'])
})

test('type slow is SLOWLOG by another name', async () => {
  await client.call('CONFIG', 'SET', 'commandlog-execution-slower-than', '0', 'commandlog-slow-execution-max-len', '3')
  expect(texts(await client.call('CONFIG', 'GET', 'slowlog-*'))).toEqual([
    'slowlog-log-slower-than',
    '0',
    'slowlog-max-len',
    '3',
  ])
  await client.pipeline(words('ping', 'ping', 'ping', 'ping'))
  const [theirs, ours] = await client.pipeline([
    ['SLOWLOG', 'LEN'],
    ['COMMANDLOG', 'LEN', 'slow'],
  ])
  expect([theirs, ours].map(shown)).toEqual([':3', ':3'])
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')
  const [all, same] = await client.pipeline([
    ['SLOWLOG', 'GET', '-1'],
    ['COMMANDLOG', 'GET', '-1', 'slow'],
  ])
  expect(same).toEqual(all)
  await client.call('SLOWLOG', 'RESET')
  expect(shown(await client.call('COMMANDLOG', 'LEN', 'SLOW'))).toBe(':0')
})

test.each([
  ['commandlog get -2 slow', '-ERR count should be greater than or equal to -1'],
  ['commandlog get x nonsense', '-ERR count should be greater than or equal to -1'],
  ['commandlog get 1 nonsense', '-ERR type should be one of the following: slow, large-request, large-reply'],
  ['commandlog len large', '-ERR type should be one of the following: slow, large-request, large-reply'],
  ['commandlog reset ""', '-ERR type should be one of the following: slow, large-request, large-reply'],
  ['commandlog get 1', "-ERR wrong number of arguments for 'commandlog|get' command"],
  ['commandlog len', "-ERR wrong number of arguments for 'commandlog|len' command"],
  ['commandlog nonsense', "-ERR unknown subcommand 'nonsense'. Try COMMANDLOG HELP."],
])('%s is refused', async (request, error) => {
  expect(shown(await client.call(...words(request)[0]))).toBe(error)
})

test('COMMANDLOG HELP', async () => {
  const lines = texts(await client.call('COMMANDLOG', 'HELP'))
  expect(lines[0]).toMatch(/^COMMANDLOG <subcommand>/)
  expect(lines).toContain('GET <count> (SLOW|LARGE-REQUEST|LARGE-REPLY)')
})
