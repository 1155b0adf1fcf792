/** repl-backlog-size and repl-backlog-ttl: how far back, and for how long, a replica that was away may continue. */
import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { askText, info, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const OPTIONS = ['--save', '', '--repl-diskless-sync', 'no']

async function field(server: RunningServer, name: string): Promise<string | undefined> {
  return (await info(server.port, 'replication')).get(name)
}

/** What the master answers to a replica that asks to go on from so far back: its first word. */
async function answer(master: RunningServer, replid: string, bytesBack: number): Promise<string | undefined> {
  const replica = await RawClient.connect(master.port)
  const offset = Number(await field(master, 'master_repl_offset')) - bytesBack + 1
  const { text } = await replica.call('PSYNC', replid, String(offset))
  replica.close()
  await until('it has left', async () => (await field(master, 'connected_slaves')) === '0')
  return text?.split(' ')[0]
}

async function configure(server: RunningServer, directive: string, value: string): Promise<void> {
  expect(await askText(server.port, 'CONFIG', 'SET', directive, value)).toBe('OK')
}

/** A master that has had a replica, so that it keeps its stream: its replication id. */
async function withBacklog(master: RunningServer): Promise<string> {
  expect(await answer(master, '?', 0)).toBe('FULLRESYNC')
  return (await field(master, 'master_replid')) ?? ''
}

async function write(master: RunningServer, bytes: number): Promise<void> {
  const client = await RawClient.connect(master.port)
  await client.pipeline(Array.from({ length: bytes / 1000 }, () => ['SET', 'key', 'x'.repeat(1000)]))
  client.close()
}

describe.concurrent.each([
  ['redis-ts', startRedisTs],
  ['redis-server', startRedisServer],
] as const)('%s', requireStock('redis-server'), (_, start) => {
  test('goes back as far as repl-backlog-size, which CONFIG SET changes with data in it', async () => {
    const master = await start([...OPTIONS, '--repl-backlog-size', '1mb'])
    const replid = await withBacklog(master)
    await write(master, 500_000)
    expect(await answer(master, replid, 400_000)).toBe('CONTINUE')

    await configure(master, 'repl-backlog-size', '100kb')
    await write(master, 50_000)
    expect(await answer(master, replid, 90_000)).toBe('CONTINUE')
    expect(await answer(master, replid, 300_000)).toBe('FULLRESYNC')
    expect(await field(master, 'repl_backlog_size')).toBe('102400')

    // What is in it stays, and more of what comes.
    await configure(master, 'repl-backlog-size', '2mb')
    expect(await answer(master, replid, 90_000)).toBe('CONTINUE')
    await write(master, 1_500_000)
    expect(await answer(master, replid, 1_550_000)).toBe('CONTINUE')
    await configure(master, 'repl-backlog-size', '1')
    expect(await field(master, 'repl_backlog_size')).toBe('16384')
  })

  test('forgets it all repl-backlog-ttl after the last replica has left, under a new id', async () => {
    const master = await start([...OPTIONS, '--repl-backlog-ttl', '0'])
    const replid = await withBacklog(master)
    await write(master, 10_000)
    const offset = await field(master, 'master_repl_offset')
    const left = Date.now()
    await until('two seconds have passed', async () => Date.now() - left > 2000)
    expect(await answer(master, replid, 5000)).toBe('CONTINUE')

    await configure(master, 'repl-backlog-ttl', '1')
    await until('it is freed', async () => (await field(master, 'repl_backlog_active')) === '0')
    expect(master.log()).toContain('Replication backlog freed after 1 seconds without connected replicas.')
    expect(await field(master, 'master_replid')).not.toBe(replid)
    expect(await field(master, 'repl_backlog_histlen')).toBe('0')
    await write(master, 10_000)
    expect(await field(master, 'master_repl_offset')).toBe(offset)
    expect(await answer(master, replid, 0)).toBe('FULLRESYNC')
  })
})
