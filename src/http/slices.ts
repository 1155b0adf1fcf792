/** Work in slices, for all who have some: together they take a millisecond of a turn of the event loop. */
import { performance, setImmediate } from '../clock/platform.js'

const SLICE_MS = 1

/** Does some of the work, until `deadlineMs` (performance.now()). True: there is more. */
export type Work = (deadlineMs: number) => boolean

export class Slices {
  private due: Work[] = []
  private scheduled = false

  add(work: Work): void {
    this.due.push(work)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => this.run())
  }

  private run(): void {
    this.scheduled = false
    const { due } = this
    this.due = []
    const deadlineMs = performance.now() + SLICE_MS
    let next = 0
    do {
      const work = due[next++]
      if (work(deadlineMs)) this.due.push(work)
    } while (next < due.length && performance.now() < deadlineMs)
    // Who has had no turn comes before those who have.
    if (next < due.length) this.due = [...due.slice(next), ...this.due]
    if (this.due.length > 0) this.schedule()
  }
}
