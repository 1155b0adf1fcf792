/** cjson.encode: a Lua value as JSON. */
import {
  lua_checkstack, lua_gettop, lua_next, lua_pop, lua_pushnil, lua_rawgeti, lua_toboolean, lua_tonumber, lua_touserdata, lua_type,
  lua_typename, luaL_argerror, luaL_error, malloc, LUA_TBOOLEAN, LUA_TLIGHTUSERDATA, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE,
  State, Text,
} from './lua.as'
import { INVALID_NULL, INVALID_OFF, Settings, settingsOf } from './cjson-settings.as'
import { beginOutput, cursor, levelAt, openLevel, pushOutput, put, putWord, reserve, setCursor } from './memory.as'
import { putNumber, toInt32 } from './numbers.as'
import { bytesLength, formatArgs, toBytes } from './scratch.as'

@external('text', 'expected 1 argument') declare const EXPECTED_1_ARGUMENT: Text
@external('text', 'Cannot serialise %s: %s') declare const CANNOT_SERIALISE: Text
@external('text', 'Cannot serialise, excessive nesting (%d)') declare const EXCESSIVE_NESTING: Text
@external('text', 'excessively sparse array') declare const EXCESSIVELY_SPARSE_ARRAY: Text
@external('text', 'must not be NaN or Inf') declare const MUST_NOT_BE_NAN_OR_INF: Text
@external('text', 'table key must be a number or string') declare const TABLE_KEY_MUST_BE_A_NUMBER_OR_STRING: Text
@external('text', 'type not supported') declare const TYPE_NOT_SUPPORTED: Text

const QUOTE: u32 = 0x22
const BACKSLASH: u32 = 0x5c
const COLON: u32 = 0x3a
const COMMA: u32 = 0x2c
const ZERO: u32 = 0x30
const LOWER_A: u32 = 0x61
const LOWER_U: u32 = 0x75

const NULL_WORD: u32 = 0x6c6c756e
const TRUE_WORD: u32 = 0x65757274
const FALS_WORD: u32 = 0x736c6166
const NAN_WORD: u32 = 0x006e616e
const LOWER_E: u32 = 0x65

/** For each byte: 0 if it stands for itself, else the letter behind its backslash. */
let escapes: usize = 0

export function openEncode(): bool {
  escapes = malloc(256)
  if (escapes === 0) return false
  memory.fill(escapes, 0, 256)
  memory.fill(escapes, <u8>LOWER_U, 32)
  store<u8>(escapes, LOWER_U, 0x7f)
  store<u8>(escapes, 0x62, 0x08)
  store<u8>(escapes, 0x74, 0x09)
  store<u8>(escapes, 0x6e, 0x0a)
  store<u8>(escapes, 0x66, 0x0c)
  store<u8>(escapes, 0x72, 0x0d)
  store<u8>(escapes, QUOTE, 0x22)
  store<u8>(escapes, BACKSLASH, 0x5c)
  store<u8>(escapes, 0x2f, 0x2f)
  return true
}

/** In a level's first word: an object, rather than the index of an array's element. */
const OBJECT: i32 = 0

export function cjson_encode(L: State): i32 {
  if (lua_gettop(L) !== 1) luaL_argerror(L, 1, EXPECTED_1_ARGUMENT)
  const settings = settingsOf(L)
  beginOutput()
  let depth = 0
  while (true) {
    // A value is on the top of the stack.
    const type = lua_type(L, -1)
    if (type === LUA_TTABLE) {
      const length = openTable(L, settings, ++depth)
      const level = openLevel(L, depth)
      store<i32>(level, length > 0 ? 1 : OBJECT)
      store<i32>(level, length, 4)
      if (length > 0) {
        lua_rawgeti(L, -1, 1)
        continue
      }
      lua_pushnil(L)
      if (nextPair(L, settings, true)) continue
      depth--
    } else {
      putScalar(L, settings, type)
    }
    // The value is written: what follows it?
    while (true) {
      if (depth === 0) {
        pushOutput(L)
        return 1
      }
      lua_pop(L, 1)
      const level = levelAt(depth)
      const index = load<i32>(level)
      if (index === OBJECT) {
        if (nextPair(L, settings, false)) break
      } else if (index < load<i32>(level, 4)) {
        store<i32>(level, index + 1)
        reserve(L, 1)
        put(COMMA)
        lua_rawgeti(L, -1, index + 1)
        break
      } else {
        reserve(L, 1)
        put(0x5d)
      }
      depth--
    }
  }
}

/** Writes the value on the top of the stack, which is no table. */
function putScalar(L: State, settings: Settings, type: i32): void {
  if (type === LUA_TSTRING) {
    putString(L, -1)
  } else if (type === LUA_TNUMBER) {
    putAnyNumber(L, settings, -1)
  } else if (type === LUA_TBOOLEAN) {
    reserve(L, 5)
    if (lua_toboolean(L, -1)) {
      putWord(TRUE_WORD, 4)
    } else {
      putWord(FALS_WORD, 4)
      put(LOWER_E)
    }
  } else if (type === LUA_TNIL || (type === LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) === 0)) {
    reserve(L, 4)
    putWord(NULL_WORD, 4)
  } else {
    raiseCannotSerialise(L, -1, TYPE_NOT_SUPPORTED)
  }
}

/** Writes a table's opening bracket. Gives the number of elements if it is an array that is not empty. */
function openTable(L: State, settings: Settings, depth: i32): i32 {
  // Three slots: a key, a value, and the text of an error.
  if (depth > settings.encodeMaxDepth || lua_checkstack(L, 3) === 0) {
    luaL_error(L, EXCESSIVE_NESTING, formatArgs(depth))
    unreachable()
  }
  const length = arrayLength(L, settings)
  if (length > 0) {
    // Each element takes two bytes or more: what cannot fit fails before its first element.
    reserve(L, <usize>length * 2)
    put(0x5b)
    return length
  }
  reserve(L, 1)
  put(0x7b)
  return 0
}

/**
 * The highest index of the table on the top of the stack if its keys are all positive integers, which is its length as an array;
 * 0 or less for an object.
 */
function arrayLength(L: State, settings: Settings): i32 {
  let highest = 0
  let items = 0
  lua_pushnil(L)
  while (lua_next(L, -2)) {
    let key: f64 = 0
    if (lua_type(L, -2) === LUA_TNUMBER) key = lua_tonumber(L, -2)
    if (key < 1 || floor<f64>(key) !== key) {
      lua_pop(L, 2)
      return -1
    }
    // A key over 2^31 counts as -2^31 from here on, as C makes of it.
    if (key > <f64>highest) highest = toInt32(key)
    items++
    lua_pop(L, 1)
  }
  const ratio = settings.sparseRatio
  // The product wraps around, as in C.
  if (ratio > 0 && highest > items * ratio && highest > settings.sparseSafe) {
    if (settings.sparseConvert === 0) raiseCannotSerialise(L, -1, EXCESSIVELY_SPARSE_ARRAY)
    return -1
  }
  return highest
}

/** Replaces the key on the top of the stack by the next pair, and writes that key. At the end, closes the object: false. */
function nextPair(L: State, settings: Settings, first: bool): bool {
  if (lua_next(L, -2) === 0) {
    reserve(L, 1)
    put(0x7d)
    return false
  }
  reserve(L, 2)
  if (!first) put(COMMA)
  const type = lua_type(L, -2)
  if (type === LUA_TSTRING) {
    putString(L, -2)
    reserve(L, 1)
    put(COLON)
  } else if (type === LUA_TNUMBER) {
    put(QUOTE)
    putAnyNumber(L, settings, -2)
    reserve(L, 2)
    put(QUOTE)
    put(COLON)
  } else {
    raiseCannotSerialise(L, -2, TABLE_KEY_MUST_BE_A_NUMBER_OR_STRING)
  }
  return true
}

function putAnyNumber(L: State, settings: Settings, index: i32): void {
  const value = lua_tonumber(L, index)
  if (!isFinite(value)) {
    const choice = settings.encodeInvalidNumbers
    if (choice === INVALID_OFF) raiseCannotSerialise(L, index, MUST_NOT_BE_NAN_OR_INF)
    if (choice === INVALID_NULL) {
      reserve(L, 4)
      putWord(NULL_WORD, 4)
      return
    }
    // Without the sign that printf may show.
    if (isNaN(value)) {
      reserve(L, 4)
      putWord(NAN_WORD, 3)
      return
    }
  }
  putNumber(L, value, settings.numberPrecision)
}

/** So much of a string is escaped at once: room is made for six times as much. */
const SLICE_BYTES: usize = 4096

function putString(L: State, index: i32): void {
  let at = toBytes(L, index)
  const end = at + bytesLength()
  reserve(L, 1)
  put(QUOTE)
  while (at < end) {
    const sliceEnd = end - at > SLICE_BYTES ? at + SLICE_BYTES : end
    reserve(L, (sliceEnd - at) * 6)
    putSlice(at, sliceEnd)
    at = sliceEnd
  }
  reserve(L, 1)
  put(QUOTE)
}

function putSlice(at: usize, end: usize): void {
  const table = escapes
  let to = cursor
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at)
    const escape = <u32>load<u8>(table + byte)
    if (escape === 0) {
      store<u8>(to, byte)
      to++
      continue
    }
    store<u8>(to, BACKSLASH)
    store<u8>(to, escape, 1)
    to += 2
    if (escape === LOWER_U) {
      store<u8>(to, ZERO)
      store<u8>(to, ZERO, 1)
      store<u8>(to, ZERO + (byte >> 4), 2)
      const low = byte & 15
      store<u8>(to, low < 10 ? ZERO + low : LOWER_A + low - 10, 3)
      to += 4
    }
  }
  setCursor(to)
}

function raiseCannotSerialise(L: State, index: i32, reason: Text): void {
  luaL_error(L, CANNOT_SERIALISE, formatArgs(<i32>lua_typename(L, lua_type(L, index)), <i32>reason))
  unreachable()
}
