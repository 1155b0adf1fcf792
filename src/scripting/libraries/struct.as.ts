/**
 * The `struct` library, as Redis 7.2 has it: Roberto Ierusalimschy's of 2018, with the sizes of C on x86-64.
 *
 *     > <      big and little endian; little at the start
 *     !n       alignment up to n bytes, 8 without n; none at the start
 *     x        a byte of padding
 *     b B      a signed or unsigned byte
 *     h H      2 bytes
 *     l L T    8 bytes
 *     in In    n bytes, 4 without n
 *     cn       n bytes of a string, 1 without n; c0 packs the whole string, and unpacks as many bytes as the last result says
 *     s        a string that ends with a NUL
 *     f d      a float, a double
 *     space    nothing
 */
import {
  lua_createtable, lua_isnumber, lua_pop, lua_pushfstring, lua_pushlstring, lua_pushnil, lua_pushnumber, lua_setfield, lua_tonumber,
  luaL_argerror, luaL_checknumber, luaL_checkstack, luaL_error, luaL_optnumber, setFunction, LUA_GLOBALSINDEX, State, Text,
} from './lua.as'
import { beginOutput, cursor, pushOutput, put, putBytes, reserve, setCursor } from './memory.as'
import { toInt64, toUint64 } from './numbers.as'
import { bytesLength, checkBytes, formatArgs, raise } from './scratch.as'

@external('text', 'struct') declare const STRUCT: Text
@external('text', 'pack') declare const PACK: Text
@external('text', 'unpack') declare const UNPACK: Text
@external('text', 'size') declare const SIZE: Text

@external('text', 'integral size overflow') declare const INTEGRAL_SIZE_OVERFLOW: Text
@external('text', 'integral size %d is larger than limit of %d') declare const INTEGRAL_SIZE_TOO_LARGE: Text
@external('text', 'alignment %d is not a power of 2') declare const ALIGNMENT_IS_NOT_A_POWER_OF_2: Text
@external('text', "invalid format option '%c'") declare const INVALID_FORMAT_OPTION: Text
@external('text', 'string too short') declare const STRING_TOO_SHORT: Text
@external('text', 'offset must be 1 or greater') declare const OFFSET_MUST_BE_1_OR_GREATER: Text
@external('text', 'data string too short') declare const DATA_STRING_TOO_SHORT: Text
@external('text', 'too many results') declare const TOO_MANY_RESULTS: Text
@external('text', "format 'c0' needs a previous size") declare const C0_NEEDS_A_PREVIOUS_SIZE: Text
@external('text', 'unfinished string in data') declare const UNFINISHED_STRING: Text
@external('text', "option 's' has no fixed size") declare const S_HAS_NO_FIXED_SIZE: Text
@external('text', "option 'c0' has no fixed size") declare const C0_HAS_NO_FIXED_SIZE: Text

@external('function', 'struct_pack') declare const struct_pack_place: i32
@external('function', 'struct_unpack') declare const struct_unpack_place: i32
@external('function', 'struct_size') declare const struct_size_place: i32

export function openStruct(L: State): void {
  lua_createtable(L, 0, 3)
  setFunction(L, PACK, struct_pack_place)
  setFunction(L, UNPACK, struct_unpack_place)
  setFunction(L, SIZE, struct_size_place)
  lua_setfield(L, LUA_GLOBALSINDEX, STRUCT)
}

const SPACE: u32 = 0x20
const EXCLAMATION_MARK: u32 = 0x21
const ZERO: u32 = 0x30
const LESS: u32 = 0x3c
const GREATER: u32 = 0x3e
const UPPER_B: u32 = 0x42
const UPPER_H: u32 = 0x48
const UPPER_I: u32 = 0x49
const UPPER_L: u32 = 0x4c
const UPPER_T: u32 = 0x54
const LOWER_B: u32 = 0x62
const LOWER_C: u32 = 0x63
const LOWER_D: u32 = 0x64
const LOWER_F: u32 = 0x66
const LOWER_H: u32 = 0x68
const LOWER_I: u32 = 0x69
const LOWER_L: u32 = 0x6c
const LOWER_S: u32 = 0x73
const LOWER_X: u32 = 0x78

const INT_BYTES: i32 = 4
const MAX_INTEGER_BYTES: i32 = 32
const MAX_ALIGN: i32 = 8

/** The next byte of the format, and what its options have set. */
let format: usize = 0
let bigEndian: bool = false
let align: u64 = 1

function beginFormat(L: State): void {
  format = checkBytes(L, 1)
  bigEndian = false
  align = 1
}

function isDigit(byte: u32): bool {
  return byte - ZERO < 10
}

/** Takes a number of the format, if there is one. */
function takeNumber(L: State, fallback: i32): i32 {
  if (!isDigit(load<u8>(format))) return fallback
  let value: i64 = 0
  do {
    value = value * 10 + (<u32>load<u8>(format) - ZERO)
    if (value > i32.MAX_VALUE) raise(L, INTEGRAL_SIZE_OVERFLOW)
    format++
  } while (isDigit(load<u8>(format)))
  return <i32>value
}

/** The bytes that an option takes, as far as the format says. Takes the number behind it. */
function optionSize(L: State, option: u32): u64 {
  switch (option) {
    case UPPER_B:
    case LOWER_B:
    case LOWER_X: return 1
    case UPPER_H:
    case LOWER_H: return 2
    case LOWER_F: return 4
    case UPPER_L:
    case LOWER_L:
    case UPPER_T:
    case LOWER_D: return 8
    case LOWER_C: return takeNumber(L, 1)
    case UPPER_I:
    case LOWER_I: {
      const size = takeNumber(L, INT_BYTES)
      if (size > MAX_INTEGER_BYTES) {
        luaL_error(L, INTEGRAL_SIZE_TOO_LARGE, formatArgs(size, MAX_INTEGER_BYTES))
        unreachable()
      }
      return size
    }
    default: return 0
  }
}

/** The bytes of padding in front of an option at an offset. As in C, a size that is no power of two gives what its bits give. */
function padding(offset: u64, option: u32, size: u64): i32 {
  if (size === 0 || option === LOWER_C) return 0
  const step = min<u64>(size, align)
  return <i32>((step - (offset & (step - 1))) & (step - 1))
}

function isInteger(option: u32): bool {
  switch (option) {
    case LOWER_B:
    case UPPER_B:
    case LOWER_H:
    case UPPER_H:
    case LOWER_L:
    case UPPER_L:
    case UPPER_T:
    case LOWER_I:
    case UPPER_I: return true
    default: return false
  }
}

/** An option that only sets how to go on; an error for one that there is not. */
function control(L: State, option: u32): void {
  if (option === SPACE) return
  if (option === GREATER) {
    bigEndian = true
  } else if (option === LESS) {
    bigEndian = false
  } else if (option === EXCLAMATION_MARK) {
    const value = takeNumber(L, MAX_ALIGN)
    if (value <= 0 || (value & (value - 1)) !== 0) {
      luaL_error(L, ALIGNMENT_IS_NOT_A_POWER_OF_2, formatArgs(value))
      unreachable()
    }
    align = value
  } else {
    luaL_argerror(L, 1, lua_pushfstring(L, INVALID_FORMAT_OPTION, formatArgs(option)))
  }
}

export function struct_pack(L: State): i32 {
  beginFormat(L)
  beginOutput()
  let arg = 2
  // An argument that is missing is nil, not "no value".
  lua_pushnil(L)
  let total: u64 = 0
  for (let option = <u32>load<u8>(format); option !== 0; option = load<u8>(format)) {
    format++
    let size = optionSize(L, option)
    const pad = padding(total, option, size)
    total += pad
    reserve(L, pad + MAX_INTEGER_BYTES)
    for (let i = 0; i < pad; i++) put(0)
    if (isInteger(option)) {
      putInteger(luaL_checknumber(L, arg++), <i32>size)
    } else if (option === LOWER_X) {
      put(0)
    } else if (option === LOWER_F) {
      const bits = reinterpret<u32>(<f32>luaL_checknumber(L, arg++))
      store<u32>(cursor, bigEndian ? bswap<u32>(bits) : bits)
      setCursor(cursor + 4)
    } else if (option === LOWER_D) {
      const bits = reinterpret<u64>(luaL_checknumber(L, arg++))
      store<u64>(cursor, bigEndian ? bswap<u64>(bits) : bits)
      setCursor(cursor + 8)
    } else if (option === LOWER_C || option === LOWER_S) {
      const bytes = checkBytes(L, arg++)
      const length = <u64>bytesLength()
      if (size === 0) size = length
      // The error names the argument after the string.
      if (length < size) luaL_argerror(L, arg, STRING_TOO_SHORT)
      reserve(L, <usize>size + 1)
      putBytes(bytes, <usize>size)
      if (option === LOWER_S) {
        put(0)
        size++
      }
    } else {
      control(L, option)
    }
    total += size
  }
  pushOutput(L)
  return 1
}

function putInteger(value: f64, size: i32): void {
  let bits = value < 0 ? <u64>toInt64(value) : toUint64(value)
  const at = cursor
  // Bytes over the eighth are zeros, of a negative number too.
  for (let i = 0; i < size; i++) {
    store<u8>(bigEndian ? at + size - 1 - i : at + i, <u32>bits)
    bits >>= 8
  }
  setCursor(at + size)
}

export function struct_unpack(L: State): i32 {
  beginFormat(L)
  const data = checkBytes(L, 2)
  const length = <u64>bytesLength()
  // Unsigned: a negative offset is one far behind the end, unless alignment leads it back to the start.
  let offset = <u64>toInt64(luaL_optnumber(L, 3, 1))
  if (offset === 0) luaL_argerror(L, 3, OFFSET_MUST_BE_1_OR_GREATER)
  offset--
  let results = 0
  for (let option = <u32>load<u8>(format); option !== 0; option = load<u8>(format)) {
    format++
    let size = optionSize(L, option)
    offset += padding(offset, option, size)
    if (size > length || offset > length - size) luaL_argerror(L, 2, DATA_STRING_TOO_SHORT)
    luaL_checkstack(L, 2, TOO_MANY_RESULTS)
    const at = data + <usize>offset
    if (isInteger(option)) {
      lua_pushnumber(L, getInteger(at, <i32>size, option >= LOWER_B))
      results++
    } else if (option === LOWER_X) {
      // Skipped.
    } else if (option === LOWER_F) {
      const bits = load<u32>(at)
      lua_pushnumber(L, reinterpret<f32>(bigEndian ? bswap<u32>(bits) : bits))
      results++
    } else if (option === LOWER_D) {
      const bits = load<u64>(at)
      lua_pushnumber(L, reinterpret<f64>(bigEndian ? bswap<u64>(bits) : bits))
      results++
    } else if (option === LOWER_C) {
      if (size === 0) {
        if (results === 0 || lua_isnumber(L, -1) === 0) raise(L, C0_NEEDS_A_PREVIOUS_SIZE)
        size = toUint64(lua_tonumber(L, -1))
        lua_pop(L, 1)
        results--
        if (size > length || offset > length - size) luaL_argerror(L, 2, DATA_STRING_TOO_SHORT)
      }
      lua_pushlstring(L, at, <usize>size)
      results++
    } else if (option === LOWER_S) {
      const end = data + <usize>length
      let nul = at
      while (nul < end && load<u8>(nul) !== 0) nul++
      if (nul === end) raise(L, UNFINISHED_STRING)
      lua_pushlstring(L, at, nul - at)
      size = nul - at + 1
      results++
    } else {
      control(L, option)
    }
    offset += size
  }
  lua_pushnumber(L, <f64>(<i64>(offset + 1)))
  return results + 1
}

function getInteger(at: usize, size: i32, signed: bool): f64 {
  let bits: u64 = 0
  for (let i = 0; i < size; i++) {
    bits = (bits << 8) | load<u8>(bigEndian ? at + i : at + size - 1 - i)
  }
  if (!signed) return <f64>bits
  // The sign is looked for in bit size * 8 - 1 modulo 64, as the processor's shift does it.
  const mask = <u64>-1 << (size * 8 - 1)
  if (bits & mask) bits |= mask
  return <f64>(<i64>bits)
}

export function struct_size(L: State): i32 {
  beginFormat(L)
  let total: u64 = 0
  for (let option = <u32>load<u8>(format); option !== 0; option = load<u8>(format)) {
    format++
    const size = optionSize(L, option)
    total += padding(total, option, size)
    if (option === LOWER_S) luaL_argerror(L, 1, S_HAS_NO_FIXED_SIZE)
    if (option === LOWER_C && size === 0) luaL_argerror(L, 1, C0_HAS_NO_FIXED_SIZE)
    // Letters and digits that are no option are passed over.
    if (!isDigit(option) && (option | 0x20) - 0x61 >= 26) control(L, option)
    total += size
  }
  lua_pushnumber(L, <f64>(<i64>total))
  return 1
}
