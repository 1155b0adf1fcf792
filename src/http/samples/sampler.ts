/** Once a second, what the page plots: the last ten minutes are kept. */
import { clearInterval, performance, setInterval, wallClock } from '../../clock/platform.js'
import type { ServerApi } from '../../commands/server-api.js'
import { CommandLatency } from './command-latency.js'
import { LoopDelays } from './loop-delay.js'
import type { Sample } from './sample.js'

const PERIOD_MS = 1000
const KEPT = 600

/** Counters that only grow, but for CONFIG RESETSTAT. */
interface Counters {
  readonly commands: number
  readonly inputBytes: number
  readonly outputBytes: number
  readonly hits: number
  readonly misses: number
  readonly expired: number
  readonly evicted: number
}

export class Sampler {
  readonly loop = new LoopDelays()
  /** Oldest first. */
  readonly samples: Sample[] = []
  private readonly server: ServerApi
  private readonly onSample: (sample: Sample) => void
  private readonly latency: CommandLatency
  private before: Counters
  private beforeMs = performance.now()
  private timer: NodeJS.Timeout | null = null

  constructor(server: ServerApi, onSample: (sample: Sample) => void) {
    this.server = server
    this.onSample = onSample
    this.latency = new CommandLatency(server)
    this.before = countersOf(server)
  }

  start(): void {
    this.loop.start()
    this.timer = setInterval(() => this.sample(), PERIOD_MS).unref()
  }

  stop(): void {
    this.loop.stop()
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  private sample(): void {
    const nowMs = performance.now()
    const seconds = (nowMs - this.beforeMs) / 1000
    this.beforeMs = nowMs
    const { before } = this
    const now = countersOf(this.server)
    this.before = now
    const { dataset, memory, peak, rss } = memoryOf(this.server)
    const sample: Sample = {
      time: wallClock(),
      ops: Math.round(grown(now.commands, before.commands) / seconds),
      inputBytes: Math.round(grown(now.inputBytes, before.inputBytes) / seconds),
      outputBytes: Math.round(grown(now.outputBytes, before.outputBytes) / seconds),
      hits: grown(now.hits, before.hits),
      misses: grown(now.misses, before.misses),
      expired: grown(now.expired, before.expired),
      evicted: grown(now.evicted, before.evicted),
      memory,
      rss,
      peak,
      maxmemory: this.server.config.values.maxmemory,
      dataset,
      ...clientsOf(this.server),
      keys: keysOf(this.server),
      latency: this.latency.sample(),
      loop: this.loop.sample(),
    }
    this.samples.push(sample)
    if (this.samples.length > KEPT) this.samples.shift()
    this.onSample(sample)
  }
}

function grown(now: number, before: number): number {
  return now >= before ? now - before : now
}

function countersOf({ keyspace, replication, stats }: ServerApi): Counters {
  return {
    commands: stats.commandsProcessed,
    inputBytes: stats.bytesIn + replication.bytesIn,
    outputBytes: stats.bytesOut + replication.replicas.stats.bytesOut,
    hits: keyspace.hits,
    misses: keyspace.misses,
    expired: keyspace.expiredKeys,
    evicted: keyspace.evictedKeys,
  }
}

function memoryOf({ memory }: ServerApi): Pick<Sample, 'memory' | 'rss' | 'peak' | 'dataset'> {
  const { overhead, peak, resident, used } = memory.figures()
  return { memory: used, rss: resident, peak, dataset: used - overhead }
}

function clientsOf({ clients, replication }: ServerApi): Pick<Sample, 'clients' | 'blocked'> {
  let blocked = 0
  for (const client of clients.values()) if (client.isBlocked) blocked++
  return { clients: Math.max(0, clients.size - replication.replicas.count), blocked }
}

function keysOf({ keyspace }: ServerApi): number {
  let keys = 0
  for (const database of keyspace.databases) keys += database.keys.count
  return keys
}
