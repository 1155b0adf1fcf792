/** `aof-use-rdb-preamble no`, from the outside: what a rewrite leaves is plain commands, which this server and Redis start from. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../../commands/raw-client.js'
import { askText } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'
import { requestsOf } from './rewriting.js'

const ARGS = [
  ...['--save', '', '--appendonly', 'yes'],
  ...['--aof-use-rdb-preamble', 'no'],
  ...['--enable-debug-command', 'yes'],
]
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 'from the library' end)"

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(ARGS)
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await server.stop()
})

const range = (count: number, make: (i: number) => string[]): string[] =>
  Array.from({ length: count }, (_, i) => make(i)).flat()

async function send(...commands: string[][]): Promise<void> {
  const replies = await client.pipeline(commands)
  expect(replies.filter(({ type }) => type === '-')).toEqual([])
}

const MANIFEST = 'appendonly.aof.manifest'

/** The files that the manifest names; those of before may still be there. */
function files(dir: string): string[] {
  const manifest = readFileSync(join(dir, 'appendonlydir', MANIFEST), 'utf8')
  return [...manifest.matchAll(/^file (\S+) seq \d+ type [bi]$/gm)].map(([, name]) => name)
}

function base(dir: string): Buffer {
  const [name] = files(dir).filter(each => each.endsWith('.base.aof'))
  return readFileSync(join(dir, 'appendonlydir', name))
}

async function rewrite(): Promise<void> {
  const from = server.log().length
  await client.call('BGREWRITEAOF')
  await server.waitForLog('Background AOF rewrite finished successfully', 20_000, from)
}

/** A copy of the files as they are, with another server working on it. */
async function startOnCopy(start: typeof startRedisTs, args: string[]): Promise<RunningServer> {
  const dir = tempDir()
  mkdirSync(join(dir, 'appendonlydir'))
  for (const name of [MANIFEST, ...files(server.dir)]) {
    copyFileSync(join(server.dir, 'appendonlydir', name), join(dir, 'appendonlydir', name))
  }
  return start(args, { dir })
}

describe('the base', () => {
  beforeAll(async () => {
    await client.call('FUNCTION', 'LOAD', LIBRARY)
    await send(
      ['SET', 'text', 'value', 'PXAT', '4000000000000'],
      ['SET', 'long', 'x'.repeat(3_000_000)],
      ['RPUSH', 'list', ...range(5000, i => [`element ${i}`])],
      ['SADD', 'set', ...range(5000, i => [`member ${i}`])],
      ['ZADD', 'sorted set', ...range(5000, i => [String(i / 4), `member ${i}`])],
      ['HSET', 'hash', ...range(5000, i => [`field ${i}`, `value ${i}`])],
      ...Array.from({ length: 1000 }, (_, i) => ['XADD', 'stream', `${i + 1}-0`, 'field', `value ${i}`]),
      ['XGROUP', 'CREATE', 'stream', 'group', '0'],
      ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '300', 'STREAMS', 'stream', '>'],
      ['SELECT', '7'],
      ['SET', 'other', 'database'],
      ['SELECT', '0'],
    )
    const done = rewrite()
    // What comes meanwhile is in the file behind.
    for (let i = 0; i < 50; i++)
      await send(['RPUSH', 'list', `new ${i}`], ['DEL', 'long'], ['SET', 'long', `short ${i}`])
    await done
  }, 60_000)

  test('is commands', () => {
    const requests = requestsOf(base(server.dir))
    expect(requests[0]).toEqual(['FUNCTION', 'LOAD', LIBRARY])
    expect(new Set(requests.map(([name]) => name))).toEqual(
      new Set('FUNCTION SELECT SET PEXPIREAT RPUSH SADD ZADD HMSET XADD XSETID XGROUP XCLAIM'.split(' ')),
    )
  })

  test('is what this server starts from', async () => {
    const other = await startOnCopy(startRedisTs, ARGS)
    for (const question of [
      ['DEBUG', 'DIGEST'],
      ['FCALL', 'f', '0'],
      ['PEXPIRETIME', 'text'],
    ]) {
      expect(await askText(other.port, ...question)).toBe(await askText(server.port, ...question))
    }
    await other.stop()
  })

  test.skipIf(requireStock('redis-server').skip)('is what Redis starts from', async () => {
    const stock = await startOnCopy(startRedisServer, ARGS)
    for (const question of [
      ['DEBUG', 'DIGEST'],
      ['FCALL', 'f', '0'],
      ['PEXPIRETIME', 'text'],
    ]) {
      expect(await askText(stock.port, ...question)).toBe(await askText(server.port, ...question))
    }
    await stock.stop()
  })

  test('begins with the time where that is asked for', async () => {
    await client.call('CONFIG', 'SET', 'aof-timestamp-enabled', 'yes')
    await rewrite()
    expect(base(server.dir).toString('latin1', 0, 4)).toBe('#TS:')
    const other = await startOnCopy(startRedisTs, ARGS)
    expect(await askText(other.port, 'DEBUG', 'DIGEST')).toBe(await askText(server.port, 'DEBUG', 'DIGEST'))
    await other.stop()
    await client.call('CONFIG', 'SET', 'aof-timestamp-enabled', 'no')
  })
})

test('the base that CONFIG SET appendonly makes is commands as well', async () => {
  const plain = await startRedisTs(['--enable-debug-command', 'yes'])
  await askText(plain.port, 'SET', 'k', 'v')
  await askText(plain.port, 'SAVE')
  const digest = await askText(plain.port, 'DEBUG', 'DIGEST')
  await plain.stop()
  const other = await startRedisTs(['--aof-use-rdb-preamble', 'no', '--enable-debug-command', 'yes'], {
    dir: plain.dir,
  })
  expect(await askText(other.port, 'CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK')
  await other.waitForLog('Background AOF rewrite finished successfully')
  expect(requestsOf(base(plain.dir))).toEqual([
    ['SELECT', '0'],
    ['SET', 'k', 'v'],
  ])
  await other.stop()
  const again = await startRedisTs(ARGS, { dir: plain.dir })
  expect(await askText(again.port, 'DEBUG', 'DIGEST')).toBe(digest)
  await again.stop()
})

test('so is the first one, of a server that starts without data', async () => {
  const dir = tempDir()
  const fresh = await startRedisTs(ARGS, { dir })
  expect(base(dir).length).toBe(0)
  await fresh.stop()
})
