/** What a search has found, in the order in which it came upon the members. */
import type { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { doubleOf } from '../../store/ordered-tree/sort-prefix.js'
import type { Shape } from '../../types/geo/shape.js'

const FIRST_CAPACITY = 256

/** What is looked for. */
export interface Search {
  readonly shape: Shape
  /** Distances are wanted. */
  readonly measured: boolean
  /** So many are enough. */
  readonly limit: number
}

/** What has become of a search in an area: there are no more members; there are more; enough have been found. */
export const AREA_DONE = 0
export const AREA_HAS_MORE = 1
export const ENOUGH_FOUND = 2
export type Outcome = typeof AREA_DONE | typeof AREA_HAS_MORE | typeof ENOUGH_FOUND

export class FoundMembers {
  count = 0
  /** Where each one is: an element's address, or the position of a pair in a listpack. */
  places: Uint32Array
  /** Metres from the centre, if the search measures them: then there is room for as many. */
  distances: Float64Array

  /** @param capacity how many there is room for at first. */
  constructor(capacity = FIRST_CAPACITY, measured = true) {
    this.places = new Uint32Array(capacity)
    this.distances = new Float64Array(measured ? capacity : 0)
  }

  get memoryBytes(): number {
    return this.places.byteLength + this.distances.byteLength
  }

  /** A copy with room for `capacity`, with distances if these are `measured`. */
  copy(capacity: number, measured: boolean): FoundMembers {
    const { count, distances, places } = this
    const copy = new FoundMembers(capacity, measured)
    copy.count = count
    copy.places.set(places.subarray(0, count))
    if (measured) copy.distances.set(distances.subarray(0, count))
    return copy
  }

  /** Adds the member at `place` if its position lies within the shape. True: enough have been found. */
  addIfWithin(place: number, score: number, { limit, measured, shape }: Search): boolean {
    if (!shape.holds(score, measured)) return false
    if (this.count === this.places.length) this.grow()
    this.places[this.count] = place
    if (measured) this.distances[this.count] = shape.distanceM
    this.count++
    return this.count >= limit
  }

  private grow(): void {
    const { distances, places } = this.copy(2 * this.count, true)
    this.places = places
    this.distances = distances
  }

  /**
   * Searches up to `most` entries of an ordered tree from the cursor's on, which is at one, as far as their scores are below `behind`.
   * The cursor stays at the next one to look at.
   */
  searchFrom(cursor: TreeCursor, behind: number, search: Search, most: number): Outcome {
    for (let left = most; left > 0; left--) {
      const score = doubleOf(cursor.high, cursor.low)
      if (score >= behind) return AREA_DONE
      if (this.addIfWithin(cursor.address, score, search)) return ENOUGH_FOUND
      if (!cursor.next()) return AREA_DONE
    }
    return AREA_HAS_MORE
  }
}
