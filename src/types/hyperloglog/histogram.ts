/**
 * How many registers have each value. Neighbours count apart, in four lanes, since most registers have one of a few values, and an
 * increment has to wait for the one before if that is of the same number.
 */
import { REGISTER_MAX } from './layout.js'

export const LANE = REGISTER_MAX + 1
const LANES = 4

export type Histogram = Int32Array

export function newHistogram(): Histogram {
  return new Int32Array(LANES * LANE)
}

/** How many registers have the value. */
export function countOf(histogram: Histogram, value: number): number {
  return histogram[value] + histogram[LANE + value] + histogram[2 * LANE + value] + histogram[3 * LANE + value]
}

/** Counts registers of which each byte of a word is one. */
export function countWords(words: Int32Array, histogram: Histogram): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === 0) histogram[0] += LANES
    else {
      histogram[word & 0xff]++
      histogram[LANE + ((word >>> 8) & 0xff)]++
      histogram[2 * LANE + ((word >>> 16) & 0xff)]++
      histogram[3 * LANE + (word >>> 24)]++
    }
  }
}
