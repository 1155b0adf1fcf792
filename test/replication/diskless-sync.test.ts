/** The master's side of a diskless synchronization: one snapshot for several replicas, which may leave in the middle of it. */
import { expect, test } from 'vitest'
import { ask, info, linkUp, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--rdbcompression', 'no']
const LARGE = { keys: 1000, bytes: 50_000 }

/** A master with more data than sockets and buffers take, and two replicas that wait for the same snapshot of it. */
async function masterAndReplicas(replicaArgs: string[] = []): Promise<[RunningServer, RunningServer[]]> {
  const args = ['--repl-diskless-sync-delay', '60', '--repl-diskless-sync-max-replicas', '2']
  const master = await startRedisTs([...BASE, ...args])
  await ask(master.port, 'DEBUG', 'POPULATE', String(LARGE.keys), 'key', String(LARGE.bytes))
  const follow = ['--replicaof', '127.0.0.1', String(master.port), ...replicaArgs]
  return [master, await Promise.all([startRedisTs([...BASE, ...follow]), startRedisTs([...BASE, ...follow])])]
}

test('goes to two replicas at once, and what they get is counted', async () => {
  const [master, replicas] = await masterAndReplicas()
  for (const { port } of replicas) await linkUp(port)
  expect(master.log()).toContain('* Diskless rdb transfer, done reading from pipe, 2 replicas still up.')
  expect(Number((await info(master.port)).get('total_net_repl_output_bytes'))).toBeGreaterThan(
    replicas.length * LARGE.keys * LARGE.bytes,
  )
})

test('is given up when the last replica has left', async () => {
  const [master, replicas] = await masterAndReplicas(['--repl-diskless-load', 'swapdb', '--key-load-delay', '20000'])
  for (const replica of replicas) await replica.waitForLog('Loading DB in memory')
  replicas[0].kill('SIGKILL')
  await master.waitForLog(/Connection with replica .* lost/)
  expect((await info(master.port)).get('rdb_bgsave_in_progress')).toBe('1')
  replicas[1].kill('SIGKILL')
  await master.waitForLog('# Diskless rdb transfer, last replica dropped, killing fork child.')
  await until('no save is under way', async () => (await info(master.port)).get('rdb_bgsave_in_progress') === '0')
  expect(master.log()).not.toContain('done reading from pipe')
})
