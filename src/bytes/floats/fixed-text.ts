/**
 * Doubles in decimals without an exponent, rounded half to even as C does it: with as many digits as a coordinate or a distance has
 * in Redis's replies.
 */
import { writeInteger } from '../integers.js'
import { formatLongDouble, toLongDouble } from './long-double.js'

/** Room for any text of writeDecimals(), if the number is below 2^53, and of writeFixed4(). */
export const FIXED_TEXT_BYTES = 40

const ZERO = 48
const POINT = 46
const MINUS = 45
/** Digits behind the point of writeDecimals(). */
const MOST_DECIMALS = 17

const HALF_BITS = 2 ** 26
const FRACTION = 2 ** 52
const FIVE_DIGITS = 1e5
const TWO_DIGITS = 100
const FOUR_DECIMALS = 1e4

/** A fraction in units of 2^-52, as two halves: what is left of it while digits are taken. */
let upper = 0
let lower = 0

/** Takes the digits that a multiplication by `power` brings before the point. */
function takeDigits(power: number): number {
  lower *= power
  const carried = Math.floor(lower / HALF_BITS)
  lower -= carried * HALF_BITS
  upper = upper * power + carried
  const digits = Math.floor(upper / HALF_BITS)
  upper -= digits * HALF_BITS
  return digits
}

function writeDigits(target: Buffer, offset: number, value: number, count: number): void {
  for (let at = offset + count - 1; at >= offset; at--) {
    const rest = Math.floor(value / 10)
    target[at] = ZERO + value - rest * 10
    value = rest
  }
}

/**
 * Writes a number with up to 17 digits behind the point, none of them a zero at the end (ld2string's human form); returns the offset
 * behind it. Without an allocation for what 52 bits behind the point tell exactly.
 */
export function writeDecimals(target: Buffer, offset: number, value: number): number {
  const magnitude = Math.abs(value)
  const whole = Math.floor(magnitude)
  const fraction = (magnitude - whole) * FRACTION
  if (!(magnitude < Number.MAX_SAFE_INTEGER) || !Number.isInteger(fraction)) {
    return offset + target.write(formatLongDouble(toLongDouble(value)), offset, 'latin1')
  }
  upper = Math.floor(fraction / HALF_BITS)
  lower = fraction - upper * HALF_BITS
  const first = takeDigits(FIVE_DIGITS)
  const second = takeDigits(FIVE_DIGITS)
  const third = takeDigits(FIVE_DIGITS)
  let last = takeDigits(TWO_DIGITS)
  const isMore = upper > HALF_BITS / 2 || (upper === HALF_BITS / 2 && lower > 0)
  const isHalf = upper === HALF_BITS / 2 && lower === 0
  if (isMore || (isHalf && last % 2 === 1)) last++
  // A carry would go far: no fraction of so few bits comes near to the next digit.
  if (last === TWO_DIGITS) return offset + target.write(formatLongDouble(toLongDouble(value)), offset, 'latin1')
  if (value < 0) target[offset++] = MINUS
  let at = writeInteger(target, offset, whole)
  if (fraction === 0) return at
  target[at++] = POINT
  writeDigits(target, at, first, 5)
  writeDigits(target, at + 5, second, 5)
  writeDigits(target, at + 10, third, 5)
  writeDigits(target, at + 15, last, 2)
  at += MOST_DECIMALS
  while (target[at - 1] === ZERO) at--
  return at
}

/** Writes a number, not negative, with four digits behind the point (fixedpoint_d2string); returns the offset behind it. */
export function writeFixed4(target: Buffer, offset: number, value: number): number {
  const scaled = value * FOUR_DECIMALS
  let units = Math.floor(scaled)
  const rest = scaled - units
  if (rest > 0.5 || (rest === 0.5 && units % 2 === 1)) units++
  const whole = Math.floor(units / FOUR_DECIMALS)
  const at = writeInteger(target, offset, whole)
  target[at] = POINT
  writeDigits(target, at + 1, units - whole * FOUR_DECIMALS, 4)
  return at + 5
}

/** The text of any number with six digits behind the point (C's %f). */
export function fixed6Text(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (Math.abs(value) >= 2 ** 53) return `${BigInt(value)}.000000`
  const text = value.toFixed(6)
  // toFixed() rounds halves up; there are such only where the seventh digit is the last one, of 1/128.
  const isHalf = Math.abs(value * 128) % 2 === 1
  const sign = Object.is(value, -0) ? '-' : ''
  return isHalf && Number(text.at(-1)) % 2 === 1 ? `${text.slice(0, -1)}${Number(text.at(-1)) - 1}` : sign + text
}
