/** What a script begins with: the function that it is, its keys and its arguments. */
import {
  lua_createtable, lua_pushlstring, lua_rawgeti, lua_rawseti, lua_setfield, lua_xmove, LUA_REGISTRYINDEX, State, Text,
} from '../lua.as'

@external('text', 'KEYS') declare const KEYS: Text
@external('text', 'ARGV') declare const ARGV: Text

const LENGTH_BYTES: usize = 4

/** All of it, in one call: see the three that follow. */
export function push_script(
  L: State, thread: State, reference: i32, isEval: bool, keys: i32, count: i32, at: usize,
): void {
  begin_script(L, thread, reference, keys, count)
  add_arguments(L, keys, 0, count, at)
  finish_script(L, thread, isEval)
}

/** Pushes the function that the registry keeps onto `thread`, and a table each for its keys and its arguments, `count` together, onto L. */
export function begin_script(L: State, thread: State, reference: i32, keys: i32, count: i32): void {
  lua_rawgeti(thread, LUA_REGISTRYINDEX, reference)
  lua_createtable(L, keys, 0)
  lua_createtable(L, count - keys, 0)
}

/** Puts strings [from, to) into the two tables at the top. `at`: their lengths, and behind all of these their bytes. */
export function add_arguments(L: State, keys: i32, from: i32, to: i32, at: usize): void {
  let start = at + <usize>(to - from) * LENGTH_BYTES
  for (let i = from; i < to; i++) {
    const length = <usize>load<u32>(at)
    lua_pushlstring(L, start, length)
    if (i < keys) lua_rawseti(L, -3, i + 1)
    else lua_rawseti(L, -2, i - keys + 1)
    start += length
    at += LENGTH_BYTES
  }
}

/** Makes the two tables the globals of a script, whose table is the first that lies on L's stack, or the arguments of a function. */
export function finish_script(L: State, thread: State, isEval: bool): void {
  if (isEval) {
    lua_setfield(L, 1, ARGV)
    lua_setfield(L, 1, KEYS)
  } else lua_xmove(L, thread, 2)
}
