/** What a server does when a file it has written cannot get its name, or cannot be written at all: nothing lost, nothing left. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askText, info, inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, type StartOptions, startRedisTs, tempDir } from '../interop/stock.js'
import { noise, randomNumbers } from './dataset.js'
import { FakeMaster, handshake } from './fake-master.js'

const start = (args: string[] = [], options?: StartOptions) =>
  startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes', ...args], options)

const SYNC = 'MASTER <-> REPLICA synchronization'
const FINISHED = 'MASTER <-> REPLICA sync: Finished with success'

async function masterWith(keys: number, ...args: string[]): Promise<RunningServer> {
  const master = await start(args)
  const random = randomNumbers(1)
  for (let i = 0; i < keys; i++) await askText(master.port, 'SET', `key:${i}`, noise(random, 50_000))
  return master
}

/** A server with a key of its own, which begins to follow the master. */
async function replicaWithOldData(prepare: (dir: string) => void, master: number, args: string[] = []) {
  const replica = await start(args)
  expect(await askText(replica.port, 'SET', 'old', 'data')).toBe('OK')
  prepare(replica.dir)
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master))).toBe('OK')
  return replica
}

/** It has failed so, is tried again, and has cost nothing. */
async function expectFailures(replica: RunningServer, line: string): Promise<void> {
  await replica.waitForLog(`# ${line}`)
  await until('it is tried again', async () => replica.log().split(line).length > 2)
  expect(replica.log()).not.toContain(FINISHED)
  expect((await info(replica.port, 'replication')).get('master_link_status')).toBe('down')
}

function temporaryFiles(dir: string): string[] {
  return readdirSync(dir).filter(name => name.startsWith('temp-') || /\.[0-9a-f]{12}$/.test(name))
}

async function expectSynchronized(master: RunningServer, replica: RunningServer): Promise<void> {
  await linkUp(replica.port)
  await inStep(master.port, replica.port)
  expect(await askText(replica.port, 'DEBUG', 'DIGEST')).toBe(await askText(master.port, 'DEBUG', 'DIGEST'))
}

describe.concurrent('a file received from the master', () => {
  test.each([
    ['disk', []],
    ['socket', ['--repl-diskless-sync', 'yes']],
    ['disk, rdb-del-sync-files', ['--rdb-del-sync-files', 'yes']],
  ])('that cannot be renamed is no synchronization (%s)', async (_, args) => {
    const master = await masterWith(2, '--repl-diskless-sync', 'no', ...args)
    const inTheWay = (dir: string) => join(dir, 'dump.rdb')
    const replica = await replicaWithOldData(dir => mkdirSync(inTheWay(dir)), master.port, args)
    await expectFailures(replica, `Failed trying to rename the temp DB into dump.rdb in ${SYNC}: Is a directory`)
    expect(await askText(replica.port, 'GET', 'old')).toBe('data')
    rmdirSync(inTheWay(replica.dir))
    await expectSynchronized(master, replica)
    const keeps = !args.includes('--rdb-del-sync-files')
    await until('the file is as it has to be', async () => existsSync(inTheWay(replica.dir)) === keeps)
    expect(temporaryFiles(replica.dir)).toEqual([])
  })

  test('that cannot be renamed once it is loaded is none, either', async () => {
    const master = await masterWith(1, '--repl-diskless-sync', 'no')
    await askText(master.port, 'DEBUG', 'POPULATE', '1000')
    const replica = await replicaWithOldData(() => {}, master.port, ['--key-load-delay', '1000'])
    await replica.waitForLog('Loading DB in memory')
    mkdirSync(join(replica.dir, 'dump.rdb'))
    const line = `Failed trying to rename the temp DB into dump.rdb in ${SYNC}: Is a directory`
    await expectFailures(replica, line)
    expect(await askText(replica.port, 'CONFIG', 'SET', 'key-load-delay', '0')).toBe('OK')
    rmdirSync(join(replica.dir, 'dump.rdb'))
    await expectSynchronized(master, replica)
    expect(readdirSync(replica.dir)).toEqual(['dump.rdb'])
  })

  test('that cannot be made is none: the directory is gone', async () => {
    const master = await masterWith(1)
    const replica = await replicaWithOldData(dir => renameSync(dir, `${dir}.away`), master.port)
    await expectFailures(replica, `Opening the temp file needed for ${SYNC}: No such file or directory`)
    expect(await askText(replica.port, 'GET', 'old')).toBe('data')
    renameSync(`${replica.dir}.away`, replica.dir)
    await expectSynchronized(master, replica)
    expect(readdirSync(replica.dir)).toEqual(['dump.rdb'])
  })

  test('that the disk does not take is none', async () => {
    if (spawnSync('prlimit', ['--version']).status !== 0) return
    const master = await masterWith(40)
    const replica = await start()
    await askText(replica.port, 'SET', 'old', 'data')
    const limit = (bytes: string) => spawnSync('prlimit', ['--pid', String(replica.pid), `--fsize=${bytes}:`])
    limit('1000000')
    await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
    const line = `Write error or short write writing to the DB dump file needed for ${SYNC}: File too large`
    await expectFailures(replica, line)
    expect(await askText(replica.port, 'GET', 'old')).toBe('data')
    limit('unlimited')
    await expectSynchronized(master, replica)
    expect(readdirSync(replica.dir)).toEqual(['dump.rdb'])
  })

  test('gets into the directory that dir names by then', async () => {
    const master = await masterWith(1)
    expect(await askText(master.port, 'SAVE')).toBe('OK')
    const rdb = readFileSync(join(master.dir, 'dump.rdb'))
    const half = rdb.length >> 1
    const sockets: Socket[] = []
    const fake = await FakeMaster.start(
      handshake((_, socket) => {
        sockets.push(socket)
        return Buffer.concat([
          Buffer.from(`+FULLRESYNC ${'a'.repeat(40)} 1\r\n$${rdb.length}\r\n`),
          rdb.subarray(0, half),
        ])
      }),
    )
    const replica = await replicaWithOldData(() => {}, fake.port, ['--enable-protected-configs', 'yes'])
    await until('half of it is there', async () => temporaryFiles(replica.dir).length === 1)
    const other = tempDir()
    expect(await askText(replica.port, 'CONFIG', 'SET', 'dir', other, 'dbfilename', 'other.rdb')).toBe('OK')
    sockets[0].write(rdb.subarray(half))
    await replica.waitForLog(FINISHED)
    expect(readFileSync(join(other, 'other.rdb')).equals(rdb)).toBe(true)
    expect(temporaryFiles(replica.dir)).toEqual([])
    await fake.close()
  })

  test.each(['swapdb', 'on-empty-db'])('is not needed with repl-diskless-load %s', async how => {
    const master = await masterWith(1)
    const replica = await start(['--repl-diskless-load', how])
    mkdirSync(join(replica.dir, 'dump.rdb'))
    await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
    await expectSynchronized(master, replica)
    expect(readdirSync(replica.dir)).toEqual(['dump.rdb'])
  })
})

test('a directory in the place of the RDB file: every save says so, and the data stays', async () => {
  const server = await start(['--save', '10000 10000'])
  const { dir, port } = server
  const file = join(dir, 'dump.rdb')
  await askText(port, 'SET', 'a', 'b')
  mkdirSync(file)
  const status = async () => (await info(port, 'persistence')).get('rdb_last_bgsave_status')
  const words = (from: number) =>
    server.waitForLog(
      / # Error moving temp DB file temp-\d+(-\d+)?\.rdb on the final destination dump\.rdb \(in server root dir .+\): Is a directory$/,
      10_000,
      from,
    )
  for (const [command, reply] of [
    [['SAVE'], 'ERR'],
    [['DEBUG', 'RELOAD'], 'ERR'],
    [['SHUTDOWN'], 'ERR Errors trying to SHUTDOWN. Check logs.'],
  ] as const) {
    const from = server.log().length
    expect(await askText(port, ...command)).toBe(reply)
    await words(from)
    expect(await status()).toBe('ok')
    expect(await askText(port, 'SET', 'a', 'b')).toBe('OK')
  }
  const from = server.log().length
  expect(await askText(port, 'BGSAVE')).toBe('Background saving started')
  await server.waitForLog('Background saving error', 10_000, from)
  await words(from)
  expect(await status()).toBe('err')
  expect(await askText(port, 'SET', 'a', 'c')).toMatch(/^MISCONF/)
  expect(readdirSync(dir)).toEqual(['dump.rdb'])
  rmdirSync(file)
  expect(await askText(port, 'SAVE')).toBe('OK')
  expect(await status()).toBe('ok')
  expect(await askText(port, 'GET', 'a')).toBe('b')
  expect(readdirSync(dir)).toEqual(['dump.rdb'])
})

test('a master whose snapshot for replicas cannot get its name says so, and tries again', async () => {
  const master = await masterWith(1, '--repl-diskless-sync', 'no')
  mkdirSync(join(master.dir, 'dump.rdb'))
  const replica = await start(['--replicaof', '127.0.0.1', String(master.port)])
  await master.waitForLog('Error moving temp DB file')
  await master.waitForLog('SYNC failed. BGSAVE child returned an error')
  rmdirSync(join(master.dir, 'dump.rdb'))
  await expectSynchronized(master, replica)
  expect(readdirSync(master.dir)).toEqual(['dump.rdb'])
})

test('CONFIG REWRITE and ACL SAVE with a directory in their way', async () => {
  const dir = tempDir()
  const aclfile = join(dir, 'users.acl')
  writeFileSync(aclfile, '')
  const server = await start([], { dir, config: `aclfile ${aclfile}\n` })
  for (const [name, command, reply] of [
    ['redis.conf', ['CONFIG', 'REWRITE'], 'ERR Rewriting config file: Is a directory'],
    [
      'users.acl',
      ['ACL', 'SAVE'],
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    ],
  ] as const) {
    renameSync(join(dir, name), join(dir, `${name}.old`))
    mkdirSync(join(dir, name))
    expect(await askText(server.port, ...command)).toBe(reply)
    await server.waitForLog(/# (CONFIG REWRITE failed|Writing ACL file for ACL SAVE): Is a directory/)
    rmdirSync(join(dir, name))
    expect(await askText(server.port, ...command)).toBe('OK')
  }
  expect(readdirSync(dir).sort()).toEqual(['redis.conf', 'redis.conf.old', 'users.acl', 'users.acl.old'])
})

test('CONFIG REWRITE and ACL SAVE on a full disk leave the old file and nothing beside it', async () => {
  if (spawnSync('prlimit', ['--version']).status !== 0) return
  const dir = tempDir()
  const aclfile = join(dir, 'users.acl')
  writeFileSync(aclfile, '')
  const config = `aclfile ${aclfile}\n`
  const server = await start([], { dir, config })
  await askText(server.port, 'ACL', 'SETUSER', 'alice', 'on')
  spawnSync('prlimit', ['--pid', String(server.pid), '--fsize=10:'])
  expect(await askText(server.port, 'CONFIG', 'REWRITE')).toBe('ERR Rewriting config file: File too large')
  expect(await askText(server.port, 'ACL', 'SAVE')).toMatch(/^ERR There was an error trying to save the ACLs/)
  spawnSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited:'])
  expect(readdirSync(dir).sort()).toEqual(['redis.conf', 'users.acl'])
  expect(readFileSync(join(dir, 'redis.conf'), 'latin1')).toBe(config)
  expect(readFileSync(aclfile, 'latin1')).toBe('')
})
