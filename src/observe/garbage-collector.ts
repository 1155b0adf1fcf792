/** Pauses of the JavaScript engine's garbage collector: where Redis looks for a slow fork, this server looks here. */
import { PerformanceObserver } from 'node:perf_hooks'

/** Tells of each pause; the engine is asked only while somebody wants to know. */
export class CollectorWatch {
  private observer: PerformanceObserver | null = null
  private readonly onPause: (ms: number) => void

  constructor(onPause: (ms: number) => void) {
    this.onPause = onPause
  }

  start(): void {
    if (this.observer !== null) return
    this.observer = new PerformanceObserver(list => {
      for (const { duration } of list.getEntries()) this.onPause(duration)
    })
    this.observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.observer?.disconnect()
    this.observer = null
  }
}
