/** The work of a SORT: collects the elements, weighs them, puts them in order. All of it can be done in slices. */

import { parseWeight } from '../../../bytes/floats/doubles.js'
import { performance } from '../../../clock/platform.js'
import { ByteRange } from '../../../types/byte-range.js'
import type { CommandContext } from '../../context.js'
import { ByteStrings } from './byte-strings.js'
import type { ElementFeed, FeedRange } from './feed.js'
import { FirstOnes } from './first-ones.js'
import { MergeSort } from './merge-sort.js'
import { byBytes, byElement, byLanguage, byText, Order, type TieBreak } from './order.js'
import { sortRange } from './partial-sort.js'
import type { SortPattern } from './pattern.js'

/** What is to be done. */
export interface SortPlan {
  readonly unsorted: boolean
  readonly isDescending: boolean
  readonly alpha: boolean
  readonly by: SortPattern | null
  /** What is looked at. */
  readonly fed: FeedRange
  /** Which of them are wanted, in the end: [first, last]. */
  readonly first: number
  readonly last: number
  /** What ALPHA compares by: as bytes (STORE: the same everywhere), or as a language does; null: as the C locale. */
  readonly collation: 'bytes' | Intl.Collator | null
}

/** Less than this share of all elements are found without sorting the rest. */
const FEW_SHARE = 1 / 8
const STEPS_BETWEEN_CLOCK_READS = 256

export class Sorting {
  readonly elements: ByteStrings
  /** An element that is to be a number is none. */
  failed = false
  private readonly feed: ElementFeed
  private readonly plan: SortPlan
  private collected = false
  /** What BY has found for each element. */
  private weights: ByteStrings | null = null
  private order: Order | null = null
  /** How many elements have been looked at for what their texts share, and weighed. */
  private compared = 0
  private weighed = 0
  private sort: MergeSort | FirstOnes | null = null
  private sorted: Uint32Array | null = null
  private done = false
  private readonly visit = (bytes: Buffer, start: number, end: number): void => this.elements.add(bytes, start, end)

  /** close() has to follow. */
  constructor(feed: ElementFeed, plan: SortPlan) {
    this.feed = feed
    this.plan = plan
    this.elements = new ByteStrings(plan.fed.count)
    if (feed.isShort) this.collect(Number.POSITIVE_INFINITY)
  }

  get memoryBytes(): number {
    const keys = this.order === null ? 0 : this.order.keys.byteLength
    const weights = this.weights?.memoryBytes ?? 0
    return this.elements.memoryBytes + weights + keys + (this.sort?.memoryBytes ?? 0)
  }

  /**
   * Finds what BY compares instead of the elements: as it is now, so it cannot wait and has to come before step(). O(elements), each a
   * look-up.
   */
  weighBy(ctx: CommandContext, by: SortPattern): void {
    const { elements, plan } = this
    this.collect(Number.POSITIVE_INFINITY)
    const count = elements.count
    const found = new ByteRange()
    if (plan.alpha) {
      const weights = new ByteStrings(count)
      for (let i = 0; i < count; i++) {
        if (by.find(ctx, elements.buffer(i), elements.start(i), elements.end(i), found)) {
          weights.add(found.buffer, found.start, found.end)
        } else weights.addNothing()
      }
      this.weights = weights
      return
    }
    const order = new Order(count, plan.isDescending, byElement(elements))
    for (let i = 0; i < count; i++) {
      const there = by.find(ctx, elements.buffer(i), elements.start(i), elements.end(i), found)
      if (there) this.weigh(order, i, found.buffer, found.start, found.end)
    }
    this.order = order
    this.weighed = count
  }

  /** Goes on until `deadlineMs` (performance.now()), for a while at least. True: done, and element() tells the order, unless it `failed`. */
  step(deadlineMs: number): boolean {
    if (this.done) return true
    if (!this.collect(deadlineMs)) return false
    if (!this.plan.unsorted) {
      if (!this.weighSome(deadlineMs)) return false
      if (this.order !== null && !this.failed && !this.sortSome(this.order, deadlineMs)) return false
    }
    this.done = true
    return true
  }

  /** The element at a place in the order, from `first` to `last`. */
  element(place: number): number {
    return this.sorted === null ? place : this.sorted[place]
  }

  close(): void {
    if (!this.collected) this.feed.close()
  }

  private collect(deadlineMs: number): boolean {
    if (this.collected) return true
    while (this.feed.step(this.visit)) if (performance.now() >= deadlineMs) return false
    this.collected = true
    this.feed.close()
    return true
  }

  private weigh(order: Order, element: number, bytes: Buffer, start: number, end: number): void {
    const weight = parseWeight(bytes, start, end)
    if (Number.isNaN(weight)) this.failed = true
    else order.setKey(element, weight)
  }

  private weighSome(deadlineMs: number): boolean {
    const { elements, plan, weights } = this
    const { count } = elements
    this.order ??= new Order(count, plan.isDescending, this.tie())
    const texts = plan.alpha ? (weights ?? elements) : null
    // In another language's order the first bytes say nothing.
    const isByByte = plan.collation === 'bytes' || plan.collation === null
    while (texts !== null && isByByte && this.compared < count) {
      const until = Math.min(count, this.compared + STEPS_BETWEEN_CLOCK_READS)
      for (; this.compared < until; this.compared++) texts.noteShared(this.compared)
      if (performance.now() >= deadlineMs) return false
    }
    while (this.weighed < count) {
      const until = Math.min(count, this.weighed + STEPS_BETWEEN_CLOCK_READS)
      for (let i = this.weighed; i < until; i++) {
        if (texts === null) this.weigh(this.order, i, elements.buffer(i), elements.start(i), elements.end(i))
        else if (isByByte) this.order.setKey(i, texts.prefix(i))
      }
      this.weighed = until
      if (performance.now() >= deadlineMs) return false
    }
    return true
  }

  private tie(): TieBreak {
    const { alpha, collation } = this.plan
    const texts = this.weights ?? this.elements
    if (!alpha) return byElement(this.elements)
    if (collation === 'bytes') return byBytes(texts)
    return collation === null ? byText(texts) : byLanguage(texts, collation)
  }

  private sortSome(order: Order, deadlineMs: number): boolean {
    const { alpha, by, first, last } = this.plan
    const { count } = this.elements
    if (alpha && by !== null && (first !== 0 || last !== count - 1)) {
      // Many may have the same text, and which of them come into the range is for the algorithm to say.
      this.sorted = Uint32Array.from({ length: count }, (_, i) => i)
      sortRange(order, this.sorted, first, last)
      return true
    }
    const wanted = Math.max(0, last + 1)
    this.sort ??= wanted < count * FEW_SHARE ? new FirstOnes(order, count, wanted) : new MergeSort(order, count)
    if (!this.sort.step(deadlineMs)) return false
    this.sorted = this.sort.sorted
    return true
  }
}
