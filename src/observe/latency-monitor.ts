/** The latency monitor: for each kind of event the last times at which it took too long. Source of behaviour: Redis's latency.c. */
import type { Clock } from '../clock/clock.js'

const SERIES_SAMPLES = 160

/** The longest time that an event took in one second. */
export interface LatencySample {
  readonly seconds: number
  readonly ms: number
}

/** What LATENCY DOCTOR says of an event; all in whole milliseconds but `periodSeconds`. */
export interface LatencyFigures {
  readonly samples: number
  readonly averageMs: number
  /** Mean absolute deviation from the average. */
  readonly deviationMs: number
  readonly minMs: number
  readonly maxMs: number
  /** Since the oldest sample, at least 1. */
  readonly periodSeconds: number
}

/** The samples of one event, at most one a second. */
export class LatencySeries {
  /** Longest time ever seen, in milliseconds. */
  worstMs = 0
  private readonly kept: LatencySample[] = []

  /** Oldest first; at least one. */
  get samples(): readonly LatencySample[] {
    return this.kept
  }
  get latest(): LatencySample {
    return this.kept[this.kept.length - 1]
  }

  add(seconds: number, ms: number): void {
    const { kept } = this
    if (ms > this.worstMs) this.worstMs = ms
    if (kept.length > 0 && this.latest.seconds === seconds) {
      if (ms > this.latest.ms) kept[kept.length - 1] = { seconds, ms }
      return
    }
    if (kept.length === SERIES_SAMPLES) kept.shift()
    kept.push({ seconds, ms })
  }

  figures(nowSeconds: number): LatencyFigures {
    const times = this.kept.map(sample => sample.ms)
    const averageMs = mean(times)
    return {
      samples: times.length,
      averageMs,
      deviationMs: mean(times.map(ms => Math.abs(ms - averageMs))),
      minMs: Math.min(...times),
      maxMs: Math.max(...times),
      periodSeconds: Math.max(1, nowSeconds - this.kept[0].seconds),
    }
  }
}

function mean(values: readonly number[]): number {
  return Math.trunc(values.reduce((sum, value) => sum + value, 0) / values.length)
}

export class LatencyMonitor {
  /** Config latency-monitor-threshold; 0 is off. */
  thresholdMs = 0
  readonly events = new Map<string, LatencySeries>()
  readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Notes that an event took so long, if that is too long. */
  add(event: string, ms: number): void {
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return
    let series = this.events.get(event)
    if (series === undefined) this.events.set(event, (series = new LatencySeries()))
    series.add(Math.floor(this.clock.now() / 1000), Math.floor(ms))
  }

  /** Forgets the event of this name, in any case; returns how many there were. */
  reset(name: string): number {
    let forgotten = 0
    for (const event of this.events.keys()) {
      if (event.toLowerCase() !== name.toLowerCase()) continue
      this.events.delete(event)
      forgotten++
    }
    return forgotten
  }

  /** Forgets all events; returns how many there were. */
  resetAll(): number {
    const forgotten = this.events.size
    this.events.clear()
    return forgotten
  }
}
