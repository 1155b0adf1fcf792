/** What a replica does when it cannot do what its master says: propagation-error-behavior, replica-ignore-disk-write-errors. */
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask, askText, info, linkUp, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

async function masterAndReplica(...args: string[]): Promise<[master: RunningServer, replica: RunningServer]> {
  const master = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0'])
  const replica = await startRedisTs(['--replicaof', '127.0.0.1', String(master.port), ...args])
  await linkUp(replica.port)
  return [master, replica]
}

/** Makes the replica's data differ, so that the master's APPEND fails there. */
async function failToApply(master: RunningServer, replica: RunningServer): Promise<void> {
  await ask(replica.port, 'CONFIG', 'SET', 'replica-read-only', 'no')
  await ask(replica.port, 'HSET', 'k', 'f', 'v')
  await ask(replica.port, 'CONFIG', 'SET', 'replica-read-only', 'yes')
  expect(await askText(master.port, 'APPEND', 'k', 'x')).toBe('1')
}

describe.concurrent('a command of the master that fails', () => {
  test('crashes the replica with panic', async () => {
    const [master, replica] = await masterAndReplica('--save', '', '--propagation-error-behavior', 'panic')
    await failToApply(master, replica)
    await replica.exited
    expect(replica.log()).toContain(
      "This replica panicked sending an error to its master after processing the command 'append'",
    )
  })

  test('crashes the replica with panic-on-replicas, set while it runs', async () => {
    const [master, replica] = await masterAndReplica('--save', '')
    await ask(replica.port, 'CONFIG', 'SET', 'propagation-error-behavior', 'panic-on-replicas')
    await failToApply(master, replica)
    await replica.exited
    expect(replica.log()).toContain(
      "This replica panicked sending an error to its master after processing the command 'append'",
    )
  })

  test('is logged and counted with ignore', async () => {
    const [master, replica] = await masterAndReplica('--save', '')
    await failToApply(master, replica)
    await replica.waitForLog('== CRITICAL == This replica is sending an error to its master')
    expect((await info(replica.port)).get('unexpected_error_replies')).toBe('1')
  })
})

/** Saves of the replica fail from here on. */
async function loseDisk(replica: RunningServer): Promise<void> {
  const gone = join(replica.dir, 'gone')
  mkdirSync(gone)
  expect(await askText(replica.port, 'CONFIG', 'SET', 'dir', gone)).toBe('OK')
  rmdirSync(gone)
  await ask(replica.port, 'BGSAVE')
  await until('the save fails', async () => (await askText(replica.port, 'PING')).startsWith('MISCONF '))
}

describe.concurrent('a replica whose saves fail', () => {
  const saving = ['--save', '10000 10000', '--enable-protected-configs', 'yes']

  test('crashes on the next write of its master', async () => {
    const [master, replica] = await masterAndReplica(...saving)
    await loseDisk(replica)
    expect(await askText(master.port, 'SET', 'k', 'v')).toBe('OK')
    await replica.exited
    expect(replica.log()).toContain('Replica was unable to write command to disk.')
  })

  test('goes on with replica-ignore-disk-write-errors yes', async () => {
    const [master, replica] = await masterAndReplica(...saving)
    await loseDisk(replica)
    expect(await askText(replica.port, 'CONFIG', 'SET', 'replica-ignore-disk-write-errors', 'yes')).toBe('OK')
    expect(await askText(master.port, 'SET', 'k', 'v')).toBe('OK')
    await replica.waitForLog('Replica is applying a command even though it is unable to write to disk.')
    expect(await askText(replica.port, 'GET', 'k')).toBe('v')
  })
})
