/**
 * A stable sort that can be paused anywhere: merges of runs, from small ones to the whole. What glibc's qsort does with memory enough,
 * so elements that nothing tells apart stay as they were, as they do in Redis. Keys move along with the elements' numbers, so
 * that merges read memory in order.
 */
import { performance } from '../../../clock/platform.js'
import type { Order } from './order.js'

/** Runs of so many are sorted by insertion. */
const FIRST_RUN = 8
const STEPS_BETWEEN_CLOCK_READS = 1024

export class MergeSort {
  /** The elements' numbers; in order when step() has returned true. */
  sorted: Uint32Array
  private readonly order: Order
  private readonly count: number
  private keys: Float64Array = new Float64Array(0)
  private spare: Uint32Array = new Uint32Array(0)
  private spareKeys: Float64Array = new Float64Array(0)
  private hasRoom = false
  private run = 0
  /** Where the next run, or pair of runs, begins; and the merge under way: what has been taken of both, and put. */
  private at = 0
  private left = 0
  private right = 0
  private put = 0

  /** Sorts elements 0 .. count - 1. */
  constructor(order: Order, count: number) {
    this.order = order
    this.count = count
    this.sorted = new Uint32Array(count)
  }

  get memoryBytes(): number {
    const { keys, sorted, spare, spareKeys } = this
    return keys.byteLength + sorted.byteLength + spare.byteLength + spareKeys.byteLength
  }

  /** Goes on until `deadlineMs` (performance.now()), for a while at least. True: sorted. */
  step(deadlineMs: number): boolean {
    const { length } = this.sorted
    if (!this.hasRoom && !this.makeRoom(deadlineMs)) return false
    for (;;) {
      if (this.run !== 0 && this.run >= length) return true
      const done = this.run === 0 ? this.sortRuns() : this.mergeSome()
      if (done) this.nextRound()
      else if (performance.now() >= deadlineMs) return false
    }
  }

  /** The memory of an array may have to be cleared, which takes some milliseconds for a few megabytes: one at a time. */
  private makeRoom(deadlineMs: number): boolean {
    const { count } = this
    if (this.keys.length < count) this.keys = new Float64Array(count)
    else if (this.spare.length < count) this.spare = new Uint32Array(count)
    else if (this.spareKeys.length < count) this.spareKeys = new Float64Array(count)
    else {
      this.hasRoom = true
      return true
    }
    return performance.now() < deadlineMs && this.makeRoom(deadlineMs)
  }

  private nextRound(): void {
    if (this.run === 0) this.run = FIRST_RUN
    else {
      const { keys, sorted } = this
      this.sorted = this.spare
      this.keys = this.spareKeys
      this.spare = sorted
      this.spareKeys = keys
      this.run *= 2
    }
    this.beginMerge(0)
  }

  /** Some of the first runs; true when all are done. */
  private sortRuns(): boolean {
    const { length } = this.sorted
    const until = Math.min(length, this.at + STEPS_BETWEEN_CLOCK_READS)
    for (; this.at < until; this.at += FIRST_RUN) this.insertionSort(this.at, Math.min(length, this.at + FIRST_RUN))
    return this.at >= length
  }

  private insertionSort(from: number, to: number): void {
    const { keys, order, sorted } = this
    for (let element = from; element < to; element++) {
      const key = order.keys[element]
      let at = element
      while (at > from && (keys[at - 1] > key || (keys[at - 1] === key && order.tieOf(sorted[at - 1], element) > 0))) {
        sorted[at] = sorted[at - 1]
        keys[at] = keys[at - 1]
        at--
      }
      sorted[at] = element
      keys[at] = key
    }
  }

  private beginMerge(at: number): void {
    this.at = at
    this.left = at
    this.right = Math.min(this.sorted.length, at + this.run)
    this.put = at
  }

  /** Some of a merge; true when all of this round are done. */
  private mergeSome(): boolean {
    const { keys, order, run, sorted, spare, spareKeys } = this
    const { length } = sorted
    const middle = Math.min(length, this.at + run)
    const end = Math.min(length, middle + run)
    let { left, put, right } = this
    const until = Math.min(end, put + STEPS_BETWEEN_CLOCK_READS)
    while (put < until) {
      let takesLeft = left < middle
      if (takesLeft && right < end) {
        const leftKey = keys[left]
        const rightKey = keys[right]
        takesLeft = leftKey < rightKey || (leftKey === rightKey && order.tieOf(sorted[left], sorted[right]) <= 0)
      }
      const taken = takesLeft ? left++ : right++
      spare[put] = sorted[taken]
      spareKeys[put++] = keys[taken]
    }
    this.left = left
    this.right = right
    this.put = put
    if (put < end) return false
    this.beginMerge(end)
    return end >= length
  }
}
