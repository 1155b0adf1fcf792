/** A command's reply as a Lua value, by Redis's rules of conversion (script_lua.c, RESP2 and RESP3). */
import {
  lua_checkstack, lua_concat, lua_createtable, lua_pop, lua_pushboolean, lua_pushlstring, lua_pushnil, lua_pushnumber,
  lua_rawseti, lua_setfield, lua_settable, State, Text,
} from '../lua.as'
import { readNumber } from '../numbers.as'

@external('text', 'ok') declare const OK: Text
@external('text', 'err') declare const ERR: Text
@external('text', 'ERR ') declare const ERR_CODE: Text
@external('text', 'ignore_error_stats_update') declare const IGNORE_ERROR_STATS_UPDATE: Text
@external('text', 'set') declare const SET: Text
@external('text', 'map') declare const MAP: Text
@external('text', 'double') declare const DOUBLE: Text
@external('text', 'big_number') declare const BIG_NUMBER: Text
@external('text', 'verbatim_string') declare const VERBATIM_STRING: Text
@external('text', 'string') declare const STRING: Text
@external('text', 'format') declare const FORMAT: Text

const CR: u32 = 13
const BLANK: u32 = 32
const HASH: u32 = 35
const DOLLAR: u32 = 36
const PERCENT: u32 = 37
const PAREN: u32 = 40
const STAR: u32 = 42
const PLUS: u32 = 43
const COMMA: u32 = 44
const MINUS: u32 = 45
const ZERO: u32 = 48
const COLON: u32 = 58
const EQUALS: u32 = 61
const UNDERSCORE: u32 = 95
const SMALL_T: u32 = 116
const BAR: u32 = 124
const TILDE: u32 = 126

/** What comes behind the part of the reply that has been read. */
let at: usize = 0

/** Pushes the reply that begins at an address: one that is well-formed, and may lie in memory that the next call gets as well. */
export function push_reply(L: State, start: usize): void {
  at = start
  pushNext(L)
}

function pushNext(L: State): void {
  switch (<u32>load<u8>(at)) {
    case DOLLAR:
      pushBulk(L)
      return
    case COLON:
      lua_pushnumber(L, <f64>takeInteger())
      return
    case STAR:
      pushArray(L, <i32>takeInteger())
      return
    case PLUS:
      pushLineIn(L, OK)
      return
    case MINUS:
      pushError(L)
      return
    case TILDE:
      pushSet(L, <i32>takeInteger())
      return
    case PERCENT:
      pushMap(L, <i32>takeInteger())
      return
    case HASH:
      lua_pushboolean(L, <i32>(<u32>load<u8>(at, 1) === SMALL_T))
      skipLine()
      return
    case COMMA:
      pushDouble(L)
      return
    case UNDERSCORE:
      lua_pushnil(L)
      skipLine()
      return
    case PAREN:
      pushLineIn(L, BIG_NUMBER)
      return
    case EQUALS:
      pushVerbatim(L, <usize>takeInteger())
      return
    case BAR:
      skipAttributes(L, <i32>takeInteger())
      pushNext(L)
      return
    default:
      unreachable()
  }
}

/** Where the present line ends. */
function lineEnd(): usize {
  let end = at
  while (<u32>load<u8>(end) !== CR) end++
  return end
}

function skipLine(): void {
  at = lineEnd() + 2
}

/** The integer behind the type's byte; goes to the next line. */
function takeInteger(): i64 {
  let byte = <u32>load<u8>(++at)
  const isNegative = byte === MINUS
  if (isNegative) byte = load<u8>(++at)
  let value: u64 = 0
  for (; byte !== CR; byte = load<u8>(++at)) value = value * 10 + (byte - ZERO)
  at += 2
  return <i64>(isNegative ? 0 - value : value)
}

function pushBulk(L: State): void {
  const length = takeInteger()
  if (length < 0) {
    lua_pushboolean(L, 0)
    return
  }
  lua_pushlstring(L, at, <usize>length)
  at += <usize>length + 2
}

/** Pushes a table with one field: the rest of the line. */
function pushLineIn(L: State, field: Text): void {
  const start = at + 1
  const end = lineEnd()
  at = end + 2
  lua_createtable(L, 0, 1)
  lua_pushlstring(L, start, end - start)
  lua_setfield(L, -2, field)
}

/** The command's own statistics have the error already: nobody counts it again. One without a code gets it in front. */
function pushError(L: State): void {
  const start = at + 1
  const end = lineEnd()
  at = end + 2
  let blank = start
  while (blank < end && <u32>load<u8>(blank) !== BLANK) blank++
  lua_checkstack(L, 3)
  lua_createtable(L, 0, 2)
  if (blank === end) {
    lua_pushlstring(L, ERR_CODE, 4)
    lua_pushlstring(L, start, end - start)
    lua_concat(L, 2)
  } else lua_pushlstring(L, start, end - start)
  lua_setfield(L, -2, ERR)
  lua_pushboolean(L, 1)
  lua_setfield(L, -2, IGNORE_ERROR_STATS_UPDATE)
}

function pushArray(L: State, length: i32): void {
  if (length < 0) {
    lua_pushboolean(L, 0)
    return
  }
  lua_checkstack(L, 3)
  lua_createtable(L, length, 0)
  for (let i = 1; i <= length; i++) {
    pushNext(L)
    lua_rawseti(L, -2, i)
  }
}

function pushSet(L: State, length: i32): void {
  lua_checkstack(L, 5)
  lua_createtable(L, 0, 1)
  lua_createtable(L, 0, length)
  for (; length > 0; length--) {
    pushNext(L)
    lua_pushboolean(L, 1)
    lua_settable(L, -3)
  }
  lua_setfield(L, -2, SET)
}

function pushMap(L: State, length: i32): void {
  lua_checkstack(L, 5)
  lua_createtable(L, 0, 1)
  lua_createtable(L, 0, length)
  for (; length > 0; length--) {
    pushNext(L)
    pushNext(L)
    lua_settable(L, -3)
  }
  lua_setfield(L, -2, MAP)
}

function pushDouble(L: State): void {
  const start = at + 1
  skipLine()
  lua_createtable(L, 0, 1)
  lua_pushnumber(L, readNumber(L, start))
  lua_setfield(L, -2, DOUBLE)
}

/** The format's name of three letters lies in front of the text, with a colon in between. */
function pushVerbatim(L: State, length: usize): void {
  const start = at
  at += length + 2
  lua_createtable(L, 0, 1)
  lua_createtable(L, 0, 2)
  lua_pushlstring(L, start + 4, length - 4)
  lua_setfield(L, -2, STRING)
  lua_pushlstring(L, start, 3)
  lua_setfield(L, -2, FORMAT)
  lua_setfield(L, -2, VERBATIM_STRING)
}

/** Scripts do not see attributes. */
function skipAttributes(L: State, pairs: i32): void {
  for (let left = pairs * 2; left > 0; left--) {
    pushNext(L)
    lua_pop(L, 1)
  }
}
