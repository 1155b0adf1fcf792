/**
 * Failovers by stock Sentinels over servers with append-only files: what WAIT and WAITAOF have confirmed is on the new master.
 * REDIS_TS_LONG_FAULTS=1: a hundred failovers (REDIS_TS_FAILOVERS: as many as it says).
 */
import { expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { until } from './polling.js'
import { Sentinels, sentinelConfigs } from './sentinels.js'
import { type RunningServer, requireStock, startRedisTs } from './stock.js'
import { ask, follows, serverConfig, startAgain } from './topology.js'

const LONG = process.env.REDIS_TS_LONG_FAULTS === '1'
const FAILOVERS = Number(process.env.REDIS_TS_FAILOVERS ?? (LONG ? 100 : 2))
const FAILOVER_MS = 60_000
/** Writes of each writer that have to be confirmed between two failovers. */
const ENOUGH = 20

/** Writes keys of its own, one by one, and asks each time whether others have it. */
class ConfirmedWriter {
  /** Numbers of the writes that were confirmed, with whichever master. */
  readonly confirmed: number[] = []
  readonly name: string
  private readonly wait: string[]
  private readonly isEnough: (counts: number[]) => boolean
  private next = 0

  constructor(name: string, wait: string[], isEnough: (counts: number[]) => boolean) {
    this.name = name
    this.wait = wait
    this.isEnough = isEnough
  }

  /** Goes on until the master is gone. */
  async run(master: number): Promise<void> {
    const client = await RawClient.connect(master)
    const closed = client.closed().then(() => null)
    for (;;) {
      const n = this.next++
      const replies = await Promise.race([
        client.pipeline([
          ['MULTI'],
          ['SET', `${this.name}:${n}`, String(n)],
          ['RPUSH', `${this.name}:all`, String(n)],
          ['EXEC'],
          this.wait,
        ]),
        closed,
      ])
      if (replies === null) return
      const { elements, text } = replies[4]
      if (this.isEnough(elements === null ? [Number(text)] : elements.map(each => Number(each.text)))) {
        this.confirmed.push(n)
      }
    }
  }

  /** Whatever was confirmed is there, whole, in order and once. */
  async expectAll(port: number): Promise<void> {
    const client = await RawClient.connect(port)
    const list = (await client.call('LRANGE', `${this.name}:all`, '0', '-1')).elements ?? []
    const numbers = list.map(({ text }) => Number(text))
    const there = new Set(numbers)
    expect(this.confirmed.filter(n => !there.has(n))).toEqual([])
    expect(numbers.every((n, i) => i === 0 || n > numbers[i - 1])).toBe(true)
    for (const n of numbers) expect((await client.call('GET', `${this.name}:${n}`)).text).toBe(String(n))
    client.close()
  }
}

function writers(): ConfirmedWriter[] {
  return [
    new ConfirmedWriter('wait', ['WAIT', '1', '2000'], ([replicas]) => replicas >= 1),
    new ConfirmedWriter('waitaof', ['WAITAOF', '1', '1', '3000'], ([here, there]) => here >= 1 && there >= 1),
  ]
}

test(
  'a master that is killed has lost nothing that it has confirmed',
  { ...requireStock('redis-sentinel', 'redis-cli'), timeout: (FAILOVERS + 1) * FAILOVER_MS },
  async () => {
    const settings = ['appendonly yes', 'appendfsync always', 'enable-debug-command yes']
    const first = await startRedisTs([], { config: serverConfig(...settings) })
    const servers = new Map<number, RunningServer>([[first.port, first]])
    for (let i = 0; i < 2; i++) {
      const config = serverConfig(...settings, `replicaof 127.0.0.1 ${first.port}`)
      const replica = await startRedisTs([], { config })
      servers.set(replica.port, replica)
    }
    for (const port of servers.keys()) if (port !== first.port) await follows(port, first.port)
    const sentinels = await Sentinels.start({ configs: sentinelConfigs(first.port), replicas: 2 })
    const writing = writers()
    let master = first
    for (let failover = 1; failover <= FAILOVERS; failover++) {
      const before = writing.map(writer => writer.confirmed.length)
      const running = writing.map(writer => writer.run(master.port))
      await until('enough is confirmed', async () =>
        writing.every((writer, i) => writer.confirmed.length >= before[i] + ENOUGH),
      )
      const killed = sentinels.now()
      master.kill('SIGKILL')
      await Promise.all([master.exited, ...running])
      const heir = await sentinels.switched(killed)
      await sentinels.event('+failover-end', killed)
      for (const writer of writing) await writer.expectAll(heir)
      // The old one comes back as a master; the Sentinels make a replica of it.
      servers.set(master.port, await startAgain(startRedisTs, master))
      const next = servers.get(heir)
      if (next === undefined) throw new Error(`no server on port ${heir}`)
      master = next
      for (const port of servers.keys()) if (port !== heir) await follows(port, heir)
    }
    for (const writer of writing) for (const port of servers.keys()) await writer.expectAll(port)
    const digests = await Promise.all([...servers.keys()].map(port => ask(port, 'DEBUG', 'DIGEST')))
    expect(new Set(digests).size).toBe(1)
    await sentinels.stop()
  },
)
