/** Rewrites that fail again and again are tried less and less often: each leaves a small file. Source: aofRewriteLimited in Redis's aof.c. */
import { wallClock } from '../../clock/platform.js'
import type { Log } from '../../observe/log.js'

const FAILURES_ALLOWED = 3
const MINUTE_MS = 60_000
const MAX_MINUTES = 60

export class RewriteLimit {
  /** Failures in a row (INFO aof_rewrites_consecutive_failures). */
  failures = 0
  private delayMinutes = 0
  private nextMs = 0
  private readonly log: Log

  constructor(log: Log) {
    this.log = log
  }

  failed(): void {
    this.failures++
  }

  /** A rewrite has succeeded, or somebody asks for one. */
  reset(): void {
    this.failures = 0
  }

  /** Whether it is too early for another try. */
  holds(): boolean {
    if (this.failures < FAILURES_ALLOWED) {
      this.delayMinutes = 0
      this.nextMs = 0
      return false
    }
    if (this.nextMs !== 0) {
      if (wallClock() < this.nextMs) return true
      this.nextMs = 0
      return false
    }
    this.delayMinutes = Math.min(MAX_MINUTES, Math.max(1, this.delayMinutes * 2))
    this.nextMs = wallClock() + this.delayMinutes * MINUTE_MS
    this.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`,
    )
    return true
  }
}
