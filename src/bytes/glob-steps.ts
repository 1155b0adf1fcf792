/**
 * What a glob-style pattern asks of each byte, worked out once (stringmatchlen in Redis 7.2):
 *
 * - `*` any bytes, `?` one byte, `\x` the byte x itself;
 * - `[abc]`, `[a-z]`, `[^abc]` one byte in or not in the class; `\` escapes inside; a range may be given backwards.
 *
 * Oddities kept, since clients can see them: a class without `]` ends with the pattern; a `\` that ends the pattern stands for
 * itself; `[^]` matches any byte; the bounds of a range compare as signed bytes, and ignoring case folds them after they have
 * been put in order; an escaped byte in a class keeps its case.
 */

const STAR = 0x2a
const DASH = 0x2d
const QUESTION_MARK = 0x3f
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d
const CARET = 0x5e

/** A step below this is the one byte that it lets pass. */
export const ANY_BYTE = 256
/** This step and those above it are sets of bytes. */
export const FIRST_SET = 257
/** A set is 256 bits, in the order of signed bytes. */
const SET_WORDS = 8
const SIGN = 0x80
const ALL_BITS = -1

export interface GlobSteps {
  /** One for each byte that has to be there, those behind one `*` next to those before it. */
  readonly steps: Int32Array
  /** Numbers of steps before each `*`; several in a row count as one. */
  readonly stars: readonly number[]
  /** The sets that steps refer to. */
  readonly sets: Int32Array
}

/** Whether a step that is no byte lets `byte` pass. */
export function setContains(sets: Int32Array, step: number, byte: number): boolean {
  if (step === ANY_BYTE) return true
  return ((sets[(step - FIRST_SET) * SET_WORDS + ((byte ^ SIGN) >>> 5)] >>> (byte & 31)) & 1) !== 0
}

/** `nocase` ignores the case of ASCII letters. O(pattern). */
export function globSteps(pattern: Uint8Array, nocase: boolean): GlobSteps {
  return new Compiler(pattern, nocase).run()
}

class Compiler {
  private readonly pattern: Uint8Array
  private readonly nocase: boolean
  private readonly steps: Int32Array
  private readonly stars: number[] = []
  private count = 0
  private readonly sets: number[] = []
  private readonly known = new Map<string, number>()
  /** The bytes of the class being read, as they are and with capitals as small letters. */
  private readonly exact = new Int32Array(SET_WORDS)
  private readonly folded = new Int32Array(SET_WORDS)

  constructor(pattern: Uint8Array, nocase: boolean) {
    this.pattern = pattern
    this.nocase = nocase
    this.steps = new Int32Array(pattern.length)
  }

  run(): GlobSteps {
    const { pattern, stars } = this
    for (let p = 0; p < pattern.length; ) {
      switch (pattern[p]) {
        case STAR:
          if (stars.length === 0 || stars[stars.length - 1] !== this.count) stars.push(this.count)
          p++
          break
        case QUESTION_MARK:
          this.steps[this.count++] = ANY_BYTE
          p++
          break
        case OPEN:
          p = this.takeClass(p + 1)
          break
        case BACKSLASH:
          if (p + 1 < pattern.length) p++
          this.takeByte(pattern[p++])
          break
        default:
          this.takeByte(pattern[p++])
      }
    }
    return { steps: this.steps.slice(0, this.count), stars, sets: Int32Array.from(this.sets) }
  }

  private takeByte(byte: number): void {
    const small = lower(byte)
    if (!this.nocase || small < 0x61 || small > 0x7a) {
      this.steps[this.count++] = byte
      return
    }
    this.exact.fill(0)
    add(this.exact, byte)
    add(this.exact, byte ^ 0x20)
    this.takeSet()
  }

  /** Takes the class behind a `[`, and returns where the pattern goes on behind it. */
  private takeClass(p: number): number {
    const { exact, folded, nocase, pattern } = this
    const end = pattern.length
    const bytes = nocase ? folded : exact
    exact.fill(0)
    folded.fill(0)
    const negated = p < end && pattern[p] === CARET
    if (negated) p++
    while (p < end && pattern[p] !== CLOSE) {
      if (pattern[p] === BACKSLASH && p + 1 < end) {
        add(exact, pattern[p + 1])
        p += 2
      } else if (p + 2 < end && pattern[p + 1] === DASH) {
        this.addRange(bytes, signed(pattern[p]), signed(pattern[p + 2]))
        p += 3
      } else {
        add(bytes, nocase ? lower(pattern[p]) : pattern[p])
        p++
      }
    }
    if (nocase) unfold(folded, exact)
    if (negated) for (let i = 0; i < SET_WORDS; i++) exact[i] = ~exact[i]
    this.takeSet()
    return p < end ? p + 1 : end
  }

  private addRange(set: Int32Array, from: number, to: number): void {
    let low = Math.min(from, to)
    let high = Math.max(from, to)
    if (this.nocase) {
      low = lower(low)
      high = lower(high)
    }
    addAll(set, low + SIGN, high + SIGN)
  }

  /** Makes a step of what `exact` holds. */
  private takeSet(): void {
    const { exact, known, sets } = this
    let step = onlyMember(exact)
    if (step < 0) {
      const key = exact.join()
      const same = known.get(key)
      step = same ?? FIRST_SET + sets.length / SET_WORDS
      if (same === undefined) {
        known.set(key, step)
        sets.push(...exact)
      }
    }
    this.steps[this.count++] = step
  }
}

/** The one byte of the set, ANY_BYTE when it has all, -1 otherwise. */
function onlyMember(set: Int32Array): number {
  if (set.every(word => word === ALL_BITS)) return ANY_BYTE
  let found = -1
  for (let i = 0; i < SET_WORDS; i++) {
    const word = set[i]
    if (word === 0) continue
    if (found >= 0 || (word & (word - 1)) !== 0) return -1
    found = ((i << 5) | (31 - Math.clz32(word))) ^ SIGN
  }
  return found
}

function add(set: Int32Array, byte: number): void {
  set[(byte ^ SIGN) >>> 5] |= 1 << (byte & 31)
}

/** Adds the bits from `low` to `high`, if that is not before it. */
function addAll(set: Int32Array, low: number, high: number): void {
  for (let i = low >>> 5; i <= high >>> 5; i++) {
    const from = Math.max(low - (i << 5), 0)
    const to = Math.min(high - (i << 5), 31)
    if (from <= to) set[i] |= (ALL_BITS << from) & (ALL_BITS >>> (31 - to))
  }
}

/** Adds to `set` each byte that is in `folded` once its case is ignored. */
function unfold(folded: Int32Array, set: Int32Array): void {
  for (let byte = 0; byte < 256; byte++) {
    const at = lower(byte) ^ SIGN
    if (((folded[at >>> 5] >>> (at & 31)) & 1) !== 0) add(set, byte)
  }
}

/** The byte as C's signed char, which is what Redis compares on x86. */
function signed(byte: number): number {
  return (byte << 24) >> 24
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
