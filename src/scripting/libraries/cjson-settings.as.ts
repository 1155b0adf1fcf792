/**
 * The settings of cjson: a block of userdata that all functions of one cjson table share as their first upvalue.
 * cjson.new() makes another one.
 */
import {
  lua_gettop, lua_newuserdata, lua_pushboolean, lua_pushfstring, lua_pushnil, lua_pushnumber, lua_pushstring, lua_toboolean,
  lua_touserdata, lua_type, lua_upvalueindex, luaL_argerror, luaL_checknumber, luaL_checkoption, LUA_TBOOLEAN, LUA_TNIL, State,
  Text,
} from './lua.as'
import { toInt64 } from './numbers.as'
import { formatArgs, scratchAt } from './scratch.as'

@external('text', 'found too many arguments') declare const FOUND_TOO_MANY_ARGUMENTS: Text
@external('text', 'expected integer between %d and %d') declare const EXPECTED_INTEGER_BETWEEN: Text
@external('text', 'off') declare const OFF: Text
@external('text', 'on') declare const ON: Text
@external('text', 'null') declare const NULL: Text

@unmanaged
export class Settings {
  sparseConvert: i32
  sparseRatio: i32
  sparseSafe: i32
  encodeMaxDepth: i32
  encodeInvalidNumbers: i32
  numberPrecision: i32
  keepBuffer: i32
  decodeInvalidNumbers: i32
  decodeMaxDepth: i32
}

/** Values of encodeInvalidNumbers: raise an error, write nan or inf, write null. */
export const INVALID_OFF: i32 = 0
export const INVALID_ON: i32 = 1
export const INVALID_NULL: i32 = 2

/** Pushes a block with the defaults. */
export function pushSettings(L: State): void {
  const settings = changetype<Settings>(lua_newuserdata(L, offsetof<Settings>()))
  settings.sparseConvert = 0
  settings.sparseRatio = 2
  settings.sparseSafe = 10
  settings.encodeMaxDepth = 1000
  settings.encodeInvalidNumbers = INVALID_OFF
  settings.numberPrecision = 14
  settings.keepBuffer = 1
  settings.decodeInvalidNumbers = 1
  settings.decodeMaxDepth = 1000
}

@inline
export function settingsOf(L: State): Settings {
  return changetype<Settings>(lua_touserdata(L, lua_upvalueindex(1)))
}

/** Checks that there are at most so many arguments, and makes nil of those that are missing. */
function takeArgs(L: State, count: i32): Settings {
  if (lua_gettop(L) > count) luaL_argerror(L, count + 1, FOUND_TOO_MANY_ARGUMENTS)
  while (lua_gettop(L) < count) lua_pushnil(L)
  return settingsOf(L)
}

/** Pushes a setting's value, after an argument that is not nil has changed it. */
function integerOption(L: State, arg: i32, setting: usize, lowest: i32, highest: i32): void {
  if (lua_type(L, arg) !== LUA_TNIL) {
    // Redis keeps the low 32 bits of a long.
    const value = <i32>toInt64(luaL_checknumber(L, arg))
    if (value < lowest || value > highest) {
      // The error names the first argument, whichever it is.
      luaL_argerror(L, 1, lua_pushfstring(L, EXPECTED_INTEGER_BETWEEN, formatArgs(lowest, highest)))
    }
    store<i32>(setting, value)
  }
  lua_pushnumber(L, load<i32>(setting))
}

/** The same for a setting that is off, on or, if that is a choice, null: a boolean, or the word. */
function choiceOption(L: State, arg: i32, setting: usize, withNull: bool = false): void {
  const type = lua_type(L, arg)
  if (type === LUA_TBOOLEAN) {
    store<i32>(setting, lua_toboolean(L, arg))
  } else if (type !== LUA_TNIL) {
    const words = scratchAt()
    store<Text>(words, OFF)
    store<Text>(words, ON, 4)
    store<Text>(words, withNull ? NULL : 0, 8)
    store<Text>(words, 0, 12)
    store<i32>(setting, luaL_checkoption(L, arg, 0, words))
  }
  const value = load<i32>(setting)
  if (value === INVALID_NULL) lua_pushstring(L, NULL)
  else lua_pushboolean(L, value)
}

export function cjson_encode_sparse_array(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 3))
  choiceOption(L, 1, at + offsetof<Settings>('sparseConvert'))
  integerOption(L, 2, at + offsetof<Settings>('sparseRatio'), 0, i32.MAX_VALUE)
  integerOption(L, 3, at + offsetof<Settings>('sparseSafe'), 0, i32.MAX_VALUE)
  return 3
}

export function cjson_encode_max_depth(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  integerOption(L, 1, at + offsetof<Settings>('encodeMaxDepth'), 1, i32.MAX_VALUE)
  return 1
}

export function cjson_decode_max_depth(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  integerOption(L, 1, at + offsetof<Settings>('decodeMaxDepth'), 1, i32.MAX_VALUE)
  return 1
}

export function cjson_encode_number_precision(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  integerOption(L, 1, at + offsetof<Settings>('numberPrecision'), 1, 14)
  return 1
}

/** Only remembered: the output block is kept or given back by its size. */
export function cjson_encode_keep_buffer(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  choiceOption(L, 1, at + offsetof<Settings>('keepBuffer'))
  return 1
}

export function cjson_encode_invalid_numbers(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  choiceOption(L, 1, at + offsetof<Settings>('encodeInvalidNumbers'), true)
  return 1
}

export function cjson_decode_invalid_numbers(L: State): i32 {
  const at = changetype<usize>(takeArgs(L, 1))
  choiceOption(L, 1, at + offsetof<Settings>('decodeInvalidNumbers'))
  return 1
}
