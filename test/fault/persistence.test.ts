import { execFile, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  freePort,
  hasStock,
  REDIS_TS,
  type RunningServer,
  requireStock,
  startRedisServer,
  startRedisTs,
  tempDir,
} from '../interop/stock.js'
import { ask, digest, everyKind, info, noise, randomNumbers, withClient } from './dataset.js'
import { canHave, FULL_DISKS } from './full-disks.js'
import { until } from './wire.js'

const run = promisify(execFile)
const QUIET = ['--save', '', '--enable-debug-command', 'yes']
const GOOD_END = 'Background saving terminated with success'

/** A directory that holds a copy of this file as dump.rdb. */
function dirWith(file: string): string {
  const dir = tempDir()
  copyFileSync(file, join(dir, 'dump.rdb'))
  return dir
}

/** Loads a file in a server of its own; its digest. */
async function digestOf(start: typeof startRedisTs, file: string): Promise<string> {
  const server = await start(QUIET, { dir: dirWith(file) })
  const found = await digest(server.port)
  await server.stop()
  return found
}

/** The file loads in redis-ts, and where there are stock tools in redis-server and redis-check-rdb, with this digest. */
async function expectFile(file: string, expected: string): Promise<void> {
  expect(await digestOf(startRedisTs, file)).toBe(expected)
  if (!hasStock('redis-server')) return
  expect(await digestOf(startRedisServer, file)).toBe(expected)
  const { stdout } = await run('redis-check-rdb', [file])
  expect(stdout).toContain('\\o/ RDB looks OK! \\o/')
}

async function backgroundSave(server: RunningServer): Promise<void> {
  const from = server.log().length
  expect(await ask(server.port, 'BGSAVE')).toBe('Background saving started')
  await server.waitForLog(GOOD_END, 20_000, from)
}

/** Runs redis-ts until it ends by itself. */
function runToEnd(args: string[], options: { uid?: number } = {}): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(REDIS_TS, args, {
    encoding: 'latin1',
    timeout: 15_000,
    killSignal: 'SIGKILL',
    ...options,
  })
  return { code: status, output: stdout + stderr }
}

describe('a saved file', () => {
  let server: RunningServer
  let expected: string

  beforeAll(async () => {
    server = await startRedisTs(QUIET)
    await withClient(server.port, client => client.pipeline(everyKind(randomNumbers(1), 3000)))
    expected = await digest(server.port)
  })
  afterAll(() => server.stop())

  test.each(['yes', 'no'])('by SAVE brings everything back after a crash (rdbcompression %s)', async compression => {
    await ask(server.port, 'CONFIG', 'SET', 'rdbcompression', compression)
    expect(await ask(server.port, 'SAVE')).toBe('OK')
    await expectFile(join(server.dir, 'dump.rdb'), expected)
    const { port, dir } = server
    server.kill('SIGKILL')
    await server.exited
    server = await startRedisTs(QUIET, { port, dir })
    expect(await digest(port)).toBe(expected)
    expect(await ask(port, 'OBJECT', 'ENCODING', 'big')).toBe('hashtable')
    expect(await ask(port, 'OBJECT', 'ENCODING', 'small')).toBe('listpack')
    expect(await ask(port, 'OBJECT', 'ENCODING', 'integer:127')).toBe('int')
    expect(Number(await ask(port, 'PTTL', 'big:expires'))).toBeGreaterThan(29 * 86_400_000)
  })

  test('by BGSAVE is the same, and INFO says so', async () => {
    await backgroundSave(server)
    await expectFile(join(server.dir, 'dump.rdb'), expected)
    const fields = await info(server.port, 'persistence')
    expect(fields.get('rdb_last_bgsave_status')).toBe('ok')
    expect(fields.get('rdb_bgsave_in_progress')).toBe('0')
    expect(fields.get('rdb_changes_since_last_save')).toBe('0')
    expect(readdirSync(server.dir)).toEqual(['dump.rdb'])
  })

  test('leaves out what has expired meanwhile', async () => {
    const dir = tempDir()
    const first = await startRedisTs(QUIET, { dir })
    await withClient(first.port, client =>
      client.pipeline([
        ['SET', 'short', 'x', 'PX', '1'],
        ['HSET', 'hash', 'f', 'v'],
        ['PEXPIRE', 'hash', '1'],
        ['SET', 'stays', 'x'],
        ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
        ['SAVE'],
      ]),
    )
    first.kill('SIGKILL')
    await first.exited
    const second = await startRedisTs(QUIET, { dir })
    expect(await ask(second.port, 'DBSIZE')).toBe('1')
    await second.stop()
  })

  test('by redis-server is loaded', requireStock('redis-server'), async () => {
    const stock = await startRedisServer(QUIET)
    await withClient(stock.port, client => client.pipeline(everyKind(randomNumbers(2), 2000)))
    expect(await ask(stock.port, 'SAVE')).toBe('OK')
    const there = await digest(stock.port)
    expect(await digestOf(startRedisTs, join(stock.dir, 'dump.rdb'))).toBe(there)
    await stock.stop()
  })

  test('survives saves that are given up for newer ones', async () => {
    const other = await startRedisTs(QUIET)
    await withClient(other.port, async client => {
      await client.call('DEBUG', 'POPULATE', '100000', 'key', '100')
      const from = other.log().length
      // FLUSHALL ends the save under way; the next one must not lose its temporary file to it.
      await client.pipeline([['BGSAVE'], ['FLUSHALL'], ['SET', 'a', '1'], ['BGSAVE']])
      await other.waitForLog(GOOD_END, 10_000, from)
      await client.call('DEBUG', 'POPULATE', '50000', 'again', '100')
      await client.pipeline([['BGSAVE'], ['DEBUG', 'RELOAD'], ['SET', 'b', '2']])
      expect((await client.call('DBSIZE')).text).toBe('50002')
    })
    const now = await digest(other.port)
    await backgroundSave(other)
    await expectFile(join(other.dir, 'dump.rdb'), now)
    expect(readdirSync(other.dir)).toEqual(['dump.rdb'])
    await other.stop()
  })
})

describe('BGSAVE under writes', () => {
  const HASHES = 3
  const FIELDS = 11_000
  const KEYS = 4000

  function dataset(random: () => number): string[][] {
    const commands: string[][] = [['FLUSHALL']]
    for (let hash = 0; hash < HASHES; hash++) {
      for (let at = 0; at < FIELDS; at += 1000) {
        commands.push(['HSET', `hash:${hash}`, ...Array.from({ length: 2000 }, (_, i) => `${at + (i >> 1)}`)])
      }
    }
    for (let i = 0; i < KEYS; i++) commands.push(['SET', `key:${i}`, noise(random, 20 + (i % 50)), 'EX', '100000'])
    for (let i = 0; i < 3000; i++) commands.push(['HSET', `small:${i}`, 'a', `${i}`, 'b', 'text'])
    for (let i = 0; i < 20; i++) commands.push(['SET', `large:${i}`, 'x'.repeat(200_000)])
    commands.push(['SELECT', '3'])
    for (let i = 0; i < 5000; i++) commands.push(['SET', `three:${i}`, 'x'])
    commands.push(['HSET', 'hash:three', ...Array.from({ length: 4000 }, (_, i) => `${i >> 1}`)], ['SELECT', '0'])
    return commands
  }

  function* writes(random: () => number, count: number): Generator<string[]> {
    const below = (limit: number): string => String(Math.floor(random() * limit))
    for (let i = 0; i < count; i++) {
      const hash = `hash:${below(HASHES)}`
      switch (Math.floor(random() * 16)) {
        case 0:
          yield ['HDEL', hash, below(FIELDS), below(FIELDS), below(FIELDS)]
          break
        case 1:
          yield ['HSET', hash, below(FIELDS), noise(random, 30), `new:${below(FIELDS)}`, 'v']
          break
        case 2:
          yield ['HINCRBY', hash, below(FIELDS), '1000000']
          break
        case 3:
          yield ['SET', `key:${below(KEYS)}`, 'changed']
          break
        case 4:
          yield ['DEL', `key:${below(KEYS)}`, `small:${below(3000)}`]
          break
        case 5:
          yield ['PEXPIRE', `key:${below(KEYS)}`, '1']
          break
        case 6:
          yield ['APPEND', `key:${below(KEYS)}`, 'appended']
          break
        case 7:
          yield ['APPEND', `large:${below(20)}`, 'appended']
          break
        case 8:
          yield ['RENAME', `key:${below(KEYS)}`, `key:${below(KEYS)}`]
          break
        case 9:
          yield ['SET', `fresh:${below(KEYS)}`, 'fresh']
          break
        case 10:
          yield ['HSET', `small:${below(3000)}`, 'c', 'x'.repeat(100)]
          break
        case 11:
          yield ['PERSIST', `key:${below(KEYS)}`]
          break
        case 12:
          yield ['INCR', `counter:${below(100)}`]
          break
        case 13:
          yield ['HSET', `fresh hash:${below(200)}`, below(1000), 'x'.repeat(70)]
          break
        case 14:
          yield ['GETDEL', `key:${below(KEYS)}`]
          break
        default:
          if (i % 40 === 0) yield ['RENAME', hash, `hash:${below(HASHES)}`]
          else if (i % 40 === 1) yield ['DEL', hash]
          else if (i % 40 === 2) yield ['PEXPIRE', hash, '1']
          else yield ['HSET', hash, below(FIELDS), 'y'.repeat(80)]
      }
    }
  }

  test.each([1, 2])('holds what there was when it began (%d)', async seed => {
    const random = randomNumbers(seed)
    const server = await startRedisTs(QUIET)
    await withClient(server.port, async client => {
      await client.pipeline(dataset(random))
      const from = server.log().length
      const replies = await client.pipeline([
        ['DEBUG', 'DIGEST'],
        ['BGSAVE'],
        ...writes(random, seed === 1 ? 50 : 2000),
        ['SELECT', '3'],
        ['HSET', 'hash:three', 'late', '1'],
        ['FLUSHDB'],
        ['SET', 'three:1', 'after the flush'],
        ['SELECT', '0'],
        ...writes(random, 6000),
        ['INFO', 'persistence'],
      ])
      const [then, started] = replies
      expect(started.text).toBe('Background saving started')
      await server.waitForLog(GOOD_END, 20_000, from)
      await expectFile(join(server.dir, 'dump.rdb'), then.text ?? '')
      // And the data that went on is whole, too. Looking at a key that has expired deletes it.
      const names = [...Array(HASHES).keys()].map(i => `hash:${i}`)
      await client.call('EXISTS', ...names, ...Array.from({ length: KEYS }, (_, i) => `key:${i}`))
      const now = await digest(server.port)
      expect(now).not.toBe(then.text)
      await backgroundSave(server)
      await expectFile(join(server.dir, 'dump.rdb'), now)
    })
    await server.stop()
  })

  test('FLUSHDB and what follows it change nothing either', async () => {
    const server = await startRedisTs(QUIET)
    await withClient(server.port, async client => {
      await client.pipeline(dataset(randomNumbers(5)))
      const from = server.log().length
      const [then] = await client.pipeline([
        ['DEBUG', 'DIGEST'],
        ['BGSAVE'],
        ['HSET', 'hash:1', '5', 'changed'],
        ['FLUSHDB'],
        ...dataset(randomNumbers(6)).slice(1),
      ])
      await server.waitForLog(GOOD_END, 20_000, from)
      await expectFile(join(server.dir, 'dump.rdb'), then.text ?? '')
      expect((await client.call('DBSIZE')).text).toBe(String(HASHES + KEYS + 3000 + 20))
    })
    await server.stop()
  })

  test('is over without a trace when the server is killed', async () => {
    const server = await startRedisTs(QUIET)
    await ask(server.port, 'SET', 'old', 'data')
    expect(await ask(server.port, 'SAVE')).toBe('OK')
    const file = join(server.dir, 'dump.rdb')
    const old = readFileSync(file)
    await ask(server.port, 'DEBUG', 'POPULATE', '500000', 'key', '50')
    await ask(server.port, 'BGSAVE')
    await until(
      async () => readdirSync(server.dir).some(name => name.startsWith('temp-')),
      there => there,
    )
    server.kill('SIGKILL')
    await server.exited
    expect(server.log()).not.toContain(GOOD_END)
    expect(readFileSync(file).equals(old)).toBe(true)
    const again = await startRedisTs(QUIET, { dir: server.dir })
    expect(await ask(again.port, 'GET', 'old')).toBe('data')
    await again.stop()
  })
})

describe('a damaged file', () => {
  let whole: Buffer

  beforeAll(async () => {
    const server = await startRedisTs(QUIET)
    await withClient(server.port, client => client.pipeline(everyKind(randomNumbers(3), 2000)))
    await ask(server.port, 'SAVE')
    whole = readFileSync(join(server.dir, 'dump.rdb'))
    await server.stop()
  })

  async function expectRefused(bytes: Buffer): Promise<string> {
    const dir = tempDir()
    const file = join(dir, 'dump.rdb')
    writeFileSync(file, bytes)
    const { code, output } = runToEnd(['--port', String(await freePort()), '--dir', dir, ...QUIET])
    expect(output).toMatch(/# Fatal error loading the DB .*dump\.rdb: .*offset \d+.*expected .+, found .+/)
    expect(output).not.toContain('Ready to accept connections')
    expect(code).toBe(1)
    expect(readFileSync(file).equals(bytes)).toBe(true)
    return output
  }

  test.each([0, 5, 9, 30, 0.5, -9, -1])('cut off at %d keeps the server from starting', async at => {
    const length = at < 0 ? whole.length + at : at < 1 ? Math.floor(whole.length * at) : at
    await expectRefused(whole.subarray(0, length))
  })

  test.each([0, 8, 0.2, 0.5, 0.7, 0.9, -9, -4])('with a flipped bit at %d keeps the server from starting', async at => {
    const bytes = Buffer.from(whole)
    bytes[at < 0 ? bytes.length + at : Math.floor(at < 1 ? bytes.length * at : at)] ^= 1
    await expectRefused(bytes)
  })
})

describe('a full disk', () => {
  test.each(FULL_DISKS)('($name) costs no data: MISCONF until a save succeeds', async disk => {
    const dir = tempDir()
    if (!canHave(disk, dir)) return
    const server = await startRedisTs(['--save', '10000 10000', '--enable-debug-command', 'yes'], { dir })
    try {
      const { port } = server
      await ask(port, 'SET', 'old', 'data')
      expect(await ask(port, 'SAVE')).toBe('OK')
      const file = join(dir, 'dump.rdb')
      const old = readFileSync(file)
      const random = randomNumbers(4)
      for (let i = 0; i < 40; i++) await ask(port, 'SET', `noise:${i}`, noise(random, 100_000))
      disk.fill(server.pid)
      // SAVE fails to its own client's face only.
      expect(await ask(port, 'SAVE')).toBe('ERR')
      await server.waitForLog(`Write error while saving DB to the disk(rdbSaveRio): ${disk.says}`)
      expect(await ask(port, 'SET', 'still', 'writable')).toBe('OK')
      await ask(port, 'BGSAVE')
      await server.waitForLog('Background saving error')
      expect(readFileSync(file).equals(old)).toBe(true)
      expect(readdirSync(dir)).toEqual(['dump.rdb'])
      expect((await info(port, 'persistence')).get('rdb_last_bgsave_status')).toBe('err')
      expect(await ask(port, 'SET', 'a', 'b')).toMatch(/^MISCONF Redis is configured to save RDB snapshots/)
      expect(await ask(port, 'PING')).toMatch(/^MISCONF/)
      expect(await ask(port, 'GET', 'old')).toBe('data')
      expect(await ask(port, 'SHUTDOWN')).toBe('ERR Errors trying to SHUTDOWN. Check logs.')
      disk.relieve(server.pid, dir)
      const now = await digest(port)
      await backgroundSave(server)
      expect(await ask(port, 'SET', 'a', 'b')).toBe('OK')
      await ask(port, 'DEL', 'a')
      await expectFile(file, now)
    } finally {
      server.kill('SIGKILL')
      await server.exited
      disk.clean(dir)
    }
  })
})

describe('a server does not start', () => {
  const unprivileged = process.getuid?.() === 0 ? { uid: 65534 } : {}

  test('on a file that it may not read', async () => {
    const dir = tempDir()
    chmodSync(dir, 0o755)
    writeFileSync(join(dir, 'dump.rdb'), 'REDIS0010')
    chmodSync(join(dir, 'dump.rdb'), 0o000)
    const { code, output } = runToEnd(['--port', String(await freePort()), '--dir', dir, ...QUIET], unprivileged)
    expect(output).toMatch(/Fatal error loading the DB .*dump\.rdb: Permission denied/)
    expect(code).toBe(1)
  })

  test('on a directory in the place of its file', async () => {
    const dir = tempDir()
    mkdirSync(join(dir, 'dump.rdb'))
    const { code, output } = runToEnd(['--port', String(await freePort()), '--dir', dir, ...QUIET])
    expect(output).toMatch(/Fatal error loading the DB .*directory/)
    expect(code).toBe(1)
  })

  test('in a directory that it may not enter, or that does not exist', () => {
    const dir = join(tempDir(), 'closed')
    mkdirSync(dir, { mode: 0o000 })
    for (const [directory, text] of [
      [dir, 'Permission denied'],
      [join(dir, 'nowhere'), /No such file or directory|Permission denied/],
      ['/nonexistent', 'No such file or directory'],
    ] as const) {
      const { code, output } = runToEnd(['--port', '0', '--dir', directory, ...QUIET], unprivileged)
      expect(output).toMatch(text)
      expect(output).toContain(directory)
      expect(code).toBe(1)
    }
  })

  test('on a port in use', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, output } = runToEnd(['--port', String(port), '--bind', '127.0.0.1', ...QUIET])
    expect(output).toContain(
      `Could not create server TCP listening socket 127.0.0.1:${port}: bind: Address already in use`,
    )
    expect(output).toContain(`Failed listening on port ${port} (TCP), aborting.`)
    expect(code).toBe(1)
    other.close()
  })
})

test('a directory that cannot be written to makes saving fail, and writes with it', async () => {
  const server = await startRedisTs(['--save', '10000 10000', '--enable-protected-configs', 'yes'])
  await ask(server.port, 'SET', 'a', 'b')
  // The superuser may write anywhere but into a directory that is gone.
  const gone = join(server.dir, 'gone')
  mkdirSync(gone)
  expect(await ask(server.port, 'CONFIG', 'SET', 'dir', gone)).toBe('OK')
  spawnSync('rmdir', [gone])
  await ask(server.port, 'BGSAVE')
  await server.waitForLog(/Failed opening the temp RDB file .* for saving: No such file or directory/)
  expect(await ask(server.port, 'SET', 'a', 'c')).toMatch(/^MISCONF/)
  expect(await ask(server.port, 'CONFIG', 'SET', 'dir', server.dir)).toBe('OK')
  await backgroundSave(server)
  expect(await ask(server.port, 'SET', 'a', 'c')).toBe('OK')
  await server.stop()
})

test('save points fire', async () => {
  const server = await startRedisTs(['--save', '1', '2'])
  await ask(server.port, 'SET', 'a', 'b')
  const from = server.log().length
  await ask(server.port, 'SET', 'a', 'c')
  await server.waitForLog('2 changes in 1 seconds. Saving...', 10_000, from)
  await server.waitForLog(GOOD_END, 10_000, from)
  expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(true)
  truncateSync(join(server.dir, 'dump.rdb'))
  expect(await server.stop()).toBe(0)
  // The changes had been saved, and a save at the end is made all the same.
  await digestOf(startRedisTs, join(server.dir, 'dump.rdb'))
})

test('clients see how far loading has come', async () => {
  const first = await startRedisTs(QUIET)
  await ask(first.port, 'DEBUG', 'POPULATE', '1000000', 'key', '20')
  await ask(first.port, 'SAVE')
  await first.stop()
  const { dir, port } = first
  const starting = startRedisTs(QUIET, { dir, port })
  const loading = await until(
    () => info(port, 'persistence').catch(() => new Map<string, string>()),
    fields => fields.get('loading') === '1' && Number(fields.get('loading_loaded_bytes')) > 0,
  )
  expect(Number(loading.get('loading_total_bytes'))).toBe(readFileSync(join(dir, 'dump.rdb')).length)
  expect(Number(loading.get('loading_loaded_perc'))).toBeGreaterThan(0)
  expect(Number(loading.get('loading_start_time'))).toBeGreaterThan(1_600_000_000)
  expect(Number(loading.get('loading_eta_seconds'))).toBeGreaterThanOrEqual(0)
  expect(await ask(port, 'GET', 'key:1')).toBe('LOADING Redis is loading the dataset in memory')
  expect(await ask(port, 'SET', 'a', 'b')).toBe('LOADING Redis is loading the dataset in memory')
  const server = await starting
  expect(await ask(port, 'DBSIZE')).toBe('1000000')
  expect((await info(port, 'persistence')).has('loading_loaded_bytes')).toBe(false)
  await server.stop()
})
