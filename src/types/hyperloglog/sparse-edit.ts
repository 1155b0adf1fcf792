/**
 * Raising a register of a sparse HyperLogLog in place, byte for byte as Redis does it (hllSparseSet in hyperloglog.c): the run that
 * the register is in becomes up to three, and then equal values beside each other are joined, a few runs far.
 */
import { HEADER_BYTES, makeStale } from './layout.js'
import {
  isLongZeros,
  isValue,
  longZerosRun,
  runValue,
  shortRun,
  shortRuns,
  VALUE_MAX,
  VALUE_RUN_MAX,
  valueCode,
  valueRun,
  writeZeros,
} from './sparse.js'

/** The string of a HyperLogLog: bytes[start, end). */
export interface HyperLogLogString {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Lets all bytes be changed, and makes the string `length` bytes long, not fewer than it has. What is added is anything. */
  extend(length: number): void
  /** Leaves the first `length` bytes. */
  truncate(length: number): void
}

/** What becomes of a register that is to be raised. */
export const UNCHANGED = 0
export const RAISED = 1
/** It does not go into the sparse encoding: nothing has changed. */
export const NEEDS_DENSE = 2
/** The string is damaged: nothing has changed. */
export const DAMAGED = 3

/** Longer tails than those of any sound string are not moved to and fro: nobody else would get a turn meanwhile. */
const MOVED_MAX_BYTES = 1024 * 1024
/** How many runs are looked at, from the one before the change on, to be joined with the next one. */
const JOINED_RUNS = 5
const LONGEST_SPLIT = 5
const LONG_ZEROS_BYTES = 2
/** Runs of one byte are gone through so many at a time. */
const CODES = 4
const NO_BYTES = Buffer.alloc(0)

export class SparseEdit {
  /** Offsets, from the string's start: of the run that has the register, and of the one before, 0 for none. */
  private at = 0
  private previous = 0
  /** The first register of each of the two, and how many the run has. */
  private first = 0
  private previousFirst = 0
  private run = 0
  /** The slab's memory looked at last, to be read in words: most strings lie in the same few. */
  private viewed: Buffer = NO_BYTES
  private view: DataView = new DataView(NO_BYTES.buffer, 0, 0)
  private readonly split = Buffer.alloc(LONGEST_SPLIT)
  /** Where the last change was: registers from this one on can be looked for from there. */
  private resumeAt = HEADER_BYTES
  private resumeFirst = 0

  /** Raises a register to `rank`; a string does not grow beyond `maxBytes`. */
  raise(string: HyperLogLogString, index: number, rank: number, maxBytes: number): number {
    this.rewind()
    return this.raiseNext(string, index, rank, maxBytes)
  }

  /** The next call of raiseNext() is about another string. */
  rewind(): void {
    this.resumeAt = HEADER_BYTES
    this.resumeFirst = 0
  }

  /** As raise(), of a higher register than before in the same string: finds it in the time that the runs between them take. */
  raiseNext(string: HyperLogLogString, index: number, rank: number, maxBytes: number): number {
    if (rank > VALUE_MAX) return NEEDS_DENSE
    if (!this.locate(string, index)) return DAMAGED
    const code = string.bytes[string.start + this.at]
    if (isValue(code) && runValue(code) >= rank) return UNCHANGED
    const length = string.end - string.start
    const oldBytes = isLongZeros(code) ? LONG_ZEROS_BYTES : 1
    const newBytes = this.divide(code, index, rank)
    const growth = newBytes - oldBytes
    const tail = length - this.at - oldBytes
    if (growth > 0 && length + growth > maxBytes) return NEEDS_DENSE
    if (tail > MOVED_MAX_BYTES) return DAMAGED
    string.extend(length + Math.max(growth, 0))
    const { bytes, start } = string
    const at = start + this.at
    if (growth !== 0 && tail > 0) bytes.copyWithin(at + newBytes, at + oldBytes, at + oldBytes + tail)
    const end = start + length + growth
    for (let i = 0; i < newBytes && at + i < end; i++) bytes[at + i] = this.split[i]
    const joinedEnd = this.join(bytes, start + (this.previous || HEADER_BYTES), end)
    if (joinedEnd < string.end) string.truncate(joinedEnd - start)
    makeStale(string.bytes, string.start)
    this.resumeAt = this.previous || HEADER_BYTES
    this.resumeFirst = this.previousFirst
    return RAISED
  }

  /** Finds the run that has the register. False: there is none. */
  private locate(string: HyperLogLogString, index: number): boolean {
    const { bytes, end, start } = string
    const view = this.viewOf(string)
    let at = start + this.resumeAt
    let first = this.resumeFirst
    let previous = 0
    let previousFirst = 0
    while (at < end) {
      const from = at
      for (; at + CODES <= end; at += CODES) {
        const codes = view.getInt32(at, true)
        if ((codes & ~(codes >>> 1) & 0x40404040) !== 0) break
        const behind = first + shortRuns(codes)
        if (behind > index) break
        first = behind
      }
      if (at !== from) {
        previous = at - 1
        previousFirst = first - shortRun(bytes[previous])
      }
      for (const until = Math.min(end, at + CODES); at < until; ) {
        const code = bytes[at]
        const isLong = isLongZeros(code)
        const run = isLong ? longZerosRun(code, at + 1 < end ? bytes[at + 1] : 0) : shortRun(code)
        if (index < first + run) {
          if (previous === 0 && this.resumeAt !== HEADER_BYTES) {
            // What is before it has to be known.
            this.rewind()
            return this.locate(string, index)
          }
          this.at = at - start
          this.first = first
          this.run = run
          this.previous = previous === 0 ? 0 : previous - start
          this.previousFirst = previousFirst
          return true
        }
        previous = at
        previousFirst = first
        at += isLong ? LONG_ZEROS_BYTES : 1
        first += run
      }
    }
    return false
  }

  private viewOf({ bytes, start }: HyperLogLogString): DataView {
    // A string in a Buffer of its own, which is not to be kept here when it goes.
    if (start === 0) return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes !== this.viewed) {
      this.viewed = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.view
  }

  /** Puts the runs that come in the place of the one located into `split`; returns how many bytes they take. */
  private divide(code: number, index: number, rank: number): number {
    const { first, run, split } = this
    const before = index - first
    const behind = first + run - 1 - index
    let at = 0
    if (isValue(code)) {
      const value = runValue(code)
      if (before > 0) split[at++] = valueCode(value, before)
      split[at++] = valueCode(rank, 1)
      if (behind > 0) split[at++] = valueCode(value, behind)
      return at
    }
    if (before > 0) at = writeZeros(split, at, before)
    split[at++] = valueCode(rank, 1)
    return behind > 0 ? writeZeros(split, at, behind) : at
  }

  /** Joins runs of the same value from `at` on; returns the end of what is left. */
  private join(bytes: Buffer, at: number, end: number): number {
    for (let looked = 0; looked < JOINED_RUNS && at < end; looked++) {
      const code = bytes[at]
      if (isLongZeros(code)) {
        at += LONG_ZEROS_BYTES
        continue
      }
      const next = at + 1 < end ? bytes[at + 1] : 0
      if (isValue(code) && isValue(next) && runValue(code) === runValue(next)) {
        const run = valueRun(code) + valueRun(next)
        if (run <= VALUE_RUN_MAX) {
          bytes[at + 1] = valueCode(runValue(code), run)
          bytes.copyWithin(at, at + 1, end)
          end--
          continue
        }
      }
      at++
    }
    return end
  }
}
