/**
 * Finds where a run of glob steps first fits a text, all beginnings at once: a bit for each step says whether the bytes read
 * last fit the steps up to it (Shift-And: Baeza-Yates and Gonnet, "A new approach to text searching", 1992). A byte of text
 * costs a word for every 32 steps at most, whatever pattern and text are like.
 */
import { ANY_BYTE, setContains } from './glob-steps.js'

/** The largest tables: 4 MB, made in a millisecond or two. */
const MAX_WORDS = 1 << 20
/** A step that is a set takes a look at every byte there is. */
const MAX_STEPS_WITH_SETS = 16_384

export class ShiftAnd {
  /** Words that bytes of text have cost so far. */
  work = 0
  private readonly words: number
  private readonly lastBit: number
  /** For each byte, where its row begins: bytes that no step names share one. */
  private readonly rows: Int32Array
  /** Rows of a bit for each step: whether it lets the byte pass. */
  private readonly passes: Int32Array
  private readonly state: Int32Array
  /** No word behind this one has a bit set. */
  private top = 0

  /** For steps[from, to); null when the tables would be too large. O(steps). */
  static of(steps: Int32Array, sets: Int32Array, from: number, to: number): ShiftAnd | null {
    const named = new Uint8Array(256)
    for (let i = from; i < to; i++) {
      if (steps[i] < ANY_BYTE) named[steps[i]] = 1
      else if (steps[i] > ANY_BYTE) {
        if (to - from > MAX_STEPS_WITH_SETS) return null
        named.fill(1)
      }
    }
    const words = (to - from + 31) >>> 5
    const rows = new Int32Array(256)
    let next = words
    for (let byte = 0; byte < 256; byte++) {
      if (named[byte] === 0) continue
      rows[byte] = next
      next += words
    }
    return next > MAX_WORDS ? null : new ShiftAnd(steps, sets, from, to, rows, next)
  }

  private constructor(
    steps: Int32Array,
    sets: Int32Array,
    from: number,
    to: number,
    rows: Int32Array,
    tableWords: number,
  ) {
    const words = (to - from + 31) >>> 5
    this.words = words
    this.lastBit = 1 << ((to - from - 1) & 31)
    this.state = new Int32Array(words)
    this.rows = rows
    this.passes = new Int32Array(tableWords)
    const { passes } = this
    for (let i = from; i < to; i++) if (steps[i] === ANY_BYTE) passes[(i - from) >>> 5] |= 1 << ((i - from) & 31)
    for (let row = words; row < tableWords; row += words) passes.copyWithin(row, 0, words)
    for (let i = from; i < to; i++) {
      const step = steps[i]
      const bit = 1 << ((i - from) & 31)
      const word = (i - from) >>> 5
      if (step < ANY_BYTE) passes[rows[step] + word] |= bit
      else if (step > ANY_BYTE) {
        for (let byte = 0; byte < 256; byte++) if (setContains(sets, step, byte)) passes[rows[byte] + word] |= bit
      }
    }
  }

  /** Nothing has been read. */
  reset(): void {
    this.state.fill(0)
    this.top = 0
  }

  /**
   * Reads text[from, to) on, as far as about `budget` words of work go. Returns the index behind the bytes that fit all steps
   * when there are any, else the one up to which it has read, negative and less one.
   */
  read(text: Uint8Array, from: number, to: number, budget: number): number {
    const { lastBit, passes, rows, state, words } = this
    let { top, work } = this
    const limit = work + budget
    let at = from
    let found = false
    while (at < to && !found && work < limit) {
      const row = rows[text[at++]]
      if (top + 1 < words && state[top] < 0) top++
      for (let i = top; i > 0; i--) state[i] = ((state[i] << 1) | (state[i - 1] >>> 31)) & passes[row + i]
      state[0] = ((state[0] << 1) | 1) & passes[row]
      while (top > 0 && state[top] === 0) top--
      found = (state[words - 1] & lastBit) !== 0
      work += top + 1
    }
    this.top = top
    this.work = work
    return found ? at : -at - 1
  }
}
