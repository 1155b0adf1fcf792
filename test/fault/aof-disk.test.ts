/** Append-only files on disks that are full, or with something in their way: nothing acknowledged is lost, and all goes on afterwards. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'
import { AOF_DIR, MANIFEST } from './aof-files.js'
import { CrashDisk } from './crash-disk.js'
import { ask, digest, info, noise, randomNumbers, withClient } from './dataset.js'
import { canHave, FULL_DISKS, type FullDisk, TMPFS } from './full-disks.js'
import { until } from './wire.js'

const ARGS = ['--appendonly', 'yes', '--save', '', '--enable-debug-command', 'yes']
const MISCONF = /^MISCONF Errors writing to the AOF file: /
const SOLVED = 'AOF write error looks solved, Redis can write again.'
const GOOD_REWRITE = 'Background AOF rewrite finished successfully'
const BAD_REWRITE = 'Background AOF rewrite terminated with error'
const VALUE_BYTES = 30_000

/** Writes values that do not compress until one is refused, or the server is gone. Returns how many were acknowledged. */
async function writeUntilRefused(port: number, seed: number, expectation: RegExp | null): Promise<number> {
  const random = randomNumbers(seed)
  return withClient(port, async client => {
    const closed = client.closed()
    for (let n = 0; n < 400; n++) {
      const reply = await Promise.race([client.call('SET', `${seed}:${n}`, noise(random, VALUE_BYTES)), closed])
      if (reply !== undefined && reply.type === '+') continue
      if (expectation !== null) expect(reply?.text).toMatch(expectation)
      return n
    }
    throw new Error('the disk is never full')
  })
}

async function expectValues(port: number, seed: number, count: number): Promise<void> {
  const random = randomNumbers(seed)
  await withClient(port, async client => {
    for (let n = 0; n < count; n++) {
      const { text } = await client.call('GET', `${seed}:${n}`)
      if (text !== noise(random, VALUE_BYTES)) throw new Error(`value ${n} of ${count} is ${text?.length} bytes long`)
    }
  })
}

const status = async (port: number, field: string): Promise<string | undefined> =>
  (await info(port, 'persistence')).get(field)

const filesIn = (dir: string): string[] => readdirSync(join(dir, AOF_DIR)).sort()
const leftovers = (dir: string): string[] =>
  [...readdirSync(dir), ...filesIn(dir)].filter(name => name.startsWith('temp-'))

/** The last manifest may be on its way still. */
const nothingLeftOver = (dir: string): Promise<string[]> =>
  until(
    async () => leftovers(dir),
    names => names.length === 0,
  )

/** Asks for a rewrite and waits for a line about it. */
async function rewrite(server: RunningServer, line: string): Promise<void> {
  const from = server.log().length
  expect(await ask(server.port, 'BGREWRITEAOF')).toMatch(/^Background append only file rewriting (started|scheduled)/)
  await server.waitForLog(line, 15_000, from)
}

/** Kills the server and starts another one on its files, which have to be whole. */
async function startAgain(server: RunningServer, ...args: string[]): Promise<RunningServer> {
  server.kill('SIGKILL')
  await server.exited
  return startRedisTs([...ARGS, '--aof-load-truncated', 'no', ...args], { dir: server.dir })
}

/** Runs a test with a server in a folder on the disk, if that can be had. */
async function onDisk(disk: FullDisk, args: string[], use: (server: RunningServer) => Promise<void>): Promise<void> {
  const dir = tempDir()
  if (!canHave(disk, dir)) return
  const servers: RunningServer[] = []
  try {
    servers.push(await startRedisTs([...ARGS, ...args], { dir }))
    await use(servers[0])
  } finally {
    servers[0]?.kill('SIGKILL')
    await servers[0]?.exited
    disk.clean(dir)
  }
}

describe.each(FULL_DISKS)('a full disk ($name)', disk => {
  test.each(['everysec', 'no'])('refuses writes until there is space again (appendfsync %s)', async policy => {
    await onDisk(disk, ['--appendfsync', policy, '--auto-aof-rewrite-percentage', '0'], async server => {
      const { dir, pid, port } = server
      await ask(port, 'SET', 'old', 'data')
      disk.fill(pid)
      const acknowledged = await writeUntilRefused(port, 1, MISCONF)
      await server.waitForLog(`Error writing to the AOF file: ${disk.says}`)
      expect(await status(port, 'aof_last_write_status')).toBe('err')
      expect(await ask(port, 'GET', 'old')).toBe('data')
      expect(await ask(port, 'EVAL', "return redis.call('SET', 'a', 'b')", '0')).toMatch(/MISCONF/)
      disk.relieve(pid, dir)
      await server.waitForLog(SOLVED)
      expect(await status(port, 'aof_last_write_status')).toBe('ok')
      expect(await ask(port, 'SET', 'new', 'data')).toBe('OK')
      const expected = await digest(port)
      const again = await startAgain(server)
      expect(await digest(again.port)).toBe(expected)
      await expectValues(again.port, 1, acknowledged)
      expect(await again.stop()).toBe(0)
    })
  })

  test('fails rewrites and saves, which leave the old files as they are, and nothing beside them', async () => {
    await onDisk(disk, ['--auto-aof-rewrite-percentage', '0'], async server => {
      const { dir, pid, port } = server
      disk.fill(pid)
      await writeUntilRefused(port, 1, MISCONF)
      const files = filesIn(dir)
      const manifest = readFileSync(join(dir, AOF_DIR, MANIFEST))
      await rewrite(server, BAD_REWRITE)
      expect(await status(port, 'aof_last_bgrewrite_status')).toBe('err')
      const from = server.log().length
      await ask(port, 'BGSAVE')
      await server.waitForLog(/Background saving error|Failed opening the temp RDB file/, 10_000, from)
      await until(
        async () => filesIn(dir),
        names => names.length <= files.length,
      )
      expect(filesIn(dir)).toEqual(files)
      expect(readFileSync(join(dir, AOF_DIR, MANIFEST)).equals(manifest)).toBe(true)
      expect(leftovers(dir)).toEqual([])
      disk.relieve(pid, dir)
      await server.waitForLog(SOLVED)
      await rewrite(server, GOOD_REWRITE)
      expect(await status(port, 'aof_last_bgrewrite_status')).toBe('ok')
      const expected = await digest(port)
      const again = await startAgain(server)
      expect(await digest(again.port)).toBe(expected)
      await again.stop()
    })
  })

  test('ends a server that has promised more (appendfsync always), with all that it has acknowledged', async () => {
    await onDisk(disk, ['--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'], async server => {
      const { dir, pid, port } = server
      disk.fill(pid)
      const acknowledged = await writeUntilRefused(port, 1, null)
      expect(await server.exited).toBe(1)
      expect(server.log()).toContain(`Error writing to the AOF file: ${disk.says}`)
      expect(server.log()).toContain(
        "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
      )
      expect(acknowledged).toBeGreaterThan(10)
      disk.relieve(pid, dir)
      const again = await startRedisTs([...ARGS, '--aof-load-truncated', 'no'], { dir })
      await expectValues(again.port, 1, acknowledged)
      expect(await ask(again.port, 'SET', 'a', 'b')).toBe('OK')
      await again.stop()
    })
  })
})

describe('a folder in the way', () => {
  const inAof = (server: RunningServer, name: string): string => join(server.dir, AOF_DIR, name)
  const start = async (): Promise<RunningServer> => {
    const server = await startRedisTs(ARGS)
    expect(await ask(server.port, 'SET', 'a', '1')).toBe('OK')
    return server
  }

  /** A rewrite fails for what is in its way, and succeeds without; writes go on in between. */
  async function expectFailure(server: RunningServer, obstacle: string, line: string): Promise<void> {
    const { port } = server
    mkdirSync(obstacle)
    await rewrite(server, line)
    expect(await status(port, 'aof_last_bgrewrite_status')).toBe('err')
    expect(await ask(port, 'INCR', 'a')).toBe('2')
    expect(await status(port, 'aof_last_write_status')).toBe('ok')
    expect(leftovers(server.dir).map(name => join(server.dir, AOF_DIR, name))).toEqual(
      obstacle.includes('temp-') ? [obstacle] : [],
    )
  }

  async function expectSuccess(server: RunningServer): Promise<void> {
    expect(await ask(server.port, 'INCR', 'a')).toBe('3')
    await rewrite(server, GOOD_REWRITE)
    expect(await ask(server.port, 'INCR', 'a')).toBe('4')
    await nothingLeftOver(server.dir)
    const again = await startAgain(server)
    expect(await ask(again.port, 'GET', 'a')).toBe('4')
    await again.stop()
  }

  test('of the manifest: its rewrite fails, the server goes on', async () => {
    const server = await start()
    const manifest = inAof(server, MANIFEST)
    renameSync(manifest, `${manifest}.kept`)
    await expectFailure(
      server,
      manifest,
      `Error trying to rename the temporary AOF manifest file temp-${MANIFEST} into ${MANIFEST}: Is a directory`,
    )
    rmdirSync(manifest)
    renameSync(`${manifest}.kept`, manifest)
    await expectSuccess(server)
  })

  test('of the temporary manifest', async () => {
    const server = await start()
    const obstacle = inAof(server, `temp-${MANIFEST}`)
    await expectFailure(server, obstacle, `Can't open the AOF manifest file temp-${MANIFEST}: Is a directory`)
    rmdirSync(obstacle)
    await expectSuccess(server)
  })

  test('of the next incremental file', async () => {
    const server = await start()
    const obstacle = inAof(server, 'appendonly.aof.2.incr.aof')
    mkdirSync(obstacle)
    expect(await ask(server.port, 'BGREWRITEAOF')).toMatch(/^ERR Can't execute an AOF background rewriting/)
    await server.waitForLog("Can't open the append-only file appendonly.aof.2.incr.aof: Is a directory")
    expect(await ask(server.port, 'INCR', 'a')).toBe('2')
    rmdirSync(obstacle)
    await expectSuccess(server)
  })

  test('of the next base', async () => {
    const server = await start()
    const obstacle = inAof(server, 'appendonly.aof.2.base.rdb')
    await expectFailure(server, obstacle, BAD_REWRITE)
    expect(server.log()).toMatch(
      /Error trying to rename the temporary AOF base file temp-.* into appendonly\.aof\.2\.base/,
    )
    rmdirSync(obstacle)
    await expectSuccess(server)
  })

  test('of what CONFIG SET appendonly yes begins with leaves it off', async () => {
    const server = await startRedisTs(['--save', ''])
    const { dir, port } = server
    await ask(port, 'SET', 'a', '1')
    const turnOn = (): Promise<string | null> => ask(port, 'CONFIG', 'SET', 'appendonly', 'yes')
    const refusal =
      "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs."
    const expectOff = async (): Promise<void> => {
      expect(await turnOn()).toBe(refusal)
      expect((await withClient(port, client => client.call('CONFIG', 'GET', 'appendonly'))).elements?.[1].text).toBe(
        'no',
      )
      expect(await status(port, 'aof_enabled')).toBe('0')
      expect(await ask(port, 'SET', 'a', '2')).toBe('OK')
    }
    writeFileSync(join(dir, AOF_DIR), 'a file')
    await expectOff()
    rmSync(join(dir, AOF_DIR))
    mkdirSync(inAof(server, 'temp-appendonly.aof.incr'), { recursive: true })
    await expectOff()
    rmdirSync(inAof(server, 'temp-appendonly.aof.incr'))
    const from = server.log().length
    expect(await turnOn()).toBe('OK')
    await server.waitForLog(GOOD_REWRITE, 10_000, from)
    await nothingLeftOver(dir)
    const again = await startAgain(server)
    expect(await ask(again.port, 'GET', 'a')).toBe('2')
    await again.stop()
  })
})

test('a folder that is gone is made again by the next rewrite, and has all that there is', async () => {
  const server = await startRedisTs(ARGS)
  await ask(server.port, 'SET', 'a', '1')
  renameSync(join(server.dir, AOF_DIR), join(server.dir, 'away'))
  expect(await ask(server.port, 'INCR', 'a')).toBe('2')
  await rewrite(server, GOOD_REWRITE)
  expect(await ask(server.port, 'INCR', 'a')).toBe('3')
  const again = await startAgain(server)
  expect(await ask(again.port, 'GET', 'a')).toBe('3')
  await again.stop()
})

test('a read-only disk keeps a server from starting, and costs nothing', async () => {
  const dir = tempDir()
  if (!canHave(TMPFS, dir)) return
  const remount = (how: string): void => {
    expect(spawnSync('mount', ['-o', `remount,${how}`, dir]).status).toBe(0)
  }
  try {
    const server = await startRedisTs(ARGS, { dir })
    await ask(server.port, 'SET', 'a', '1')
    await server.stop()
    remount('ro')
    await expect(startRedisTs(ARGS, { dir })).rejects.toThrow(
      /Can't open the append-only file appendonly\.aof\.1\.incr\.aof: Read-only file system/,
    )
    remount('rw')
    const again = await startRedisTs(ARGS, { dir })
    expect(await ask(again.port, 'GET', 'a')).toBe('1')
    await again.stop()
  } finally {
    TMPFS.clean(dir)
  }
})

test("a folder on another disk than the base is written to is refused in the system's words", async () => {
  const dir = tempDir()
  const folder = join(dir, AOF_DIR)
  mkdirSync(folder)
  if (!canHave(TMPFS, folder)) return
  try {
    await expect(startRedisTs(ARGS, { dir })).rejects.toThrow(
      'Write error writing append only file on disk: Invalid cross-device link',
    )
    expect(readdirSync(dir)).toEqual([AOF_DIR])
  } finally {
    TMPFS.clean(folder)
  }
})

test('turned off and on while the manifest of a rewrite is on its way to a slow disk, it has all that there is', async () => {
  const dir = tempDir()
  const disk = new CrashDisk(dir)
  const server = await startRedisTs([...ARGS, '--appendfsync', 'no'], { dir, env: disk.env })
  const { port } = server
  await ask(port, 'RPUSH', 'list', '0')
  disk.slowDown(200)
  const renamed = 'Successfully renamed the temporary AOF base file'
  await rewrite(server, renamed)
  const from = server.log().length
  await withClient(port, client =>
    client.pipeline([
      ['RPUSH', 'list', '1'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['RPUSH', 'list', '2'],
      ['CONFIG', 'SET', 'appendonly', 'yes'],
      ['RPUSH', 'list', '3'],
    ]),
  )
  await server.waitForLog(GOOD_REWRITE, 10_000, from)
  // The first one's manifest may have been written behind that.
  await server.waitForLog(renamed, 10_000, from)
  await until(
    () => status(port, 'aof_rewrite_in_progress'),
    running => running === '0',
  )
  expect(await ask(port, 'RPUSH', 'list', '4')).toBe('5')
  const again = await startAgain(server)
  const list = await withClient(again.port, client => client.call('LRANGE', 'list', '0', '-1'))
  expect(list.elements?.map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4'])
  await again.stop()
})

test('DEBUG LOADAOF finds what is still being written to the disk', async () => {
  const server = await startRedisTs([...ARGS, '--auto-aof-rewrite-percentage', '0'])
  await withClient(server.port, async client => {
    for (let n = 1; n <= 8; n++) {
      await client.call('SET', 'large', `${n}`.padEnd(20_000_000))
      const [, loaded, length, large] = await client.pipeline([
        ['RPUSH', 'list', String(n)],
        ['DEBUG', 'LOADAOF'],
        ['LLEN', 'list'],
        ['GETRANGE', 'large', '0', '1'],
      ])
      expect([loaded.text, length.text, large.text]).toEqual(['OK', String(n), `${n} `])
    }
  })
  expect(server.log()).not.toContain('Truncating')
  await server.stop()
})
