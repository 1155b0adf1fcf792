/**
 * Lua 5.1's patterns, matched against a string by backtracking.
 *
 * What may have to be tried otherwise lies on a stack of the matcher's own, not on WebAssembly's: a pattern may be as long as
 * it likes. All work is counted (steps.as.ts), since the time that a pattern takes may grow with its length as an exponent.
 */
import { isDigit, isInClass } from './characters.as'
import {
  lua_pushlstring, lua_pushnumber, luaL_checkstack, malloc, realloc, State, Text,
} from '../lua.as'
import { raiseOutOfMemory } from '../memory.as'
import { raiseAtCaller } from './raise.as'
import { spend, spendBytes } from './steps.as'

@external('text', "malformed pattern (ends with '%%')") declare const ENDS_WITH_ESCAPE: Text
@external('text', "malformed pattern (missing ']')") declare const MISSING_BRACKET: Text
@external('text', "missing '[' after '%%f' in pattern") declare const MISSING_SET: Text
@external('text', 'unbalanced pattern') declare const UNBALANCED: Text
@external('text', 'invalid pattern capture') declare const INVALID_PATTERN_CAPTURE: Text
@external('text', 'invalid capture index') declare const INVALID_CAPTURE_INDEX: Text
@external('text', 'unfinished capture') declare const UNFINISHED_CAPTURE: Text
@external('text', 'too many captures') declare const TOO_MANY_CAPTURES: Text

const NUL: u32 = 0
const DOLLAR: u32 = 0x24
const ESCAPE: u32 = 0x25
const OPEN: u32 = 0x28
const CLOSE: u32 = 0x29
const STAR: u32 = 0x2a
const PLUS: u32 = 0x2b
const MINUS: u32 = 0x2d
const DOT: u32 = 0x2e
const ZERO: u32 = 0x30
const QUESTION: u32 = 0x3f
const LEFT_BRACKET: u32 = 0x5b
const RIGHT_BRACKET: u32 = 0x5d
const CARET: u32 = 0x5e
const LOWER_B: u32 = 0x62
const LOWER_F: u32 = 0x66

/** A capture is the address of its first byte and its length, or one of these. */
const CAPTURE_BYTES: usize = 8
const UNFINISHED: i32 = -1
const POSITION: i32 = -2
const MOST_CAPTURES: i32 = 32
export const CAPTURES_BYTES: usize = CAPTURE_BYTES * <usize>MOST_CAPTURES

/** Whether a byte, which is not 0, makes of a pattern more than a text to be found. */
export function isSpecial(byte: u32): bool {
  switch (byte) {
    case DOLLAR:
    case ESCAPE:
    case OPEN:
    case STAR:
    case PLUS:
    case MINUS:
    case DOT:
    case QUESTION:
    case LEFT_BRACKET:
    case CARET:
      return true
    default:
      return false
  }
}

/** Whether a pattern matches only where it is asked to begin. */
@inline
export function isAnchored(pattern: usize): bool {
  return <u32>load<u8>(pattern) === CARET
}

// What lies on the stack: a kind, the place in the subject that it is about, and two words more.
const ENTRY_BYTES: usize = 16
const FIRST_ENTRIES: usize = 64

/** An item that is optional has matched: place, what follows it in the pattern. */
const OPTIONAL: u32 = 0
/** An item has matched as often as possible: place behind the last one, place behind the fewest, what follows. */
const GREEDY: u32 = 1
/** An item has matched as rarely as possible: place, item, its end. */
const LAZY: u32 = 2
/** A capture was opened. */
const OPENED: u32 = 3
/** A capture was closed: -, its number. */
const CLOSED: u32 = 4

let entries: usize = 0
let entriesEnd: usize = 0

let ownCaptures: usize = 0

/** For each character, whether the set of a long run has it. */
let members: usize = 0

export function openPatterns(): bool {
  entries = malloc(FIRST_ENTRIES * ENTRY_BYTES)
  ownCaptures = malloc(CAPTURES_BYTES)
  members = malloc(256)
  entriesEnd = entries + FIRST_ENTRIES * ENTRY_BYTES
  return entries !== 0 && ownCaptures !== 0 && members !== 0
}

// The match under way. A callback of gsub may begin another one, so each begins by setting all of these.
let subject: usize = 0
let subjectEnd: usize = 0
let captures: usize = 0
/** How many captures there are, closed or not. */
export let captureCount: i32 = 0

/** Sets what is matched against, and where the captures are kept: the last one's place if nowhere else. */
export function setSubject(start: usize, length: usize, capturesAt: usize = 0): void {
  subject = start
  subjectEnd = start + length
  captures = capturesAt === 0 ? ownCaptures : capturesAt
}

/** Takes up captures that were kept. */
export function restoreCaptures(count: i32): void {
  captureCount = count
}

/** Matches a pattern at a place of the subject. Returns the end of the match, or 0. */
export function matchAt(L: State, s: usize, p: usize): usize {
  captureCount = 0
  let top = entries
  for (;;) {
    spend(L, 1)
    const item = <u32>load<u8>(p)
    let isSingle = false
    switch (item) {
      case NUL:
        return s
      case OPEN: {
        const isPosition = <u32>load<u8>(p, 1) === CLOSE
        openCapture(L, s, isPosition ? POSITION : UNFINISHED)
        top = pushEntry(L, top, OPENED, 0, 0, 0)
        p += isPosition ? 2 : 1
        continue
      }
      case CLOSE: {
        const capture = captureToClose(L)
        const at = captureAt(capture)
        store<i32>(at, <i32>(s - load<usize>(at)), 4)
        top = pushEntry(L, top, CLOSED, 0, capture, 0)
        p++
        continue
      }
      case ESCAPE: {
        const kind = <u32>load<u8>(p, 1)
        if (kind === LOWER_B) {
          s = endOfBalanced(L, s, p + 2)
          p += 4
        } else if (kind === LOWER_F) {
          p += 2
          if (<u32>load<u8>(p) !== LEFT_BRACKET) raiseAtCaller(L, MISSING_SET)
          const after = itemEnd(L, p)
          const previous = s === subject ? NUL : <u32>load<u8>(s - 1)
          // Behind the subject's last byte lies a NUL.
          if (isInSet(previous, p, after - 1) || !isInSet(load<u8>(s), p, after - 1)) s = 0
          p = after
        } else if (isDigit(kind)) {
          s = endOfRepeatedCapture(L, s, kind)
          p += 2
        } else {
          isSingle = true
        }
        break
      }
      case DOLLAR: {
        if (<u32>load<u8>(p, 1) === NUL) {
          if (s === subjectEnd) return s
          s = 0
        } else {
          isSingle = true
        }
        break
      }
      default:
        isSingle = true
    }
    if (isSingle) {
      const after = itemEnd(L, p)
      const suffix = <u32>load<u8>(after)
      if (suffix === STAR || suffix === PLUS) {
        const furthest = endOfRun(s, p, after)
        spend(L, <i32>(furthest - s))
        const nearest = suffix === PLUS ? s + 1 : s
        if (furthest >= nearest) {
          if (furthest > nearest) top = pushEntry(L, top, GREEDY, furthest, nearest, after + 1)
          s = furthest
          p = after + 1
          continue
        }
        s = 0
      } else if (suffix === MINUS) {
        top = pushEntry(L, top, LAZY, s, p, after)
        p = after + 1
        continue
      } else {
        const matches = s < subjectEnd && isItem(load<u8>(s), p, after)
        if (suffix === QUESTION) {
          p = after + 1
          if (matches) {
            top = pushEntry(L, top, OPTIONAL, s, p, 0)
            s++
          }
          continue
        }
        if (matches) {
          s++
          p = after
          continue
        }
        s = 0
      }
    }
    if (s !== 0) continue

    // Back to the last place where something else may be tried.
    for (;;) {
      if (top === entries) return 0
      const entry = top - ENTRY_BYTES
      const kind = load<u32>(entry)
      if (kind === GREEDY) {
        s = load<usize>(entry, 4) - 1
        p = load<usize>(entry, 12)
        if (s === load<usize>(entry, 8)) top = entry
        else store<usize>(entry, s, 4)
        break
      }
      if (kind === LAZY) {
        s = load<usize>(entry, 4)
        const after = load<usize>(entry, 12)
        if (s < subjectEnd && isItem(load<u8>(s), load<usize>(entry, 8), after)) {
          s++
          store<usize>(entry, s, 4)
          p = after + 1
          break
        }
      }
      top = entry
      if (kind === OPTIONAL) {
        s = load<usize>(entry, 4)
        p = load<usize>(entry, 8)
        break
      }
      if (kind === OPENED) captureCount--
      else if (kind === CLOSED) store<i32>(captureAt(load<i32>(entry, 8)), UNFINISHED, 4)
    }
  }
  return 0
}

/** Returns the stack's new top. */
@inline
function pushEntry(L: State, top: usize, kind: u32, place: usize, second: usize, third: usize): usize {
  if (top === entriesEnd) top = growEntries(L)
  store<u32>(top, kind)
  store<usize>(top, place, 4)
  store<usize>(top, second, 8)
  store<usize>(top, third, 12)
  return top + ENTRY_BYTES
}

/** An entry's place in the pattern is behind those below it: there are never more of them than the pattern has bytes. */
function growEntries(L: State): usize {
  const used = entriesEnd - entries
  const block = realloc(entries, used * 2)
  if (block === 0) raiseOutOfMemory(L)
  entries = block
  entriesEnd = block + used * 2
  return block + used
}

// Items: a character, a class, or a set

/** Behind the item at p. */
@inline
function itemEnd(L: State, p: usize): usize {
  const first = <u32>load<u8>(p)
  if (first === ESCAPE) {
    if (<u32>load<u8>(p, 1) === NUL) raiseAtCaller(L, ENDS_WITH_ESCAPE)
    return p + 2
  }
  return first === LEFT_BRACKET ? setEnd(L, p + 1) : p + 1
}

function setEnd(L: State, p: usize): usize {
  const start = p
  if (<u32>load<u8>(p) === CARET) p++
  // A bracket in the first place stands for itself.
  do {
    const byte = <u32>load<u8>(p)
    if (byte === NUL) raiseAtCaller(L, MISSING_BRACKET)
    p++
    if (byte === ESCAPE && <u32>load<u8>(p) !== NUL) p++
  } while (<u32>load<u8>(p) !== RIGHT_BRACKET)
  spend(L, <i32>(p - start))
  return p + 1
}

@inline
function isItem(c: u32, p: usize, after: usize): bool {
  const first = <u32>load<u8>(p)
  if (first === DOT) return true
  if (first === ESCAPE) return isInClass(c, load<u8>(p, 1))
  if (first === LEFT_BRACKET) return isInSet(c, p, after - 1)
  return first === c
}

/** Whether the set from the bracket at p to the one at `last` has a character. */
function isInSet(c: u32, p: usize, last: usize): bool {
  p++
  let has = true
  if (<u32>load<u8>(p) === CARET) {
    has = false
    p++
  }
  while (p < last) {
    const byte = <u32>load<u8>(p)
    if (byte === ESCAPE) {
      if (isInClass(c, load<u8>(p, 1))) return has
      p += 2
    } else if (<u32>load<u8>(p, 1) === MINUS && p + 2 < last) {
      if (byte <= c && c <= <u32>load<u8>(p, 2)) return has
      p += 3
    } else {
      if (byte === c) return has
      p++
    }
  }
  return !has
}

/** Behind the last of the characters from s on that an item matches. */
function endOfRun(s: usize, p: usize, after: usize): usize {
  const end = subjectEnd
  const first = <u32>load<u8>(p)
  if (first === DOT) return end
  if (first === ESCAPE) {
    const letter = <u32>load<u8>(p, 1)
    while (s < end && isInClass(load<u8>(s), letter)) s++
  } else if (first === LEFT_BRACKET) {
    // Everything but one character, up to where it comes.
    if (<u32>load<u8>(p, 1) === CARET && after - p === 4 && <u32>load<u8>(p, 2) !== ESCAPE) {
      const stop = <u32>load<u8>(p, 2)
      while (s < end && <u32>load<u8>(s) !== stop) s++
      return s
    }
    const start = s
    while (s < end && isInSet(load<u8>(s), p, after - 1)) {
      s++
      if (s - start === LONG_RUN) return endOfLongRun(s, p, after - 1)
    }
  } else {
    while (s < end && <u32>load<u8>(s) === first) s++
  }
  return s
}

/** From here on it pays to look at the set once for each of the 256 characters. */
const LONG_RUN: usize = 128

function endOfLongRun(s: usize, p: usize, last: usize): usize {
  for (let c: u32 = 0; c < 256; c++) store<u8>(members + c, isInSet(c, p, last))
  while (s < subjectEnd && load<u8>(members + load<u8>(s)) !== 0) s++
  return s
}

/** Where what begins with the first byte at p ends with its second, with as many of the one as of the other between; or 0. */
function endOfBalanced(L: State, s: usize, p: usize): usize {
  const opening = <u32>load<u8>(p)
  if (opening === NUL || <u32>load<u8>(p, 1) === NUL) raiseAtCaller(L, UNBALANCED)
  if (<u32>load<u8>(s) !== opening) return 0
  const closing = <u32>load<u8>(p, 1)
  const start = s
  let depth = 1
  for (s++; s < subjectEnd; s++) {
    const byte = <u32>load<u8>(s)
    if (byte === closing) {
      depth--
      if (depth === 0) break
    } else if (byte === opening) {
      depth++
    }
  }
  spend(L, <i32>(s - start))
  return s < subjectEnd ? s + 1 : 0
}

// Captures

@inline
function captureAt(i: i32): usize {
  return captures + <usize>i * CAPTURE_BYTES
}

@inline
function captureLength(i: i32): i32 {
  return load<i32>(captureAt(i), 4)
}

function openCapture(L: State, s: usize, length: i32): void {
  if (captureCount >= MOST_CAPTURES) raiseAtCaller(L, TOO_MANY_CAPTURES)
  const at = captureAt(captureCount)
  store<usize>(at, s)
  store<i32>(at, length, 4)
  captureCount++
}

function captureToClose(L: State): i32 {
  for (let i = captureCount - 1; i >= 0; i--) {
    if (captureLength(i) === UNFINISHED) return i
  }
  raiseAtCaller(L, INVALID_PATTERN_CAPTURE)
  return 0
}

/** Where the text of an earlier capture ends if it is at s again; or 0. */
function endOfRepeatedCapture(L: State, s: usize, digit: u32): usize {
  const i = <i32>digit - <i32>ZERO - 1
  if (i < 0 || i >= captureCount || captureLength(i) === UNFINISHED) raiseAtCaller(L, INVALID_CAPTURE_INDEX)
  // A position has no text, and its length is above all others.
  const length = <usize>captureLength(i)
  if (subjectEnd - s < length) return 0
  spendBytes(L, length)
  return isSame(load<usize>(captureAt(i)), s, length) ? s + length : 0
}

/** Whether two texts are the same. */
export function isSame(a: usize, b: usize, length: usize): bool {
  const end = a + length
  for (; a + 8 <= end; a += 8, b += 8) {
    if (load<u64>(a) !== load<u64>(b)) return false
  }
  for (; a < end; a++, b++) {
    if (load<u8>(a) !== load<u8>(b)) return false
  }
  return true
}

/** Where and how long the text of the last capture that was looked at is. */
export let textStart: usize = 0
export let textLength: usize = 0

/** Finds capture i, from 0 on, of a match from `start` to `end`: its text, or with false a position, which is textStart. */
export function findCapture(L: State, i: i32, start: usize, end: usize): bool {
  if (i >= captureCount) {
    // Without captures, the first one is the match.
    if (i !== 0) raiseAtCaller(L, INVALID_CAPTURE_INDEX)
    textStart = start
    textLength = end - start
    return true
  }
  const length = captureLength(i)
  if (length === UNFINISHED) raiseAtCaller(L, UNFINISHED_CAPTURE)
  textStart = load<usize>(captureAt(i))
  if (length === POSITION) {
    textStart -= subject - 1
    return false
  }
  textLength = length
  return true
}

export function pushCapture(L: State, i: i32, start: usize, end: usize): void {
  if (findCapture(L, i, start, end)) lua_pushlstring(L, textStart, textLength)
  else lua_pushnumber(L, <f64>textStart)
}

/** Pushes all captures, and if there are none, the match. Returns how many. */
export function pushMatch(L: State, start: usize, end: usize): i32 {
  return pushSome(L, max<i32>(captureCount, 1), start, end)
}

/** Pushes all captures. Returns how many. */
export function pushCaptures(L: State): i32 {
  return pushSome(L, captureCount, 0, 0)
}

function pushSome(L: State, count: i32, start: usize, end: usize): i32 {
  luaL_checkstack(L, count, TOO_MANY_CAPTURES)
  for (let i = 0; i < count; i++) pushCapture(L, i, start, end)
  return count
}
