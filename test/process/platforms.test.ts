/** Servers that believe to be on another system: docs/platforms.md says what can only be seen there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askText, info, inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'

const PRELOAD = join(process.cwd(), 'test/process/elsewhere.cjs')

function startOn(platform: string, args: string[] = [], dir = tempDir(), config?: string): Promise<RunningServer> {
  const env = { NODE_OPTIONS: `--require ${PRELOAD}`, ELSEWHERE: platform }
  return startRedisTs(args, config === undefined ? { dir, env } : { dir, env, config })
}

async function call(server: RunningServer, ...commands: string[]): Promise<string[]> {
  const replies: string[] = []
  for (const command of commands) replies.push(await askText(server.port, ...command.split(' ')))
  return replies
}

const doneSaving = (server: RunningServer) =>
  until('it has saved', async () => {
    const fields = await info(server.port, 'persistence')
    const busy = ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled']
    return busy.every(name => fields.get(name) === '0')
  })

/** What the log has at level warning, apart from what every start without a file says. */
const warnings = (server: RunningServer): string[] =>
  server
    .log()
    .split('\n')
    .filter(line => / # /.test(line) && !/no config file specified|Received SIGTERM|ready to exit/.test(line))

describe.each(['darwin', 'win32', 'freebsd'])('on %s', platform => {
  test('INFO has every section, and names the system', async () => {
    const server = await startOn(platform)
    const fields = await info(server.port)
    expect(fields.get('multiplexing_api')).toBe({ darwin: 'kqueue', win32: 'iocp', freebsd: 'kqueue' }[platform])
    expect(Number(fields.get('used_memory_rss'))).toBeGreaterThan(0)
    expect(fields.has('used_cpu_user')).toBe(true)
    expect(await server.stop()).toBe(0)
    expect(warnings(server)).toEqual([])
  })

  test('data is saved, and loaded at the next start', async () => {
    const dir = tempDir()
    const server = await startOn(platform, [], dir)
    expect(await call(server, 'SET key 1', 'SAVE', 'SET key 2', 'BGSAVE')).toEqual([
      'OK',
      'OK',
      'OK',
      'Background saving started',
    ])
    await doneSaving(server)
    await call(server, 'SET key 3', 'BGSAVE')
    await doneSaving(server)
    expect(await server.stop()).toBe(0)
    expect(warnings(server)).toEqual([])
    const again = await startOn(platform, [], dir)
    expect(await call(again, 'GET key')).toEqual(['3'])
  })

  test('append-only files are written, rewritten and loaded', async () => {
    const dir = tempDir()
    const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const server = await startOn(platform, options, dir)
    await call(server, 'SET key 1', 'BGREWRITEAOF')
    await doneSaving(server)
    await call(server, 'INCR key')
    expect(await server.stop()).toBe(0)
    expect(warnings(server)).toEqual([])
    const again = await startOn(platform, options, dir)
    expect(await call(again, 'GET key')).toEqual(['2'])
  })

  test('CONFIG REWRITE and ACL SAVE write their files', async () => {
    const dir = tempDir()
    const config = `aclfile ${join(dir, 'users.acl')}\nmaxmemory 0\n`
    writeFileSync(join(dir, 'users.acl'), '')
    const server = await startOn(platform, [], dir, config)
    const replies = await call(
      server,
      'CONFIG SET maxmemory 100mb',
      'CONFIG REWRITE',
      'ACL SETUSER alice on nopass',
      'ACL SAVE',
    )
    expect(replies).toEqual(['OK', 'OK', 'OK', 'OK'])
    expect(readFileSync(join(dir, 'redis.conf'), 'utf8')).toContain('maxmemory 100mb')
    expect(readFileSync(join(dir, 'users.acl'), 'utf8')).toContain('user alice on nopass')
  })

  test.each(['yes', 'no'])('a replica copies its master (repl-diskless-sync %s)', async diskless => {
    const settings = ['--repl-diskless-sync', diskless, '--repl-diskless-sync-delay', '0']
    const master = await startOn(platform, settings)
    await call(master, 'SET key value')
    const replica = await startOn(platform, [...settings, '--replicaof', '127.0.0.1', String(master.port)])
    await linkUp(replica.port)
    await inStep(master.port, replica.port)
    expect(await call(replica, 'GET key')).toEqual(['value'])
    // A second copy takes the place of the first.
    await call(replica, 'REPLICAOF NO ONE', 'SET key other', `REPLICAOF 127.0.0.1 ${master.port}`)
    await linkUp(replica.port)
    await inStep(master.port, replica.port)
    expect(await call(replica, 'GET key')).toEqual(['value'])
  })
})
