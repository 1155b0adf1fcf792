/**
 * Integer arguments as on a 64-bit machine, where lua_Integer has 64 bits and int has 32: Lua's own functions read them with
 * fewer here.
 */
import { lua_isnoneornil, lua_pushnumber, lua_replace, lua_tonumber, luaL_checknumber, State } from '../lua.as'
import { toInt64 } from '../numbers.as'

/** luaL_checkinteger(). */
@inline
export function checkInteger(L: State, arg: i32): i64 {
  return toInt64(luaL_checknumber(L, arg))
}

/** luaL_optinteger(). */
@inline
export function optInteger(L: State, arg: i32, fallback: i64): i64 {
  return lua_isnoneornil(L, arg) ? fallback : checkInteger(L, arg)
}

/** luaL_checkint(): what is beyond 32 bits loses its high half. */
@inline
export function checkInt(L: State, arg: i32): i32 {
  return <i32>checkInteger(L, arg)
}

/** luaL_optint(). */
@inline
export function optInt(L: State, arg: i32, fallback: i32): i32 {
  return lua_isnoneornil(L, arg) ? fallback : checkInt(L, arg)
}

/** Makes an argument what luaL_checkint() gives of it on a 64-bit machine, for a function of Lua's own that reads it next. */
export function narrowArgument(L: State, arg: i32): void {
  // What is no number gives 0, and is left for that function to complain of.
  const value = lua_tonumber(L, arg)
  if (value > -2147483649.0 && value < 2147483648.0) return
  lua_pushnumber(L, <f64>(<i32>toInt64(value)))
  lua_replace(L, arg)
}

/** A position in a string of `length` bytes: a negative one counts from its end. */
@inline
export function relativePosition(position: i64, length: usize): i64 {
  if (position < 0) position += <i64>length + 1
  return position >= 0 ? position : 0
}
