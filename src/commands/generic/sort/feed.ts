/** Elements of a value, one after another: where SORT takes them from. */

/** So many elements of a value, `from` the first of them on: in its own order, or counted and given from its end. */
export interface FeedRange {
  readonly from: number
  readonly count: number
  readonly backward: boolean
}

export type VisitElement = (bytes: Buffer, start: number, end: number) => void

/** Gives elements of a value, as it was when this was made. */
export interface ElementFeed {
  /** It has to be read before the value changes, and that does not take long. */
  readonly isShort: boolean
  /** Calls `visit` with some more of them; false when there are no more. */
  step(visit: VisitElement): boolean
  close(): void
}

export interface ListedValue {
  readonly length: number
  /** The elements have an order of their own. */
  readonly isOrdered: boolean
  /** close() has to follow. A value without an order gives elements from 0 on. */
  feed(range: FeedRange): ElementFeed
}

export const NO_ELEMENTS: ElementFeed = { isShort: true, step: () => false, close: () => {} }
