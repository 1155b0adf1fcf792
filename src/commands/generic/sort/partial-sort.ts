/**
 * Sorts no more than a range needs: quicksort in the manner of Bentley and McIlroy ("Engineering a Sort Function", 1993) that
 * leaves out parts outside of the range. It is not stable. SORT with BY and LIMIT uses one such in Redis (pqsort.c), and where
 * nothing tells two elements apart, the steps of the algorithm decide which is first: this one takes the same.
 */
import { performance } from '../../../clock/platform.js'
import type { Order } from './order.js'

/** Shorter parts are sorted by insertion; from the next two on the pivot is a median of three, and of three medians of three. */
const INSERTION_BELOW = 7
const MEDIAN_ABOVE = 7
const NINTHER_ABOVE = 40

const STEPS_BETWEEN_CLOCK_READS = 1024

/** Puts what belongs to [first, last] of the order there. */
export function sortRange(order: Order, elements: Uint32Array, first: number, last: number): void {
  new RangeSort(order, elements, first, last).step(Number.POSITIVE_INFINITY)
}

/** The same, in a way that can be paused. */
export class RangeSort {
  /** In order from `first` to `last` when step() has returned true. */
  readonly sorted: Uint32Array
  private readonly order: Order
  private readonly first: number
  private readonly last: number
  /** Parts that are to be sorted, their ends by turns; those on top come first. */
  private readonly parts: number[] = []
  // The partition under way. What is equal to the pivot is collected at both ends: [from, equalLeft) and (equalRight, to).
  private isPartitioning = false
  private from = 0
  private to = 0
  private equalLeft = 0
  private left = 0
  private right = 0
  private equalRight = 0
  /** The element at `left` belongs to the right. */
  private leftStands = false

  constructor(order: Order, elements: Uint32Array, first: number, last: number) {
    this.order = order
    this.sorted = elements
    this.first = first
    this.last = last
    this.parts.push(0, elements.length)
  }

  get memoryBytes(): number {
    return this.sorted.byteLength
  }

  /** Goes on until `deadlineMs` (performance.now()), for a while at least. True: sorted. */
  step(deadlineMs: number): boolean {
    const { parts } = this
    let compared = 0
    for (;;) {
      if (!this.isPartitioning) {
        if (parts.length === 0) return true
        this.to = parts.pop() as number
        this.from = parts.pop() as number
        compared += this.to - this.from
        if (this.to - this.from < INSERTION_BELOW) insertionSort(this.order, this.sorted, this.from, this.to)
        else this.beginPartition()
      } else if (this.partitionSome()) this.endPartition()
      else compared = STEPS_BETWEEN_CLOCK_READS
      if (compared < STEPS_BETWEEN_CLOCK_READS) continue
      compared = 0
      if (deadlineMs !== Number.POSITIVE_INFINITY && performance.now() >= deadlineMs) return false
    }
  }

  private beginPartition(): void {
    const { from, order, sorted: elements, to } = this
    swap(elements, from, choosePivot(order, elements, from, to - from))
    this.equalLeft = this.left = from + 1
    this.right = this.equalRight = to - 1
    this.leftStands = false
    this.isPartitioning = true
  }

  /** Some of it; true when all elements but the equal ones are where they belong. */
  private partitionSome(): boolean {
    const { order, sorted: elements } = this
    const pivot = elements[this.from]
    let { equalLeft, equalRight, left, leftStands, right } = this
    let steps = STEPS_BETWEEN_CLOCK_READS
    while (left <= right && steps-- > 0) {
      if (!leftStands) {
        const compared = order.compare(elements[left], pivot)
        if (compared > 0) leftStands = true
        else {
          if (compared === 0) swap(elements, equalLeft++, left)
          left++
        }
        continue
      }
      const compared = order.compare(elements[right], pivot)
      if (compared < 0) {
        swap(elements, left++, right)
        leftStands = false
      } else if (compared === 0) swap(elements, right, equalRight--)
      right--
    }
    this.equalLeft = equalLeft
    this.equalRight = equalRight
    this.left = left
    this.right = right
    this.leftStands = leftStands
    return left > right
  }

  private endPartition(): void {
    const { equalLeft, equalRight, from, left, right, sorted: elements, to } = this
    const less = left - equalLeft
    const greater = equalRight - right
    // From the ends they go to the middle.
    swapRanges(elements, from, left, Math.min(equalLeft - from, less))
    swapRanges(elements, left, to, Math.min(greater, to - 1 - equalRight))
    if (greater > 1) this.addPart(to - greater, to)
    if (less > 1) this.addPart(from, from + less)
    this.isPartitioning = false
  }

  /** Only what holds any of [first, last] is sorted. */
  private addPart(from: number, to: number): void {
    const { first, last } = this
    if (!(first < from && last < from) && !(first >= to && last >= to)) this.parts.push(from, to)
  }
}

function insertionSort(order: Order, elements: Uint32Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    for (let at = i; at > from && order.compare(elements[at - 1], elements[at]) > 0; at--) swap(elements, at, at - 1)
  }
}

function choosePivot(order: Order, elements: Uint32Array, from: number, count: number): number {
  let middle = from + Math.trunc(count / 2)
  if (count <= MEDIAN_ABOVE) return middle
  let low = from
  let high = from + count - 1
  if (count > NINTHER_ABOVE) {
    const step = Math.trunc(count / 8)
    low = medianOf(order, elements, low, low + step, low + 2 * step)
    middle = medianOf(order, elements, middle - step, middle, middle + step)
    high = medianOf(order, elements, high - 2 * step, high - step, high)
  }
  return medianOf(order, elements, low, middle, high)
}

function medianOf(order: Order, elements: Uint32Array, a: number, b: number, c: number): number {
  if (order.compare(elements[a], elements[b]) < 0) {
    if (order.compare(elements[b], elements[c]) < 0) return b
    return order.compare(elements[a], elements[c]) < 0 ? c : a
  }
  if (order.compare(elements[b], elements[c]) > 0) return b
  return order.compare(elements[a], elements[c]) < 0 ? a : c
}

function swap(elements: Uint32Array, a: number, b: number): void {
  const element = elements[a]
  elements[a] = elements[b]
  elements[b] = element
}

/** Trades the first `count` elements from `start` on for the last ones in front of `end`. */
function swapRanges(elements: Uint32Array, start: number, end: number, count: number): void {
  for (let i = 0; i < count; i++) swap(elements, start + i, end - count + i)
}
