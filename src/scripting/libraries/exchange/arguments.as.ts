/**
 * What a script begins with: the function that it is, its keys and its arguments.
 *
 * KEYS and ARGV serve one script after another: none can keep a table beyond its end, having no globals of its own, and as long as
 * nothing but elements has been put into one, the next script can not tell that it is not new. A function can keep its tables, and
 * gets new ones.
 */
import {
  lua_createtable, lua_gettop, lua_pushlstring, lua_pushvalue, lua_rawgeti, lua_rawseti, lua_replace, lua_setfield,
  lua_topointer, lua_xmove, LUA_REGISTRYINDEX, LUA_TNIL, State, Text,
} from '../lua.as'

@external('text', 'KEYS') declare const KEYS: Text
@external('text', 'ARGV') declare const ARGV: Text

const LENGTH_BYTES: usize = 4

// Where they lie on the VM's own stack: behind the table of a script's globals.
const GLOBALS_AT: i32 = 1
const KEYS_AT: i32 = 2
const ARGV_AT: i32 = 3
/** Tables with room for more elements are not used again. */
const MOST_ELEMENTS: u32 = 64

// Where things lie in Lua 5.1 compiled for 32 bits: lobject.h.
const TABLE_METATABLE: usize = 8
const TABLE_ARRAY: usize = 12
const TABLE_NODES: usize = 16
const TABLE_ARRAY_LENGTH: usize = 28
const VALUE_BYTES: usize = 16
const VALUE_TYPE: usize = 8

/** What a table without fields has for its nodes. */
let noNodes: usize = 0

/** To be called when the table of globals is all that lies on L's stack. */
export function open_arguments(L: State): void {
  setNew(L, KEYS, 0)
  setNew(L, ARGV, 0)
  noNodes = load<usize>(lua_topointer(L, ARGV_AT), TABLE_NODES)
}

/** All of it, in one call: see the three that follow. */
export function push_script(L: State, thread: State, reference: i32, isEval: bool, keys: i32, count: i32, at: usize): void {
  const tables = begin_script(L, thread, reference, isEval, keys, count)
  add_arguments(L, tables, keys, 0, count, at)
  finish_script(L, thread, isEval)
}

/**
 * Pushes the function that the registry keeps onto `thread`. Returns where on L's stack the table for its keys lies, with the one for
 * its arguments behind it; `count` strings are to come into both.
 */
export function begin_script(L: State, thread: State, reference: i32, isEval: bool, keys: i32, count: i32): i32 {
  lua_rawgeti(thread, LUA_REGISTRYINDEX, reference)
  if (isEval) {
    renew(L, KEYS_AT, KEYS, keys)
    renew(L, ARGV_AT, ARGV, count - keys)
    return KEYS_AT
  }
  lua_createtable(L, keys, 0)
  lua_createtable(L, count - keys, 0)
  return lua_gettop(L) - 1
}

/** Puts strings [from, to) into the tables. `at`: their lengths, and behind all of these their bytes. */
export function add_arguments(L: State, tables: i32, keys: i32, from: i32, to: i32, at: usize): void {
  let start = at + <usize>(to - from) * LENGTH_BYTES
  for (let i = from; i < to; i++) {
    const length = <usize>load<u32>(at)
    lua_pushlstring(L, start, length)
    if (i < keys) lua_rawseti(L, tables, i + 1)
    else lua_rawseti(L, tables + 1, i - keys + 1)
    start += length
    at += LENGTH_BYTES
  }
}

/** The tables are full: a function has them as its arguments. */
export function finish_script(L: State, thread: State, isEval: bool): void {
  if (!isEval) lua_xmove(L, thread, 2)
}

/** Sees to it that the table at an index has room for so many elements, and has nothing behind them or beside them. */
function renew(L: State, index: i32, name: Text, length: u32): void {
  const table = lua_topointer(L, index)
  const room = load<u32>(table, TABLE_ARRAY_LENGTH)
  const isPlain = load<usize>(table, TABLE_METATABLE) === 0 && load<usize>(table, TABLE_NODES) === noNodes
  if (isPlain && room >= length && room <= MOST_ELEMENTS) {
    const elements = load<usize>(table, TABLE_ARRAY)
    for (let i = length; i < room; i++) store<i32>(elements + <usize>i * VALUE_BYTES, LUA_TNIL, VALUE_TYPE)
    return
  }
  setNew(L, name, length)
  lua_replace(L, index)
}

/** Pushes a new table, which is a global. */
function setNew(L: State, name: Text, length: u32): void {
  lua_createtable(L, length, 0)
  lua_pushvalue(L, -1)
  lua_setfield(L, GLOBALS_AT, name)
}
