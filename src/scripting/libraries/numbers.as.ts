/**
 * Numbers as C on x86-64 converts, prints and reads them: the results of scripts must not depend on the machine.
 */
import {
  lua_call, lua_getfield, lua_pop, lua_pushfstring, lua_pushlstring, lua_pushnumber, lua_rawgeti, lua_tonumber, luaL_ref, malloc,
  LUA_GLOBALSINDEX, LUA_REGISTRYINDEX, State, Text,
} from './lua.as'
import { cursor, put, putBytes, reserve, setCursor } from './memory.as'
import { bytesLength, formatArgs, toBytes } from './scratch.as'

@external('text', 'string') declare const STRING: Text
@external('text', 'format') declare const FORMAT: Text
@external('text', '%%.%dg') declare const PRECISION_FORMAT: Text

/** The largest n of which 10^n is a double. */
const EXACT_POWERS: i32 = 22

/** The powers of ten from 0 to EXACT_POWERS. */
let powers: usize = 0

/** The largest n of which 5^n fits into 64 bits. */
const POWERS_OF_FIVE: i32 = 27

/** The powers of five from 0 to POWERS_OF_FIVE, as integers. */
let fives: usize = 0

/** string.format's reference in the registry: what a script puts in its place does not count. */
export let stringFormat: i32 = 0

export function openNumbers(L: State): bool {
  powers = malloc((EXACT_POWERS + 1) * sizeof<f64>())
  if (powers === 0) return false
  let power: f64 = 1
  for (let i = 0; i <= EXACT_POWERS; i++) {
    store<f64>(powers + <usize>i * sizeof<f64>(), power)
    power *= 10
  }
  fives = malloc((POWERS_OF_FIVE + 1) * sizeof<u64>())
  if (fives === 0) return false
  let five: u64 = 1
  for (let i = 0; i <= POWERS_OF_FIVE; i++) {
    store<u64>(fives + <usize>i * sizeof<u64>(), five)
    five *= 5
  }
  lua_getfield(L, LUA_GLOBALSINDEX, STRING)
  lua_getfield(L, -1, FORMAT)
  stringFormat = luaL_ref(L, LUA_REGISTRYINDEX)
  lua_pop(L, 1)
  return true
}

@inline
function power(n: i32): f64 {
  return load<f64>(powers + <usize>n * sizeof<f64>())
}

/** (int64_t)value: what is out of range, NaN too, gives the lowest one. */
@inline
export function toInt64(value: f64): i64 {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 ? <i64>value : i64.MIN_VALUE
}

/** (uint64_t)value: a negative one wraps around, 2^64 and more give 0, NaN gives 2^63. */
export function toUint64(value: f64): u64 {
  return value >= 9223372036854775808.0
    ? <u64>toInt64(value - 9223372036854775808.0) ^ 0x8000000000000000
    : <u64>toInt64(value)
}

/** (int)value: what is out of range gives the lowest one. */
@inline
export function toInt32(value: f64): i32 {
  return value > -2147483649.0 && value < 2147483648.0 ? <i32>value : i32.MIN_VALUE
}

/** The most that a number of 14 digits needs, with sign, point and exponent: -1.2345678901234e-308. */
const NUMBER_BYTES: usize = 24

const MINUS: u32 = 0x2d
const PLUS: u32 = 0x2b
const POINT: u32 = 0x2e
const ZERO: u32 = 0x30
const LOWER_E: u32 = 0x65
const LOWER_P: u32 = 0x70
const LOWER_X: u32 = 0x78

/** The precision that Lua itself prints with. */
const LUA_PRECISION: i32 = 14

/** Integers up to this one are doubles. */
const EXACT_INTEGER: u64 = 1 << 53

/** Writes a number to the output as printf's %.<precision>g does, for a precision from 1 to 14. */
export function putNumber(L: State, value: f64, precision: i32): void {
  reserve(L, NUMBER_BYTES)
  const magnitude = abs<f64>(value)
  if (magnitude < power(precision) && floor<f64>(magnitude) === magnitude) {
    if (reinterpret<i64>(value) < 0) put(MINUS)
    putInteger(<u64>magnitude)
  } else if (!putDecimal(value, magnitude, precision)) {
    putRareNumber(L, value, precision)
  }
}

export function putInteger(value: u64): void {
  if (value < 10) {
    put(ZERO + <u32>value)
    return
  }
  let length: i32 = 2
  for (let bound: u64 = 100; value >= bound; bound *= 10) length++
  putDigits(value, length)
}

/** Writes the last `length` digits of a number. */
function putDigits(value: u64, length: i32): void {
  const end = cursor + length
  let at = end
  while (value > 0xffffffff) {
    at--
    store<u8>(at, ZERO + <u32>(value % 10))
    value /= 10
    length--
  }
  let low = <u32>value
  for (; length > 0; length--) {
    at--
    const rest = low / 10
    store<u8>(at, ZERO + (low - rest * 10))
    low = rest
  }
  setCursor(end)
}

/**
 * Writes a number between 1e-8 and 1e22 unless its last digit is in doubt; false then, and nothing is written.
 *
 * Scaled by a power of ten that is exact, a number becomes an integer of `precision` digits and a fraction, with an error of
 * one rounding: below 0.01, since there are at most 14 digits. So the digits are right unless the fraction is that close to a
 * half.
 */
function putDecimal(value: f64, magnitude: f64, precision: i32): bool {
  if (!(magnitude >= 1e-8 && magnitude < 1e22)) return false
  const binaryExponent = <i32>(reinterpret<u64>(magnitude) >> 52) - 1023
  // floor(log10(2) * binaryExponent): the decimal exponent, or one less.
  let exponent = (binaryExponent * 78913) >> 18
  const upper = power(precision)
  let scaled = scale(magnitude, precision - 1 - exponent)
  if (scaled >= upper) {
    exponent++
    scaled = scale(magnitude, precision - 1 - exponent)
  }
  let whole = floor<f64>(scaled)
  const fraction = scaled - whole
  if (abs<f64>(fraction - 0.5) < 0.02) return false
  if (fraction > 0.5) whole += 1
  if (whole >= upper) {
    exponent++
    whole /= 10
  }
  if (whole * 10 < upper) return false

  let digits = <u64>whole
  let length = precision
  while (length > 4 && digits % 10000 === 0) {
    digits /= 10000
    length -= 4
  }
  while (length > 1 && digits % 10 === 0) {
    digits /= 10
    length--
  }
  if (reinterpret<i64>(value) < 0) put(MINUS)
  if (exponent < -4 || exponent >= precision) {
    putScientific(digits, length, exponent)
  } else {
    putFixed(digits, length, exponent)
  }
  return true
}

/** A number times 10^n, rounded once: n is within the exact powers for what putDecimal() takes. */
@inline
function scale(value: f64, n: i32): f64 {
  return n >= 0 ? value * power(n) : value / power(-n)
}

function putFixed(digits: u64, length: i32, exponent: i32): void {
  if (exponent < 0) {
    put(ZERO)
    put(POINT)
    for (; exponent < -1; exponent++) put(ZERO)
    putDigits(digits, length)
    return
  }
  putDigits(digits, length)
  let missing = exponent + 1 - length
  if (missing >= 0) {
    for (; missing > 0; missing--) put(ZERO)
    return
  }
  insertPoint(-missing)
}

function putScientific(digits: u64, length: i32, exponent: i32): void {
  putDigits(digits, length)
  if (length > 1) insertPoint(length - 1)
  put(LOWER_E)
  put(exponent < 0 ? MINUS : PLUS)
  putDigits(<u64>abs<i32>(exponent), 2)
}

/** Puts a point in front of the last `count` digits. */
function insertPoint(count: i32): void {
  let at = cursor
  setCursor(at + 1)
  for (; count > 0; count--, at--) store<u8>(at, load<u8>(at - 1))
  store<u8>(at, POINT)
}

/** Lets Lua print it: very large, very small, infinite, or close to a half between two last digits. */
function putRareNumber(L: State, value: f64, precision: i32): void {
  if (precision === LUA_PRECISION) {
    lua_pushnumber(L, value)
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, stringFormat)
    lua_pushfstring(L, PRECISION_FORMAT, formatArgs(precision))
    lua_pushnumber(L, value)
    lua_call(L, 2, 1)
  }
  const text = toBytes(L, -1)
  const length = bytesLength()
  reserve(L, length)
  putBytes(text, length)
  lua_pop(L, 1)
}

/** Behind the last byte that readNumber() took. */
export let numberEnd: usize = 0

/**
 * Reads a number as C's strtod does, in the C locale: decimal, hexadecimal, inf and nan. Leaves numberEnd at the start if
 * there is none. The text ends with a byte that belongs to no number, such as NUL.
 *
 * Needs a slot of Lua's stack.
 */
export function readNumber(L: State, start: usize): f64 {
  let at = start
  let byte = <u32>load<u8>(at)
  const negative = byte === MINUS
  if (negative || byte === PLUS) byte = load<u8>(++at)

  // Up to 19 digits fit into 64 bits.
  let digits: u64 = 0
  let counted = 0
  let exponent = 0
  const firstDigit = at
  for (; byte - ZERO < 10; byte = load<u8>(++at)) {
    digits = digits * 10 + (byte - ZERO)
    if (counted !== 0 || byte !== ZERO) counted++
  }
  if (digits === 0 && at === firstDigit + 1 && (byte | 0x20) === LOWER_X) return readHexadecimal(L, start, at + 1, negative)
  let seen = at - firstDigit
  if (byte === POINT) {
    const firstDecimal = ++at
    for (byte = load<u8>(at); byte - ZERO < 10; byte = load<u8>(++at)) {
      digits = digits * 10 + (byte - ZERO)
      if (counted !== 0 || byte !== ZERO) counted++
    }
    const decimals = at - firstDecimal
    seen += decimals
    exponent = -<i32>decimals
  }
  if (seen === 0) return readName(start, firstDigit, negative)
  if ((byte | 0x20) === LOWER_E) {
    let from = at + 1
    byte = load<u8>(from)
    const down = byte === MINUS
    if (down || byte === PLUS) byte = load<u8>(++from)
    if (byte - ZERO < 10) {
      let power = 0
      for (; byte - ZERO < 10; byte = load<u8>(++from)) {
        if (power < 100000) power = power * 10 + <i32>(byte - ZERO)
      }
      exponent += down ? -power : power
      at = from
    }
  }
  numberEnd = at

  if (counted > 19) return readRareNumber(L, start, at - start)
  let value: f64
  if (digits <= EXACT_INTEGER && exponent >= -EXACT_POWERS && exponent <= EXACT_POWERS) {
    // Clinger's fast path: an integer and a power of ten that are both exact, and so one rounding.
    value = scale(<f64>digits, exponent)
  } else if (digits !== 0 && exponent >= -POWERS_OF_FIVE && exponent <= POWERS_OF_FIVE) {
    value = exponent < 0 ? divided(digits, -exponent) : multiplied(digits, exponent)
  } else {
    return readRareNumber(L, start, at - start)
  }
  return negative ? -value : value
}

@inline
function powerOfFive(n: i32): u64 {
  return load<u64>(fives + <usize>n * sizeof<u64>())
}

/** digits / 10^n, rounded once: a long division by 5^n, whose quotient has 63 or 64 bits. */
function divided(digits: u64, n: i32): f64 {
  const shift = <i32>clz<u64>(digits)
  const numerator = digits << shift
  const fiveShift = <i32>clz<u64>(powerOfFive(n))
  const divisor = powerOfFive(n) << fiveShift
  // numerator * 2^63 / divisor, two digits of 32 bits one after the other (Knuth, TAOCP 4.3.1, D).
  const high = divisor >> 32
  const low = divisor & 0xffffffff
  const top = numerator >> 1
  const next = (numerator & 1) << 31
  let first = top / high
  let rest = top - first * high
  while (first > 0xffffffff || first * low > ((rest << 32) | next)) {
    first--
    rest += high
    if (rest > 0xffffffff) break
  }
  const middle = ((top << 32) | next) - first * divisor
  let second = middle / high
  rest = middle - second * high
  while (second > 0xffffffff || second * low > rest << 32) {
    second--
    rest += high
    if (rest > 0xffffffff) break
  }
  const remainder = (middle << 32) - second * divisor
  // The quotient is digits / 5^n * 2^(63 + shift - fiveShift).
  return rounded((first << 32) + second, remainder !== 0, fiveShift - shift - 63 - n)
}

/** digits * 10^n, rounded once: a product of 128 bits. */
function multiplied(digits: u64, n: i32): f64 {
  const shift = <i32>clz<u64>(digits)
  const a = digits << shift
  const fiveShift = <i32>clz<u64>(powerOfFive(n))
  const b = powerOfFive(n) << fiveShift
  const aLow = a & 0xffffffff
  const bLow = b & 0xffffffff
  const lowest = aLow * bLow
  const cross = (a >> 32) * bLow + (lowest >> 32)
  const other = aLow * (b >> 32) + (cross & 0xffffffff)
  const high = (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32)
  const low = (other << 32) | (lowest & 0xffffffff)
  return rounded(high, low !== 0, 64 - shift - fiveShift + n)
}

/** bits * 2^exponent, to the nearest double, a tie to the even one. `more`: the bits go on. */
function rounded(bits: u64, more: bool, exponent: i32): f64 {
  const shift = <i32>clz<u64>(bits)
  bits <<= shift
  const dropped = bits & 0x7ff
  let mantissa = bits >> 11
  if (dropped > 0x400 || (dropped === 0x400 && (more || (mantissa & 1) !== 0))) mantissa++
  // Adding lets the mantissa's leading bit, or a carry out of it, count in the exponent.
  return reinterpret<f64>((<u64>(exponent - shift + 63 + 1022) << 52) + mantissa)
}

/** Lets Lua read it: many digits, or a large exponent. */
function readRareNumber(L: State, start: usize, length: usize): f64 {
  lua_pushlstring(L, start, length)
  const value = lua_tonumber(L, -1)
  lua_pop(L, 1)
  return value
}

/** What follows 0x, if it is a number: else only the zero is one. */
function readHexadecimal(L: State, start: usize, at: usize, negative: bool): f64 {
  let seen = 0
  let points = 0
  for (; ; at++) {
    const byte = <u32>load<u8>(at)
    if (hexDigit(byte) >= 0) seen++
    else if (byte !== POINT || ++points > 1) break
  }
  if (seen === 0) {
    numberEnd = start + (negative || <u32>load<u8>(start) === PLUS ? 2 : 1)
    return negative ? -0.0 : 0.0
  }
  if ((<u32>load<u8>(at) | 0x20) === LOWER_P) {
    let from = at + 1
    const sign = <u32>load<u8>(from)
    if (sign === MINUS || sign === PLUS) from++
    if (<u32>load<u8>(from) - ZERO < 10) {
      while (<u32>load<u8>(from) - ZERO < 10) from++
      at = from
    }
  }
  numberEnd = at
  return readRareNumber(L, start, at - start)
}

/** inf, infinity, nan or nan(characters), in upper or lower case. */
function readName(start: usize, at: usize, negative: bool): f64 {
  numberEnd = start
  if (isWord(at, 0x69, 0x6e, 0x66)) {
    numberEnd = at + 3
    if (isWord(at + 3, 0x69, 0x6e, 0x69) && isWord(at + 5, 0x69, 0x74, 0x79)) numberEnd = at + 8
    return negative ? -Infinity : Infinity
  }
  if (isWord(at, 0x6e, 0x61, 0x6e)) {
    numberEnd = at + 3
    if (<u32>load<u8>(at + 3) === 0x28) {
      let end = at + 4
      while (isWordCharacter(<u32>load<u8>(end))) end++
      if (<u32>load<u8>(end) === 0x29) numberEnd = end + 1
    }
    return reinterpret<f64>(negative ? <u64>0xfff8000000000000 : <u64>0x7ff8000000000000)
  }
  return 0
}

/** Whether three letters stand there, given in lower case. Reads no further than the first difference. */
export function isWord(at: usize, first: u32, second: u32, third: u32): bool {
  return (
    (<u32>load<u8>(at) | 0x20) === first &&
    (<u32>load<u8>(at, 1) | 0x20) === second &&
    (<u32>load<u8>(at, 2) | 0x20) === third
  )
}

function isWordCharacter(byte: u32): bool {
  return byte - ZERO < 10 || (byte | 0x20) - 0x61 < 26 || byte === 0x5f
}

/** A hexadecimal digit's value, or -1. */
export function hexDigit(byte: u32): i32 {
  if (byte - ZERO < 10) return byte - ZERO
  const letter = (byte | 0x20) - 0x61
  return letter < 6 ? letter + 10 : -1
}
