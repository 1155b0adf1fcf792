/** WAIT and WAITAOF: clients that wait until enough replicas have acknowledged an offset. */
import type { ClockTimer } from '../clock/clock.js'
import type { Replicas } from './replicas.js'

interface Waiter {
  readonly isSatisfied: () => boolean
  readonly timer: ClockTimer | null
  readonly done: () => void
}

export interface Wait {
  /** Nobody waits any more. */
  cancel(): void
  /** As when the time is up. */
  timeOut(): void
}

export class Waiters {
  private readonly replicas: Replicas
  private readonly waiting = new Set<Waiter>()

  constructor(replicas: Replicas) {
    this.replicas = replicas
  }

  /** Replicas that have acknowledged `offset`. */
  count(offset: number): number {
    let count = 0
    for (const link of this.replicas.links) if (link.state === 'online' && link.acknowledgedOffset >= offset) count++
    return count
  }

  /** Replicas whose append-only file has `offset` on disk. */
  countFsynced(offset: number): number {
    let count = 0
    for (const link of this.replicas.links) if (link.state === 'online' && link.fsyncedOffset >= offset) count++
    return count
  }

  /** How many wait for a limited time. O(those who wait). */
  get timedCount(): number {
    let count = 0
    for (const { timer } of this.waiting) if (timer !== null) count++
    return count
  }

  /**
   * Calls `done` once an acknowledgement has made `isSatisfied` true, or after `timeoutMs` (0: never). Returns what ends the
   * wait before that.
   */
  add(isSatisfied: () => boolean, timeoutMs: number, done: () => void): Wait {
    const timer = timeoutMs === 0 ? null : this.replicas.clock.setTimeout(() => this.end(waiter), timeoutMs)
    timer?.unref?.()
    const waiter: Waiter = { isSatisfied, timer, done }
    this.waiting.add(waiter)
    return { cancel: () => this.forget(waiter), timeOut: () => this.end(waiter) }
  }

  /** A replica, or this server's own file, has come further. */
  acknowledged(): void {
    for (const waiter of [...this.waiting]) if (waiter.isSatisfied()) this.end(waiter)
  }

  private end(waiter: Waiter): void {
    this.forget(waiter)
    waiter.done()
  }

  private forget(waiter: Waiter): void {
    this.waiting.delete(waiter)
    if (waiter.timer !== null) this.replicas.clock.clearTimeout(waiter.timer)
  }
}
