/** redis-ts as master and as replica of stock redis-server, in every mix. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { ask, askText, info, inStep, linkUp, until } from './polling.js'
import {
  cli,
  type RunningServer,
  requireStock,
  type StartOptions,
  startRedisServer,
  startRedisTs,
  tempDir,
} from './stock.js'
import { fill, fleetingGone, largeHash, sampleData, Traffic } from './traffic.js'

type Start = (args?: string[], options?: StartOptions) => Promise<RunningServer>

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours: Start = (args = [], options) => startRedisTs([...BASE, ...args], options)
const stock: Start = (args = [], options) => startRedisServer([...BASE, ...args], options)
const of = (master: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(master.port)]
const digest = (server: RunningServer): Promise<string> => askText(server.port, 'DEBUG', 'DIGEST')

async function stat(server: RunningServer, field: string): Promise<string | undefined> {
  return (await info(server.port)).get(field)
}

/** Waits until the replicas have all that the master has, then compares the data. */
async function expectSameData(master: RunningServer, ...replicas: RunningServer[]): Promise<void> {
  await inStep(master.port, ...replicas.map(replica => replica.port))
  const wanted = await digest(master)
  expect(wanted).not.toBe('0'.repeat(40))
  for (const replica of replicas) expect(await digest(replica)).toBe(wanted)
}

/** "field=value" for every field, sorted. */
async function hashFields(server: RunningServer, key: string): Promise<string[]> {
  const lines = (await cli(server.port, 'HGETALL', key)).split('\n')
  return Array.from({ length: lines.length / 2 }, (_, i) => `${lines[i * 2]}=${lines[i * 2 + 1]}`).sort()
}

async function follow(replica: RunningServer, master: RunningServer): Promise<void> {
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
  await linkUp(replica.port)
}

const needsStock = requireStock('redis-server', 'redis-cli')

describe('a full synchronization under writes leaves both with the same data', needsStock, () => {
  test.each([
    ['redis-ts', 'redis-server', 'no', ours, stock],
    ['redis-ts', 'redis-server', 'yes', ours, stock],
    ['redis-server', 'redis-ts', 'no', stock, ours],
    ['redis-server', 'redis-ts', 'yes', stock, ours],
  ] as const)('%s as master of %s, diskless %s', async (_, __, diskless, startMaster, startReplica) => {
    const [master, replica] = await Promise.all([startMaster(['--repl-diskless-sync', diskless]), startReplica()])
    await fill(master.port, sampleData())
    await fill(replica.port, [['SET', 'of its own', 'gone after the sync']])
    const traffic = new Traffic(master.port)
    await until('writes are under way', async () => traffic.batches > 2)
    await follow(replica, master)
    const { batches } = traffic
    await until('writes go on', async () => traffic.batches > batches + 20)
    await traffic.stop()
    await fleetingGone(master.port)
    await expectSameData(master, replica)
    expect(await askText(replica.port, 'EXISTS', 'of its own')).toBe('0')
    const mode = diskless === 'yes' ? /Background RDB transfer terminated with success/ : /DB saved on disk/
    expect(master.log()).toMatch(mode)
  })

  test('with a hash of 200 000 fields that changes meanwhile', async () => {
    const master = await ours()
    await fill(master.port, largeHash('huge', 200_000))
    const replica = await stock(of(master))
    let n = 0
    await until('the sync is done', async () => {
      await fill(master.port, [
        ['HSET', 'huge', `field:${n * 97}`, `changed ${n}`, `new:${n}`, 'x'],
        ['HDEL', 'huge', `field:${200_000 - ++n * 53}`],
      ])
      return (await stat(replica, 'master_link_status')) === 'up'
    })
    const [first, second] = [replica, await ours(of(replica))]
    await linkUp(second.port)
    await inStep(master.port, first.port, second.port)
    const fields = await hashFields(master, 'huge')
    expect(fields.length).toBeGreaterThan(190_000)
    expect(await hashFields(first, 'huge')).toEqual(fields)
    expect(await hashFields(second, 'huge')).toEqual(fields)
    await askText(master.port, 'UNLINK', 'huge')
    await inStep(master.port, first.port, second.port)
    expect(await askText(second.port, 'DBSIZE')).toBe('0')
  })
})

describe('a chain redis-server -> redis-ts -> redis-server', needsStock, () => {
  test('carries every database, through full and partial synchronizations and a restart of the middle', async () => {
    const top = await stock()
    await fill(top.port, sampleData())
    const dir = tempDir()
    const saving = ['--save', '3600 1']
    let middle = await ours([...saving, ...of(top)], { dir })
    await linkUp(middle.port)
    // From here on the stream stays in database 9: whoever joins later has to know that from the RDB file.
    const writer = await RawClient.connect(top.port)
    await writer.pipeline([
      ['SELECT', '9'],
      ['SET', 'a', '1'],
    ])
    await inStep(top.port, middle.port)
    const bottom = await stock(of(middle))
    await linkUp(bottom.port)
    await writer.call('SET', 'b', '2')
    await fleetingGone(top.port)
    await expectSameData(top, middle, bottom)

    await ask(top.port, 'CLIENT', 'KILL', 'TYPE', 'replica')
    await writer.call('SET', 'c', '3')
    await expectSameData(top, middle, bottom)

    expect(await middle.stop()).toBe(0)
    await writer.call('SET', 'd', '4')
    middle = await ours([...saving, ...of(top)], { dir, port: middle.port })
    await middle.waitForLog('Successful partial resynchronization with master.')
    await writer.call('SET', 'e', '5')
    await expectSameData(top, middle)
    await expectSameData(middle, bottom)
    expect(await stat(top, 'sync_full')).toBe('1')
    expect(await stat(top, 'sync_partial_ok')).toBe('2')
    writer.close()
  })
})

test('a full synchronization that breaks off before the copy has come costs nothing', async () => {
  const [master, other] = await Promise.all([ours(), ours(['--rdb-key-save-delay', '10000000'])])
  await fill(master.port, [['SET', 'k', 'v']])
  await fill(other.port, [['SET', 'k', 'w']])
  const replica = await ours(of(master))
  await linkUp(replica.port)
  const own = await ours(of(replica))
  await linkUp(own.port)
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(other.port))).toBe('OK')
  await replica.waitForLog('Full resync from master')
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
  await linkUp(replica.port)
  await expectSameData(master, replica, own)
  expect(await stat(master, 'sync_full')).toBe('1')
  expect(await stat(master, 'sync_partial_ok')).toBe('1')
  // Its own replica has noticed nothing.
  expect(await stat(replica, 'sync_full')).toBe('1')
  expect(await stat(replica, 'sync_partial_ok')).toBe('0')
})

test('a snapshot to disk for replicas that have all left is given up, unless files are kept', async () => {
  const master = await ours(['--repl-diskless-sync', 'no', '--rdb-key-save-delay', '10000000'])
  await fill(master.port, [['SET', 'k', 'v']])
  const replicas = await Promise.all([ours(of(master)), ours(of(master))])
  const waiting = async (): Promise<boolean> => {
    const stats = await info(master.port)
    return stats.get('rdb_bgsave_in_progress') === '1' && stats.get('slave1')?.includes('wait_bgsave') === true
  }
  await until('both wait', waiting)
  await ask(replicas[0].port, 'REPLICAOF', 'NO', 'ONE')
  await until('one is left', async () => (await stat(master, 'connected_slaves')) === '1')
  expect(await stat(master, 'rdb_bgsave_in_progress')).toBe('1')
  await ask(replicas[1].port, 'REPLICAOF', 'NO', 'ONE')
  await until('it is given up', async () => (await stat(master, 'rdb_bgsave_in_progress')) === '0')

  await ask(master.port, 'CONFIG', 'SET', 'save', '900 1')
  for (const { port } of replicas) await ask(port, 'REPLICAOF', '127.0.0.1', String(master.port))
  await until('both wait again', waiting)
  for (const { port } of replicas) await ask(port, 'REPLICAOF', 'NO', 'ONE')
  await until('both are gone', async () => (await stat(master, 'connected_slaves')) === '0')
  expect(await stat(master, 'rdb_bgsave_in_progress')).toBe('1')
})

describe.concurrent('what changes databases as a whole arrives at every station of a chain', needsStock, () => {
  test.each([
    ['redis-server -> redis-ts -> redis-server', stock, ours, stock],
    ['redis-ts -> redis-server -> redis-ts', ours, stock, ours],
  ] as const)('%s', async (_, startTop, startMiddle, startBottom) => {
    const top = await startTop()
    const middle = await startMiddle(of(top))
    await linkUp(middle.port)
    const bottom = await startBottom(of(middle))
    await linkUp(bottom.port)
    await fill(top.port, [
      ['MULTI'],
      ['SET', 'in', 'a transaction'],
      ['SELECT', '3'],
      ['HSET', 'h', 'f', 'v'],
      ['EXEC'],
      ['SET', 'lasting', 'x', 'EX', '1000'],
      ['SWAPDB', '0', '3'],
      ['SET', 'behind', 'the swap'],
      ['PEXPIRE', 'in', '50'],
      ['SELECT', '7'],
      ['SET', 'moved', 'x'],
      ['MOVE', 'moved', '8'],
      ['SET', 'fleeting', 'x', 'PX', '50'],
      ['SET', 'flushed', 'x'],
      ['SELECT', '8'],
      ['COPY', 'moved', 'copied', 'DB', '9'],
    ])
    for (const db of ['db3', 'db7']) {
      await until(
        'what expires is deleted',
        async () => (await stat(top, db))?.startsWith('keys=1,expires=0,') === true,
      )
    }
    await fill(top.port, [['SELECT', '7'], ['FLUSHDB'], ['SET', 'after', 'the flush']])
    await expectSameData(top, middle, bottom)
    for (const server of [top, middle, bottom]) {
      const keyspace = await info(server.port)
      const keys = [0, 3, 7, 8, 9].map(db => keyspace.get(`db${db}`)?.split(',')[0])
      expect(keys).toEqual(['keys=2', 'keys=1', 'keys=1', 'keys=1', 'keys=1'])
    }
  })
})

describe.concurrent('promotion', needsStock, () => {
  test.each([
    ['redis-ts', 'redis-server', ours, stock],
    ['redis-server', 'redis-ts', stock, ours],
  ] as const)(
    'of %s: its sibling %s continues by a partial resync, and so does its own replica',
    async (_, __, a, b) => {
      const master = await ours()
      await fill(master.port, sampleData())
      const [promoted, sibling] = await Promise.all([a(of(master)), b(of(master))])
      await Promise.all([linkUp(promoted.port), linkUp(sibling.port)])
      const own = await b(of(promoted))
      await linkUp(own.port)
      await fill(master.port, [
        ['SELECT', '9'],
        ['SET', 'last', 'write'],
      ])
      await fleetingGone(master.port)
      await expectSameData(master, promoted, sibling, own)
      master.kill('SIGKILL')
      await master.exited

      const before = await info(promoted.port)
      expect(await askText(promoted.port, 'REPLICAOF', 'NO', 'ONE')).toBe('OK')
      const after = await info(promoted.port)
      expect(after.get('master_replid2')).toBe(before.get('master_replid'))
      expect(after.get('second_repl_offset')).toBe(String(Number(before.get('master_repl_offset')) + 1))
      await follow(sibling, promoted)
      await fill(promoted.port, [
        ['SET', 'first', 'of the new master'],
        ['SELECT', '9'],
        ['SET', 'last', 'changed'],
      ])
      await expectSameData(promoted, sibling, own)
      expect(await stat(promoted, 'sync_full')).toBe('1')
      expect(await stat(promoted, 'sync_partial_ok')).toBe('2')
      expect(await stat(own, 'master_replid')).toBe(after.get('master_replid'))
    },
  )

  test('a sibling that is ahead of the promoted replica has to synchronize in full', async () => {
    const master = await ours()
    const [promoted, sibling] = await Promise.all([ours(of(master)), ours(of(master))])
    await Promise.all([linkUp(promoted.port), linkUp(sibling.port)])
    promoted.kill('SIGSTOP')
    await fill(master.port, [['SET', 'only', 'the sibling']])
    await inStep(master.port, sibling.port)
    master.kill('SIGKILL')
    await master.exited
    const dead = new Promise(resolve => promoted.process.once('exit', resolve))
    promoted.kill('SIGKILL')
    await dead
    const empty = await ours()
    await follow(sibling, empty)
    expect(empty.log()).toContain('Partial resynchronization not accepted: Replication ID mismatch')
    expect(await askText(sibling.port, 'DBSIZE')).toBe('0')
  })
})

describe.concurrent('a restart by SHUTDOWN costs a partial resync only', needsStock, () => {
  test('of a redis-ts master with replicas of both kinds', async () => {
    const dir = tempDir()
    const saving = ['--save', '3600 1']
    const first = await ours(saving, { dir })
    await fill(first.port, sampleData())
    const replicas = await Promise.all([ours(of(first)), stock(of(first))])
    await Promise.all(replicas.map(replica => linkUp(replica.port)))
    await fill(first.port, [
      ['SELECT', '9'],
      ['SET', 'last', 'write'],
    ])
    await fleetingGone(first.port)
    // Some expire between the save and the load: the replicas have them, and only the stream can delete them.
    await ask(first.port, 'DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await fill(first.port, [
      ['SET', 'meanwhile', 'x', 'PX', '50'],
      ['HSET', 'h', 'f', 'v'],
      ['PEXPIRE', 'h', '50'],
    ])
    await cli(first.port, 'shutdown')
    expect(await first.exited).toBe(0)
    await until('they expire', async () => (await askText(replicas[0].port, 'EXISTS', 'meanwhile', 'h')) === '0')
    const master = await ours(saving, { dir, port: first.port })
    await Promise.all(replicas.map(replica => linkUp(replica.port)))
    await fill(master.port, [['SET', 'after', 'the restart']])
    expect(await stat(master, 'sync_full')).toBe('0')
    expect(await stat(master, 'sync_partial_ok')).toBe('2')
    expect(master.log()).toContain('keys expired: 2.')
    await expectSameData(master, ...replicas)
  })

  test('of a redis-ts replica of redis-server', async () => {
    const dir = tempDir()
    const master = await stock()
    await fill(master.port, sampleData())
    const args = ['--save', '3600 1', ...of(master)]
    const first = await ours(args, { dir })
    await linkUp(first.port)
    expect(await first.stop()).toBe(0)
    await fill(master.port, [['SET', 'meanwhile', 'written']])
    const replica = await ours(args, { dir })
    await linkUp(replica.port)
    expect(await stat(master, 'sync_partial_ok')).toBe('1')
    await fleetingGone(master.port)
    await expectSameData(master, replica)
  })
})

describe.concurrent('the link', needsStock, () => {
  test.each([
    ['redis-ts', ours],
    ['redis-server', stock],
  ] as const)('to %s is refused with a wrong masterauth and comes up with the right one', async (_, start) => {
    const master = await start(['--requirepass', 'right'])
    const replica = await ours([...of(master), '--masterauth', 'wrong'])
    await replica.waitForLog(/# Unable to AUTH to MASTER: -WRONGPASS /)
    expect(await stat(replica, 'master_link_status')).toBe('down')
    expect(await askText(replica.port, 'CONFIG', 'SET', 'masterauth', '')).toBe('OK')
    await replica.waitForLog(/NOAUTH/)
    expect(await askText(replica.port, 'CONFIG', 'SET', 'masterauth', 'right')).toBe('OK')
    await linkUp(replica.port)
  })

  test('shows in ROLE on both sides as redis-server shows it', async () => {
    const masters = await Promise.all([ours(), stock()])
    for (const master of masters) {
      const replicas = await Promise.all([ours(of(master)), stock(of(master))])
      await Promise.all(replicas.map(replica => linkUp(replica.port)))
      await inStep(master.port, ...replicas.map(replica => replica.port))
      await until('both have acknowledged', async () => (await askText(master.port, 'WAIT', '2', '1000')) === '2')
      const role = (await ask(master.port, 'ROLE')).elements ?? []
      expect(role.map(part => part.type)).toEqual(['$', ':', '*'])
      const shown = (role[2].elements ?? []).map(replica => texts(replica).slice(0, 2)).sort()
      expect(shown).toEqual(replicas.map(replica => ['127.0.0.1', String(replica.port)]).sort())
      for (const replica of replicas) {
        const theirs = await ask(replica.port, 'ROLE')
        expect((theirs.elements ?? []).map(part => part.type)).toEqual(['$', '$', ':', '$', ':'])
        expect(texts(theirs).slice(0, 4)).toEqual(['slave', '127.0.0.1', String(master.port), 'connected'])
      }
    }
  })
})

describe.concurrent('a master counts on its replicas', needsStock, () => {
  test('WAIT: as many as have acknowledged, at once or when the time is up', async () => {
    const master = await ours()
    const replicas = await Promise.all([ours(of(master)), stock(of(master))])
    await Promise.all(replicas.map(replica => linkUp(replica.port)))
    const client = await RawClient.connect(master.port)
    await client.call('SET', 'a', '1')
    expect((await client.call('WAIT', '2', '10000')).text).toBe('2')
    expect((await client.call('WAIT', '3', '100')).text).toBe('2')
    replicas[1].kill('SIGSTOP')
    await client.call('SET', 'a', '2')
    expect((await client.call('WAIT', '2', '200')).text).toBe('1')
    const replies = await client.pipeline([['MULTI'], ['SET', 'a', '3'], ['WAIT', '2', '0'], ['EXEC']])
    expect(texts(replies[3])[0]).toBe('OK')
    const waiting = client.call('WAIT', '2', '0')
    replicas[1].kill('SIGCONT')
    expect((await waiting).text).toBe('2')
    client.close()
  })

  test('min-replicas-to-write: NOREPLICAS until there are enough, and again when they are gone', async () => {
    const master = await ours(['--min-replicas-to-write', '1'])
    const refused = 'NOREPLICAS Not enough good replicas to write.'
    expect(await askText(master.port, 'SET', 'a', '1')).toBe(refused)
    expect(await askText(master.port, 'GET', 'a')).toBe('(nil)')
    const replica = await stock(of(master))
    await linkUp(replica.port)
    await until('writes are taken', async () => (await askText(master.port, 'SET', 'a', '1')) === 'OK')
    expect(await stat(master, 'min_slaves_good_slaves')).toBe('1')
    await replica.stop()
    await until('writes are refused', async () => (await askText(master.port, 'SET', 'a', '2')) === refused)
    expect(await askText(master.port, 'GET', 'a')).toBe('1')
  })

  test('redis-cli --rdb takes a snapshot that redis-server loads', async () => {
    for (const diskless of ['yes', 'no']) {
      const master = await ours(['--repl-diskless-sync', diskless])
      await fill(master.port, sampleData())
      await fleetingGone(master.port)
      const dir = tempDir()
      await cli(master.port, '--rdb', join(dir, 'dump.rdb'))
      expect(readFileSync(join(dir, 'dump.rdb')).subarray(0, 5).toString()).toBe('REDIS')
      const loaded = await stock([], { dir })
      expect(await digest(loaded)).toBe(await digest(master))
      await until('the guest has left', async () => (await stat(master, 'connected_slaves')) === '0')
    }
  })
})

describe.concurrent('a replica', needsStock, () => {
  test('refuses writes while it is read-only, and takes them for itself when it is not', async () => {
    const master = await stock()
    const replica = await ours(of(master))
    await linkUp(replica.port)
    const refused = "READONLY You can't write against a read only replica."
    expect(await askText(replica.port, 'SET', 'a', '1')).toBe(refused)
    const client = await RawClient.connect(replica.port)
    const queued = await client.pipeline([['MULTI'], ['SET', 'a', '1'], ['EXEC']])
    expect(queued[1].text).toBe(refused)
    expect(queued[2].text).toContain('EXECABORT')
    client.close()
    expect(await askText(replica.port, 'CONFIG', 'SET', 'replica-read-only', 'no')).toBe('OK')
    expect(await askText(replica.port, 'SET', 'a', '1')).toBe('OK')
    expect(await askText(master.port, 'EXISTS', 'a')).toBe('0')
  })

  test('with replica-serve-stale-data no answers MASTERDOWN while the link is down', async () => {
    const dir = tempDir()
    const first = await ours([], { dir })
    await fill(first.port, [['SET', 'a', '1']])
    const replica = await ours([...of(first), '--replica-serve-stale-data', 'no'])
    await linkUp(replica.port)
    expect(await askText(replica.port, 'GET', 'a')).toBe('1')
    await first.stop()
    await replica.waitForLog('Connection with master lost.')
    const refused = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    expect(await askText(replica.port, 'GET', 'a')).toBe(refused)
    expect(await askText(replica.port, 'CONFIG', 'SET', 'repl-timeout', '60')).toBe('OK')
    await ours([], { dir, port: first.port })
    await linkUp(replica.port)
    expect(await askText(replica.port, 'GET', 'a')).toBe('(nil)')
  })

  test.each([
    ['redis-ts', 'redis-server', ours, stock],
    ['redis-server', 'redis-ts', stock, ours],
  ] as const)('of %s (%s) hides an expired key and keeps it until the master deletes it', async (_, __, a, b) => {
    const master = await a()
    const replica = await b(of(master))
    await linkUp(replica.port)
    await ask(master.port, 'DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await fill(master.port, [
      ['SET', 'soon', 'gone', 'PX', '50'],
      ['HSET', 'h', 'f', 'v'],
      ['PEXPIRE', 'h', '50'],
    ])
    await inStep(master.port, replica.port)
    await until('they are past their time', async () => (await askText(replica.port, 'GET', 'soon')) === '(nil)')
    await until('they are past their time', async () => (await askText(replica.port, 'EXISTS', 'h')) === '0')
    expect(await askText(replica.port, 'DBSIZE')).toBe('2')
    expect(await askText(master.port, 'GET', 'soon')).toBe('(nil)')
    expect(await askText(master.port, 'HGET', 'h', 'f')).toBe('(nil)')
    await inStep(master.port, replica.port)
    expect(await askText(replica.port, 'DBSIZE')).toBe('0')
  })
})
