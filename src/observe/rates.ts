/** INFO's instantaneous figures: the average of the last samples, which the server's cron takes. Source: trackInstantaneousMetric in Redis's server.c. */

const SAMPLES = 16

/** How much one counter grows while another one grows by one. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES)
  private next = 0
  private lastCount = 0
  private lastBase = 0

  sample(count: number, base: number): void {
    const elapsed = base - this.lastBase
    if (this.lastBase > 0 && elapsed > 0) {
      this.samples[this.next] = Math.max(0, count - this.lastCount) / elapsed
      this.next = (this.next + 1) % SAMPLES
    }
    this.lastCount = count
    this.lastBase = base
  }

  get average(): number {
    let sum = 0
    for (const sample of this.samples) sum += sample
    return sum / SAMPLES
  }

  reset(): void {
    this.samples.fill(0)
    this.lastCount = 0
    this.lastBase = 0
  }
}

/** The counters that are sampled, as they stand. */
export interface Counts {
  readonly commands: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly replicationBytesIn: number
  readonly replicationBytesOut: number
  readonly cycles: number
  readonly cycleMicroseconds: number
}

export class Rates {
  private readonly commands = new Rate()
  private readonly bytesIn = new Rate()
  private readonly bytesOut = new Rate()
  private readonly replicationBytesIn = new Rate()
  private readonly replicationBytesOut = new Rate()
  private readonly cycles = new Rate()
  private readonly cycleMicroseconds = new Rate()

  /** To be called ten times a second. */
  sample(counts: Counts, nowMs: number): void {
    this.commands.sample(counts.commands, nowMs)
    this.bytesIn.sample(counts.bytesIn, nowMs)
    this.bytesOut.sample(counts.bytesOut, nowMs)
    this.replicationBytesIn.sample(counts.replicationBytesIn, nowMs)
    this.replicationBytesOut.sample(counts.replicationBytesOut, nowMs)
    this.cycles.sample(counts.cycles, nowMs)
    this.cycleMicroseconds.sample(counts.cycleMicroseconds, counts.cycles)
  }

  /** The lately usual growth in a second; of `cycleMicroseconds` that in one cycle. */
  get current(): Counts {
    return {
      commands: this.commands.average * 1000,
      bytesIn: this.bytesIn.average * 1000,
      bytesOut: this.bytesOut.average * 1000,
      replicationBytesIn: this.replicationBytesIn.average * 1000,
      replicationBytesOut: this.replicationBytesOut.average * 1000,
      cycles: this.cycles.average * 1000,
      cycleMicroseconds: this.cycleMicroseconds.average,
    }
  }

  reset(): void {
    this.commands.reset()
    this.bytesIn.reset()
    this.bytesOut.reset()
    this.replicationBytesIn.reset()
    this.replicationBytesOut.reset()
    this.cycles.reset()
    this.cycleMicroseconds.reset()
  }
}
