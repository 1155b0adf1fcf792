/** repl-diskless-load: full copies that go from the socket into memory, beside the data that is in service. */
import { describe, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from './polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from './stock.js'
import { fill, fleetingGone, largeHash, sampleData } from './traffic.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const LOADING = 'LOADING Redis is loading the dataset in memory'
const ours = (...args: string[]): Promise<RunningServer> => startRedisTs([...BASE, ...args])
const stock = (...args: string[]): Promise<RunningServer> => startRedisServer([...BASE, ...args])
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

async function field(server: RunningServer, name: string): Promise<string | undefined> {
  return (await info(server.port)).get(name)
}

async function expectSameData(master: RunningServer, replica: RunningServer): Promise<void> {
  await inStep(master.port, replica.port)
  expect(await askText(replica.port, 'DEBUG', 'DIGEST')).toBe(await askText(master.port, 'DEBUG', 'DIGEST'))
}

describe.concurrent('without a file in between', requireStock('redis-server'), () => {
  test.each([
    ['redis-server', 'yes', 'swapdb', stock, ours],
    ['redis-server', 'no', 'swapdb', stock, ours],
    ['redis-server', 'yes', 'on-empty-db', stock, ours],
    ['redis-ts', 'yes', 'swapdb', ours, ours],
    ['redis-ts', 'no', 'on-empty-db', ours, ours],
    ['redis-ts', 'yes', 'swapdb', ours, stock],
  ] as const)('from %s, diskless %s, load %s', async (_, diskless, load, startMaster, startReplica) => {
    const master = await startMaster('--repl-diskless-sync', diskless)
    await fill(master.port, [...sampleData(), ...largeHash('large', 3000)])
    const replica = await startReplica('--repl-diskless-load', load)
    if (load === 'swapdb') await fill(replica.port, [['SET', 'of its own', 'gone after the sync']])
    expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
    await linkUp(replica.port)
    await fill(master.port, [
      ['SELECT', '5'],
      ['SET', 'behind', 'the copy'],
    ])
    await fleetingGone(master.port)
    await expectSameData(master, replica)
    expect(await askText(replica.port, 'EXISTS', 'of its own')).toBe('0')
    expect(replica.log()).toMatch(/receiving .* to parser/)
  })
})

test('on-empty-db goes by way of a file when there is data', async () => {
  const master = await ours()
  const replica = await ours('--repl-diskless-load', 'on-empty-db')
  await fill(replica.port, [['SET', 'of its own', 'x']])
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
  await linkUp(replica.port)
  expect(replica.log()).toMatch(/receiving .* to disk/)
  expect(await askText(replica.port, 'DBSIZE')).toBe('0')
})

/** A replica with the master's data that has to take it all anew, slowly, and its own replica. */
async function slowSecondCopy(): Promise<{ master: RunningServer; replica: RunningServer; own: RunningServer }> {
  const master = await ours('--rdbcompression', 'no')
  await fill(master.port, [['SET', 'k', 'old']])
  await ask(master.port, 'DEBUG', 'POPULATE', '300', 'large', '100000')
  const replica = await ours('--repl-diskless-load', 'swapdb', ...of(master))
  await linkUp(replica.port)
  const own = await ours(...of(replica))
  await linkUp(own.port)
  await inStep(master.port, replica.port)
  await ask(replica.port, 'CONFIG', 'SET', 'key-load-delay', '5000')
  await ask(master.port, 'CONFIG', 'SET', 'repl-backlog-size', '16384')
  // More than the backlog holds, while the replica cannot read it.
  replica.kill('SIGSTOP')
  await ask(master.port, 'CLIENT', 'KILL', 'TYPE', 'replica')
  await ask(master.port, 'SET', 'filler', 'x'.repeat(200_000))
  await ask(master.port, 'SET', 'k', 'new')
  replica.kill('SIGCONT')
  await until('it loads beside the old data', async () => (await field(replica, 'async_loading')) === '1')
  return { master, replica, own }
}

test('of the same history, the old data can be read until the new is whole', async () => {
  const { master, replica } = await slowSecondCopy()
  expect(await askText(replica.port, 'GET', 'k')).toBe('old')
  expect(await field(replica, 'loading')).toBe('0')
  expect(await field(replica, 'master_sync_in_progress')).toBe('1')
  expect(await askText(replica.port, 'CONFIG', 'SET', 'repl-diskless-load', 'disabled')).toBe(LOADING)
  expect(await askText(replica.port, 'REPLICAOF', 'NO', 'ONE')).toBe(LOADING)
  expect(await askText(replica.port, 'CONFIG', 'SET', 'key-load-delay', '0')).toBe('OK')
  await linkUp(replica.port)
  expect(await askText(replica.port, 'GET', 'k')).toBe('new')
  await expectSameData(master, replica)
})

test('a copy that breaks off leaves the old data and its history, and the next one takes its place', async () => {
  const { master, replica, own } = await slowSecondCopy()
  const from = replica.log().length
  await ask(master.port, 'CLIENT', 'KILL', 'TYPE', 'replica')
  await replica.waitForLog(
    /# Internal error in RDB reading offset \d+ .* found the end of the data.*resuming operation/,
    10_000,
    from,
  )
  await replica.waitForLog(/Reconnecting|Connecting/, 10_000, from)
  expect(await askText(replica.port, 'GET', 'k')).toBe('old')
  expect(await askText(replica.port, 'DBSIZE')).toBe('301')
  expect(await field(own, 'master_link_status')).toBe('up')
  await replica.waitForLog('Trying a partial resynchronization', 10_000, from)
  await ask(replica.port, 'CONFIG', 'SET', 'key-load-delay', '0')
  await linkUp(replica.port)
  await expectSameData(master, replica)
  // For its own replicas, too, the new data is another history.
  await expectSameData(replica, own)
  expect(await field(replica, 'sync_full')).toBe('2')
})

test('of another history, clients are told to wait', async () => {
  const master = await ours('--rdbcompression', 'no')
  await ask(master.port, 'DEBUG', 'POPULATE', '300', 'large', '100000')
  const replica = await ours('--repl-diskless-load', 'swapdb', '--key-load-delay', '5000')
  await fill(replica.port, [['SET', 'k', 'its own']])
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
  await until('it loads', async () => (await field(replica, 'loading')) === '1')
  expect(await askText(replica.port, 'GET', 'k')).toBe(LOADING)
  master.kill('SIGKILL')
  await until('it is over', async () => (await field(replica, 'loading')) === '0')
  expect(await askText(replica.port, 'GET', 'k')).toBe('its own')
})
