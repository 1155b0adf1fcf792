/** Which directive a wrong name was probably meant to be. */
import { spellings } from './directives.js'

const LONGEST_NAME = 64
const MOST_EDITS = 2

/**
 * "Did you mean 'port'?" for a name that is none, or null when nothing is close: a letter, two in long names, wrong, missing, too
 * many or swapped with its neighbour, whatever separates its words. `more` are names that count as well.
 */
export function didYouMean(name: string, more: readonly string[] = []): string | null {
  const nearest = nearestName(name.toLowerCase(), [...spellings.keys(), ...more])
  if (nearest === null) return null
  const current = spellings.get(nearest)?.name ?? nearest
  return `Did you mean '${nearest}'${current === nearest ? '' : ` (now '${current}')`}?`
}

/** The name of `candidates` that is closest to what was given, as didYouMean() measures it. */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  if (name.length > LONGEST_NAME) return null
  const wanted = withoutSeparators(name)
  let fewest = Math.min(MOST_EDITS, Math.max(1, Math.floor(wanted.length / 4))) + 1
  let nearest: string | null = null
  for (const candidate of candidates) {
    const letters = withoutSeparators(candidate)
    if (Math.abs(letters.length - wanted.length) >= fewest || wanted.length < 2) continue
    const edits = editDistance(wanted, letters)
    if (edits >= fewest) continue
    fewest = edits
    nearest = candidate
  }
  return nearest
}

function withoutSeparators(name: string): string {
  return name.replace(/[-_. ]/g, '')
}

/** Letters to insert, delete, replace or swap with their neighbour to make `b` of `a` (optimal string alignment). O(a * b). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforePrevious[j - 2] + 1)
      }
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length]
}
