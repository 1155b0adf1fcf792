/** Replication's directives at work, and what CONFIG SET changes of them in a running server: the same as in stock Redis. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { dial, resp } from '../fault/wire.js'
import { ask, askText, info, inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'
import { fill } from '../interop/traffic.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

async function field(server: RunningServer, name: string): Promise<string | undefined> {
  return (await info(server.port)).get(name)
}

async function configure(server: RunningServer, ...settings: string[]): Promise<void> {
  expect(await askText(server.port, 'CONFIG', 'SET', ...settings)).toBe('OK')
}

/** A replica that reads and says nothing, once its stream has begun. Resolves with a function that gives all it has got so far. */
async function silentReplica(master: RunningServer): Promise<() => string> {
  const socket = await dial(master.port)
  let text = ''
  socket.on('data', data => {
    text += data.toString('latin1')
  })
  socket.write(resp('PSYNC', '?', '-1'))
  socket.resume()
  await until('it is online', async () => (await field(master, 'slave0'))?.includes('state=online') === true)
  return () => text
}

const needsStock = requireStock('redis-server')

describe.concurrent.each([
  ['redis-ts', startRedisTs],
  ['redis-server', startRedisServer],
] as const)('a %s master', needsStock, (_, start) => {
  const startMaster = (...args: string[]): Promise<RunningServer> => start([...BASE, ...args])

  test('pings its replicas every repl-ping-replica-period, and drops one that is silent for repl-timeout', async () => {
    const master = await startMaster('--repl-ping-replica-period', '1000')
    // The first period may end at once.
    const stream = await silentReplica(master)
    const pings = (): number => stream().split(resp('ping')).length - 1
    await until(
      'it has said nothing for a while',
      async () => (await field(master, 'slave0'))?.endsWith('lag=1') === true,
    )
    expect(pings()).toBeLessThan(2)
    await configure(master, 'repl-ping-replica-period', '1')
    const before = pings()
    await until('there are more', async () => pings() >= before + 2)
    await configure(master, 'repl-timeout', '1')
    await master.waitForLog('# Disconnecting timedout replica (streaming sync): 127.0.0.1:<unknown-replica-port>')
    await until('it is gone', async () => (await field(master, 'connected_slaves')) === '0')
  })

  test('counts replicas by min-replicas-max-lag', async () => {
    const master = await startMaster('--min-replicas-to-write', '1', '--min-replicas-max-lag', '1')
    await silentReplica(master)
    const refused = 'NOREPLICAS Not enough good replicas to write.'
    await until('it lags', async () => (await askText(master.port, 'SET', 'a', '1')) === refused)
    await configure(master, 'min-replicas-max-lag', '1000')
    await until('it may', async () => (await askText(master.port, 'SET', 'a', '1')) === 'OK')
    await configure(master, 'min-replicas-max-lag', '1')
    await until('it lags again', async () => (await askText(master.port, 'SET', 'a', '1')) === refused)
    // 0: however far behind.
    await configure(master, 'min-replicas-max-lag', '0')
    expect(await askText(master.port, 'SET', 'a', '1')).toBe('OK')
  })
})

describe.concurrent.each([
  ['redis-ts', startRedisTs],
  ['redis-server', startRedisServer],
] as const)('a %s replica', needsStock, (_, start) => {
  async function masterAndReplica(...args: string[]): Promise<[RunningServer, RunningServer]> {
    const master = await startRedisTs(BASE)
    await fill(master.port, [['SET', 'a', '1']])
    const replica = await start([...BASE, ...of(master), ...args])
    await linkUp(replica.port)
    return [master, replica]
  }

  test('announces itself with its next link', async () => {
    const [master, replica] = await masterAndReplica('--replica-announce-port', '1234')
    expect(await field(master, 'slave0')).toMatch(/^ip=127\.0\.0\.1,port=1234,state=online/)
    await configure(replica, 'replica-announce-ip', 'replica.example', 'replica-announce-port', '0')
    await ask(master.port, 'CLIENT', 'KILL', 'TYPE', 'replica')
    const announced = `ip=replica.example,port=${replica.port},state=online`
    await until('it has', async () => (await field(master, 'slave0'))?.startsWith(announced) === true)
  })

  test('logs in with what masteruser and masterauth are when it tries', async () => {
    const [master, replica] = await masterAndReplica()
    const admin = await RawClient.connect(master.port)
    await admin.pipeline([
      ['ACL', 'SETUSER', 'follower', 'on', '>secret', '+psync', '+replconf', '+ping'],
      ['ACL', 'SETUSER', 'default', 'resetpass', '>other'],
      ['CLIENT', 'KILL', 'TYPE', 'replica'],
    ])
    await replica.waitForLog(/NOAUTH/)
    expect(await field(replica, 'master_link_status')).toBe('down')
    await configure(replica, 'masteruser', 'follower', 'masterauth', 'secret')
    await linkUp(replica.port)
    admin.close()
  })

  test('evicts keys of its own accord only with replica-ignore-maxmemory no', async () => {
    const [master, replica] = await masterAndReplica('--maxmemory-policy', 'allkeys-random')
    await ask(master.port, 'DEBUG', 'POPULATE', '1000', 'key', '1000')
    await fill(
      master.port,
      Array.from({ length: 1000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(1000)]),
    )
    await inStep(master.port, replica.port)
    await configure(replica, 'maxmemory', String(Number(await field(replica, 'used_memory')) - 300_000))
    await fill(master.port, [['SET', 'a', '2']])
    await inStep(master.port, replica.port)
    expect(await field(replica, 'evicted_keys')).toBe('0')
    await configure(replica, 'replica-ignore-maxmemory', 'no')
    await fill(master.port, [['SET', 'a', '3']])
    await until('keys go', async () => Number(await field(replica, 'evicted_keys')) > 50)
    expect(Number(await askText(master.port, 'DBSIZE'))).toBeGreaterThan(1000)
  })

  test.each([
    ['yes', 11],
    ['no', 0],
  ])('frees the old data in the background with replica-lazy-flush %s', async (lazy, freed) => {
    const [, replica] = await masterAndReplica()
    await configure(replica, 'replica-read-only', 'no', 'replica-lazy-flush', lazy)
    await ask(replica.port, 'DEBUG', 'POPULATE', '10')
    const other = await startRedisTs(BASE)
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(other.port))
    await linkUp(replica.port)
    expect(await askText(replica.port, 'DBSIZE')).toBe('0')
    await until('it is freed', async () => (await field(replica, 'lazyfree_pending_objects')) === '0')
    expect(Number(await field(replica, 'lazyfreed_objects'))).toBe(freed)
  })

  test('loads the next copy from the socket when CONFIG SET says so', async () => {
    const [, replica] = await masterAndReplica()
    const other = await startRedisTs(BASE)
    await configure(replica, 'repl-diskless-load', 'swapdb')
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(other.port))
    await replica.waitForLog(/receiving streamed RDB from master with EOF to parser/)
    await linkUp(replica.port)
    expect(await askText(replica.port, 'DBSIZE')).toBe('0')
  })

  test('serves or refuses, takes writes or not, as CONFIG SET says', async () => {
    const [master, replica] = await masterAndReplica()
    master.kill('SIGKILL')
    await until('the link is down', async () => (await field(replica, 'master_link_status')) === 'down')
    const get = (): Promise<string> => askText(replica.port, 'GET', 'a')
    const set = (): Promise<string> => askText(replica.port, 'SET', 'b', '1')
    expect([await get(), await set()]).toEqual(['1', "READONLY You can't write against a read only replica."])
    await configure(replica, 'slave-read-only', 'no')
    expect(await set()).toBe('OK')
    await configure(replica, 'slave-serve-stale-data', 'no')
    expect(await get()).toBe("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
    await configure(replica, 'replica-serve-stale-data', 'yes')
    expect(await get()).toBe('1')
  })
})

describe('CONFIG REWRITE', needsStock, () => {
  const old = [
    'slaveof 127.0.0.1 1',
    'masterauth secret',
    'slave-serve-stale-data no',
    'slave-read-only no',
    'slave-priority 7',
    'slave-announce-ip 10.0.0.1',
    'slave-announce-port 1234',
    'slave-lazy-flush yes',
    'slave-ignore-maxmemory no',
    'repl-ping-slave-period 3',
    'min-slaves-to-write 1',
    'min-slaves-max-lag 2',
  ]
  const others = [
    ['repl-timeout', '61'],
    ['repl-backlog-size', '2000000'],
    ['repl-backlog-ttl', '10'],
    ['repl-diskless-sync', 'no'],
    ['repl-diskless-sync-delay', '1'],
    ['repl-diskless-sync-max-replicas', '2'],
    ['repl-diskless-load', 'swapdb'],
    ['repl-disable-tcp-nodelay', 'yes'],
    ['replica-announced', 'no'],
    ['masteruser', 'me'],
    ['rdb-del-sync-files', 'yes'],
    ['propagation-error-behavior', 'panic'],
    ['replica-ignore-disk-write-errors', 'yes'],
  ]

  /** What the file says of replication in the end. */
  async function rewritten(server: RunningServer): Promise<string[]> {
    expect(await askText(server.port, 'CONFIG', 'REWRITE')).toBe('OK')
    const text = readFileSync(join(server.dir, 'redis.conf'), 'latin1')
    return text.split('\n').filter(line => /^(slave|master|repl|min-|rdb-del|propagation)/.test(line))
  }

  test('writes all of them, in the place of old names too', async () => {
    const config = `save ""\n${old.join('\n')}\n`
    const pair = await Promise.all([startRedisTs([], { config }), startRedisServer([], { config })])
    const files = await Promise.all(
      pair.map(async server => {
        await configure(server, 'replica-priority', '8', 'slave-read-only', 'yes', ...others.flat())
        const changed = await rewritten(server)
        await ask(server.port, 'REPLICAOF', 'somewhere.invalid', '2')
        const moved = await rewritten(server)
        await ask(server.port, 'REPLICAOF', 'NO', 'ONE')
        return [changed.sort(), moved.sort(), (await rewritten(server)).sort()]
      }),
    )
    expect(files[0]).toEqual(files[1])
    expect(files[0][0].length).toBe(old.length + others.length)
    expect(files[0][1]).toContain('replicaof somewhere.invalid 2')
    expect(files[0][2].filter(line => /^(slave|replica)of/.test(line))).toEqual([])
  })
})
