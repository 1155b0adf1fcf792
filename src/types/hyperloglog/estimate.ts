/**
 * How many elements have set a HyperLogLog's registers to what they are: Otmar Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (arXiv:1702.01284), in Redis's order of operations, so that the last bit is the same.
 */
import { countOf, type Histogram } from './histogram.js'
import { REGISTERS } from './layout.js'

/** 1 / (2 ln 2) */
const ALPHA_INFINITE = 0.7213475204444817
/** The highest rank there is but one, which comes from hashes without any one bit. */
const RANKS = 50
/** What C makes of a number that does not fit 64 bits: of registers higher than any element sets them. */
const OVERFLOWN = -(2 ** 63)

/** An integer below 2^63, from how many registers have each value. */
export function estimate(histogram: Histogram): number {
  const m = REGISTERS
  let z = m * tau((m - countOf(histogram, RANKS + 1)) / m)
  for (let rank = RANKS; rank >= 1; rank--) z = (z + countOf(histogram, rank)) * 0.5
  z += m * sigma(countOf(histogram, 0) / m)
  const cardinality = Math.round((ALPHA_INFINITE * m * m) / z)
  return cardinality < -OVERFLOWN ? cardinality : OVERFLOWN
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY
  let y = 1
  let z = x
  for (let before = Number.NaN; before !== z; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) * (1 - x) * y
  }
  return z / 3
}
