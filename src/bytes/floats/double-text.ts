/**
 * Doubles as Redis 7.2 writes them, in replies and in listpacks (d2string in util.c): integers as such, other numbers with the
 * digits of grisu.ts, and an exponent where they would be long.
 */

import { writeInteger } from '../integers.js'
import { latin1 } from '../latin1.js'
import { grisu, grisuDigits } from './grisu.js'

/** Longer than any text: "-246412717226174950000000" has 18 digits at most, and seven zeros. */
export const DOUBLE_TEXT_BYTES = 32

/** Up to here integers are written as such. */
const MOST_INTEGER = 2 ** 62
/** Zeros behind the digits of an integer at most. */
const MOST_ZEROS = 7
/** With fewer digits than these behind the point there is no exponent. */
const MOST_FRACTION_DIGITS = 7
/** Of numbers with an exponent so many characters are kept at most, the sign included. */
const MOST_SCIENTIFIC_DIGITS = 18

const PRECISE_DIGITS = 17
/** toExponential() gives no more. */
const MOST_EXPONENTIAL_DIGITS = 100

const ZERO = 48
const POINT = 46
const PLUS = 43
const MINUS = 45
const LETTER_E = 101

const text = Buffer.alloc(DOUBLE_TEXT_BYTES)

/** The text of a double. */
export function doubleText(value: number): string {
  return latin1(text, 0, writeDouble(text, 0, value))
}

/**
 * Writes the text of a double at `offset`, where there is room for DOUBLE_TEXT_BYTES; returns the offset behind it. O(1), with no
 * allocation but for integers beyond 2^53.
 */
export function writeDouble(target: Buffer, offset: number, value: number): number {
  if (Number.isSafeInteger(value) && value !== 0) return writeInteger(target, offset, value)
  if (Math.abs(value) <= MOST_INTEGER && Number.isInteger(value) && value !== 0) {
    return writeWord(target, offset, String(BigInt(value)))
  }
  return writeFloat(target, offset, value)
}

/** As writeDouble(), but integers of many digits that end with zeros have an exponent as well (fpconv_dtoa). */
export function writeFloat(target: Buffer, offset: number, value: number): number {
  if (Number.isNaN(value)) return writeWord(target, offset, 'nan')
  let most = MOST_SCIENTIFIC_DIGITS
  if (value < 0 || Object.is(value, -0)) {
    target[offset++] = MINUS
    value = -value
    most--
  }
  if (value === 0) return writeWord(target, offset, '0')
  if (value === Number.POSITIVE_INFINITY) return writeWord(target, offset, 'inf')
  grisuDigits(value)
  return writeDigits(target, offset, most)
}

/** The text of a double with 17 significant digits, as C's %.17g has it: "0.10000000000000001", "1e+20". */
export function preciseText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value)
  const text = value.toExponential(PRECISE_DIGITS - 1)
  const digits = isTie(value) ? evenDigits(value) : text
  const mark = digits.indexOf('e')
  const exponent = Number(digits.slice(mark + 1))
  const mantissa = digits.slice(0, mark)
  if (exponent < -4 || exponent >= PRECISE_DIGITS) {
    const power = String(Math.abs(exponent)).padStart(2, '0')
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${power}`
  }
  const sign = value < 0 ? '-' : ''
  const plain = mantissa.replace(/[-.]/g, '')
  if (exponent < 0) return withoutZeros(`${sign}0.${'0'.repeat(-exponent - 1)}${plain}`)
  return withoutZeros(`${sign}${plain.slice(0, exponent + 1)}.${plain.slice(exponent + 1)}`)
}

function withoutZeros(text: string): string {
  return text.replace(/\.?0*$/, '')
}

/** Whether the digits behind those of %.17g are exactly a half: C rounds to an even digit then, JavaScript up. */
function isTie(value: number): boolean {
  if (!/5e/.test(value.toExponential(PRECISE_DIGITS))) return false
  return /^-?\d\.\d{16}50*e/.test(value.toExponential(MOST_EXPONENTIAL_DIGITS))
}

function evenDigits(value: number): string {
  const [digits, exponent] = value.toExponential(PRECISE_DIGITS).split('e')
  const below = digits.slice(0, -1)
  return Number(below.at(-1)) % 2 === 0 ? `${below}e${exponent}` : value.toExponential(PRECISE_DIGITS - 1)
}

function writeWord(target: Buffer, offset: number, word: string): number {
  for (let i = 0; i < word.length; i++) target[offset++] = word.charCodeAt(i)
  return offset
}

/** Writes what is in `grisu`; with an exponent, no more than `most` digits. */
function writeDigits(target: Buffer, at: number, most: number): number {
  const { count, digits, exponent } = grisu
  /** Of the first digit, and its distance from the point. */
  const magnitude = exponent + count - 1
  const distance = Math.abs(magnitude)
  if (exponent >= 0 && exponent <= MOST_ZEROS) {
    for (let i = 0; i < count; i++) target[at++] = digits[i]
    for (let i = 0; i < exponent; i++) target[at++] = ZERO
    return at
  }
  if (exponent < 0 && (exponent > -MOST_FRACTION_DIGITS || distance < 4)) return writeFraction(target, at)
  const kept = Math.min(count, most)
  target[at++] = digits[0]
  if (kept > 1) {
    target[at++] = POINT
    for (let i = 1; i < kept; i++) target[at++] = digits[i]
  }
  target[at++] = LETTER_E
  target[at++] = magnitude < 0 ? MINUS : PLUS
  return writeInteger(target, at, distance)
}

/** Writes the digits with a point among them, or before them behind zeros. */
function writeFraction(target: Buffer, at: number): number {
  const { count, digits, exponent } = grisu
  const whole = count + exponent
  if (whole > 0) {
    for (let i = 0; i < whole; i++) target[at++] = digits[i]
    target[at++] = POINT
    for (let i = whole; i < count; i++) target[at++] = digits[i]
    return at
  }
  target[at++] = ZERO
  target[at++] = POINT
  for (let i = whole; i < 0; i++) target[at++] = ZERO
  for (let i = 0; i < count; i++) target[at++] = digits[i]
  return at
}
