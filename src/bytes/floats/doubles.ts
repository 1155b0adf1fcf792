/**
 * Doubles in text, as Redis reads them: with C's strtod, and what each caller makes of its result. Decimal numbers of up to 15 digits
 * and with small exponents, which are nearly all, are worked out here without an allocation; for others JavaScript's own reading is
 * as exact as C's.
 */
import { parseSafeInteger } from '../integers.js'
import { latin1 } from '../latin1.js'

const ZERO = 48
const POINT = 46
const PLUS = 43
const MINUS = 45
const OPEN = 40
const CLOSE = 41
const UNDERSCORE = 95
const LETTER_A = 97
const LETTER_E = 101
const LETTER_P = 112
const LETTER_X = 120
const LETTER_Z = 122

/** One more digit makes no number beyond 2^53 of a number up to this. */
const ROOM_FOR_DIGIT = 900719925474098
/** Powers of ten that are doubles exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
/** Far outside of what a double can hold, whatever the digits before it. */
const MOST_EXPONENT = 1e12
/** Significant digits beyond these do not count, but for whether they are all 0. */
const SIGNIFICANT_DIGITS = 800
/** Longer texts are not made strings of as they are. */
const LONG_TEXT_BYTES = 1024
/** What of a score in a listpack is looked at (zzlStrtod in t_zset.c). */
const SCORE_TEXT_BYTES = 127
const MANTISSA_BITS = 53
const LEAST_EXPONENT = -1074
/** Doubles below have fewer digits. */
const LEAST_NORMAL = 2 ** -1022

/** Where the text of the last scan() ends: its start when that was no number. */
let scannedEnd = 0
/** It was a number, but not one that a double can come near to (ERANGE with an infinity or 0). */
let outOfRange = false
/** It was a hexadecimal number that a double holds exactly. */
let isExactHex = false

/**
 * Reads all of bytes[start, end) as a number, infinities included (getDoubleFromObject in object.c). NaN when it is none: with spaces,
 * with "nan", with a number that is too large for a double or too small.
 */
export function parseDouble(bytes: Buffer, start: number, end: number): number {
  const integer = parseSafeInteger(bytes, start, end)
  if (!Number.isNaN(integer)) return integer
  if (start === end || isSpace(bytes[start])) return Number.NaN
  const value = scan(bytes, start, end)
  return scannedEnd === end && !outOfRange ? value : Number.NaN
}

/**
 * Reads bytes[start, end) as one end of a range of scores, without its "(" (zslParseRange in t_zset.c): spaces may stand before
 * the number, a zero byte ends it, no text at all is 0, and what is too large for a double is infinite. NaN when it is none.
 */
export function parseScoreBound(bytes: Buffer, start: number, end: number): number {
  const integer = parseSafeInteger(bytes, start, end)
  if (!Number.isNaN(integer)) return integer
  const value = scan(bytes, start, end)
  return scannedEnd === end || bytes[scannedEnd] === 0 ? value : Number.NaN
}

/** The number at the start of bytes[start, end), a score in a listpack; 0 for none, NaN for "nan" (zzlStrtod in t_zset.c). */
export function parseScore(bytes: Buffer, start: number, end: number): number {
  const integer = parseSafeInteger(bytes, start, end)
  return Number.isNaN(integer) ? scan(bytes, start, Math.min(end, start + SCORE_TEXT_BYTES)) : integer
}

/** As parseScore, for where there has to be a number (sscanf in rdb.c); NaN when there is none. */
export function parseScoreStrictly(bytes: Buffer, start: number, end: number): number {
  const value = scan(bytes, start, end)
  return scannedEnd === start ? Number.NaN : value
}

/**
 * Reads bytes[start, end) as what SORT compares by: spaces may stand before the number, a zero byte ends it, no text at all is 0. NaN
 * when it is none, or so large or so small that digits of it are lost (ERANGE).
 */
export function parseWeight(bytes: Buffer, start: number, end: number): number {
  const integer = parseSafeInteger(bytes, start, end)
  if (!Number.isNaN(integer)) return integer
  const value = scan(bytes, start, end)
  if ((scannedEnd !== end && bytes[scannedEnd] !== 0) || outOfRange) return Number.NaN
  return value !== 0 && Math.abs(value) < LEAST_NORMAL && !isExactHex ? Number.NaN : value
}

/** strtod in the C locale: leaves in `scannedEnd` where the number ends. */
function scan(bytes: Buffer, start: number, end: number): number {
  scannedEnd = start
  outOfRange = false
  isExactHex = false
  let at = start
  while (at < end && isSpace(bytes[at])) at++
  if (at === end) return 0
  const negative = bytes[at] === MINUS
  if (negative || bytes[at] === PLUS) at++
  if (at === end) return 0
  const first = bytes[at]
  let value: number
  if (first === ZERO && isHex(bytes, at, end)) value = scanHex(bytes, at + 2, end)
  else if (isDigit(first) || first === POINT) value = scanDecimal(bytes, at, end)
  else value = scanWord(bytes, at, end)
  return negative && scannedEnd !== start ? -value : value
}

/** A decimal number, or 0 when there is not even one digit. */
function scanDecimal(bytes: Buffer, start: number, end: number): number {
  let mantissa = 0
  let isExact = true
  let count = 0
  let fraction = 0
  let point = -1
  let at = start
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO
    if (digit >= 0 && digit <= 9) {
      count++
      if (mantissa <= ROOM_FOR_DIGIT) {
        mantissa = mantissa * 10 + digit
        if (point >= 0) fraction++
      } else isExact = false
    } else if (bytes[at] === POINT && point < 0) point = at
    else break
  }
  if (count === 0) return 0
  const digitsEnd = at
  const exponent = scanExponent(bytes, at, end, LETTER_E)
  if (mantissa === 0) return 0
  const power = exponent - fraction
  if (isExact && power >= -22 && power <= 22) {
    return power < 0 ? mantissa / POWERS_OF_TEN[-power] : mantissa * POWERS_OF_TEN[power]
  }
  const value =
    digitsEnd - start < LONG_TEXT_BYTES
      ? Number(`${latin1(bytes, start, digitsEnd)}e${exponent}`)
      : longDecimal(bytes, start, digitsEnd, exponent)
  outOfRange = value === 0 || value === Number.POSITIVE_INFINITY
  return value
}

/** The digits bytes[start, end), with or without a point, times 10^exponent, when they are very many. */
function longDecimal(bytes: Buffer, start: number, end: number, exponent: number): number {
  let digits = ''
  let rest = false
  let hasPoint = false
  for (let at = start; at < end; at++) {
    if (bytes[at] === POINT) {
      hasPoint = true
      continue
    }
    if (hasPoint) exponent--
    if (digits === '' && bytes[at] === ZERO) continue
    if (digits.length < SIGNIFICANT_DIGITS) digits += String.fromCharCode(bytes[at])
    else {
      exponent++
      rest ||= bytes[at] !== ZERO
    }
  }
  return rest ? Number(`${digits}1e${exponent - 1}`) : Number(`${digits}e${exponent}`)
}

/** The exponent behind a number's digits, which end at `at`; 0 when there is none. Sets `scannedEnd`. */
function scanExponent(bytes: Buffer, at: number, end: number, letter: number): number {
  scannedEnd = at
  if (at === end || (bytes[at] | 32) !== letter) return 0
  at++
  const negative = at < end && bytes[at] === MINUS
  if (negative || (at < end && bytes[at] === PLUS)) at++
  if (at === end || !isDigit(bytes[at])) return 0
  let exponent = 0
  for (; at < end && isDigit(bytes[at]); at++) exponent = Math.min(exponent * 10 + bytes[at] - ZERO, MOST_EXPONENT)
  scannedEnd = at
  return negative ? -exponent : exponent
}

/** Whether "0x" and a hexadecimal number begin here; otherwise it is a 0. */
function isHex(bytes: Buffer, at: number, end: number): boolean {
  if (at + 2 >= end || (bytes[at + 1] | 32) !== LETTER_X) return false
  const digitAt = bytes[at + 2] === POINT ? at + 3 : at + 2
  return digitAt < end && hexValue(bytes[digitAt]) >= 0
}

function scanHex(bytes: Buffer, start: number, end: number): number {
  let significand = 0n
  let bits = 0
  let rest = false
  let exponent = 0
  let point = -1
  let at = start
  for (; at < end; at++) {
    const digit = hexValue(bytes[at])
    if (digit >= 0) {
      if (point >= 0) exponent -= 4
      if (bits > MANTISSA_BITS + 4) {
        exponent += 4
        rest ||= digit !== 0
        continue
      }
      significand = significand * 16n + BigInt(digit)
      if (significand > 0n) bits += 4
    } else if (bytes[at] === POINT && point < 0) point = at
    else break
  }
  exponent += scanExponent(bytes, at, end, LETTER_P)
  if (significand === 0n) return 0
  // What follows the digits that were taken only matters where they stand for a half.
  const value = nearest(rest ? significand * 2n + 1n : significand * 2n, exponent - 1)
  isExactHex &&= !rest
  outOfRange = value === 0 || value === Number.POSITIVE_INFINITY
  return value
}

/** The double nearest to significand x 2^exponent, the even one of two. */
function nearest(significand: bigint, exponent: number): number {
  const bits = significand.toString(2).length
  if (exponent + bits > 1024) return Number.POSITIVE_INFINITY
  if (exponent + bits < LEAST_EXPONENT) return 0
  const excess = Math.max(bits - MANTISSA_BITS, LEAST_EXPONENT - exponent)
  isExactHex = excess <= 0
  if (isExactHex) return Number(significand) * 2 ** exponent
  const shift = BigInt(excess)
  const floor = significand >> shift
  const left = significand - (floor << shift)
  const half = 1n << (shift - 1n)
  isExactHex = left === 0n
  const rounded = left > half || (left === half && (floor & 1n) === 1n) ? floor + 1n : floor
  return Number(rounded) * 2 ** (exponent + excess)
}

/** An infinity, or NaN; 0 for anything else. */
function scanWord(bytes: Buffer, at: number, end: number): number {
  if (hasWord(bytes, at, end, 'inf')) {
    scannedEnd = at + (hasWord(bytes, at, end, 'infinity') ? 8 : 3)
    return Number.POSITIVE_INFINITY
  }
  if (!hasWord(bytes, at, end, 'nan')) return 0
  scannedEnd = at + 3
  // A payload: "nan(...)".
  if (scannedEnd < end && bytes[scannedEnd] === OPEN) {
    let close = scannedEnd + 1
    while (close < end && isWordByte(bytes[close])) close++
    if (close < end && bytes[close] === CLOSE) scannedEnd = close + 1
  }
  return Number.NaN
}

function hasWord(bytes: Buffer, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false
  for (let i = 0; i < word.length; i++) if ((bytes[at + i] | 32) !== word.charCodeAt(i)) return false
  return true
}

function isWordByte(byte: number): boolean {
  const lower = byte | 32
  return isDigit(byte) || (lower >= LETTER_A && lower <= LETTER_Z && byte >= 65) || byte === UNDERSCORE
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9
}

/** C's isspace. */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}

/** Value of a hexadecimal digit, -1 for any other byte. */
function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO
  const lower = byte | 32
  return byte >= 65 && lower >= LETTER_A && lower <= LETTER_A + 5 ? lower - LETTER_A + 10 : -1
}
