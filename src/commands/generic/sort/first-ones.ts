/** The first few elements of an order, without sorting all: a heap of the best ones so far, the worst of them on top. O(n log few). */
import { performance } from '../../../clock/platform.js'
import type { Order } from './order.js'

const STEPS_BETWEEN_CLOCK_READS = 1024

export class FirstOnes {
  /** The elements' numbers; in order when step() has returned true. */
  sorted: Uint32Array
  private readonly order: Order
  private readonly count: number
  private next = 0
  private size = 0

  /** The first `wanted` of elements 0 .. count - 1. */
  constructor(order: Order, count: number, wanted: number) {
    this.order = order
    this.count = count
    this.sorted = new Uint32Array(wanted)
  }

  get memoryBytes(): number {
    return this.sorted.byteLength
  }

  /** Goes on until `deadlineMs` (performance.now()), for a while at least. True: done. */
  step(deadlineMs: number): boolean {
    const { count, sorted } = this
    do {
      const until = Math.min(count, this.next + STEPS_BETWEEN_CLOCK_READS)
      for (; this.next < until; this.next++) this.take(this.next)
      if (this.next === count) {
        // Few enough for one go: SORT asks for what is a small part of all.
        sorted.sort((a, b) => this.compare(a, b))
        return true
      }
    } while (performance.now() < deadlineMs)
    return false
  }

  /** What nothing tells apart stays in order, as in a sort that is stable. */
  private compare(a: number, b: number): number {
    const order = this.order.compare(a, b)
    return order === 0 ? a - b : order
  }

  private take(element: number): void {
    const { sorted } = this
    if (this.size < sorted.length) {
      this.size++
      this.rise(this.size - 1, element)
    } else if (this.size > 0 && this.compare(element, sorted[0]) < 0) this.sink(element)
  }

  private rise(at: number, element: number): void {
    const { sorted } = this
    while (at > 0) {
      const above = (at - 1) >> 1
      if (this.compare(sorted[above], element) >= 0) break
      sorted[at] = sorted[above]
      at = above
    }
    sorted[at] = element
  }

  private sink(element: number): void {
    const { size, sorted } = this
    let at = 0
    for (;;) {
      let below = at * 2 + 1
      if (below >= size) break
      if (below + 1 < size && this.compare(sorted[below + 1], sorted[below]) > 0) below++
      if (this.compare(sorted[below], element) <= 0) break
      sorted[at] = sorted[below]
      at = below
    }
    sorted[at] = element
  }
}
