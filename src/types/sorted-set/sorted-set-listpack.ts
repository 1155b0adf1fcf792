/**
 * A small sorted set's listpack: member, score, member, score, ... in order. Scores are integers where they are such, else text
 * (zzlInsertAt in t_zset.c).
 */
import { compareBytes } from '../../bytes/compare.js'
import { DOUBLE_TEXT_BYTES, writeDouble } from '../../bytes/floats/double-text.js'
import { parseScore } from '../../bytes/floats/doubles.js'
import { INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import {
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBytes,
  lpCopyText,
  lpEnd,
  lpEntrySize,
  lpFind,
  lpFirst,
  lpInteger,
  lpIsInteger,
  lpLength,
  lpPrev,
  lpStringLength,
  lpStringStart,
} from '../../store/listpack/listpack.js'
import {
  lpEmpty,
  lpEncodedSize,
  lpInsertPairInto,
  lpWriteEntry,
  lpWriteHeader,
} from '../../store/listpack/listpack-edit.js'
import type { LexRange } from './lex-range.js'
import type { ScoreRange } from './score-range.js'

/** Encoding and backlen bytes of a member, and all of a score, at most. */
const PAIR_OVERHEAD_BYTES = 10 + DOUBLE_TEXT_BYTES + 10
/** Longest text of a 64-bit integer. */
const INTEGER_TEXT_BYTES = 24

/** A listpack without elements, to be read only. */
export const emptyListpack = Buffer.alloc(LP_EMPTY_SIZE)
lpEmpty(emptyListpack, 0)

/** The listpack that gatherPair() puts together. */
export const gathered = Buffer.alloc(INLINE_VALUE_MAX_BYTES)

const digits = Buffer.alloc(INTEGER_TEXT_BYTES)
/** The text of the score that is being written. */
const scoreText = Buffer.alloc(DOUBLE_TEXT_BYTES)
let scoreLength = 0

let moved = Buffer.alloc(256)

/** Position of the member in the listpack at `at`, or -1. O(n). */
export function findMember(listpack: Buffer, at: number, member: Buffer, start: number, end: number): number {
  return lpFind(listpack, at, lpFirst(listpack, at), member, start, end, 1)
}

/** The score at `pos`. */
export function scoreAt(listpack: Buffer, pos: number): number {
  if (lpIsInteger(listpack, pos)) return lpInteger(listpack, pos)
  const start = lpStringStart(listpack, pos)
  return parseScore(listpack, start, start + lpStringLength(listpack, pos))
}

/** Position behind the pair at `pos`. */
export function nextPair(listpack: Buffer, pos: number): number {
  const score = pos + lpEntrySize(listpack, pos)
  return score + lpEntrySize(listpack, score)
}

/** Position of the last pair, or -1. */
export function lastPair(listpack: Buffer, at: number): number {
  return previousPair(listpack, at, lpEnd(listpack, at))
}

/** Position of the pair before the one at `pos`, or -1. */
export function previousPair(listpack: Buffer, at: number, pos: number): number {
  const score = lpPrev(listpack, at, pos)
  return score < 0 ? -1 : lpPrev(listpack, at, score)
}

/** As compareBytes(): where the member at `pos` lies, seen from member[start, end). */
function compareMember(listpack: Buffer, pos: number, member: Buffer, start: number, end: number): number {
  if (lpIsInteger(listpack, pos)) {
    return compareBytes(digits, 0, lpCopyText(listpack, pos, digits, 0), member, start, end)
  }
  const from = lpStringStart(listpack, pos)
  return compareBytes(listpack, from, from + lpStringLength(listpack, pos), member, start, end)
}

/** Whether the pair at `pos` comes before that of member[start, end). */
function isBefore(listpack: Buffer, pos: number, score: number, member: Buffer, start: number, end: number): boolean {
  const own = scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  return own < score || (own === score && compareMember(listpack, pos, member, start, end) < 0)
}

/** Position, from the pair at `from` on, of the first pair that does not come before this one; the end if there is none. O(n). */
function placeFrom(
  listpack: Buffer,
  at: number,
  from: number,
  score: number,
  member: Buffer,
  start: number,
  end: number,
): number {
  const behind = lpEnd(listpack, at)
  let pos = from
  while (pos < behind && isBefore(listpack, pos, score, member, start, end)) pos = nextPair(listpack, pos)
  return pos
}

/** Position where a pair that is not there belongs. O(n), but for one that comes last. */
export function placeFor(
  listpack: Buffer,
  at: number,
  score: number,
  member: Buffer,
  start: number,
  end: number,
): number {
  const last = lastPair(listpack, at)
  if (last < 0 || isBefore(listpack, last, score, member, start, end)) return lpEnd(listpack, at)
  return placeFrom(listpack, at, at + LP_HEADER_SIZE, score, member, start, end)
}

/** Takes a score to be written; returns the bytes of its entry. Listpacks know no -0. */
export function encodeScore(score: number): number {
  scoreLength = writeDouble(scoreText, 0, score === 0 ? 0 : score)
  return lpEncodedSize(scoreText, 0, scoreLength)
}

/** Writes the score that encodeScore() has taken. */
export function writeScore(listpack: Buffer, pos: number): void {
  lpWriteEntry(listpack, pos, scoreText, 0, scoreLength)
}

/** Writes a member and the score that encodeScore() has taken; returns the position behind them. */
export function writePair(listpack: Buffer, pos: number, member: Buffer, start: number, end: number): number {
  return lpWriteEntry(listpack, lpWriteEntry(listpack, pos, member, start, end), scoreText, 0, scoreLength)
}

/** Writes what is around `count` pairs in a listpack of `size` bytes; returns the position of the first. */
export function writeListpackHead(listpack: Buffer, at: number, size: number, count: number): number {
  lpWriteHeader(listpack, at, size, Math.min(2 * count, LP_COUNT_UNKNOWN))
  listpack[at + size - 1] = LP_EOF
  return at + LP_HEADER_SIZE
}

/** Writes a listpack of nothing but a member and the score that encodeScore() has taken. */
export function writeFirstPair(listpack: Buffer, at: number, member: Buffer, start: number, end: number): void {
  lpInsertPairInto(emptyListpack, 0, listpack, at, -1, member, start, end, scoreText, 0, scoreLength)
}

/**
 * The pair at `pos` has got another score: where it belongs now, as the position that the pair which is to follow it has now. `pos`
 * itself, or that behind the pair, when it need not move. O(n).
 */
export function placeAgain(
  listpack: Buffer,
  at: number,
  pos: number,
  score: number,
  member: Buffer,
  start: number,
  end: number,
): number {
  const place = placeFrom(listpack, at, at + LP_HEADER_SIZE, score, member, start, end)
  return place < pos ? place : placeFrom(listpack, at, nextPair(listpack, pos), score, member, start, end)
}

/** Moves the pair at `pos` to before the one at `place`. O(bytes between them). */
export function movePair(listpack: Buffer, pos: number, place: number): void {
  const behind = nextPair(listpack, pos)
  const size = behind - pos
  if (size > moved.length) moved = Buffer.alloc(size)
  listpack.copy(moved, 0, pos, behind)
  if (place < pos) {
    listpack.copyWithin(place + size, place, pos)
    moved.copy(listpack, place, 0, size)
  } else {
    listpack.copyWithin(pos, behind, place)
    moved.copy(listpack, place - size, 0, size)
  }
}

/** Begins a new listpack in `gathered`. */
export function gatherNone(): void {
  lpEmpty(gathered, 0)
}

/** Adds a pair to `gathered`. False: there is no room for it, or the member is there already. */
export function gatherPair(member: Buffer, start: number, end: number, score: number): boolean {
  if (lpBytes(gathered, 0) + end - start + PAIR_OVERHEAD_BYTES > gathered.length) return false
  if (lpLength(gathered, 0) > 0 && findMember(gathered, 0, member, start, end) >= 0) return false
  const place = placeFor(gathered, 0, score, member, start, end)
  encodeScore(score)
  lpInsertPairInto(gathered, 0, gathered, 0, place, member, start, end, scoreText, 0, scoreLength)
  return true
}

/** Ranks [from, to) of what a range holds. */
export interface Span {
  from: number
  to: number
}

/** Finds the pairs that a range of scores holds. O(n). */
export function spanOfScores(listpack: Buffer, at: number, range: ScoreRange, span: Span): void {
  findSpan(listpack, at, range, null, false, span)
}

/**
 * Finds the pairs that a range of members holds, whose scores have to be equal. If they are not, it is what Redis finds, going forward
 * or in reverse. O(n).
 */
export function spanOfMembers(listpack: Buffer, at: number, range: LexRange, reverse: boolean, span: Span): void {
  findSpan(listpack, at, null, range, reverse, span)
}

/** Whether the pair at `pos` does not lie below the range, of scores or of members. */
function reaches(listpack: Buffer, pos: number, scores: ScoreRange | null, members: LexRange | null): boolean {
  if (scores !== null) return scores.reaches(scoreAt(listpack, pos + lpEntrySize(listpack, pos)))
  if (members === null) return false
  if (lpIsInteger(listpack, pos)) return members.reaches(digits, 0, lpCopyText(listpack, pos, digits, 0))
  const start = lpStringStart(listpack, pos)
  return members.reaches(listpack, start, start + lpStringLength(listpack, pos))
}

/** Whether it does not lie above the range. */
function holds(listpack: Buffer, pos: number, scores: ScoreRange | null, members: LexRange | null): boolean {
  if (scores !== null) return scores.holds(scoreAt(listpack, pos + lpEntrySize(listpack, pos)))
  if (members === null) return false
  if (lpIsInteger(listpack, pos)) return members.holds(digits, 0, lpCopyText(listpack, pos, digits, 0))
  const start = lpStringStart(listpack, pos)
  return members.holds(listpack, start, start + lpStringLength(listpack, pos))
}

function findSpan(
  listpack: Buffer,
  at: number,
  scores: ScoreRange | null,
  members: LexRange | null,
  reverse: boolean,
  span: Span,
): void {
  const count = lpLength(listpack, at) >>> 1
  const first = at + LP_HEADER_SIZE
  const last = lastPair(listpack, at)
  span.from = span.to = 0
  if (last < 0 || !reaches(listpack, last, scores, members) || !holds(listpack, first, scores, members)) return
  if (reverse) {
    let pos = last
    let rank = count
    while (pos >= 0 && !holds(listpack, pos, scores, members)) {
      pos = previousPair(listpack, at, pos)
      rank--
    }
    span.from = span.to = rank
    while (pos >= 0 && reaches(listpack, pos, scores, members)) {
      pos = previousPair(listpack, at, pos)
      span.from--
    }
    return
  }
  let pos = first
  let rank = 0
  while (rank < count && !reaches(listpack, pos, scores, members)) {
    pos = nextPair(listpack, pos)
    rank++
  }
  span.from = span.to = rank
  while (span.to < count && holds(listpack, pos, scores, members)) {
    pos = nextPair(listpack, pos)
    span.to++
  }
}
