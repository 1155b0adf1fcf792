/** The `cmsgpack` library, as Redis 7.2 has it: MessagePack with raw strings, without the later bin, ext and timestamp. */
import {
  lua_checkstack, lua_concat, lua_createtable, lua_gettop, lua_insert, lua_next, lua_objlen, lua_pop, lua_pushboolean,
  lua_pushlstring, lua_pushnil, lua_pushnumber, lua_pushvalue, lua_rawgeti, lua_rawset, lua_rawseti, lua_remove, lua_setfield,
  lua_settop, lua_toboolean, lua_tonumber, lua_type, luaL_argerror, luaL_checknumber, luaL_checkstack, luaL_error, luaL_optnumber,
  setFunction, setText, LUA_GLOBALSINDEX, LUA_TBOOLEAN, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, State, Text,
} from './lua.as'
import { beginOutput, cursor, grownSize, levelAt, openLevel, pushOutput, put, putBytes, reserve, setCursor } from './memory.as'
import { toInt64 } from './numbers.as'
import { bytesLength, checkBytes, formatArgs, raise, toBytes } from './scratch.as'

@external('text', 'cmsgpack') declare const CMSGPACK: Text
@external('text', '_NAME') declare const NAME: Text
@external('text', '_VERSION') declare const VERSION: Text
@external('text', 'lua-cmsgpack 0.4.0') declare const VERSION_TEXT: Text
@external('text', '_COPYRIGHT') declare const COPYRIGHT: Text
@external('text', 'Copyright (C) 2012, Salvatore Sanfilippo') declare const COPYRIGHT_TEXT: Text
@external('text', '_DESCRIPTION') declare const DESCRIPTION: Text
@external('text', 'MessagePack C implementation for Lua') declare const DESCRIPTION_TEXT: Text
@external('text', 'pack') declare const PACK: Text
@external('text', 'unpack') declare const UNPACK: Text
@external('text', 'unpack_one') declare const UNPACK_ONE: Text
@external('text', 'unpack_limit') declare const UNPACK_LIMIT: Text

@external('text', 'MessagePack pack needs input.') declare const PACK_NEEDS_INPUT: Text
@external('text', 'Too many arguments for MessagePack pack.') declare const TOO_MANY_ARGUMENTS: Text
@external('text', 'Missing bytes in input.') declare const MISSING_BYTES: Text
@external('text', 'Bad data format in input.') declare const BAD_DATA_FORMAT: Text
@external('text', 'Invalid request to unpack with offset of %d and limit of %d.') declare const INVALID_REQUEST: Text
@external('text', 'Start offset %d greater than input length %d.') declare const START_OFFSET_GREATER: Text

// Where Lua's stack overflowed: names of functions in Redis's source.
@external('text', 'in function mp_check') declare const IN_CHECK: Text
@external('text', 'in function table_is_an_array') declare const IN_TABLE_IS_AN_ARRAY: Text
@external('text', 'in function mp_encode_lua_table_as_array') declare const IN_TABLE_AS_ARRAY: Text
@external('text', 'in function mp_encode_lua_table_as_map') declare const IN_TABLE_AS_MAP: Text
@external('text', 'in function mp_decode_to_lua_array') declare const IN_DECODE_TO_ARRAY: Text
@external('text', 'in function mp_unpack_full') declare const IN_UNPACK_FULL: Text
@external('text', 'too many return values at once; use unpack_one or unpack_limit instead.')
declare const TOO_MANY_RETURN_VALUES: Text

@external('function', 'cmsgpack_pack') declare const cmsgpack_pack_place: i32
@external('function', 'cmsgpack_unpack') declare const cmsgpack_unpack_place: i32
@external('function', 'cmsgpack_unpack_one') declare const cmsgpack_unpack_one_place: i32
@external('function', 'cmsgpack_unpack_limit') declare const cmsgpack_unpack_limit_place: i32

export function openCmsgpack(L: State): void {
  lua_createtable(L, 0, 0)
  setFunction(L, PACK, cmsgpack_pack_place)
  setFunction(L, UNPACK, cmsgpack_unpack_place)
  setFunction(L, UNPACK_ONE, cmsgpack_unpack_one_place)
  setFunction(L, UNPACK_LIMIT, cmsgpack_unpack_limit_place)
  setText(L, NAME, CMSGPACK)
  setText(L, VERSION, VERSION_TEXT)
  setText(L, COPYRIGHT, COPYRIGHT_TEXT)
  setText(L, DESCRIPTION, DESCRIPTION_TEXT)
  lua_setfield(L, LUA_GLOBALSINDEX, CMSGPACK)
}

// First bytes of values. The FIX ones hold a small number as well, and so stand for a range.
const FIX_MAP: u32 = 0x80
const FIX_ARRAY: u32 = 0x90
const FIX_RAW: u32 = 0xa0
const NIL: u32 = 0xc0
const FALSE: u32 = 0xc2
const TRUE: u32 = 0xc3
const FLOAT: u32 = 0xca
const DOUBLE: u32 = 0xcb
const UINT_8: u32 = 0xcc
const UINT_16: u32 = 0xcd
const UINT_32: u32 = 0xce
const UINT_64: u32 = 0xcf
const INT_8: u32 = 0xd0
const INT_16: u32 = 0xd1
const INT_32: u32 = 0xd2
const INT_64: u32 = 0xd3
const RAW_8: u32 = 0xd9
const RAW_16: u32 = 0xda
const RAW_32: u32 = 0xdb
const ARRAY_16: u32 = 0xdc
const ARRAY_32: u32 = 0xdd
const MAP_16: u32 = 0xde
const MAP_32: u32 = 0xdf
const FIX_NEGATIVE: u32 = 0xe0

/** A table at this depth becomes nil, so that one that holds itself has an end. */
const MAX_NESTING: i32 = 16

export function cmsgpack_pack(L: State): i32 {
  const count = lua_gettop(L)
  if (count === 0) luaL_argerror(L, 0, PACK_NEEDS_INPUT)
  if (lua_checkstack(L, count) === 0) luaL_argerror(L, 0, TOO_MANY_ARGUMENTS)
  for (let arg = 1; arg <= count; arg++) {
    luaL_checkstack(L, 1, IN_CHECK)
    lua_pushvalue(L, arg)
    beginOutput()
    pack(L, 0)
    pushOutput(L)
  }
  lua_concat(L, count)
  return 1
}

/** Writes the value on the top of the stack, and pops it. */
function pack(L: State, depth: i32): void {
  const type = lua_type(L, -1)
  if (type === LUA_TSTRING) {
    packString(L)
  } else if (type === LUA_TNUMBER) {
    packNumber(L, lua_tonumber(L, -1))
  } else if (type === LUA_TTABLE && depth < MAX_NESTING) {
    if (isArray(L)) packArray(L, depth)
    else packMap(L, depth)
  } else {
    reserve(L, 1)
    put(type === LUA_TBOOLEAN ? (lua_toboolean(L, -1) ? TRUE : FALSE) : NIL)
  }
  lua_pop(L, 1)
}

function packString(L: State): void {
  const bytes = toBytes(L, -1)
  const length = bytesLength()
  reserve(L, 5 + length)
  if (length < 32) {
    put(FIX_RAW | <u32>length)
  } else if (length <= 0xff) {
    put(RAW_8)
    put(<u32>length)
  } else {
    putLength(RAW_16, RAW_32, <u32>length)
  }
  putBytes(bytes, length)
}

/** Writes a first byte and a length of 16 or 32 bits behind it. */
function putLength(first16: u32, first32: u32, length: u32): void {
  if (length <= 0xffff) {
    put(first16)
    store<u16>(cursor, bswap<u16>(<u16>length))
    setCursor(cursor + 2)
  } else {
    put(first32)
    put32(length)
  }
}

function put32(value: u32): void {
  store<u32>(cursor, bswap<u32>(value))
  setCursor(cursor + 4)
}

function put64(value: u64): void {
  store<u64>(cursor, bswap<u64>(value))
  setCursor(cursor + 8)
}

function packNumber(L: State, value: f64): void {
  reserve(L, 9)
  const integer = toInt64(value)
  if (<f64>integer === value && value < 9223372036854775808.0) {
    packInteger(integer)
    return
  }
  const single = <f32>value
  if (<f64>single === value) {
    put(FLOAT)
    put32(reinterpret<u32>(single))
  } else {
    put(DOUBLE)
    put64(reinterpret<u64>(value))
  }
}

function packInteger(value: i64): void {
  if (value >= -32 && value <= 0x7f) {
    put(<u32>value & 0xff)
  } else if (value >= 0) {
    if (value <= 0xff) {
      put(UINT_8)
      put(<u32>value)
    } else if (value <= 0xffffffff) {
      putLength(UINT_16, UINT_32, <u32>value)
    } else {
      put(UINT_64)
      put64(value)
    }
  } else if (value >= -0x80) {
    put(INT_8)
    put(<u32>value & 0xff)
  } else if (value >= -0x8000) {
    put(INT_16)
    put(<u32>(value >> 8) & 0xff)
    put(<u32>value & 0xff)
  } else if (value >= -0x80000000) {
    put(INT_32)
    put32(<u32>value)
  } else {
    put(INT_64)
    put64(value)
  }
}

/** Whether the keys of the table on the top of the stack are exactly the integers from 1 to their number: none at all, too. */
function isArray(L: State): bool {
  luaL_checkstack(L, 2, IN_TABLE_IS_AN_ARRAY)
  let count: i32 = 0
  let highest: i32 = 0
  lua_pushnil(L)
  while (lua_next(L, -2)) {
    lua_pop(L, 1)
    const key = lua_type(L, -1) === LUA_TNUMBER ? lua_tonumber(L, -1) : 0
    if (!(key > 0 && key <= 2147483647 && floor<f64>(key) === key)) {
      lua_pop(L, 1)
      return false
    }
    highest = max<i32>(highest, <i32>key)
    count++
  }
  return highest === count
}

function packArray(L: State, depth: i32): void {
  const length = <i32>lua_objlen(L, -1)
  reserve(L, 5)
  if (length <= 15) put(FIX_ARRAY | length)
  else putLength(ARRAY_16, ARRAY_32, length)
  luaL_checkstack(L, 1, IN_TABLE_AS_ARRAY)
  for (let i = 1; i <= length; i++) {
    lua_rawgeti(L, -1, i)
    pack(L, depth + 1)
  }
}

function packMap(L: State, depth: i32): void {
  luaL_checkstack(L, 3, IN_TABLE_AS_MAP)
  let count: u32 = 0
  lua_pushnil(L)
  while (lua_next(L, -2)) {
    lua_pop(L, 1)
    count++
  }
  reserve(L, 5)
  if (count <= 15) put(FIX_MAP | count)
  else putLength(MAP_16, MAP_32, count)
  lua_pushnil(L)
  while (lua_next(L, -2)) {
    lua_pushvalue(L, -2)
    pack(L, depth + 1)
    pack(L, depth + 1)
  }
}

/** The next byte of input, and the byte behind the last one. */
let next: usize = 0
let inputEnd: usize = 0

export function cmsgpack_unpack(L: State): i32 {
  return unpackSome(L, 0, 0)
}

export function cmsgpack_unpack_one(L: State): i32 {
  const offset = toInt64(luaL_optnumber(L, 2, 0))
  lua_settop(L, 1 <= lua_gettop(L) ? 1 : 0)
  return unpackSome(L, 1, offset)
}

export function cmsgpack_unpack_limit(L: State): i32 {
  const limit = toInt64(luaL_checknumber(L, 2))
  const offset = toInt64(luaL_optnumber(L, 3, 0))
  lua_settop(L, 1)
  return unpackSome(L, limit, offset)
}

/**
 * Pushes up to `limit` values from an offset on, and where to go on, or -1 at the end, in front of them. With neither a limit
 * nor an offset, only the values, all of them.
 */
function unpackSome(L: State, limit: i64, offset: i64): i32 {
  const all = limit === 0 && offset === 0
  const start = checkBytes(L, 1)
  const length = bytesLength()
  if (offset < 0 || limit < 0) {
    // Sic: the length in the place of the limit.
    luaL_error(L, INVALID_REQUEST, formatArgs(<i32>offset, <i32>length))
    unreachable()
  }
  if (<u64>offset > <u64>length) {
    luaL_error(L, START_OFFSET_GREATER, formatArgs(<i32>offset, <i32>length))
    unreachable()
  }
  if (all) limit = i32.MAX_VALUE
  next = start + <usize>offset
  inputEnd = start + length
  let count = 0
  while (next < inputEnd && count < limit) {
    unpack(L)
    count++
  }
  if (all) return count
  luaL_checkstack(L, 1, IN_UNPACK_FULL)
  lua_pushnumber(L, next === inputEnd ? -1 : <f64>(next - start))
  lua_insert(L, 2)
  return count + 1
}

/** In a level's first word: what its next value is. */
const ELEMENT: i32 = 0
const KEY: i32 = 1
const VALUE: i32 = 2

/**
 * A level: what comes next, the number of elements or pairs that are still to come, an array's next index or, for a map, 2 after
 * its first pair, and whether an array has been made in its final size.
 */
const REMAINING: usize = 4
const INDEX: usize = 8
const SIZED: usize = 12

/** Up to here an array is made as large as its header says it gets; a header may lie. */
const SIZED_LENGTH: u32 = 64

/** The containers that are open, and how many of them are arrays. */
let depth: i32 = 0
let arrays: i32 = 0

/** Pushes one value of the input, with all that it contains. */
function unpack(L: State): void {
  depth = 0
  arrays = 0
  while (true) {
    if (next === inputEnd) raise(L, MISSING_BYTES)
    // Later values of a container lie where its first ones did. Redis has an index on the stack for each array that is open: its
    // depth has the same end here.
    if (depth === 0 || load<i32>(levelAt(depth), INDEX) < 2) luaL_checkstack(L, 1 + arrays, TOO_MANY_RETURN_VALUES)
    if (!unpackScalar(L)) {
      if (load<u32>(levelAt(depth), REMAINING) !== 0) continue
      closeLevel()
    }
    // The value is on the top of the stack, its container below it.
    while (true) {
      if (depth === 0) return
      const level = levelAt(depth)
      const what = load<i32>(level)
      if (what === KEY) {
        store<i32>(level, VALUE)
        store<i32>(level, load<i32>(level, INDEX) | 1, INDEX)
        break
      }
      if (what === VALUE) {
        lua_rawset(L, -3)
        store<i32>(level, KEY)
        store<i32>(level, 2, INDEX)
      } else {
        setElement(L, level)
      }
      const remaining = load<u32>(level, REMAINING) - 1
      store<u32>(level, remaining, REMAINING)
      if (remaining !== 0) break
      closeLevel()
    }
  }
}

function closeLevel(): void {
  if (load<i32>(levelAt(depth)) === ELEMENT) arrays--
  depth--
}

/** Puts the value on the top of the stack into the array below it. */
function setElement(L: State, level: usize): void {
  const index = load<i32>(level, INDEX)
  if (load<i32>(level, SIZED) && lua_type(L, -1) === LUA_TNIL) {
    // With a hole, Lua's table grows otherwise, and # may see that: start over without the final size.
    store<i32>(level, 0, SIZED)
    regrow(L, index - 1)
  }
  lua_rawseti(L, -2, index)
  store<i32>(level, index + 1, INDEX)
}

/** Replaces the array below the top of the stack by one that has grown element by element. */
function regrow(L: State, length: i32): void {
  // At the stack's end it may be refused: Lua keeps five slots more for such.
  lua_checkstack(L, 2)
  lua_createtable(L, 0, 0)
  for (let i = 1; i <= length; i++) {
    lua_rawgeti(L, -3, i)
    lua_rawseti(L, -2, i)
  }
  lua_insert(L, -3)
  lua_remove(L, -2)
}

/** Pushes a value that contains no other. For a container, opens a level and pushes its empty table: false. */
function unpackScalar(L: State): bool {
  const first = <u32>load<u8>(next)
  if (first < FIX_MAP || first >= FIX_NEGATIVE) return pushNumber(L, 1, <f64>(<i8>first))
  if (first < FIX_ARRAY) return openMap(L, 1, first & 0xf)
  if (first < FIX_RAW) return openArray(L, 1, first & 0xf)
  if (first < NIL) return pushString(L, 1, first & 0x1f)
  switch (first) {
    case NIL: {
      lua_pushnil(L)
      next++
      return true
    }
    case FALSE:
    case TRUE: {
      lua_pushboolean(L, first === TRUE ? 1 : 0)
      next++
      return true
    }
    case FLOAT: {
      need(L, 5)
      return pushNumber(L, 5, <f64>reinterpret<f32>(get32()))
    }
    case DOUBLE: {
      need(L, 9)
      return pushNumber(L, 9, reinterpret<f64>(get64()))
    }
    case UINT_8: {
      need(L, 2)
      return pushNumber(L, 2, get8())
    }
    case UINT_16: {
      need(L, 3)
      return pushNumber(L, 3, get16())
    }
    case UINT_32: {
      need(L, 5)
      return pushNumber(L, 5, get32())
    }
    // Redis pushes it as a signed integer: 2^63 and more are negative.
    case UINT_64:
    case INT_64: {
      need(L, 9)
      return pushNumber(L, 9, <f64>(<i64>get64()))
    }
    case INT_8: {
      need(L, 2)
      return pushNumber(L, 2, <i8>get8())
    }
    case INT_16: {
      need(L, 3)
      return pushNumber(L, 3, <i16>get16())
    }
    case INT_32: {
      need(L, 5)
      return pushNumber(L, 5, <i32>get32())
    }
    case RAW_8: {
      need(L, 2)
      return pushString(L, 2, get8())
    }
    case RAW_16: {
      need(L, 3)
      return pushString(L, 3, get16())
    }
    case RAW_32: {
      need(L, 5)
      return pushString(L, 5, get32())
    }
    case ARRAY_16: {
      need(L, 3)
      return openArray(L, 3, get16())
    }
    case ARRAY_32: {
      need(L, 5)
      return openArray(L, 5, get32())
    }
    case MAP_16: {
      need(L, 3)
      return openMap(L, 3, get16())
    }
    case MAP_32: {
      need(L, 5)
      return openMap(L, 5, get32())
    }
    default: {
      raise(L, BAD_DATA_FORMAT)
      return true
    }
  }
}

@inline
function need(L: State, bytes: usize): void {
  if (inputEnd - next < bytes) raise(L, MISSING_BYTES)
}

// What follows the first byte.

@inline
function get8(): u32 {
  return load<u8>(next, 1)
}

@inline
function get16(): u32 {
  return bswap<u16>(load<u16>(next, 1))
}

@inline
function get32(): u32 {
  return bswap<u32>(load<u32>(next, 1))
}

@inline
function get64(): u64 {
  return bswap<u64>(load<u64>(next, 1))
}

function pushNumber(L: State, bytes: usize, value: f64): bool {
  lua_pushnumber(L, value)
  next += bytes
  return true
}

function pushString(L: State, header: usize, length: usize): bool {
  const start = next + header
  if (inputEnd - start < length) raise(L, MISSING_BYTES)
  lua_pushlstring(L, start, length)
  next = start + length
  return true
}

function openArray(L: State, header: usize, length: u32): bool {
  next += header
  lua_createtable(L, length === 0 ? 0 : grownSize(min<u32>(length, SIZED_LENGTH)), 0)
  arrays++
  luaL_checkstack(L, arrays, IN_DECODE_TO_ARRAY)
  const level = openLevel(L, ++depth)
  store<i32>(level, ELEMENT)
  store<u32>(level, length, REMAINING)
  store<i32>(level, 1, INDEX)
  store<i32>(level, 1, SIZED)
  return false
}

function openMap(L: State, header: usize, pairs: u32): bool {
  next += header
  // Room for the first key, if that is a string: one that is an integer belongs elsewhere.
  const stringFollows = pairs !== 0 && next < inputEnd && isString(load<u8>(next))
  lua_createtable(L, 0, stringFollows ? 1 : 0)
  const level = openLevel(L, ++depth)
  store<i32>(level, KEY)
  store<u32>(level, pairs, REMAINING)
  store<i32>(level, 0, INDEX)
  return false
}

function isString(first: u32): bool {
  return (first & 0xe0) === FIX_RAW || first - RAW_8 < 3
}
