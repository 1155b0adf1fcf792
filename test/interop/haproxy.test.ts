/**
 * Stock HAProxy and stock Sentinel over the master and the three replicas of conf/, all by the files there. Every test goes on
 * from where the one before it ended.
 */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confFile, sentinelConfFiles, startHaproxy } from './conf-files.js'
import { until } from './polling.js'
import { Sentinels } from './sentinels.js'
import { freePort, type RunningProgram, type RunningServer, requireStock, startRedisTs } from './stock.js'
import { ask, follows, PASSWORD, startAgain } from './topology.js'
import { Writer } from './writer.js'

describe('behind HAProxy', requireStock('haproxy', 'redis-sentinel', 'redis-cli'), () => {
  const ports = new Map<number, number>()
  const port = (name: number): number => ports.get(name) ?? 0
  const replicaPorts = (): number[] => [7001, 7002, 7003].map(port)
  let master: RunningServer
  let haproxy: RunningProgram
  let sentinels: Sentinels
  let writer: Writer
  let heir: number

  beforeAll(async () => {
    for (const name of [7000, 7001, 7002, 7003, 7100, 7101]) ports.set(name, await freePort())
    const start = (name: number): Promise<RunningServer> =>
      startRedisTs(['--repl-diskless-sync-delay', '0'], {
        config: confFile(`${name}.conf`, ports),
        port: port(name),
      })
    master = await start(7000)
    await Promise.all([7001, 7002, 7003].map(start))
    for (const replica of replicaPorts()) await follows(replica, master.port)
    haproxy = await startHaproxy(ports, 7000)
    sentinels = await Sentinels.start({ configs: sentinelConfFiles(ports), replicas: 3 })
  }, 60_000)

  afterAll(async () => {
    await writer?.stop()
    await sentinels?.stop()
    await haproxy?.stop()
  })

  /** Which server answers a new connection to one of HAProxy's ports. */
  async function behind(frontend: number): Promise<number> {
    const [, answered] = (await ask(port(frontend), 'CONFIG', 'GET', 'port')).split('\n')
    return Number(answered)
  }

  /** Which servers answer, in order of their ports, if all of the connections were served. */
  async function readFrom(connections: number): Promise<number[]> {
    const servers = new Set<number>()
    for (let i = 0; i < connections; i++) servers.add(await behind(7101))
    return [...servers].sort()
  }

  test('writes go to the master, reads to its replicas', async () => {
    writer = Writer.withIoredis(
      new Redis({
        port: port(7100),
        username: 'default',
        password: PASSWORD,
        maxRetriesPerRequest: null,
        retryStrategy: () => 50,
      }),
    )
    await writer.goesOn()
    expect(await behind(7100)).toBe(master.port)
    expect(await readFrom(6)).toEqual(replicaPorts().sort())
    await until('the first write is on the replicas', async () => (await ask(port(7101), 'GET', 'written:0')) === '0')
  })

  test('the master dies: reads go on, and writes too once there is a new one', async () => {
    const killed = sentinels.now()
    let chosen = false
    const choice = sentinels.event('+selected-slave', killed).then(() => {
      chosen = true
    })
    master.kill('SIGKILL')
    while (!chosen) expect(await ask(port(7101), 'GET', 'written:0')).toBe('0')
    await choice
    heir = await sentinels.switched(killed)
    await writer.goesOn()
    expect(await behind(7100)).toBe(heir)
    const others = replicaPorts().filter(replica => replica !== heir)
    for (const other of others) await follows(other, heir)
    await until('the new master gets no reads', async () => (await readFrom(4)).every(server => server !== heir))
    expect(await readFrom(4)).toEqual(others.sort())
  })

  test('the old master comes back: no write goes to it, though it says at first that it is a master', async () => {
    const since = haproxy.log().length
    await startAgain(startRedisTs, master)
    let replica = false
    const turned = follows(master.port, heir).then(() => {
      replica = true
    })
    while (!replica) expect(await behind(7100)).toBe(heir)
    await turned
    await haproxy.waitForLog(`Server replicas/${master.port} is UP`, 10_000, since)
    expect(await readFrom(6)).toContain(master.port)
    await writer.goesOn()
    await writer.stop()
    expect(writer.errors).toEqual([])
    const last = writer.acknowledged.at(-1)
    await until(
      'it has the last write',
      async () => (await ask(master.port, 'GET', `written:${last}`)) === String(last),
    )
  })
})
