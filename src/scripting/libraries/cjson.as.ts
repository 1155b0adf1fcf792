/** The `cjson` library, as Redis 7.2 has it: Lua CJSON 2.1.0. */
import {
  lua_createtable, lua_pop, lua_pushcclosure, lua_pushlightuserdata, lua_pushvalue, lua_setfield, setText, LUA_GLOBALSINDEX,
  State, Text,
} from './lua.as'
import { pushSettings } from './cjson-settings.as'

@external('text', 'cjson') declare const CJSON: Text
@external('text', '2.1.0') declare const VERSION_NUMBER: Text
@external('text', '_NAME') declare const NAME: Text
@external('text', '_VERSION') declare const VERSION: Text
@external('text', 'null') declare const NULL: Text

@external('text', 'encode') declare const ENCODE: Text
@external('text', 'decode') declare const DECODE: Text
@external('text', 'encode_sparse_array') declare const ENCODE_SPARSE_ARRAY: Text
@external('text', 'encode_max_depth') declare const ENCODE_MAX_DEPTH: Text
@external('text', 'decode_max_depth') declare const DECODE_MAX_DEPTH: Text
@external('text', 'encode_number_precision') declare const ENCODE_NUMBER_PRECISION: Text
@external('text', 'encode_keep_buffer') declare const ENCODE_KEEP_BUFFER: Text
@external('text', 'encode_invalid_numbers') declare const ENCODE_INVALID_NUMBERS: Text
@external('text', 'decode_invalid_numbers') declare const DECODE_INVALID_NUMBERS: Text
@external('text', 'new') declare const NEW: Text

@external('function', 'cjson_encode') declare const cjson_encode_place: i32
@external('function', 'cjson_decode') declare const cjson_decode_place: i32
@external('function', 'cjson_encode_sparse_array') declare const cjson_encode_sparse_array_place: i32
@external('function', 'cjson_encode_max_depth') declare const cjson_encode_max_depth_place: i32
@external('function', 'cjson_decode_max_depth') declare const cjson_decode_max_depth_place: i32
@external('function', 'cjson_encode_number_precision') declare const cjson_encode_number_precision_place: i32
@external('function', 'cjson_encode_keep_buffer') declare const cjson_encode_keep_buffer_place: i32
@external('function', 'cjson_encode_invalid_numbers') declare const cjson_encode_invalid_numbers_place: i32
@external('function', 'cjson_decode_invalid_numbers') declare const cjson_decode_invalid_numbers_place: i32
@external('function', 'cjson_new') declare const cjson_new_place: i32

export function openCjson(L: State): void {
  cjson_new(L)
  lua_setfield(L, LUA_GLOBALSINDEX, CJSON)
}

/** A cjson table with settings of its own. */
export function cjson_new(L: State): i32 {
  lua_createtable(L, 0, 0)
  pushSettings(L)
  setMethod(L, ENCODE, cjson_encode_place)
  setMethod(L, DECODE, cjson_decode_place)
  setMethod(L, ENCODE_SPARSE_ARRAY, cjson_encode_sparse_array_place)
  setMethod(L, ENCODE_MAX_DEPTH, cjson_encode_max_depth_place)
  setMethod(L, DECODE_MAX_DEPTH, cjson_decode_max_depth_place)
  setMethod(L, ENCODE_NUMBER_PRECISION, cjson_encode_number_precision_place)
  setMethod(L, ENCODE_KEEP_BUFFER, cjson_encode_keep_buffer_place)
  setMethod(L, ENCODE_INVALID_NUMBERS, cjson_encode_invalid_numbers_place)
  setMethod(L, DECODE_INVALID_NUMBERS, cjson_decode_invalid_numbers_place)
  setMethod(L, NEW, cjson_new_place)
  lua_pop(L, 1)
  lua_pushlightuserdata(L, 0)
  lua_setfield(L, -2, NULL)
  setText(L, NAME, CJSON)
  setText(L, VERSION, VERSION_NUMBER)
  return 1
}

/** Sets a field of the table below the settings to a function that has the settings as its upvalue. */
function setMethod(L: State, name: Text, place: i32): void {
  lua_pushvalue(L, -1)
  lua_pushcclosure(L, place, 1)
  lua_setfield(L, -3, name)
}
