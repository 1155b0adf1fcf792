/**
 * Deadlines in order, with one timer for them all: a binary heap, so that many that never come, as most do not, cost nobody but
 * those who set them. O(log n) to add and to remove.
 */
import type { Clock, ClockTimer } from '../../clock/clock.js'
import { performance } from '../../clock/platform.js'

export interface Deadline {
  /** Unix time in milliseconds. */
  readonly untilMs: number
  /** Its place in the heap; -1: it is in none. */
  heapIndex: number
}

/** How long those whose time is up may hold up others, in one go. */
const SLICE_MS = 1
/** The wall clock may be set, and a timer does not see that: it looks at the clock as often as this. */
const LOOK_MAX_MS = 1000

export class Deadlines<T extends Deadline> {
  private readonly heap: T[] = []
  private readonly clock: Clock
  private readonly onPassed: (deadline: T) => void
  private timer: ClockTimer | null = null
  /** When the timer goes off, Unix time. One that is no longer wanted stays: to take it back for each would cost more. */
  private timerMs = Number.POSITIVE_INFINITY

  /** @param onPassed called with each deadline that has passed, which is out of the heap then. */
  constructor(clock: Clock, onPassed: (deadline: T) => void) {
    this.clock = clock
    this.onPassed = onPassed
  }

  get count(): number {
    return this.heap.length
  }

  add(deadline: T): void {
    const { heap } = this
    deadline.heapIndex = heap.length
    heap.push(deadline)
    this.rise(deadline)
    if (heap[0] === deadline && deadline.untilMs < this.timerMs) this.arm()
  }

  /** Nothing happens when it is not there. */
  remove(deadline: T): void {
    const { heap } = this
    const index = deadline.heapIndex
    if (index < 0) return
    deadline.heapIndex = -1
    const last = heap.pop() as T
    if (last === deadline) return
    this.put(last, index)
    this.rise(last)
    this.sink(last)
  }

  close(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer)
    this.timer = null
  }

  private arm(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer)
    this.timer = null
    this.timerMs = Number.POSITIVE_INFINITY
    if (this.heap.length === 0) return
    const now = this.clock.now()
    // A time-out has to be over, not just reached.
    const delayMs = Math.min(Math.max(0, this.heap[0].untilMs - now + 1), LOOK_MAX_MS)
    this.timerMs = now + delayMs
    this.timer = this.clock.setTimeout(() => this.run(), delayMs)
    this.timer.unref?.()
  }

  private run(): void {
    const { heap } = this
    const now = this.clock.now()
    const sliceEnd = performance.now() + SLICE_MS
    while (heap.length > 0 && heap[0].untilMs < now && performance.now() < sliceEnd) {
      const [first] = heap
      this.remove(first)
      this.onPassed(first)
    }
    this.arm()
  }

  private put(deadline: T, index: number): void {
    this.heap[index] = deadline
    deadline.heapIndex = index
  }

  private rise(deadline: T): void {
    const { heap } = this
    let index = deadline.heapIndex
    while (index > 0) {
      const above = (index - 1) >> 1
      if (heap[above].untilMs <= deadline.untilMs) break
      this.put(heap[above], index)
      index = above
    }
    this.put(deadline, index)
  }

  private sink(deadline: T): void {
    const { heap } = this
    let index = deadline.heapIndex
    for (;;) {
      let below = index * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1].untilMs < heap[below].untilMs) below++
      if (heap[below].untilMs >= deadline.untilMs) break
      this.put(heap[below], index)
      index = below
    }
    this.put(deadline, index)
  }
}
