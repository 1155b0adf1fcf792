/** WAIT: clients that wait until enough replicas have acknowledged an offset. */
import type { Replicas } from './replicas.js'

interface Waiter {
  readonly offset: number
  readonly wanted: number
  readonly timer: NodeJS.Timeout | null
  readonly done: (count: number) => void
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

  /**
   * Calls `done` with the number of replicas once `wanted` have acknowledged `offset`, or after `timeoutMs` (0: never).
   * Returns what ends the wait before that.
   */
  add(offset: number, wanted: number, timeoutMs: number, done: (count: number) => void): Wait {
    const timer = timeoutMs === 0 ? null : setTimeout(() => this.end(waiter), Math.min(timeoutMs, 2147483647))
    const waiter: Waiter = { offset, wanted, timer, done }
    this.waiting.add(waiter)
    return { cancel: () => this.forget(waiter), timeOut: () => this.end(waiter) }
  }

  /** A replica has acknowledged something. */
  acknowledged(): void {
    for (const waiter of [...this.waiting]) if (this.count(waiter.offset) >= waiter.wanted) this.end(waiter)
  }

  private end(waiter: Waiter): void {
    this.forget(waiter)
    waiter.done(this.count(waiter.offset))
  }

  private forget(waiter: Waiter): void {
    this.waiting.delete(waiter)
    if (waiter.timer !== null) clearTimeout(waiter.timer)
  }
}
