/** FAILOVER: master and replica change places, alone and with stock redis-server on either side. */
import { describe, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours = (...args: string[]): Promise<RunningServer> => startRedisTs([...BASE, ...args])
const stock = (...args: string[]): Promise<RunningServer> => startRedisServer([...BASE, ...args])
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

async function replicationField(server: RunningServer, field: string): Promise<string | undefined> {
  return (await info(server.port)).get(field)
}

function failoverState(server: RunningServer, state: string): Promise<void> {
  return until(`it shows ${state}`, async () => (await replicationField(server, 'master_failover_state')) === state)
}

/** A replica that reads nothing any more: it stays behind. */
async function stopReading(replica: RunningServer, master: RunningServer): Promise<void> {
  replica.kill('SIGSTOP')
  expect(await askText(master.port, 'SET', 'unread', 'x')).toBe('OK')
}

const needsStock = requireStock('redis-server')

test('what cannot be done is refused in the words of stock Redis', needsStock, async () => {
  const masters = await Promise.all([ours(), stock()])
  const [mine, theirs] = await Promise.all(masters.map(({ port }) => RawClient.connect(port)))
  const refused = words(
    'failover',
    'failover abort',
    'failover abort timeout 10',
    'failover timeout 0',
    'failover timeout -1',
    'failover timeout x',
    'failover timeout',
    'failover timeout 10 timeout 10',
    'failover to somewhere',
    'failover to somewhere x',
    'failover to somewhere 1 to elsewhere 2',
    'failover force',
    'failover force force',
    'failover nonsense',
    'psync ? -1 failover',
  )
  await expectSame(mine, theirs, refused)
  const replicas = await Promise.all([ours(...of(masters[0])), stock(...of(masters[1]))])
  await Promise.all(replicas.map(({ port }) => linkUp(port)))
  const refusedWithReplica = words(
    'failover to nowhere 1',
    'failover to 127.0.0.1 1 force',
    'failover force timeout 10',
    'failover abort',
  )
  await expectSame(mine, theirs, refusedWithReplica)
  const [myReplica, theirReplica] = await Promise.all(replicas.map(({ port }) => RawClient.connect(port)))
  await expectSame(myReplica, theirReplica, words('failover', 'failover abort', 'psync abc 1 failover'))
  for (const client of [mine, theirs, myReplica, theirReplica]) client.close()
})

describe.concurrent('the two change places, nothing is lost and nothing copied', needsStock, () => {
  test.each([
    ['redis-ts', 'redis-ts', ours, ours],
    ['redis-ts', 'redis-server', ours, stock],
    ['redis-server', 'redis-ts', stock, ours],
  ] as const)('%s and its replica, %s', async (_, __, startMaster, startReplica) => {
    const master = await startMaster()
    const replica = await startReplica(...of(master))
    const sibling = await ours(...of(master))
    await Promise.all([linkUp(replica.port), linkUp(sibling.port)])
    const writer = await RawClient.connect(master.port)
    const answers = writer.pipeline([...Array(2000).keys()].map(i => ['INCRBY', `counter:${i % 7}`, String(i)]))
    expect(await askText(master.port, 'FAILOVER', 'TO', '127.0.0.1', String(replica.port))).toBe('OK')
    await failoverState(master, 'no-failover')
    // What had to wait is told that this is no master any more.
    const refused = (await answers).filter(({ type }) => type === '-')
    for (const { text } of refused) expect(text).toBe("READONLY You can't write against a read only replica.")
    writer.close()
    expect(await replicationField(master, 'role')).toBe('slave')
    expect(await replicationField(replica, 'role')).toBe('master')
    expect(await askText(sibling.port, 'REPLICAOF', '127.0.0.1', String(replica.port))).toBe('OK')
    expect(await askText(replica.port, 'SET', 'new', 'master')).toBe('OK')
    await Promise.all([linkUp(master.port), linkUp(sibling.port)])
    await inStep(replica.port, master.port, sibling.port)
    expect(await replicationField(replica, 'sync_full')).toBe('0')
    const digests = await Promise.all([master, replica, sibling].map(({ port }) => askText(port, 'DEBUG', 'DIGEST')))
    expect(digests).toEqual([digests[0], digests[0], digests[0]])
  })
})

describe.concurrent('a replica that lags', () => {
  test('is waited for until FAILOVER ABORT, and writes with it', async () => {
    const master = await ours()
    const replica = await ours(...of(master))
    await linkUp(replica.port)
    await stopReading(replica, master)
    expect(await askText(master.port, 'FAILOVER')).toBe('OK')
    await failoverState(master, 'waiting-for-sync')
    expect(await askText(master.port, 'FAILOVER')).toBe('ERR FAILOVER already in progress.')
    expect(await askText(master.port, 'REPLICAOF', 'NO', 'ONE')).toBe('ERR REPLICAOF not allowed while failing over.')
    expect(await askText(master.port, 'PSYNC', '?', '-1')).toBe("NOMASTERLINK Can't SYNC while failing over")
    const written = ask(master.port, 'SET', 'k', 'v')
    await until('a write waits', async () => (await replicationField(master, 'blocked_clients')) === '1')
    expect(await askText(master.port, 'FAILOVER', 'ABORT')).toBe('OK')
    expect((await written).text).toBe('OK')
    expect(await replicationField(master, 'role')).toBe('master')
    expect(master.log()).toContain('FAILOVER to any replica aborted: Failover manually aborted')
    replica.kill('SIGCONT')
  })

  test('is given up when the time is up', async () => {
    const master = await ours()
    const replica = await ours(...of(master))
    await linkUp(replica.port)
    await stopReading(replica, master)
    expect(await askText(master.port, 'FAILOVER', 'TIMEOUT', '100')).toBe('OK')
    await master.waitForLog('FAILOVER to any replica aborted: Replica never caught up before timeout')
    expect(await askText(master.port, 'SET', 'k', 'v')).toBe('OK')
    replica.kill('SIGCONT')
  })

  test('becomes the master all the same with FORCE when the time is up', async () => {
    const master = await ours()
    const replica = await ours(...of(master))
    await linkUp(replica.port)
    await stopReading(replica, master)
    const target = ['TO', '127.0.0.1', String(replica.port)]
    expect(await askText(master.port, 'FAILOVER', ...target, 'FORCE', 'TIMEOUT', '100')).toBe('OK')
    await failoverState(master, 'failover-in-progress')
    replica.kill('SIGCONT')
    await failoverState(master, 'no-failover')
    expect(await replicationField(replica, 'role')).toBe('master')
    await linkUp(master.port)
  })

  test('redirects clients that can follow only when it is over', async () => {
    const master = await ours()
    const replica = await ours(...of(master))
    await linkUp(replica.port)
    await stopReading(replica, master)
    const client = await RawClient.connect(master.port)
    await client.call('CLIENT', 'CAPA', 'redirect')
    const target = ['TO', '127.0.0.1', String(replica.port)]
    expect(await askText(master.port, 'FAILOVER', ...target, 'FORCE', 'TIMEOUT', '100')).toBe('OK')
    await failoverState(master, 'failover-in-progress')
    client.write(['SET', 'k', 'v'], ['GET', 'k'])
    const waits = async (): Promise<boolean> =>
      ((await askText(master.port, 'INFO', 'clients')) ?? '').includes('blocked_clients:1')
    while (!(await waits()));
    replica.kill('SIGCONT')
    const redirect = `REDIRECT 127.0.0.1:${replica.port}`
    expect([(await client.next()).text, (await client.next()).text]).toEqual([redirect, redirect])
    expect(await replicationField(replica, 'role')).toBe('master')
    client.close()
  })
})

test('a target that does not know the history is no new master', async () => {
  const master = await ours()
  const replica = await ours(...of(master))
  await linkUp(replica.port)
  await stopReading(replica, master)
  const target = ['TO', '127.0.0.1', String(replica.port)]
  expect(await askText(master.port, 'FAILOVER', ...target, 'FORCE', 'TIMEOUT', '100')).toBe('OK')
  await failoverState(master, 'failover-in-progress')
  // Ahead of the master's PSYNC, which comes with a connection of its own.
  replica.kill('SIGKILL')
  await replica.exited
  await startRedisTs(BASE, { port: replica.port })
  await master.waitForLog('aborted: Failover target rejected psync request')
  await failoverState(master, 'no-failover')
  expect(await replicationField(master, 'role')).toBe('master')
  expect(await askText(master.port, 'SET', 'k', 'v')).toBe('OK')
})
