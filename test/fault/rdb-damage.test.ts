/** What becomes of RDB files that are damaged, or hold what does not load: a clear refusal, soon and without much memory. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { KeyspaceTarget } from '../../src/persistence/rdb/load.js'
import { RdbReader } from '../../src/persistence/rdb/reader.js'
import { RdbError } from '../../src/rdb/error.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { requireStock, startRedisServer, startRedisTs, tempDir } from '../interop/stock.js'
import { cat, expiryMs, file, length, length64, lzf, str } from '../persistence/rdb/bytes.js'
import { contents, LIMITS } from '../persistence/rdb/keyspace.js'
import { ziplist, zipmap } from '../persistence/rdb/old-forms.js'
import { ask, info, noise, randomNumbers, withClient } from './dataset.js'
import { until } from './wire.js'

const run = promisify(execFile)
const QUIET = ['--save', '', '--enable-debug-command', 'yes']
/** REDIS_TS_LONG_FAULTS=1: ten times as many bits. */
const LONG = process.env.REDIS_TS_LONG_FAULTS === '1' ? 10 : 1
vi.setConfig({ testTimeout: LONG * 60_000 })
/** Where the checksum counts, nearly all are refused by it at the end: fewer tell as much. */
const CHECKSUM_SHARE = 1 / 10
/** Of one load. The files take some kilobytes; a file's word on its size may not cost more than a little. */
const MOST_BYTES = 8 << 20
/** The reader's word for a claim when it cannot know better: a carried item, and tables for two million keys. */
const MOST_CLAIMED_BYTES = 48 << 20
/** Of one load; it takes a fraction of a millisecond, but the machine may be busy. */
const MOST_MS = 1000
const CLEAR = /^RDB: at offset \d+( \(key ".*"(\.\.\.)?\))?: expected .+, found .+/s

/** One of every form of value in which servers since 7.0 save strings and hashes, small enough to be damaged in every place. */
function everyForm(): string[][] {
  const random = randomNumbers(11)
  const many = Array.from({ length: 140 }, (_, i) => [
    `field:${i}`,
    i % 3 === 0 ? String(i * 1000) : `value ${i}`,
  ]).flat()
  return [
    ...['0', '-128', '30000', '-2000000000', '9223372036854775807', '0012'].map((n, i) => ['SET', `number:${i}`, n]),
    ['SET', '', ''],
    ['SET', '12345', 'a key like a number'],
    ['SET', 'binary', '\0\r\n\xff'],
    ['SET', 'noise', noise(random, 200)],
    ['SET', 'compressed', 'abc '.repeat(300)],
    ['SET', 'k'.repeat(70), 'a long key'],
    ['SET', 'expires', 'v', 'PXAT', '4000000000123'],
    ['HSET', 'listpack', 'a', '1', 'b', '-70000', '', 'x'.repeat(64), 'n', '9007199254740993', 'z', noise(random, 20)],
    ['HSET', 'table', ...many],
    ['HSET', 'long value', 'f', 'text '.repeat(40)],
    ['PEXPIREAT', 'table', '4000000000123'],
    ['SELECT', '9'],
    ['SET', 'elsewhere', 'v'],
    ['SELECT', '0'],
  ]
}

async function saved(start: typeof startRedisTs): Promise<Buffer> {
  const server = await start(QUIET)
  await withClient(server.port, client => client.pipeline(everyForm()))
  expect(await ask(server.port, 'SAVE')).toBe('OK')
  await server.stop()
  return readFileSync(join(server.dir, 'dump.rdb'))
}

/** The forms that only older servers wrote. */
const oldForms = file(
  8,
  cat(0xfa, str('redis-ver'), str('3.2.0')),
  cat(0xfe, 0, 0xfb, length(4), length(1)),
  cat(expiryMs(4_000_000_000_123), 13, str('ziplist'), str(ziplist(['x', 'y', '1000', '-5', 'long', 'z'.repeat(300)]))),
  cat(0xf9, 7, 13, str('packed'), lzf(ziplist(['field', 'value '.repeat(30), '12', '70000']))),
  cat(0xf8, length(300), 9, str('zipmap'), str(zipmap(['x', 'y', 'long', 'w'.repeat(260)], 2))),
  cat(0xfd, Buffer.of(0, 0xca, 0x9a, 0x7b), 4, str('hash'), 2, str('f'), str('v'), 0xc0, 5, lzf('abc'.repeat(20))),
)

interface Outcome {
  error: Error | null
  ms: number
  bytes: number
}

/** Loads these bytes as a server does at its start. */
function tryLoad(bytes: Buffer, checksum: boolean, totalBytes = bytes.length): Outcome {
  const keyspace = new Keyspace(16)
  const reservedBefore = keyspace.entries.totalReservedBytes
  const buffersBefore = process.memoryUsage().arrayBuffers
  const startedMs = performance.now()
  let error: Error | null = null
  try {
    const target = new KeyspaceTarget(keyspace, { limits: LIMITS, dropExpired: true })
    const reader = new RdbReader(target, { checksum, totalBytes })
    for (let at = 0; at < bytes.length && !reader.done; at += 4096) reader.push(bytes.subarray(at, at + 4096))
    reader.end()
    // What has been loaded can be read, too.
    for (const database of keyspace.databases) contents(database)
  } catch (thrown) {
    error = thrown as Error
  }
  const ms = performance.now() - startedMs
  const reserved = keyspace.entries.totalReservedBytes - reservedBefore
  return { error, ms, bytes: Math.max(reserved, process.memoryUsage().arrayBuffers - buffersBefore) }
}

/** The outcome is a load or a refusal as it should be. */
function check(outcome: Outcome, what: string): void {
  const { error, ms, bytes } = outcome
  if (error !== null && !(error instanceof RdbError && CLEAR.test(error.message)))
    throw new Error(what, { cause: error })
  if (ms > MOST_MS) throw new Error(`${what}: took ${ms} ms`)
  if (bytes > MOST_BYTES) throw new Error(`${what}: took ${bytes} bytes`)
}

const sources: [string, () => Promise<Buffer>, number, { skip: boolean }][] = [
  ['redis-ts', () => saved(startRedisTs), 10_000, { skip: false }],
  ['redis-server', () => saved(startRedisServer), 2000, requireStock('redis-server')],
  ['servers before 7.0', async () => oldForms, 3000, { skip: false }],
]

describe.each(sources)('a file of %s', (_, make, bits, options) => {
  describe('that is damaged', options, () => {
    let whole: Buffer
    beforeAll(async () => {
      whole = await make()
      expect(tryLoad(whole, true).error).toBeNull()
    })

    test('is refused wherever it is cut off, by the offset of the cut', () => {
      for (let size = 0; size < whole.length; size++) {
        const outcome = tryLoad(whole.subarray(0, size), true)
        check(outcome, `cut off at ${size}`)
        expect(outcome.error?.message).toContain(`at offset ${size}`)
      }
    })

    test.each([
      ['counts', true, bits * CHECKSUM_SHARE * LONG],
      ['does not count', false, bits * LONG],
    ])('is loaded or refused with one bit changed; the checksum %s', (_, checksum, flips) => {
      const random = randomNumbers(42)
      let refused = 0
      for (let n = 0; n < flips; n++) {
        const bit = Math.floor(random() * whole.length * 8)
        whole[bit >> 3] ^= 1 << (bit & 7)
        const outcome = tryLoad(whole, checksum)
        whole[bit >> 3] ^= 1 << (bit & 7)
        check(outcome, `bit ${bit & 7} of byte ${bit >> 3} changed`)
        if (outcome.error !== null) refused++
      }
      if (checksum) expect(refused).toBe(flips)
      else expect(refused).toBeGreaterThan(flips / 20)
    })
  })
})

describe('a file that claims more than it holds', () => {
  const huge = length64(2n ** 63n - 1n)
  const billion = length(2 ** 30)
  test.each([
    ['keys in a database', cat(0xfb, huge, huge)],
    ['keys in every database', cat(...Array.from({ length: 16 }, (_, i) => cat(0xfe, i, 0xfb, huge, huge)))],
    ['bytes in a string', cat(0, str('k'), billion)],
    ['bytes in a key', cat(0, billion)],
    ['bytes in a compressed string', cat(0, str('k'), 0xc3, 20, length(1700), 31)],
    ['compressed bytes', cat(0, str('k'), 0xc3, billion, billion)],
    ['fields in a hash', cat(4, str('h'), huge, str('f'), str('v'))],
    ['bytes in a listpack', cat(16, str('h'), billion)],
    ['bytes and entries inside a listpack', cat(16, str('h'), str(Buffer.from('ffffff7fffff8161ff', 'hex')))],
    ['bytes inside a ziplist', cat(13, str('h'), str(Buffer.from('ffffff7fffffff7fffff0061ff', 'hex')))],
    ['pairs in a zipmap', cat(9, str('h'), str(Buffer.from('fefeffffff7fff', 'hex')))],
    ['bytes in an auxiliary field', cat(0xfa, str('name'), billion)],
    ['bytes of a library of functions', cat(0xf5, billion)],
  ])('(%s) is refused without memory for it, whether its size is known or not', (_, items) => {
    const bytes = cat('REDIS0010', items)
    for (const totalBytes of [bytes.length, Number.POSITIVE_INFINITY]) {
      const outcome = tryLoad(bytes, true, totalBytes)
      const claim = totalBytes === bytes.length ? 0 : MOST_CLAIMED_BYTES
      check({ ...outcome, bytes: outcome.bytes - claim }, 'a claim')
      expect(outcome.error).toBeInstanceOf(RdbError)
    }
  })
})

test('a replication history that makes no sense is none: the server starts with a new one', async () => {
  const fields: [string, string][][] = [
    [
      ['repl-stream-db', 'x'],
      ['repl-id', 'a'.repeat(40)],
      ['repl-offset', '-5'],
    ],
    [
      ['repl-stream-db', '99'],
      ['repl-id', 'short'],
      ['repl-offset', '500'],
    ],
  ]
  for (const each of fields) {
    const dir = tempDir()
    const aux = each.map(([name, value]) => cat(0xfa, str(name), str(value)))
    writeFileSync(join(dir, 'dump.rdb'), file(10, ...aux, 0, str('k'), str('v')))
    const server = await startRedisTs(QUIET, { dir })
    expect(await ask(server.port, 'GET', 'k')).toBe('v')
    const replication = await info(server.port, 'replication')
    expect(replication.get('master_repl_offset')).toBe('0')
    expect(replication.get('master_replid2')).toBe('0'.repeat(40))
    await server.stop()
  }
})

describe('a library of functions that does not load', requireStock('redis-server'), () => {
  // Loading it takes more memory than scripts may have here.
  const code = '#!lua name=mylib\nlocal x = ("x"):rep(40000000)\nredis.register_function("f", function() return #x end)'
  const library = ['FUNCTION', 'LOAD', code]
  const LITTLE = [...QUIET, '--lua-memory-limit', '16mb']
  const text =
    'expected a library of functions, found one that does not load: Error registering functions: ERR not enough memory'

  test('keeps a server from starting and from DEBUG RELOAD, which say why', async () => {
    const [stock, server] = await Promise.all([startRedisServer(QUIET), startRedisTs(LITTLE)])
    const file = join(server.dir, 'dump.rdb')
    await withClient(stock.port, client => client.pipeline([library, ['SAVE']]))
    const bytes = readFileSync(join(stock.dir, 'dump.rdb'))
    writeFileSync(file, bytes)
    expect(await ask(server.port, 'DEBUG', 'RELOAD', 'NOSAVE')).toBe(
      'ERR Error trying to load the RDB dump, check server logs.',
    )
    await server.waitForLog(text)
    const dir = tempDir()
    writeFileSync(join(dir, 'dump.rdb'), bytes)
    const start = startRedisTs(LITTLE, { dir })
    await expect(start).rejects.toThrow('# Fatal error loading the DB')
    await expect(start).rejects.toThrow(text)
    await Promise.all([stock.stop(), server.stop()])
  })

  test('keeps a replica from following, whose log says why', async () => {
    const args = [...QUIET, '--repl-diskless-sync-delay', '0']
    const [stock, replica] = await Promise.all([startRedisServer(args), startRedisTs(LITTLE)])
    await withClient(stock.port, client => client.pipeline([library]))
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(stock.port))
    const line = await replica.waitForLog('# Failed trying to load the MASTER synchronization DB')
    expect(line).toContain(text)
    expect((await info(replica.port, 'replication')).get('master_link_status')).toBe('down')
    await Promise.all([stock.stop(), replica.stop()])
  })

  test.each([
    ['disabled', null],
    ['swapdb', 'old'],
  ])('with repl-diskless-load %s, the old data of such a replica is then: %s', async (load, old) => {
    const args = [...QUIET, '--repl-diskless-sync-delay', '0']
    const [stock, replica] = await Promise.all([
      startRedisServer(args),
      startRedisTs([...LITTLE, '--repl-diskless-load', load]),
    ])
    await ask(replica.port, 'SET', 'k', 'old')
    await ask(stock.port, ...library)
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(stock.port))
    await replica.waitForLog(/# Failed trying to load the MASTER synchronization DB from (disk|socket)/)
    expect(await ask(replica.port, 'GET', 'k')).toBe(old)
    // As soon as it may, it follows.
    await ask(stock.port, 'FUNCTION', 'FLUSH')
    await ask(stock.port, 'SET', 'k', 'new')
    await until(
      () => info(replica.port, 'replication'),
      fields => fields.get('master_link_status') === 'up',
    )
    expect(await ask(replica.port, 'GET', 'k')).toBe('new')
    await Promise.all([stock.stop(), replica.stop()])
  })
})

test('sanitize-dump-payload: a damaged value is refused whatever it says', async () => {
  for (const setting of ['no', 'clients', 'yes']) {
    const dir = tempDir()
    const listpack = Buffer.from('0b00000002008161028162ff', 'hex')
    writeFileSync(join(dir, 'dump.rdb'), file(10, 16, str('h'), str(listpack)))
    const args = [...QUIET, '--sanitize-dump-payload', setting]
    await expect(startRedisTs(args, { dir })).rejects.toThrow(
      /\(key "h"\): expected a listpack .*integrity check failed/,
    )
  }
})

test('a damaged file ends the start, in the words that those who watch the logs of Redis look for', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'dump.rdb'), file(10, 2, str('s'), 2, str('a'), str('a')))
  await expect(startRedisTs(QUIET, { dir })).rejects.toThrow(
    /Internal error in RDB reading offset \d+ -> .*Duplicate set members detected.*Terminating server after rdb file/s,
  )
})

describe('redis-check-rdb', requireStock('redis-server', 'redis-check-rdb', 'redis-cli'), () => {
  test('finds every form valid, saved in the background or sent to a replica', async () => {
    const server = await startRedisTs([...QUIET, '--repl-diskless-sync-delay', '0'])
    await withClient(server.port, client => client.pipeline(everyForm()))
    const files = [join(server.dir, 'dump.rdb')]
    expect(await ask(server.port, 'BGSAVE')).toBe('Background saving started')
    await server.waitForLog('Background saving terminated with success')
    for (const diskless of ['yes', 'no']) {
      await ask(server.port, 'CONFIG', 'SET', 'repl-diskless-sync', diskless)
      const sent = join(tempDir(), 'sent.rdb')
      await run('redis-cli', ['-p', String(server.port), '--rdb', sent])
      files.push(sent)
    }
    for (const each of files) {
      const { stdout } = await run('redis-check-rdb', [each])
      expect(stdout).toContain('\\o/ RDB looks OK! \\o/')
      expect(stdout).toContain("AUX FIELD redis-ver = '7.2.")
      expect(stdout).toContain(`${everyForm().filter(([name]) => name === 'SET' || name === 'HSET').length} keys read`)
    }
    await server.stop()
  })
})
