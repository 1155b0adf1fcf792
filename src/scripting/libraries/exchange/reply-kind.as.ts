/** What a table that a script returns stands for (luaReplyToRedisReply in script_lua.c). */
import {
  lua_pop, lua_pushlstring, lua_rawget, lua_type, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, State, Text,
} from '../lua.as'

@external('text', 'err') declare const ERR: Text
@external('text', 'ok') declare const OK: Text
@external('text', 'double') declare const DOUBLE: Text
@external('text', 'big_number') declare const BIG_NUMBER: Text
@external('text', 'verbatim_string') declare const VERBATIM_STRING: Text
@external('text', 'format') declare const FORMAT: Text
@external('text', 'string') declare const STRING: Text
@external('text', 'map') declare const MAP: Text
@external('text', 'set') declare const SET: Text

// As redis-api/write-reply.ts has them.
const KIND_ARRAY: i32 = 0
const KIND_ERROR: i32 = 1
const KIND_STATUS: i32 = 2
const KIND_DOUBLE: i32 = 3
const KIND_BIG_NUMBER: i32 = 4
const KIND_VERBATIM: i32 = 5
const KIND_MAP: i32 = 6
const KIND_SET: i32 = 7

/** Of the table at the top: the first of these fields that has the right type says so, and is pushed. Past any metatable. */
export function reply_kind(L: State): i32 {
  if (pushField(L, ERR, 3, LUA_TSTRING)) return KIND_ERROR
  if (pushField(L, OK, 2, LUA_TSTRING)) return KIND_STATUS
  if (pushField(L, DOUBLE, 6, LUA_TNUMBER)) return KIND_DOUBLE
  if (pushField(L, BIG_NUMBER, 10, LUA_TSTRING)) return KIND_BIG_NUMBER
  if (pushVerbatim(L)) return KIND_VERBATIM
  if (pushField(L, MAP, 3, LUA_TTABLE)) return KIND_MAP
  if (pushField(L, SET, 3, LUA_TTABLE)) return KIND_SET
  return KIND_ARRAY
}

function pushField(L: State, name: Text, length: usize, type: i32): bool {
  lua_pushlstring(L, name, length)
  lua_rawget(L, -2)
  if (lua_type(L, -1) === type) return true
  lua_pop(L, 1)
  return false
}

function pushVerbatim(L: State): bool {
  if (!pushField(L, VERBATIM_STRING, 15, LUA_TTABLE)) return false
  if (hasText(L, FORMAT, 6) && hasText(L, STRING, 6)) return true
  lua_pop(L, 1)
  return false
}

function hasText(L: State, name: Text, length: usize): bool {
  if (!pushField(L, name, length, LUA_TSTRING)) return false
  lua_pop(L, 1)
  return true
}
