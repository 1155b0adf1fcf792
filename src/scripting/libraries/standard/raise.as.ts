/** Errors at the place in the script where the function was called, also from a function that works for another one. */
import { lua_concat, lua_error, lua_pushfstring, luaL_where, State, Text } from '../lua.as'
import { formatArgs } from '../scratch.as'

/** How many calls it is from the running function to the script: 1, or 2 below the Lua part of a function. */
let level: i32 = 1

export function setCallerLevel(calls: i32): void {
  level = calls
}

/** luaL_error(), with one argument at most. Does not return. */
export function raiseAtCaller(L: State, format: Text, argument: i32 = 0): void {
  luaL_where(L, level)
  lua_pushfstring(L, format, formatArgs(argument))
  lua_concat(L, 2)
  lua_error(L)
  unreachable()
}
