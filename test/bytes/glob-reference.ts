/** What a glob-style pattern matches, said as directly as stringmatchlen in Redis 7.2 does it: byte by byte, from the pattern. */

const STAR = 0x2a
const DASH = 0x2d
const QUESTION_MARK = 0x3f
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d
const CARET = 0x5e

/** Whether the whole `text` matches `pattern`. `nocase` ignores the case of ASCII letters. */
export function matchesByReference(pattern: Uint8Array, text: Uint8Array, nocase: boolean): boolean {
  const textEnd = text.length
  const patternEnd = pattern.length
  let p = 0
  let t = 0
  if (textEnd === 0) return patternEnd === 0
  // Where to go on after a mismatch: behind the last `*`, with that `*` taking one byte more. -1: no `*` so far.
  let retryPattern = -1
  let retryText = 0

  while (t < textEnd) {
    let matched = false
    if (p < patternEnd) {
      const symbol = pattern[p]
      switch (symbol) {
        case STAR:
          while (p < patternEnd && pattern[p] === STAR) p++
          if (p === patternEnd) return true
          retryPattern = p
          retryText = t
          continue
        case QUESTION_MARK:
          matched = true
          p++
          break
        case OPEN: {
          const classEnd = endOfClass(pattern, p)
          matched = classContains(pattern, p, classEnd, text[t], nocase)
          p = classEnd
          break
        }
        default:
          if (symbol === BACKSLASH && p + 1 < patternEnd) p++
          matched = pattern[p] === text[t] || (nocase && lower(pattern[p]) === lower(text[t]))
          p++
      }
    }
    if (matched) {
      t++
    } else {
      if (retryPattern < 0) return false
      p = retryPattern
      t = ++retryText
    }
  }
  // The text is used up: only stars may remain. No retry either, since behind a later start there would be even less text.
  while (p < patternEnd && pattern[p] === STAR) p++
  return p === patternEnd
}

/** Index behind the class that `pattern[open]` opens: behind its `]`, or the pattern's end. */
function endOfClass(pattern: Uint8Array, open: number): number {
  const end = pattern.length
  let p = open + 1
  if (p < end && pattern[p] === CARET) p++
  while (p < end && pattern[p] !== CLOSE) p = nextInClass(pattern, p)
  return p < end ? p + 1 : end
}

/** Index behind the byte, escaped byte or range at `p` inside a class. */
function nextInClass(pattern: Uint8Array, p: number): number {
  const end = pattern.length
  if (pattern[p] === BACKSLASH && p + 1 < end) return p + 2
  if (p + 2 < end && pattern[p + 1] === DASH) return p + 3
  return p + 1
}

/** Whether the class `pattern[open, classEnd)` holds `byte`. */
function classContains(pattern: Uint8Array, open: number, classEnd: number, byte: number, nocase: boolean): boolean {
  const end = pattern.length
  let p = open + 1
  const negated = p < end && pattern[p] === CARET
  if (negated) p++
  let found = false
  while (p < classEnd && pattern[p] !== CLOSE && !found) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      found = pattern[p + 1] === byte // an escaped byte keeps its case even under nocase
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      found = rangeContains(signed(pattern[p]), signed(pattern[p + 2]), signed(byte), nocase)
    } else {
      found = pattern[p] === byte || (nocase && lower(pattern[p]) === lower(byte))
    }
    p = nextInClass(pattern, p)
  }
  return found !== negated
}

function rangeContains(from: number, to: number, byte: number, nocase: boolean): boolean {
  let low = Math.min(from, to)
  let high = Math.max(from, to)
  if (nocase) {
    low = lower(low)
    high = lower(high)
    byte = lower(byte)
  }
  return byte >= low && byte <= high
}

/** The byte as C's signed char, which is what Redis compares on x86. */
function signed(byte: number): number {
  return (byte << 24) >> 24
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
