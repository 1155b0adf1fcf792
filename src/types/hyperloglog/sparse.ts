/**
 * The sparse encoding: runs of equal registers, of all 16384 in order.
 *
 *   00llllll           ZERO: l + 1 registers are 0
 *   01llllll llllllll  XZERO: the same for up to 16384 of them
 *   1vvvvvll           VAL: l + 1 registers are v + 1
 *
 * A string that a client has written to may end within a run, or its runs may be fewer or more registers than there are: it is damaged.
 */
import type { Histogram } from './histogram.js'
import { REGISTERS } from './layout.js'

export const VALUE_MAX = 32
export const VALUE_RUN_MAX = 4
const ZERO_RUN_MAX = 64
const XZERO = 0x40
const VALUE = 0x80

/** More bytes than these are more registers than there are: an XZERO for each. */
export const SPARSE_MAX_BYTES = 2 * REGISTERS

export function isLongZeros(code: number): boolean {
  return (code & 0xc0) === XZERO
}

export function isValue(code: number): boolean {
  return code >= VALUE
}

/** The value of the registers of a VAL, and how many there are. */
export function runValue(code: number): number {
  return ((code >>> 2) & 0x1f) + 1
}
export function valueRun(code: number): number {
  return (code & 3) + 1
}

/** How many registers an XZERO stands for. Where the string ends behind its first byte, the second one is 0. */
export function longZerosRun(code: number, next: number): number {
  return (((code & 0x3f) << 8) | next) + 1
}

/** How many registers a ZERO or a VAL stands for, without a branch: which of the two comes next, no processor can guess. */
export function shortRun(code: number): number {
  return (code & (0x3f ^ (-(code >>> 7) & 0x3c))) + 1
}

/** How many registers four of them stand for, one in each byte. */
export function shortRuns(codes: number): number {
  const values = codes & 0x80808080
  const runs = codes & (0x3f3f3f3f ^ ((values >>> 1) - (values >>> 5)))
  // Each is one less than the run, so that their sum, in the highest byte of the product, fits one.
  return (Math.imul(runs, 0x01010101) >>> 24) + 4
}

export function valueCode(value: number, run: number): number {
  return VALUE | ((value - 1) << 2) | (run - 1)
}

/** Writes `run` registers that are 0 in as few bytes as they take; returns the offset behind them. */
export function writeZeros(bytes: Uint8Array, at: number, run: number): number {
  if (run <= ZERO_RUN_MAX) {
    bytes[at] = run - 1
    return at + 1
  }
  bytes[at] = XZERO | ((run - 1) >>> 8)
  bytes[at + 1] = run - 1
  return at + 2
}

/** Counts the registers by their values. False: the runs of bytes[at, end) are damaged. */
export function countSparse(bytes: Uint8Array, at: number, end: number, histogram: Histogram): boolean {
  let index = 0
  while (at < end && index <= REGISTERS) {
    const code = bytes[at++]
    let run = 0
    if (isLongZeros(code)) {
      run = longZerosRun(code, at < end ? bytes[at] : 0)
      histogram[0] += run
      at++
    } else {
      run = shortRun(code)
      histogram[isValue(code) ? runValue(code) : 0] += run
    }
    index += run
  }
  return index === REGISTERS && at >= end
}

/** Raises registers to those of bytes[at, end) where these are higher. False: the runs are damaged, and some have been raised. */
export function raiseToSparse(registers: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  let index = 0
  while (at < end) {
    const code = bytes[at++]
    if (isValue(code)) {
      const value = runValue(code)
      const behind = index + valueRun(code)
      if (behind > REGISTERS) return false
      for (; index < behind; index++) if (value > registers[index]) registers[index] = value
    } else if (isLongZeros(code)) index += longZerosRun(code, at < end ? bytes[at++] : 0)
    else index += shortRun(code)
    if (index > REGISTERS) return false
  }
  return index === REGISTERS
}

/** The runs of bytes[at, end) in words (PFDEBUG DECODE): "Z:16000 v:3,1 z:12". */
export function describeSparse(bytes: Uint8Array, at: number, end: number): string {
  const runs: string[] = []
  while (at < end) {
    const code = bytes[at++]
    if (isLongZeros(code)) runs.push(`Z:${longZerosRun(code, at < end ? bytes[at++] : 0)}`)
    else if (isValue(code)) runs.push(`v:${runValue(code)},${valueRun(code)}`)
    else runs.push(`z:${shortRun(code)}`)
  }
  return runs.join(' ')
}
