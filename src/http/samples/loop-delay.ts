/** The event loop's delay: a timer is due every few milliseconds, and what matters is how late it comes. */
import { clearInterval, performance, setInterval } from '../../clock/platform.js'
import type { LoopDelay } from './sample.js'

const PERIOD_MS = 20
/** More than come in a second. */
const KEPT = 128
/** Seconds, for the histogram that /metrics shows. */
export const DELAY_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export class LoopDelays {
  /** Wake-ups so far, in all and by the first bucket that they fit in; the last one is for those that fit in none. */
  count = 0
  readonly byBucket: number[] = new Array<number>(DELAY_BUCKETS.length + 1).fill(0)
  /** All delays so far together. */
  sumSeconds = 0
  /** Those since the last sample, in milliseconds. */
  private readonly recent = new Float64Array(KEPT)
  private recentCount = 0
  private dueMs = 0
  private timer: NodeJS.Timeout | null = null

  start(): void {
    this.dueMs = performance.now() + PERIOD_MS
    this.timer = setInterval(() => this.note(performance.now()), PERIOD_MS).unref()
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  private note(nowMs: number): void {
    const lateMs = Math.max(0, nowMs - this.dueMs)
    this.dueMs = nowMs + PERIOD_MS
    if (this.recentCount < KEPT) this.recent[this.recentCount++] = lateMs
    const seconds = lateMs / 1000
    let bucket = 0
    while (bucket < DELAY_BUCKETS.length && seconds > DELAY_BUCKETS[bucket]) bucket++
    this.byBucket[bucket]++
    this.count++
    this.sumSeconds += seconds
  }

  /** Since the last call; null when nothing was measured. */
  sample(): LoopDelay | null {
    const count = this.recentCount
    this.recentCount = 0
    if (count === 0) return null
    const sorted = this.recent.subarray(0, count).sort()
    return { p50: sorted[count >> 1], p99: sorted[Math.floor(count * 0.99)], max: sorted[count - 1] }
  }
}
