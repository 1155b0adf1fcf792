/** What a master knows of its own history when it becomes a replica: it goes on from there wherever its new master can. */
import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { ask, askText, info, inStep, linkUp } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours = (...args: string[]): Promise<RunningServer> => startRedisTs([...BASE, ...args])
const stock = (...args: string[]): Promise<RunningServer> => startRedisServer([...BASE, ...args])
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

async function follow(replica: RunningServer, master: RunningServer): Promise<void> {
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
}

async function syncs(master: RunningServer): Promise<(string | undefined)[]> {
  const stats = await info(master.port, 'stats')
  return ['sync_full', 'sync_partial_ok', 'sync_partial_err'].map(name => stats.get(name))
}

const needsStock = requireStock('redis-server')

describe.concurrent('roles change by hand, and the old master goes on with what it has', needsStock, () => {
  test.each([
    ['redis-ts', 'redis-ts', ours, ours],
    ['redis-ts', 'redis-server', ours, stock],
    ['redis-server', 'redis-ts', stock, ours],
  ] as const)('%s under %s, and back again', async (_, __, startFirst, startSecond) => {
    const first = await startFirst()
    const second = await startSecond(...of(first))
    await linkUp(second.port)
    expect(await askText(first.port, 'SET', 'a', '1')).toBe('OK')
    await inStep(first.port, second.port)

    // As Sentinel does it.
    const client = await RawClient.connect(second.port)
    await client.pipeline([['MULTI'], ['SLAVEOF', 'NO', 'ONE'], ['CLIENT', 'KILL', 'TYPE', 'pubsub'], ['EXEC']])
    expect((await client.call('SET', 'b', '2')).text).toBe('OK')
    await follow(first, second)
    await linkUp(first.port)
    await inStep(second.port, first.port)
    expect(await syncs(second)).toEqual(['0', '1', '0'])

    expect(await askText(first.port, 'REPLICAOF', 'NO', 'ONE')).toBe('OK')
    await follow(second, first)
    await linkUp(second.port)
    expect(await askText(first.port, 'SET', 'c', '3')).toBe('OK')
    await inStep(first.port, second.port)
    expect(await syncs(first)).toEqual(['1', '1', '0'])
    expect((await client.call('MGET', 'a', 'b', 'c')).elements?.map(({ text }) => text)).toEqual(['1', '2', '3'])
    client.close()
  })
})

test('writes of its own behind the change cost the old master a full copy', needsStock, async () => {
  const first = await ours()
  const second = await stock(...of(first))
  await linkUp(second.port)
  await ask(second.port, 'REPLICAOF', 'NO', 'ONE')
  expect(await askText(first.port, 'SET', 'lost', 'write')).toBe('OK')
  expect(await askText(second.port, 'SET', 'kept', 'write')).toBe('OK')
  await follow(first, second)
  await linkUp(first.port)
  expect(await syncs(second)).toEqual(['1', '0', '1'])
  expect(await askText(first.port, 'EXISTS', 'lost', 'kept')).toBe('1')
})

test('what never had a replica counts no writes, and asks for its own history all the same', needsStock, async () => {
  const master = await stock()
  for (const start of [ours, stock]) {
    const server = await start()
    await ask(server.port, 'SET', 'k', 'v')
    const { replid, offset } = await identity(server)
    expect(offset).toBe('0')
    const before = Number((await syncs(master))[2])
    await follow(server, master)
    await server.waitForLog(`Trying a partial resynchronization (request ${replid}:1).`)
    await linkUp(server.port)
    expect(Number((await syncs(master))[2])).toBe(before + 1)
  }
})

async function identity(server: RunningServer): Promise<{ replid: string | undefined; offset: string | undefined }> {
  const fields = await info(server.port, 'replication')
  return { replid: fields.get('master_replid'), offset: fields.get('master_repl_offset') }
}
