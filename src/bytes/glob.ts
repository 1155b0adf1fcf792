/**
 * Glob-style patterns over bytes, as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL use them (stringmatchlen in Redis 7.2).
 * What a pattern may hold is told in glob-steps.ts. An empty text matches only the empty pattern (not `*`).
 */
import { ANY_BYTE, globSteps, setContains } from './glob-steps.js'
import { ShiftAnd } from './shift-and.js'

export const NO_MATCH = 0
export const MATCH = 1
export const UNDECIDED = 2

/** A search gives up trying one beginning after the other once it has cost so much, and so much a byte. */
const PLAIN_STEPS = 512
const PLAIN_STEPS_A_BYTE = 8

const NOTHING = new Uint8Array(0)

/** Whether the whole `text` matches `pattern`, which is read anew: whoever has several texts keeps a Glob. */
export function globMatch(pattern: Uint8Array, text: Uint8Array, nocase = false): boolean {
  return new Glob(pattern, nocase).matches(text, 0, text.length)
}

/**
 * A pattern that has been read. The runs of steps between its stars are of a fixed length each: the first and the last have one
 * place where they may be, and each of the others is best taken where it fits first, since that leaves the most to those
 * behind it. Nothing is ever tried again, so that a match takes O(runs + text) for runs of up to 32 steps and O(text x steps
 * / 32) at worst; only runs that are too long for ShiftAnd (16,384 steps with classes, 130,000 without) may take O(text x steps).
 */
export class Glob {
  /** What matches have cost so far beyond the first and the last run, in steps. */
  work = 0
  private readonly steps: Int32Array
  private readonly sets: Int32Array
  /** Where runs begin, and behind the last the number of steps. */
  private readonly runs: Int32Array
  private readonly hasStar: boolean
  private readonly starFirst: boolean
  private readonly starLast: boolean
  /** Of runs that have once been searched for at length. */
  private readonly searches = new Map<number, ShiftAnd | null>()

  // The match under way.
  private text: Uint8Array = NOTHING
  private left = 0
  private right = 0
  /** Runs [run, behind) are still to be found in text[left, right). */
  private run = 0
  private behind = 0
  /** Where the run is tried next, or how far it has been searched for; and what that has cost. */
  private at = 0
  private cost = 0
  private search: ShiftAnd | null = null
  /** There is no other way to search for this run. */
  private plainly = false

  constructor(pattern: Uint8Array, nocase = false) {
    const { steps, stars, sets } = globSteps(pattern, nocase)
    this.steps = steps
    this.sets = sets
    this.hasStar = stars.length > 0
    this.starFirst = stars[0] === 0
    this.starLast = stars.at(-1) === steps.length
    const inner = stars.filter(star => star > 0 && star < steps.length)
    this.runs = Int32Array.from(steps.length === 0 ? [0] : [0, ...inner, steps.length])
  }

  /** Whether all of text[start, end) matches. Allocates nothing and does not recurse, but for a search that turns out long. */
  matches(text: Uint8Array, start: number, end: number): boolean {
    const result = this.begin(text, start, end, Number.POSITIVE_INFINITY)
    this.text = NOTHING
    return result === MATCH
  }

  /**
   * As matches(), but leaves it UNDECIDED after about `budget` steps (of up to 32 times as many comparisons): goOn() has to
   * follow then, with the text as it was, before anything else is matched.
   */
  begin(text: Uint8Array, start: number, end: number, budget: number): number {
    const { runs, steps } = this
    const length = end - start
    if (length < steps.length || (length > steps.length && !this.hasStar)) return NO_MATCH
    // Of no bytes and no steps; a star alone wants a byte.
    if (length === 0) return this.hasStar ? NO_MATCH : MATCH
    let run = 0
    let behind = runs.length - 1
    if (behind > 0 && !this.starFirst) {
      if (this.fittingSteps(text, start, run) < runs[1]) return NO_MATCH
      start += runs[1]
      run++
    }
    if (behind > run && !this.starLast) {
      behind--
      end -= steps.length - runs[behind]
      if (this.fittingSteps(text, end, behind) < steps.length - runs[behind]) return NO_MATCH
    }
    if (run === behind) return MATCH
    this.text = text
    this.left = start
    this.right = end
    this.run = run
    this.behind = behind
    this.startRun()
    return this.goOn(budget)
  }

  /** Goes on with a match that is UNDECIDED, for about `budget` steps more. */
  goOn(budget: number): number {
    const { behind, runs } = this
    while (this.run < behind) {
      const length = runs[this.run + 1] - runs[this.run]
      // Those behind have to have room as well.
      const last = this.right - (runs[behind] - runs[this.run])
      const cost = this.cost
      const { search } = this
      const result =
        search === null ? this.tryOn(last, length, budget) : this.searchOn(search, last + length, length, budget)
      const spent = this.cost - cost
      this.work += spent
      if (result !== MATCH) return result
      budget -= spent
      this.left = this.at + length
      this.run++
      this.startRun()
    }
    return MATCH
  }

  private startRun(): void {
    this.at = this.left
    this.cost = 0
    this.search = null
    this.plainly = false
  }

  /** How many steps of the run, from the first on, fit the text at `at`. */
  private fittingSteps(text: Uint8Array, at: number, run: number): number {
    const { runs, sets, steps } = this
    const first = runs[run]
    const length = runs[run + 1] - first
    let fitting = 0
    while (fitting < length) {
      const step = steps[first + fitting]
      const byte = text[at + fitting]
      if (step < ANY_BYTE ? step !== byte : !setContains(sets, step, byte)) break
      fitting++
    }
    return fitting
  }

  /** Tries the run at one place after the other, up to `last`. */
  private tryOn(last: number, length: number, budget: number): number {
    const { left, run, text } = this
    const limit = this.cost + budget
    const first = this.steps[this.runs[run]]
    let { at, cost } = this
    for (; at <= last; at++) {
      if (first < ANY_BYTE && text[at] !== first) {
        cost++
        continue
      }
      const fitting = this.fittingSteps(text, at, run)
      cost += fitting + 1
      if (fitting === length) {
        this.at = at
        this.cost = cost
        return MATCH
      }
      if (cost > PLAIN_STEPS + PLAIN_STEPS_A_BYTE * (at - left) && !this.plainly) {
        this.at = at + 1
        this.cost = cost
        const search = this.longSearch(run)
        if (search !== null) return this.searchOn(search, last + length, length, limit - cost)
      }
      if (cost >= limit) {
        this.at = at + 1
        this.cost = cost
        return UNDECIDED
      }
    }
    this.cost = cost
    return NO_MATCH
  }

  /** Turns to another way of searching; null when there is none for this run. */
  private longSearch(run: number): ShiftAnd | null {
    const { runs, searches } = this
    let search = searches.get(run)
    if (search === undefined) {
      search = ShiftAnd.of(this.steps, this.sets, runs[run], runs[run + 1])
      searches.set(run, search)
    }
    search?.reset()
    this.search = search
    this.plainly = search === null
    return search
  }

  private searchOn(search: ShiftAnd, end: number, length: number, budget: number): number {
    const before = search.work
    const at = search.read(this.text, this.at, end, budget)
    this.cost += search.work - before
    if (at >= 0) {
      this.at = at - length
      return MATCH
    }
    this.at = -at - 1
    return this.at === end ? NO_MATCH : UNDECIDED
  }
}
