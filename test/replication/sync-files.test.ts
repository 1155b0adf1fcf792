import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ask } from '../fault/dataset.js'
import { until } from '../fault/wire.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

/** A master whose full synchronization goes by way of a file, and a replica of it that has caught up. */
async function synchronized(options: string[]): Promise<[master: RunningServer, replica: RunningServer]> {
  const master = await startRedisTs([...options, '--repl-diskless-sync', 'no'])
  await ask(master.port, 'SET', 'key', 'value')
  const replica = await startRedisTs([...options, '--replicaof', '127.0.0.1', String(master.port)])
  await until(
    () => ask(replica.port, 'GET', 'key'),
    value => value === 'value',
  )
  return [master, replica]
}

function dump(server: RunningServer): string {
  return join(server.dir, 'dump.rdb')
}

test('rdb-del-sync-files leaves no file behind where nothing is to be kept on disk', async () => {
  const [master, replica] = await synchronized(['--save', '', '--rdb-del-sync-files', 'yes'])
  await replica.waitForLog('Removing the RDB file obtained from the master. This replica has persistence disabled')
  await master.waitForLog('Removing the RDB file used to feed replicas in a persistence-less instance')
  // The log tells first.
  await until(
    async () => [master, replica].filter(server => existsSync(dump(server))),
    left => left.length === 0,
  )
})

test('rdb-del-sync-files can be set while the servers run', async () => {
  const [master, replica] = await synchronized(['--save', ''])
  expect([existsSync(dump(master)), existsSync(dump(replica))]).toEqual([true, true])
  for (const { port } of [master, replica]) await ask(port, 'CONFIG', 'SET', 'rdb-del-sync-files', 'yes')
  await ask(replica.port, 'REPLICAOF', 'NO', 'ONE')
  await ask(replica.port, 'SET', 'key', 'of its own')
  await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
  await replica.waitForLog('Removing the RDB file obtained from the master. This replica has persistence disabled')
  await master.waitForLog('Removing the RDB file used to feed replicas in a persistence-less instance')
  // The log tells first.
  await until(
    async () => [master, replica].filter(server => existsSync(dump(server))),
    left => left.length === 0,
  )
})

test('rdb-del-sync-files takes nothing away from who saves', async () => {
  const [master, replica] = await synchronized(['--save', '3600', '1', '--rdb-del-sync-files', 'yes'])
  expect([existsSync(dump(master)), existsSync(dump(replica))]).toEqual([true, true])
})
