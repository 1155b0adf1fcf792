/**
 * The x86 80-bit extended float ("long double"), exactly: INCRBYFLOAT and HINCRBYFLOAT compute and print with it, so that
 * 10.50 + 0.1 is 10.6 and not 10.59999999999999964. 64 bits of significand, round half to even, gradual underflow.
 */

/**
 * A long double: significand x 2^exponent, with the significand in 0 .. 2^64 - 1. Not normalised: the same value has several
 * forms. An infinity has the exponent Infinity, not-a-number (from Infinity - Infinity) the exponent NaN.
 */
export interface LongDouble {
  readonly negative: boolean
  readonly significand: bigint
  readonly exponent: number
}

const SIGNIFICAND_BITS = 64
/** Exponent of the lowest bit of the smallest subnormal, 2^-16445. */
const MIN_EXPONENT = -16445
/** Values from 2^16384 on are infinite. */
const MAX_MAGNITUDE_BITS = 16384

/** Bytes of text that Redis accepts at most (MAX_LONG_DOUBLE_CHARS less the final NUL). */
const MAX_TEXT_LENGTH = 5 * 1024 - 1
/** Beyond this, an exponent decides alone: a text of MAX_TEXT_LENGTH has fewer digits. */
const EXPONENT_LIMIT = 100_000

const NOT_A_NUMBER: LongDouble = { negative: false, significand: 0n, exponent: Number.NaN }
const POSITIVE_INFINITY: LongDouble = { negative: false, significand: 0n, exponent: Infinity }
const NEGATIVE_INFINITY: LongDouble = { negative: true, significand: 0n, exponent: Infinity }

/** Zero, the value of a missing key or field. */
export const LONG_DOUBLE_ZERO: LongDouble = { negative: false, significand: 0n, exponent: 0 }

const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const DIGIT_0 = 0x30
const LETTER_A = 0x61
const LETTER_E = 0x65
const LETTER_P = 0x70
const LETTER_X = 0x78

/**
 * Reads `bytes[start, end)` as string2ld does: all that C's strtold takes in the C locale (decimal and hexadecimal
 * floats, "inf" and "infinity" in any case) and nothing around it. Null for an empty text, spaces, trailing bytes, NaN, more than
 * 5119 bytes, and numbers that overflow to infinity or underflow to zero.
 */
export function parseLongDouble(bytes: Uint8Array, start: number, end: number): LongDouble | null {
  if (end <= start || end - start > MAX_TEXT_LENGTH) return null
  const sign = bytes[start]
  const negative = sign === MINUS
  const first = negative || sign === PLUS ? start + 1 : start
  if (first === end) return null
  const leading = bytes[first]
  if (leading !== POINT && !isDigit(leading)) {
    if (!equalsNoCase(bytes, first, end, 'inf') && !equalsNoCase(bytes, first, end, 'infinity')) return null
    return negative ? NEGATIVE_INFINITY : POSITIVE_INFINITY
  }
  const hexadecimal = leading === DIGIT_0 && first + 1 < end && lower(bytes[first + 1]) === LETTER_X
  return hexadecimal ? parseNumber(bytes, first + 2, end, negative, 16) : parseNumber(bytes, first, end, negative, 10)
}

const doubleView = new Float64Array(1)
const bitsView = new BigUint64Array(doubleView.buffer)

/** The exact long double for a double or a 64-bit integer; wider integers are rounded. */
export function toLongDouble(value: number | bigint): LongDouble {
  if (typeof value === 'bigint') return round(value < 0n, value < 0n ? -value : value, 0)
  const negative = value < 0 || Object.is(value, -0)
  if (Number.isSafeInteger(value)) return { negative, significand: BigInt(Math.abs(value)), exponent: 0 }
  if (Number.isNaN(value)) return NOT_A_NUMBER
  if (!Number.isFinite(value)) return negative ? NEGATIVE_INFINITY : POSITIVE_INFINITY
  doubleView[0] = value
  const bits = bitsView[0]
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  if (biased === 0) return { negative, significand: fraction, exponent: -1074 }
  return { negative, significand: fraction | (1n << 52n), exponent: biased - 1075 }
}

/** a + b, rounded once. The sum of two infinities of unlike sign is not a number. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble {
  if (!isFiniteLongDouble(a) || !isFiniteLongDouble(b)) {
    if (Number.isNaN(a.exponent) || Number.isNaN(b.exponent)) return NOT_A_NUMBER
    if (isFiniteLongDouble(b)) return a
    if (isFiniteLongDouble(a)) return b
    return a.negative === b.negative ? a : NOT_A_NUMBER
  }
  if (a.significand === 0n && b.significand === 0n) {
    return a.negative && b.negative ? a : LONG_DOUBLE_ZERO
  }
  if (a.significand === 0n) return b
  if (b.significand === 0n) return a
  const exponent = Math.min(a.exponent, b.exponent)
  const left = signedSignificand(a, exponent)
  const sum = left + signedSignificand(b, exponent)
  if (sum === 0n) return LONG_DOUBLE_ZERO
  return sum < 0n ? round(true, -sum, exponent) : round(false, sum, exponent)
}

/** x * factor, rounded once; both finite. */
export function multiplyLongDouble({ exponent, negative, significand }: LongDouble, factor: bigint): LongDouble {
  return round(factor < 0n ? !negative : negative, significand * (factor < 0n ? -factor : factor), exponent)
}

/** The least integer that is not less than x, which is finite. */
export function ceilLongDouble({ exponent, negative, significand }: LongDouble): bigint {
  const value = negative ? -significand : significand
  return exponent >= 0 ? value << BigInt(exponent) : -(-value >> BigInt(-exponent))
}

/** False for the infinities and for not-a-number. */
export function isFiniteLongDouble(x: LongDouble): boolean {
  return Number.isFinite(x.exponent)
}

/**
 * The value as ld2string's human form (printf's %.17Lf without the zeros at the end): never an exponent, at most 17 digits
 * behind the point, rounded half to even, "0" instead of "-0"; "inf", "-inf" and "nan".
 */
export function formatLongDouble(x: LongDouble): string {
  if (!isFiniteLongDouble(x)) {
    if (Number.isNaN(x.exponent)) return 'nan'
    return x.negative ? '-inf' : 'inf'
  }
  const { significand, exponent } = x
  let text: string
  if (exponent >= 0) {
    text = (significand << BigInt(exponent)).toString()
  } else {
    // In units of 10^-17 = 5^-17 x 2^-17.
    const units = shiftRightHalfEven(significand * FIVE_TO_17, -exponent - FRACTION_DIGITS)
    text = withPoint(units.toString())
  }
  return x.negative && text !== '0' ? `-${text}` : text
}

const FRACTION_DIGITS = 17
const FIVE_TO_17 = 5n ** 17n

/** An integer count of 10^-17 as a decimal fraction without zeros at the end. */
function withPoint(units: string): string {
  const padded = units.padStart(FRACTION_DIGITS + 1, '0')
  const point = padded.length - FRACTION_DIGITS
  let end = padded.length
  while (end > point && padded.charCodeAt(end - 1) === DIGIT_0) end--
  return end === point ? padded.slice(0, point) : `${padded.slice(0, point)}.${padded.slice(point, end)}`
}

function signedSignificand(x: LongDouble, exponent: number): bigint {
  const shifted = x.exponent === exponent ? x.significand : x.significand << BigInt(x.exponent - exponent)
  return x.negative ? -shifted : shifted
}

/**
 * Reads digits, point and exponent of a number, without its sign and "0x", in `bytes[start, end)`. The exponent follows "e" and is
 * a power of 10 in base 10; in base 16 it follows "p" and is a power of 2.
 */
function parseNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  negative: boolean,
  base: 10 | 16,
): LongDouble | null {
  const digits = readDigits(bytes, start, end, base)
  if (digits === null) return null
  let { position } = digits
  let exponent = -digits.fractionLength
  if (base === 16) exponent *= 4
  if (position < end) {
    if (lower(bytes[position]) !== (base === 16 ? LETTER_P : LETTER_E)) return null
    position++
    const sign = bytes[position]
    if (position < end && (sign === PLUS || sign === MINUS)) position++
    if (position === end) return null
    let written = 0
    for (; position < end; position++) {
      if (!isDigit(bytes[position])) return null
      written = Math.min(written * 10 + bytes[position] - DIGIT_0, EXPONENT_LIMIT)
    }
    exponent += sign === MINUS ? -written : written
  }

  if (digits.significand === 0n) return { negative, significand: 0n, exponent: 0 }
  const value =
    base === 16
      ? round(negative, digits.significand, clamp(exponent))
      : roundDecimal(negative, digits.significand, exponent)
  return isFiniteLongDouble(value) && value.significand !== 0n ? value : null
}

interface Digits {
  /** All digits, as if there were no point. */
  significand: bigint
  /** How many of them are behind the point. */
  fractionLength: number
  /** Index behind the last one (or behind the point). */
  position: number
}

function readDigits(bytes: Uint8Array, start: number, end: number, base: 10 | 16): Digits | null {
  let position = start
  let point = -1
  let significand = 0n
  // Digits are collected as a number as long as that is exact, and put into the BigInt in groups.
  let group = 0
  let groupScale = 1
  const groupLimit = Number.MAX_SAFE_INTEGER / (base * base)
  for (; position < end; position++) {
    const byte = bytes[position]
    if (byte === POINT) {
      if (point >= 0) return null
      point = position
      continue
    }
    const digit = digitValue(byte)
    if (digit >= base) break
    group = group * base + digit
    groupScale *= base
    if (groupScale > groupLimit) {
      significand = significand * BigInt(groupScale) + BigInt(group)
      group = 0
      groupScale = 1
    }
  }
  const count = position - start - (point >= 0 ? 1 : 0)
  if (count === 0) return null
  significand = significand === 0n ? BigInt(group) : significand * BigInt(groupScale) + BigInt(group)
  return { significand, fractionLength: point >= 0 ? position - point - 1 : 0, position }
}

/** significand x 10^exponent, rounded; the significand is not 0. */
function roundDecimal(negative: boolean, significand: bigint, exponent: number): LongDouble {
  if (exponent === 0) return round(negative, significand, 0)
  // Far outside the range of values, whatever the significand of a text of bounded length is.
  if (exponent > MAX_TEXT_LENGTH) return negative ? NEGATIVE_INFINITY : POSITIVE_INFINITY
  if (exponent < -2 * MAX_TEXT_LENGTH) return { negative, significand: 0n, exponent: 0 }
  if (exponent > 0) return round(negative, significand * powerOfTen(exponent), 0)
  const divisor = powerOfTen(-exponent)
  // A quotient of at least 66 bits: the last one lies below the one that decides ties, and can stand for the remainder.
  const shift = Math.max(0, SIGNIFICAND_BITS + 2 + bitLength(divisor) - bitLength(significand))
  const dividend = significand << BigInt(shift)
  const quotient = dividend / divisor
  return round(negative, quotient * divisor === dividend ? quotient : quotient | 1n, -shift)
}

const POWERS_OF_TEN = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent))

function powerOfTen(exponent: number): bigint {
  return exponent < POWERS_OF_TEN.length ? POWERS_OF_TEN[exponent] : 10n ** BigInt(exponent)
}

/** The long double nearest to magnitude x 2^exponent. */
function round(negative: boolean, magnitude: bigint, exponent: number): LongDouble {
  const bits = bitLength(magnitude)
  const excess = Math.max(bits - SIGNIFICAND_BITS, MIN_EXPONENT - exponent)
  if (excess <= 0) {
    if (exponent + bits > MAX_MAGNITUDE_BITS) return negative ? NEGATIVE_INFINITY : POSITIVE_INFINITY
    return { negative, significand: magnitude, exponent }
  }
  // Once more, since rounding up may have carried into a 65th bit or out of the format's range.
  return round(negative, shiftRightHalfEven(magnitude, excess), exponent + excess)
}

/** value / 2^count to the nearest integer, halves to the even one; a negative count shifts left. */
function shiftRightHalfEven(value: bigint, count: number): bigint {
  if (count <= 0) return value << BigInt(-count)
  const floor = value >> BigInt(count)
  const rest = BigInt.asUintN(count, value)
  const half = 1n << BigInt(count - 1)
  return rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor
}

/** Number of bits up to the highest set one; 0 for 0. */
function bitLength(value: bigint): number {
  let top = Number(value)
  if (top === Infinity) {
    const hex = value.toString(16)
    return hex.length * 4 - Math.clz32(Number.parseInt(hex[0], 16)) + 28
  }
  let length = 32
  for (; top >= TWO_TO_32; top /= TWO_TO_32) length += 32
  length -= Math.clz32(top)
  // A power of two may be what the conversion to a number has rounded up to.
  const isPowerOfTwo = Number.isInteger(top) && (top & (top - 1)) === 0
  return isPowerOfTwo && length > 53 && value >> BigInt(length - 1) === 0n ? length - 1 : length
}

const TWO_TO_32 = 2 ** 32

function clamp(exponent: number): number {
  return Math.max(-EXPONENT_LIMIT, Math.min(EXPONENT_LIMIT, exponent))
}

function equalsNoCase(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false
  for (let index = 0; index < word.length; index++) {
    if (lower(bytes[start + index]) !== word.charCodeAt(index)) return false
  }
  return true
}

/** Value of a hexadecimal digit in either case; 16 for any other byte. */
function digitValue(byte: number): number {
  if (isDigit(byte)) return byte - DIGIT_0
  const letter = lower(byte)
  return letter >= LETTER_A && letter < LETTER_A + 6 ? letter - LETTER_A + 10 : 16
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte < DIGIT_0 + 10
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
