/** Stock redis-sentinel over redis-ts, alone and mixed with redis-server. */
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { until } from './polling.js'
import { MASTER_NAME, Sentinels, sentinelConfigs } from './sentinels.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from './stock.js'
import { ask, configFile, follows, info, PASSWORD, type Start, serverConfig, startAgain } from './topology.js'
import { Writer } from './writer.js'

const WITH_PASSWORD = [`requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`]
const config = (...lines: string[]): string => serverConfig(...WITH_PASSWORD, ...lines)

async function startFollowing(start: Start, master: number, ...lines: string[]): Promise<RunningServer> {
  const replica = await start([], { config: config(`replicaof 127.0.0.1 ${master}`, ...lines) })
  await follows(replica.port, master)
  return replica
}

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

  function write(through: Sentinels): Writer {
    const { addresses } = through
    const retryStrategy = (): number => 50
    writer = new Writer(
      new Redis({
        sentinels: addresses,
        name: MASTER_NAME,
        password: PASSWORD,
        maxRetriesPerRequest: null,
        retryStrategy,
        sentinelRetryStrategy: retryStrategy,
      }),
    )
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
    const reader = await RawClient.connect(sibling.port)
    await reader.call('AUTH', PASSWORD)

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
    await reader.closed()
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
})
