/** INFO's instantaneous figures: the average of the last samples, which the server's cron takes. Source: trackInstantaneousMetric in Redis's server.c. */
import type { ServerApi } from '../commands/server-api.js'
import { clientTraffic } from './traffic.js'

const SAMPLES = 16

/** A counter's growth a second. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES)
  private next = 0
  private lastCount = 0
  private lastMs = 0

  sample(count: number, nowMs: number): void {
    const elapsedMs = nowMs - this.lastMs
    if (this.lastMs > 0 && elapsedMs > 0) {
      // Less than before: CONFIG RESETSTAT has come in between.
      const grown = Math.max(0, count - this.lastCount)
      this.samples[this.next] = (grown * 1000) / elapsedMs
      this.next = (this.next + 1) % SAMPLES
    }
    this.lastCount = count
    this.lastMs = nowMs
  }

  get perSecond(): number {
    let sum = 0
    for (const sample of this.samples) sum += sample
    return sum / SAMPLES
  }
}

export class Rates {
  readonly commands = new Rate()
  readonly bytesIn = new Rate()
  readonly bytesOut = new Rate()
  readonly replicationBytesIn = new Rate()
  readonly replicationBytesOut = new Rate()

  /** To be called ten times a second. */
  sample(server: ServerApi, nowMs: number): void {
    const { replication, stats } = server
    const { bytesIn, bytesOut } = clientTraffic(server)
    this.commands.sample(stats.commandsProcessed, nowMs)
    this.bytesIn.sample(bytesIn, nowMs)
    this.bytesOut.sample(bytesOut, nowMs)
    this.replicationBytesIn.sample(replication.bytesIn, nowMs)
    this.replicationBytesOut.sample(replication.replicas.stats.bytesOut, nowMs)
  }
}
