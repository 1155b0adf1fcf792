/** What happens by the clock: `hz` times a second the housekeeping, once a second the rest. */
import { clearTimeout, performance, setTimeout } from '../clock/platform.js'
import type { ServerApi } from '../commands/server-api.js'
import { sampleGauges } from './info/gauges.js'
import { isIdleTooLong, type OutputLimits } from './limits.js'
import { ticksPerSecond } from './tick-rate.js'

/** How long one slice of background work may hold up requests. */
const SLICE_MS = 1
/** Ticks come faster than this while there are many clients: adding up what each holds takes a while then. */
const SAMPLE_MIN_MS = 95
/** When room for a request that does not come is given back (clientsCronResizeQueryBuffer in Redis's server.c). */
const TRIMMED_AFTER_MS = 2000

export interface CronHost extends ServerApi {
  readonly shuttingDown: { beginIfRequested(): void }
  readonly outputLimits: OutputLimits
}

export class Cron {
  private readonly server: CronHost
  private timer: NodeJS.Timeout | null = null
  private holds = true
  private sliceQueued = false
  private lastSecond = 0
  private lastSample = 0

  constructor(server: CronHost) {
    this.server = server
  }

  start(): void {
    const { config, clients } = this.server
    this.timer = setTimeout(() => this.tick(), 1000 / ticksPerSecond(config.values, clients.size))
    if (!this.holds) this.timer.unref()
  }

  /** Whether its timer keeps the process from ending. */
  hold(holds: boolean): void {
    this.holds = holds
    if (holds) this.timer?.ref()
    else this.timer?.unref()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private tick(): void {
    const { server } = this
    if (!server.cronPaused) {
      const startedMs = performance.now()
      this.run(server.keyspace.time.now())
      server.eventLoop.cronRan(performance.now() - startedMs)
    }
    if (this.timer !== null) this.start()
  }

  run(now: number): void {
    const { server } = this
    server.keyspace.setNow(now)
    server.shuttingDown.beginIfRequested()
    if (now - this.lastSecond >= 1000 || now < this.lastSecond) {
      this.lastSecond = now
      this.everySecond(now)
    }
    server.saver.cron()
    server.aof.cron()
    server.tracking.limit()
    if (now - this.lastSample >= SAMPLE_MIN_MS || now < this.lastSample) {
      this.lastSample = now
      sampleGauges(server)
    }
    this.slice()
  }

  /** Active expiry, the freeing of what was deleted and the compaction of what is left, in slices until all are satisfied. */
  private slice(): void {
    const { server } = this
    this.sliceQueued = false
    const deadline = performance.now() + SLICE_MS
    server.keyspace.setNow(server.keyspace.time.now())
    for (const database of server.keyspace.databases) database.sweep()
    const expiring = server.activeExpire && !server.loader.loading && this.expire(deadline)
    const freeing = !server.keyspace.collectGarbage(deadline) || !server.keyspace.released.giveBack(deadline)
    const compacting = !server.compaction.run(deadline)
    if ((expiring || freeing || compacting) && !this.sliceQueued && this.timer !== null) {
      this.sliceQueued = true
      setTimeout(() => this.slice(), freeing ? 1 : 3)
    }
  }

  private expire(deadlineMs: number): boolean {
    const { config, expiry, latency } = this.server
    const before = expiry.milliseconds
    expiry.effort = config.values['active-expire-effort']
    const more = expiry.run(deadlineMs)
    latency.add('expire-cycle', expiry.milliseconds - before)
    return more
  }

  private everySecond(now: number): void {
    const { server } = this
    const { timeout } = server.config.values
    const { recentInput, recentOutput } = server.stats
    for (const client of server.clients.values()) {
      recentInput.note(client.transport.pendingInputBytes, now)
      recentOutput.note(client.transport.pendingOutputBytes, now)
      if (now - client.lastInteractionMs > TRIMMED_AFTER_MS) client.transport.trimInput()
      if (!isIdleTooLong(client, timeout, now)) continue
      server.log.verbose('Closing idle client')
      client.transport.close()
    }
    server.compaction.consider()
    server.outputLimits.cron(now)
    server.replication.cron()
  }
}
