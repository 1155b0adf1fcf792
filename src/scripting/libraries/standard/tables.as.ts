/**
 * Functions of Lua's table library that call functions of scripts, whose loops a script can make as long as it likes, or whose
 * integers have too few bits here.
 */
import { checkInt, narrowArgument, optInt } from './arguments.as'
import { becomeLua, FOREACH, FOREACHI, isLuaFunction, mayYield, pushPart, SORT, SORT_LESS, SORT_RAW, SORT_VALUES } from './lua-parts.as'
import {
  lua_call, lua_getmetatable, lua_gettop, lua_isnoneornil, lua_lessthan, lua_objlen, lua_pop, lua_pushboolean, lua_pushnil,
  lua_pushnumber, lua_pushvalue, lua_rawequal, lua_rawgeti, lua_rawseti, lua_replace, lua_settop, lua_type, luaL_checktype,
  luaL_getmetafield, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION, LUA_TUSERDATA, State, Text,
} from '../lua.as'
import { raiseAtCaller, setCallerLevel } from './raise.as'
import { spend } from './steps.as'

@external('text', '__lt') declare const LESS: Text
@external('text', 'invalid order function for sorting') declare const INVALID_ORDER: Text

@external('stock', 'table.concat') declare function stockConcat(L: State): i32
@external('stock', 'table.foreach') declare function stockForeach(L: State): i32
@external('stock', 'table.insert') declare function stockInsert(L: State): i32
@external('stock', 'table.remove') declare function stockRemove(L: State): i32
@external('stock', 'table.sort') declare function stockSort(L: State): i32

/** What reading and writing an element costs, in steps. */
const ELEMENT_STEPS: i32 = 10

/** table.concat(t [, separator [, first [, last]]]) */
export function table_concat(L: State): i32 {
  narrowArgument(L, 3)
  narrowArgument(L, 4)
  return stockConcat(L)
}

/** Lua's own functions move so many elements in a few microseconds. */
const FEW_MOVES: i32 = 100

/** table.insert(t, [position,] value): the elements that it moves up may be as many as the position says. */
export function table_insert(L: State): i32 {
  if (lua_gettop(L) !== 3 || lua_type(L, 1) !== LUA_TTABLE) return stockInsert(L)
  narrowArgument(L, 2)
  const position = checkInt(L, 2)
  const last = <i32>lua_objlen(L, 1) + 1
  if (<i64>last - position <= FEW_MOVES) return stockInsert(L)
  for (let i = last; i > position; i--) {
    lua_rawgeti(L, 1, i - 1)
    lua_rawseti(L, 1, i)
    spend(L, ELEMENT_STEPS)
  }
  lua_rawseti(L, 1, position)
  return 0
}

/** table.remove(t [, position]): the length of a table with holes may be far more than it has elements. */
export function table_remove(L: State): i32 {
  if (lua_gettop(L) < 2 || lua_type(L, 1) !== LUA_TTABLE) return stockRemove(L)
  narrowArgument(L, 2)
  const last = <i32>lua_objlen(L, 1)
  const position = optInt(L, 2, last)
  if (<i64>last - position <= FEW_MOVES || position < 1) return stockRemove(L)
  lua_rawgeti(L, 1, position)
  for (let i = position; i < last; i++) {
    lua_rawgeti(L, 1, i + 1)
    lua_rawseti(L, 1, i)
    spend(L, ELEMENT_STEPS)
  }
  lua_pushnil(L)
  lua_rawseti(L, 1, last)
  return 1
}

/** table.foreach(t, f) */
export function table_foreach(L: State): i32 {
  if (lua_type(L, 1) !== LUA_TTABLE || !isLuaFunction(L, 2) || !mayYield(L)) return stockForeach(L)
  lua_settop(L, 2)
  return becomeLua(L, FOREACH)
}

/** table.foreachi(t, f) */
export function table_foreachi(L: State): i32 {
  luaL_checktype(L, 1, LUA_TTABLE)
  luaL_checktype(L, 2, LUA_TFUNCTION)
  const length = <i32>lua_objlen(L, 1)
  lua_settop(L, 2)
  if (isLuaFunction(L, 2) && mayYield(L)) {
    lua_pushnumber(L, length)
    return becomeLua(L, FOREACHI)
  }
  for (let i = 1; i <= length; i++) {
    lua_pushvalue(L, 2)
    lua_pushnumber(L, i)
    lua_rawgeti(L, 1, i)
    lua_call(L, 2, 1)
    if (lua_type(L, -1) !== LUA_TNIL) return 1
    lua_pop(L, 1)
    spend(L, ELEMENT_STEPS)
  }
  return 0
}

// table.sort

/** Sorting so many numbers takes Lua's own function some 5 ms, in which nothing can be put aside. */
const FEW_ELEMENTS: i32 = 20000

/** table.sort(t [, comparator]) */
export function table_sort(L: State): i32 {
  if (lua_type(L, 1) !== LUA_TTABLE) return stockSort(L)
  const length = <i32>lua_objlen(L, 1)
  if (length < 2) return stockSort(L)
  if (isLuaFunction(L, 2)) return mayYield(L) ? sortInLua(L, length) : stockSort(L)
  if (!lua_isnoneornil(L, 2)) return stockSort(L)

  lua_settop(L, 2)
  lua_rawgeti(L, 1, 1)
  const type = lua_type(L, 3)
  lua_settop(L, 2)
  if (type === LUA_TTABLE || type === LUA_TUSERDATA) {
    if (!mayYield(L)) return stockSort(L)
    pushPart(L, SORT_LESS)
    lua_replace(L, 2)
    return sortInLua(L, length)
  }
  if (length <= FEW_ELEMENTS || !isPlain(L) || !areAll(L, type, length) || !mayYield(L)) return stockSort(L)
  lua_pushnumber(L, length)
  return becomeLua(L, SORT_VALUES)
}

function sortInLua(L: State, length: i32): i32 {
  lua_settop(L, 2)
  lua_pushnumber(L, length)
  return becomeLua(L, isPlain(L) ? SORT : SORT_RAW)
}

/** Whether reading and writing elements of the table runs no metamethod. */
function isPlain(L: State): bool {
  if (lua_getmetatable(L, 1) === 0) return true
  lua_pop(L, 1)
  return false
}

/** Whether all elements are numbers, or all are strings: comparing them cannot fail then. */
function areAll(L: State, type: i32, length: i32): bool {
  if (type !== LUA_TNUMBER && type !== LUA_TSTRING) return false
  for (let i = 1; i <= length; i++) {
    lua_rawgeti(L, 1, i)
    const same = lua_type(L, -1) === type
    lua_pop(L, 1)
    if (!same) return false
    spend(L, 1)
  }
  return true
}

/**
 * (a, b): the metamethod that says which of two elements is less. If there is none that both have, Lua compares them, or says
 * why it cannot; its result follows nil.
 */
export function sort_order(L: State): i32 {
  const type = lua_type(L, 1)
  if (type === lua_type(L, 2) && (type === LUA_TTABLE || type === LUA_TUSERDATA)) {
    if (luaL_getmetafield(L, 1, LESS) !== 0) {
      if (luaL_getmetafield(L, 2, LESS) !== 0) {
        if (lua_rawequal(L, -1, -2) !== 0) return 1
      }
    }
  }
  lua_pushnil(L)
  lua_pushboolean(L, lua_lessthan(L, 1, 2))
  return 2
}

/** Raises the error of an order that is none, at the place where sort was called. */
export function sort_invalid(L: State): i32 {
  setCallerLevel(2)
  raiseAtCaller(L, INVALID_ORDER)
  return 0
}
