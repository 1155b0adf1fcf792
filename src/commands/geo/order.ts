/** Puts what was found in order, as far as it is wanted; equal distances stay as Redis's two ways to sort leave them. */
import { performance } from '../../clock/platform.js'
import { MergeSort } from '../generic/sort/merge-sort.js'
import { Order } from '../generic/sort/order.js'
import { RangeSort } from '../generic/sort/partial-sort.js'
import type { FoundMembers } from './found-members.js'

const STEPS_BETWEEN_CLOCK_READS = 4096

const NO_TIE_BREAK = (): number => 0

export class FoundOrder {
  private readonly found: FoundMembers
  private readonly order: Order
  private readonly sort: MergeSort | RangeSort
  /** Which were found, by their places in the order, as far as they are wanted. */
  get sorted(): Uint32Array {
    return this.sort.sorted
  }
  /** How many have got their key. */
  private keyed = 0

  /** Of what was found, the first `wanted`. */
  constructor(found: FoundMembers, isDescending: boolean, wanted: number) {
    const { count } = found
    this.found = found
    this.order = new Order(count, isDescending, NO_TIE_BREAK)
    this.sort =
      wanted < count
        ? new RangeSort(this.order, new Uint32Array(count), 0, wanted - 1)
        : new MergeSort(this.order, count)
  }

  get memoryBytes(): number {
    return this.order.keys.byteLength + this.sort.memoryBytes
  }

  /** Goes on until `deadlineMs` (performance.now()), for a while at least. True: done. */
  step(deadlineMs: number): boolean {
    const { found, order, sorted } = this
    while (this.keyed < found.count) {
      const until = Math.min(found.count, this.keyed + STEPS_BETWEEN_CLOCK_READS)
      for (; this.keyed < until; this.keyed++) {
        order.setKey(this.keyed, found.distances[this.keyed])
        sorted[this.keyed] = this.keyed
      }
      if (this.keyed < found.count && performance.now() >= deadlineMs) return false
    }
    return this.sort.step(deadlineMs)
  }
}
