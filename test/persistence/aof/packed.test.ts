/** Values that are kept packed although they are long, and large elements of such ones, as commands. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultLimits, type ValueLimits } from '../../../src/types/value-limits.js'
import { RawClient } from '../../commands/raw-client.js'
import { askText } from '../../interop/polling.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { commandsOf, execute, keyspaceOf, requestsOf } from './rewriting.js'

const MANY = 1_000_000
const LIMITS: ValueLimits = {
  ...defaultLimits(),
  hash: { maxEntries: MANY, maxValueBytes: MANY },
  list: { maxListpackSize: MANY, compressDepth: 1 },
  set: { maxIntsetEntries: MANY, maxListpackEntries: MANY, maxListpackValueBytes: MANY },
  sortedSet: { maxEntries: MANY, maxValueBytes: MANY },
  stream: { nodeMaxBytes: 0, nodeMaxEntries: 0 },
}
const ARGS = [
  ...['--save', ''],
  ...['--enable-debug-command', 'yes'],
  ...['--hash-max-listpack-entries', String(MANY), '--hash-max-listpack-value', String(MANY)],
  ...['--list-max-listpack-size', '30000', '--list-compress-depth', '1'],
  ...['--set-max-intset-entries', String(MANY)],
  ...['--set-max-listpack-entries', String(MANY), '--set-max-listpack-value', String(MANY)],
  ...['--zset-max-listpack-entries', String(MANY), '--zset-max-listpack-value', String(MANY)],
  ...['--stream-node-max-bytes', '0', '--stream-node-max-entries', '0'],
]
const ELEMENTS = 20_000

let server: RunningServer
let other: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(ARGS)
  other = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await Promise.all([server.stop(), other.stop()])
})

const range = (make: (i: number) => string[], count = ELEMENTS): string[] =>
  Array.from({ length: count }, (_, i) => make(i)).flat()

async function send(...commands: string[][]): Promise<void> {
  const replies = await client.pipeline(commands)
  expect(replies.filter(({ type }) => type === '-')).toEqual([])
}

/** Sees to it that a server which runs the commands holds the same. Returns the commands, without the choice of the database. */
async function expectSame(): Promise<string[][]> {
  await askText(other.port, 'FLUSHALL')
  const bytes = await commandsOf((await keyspaceOf(server, { limits: LIMITS })).keyspace)
  expect(await execute(other.port, bytes)).toEqual([])
  expect(await askText(other.port, 'DEBUG', 'DIGEST')).toBe(await askText(server.port, 'DEBUG', 'DIGEST'))
  return requestsOf(bytes).slice(1)
}

const LARGE = 'x'.repeat(300_000)

test.each([
  [
    'hash',
    'listpack',
    ['HSET', 'k', ...range(i => [`field ${i}`, `value ${i}`]), 'large', LARGE, LARGE, 'of a large field'],
  ],
  ['list', 'quicklist', ['RPUSH', 'k', ...range(i => [`element ${i}`], 3 * ELEMENTS), LARGE, 'behind']],
  ['list of short elements', 'quicklist', ['RPUSH', 'k', ...range(i => [String(i % 100)], 5 * ELEMENTS)]],
  ['set of integers', 'intset', ['SADD', 'k', ...range(i => [String(i * 1_000_003)])]],
  ['set', 'listpack', ['SADD', 'k', ...range(i => [`member ${i}`], 2000), LARGE]],
  ['sorted set', 'listpack', ['ZADD', 'k', ...range(i => [String(i / 2), `member ${i}`], 5000), '7', LARGE]],
])(
  'a %s',
  async (_, encoding, command) => {
    await client.call('FLUSHALL')
    await send(command)
    expect((await client.call('OBJECT', 'ENCODING', 'k')).text).toBe(encoding)
    const requests = await expectSame()
    expect(Math.max(...requests.map(({ length }) => length))).toBeLessThanOrEqual(2 + 2 * 64)
  },
  30_000,
)

test('a stream of one node, and an entry of very many fields', async () => {
  await client.call('FLUSHALL')
  const entries = Array.from({ length: 3000 }, (_, i) => ['XADD', 'k', `${i + 1}-0`, 'field', `value ${i}`])
  await send(
    ...entries,
    ['XADD', 'k', '5000-0', ...range(i => [`f${i}`, String(i)], 100_000), 'large', LARGE],
    ['XADD', 'k', '5001-0', 'field', 'last'],
    ['XDEL', 'k', '1-0', '77-0', '3000-0'],
  )
  const requests = await expectSame()
  expect(requests.map(([name, , id]) => [name, id]).slice(-3)).toEqual([
    ['XADD', '5000-0'],
    ['XADD', '5001-0'],
    ['XSETID', '5001-0'],
  ])
  expect(requests).toHaveLength(3000)
}, 30_000)

test('values of a key that is long itself', async () => {
  await client.call('FLUSHALL')
  const key = 'k'.repeat(100_000)
  await send(
    ['HSET', `${key}h`, ...range(i => [`field ${i}`, `value ${i}`], 3000)],
    ['RPUSH', `${key}l`, ...range(i => [`element ${i}`], 1000)],
    ['SADD', `${key}i`, ...range(i => [String(i)], 1000)],
    ['ZADD', `${key}z`, ...range(i => [String(i), `member ${i}`], 300)],
    ['XADD', `${key}x`, '1-1', 'a', 'b'],
    ['XADD', `${key}x`, '1-2', 'a', 'b'],
    ['XGROUP', 'CREATE', `${key}x`, key, '0'],
    ['XREADGROUP', 'GROUP', key, key, 'STREAMS', `${key}x`, '>'],
    ['PEXPIREAT', `${key}x`, '4000000000000'],
  )
  const requests = await expectSame()
  expect(requests.filter(([name]) => name === 'XCLAIM').map(each => each.slice(2, 4))).toEqual([
    [key, key],
    [key, key],
  ])
  expect(await askText(other.port, 'PEXPIRETIME', `${key}x`)).toBe('4000000000000')
}, 30_000)
