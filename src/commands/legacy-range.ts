/** Key specs in the terms of Redis before 7: one range for all keys (populateCommandLegacyRangeSpec in Redis's server.c). */
import { KEY_INCOMPLETE, type KeySpec } from './spec.js'

/** The first, last and step of COMMAND INFO. A negative last counts from the end; all zero: no keys in a range. */
export interface LegacyRange {
  readonly first: number
  readonly last: number
  readonly step: number
}

const NO_RANGE: LegacyRange = { first: 0, last: 0, step: 0 }

/** The range that stands for the key specs: that of the only one, or of those that follow each other. */
export function legacyRange(specs: readonly KeySpec[]): LegacyRange {
  if (specs.length === 1) return rangeOf(specs[0]) ?? NO_RANGE
  let first = 0
  let last = 0
  for (const spec of specs) {
    const range = rangeOf(spec)
    if (range === null || !follows(range, last)) continue
    if (first === 0) first = range.first
    // A last key counted from the end lies behind any other.
    if (last >= 0) last = range.last < 0 ? range.last : Math.max(last, range.last)
  }
  return first === 0 ? NO_RANGE : { first, last, step: 1 }
}

/** Whether some key may be outside that range: COMMAND INFO's flag movablekeys. */
export function hasMovableKeys(specs: readonly KeySpec[]): boolean {
  let last = 0
  for (const spec of specs) {
    const range = rangeOf(spec)
    if (range === null || (spec.flags & KEY_INCOMPLETE) !== 0) return true
    if (specs.length > 1 && !follows(range, last)) return true
    last = range.last
  }
  return false
}

function rangeOf({ begin, find }: KeySpec): LegacyRange | null {
  if (begin.type !== 'index' || find.type !== 'range') return null
  const last = find.last < 0 ? find.last : begin.index + find.last
  return { first: begin.index, last, step: find.step }
}

/** Only adjacent ranges without gaps can be told as one. */
function follows(range: LegacyRange, last: number): boolean {
  return range.step === 1 && (last === 0 || last === range.first - 1)
}
