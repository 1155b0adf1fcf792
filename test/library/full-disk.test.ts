/** faults.fullDisk(): the same as on a disk that is full (test/fault/aof-disk.test.ts), and all goes on afterwards. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunningServer, ServerOptions } from '../../src/index.js'
import { tempDir } from '../interop/stock.js'
import { clientOf, say, start } from './servers.js'

const AOF_DIR = 'appendonlydir'

interface Logged {
  readonly server: RunningServer
  /** Resolves once a line of the log contains the text, from those that have not been waited for. */
  logs(text: string): Promise<void>
  readonly lines: string[]
}

async function startLogged(options: ServerOptions): Promise<Logged> {
  const server = await start({
    'enable-debug-command': 'yes',
    'auto-aof-rewrite-percentage': 0,
    loglevel: 'notice',
    logfile: '/dev/null',
    ...options,
  })
  const lines: string[] = []
  let look = (): void => {}
  server.on('log', ({ text }) => {
    lines.push(text)
    look()
  })
  let from = 0
  const logs = (text: string): Promise<void> =>
    new Promise(resolve => {
      look = () => {
        const found = lines.findIndex((line, i) => i >= from && line.includes(text))
        if (found < 0) return
        from = found + 1
        look = () => {}
        resolve()
      }
      look()
    })
  return { server, logs, lines }
}

async function info(server: RunningServer, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(await server.command('INFO', 'persistence')))?.[1]
}

const filesIn = (dir: string): string[] => readdirSync(join(dir, AOF_DIR)).sort()
const leftovers = (dir: string): string[] =>
  [...readdirSync(dir), ...filesIn(dir)].filter(name => name.startsWith('temp-'))

test.each(['everysec', 'no'])('refuses writes until there is space again (appendfsync %s)', async policy => {
  const dir = tempDir()
  const { server, logs } = await startLogged({ dir, appendonly: true, appendfsync: policy })
  const client = await clientOf(server)
  await client.call('SET', 'old', 'data')
  const fault = server.faults.fullDisk()
  expect(await say(client, 'SET', 'more', 'data')).toBe('+OK')
  await logs('Error writing to the AOF file: No space left on device')
  expect(await say(client, 'SET', 'more', 'data')).toBe(
    '-MISCONF Errors writing to the AOF file: No space left on device',
  )
  expect(await info(server, 'aof_last_write_status')).toBe('err')
  expect(await say(client, 'GET', 'old')).toBe('$data')
  expect(await say(client, 'EVAL', "return redis.call('SET', 'a', 'b')", '0')).toMatch(/MISCONF/)
  expect(fault.hits).toBeGreaterThan(0)
  fault.end()
  await logs('AOF write error looks solved, Redis can write again.')
  expect(await info(server, 'aof_last_write_status')).toBe('ok')
  expect(await say(client, 'SET', 'new', 'data')).toBe('+OK')
  const digest = await server.command('DEBUG', 'DIGEST')
  await server.close()
  const again = await start({ dir, appendonly: true, 'enable-debug-command': 'yes', 'aof-load-truncated': false })
  expect(await again.command('DEBUG', 'DIGEST')).toBe(digest)
})

test('much that is written in the background is refused and comes to the disk later', async () => {
  const dir = tempDir()
  const { server, logs } = await startLogged({ dir, appendonly: true })
  const fault = server.faults.fullDisk()
  await server.command('SET', 'large', 'x'.repeat(3_000_000))
  await logs('Error writing to the AOF file: No space left on device')
  fault.end()
  await logs('AOF write error looks solved, Redis can write again.')
  await server.close()
  const again = await start({ dir, appendonly: true })
  expect(await again.command('STRLEN', 'large')).toBe(3_000_000)
})

test('fails rewrites and saves, which leave the old files as they are, and nothing beside them', async () => {
  const dir = tempDir()
  const { server, logs } = await startLogged({ dir, appendonly: true, save: [3600, 1] })
  await server.command('SET', 'a', '1')
  await server.command('SAVE')
  const rdb = readFileSync(join(dir, 'dump.rdb'))
  const fault = server.faults.fullDisk()
  const files = filesIn(dir)
  const manifest = readFileSync(join(dir, AOF_DIR, 'appendonly.aof.manifest'))
  await server.command('BGREWRITEAOF')
  await logs('Background AOF rewrite terminated with error')
  await expect(server.command('SAVE')).rejects.toThrow('ERR')
  await logs('Write error while saving DB to the disk(rdbSaveRio): No space left on device')
  expect(await server.command('BGSAVE')).toBe('Background saving started')
  await logs('Write error while saving DB to the disk(rdbSaveRio): No space left on device')
  await logs('Background saving error')
  expect(await info(server, 'rdb_last_bgsave_status')).toBe('err')
  await expect(server.command('SET', 'a', '2')).rejects.toThrow('MISCONF Redis is configured to save RDB snapshots')
  expect(filesIn(dir)).toEqual(files)
  expect(readFileSync(join(dir, AOF_DIR, 'appendonly.aof.manifest')).equals(manifest)).toBe(true)
  expect(readFileSync(join(dir, 'dump.rdb')).equals(rdb)).toBe(true)
  expect(leftovers(dir)).toEqual([])
  fault.end()
  await server.command('BGSAVE')
  await logs('Background saving terminated with success')
  await server.command('BGREWRITEAOF')
  await logs('Background AOF rewrite finished successfully')
  expect(await server.command('SET', 'a', '3')).toBe('OK')
})

test('a rewrite under way when the disk fills up fails', async () => {
  const dir = tempDir()
  const { server, logs } = await startLogged({ dir, appendonly: true, 'rdb-key-save-delay': 1000 })
  await server.command('DEBUG', 'POPULATE', 500)
  await server.command('BGREWRITEAOF')
  await logs('Background append only file rewriting started')
  using _ = server.faults.fullDisk()
  await logs('Write error writing append only file on disk: No space left on device')
  await logs('Background AOF rewrite terminated with error')
  expect(await info(server, 'aof_last_bgrewrite_status')).toBe('err')
  expect(leftovers(dir)).toEqual([])
})

test('ends a server that has promised more (appendfsync always), with all that it has acknowledged', async () => {
  const dir = tempDir()
  const { server, lines } = await startLogged({ dir, appendonly: true, appendfsync: 'always' })
  const client = await clientOf(server)
  for (let n = 0; n < 10; n++) expect(await say(client, 'SET', `${n}`, 'v')).toBe('+OK')
  server.faults.fullDisk()
  client.write(['SET', 'more', 'v'])
  await server.closed
  await client.closed()
  expect(lines).toContain("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
  const again = await start({ dir, appendonly: true })
  expect(await again.command('DBSIZE')).toBe(10)
})

test("a replica's copy of its master fails, and comes when there is space", async () => {
  const master = await start({ 'repl-diskless-sync-delay': 0 })
  await master.command('SET', 'key', 'value')
  const { server: replica, logs } = await startLogged({ dir: tempDir() })
  const fault = replica.faults.fullDisk()
  await replica.command('REPLICAOF', '127.0.0.1', master.port)
  await logs(
    'Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: No space left on device',
  )
  fault.end()
  await logs('MASTER <-> REPLICA sync: Finished with success')
  expect(await replica.command('GET', 'key')).toBe('value')
})

test('close() says that the data could not be saved, and the server goes on', async () => {
  const { server } = await startLogged({ dir: tempDir(), save: [3600, 1] })
  await server.command('SET', 'a', '1')
  const fault = server.faults.fullDisk()
  await expect(server.close()).rejects.toThrow('could not be saved')
  expect(await server.command('GET', 'a')).toBe('1')
  fault.end()
  await server.close()
})

test('ACL SAVE fails and leaves the file; other servers of the process have their space', async () => {
  const dir = tempDir()
  const aclfile = join(dir, 'users.acl')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(aclfile, 'user default on nopass ~* &* +@all\n')
  const [full, other] = [await start({ dir, aclfile }), await start({ dir: tempDir(), save: [3600, 1] })]
  using fault = full.faults.fullDisk()
  await expect(full.command('ACL', 'SAVE')).rejects.toThrow('ERR')
  expect(readFileSync(aclfile, 'utf8')).toBe('user default on nopass ~* &* +@all\n')
  expect(readdirSync(dir)).toEqual(['users.acl'])
  expect(await other.command('SAVE')).toBe('OK')
  expect(fault.hits).toBe(1)
})
