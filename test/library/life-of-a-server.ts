/** All that a server does by time, as fast as it can be had: none of it may depend on timers that a test has in its hands. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { createServer as CreateServer, RunningServer } from '../../src/index.js'

const realImmediate = setImmediate
const turn = (): Promise<void> => new Promise(resolve => void realImmediate(resolve))

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn()
}

/** Starts servers, has them do it all, and closes them. Resolves with what it has seen. */
export async function live(createServer: typeof CreateServer): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'redis-ts-life-'))
  const seen: string[] = []
  const server = await createServer({
    dir,
    save: [3600, 1],
    appendonly: true,
    'busy-reply-threshold': 10,
    'repl-diskless-sync-delay': 0,
  })
  await server.command('SET', 'short', 'life', 'PX', 20)
  seen.push(`blocked: ${await server.command('BLPOP', 'list', 0.05)}`)
  seen.push(`expired: ${await server.command('EXISTS', 'short')}`)
  await server.command('SET', 'active', 'expiry', 'PX', 1)
  await until(async () => /expired_keys:2/.test(String(await server.command('INFO', 'stats'))))
  seen.push(`saving: ${await server.command('BGSAVE')}`)
  await until(async () => /rdb_bgsave_in_progress:0/.test(String(await server.command('INFO', 'persistence'))))
  await server.command('BGREWRITEAOF')
  await until(async () => /aof_rewrite_in_progress:0/.test(String(await server.command('INFO', 'persistence'))))
  const script = server.command('EVAL', 'while true do end', 0).catch((error: Error) => error.message)
  await until(() => killed(server))
  seen.push(`script: ${String(await script).split('...')[0]}`)
  server.faults.delay('echo', 10, { own: true })
  seen.push(`late: ${await server.command('ECHO', 'hello')}`)
  seen.push(`restored: ${await server.snapshot().then(bytes => server.restore(bytes))}`)
  const replica = await createServer({ replicaof: ['127.0.0.1', server.port] })
  await server.command('SET', 'key', 'value')
  await until(async () => (await replica.command('GET', 'key').catch(() => null)) === 'value')
  seen.push(`waited: ${await server.command('WAIT', 1, 1000)}`)
  await replica.close()
  await server.close()
  rmSync(dir, { recursive: true })
  return seen
}

async function killed(server: RunningServer): Promise<boolean> {
  try {
    await server.commandBytes('SCRIPT', 'KILL')
    return true
  } catch {
    return false
  }
}

export const LIFE: readonly string[] = [
  'blocked: null',
  'expired: 0',
  'saving: Background saving started',
  'script: ERR Script killed by user with SCRIPT KILL',
  'late: hello',
  'restored: undefined',
  'waited: 1',
]
