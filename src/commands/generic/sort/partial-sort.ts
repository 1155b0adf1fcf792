/**
 * Sorts no more than a range needs: quicksort in the manner of Bentley and McIlroy ("Engineering a Sort Function", 1993) that
 * leaves out parts outside of the range. It is not stable. SORT with BY and LIMIT uses one such in Redis (pqsort.c), and where
 * nothing tells two elements apart, the steps of the algorithm decide which is first: this one takes the same.
 */
import type { Order } from './order.js'

/** Shorter parts are sorted by insertion; from the next two on the pivot is a median of three, and of three medians of three. */
const INSERTION_BELOW = 7
const MEDIAN_ABOVE = 7
const NINTHER_ABOVE = 40

/** Puts what belongs to [first, last] of the order there. */
export function sortRange(order: Order, elements: Uint32Array, first: number, last: number): void {
  sortPart(order, elements, 0, elements.length, first, last)
}

function sortPart(order: Order, elements: Uint32Array, from: number, to: number, first: number, last: number): void {
  while (to - from >= INSERTION_BELOW) {
    const pivot = choosePivot(order, elements, from, to - from)
    swap(elements, from, pivot)
    // Equal ones are collected at both ends: [from, equalLeft) and (equalRight, to).
    let equalLeft = from + 1
    let left = from + 1
    let right = to - 1
    let equalRight = to - 1
    for (;;) {
      let compared = 0
      while (left <= right && (compared = order.compare(elements[left], elements[from])) <= 0) {
        if (compared === 0) swap(elements, equalLeft++, left)
        left++
      }
      while (left <= right && (compared = order.compare(elements[right], elements[from])) >= 0) {
        if (compared === 0) swap(elements, right, equalRight--)
        right--
      }
      if (left > right) break
      swap(elements, left++, right--)
    }
    const less = left - equalLeft
    const greater = equalRight - right
    // From the ends they go to the middle.
    swapRanges(elements, from, left, Math.min(equalLeft - from, less))
    swapRanges(elements, left, to, Math.min(greater, to - 1 - equalRight))
    if (less > 1 && concerns(from, from + less, first, last)) sortPart(order, elements, from, from + less, first, last)
    if (greater <= 1 || !concerns(to - greater, to, first, last)) return
    from = to - greater
  }
  insertionSort(order, elements, from, to)
}

/** Whether any of [from, to) is wanted. */
function concerns(from: number, to: number, first: number, last: number): boolean {
  return !(first < from && last < from) && !(first >= to && last >= to)
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
