/**
 * string.format, whose integers have 64 bits: Lua's own prints 32 of them here.
 *
 * That one prints numbers that are neither integers nor easily made one, and says what is wrong with a format.
 */
import { isDigit } from './characters.as'
import {
  lua_call, lua_gettop, lua_pop, lua_pushlstring, lua_pushvalue, lua_rawgeti, luaL_checknumber,
  LUA_REGISTRYINDEX, State,
} from '../lua.as'
import { beginOutput, cursor, put, putBytes, pushOutput, reserve, setCursor } from '../memory.as'
import { putNumber, stringFormat, toInt32, toInt64, toUint64 } from '../numbers.as'
import { bytesLength, checkBytes, toBytes } from '../scratch.as'

@external('stock', 'string.format') declare function stockFormat(L: State): i32

const SPACE: u32 = 0x20
const QUOTE: u32 = 0x22
const HASH: u32 = 0x23
const PERCENT: u32 = 0x25
const PLUS: u32 = 0x2b
const MINUS: u32 = 0x2d
const POINT: u32 = 0x2e
const ZERO: u32 = 0x30
const UPPER_X: u32 = 0x58
const BACKSLASH: u32 = 0x5c
const LOWER_R: u32 = 0x72
const LOWER_X: u32 = 0x78

const MOST_FLAGS: i32 = 5

// The directive that readDirective() read last.
let isLeft: bool = false
let hasPlus: bool = false
let hasSpace: bool = false
let isAlternate: bool = false
let isZeroPadded: bool = false
let width: i32 = 0
/** -1: none was given. */
let precision: i32 = 0

/** string.format(format, ...) */
export function string_format(L: State): i32 {
  let at = checkBytes(L, 1)
  const end = at + bytesLength()
  const top = lua_gettop(L)
  let arg = 1
  beginOutput()
  while (at < end) {
    const byte = <u32>load<u8>(at)
    at++
    if (byte !== PERCENT) {
      reserve(L, 1)
      put(byte)
      continue
    }
    if (<u32>load<u8>(at) === PERCENT) {
      reserve(L, 1)
      put(PERCENT)
      at++
      continue
    }
    arg++
    // Lua's own function says what is wrong.
    if (arg > top) return stockFormat(L)
    const start = at - 1
    at = readDirective(at)
    if (at === 0) return stockFormat(L)
    switch (load<u8>(at)) {
      case 0x63: // c
        putCharacter(L, toInt32(luaL_checknumber(L, arg)))
        break
      case 0x64: // d
      case 0x69: // i
        putSigned(L, toInt64(luaL_checknumber(L, arg)))
        break
      case 0x6f: // o
        putUnsigned(L, toUint64(luaL_checknumber(L, arg)), 8, 0)
        break
      case 0x75: // u
        putUnsigned(L, toUint64(luaL_checknumber(L, arg)), 10, 0)
        break
      case 0x78: // x
        putUnsigned(L, toUint64(luaL_checknumber(L, arg)), 16, LOWER_X)
        break
      case 0x58: // X
        putUnsigned(L, toUint64(luaL_checknumber(L, arg)), 16, UPPER_X)
        break
      case 0x71: // q
        putQuoted(L, arg)
        break
      case 0x73: // s
        putText(L, arg)
        break
      case 0x66: // f
        if (!putFixed(L, luaL_checknumber(L, arg))) putFloat(L, arg, start, at + 1 - start)
        break
      case 0x67: // g
        if (at === start + 1) putNumber(L, luaL_checknumber(L, arg), USUAL_PRECISION)
        else putFloat(L, arg, start, at + 1 - start)
        break
      case 0x65: // e
      case 0x45: // E
      case 0x47: // G
        putFloat(L, arg, start, at + 1 - start)
        break
      default:
        return stockFormat(L)
    }
    at++
  }
  pushOutput(L)
  return 1
}

/** Reads flags, width and precision. Returns the place of the letter behind them, or 0 if they are more than Lua takes. */
function readDirective(at: usize): usize {
  isLeft = hasPlus = hasSpace = isAlternate = isZeroPadded = false
  let flags = 0
  for (; ; at++, flags++) {
    const byte = <u32>load<u8>(at)
    if (byte === MINUS) isLeft = true
    else if (byte === PLUS) hasPlus = true
    else if (byte === SPACE) hasSpace = true
    else if (byte === HASH) isAlternate = true
    else if (byte === ZERO) isZeroPadded = true
    else break
  }
  if (flags > MOST_FLAGS) return 0
  width = 0
  for (let i = 0; i < 2 && isDigit(load<u8>(at)); i++, at++) width = width * 10 + <i32>load<u8>(at) - <i32>ZERO
  precision = -1
  if (<u32>load<u8>(at) === POINT) {
    at++
    precision = 0
    for (let i = 0; i < 2 && isDigit(load<u8>(at)); i++, at++) precision = precision * 10 + <i32>load<u8>(at) - <i32>ZERO
  }
  return isDigit(load<u8>(at)) ? 0 : at
}

function putMany(byte: u32, count: i32): void {
  for (; count > 0; count--) put(byte)
}

/** Width and precision are below 100, and so is the sum of their padding and 22 digits below this. */
const NUMBER_BYTES: usize = 256

function putSigned(L: State, value: i64): void {
  const sign = value < 0 ? MINUS : hasPlus ? PLUS : hasSpace ? SPACE : 0
  putDigits(L, value < 0 ? 0 - <u64>value : <u64>value, 10, sign, 0)
}

/** `letter`: of a hexadecimal number, to be put in front of it and to say the digits' case. */
function putUnsigned(L: State, value: u64, base: u64, letter: u32): void {
  putDigits(L, value, base, 0, letter)
}

function putDigits(L: State, value: u64, base: u64, sign: u32, letter: u32): void {
  reserve(L, NUMBER_BYTES)
  let count = 0
  for (let rest = value; rest !== 0; rest /= base) count++
  let length = max<i32>(count, precision < 0 ? 1 : precision)
  if (isAlternate && base === 8 && length === count) length++
  const prefix = isAlternate && letter !== 0 && value !== 0 ? letter : 0
  const padding = width - length - <i32>(sign !== 0) - (prefix !== 0 ? 2 : 0)
  const isFilled = isZeroPadded && !isLeft && precision < 0
  if (!isLeft && !isFilled) putMany(SPACE, padding)
  if (sign !== 0) put(sign)
  if (prefix !== 0) {
    put(ZERO)
    put(prefix)
  }
  putMany(ZERO, (isFilled ? max<i32>(padding, 0) : 0) + length - count)
  const letters: u32 = (letter === UPPER_X ? 0x41 : 0x61) - 10
  const end = cursor + count
  let at = end
  // Divisions of 32 bits take a fraction of the time.
  for (; value > 0xffffffff; value /= base) {
    at--
    storeDigit(at, <u32>(value % base), letters)
  }
  for (let low = <u32>value; low !== 0; low /= <u32>base) {
    at--
    storeDigit(at, low % <u32>base, letters)
  }
  setCursor(end)
  if (isLeft) putMany(SPACE, padding)
}

@inline
function storeDigit(at: usize, digit: u32, letters: u32): void {
  store<u8>(at, digit < 10 ? ZERO + digit : letters + digit)
}

/** As C prints a character into a string, which a NUL ends: padding behind it is lost with it. */
function putCharacter(L: State, value: i32): void {
  reserve(L, NUMBER_BYTES)
  if (!isLeft) putMany(SPACE, width - 1)
  if ((value & 0xff) === 0) return
  put(value & 0xff)
  if (isLeft) putMany(SPACE, width - 1)
}

/** A string from this length on is not padded, unless a precision cuts it. */
const LONG_BYTES: usize = 100

function putText(L: State, arg: i32): void {
  const text = checkBytes(L, arg)
  let length = bytesLength()
  if (precision < 0 && length >= LONG_BYTES) {
    reserve(L, length)
    putBytes(text, length)
    return
  }
  // C's strings end with the first NUL.
  const most = precision < 0 ? length : min<usize>(length, precision)
  length = 0
  while (length < most && load<u8>(text + length) !== 0) length++
  const padding = width - <i32>length
  reserve(L, length + NUMBER_BYTES)
  if (!isLeft) putMany(SPACE, padding)
  putBytes(text, length)
  if (isLeft) putMany(SPACE, padding)
}

function putQuoted(L: State, arg: i32): void {
  const text = checkBytes(L, arg)
  const end = text + bytesLength()
  reserve(L, 2)
  put(QUOTE)
  for (let at = text; at < end; at++) {
    const byte = <u32>load<u8>(at)
    reserve(L, 5)
    if (byte === QUOTE || byte === BACKSLASH || byte === 0x0a) {
      put(BACKSLASH)
      put(byte)
    } else if (byte === 0x0d) {
      put(BACKSLASH)
      put(LOWER_R)
    } else if (byte === 0) {
      put(BACKSLASH)
      putMany(ZERO, 3)
    } else {
      put(byte)
    }
  }
  put(QUOTE)
}

/** Of %f and %g without one. */
const USUAL_PRECISION: i32 = 6

/** Numbers below this one are multiples of 2^-12. */
const MOST_SCALED: f64 = 1099511627776

/**
 * Prints a number as %f does, if times a power of ten it is less than 2^40 and not close to the middle between two integers: the
 * power is exact, so the product is off by 2^-13 at most, and rounds to the right one.
 */
function putFixed(L: State, value: f64): bool {
  const decimals = precision < 0 ? USUAL_PRECISION : precision
  if (decimals > 15) return false
  let scaled = abs<f64>(value)
  let power: f64 = 1
  for (let i = 0; i < decimals; i++) power *= 10
  scaled *= power
  if (!(scaled < MOST_SCALED)) return false
  let whole = floor<f64>(scaled)
  const fraction = scaled - whole
  if (abs<f64>(fraction - 0.5) < 0.001) return false
  if (fraction > 0.5) whole += 1

  reserve(L, NUMBER_BYTES)
  const sign = reinterpret<i64>(value) < 0 ? MINUS : hasPlus ? PLUS : hasSpace ? SPACE : 0
  const hasPoint = decimals > 0 || isAlternate
  let rest = <u64>whole
  let count = 0
  for (let left = rest; left !== 0; left /= 10) count++
  count = max<i32>(count, decimals + 1)
  const padding = width - count - <i32>(sign !== 0) - <i32>hasPoint
  const isFilled = isZeroPadded && !isLeft
  if (!isLeft && !isFilled) putMany(SPACE, padding)
  if (sign !== 0) put(sign)
  if (isFilled) putMany(ZERO, padding)
  const end = cursor + count + <i32>hasPoint
  let at = end
  for (let i = 0; i < count; i++) {
    if (i === decimals && hasPoint) {
      at--
      store<u8>(at, POINT)
    }
    at--
    store<u8>(at, ZERO + <u32>(rest % 10))
    rest /= 10
  }
  setCursor(end)
  if (isLeft) putMany(SPACE, padding)
  return true
}

/** Lets Lua's own function print one number. */
function putFloat(L: State, arg: i32, directive: usize, length: usize): void {
  luaL_checknumber(L, arg)
  lua_rawgeti(L, LUA_REGISTRYINDEX, stringFormat)
  lua_pushlstring(L, directive, length)
  lua_pushvalue(L, arg)
  lua_call(L, 2, 1)
  const text = toBytes(L, -1)
  const bytes = bytesLength()
  reserve(L, bytes)
  putBytes(text, bytes)
  lua_pop(L, 1)
}
