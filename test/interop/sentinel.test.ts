/** Stock redis-sentinel over redis-ts, alone and mixed with redis-server. */
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { TcpProxy } from '../fault/proxy.js'
import { until } from './polling.js'
import { MASTER_NAME, Sentinels, sentinelConfigs } from './sentinels.js'
import { cli, freePort, type RunningServer, requireStock, startRedisServer, startRedisTs } from './stock.js'
import { ask, configFile, follows, info, PASSWORD, type Start, serverConfig, startAgain } from './topology.js'
import { Writer } from './writer.js'

const WITH_PASSWORD = [`requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`]
const config = (...lines: string[]): string => serverConfig(...WITH_PASSWORD, ...lines)

async function startFollowing(start: Start, master: number, ...lines: string[]): Promise<RunningServer> {
  const replica = await start([], { config: config(`replicaof 127.0.0.1 ${master}`, ...lines) })
  await follows(replica.port, master)
  return replica
}

/** What Sentinel reads of a replica's INFO, but for numbers that differ: seconds and offsets. */
const READ_OF_REPLICAS = [
  'role',
  'master_host',
  'master_port',
  'master_link_status',
  'slave_priority',
  'replica_announced',
]

const needsStock = requireStock('redis-sentinel', 'redis-server', 'redis-cli')

describe('three Sentinels', needsStock, () => {
  let sentinels: Sentinels | null = null
  let writer: Writer | null = null
  const settings = [`sentinel auth-pass ${MASTER_NAME} ${PASSWORD}`]

  afterEach(async () => {
    await writer?.stop()
    await sentinels?.stop()
    writer = null
    sentinels = null
  })

  async function watch(master: number, replicas: number, ...more: string[]): Promise<Sentinels> {
    sentinels = await Sentinels.start({ configs: sentinelConfigs(master, ...settings, ...more), replicas })
    return sentinels
  }

  /** ioredis, impatient; with `failoverDetector` it learns of a new master from the Sentinels, too. */
  function write({ addresses }: Sentinels, failoverDetector = false): Writer {
    const retryStrategy = (): number => 50
    const impatient = { maxRetriesPerRequest: null, retryStrategy, sentinelRetryStrategy: retryStrategy }
    const options = { sentinels: addresses, name: MASTER_NAME, password: PASSWORD, failoverDetector, ...impatient }
    writer = Writer.withIoredis(new Redis(options))
    return writer
  }

  const casts: [string, Start, Start, Start][] = [
    ['redis-ts', startRedisTs, startRedisTs, startRedisTs],
    ['redis-server for redis-ts, with a sibling that is redis-ts', startRedisTs, startRedisServer, startRedisTs],
    [
      'redis-ts for redis-server, with a sibling that is redis-server',
      startRedisServer,
      startRedisTs,
      startRedisServer,
    ],
  ]
  test.each(casts)('promote %s', async (_, startMaster, startHeir, startSibling) => {
    const master = await startMaster([], { config: config() })
    const heir = await startFollowing(startHeir, master.port, 'replica-priority 10')
    const sibling = await startFollowing(startSibling, master.port)
    const watching = await watch(master.port, 2)
    const writing = write(watching)
    await writing.goesOn()
    const clients = [await RawClient.connect(sibling.port), await RawClient.connect(sibling.port)]
    for (const client of clients) await client.call('AUTH', PASSWORD)
    await clients[0].call('SUBSCRIBE', 'news')

    // Down, found to be so by two, replaced by the replica of the best priority.
    const killed = watching.now()
    master.kill('SIGKILL')
    expect(await watching.switched(killed)).toBe(heir.port)
    await watching.event('+failover-end', killed)
    for (const event of [
      '+sdown master',
      '+odown master',
      '+elected-leader',
      '+promoted-slave',
      '+slave-reconf-done',
    ]) {
      expect(await watching.event(event, killed)).toContain(MASTER_NAME)
    }
    const first = await writing.goesOn()

    // The sibling goes on with what the old master's stream has given it; its clients have to look for the master anew.
    await follows(sibling.port, heir.port)
    for (const client of clients) await client.closed()
    const promoted = await info(heir.port)
    expect(promoted.get('role')).toBe('master')
    expect([promoted.get('sync_full'), promoted.get('sync_partial_ok')]).toEqual(['0', '1'])

    // The old master comes back as one, until it is told otherwise.
    const returned = await startAgain(startMaster, master)
    await follows(returned.port, heir.port)
    await writing.goesOn()
    await writing.stop()
    expect(writing.errors).toEqual([])

    const kept = writing.acknowledged.filter(n => n >= first)
    expect(kept.length).toBeGreaterThan(5)
    for (const { port } of [heir, sibling, returned]) {
      await until(`the last write is on port ${port}`, async () => {
        return (await ask(port, 'GET', `written:${kept.at(-1)}`)) === String(kept.at(-1))
      })
      expect(await ask(port, 'MGET', ...kept.map(n => `written:${n}`))).toBe(kept.join('\n'))
    }

    // What each is now outlives a restart.
    expect(configFile(heir)).not.toContain('replicaof')
    for (const server of [sibling, returned]) {
      expect(configFile(server)).toMatch(new RegExp(`^(replicaof|slaveof) 127.0.0.1 ${heir.port}$`, 'm'))
    }
  })

  test('take over from a master that hangs, which becomes a replica when it wakes up', async () => {
    const master = await startRedisTs([], { config: config() })
    const heir = await startFollowing(startRedisTs, master.port)
    const watching = await watch(master.port, 1)
    const writing = write(watching, true)
    await writing.goesOn()
    const client = await RawClient.connect(master.port)
    await client.call('AUTH', PASSWORD)

    const hung = watching.now()
    master.kill('SIGSTOP')
    expect(await watching.switched(hung)).toBe(heir.port)
    await writing.goesOn()
    await writing.stop()
    expect(writing.errors).toEqual([])

    // Whoever wrote to it in between has to notice.
    master.kill('SIGCONT')
    await client.closed()
    await follows(master.port, heir.port)
    const last = `written:${writing.acknowledged.at(-1)}`
    await until('the last write is there', async () => (await ask(master.port, 'EXISTS', last)) === '1')
    expect(await ask(master.port, 'SET', 'a', 'b')).toBe("READONLY You can't write against a read only replica.")
  })

  test('fail over by hand under node-redis, as users with the permissions that Redis recommends for them', async () => {
    const users = [
      `user default on >${PASSWORD} ~* &* +@all`,
      'user watcher on >eyes allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill',
      'user follower on >echo +psync +replconf +ping',
      'masteruser follower',
      'masterauth echo',
    ]
    const master = await startRedisTs([], { config: serverConfig(...users) })
    const start = async (starter: Start, ...lines: string[]): Promise<RunningServer> => {
      const replica = await starter([], {
        config: serverConfig(...users, `replicaof 127.0.0.1 ${master.port}`, ...lines),
      })
      await follows(replica.port, master.port)
      return replica
    }
    // Sentinel reaches the heir by the address that it announces, through a proxy.
    const proxy = await TcpProxy.start(0)
    const heir = await start(startRedisTs, `replica-announce-port ${proxy.port}`)
    proxy.target = heir.port
    const barred = await start(startRedisTs, 'replica-priority 0', 'replica-announce-ip 127.0.0.2')
    const hidden = await start(startRedisServer, 'replica-priority 0', 'replica-announced no')
    const watching = await watch(
      master.port,
      3,
      `sentinel auth-user ${MASTER_NAME} watcher`,
      `sentinel auth-pass ${MASTER_NAME} eyes`,
    )
    const seen = await watching.replicas()
    expect([...seen.keys()].sort()).toEqual([proxy.port, barred.port].sort())
    expect(seen.get(barred.port)?.get('ip')).toBe('127.0.0.2')

    const client = createSentinel({
      name: MASTER_NAME,
      sentinelRootNodes: watching.addresses,
      nodeClientOptions: { password: PASSWORD },
      scanInterval: 200,
    })
    client.on('error', () => {})
    await client.connect()
    writer = new Writer({ set: (key, value) => client.set(key, value), close: () => client.destroy() })
    await writer.goesOn()

    const begun = watching.now()
    expect(await cli(watching.ports[0], 'SENTINEL', 'FAILOVER', MASTER_NAME)).toBe('OK')
    expect(await watching.switched(begun)).toBe(proxy.port)
    for (const { port } of [master, barred, hidden]) await follows(port, proxy.port)
    await writer.goesOn()
    for (const { port } of [master, heir, barred, hidden]) expect(await ask(port, 'ACL', 'LOG')).toBe('')
    await writer.stop()
    expect(writer.errors).toEqual([])
    await proxy.close()
  })
})

describe('what Sentinel reads and sends', needsStock, () => {
  test('a replica says since when it has been without its master, and whether it ever had one', async () => {
    const nobody = await freePort()
    const master = await startRedisServer(['--save', '', '--repl-diskless-sync-delay', '0'])
    const settings = ['--save', '', '--replica-priority', '7', '--replica-announced', 'no']
    const starts = [startRedisTs, startRedisServer]
    const startAll = (of: number): Promise<RunningServer[]> =>
      Promise.all(starts.map(start => start([...settings, '--replicaof', '127.0.0.1', String(of)])))
    const lonely = await startAll(nobody)
    const orphans = await startAll(master.port)
    for (const { port } of orphans) await follows(port, master.port)

    const expectSameFields = async (servers: RunningServer[], since: RegExp): Promise<void> => {
      const read = await Promise.all(
        servers.map(async ({ port }) => {
          const fields = await info(port)
          const down = fields.get('master_link_down_since_seconds')
          expect(down ?? 'none').toMatch(since)
          return READ_OF_REPLICAS.map(name => fields.get(name))
        }),
      )
      expect(read[0]).toEqual(read[1])
    }
    await expectSameFields(lonely, /^-1$/)
    await expectSameFields(orphans, /^none$/)
    master.kill('SIGKILL')
    for (const { port } of orphans) {
      await until('the link is down', async () => (await info(port)).get('master_link_status') === 'down')
    }
    await expectSameFields(orphans, /^[0-9]$/)
    // Another master that cannot be reached does not make it younger.
    for (const { port } of orphans) await ask(port, 'REPLICAOF', '127.0.0.1', String(nobody))
    await until('a second has passed', async () => {
      return (await info(orphans[0].port)).get('master_link_down_since_seconds') === '1'
    })
    await expectSameFields(orphans, /^[0-9]$/)
  })

  test('a script that blocks the server could be ended, and there is none', async () => {
    const server = await startRedisTs(['--save', ''])
    expect(await ask(server.port, 'SCRIPT', 'KILL')).toBe('NOTBUSY No scripts in execution right now.')
  })
})
