/**
 * How long the calls of one command took, as a log-linear histogram with two significant digits: the cells of an HDR histogram
 * of 1 nanosecond to 1 second (LATENCY_HISTOGRAM_* in Redis's server.h), so that percentiles come out as Redis's do.
 *
 * A value below 256 ns has a cell of its own. Above, each doubling is cut into 128 cells: with `shift` such that
 * value >> shift lies in 128..255, the cell's number is shift * 128 + (value >> shift).
 */

const LINEAR_CELLS = 256
const CELLS_A_DOUBLING = 128
/** 2^30 ns is the first doubling's end beyond one second. */
const CELLS = 24 * CELLS_A_DOUBLING
const MAX_NS = 1e9
const MAX_MS = 1000
/** LATENCY HISTOGRAM counts up to 2^10, 2^11, ... 2^30 ns: about one microsecond, two, four and so on. */
const FIRST_LEVEL_BITS = 10
const LAST_LEVEL_BITS = 30

/** Calls that took at most `microseconds`. */
export interface CumulativeCount {
  readonly microseconds: number
  readonly calls: number
}

/**
 * What a histogram counts a call of `ms` milliseconds as; a second stands for all that is longer. A function of its own, which compilers
 * take in: a double that goes to one they do not is an object each time.
 */
export function callNanoseconds(ms: number): number {
  return ms < MAX_MS ? (ms * 1e6) | 0 : MAX_NS
}

export class LatencyHistogram {
  /** Doubles, since 2^32 calls of one kind are a matter of hours. */
  private readonly cells = new Float64Array(CELLS)

  /** Adds a call that took so many nanoseconds (callNanoseconds). */
  record(ns: number): void {
    const shift = 24 - Math.clz32(ns | (LINEAR_CELLS - 1))
    this.cells[(shift << 7) + (ns >>> shift)]++
  }

  /** Adds the calls of another one. O(cells). */
  add(other: LatencyHistogram): void {
    const { cells } = this
    for (let cell = 0; cell < CELLS; cell++) cells[cell] += other.cells[cell]
  }

  /** Becomes what has to be added to it to make it `later`; where that has less, as behind a reset, nothing. O(cells). */
  replaceByGrowthTo(later: LatencyHistogram): void {
    const { cells } = this
    for (let cell = 0; cell < CELLS; cell++) cells[cell] = Math.max(0, later.cells[cell] - cells[cell])
  }

  /** O(cells). */
  clear(): void {
    this.cells.fill(0)
  }

  /** Number of calls. O(cells). */
  get count(): number {
    let count = 0
    for (const calls of this.cells) count += calls
    return count
  }

  /** For each percentile the microseconds within which so many percent of the calls ended, as exact as the cells are. O(cells). */
  percentiles(percentiles: readonly number[]): number[] {
    const { count } = this
    return percentiles.map(percentile => {
      const cell = this.cellOfCall(Math.max(1, Math.floor((Math.min(percentile, 100) / 100) * count + 0.5)))
      return (percentile === 0 ? lowestNs(cell) : highestNs(cell)) / 1000
    })
  }

  /** The cell of the `rank`th of all calls, the fastest first. */
  private cellOfCall(rank: number): number {
    let calls = this.cells[0]
    let cell = 0
    while (calls < rank && cell < CELLS - 1) calls += this.cells[++cell]
    return cell
  }

  /** How many calls took at most how long, at powers of two; levels that add none are left out. O(cells). */
  cumulative(): CumulativeCount[] {
    const counts: CumulativeCount[] = []
    let calls = 0
    let counted = 0
    let cell = 0
    for (let bits = FIRST_LEVEL_BITS; bits <= LAST_LEVEL_BITS; bits++) {
      const last = Math.min(CELLS - 1, cellOf(2 ** bits))
      while (cell <= last) calls += this.cells[cell++]
      if (calls > counted) counts.push({ microseconds: Math.floor(highestNs(last) / 1000), calls })
      counted = calls
    }
    return counts
  }
}

function shiftOf(cell: number): number {
  return cell < LINEAR_CELLS ? 0 : Math.floor(cell / CELLS_A_DOUBLING) - 1
}

function cellOf(ns: number): number {
  const shift = 24 - Math.clz32(ns | (LINEAR_CELLS - 1))
  return (shift << 7) + (ns >>> shift)
}

function lowestNs(cell: number): number {
  const shift = shiftOf(cell)
  return (cell - shift * CELLS_A_DOUBLING) * 2 ** shift
}

function highestNs(cell: number): number {
  return lowestNs(cell) + 2 ** shiftOf(cell) - 1
}
