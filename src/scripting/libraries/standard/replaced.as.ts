/** Puts the functions that are not Lua's own into the tables where scripts find them. */
import { openCharacters } from './characters.as'
import { openLuaParts } from './lua-parts.as'
import { lua_getfield, lua_pop, lua_pushvalue, lua_setfield, setFunction, LUA_GLOBALSINDEX, State, Text } from '../lua.as'
import { openPatterns } from './patterns.as'

@external('text', 'string') declare const STRING: Text
@external('text', 'byte') declare const BYTE: Text
@external('text', 'char') declare const CHAR: Text
@external('text', 'find') declare const FIND: Text
@external('text', 'format') declare const FORMAT: Text
@external('text', 'gfind') declare const GFIND: Text
@external('text', 'gmatch') declare const GMATCH: Text
@external('text', 'gsub') declare const GSUB: Text
@external('text', 'match') declare const MATCH: Text
@external('text', 'rep') declare const REP: Text
@external('text', 'sub') declare const SUB: Text
@external('function', 'string_byte') declare const string_byte_place: i32
@external('function', 'string_char') declare const string_char_place: i32
@external('function', 'string_find') declare const string_find_place: i32
@external('function', 'string_format') declare const string_format_place: i32
@external('function', 'string_gmatch') declare const string_gmatch_place: i32
@external('function', 'string_gsub') declare const string_gsub_place: i32
@external('function', 'string_match') declare const string_match_place: i32
@external('function', 'string_rep') declare const string_rep_place: i32
@external('function', 'string_sub') declare const string_sub_place: i32

@external('text', 'table') declare const TABLE: Text
@external('text', 'concat') declare const CONCAT: Text
@external('text', 'foreach') declare const FOREACH: Text
@external('text', 'foreachi') declare const FOREACHI: Text
@external('text', 'insert') declare const INSERT: Text
@external('text', 'remove') declare const REMOVE: Text
@external('text', 'sort') declare const SORT: Text
@external('function', 'table_concat') declare const table_concat_place: i32
@external('function', 'table_foreach') declare const table_foreach_place: i32
@external('function', 'table_foreachi') declare const table_foreachi_place: i32
@external('function', 'table_insert') declare const table_insert_place: i32
@external('function', 'table_remove') declare const table_remove_place: i32
@external('function', 'table_sort') declare const table_sort_place: i32

@external('text', 'math') declare const MATH: Text
@external('text', 'atan2') declare const ATAN2: Text
@external('text', 'fmod') declare const FMOD: Text
@external('text', 'frexp') declare const FREXP: Text
@external('text', 'ldexp') declare const LDEXP: Text
@external('text', 'mod') declare const MOD: Text
@external('text', 'pow') declare const POW: Text
@external('function', 'math_atan2') declare const math_atan2_place: i32
@external('function', 'math_fmod') declare const math_fmod_place: i32
@external('function', 'math_frexp') declare const math_frexp_place: i32
@external('function', 'math_ldexp') declare const math_ldexp_place: i32
@external('function', 'math_pow') declare const math_pow_place: i32

@external('text', 'collectgarbage') declare const COLLECTGARBAGE: Text
@external('text', 'error') declare const ERROR: Text
@external('text', 'getfenv') declare const GETFENV: Text
@external('text', 'select') declare const SELECT: Text
@external('text', 'setfenv') declare const SETFENV: Text
@external('text', 'tonumber') declare const TONUMBER: Text
@external('text', 'unpack') declare const UNPACK: Text
@external('function', 'base_collectgarbage') declare const base_collectgarbage_place: i32
@external('function', 'base_error') declare const base_error_place: i32
@external('function', 'base_getfenv') declare const base_getfenv_place: i32
@external('function', 'base_select') declare const base_select_place: i32
@external('function', 'base_setfenv') declare const base_setfenv_place: i32
@external('function', 'base_tonumber') declare const base_tonumber_place: i32
@external('function', 'base_unpack') declare const base_unpack_place: i32

/** False if there is no memory left. */
export function openReplaced(L: State): bool {
  if (!openCharacters() || !openPatterns() || !openLuaParts()) return false

  lua_getfield(L, LUA_GLOBALSINDEX, STRING)
  setFunction(L, BYTE, string_byte_place)
  setFunction(L, CHAR, string_char_place)
  setFunction(L, FIND, string_find_place)
  setFunction(L, FORMAT, string_format_place)
  setFunction(L, GMATCH, string_gmatch_place)
  setFunction(L, GSUB, string_gsub_place)
  setFunction(L, MATCH, string_match_place)
  setFunction(L, REP, string_rep_place)
  setFunction(L, SUB, string_sub_place)
  // Its old name.
  lua_getfield(L, -1, GMATCH)
  lua_setfield(L, -2, GFIND)
  lua_pop(L, 1)

  lua_getfield(L, LUA_GLOBALSINDEX, TABLE)
  setFunction(L, CONCAT, table_concat_place)
  setFunction(L, FOREACH, table_foreach_place)
  setFunction(L, FOREACHI, table_foreachi_place)
  setFunction(L, INSERT, table_insert_place)
  setFunction(L, REMOVE, table_remove_place)
  setFunction(L, SORT, table_sort_place)
  lua_pop(L, 1)

  lua_getfield(L, LUA_GLOBALSINDEX, MATH)
  setFunction(L, ATAN2, math_atan2_place)
  setFunction(L, FMOD, math_fmod_place)
  setFunction(L, FREXP, math_frexp_place)
  setFunction(L, LDEXP, math_ldexp_place)
  setFunction(L, POW, math_pow_place)
  // Its old name.
  lua_getfield(L, -1, FMOD)
  lua_setfield(L, -2, MOD)
  lua_pop(L, 1)

  lua_pushvalue(L, LUA_GLOBALSINDEX)
  setFunction(L, COLLECTGARBAGE, base_collectgarbage_place)
  setFunction(L, ERROR, base_error_place)
  setFunction(L, GETFENV, base_getfenv_place)
  setFunction(L, SELECT, base_select_place)
  setFunction(L, SETFENV, base_setfenv_place)
  setFunction(L, TONUMBER, base_tonumber_place)
  setFunction(L, UNPACK, base_unpack_place)
  lua_pop(L, 1)
  return true
}
