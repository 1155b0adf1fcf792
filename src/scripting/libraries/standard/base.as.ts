/** Functions of Lua's base library and of math whose integers have too few bits here, or that look at arguments in another order. */
import { checkInt, narrowArgument, optInt } from './arguments.as'
import { isSpace } from './characters.as'
import {
  lua_gettop, lua_isnoneornil, lua_objlen, lua_pushnil, lua_pushnumber, lua_type, luaL_argerror, luaL_checknumber, luaL_checktype,
  luaL_error, LUA_TSTRING, LUA_TTABLE, State, Text,
} from '../lua.as'
import { hexDigit } from '../numbers.as'
import { checkBytes, toBytes } from '../scratch.as'

@external('text', 'base out of range') declare const BASE_OUT_OF_RANGE: Text
@external('text', 'index out of range') declare const INDEX_OUT_OF_RANGE: Text
@external('text', 'too many results to unpack') declare const TOO_MANY_RESULTS: Text

@external('stock', 'collectgarbage') declare function stockCollectgarbage(L: State): i32
@external('stock', 'error') declare function stockError(L: State): i32
@external('stock', 'getfenv') declare function stockGetfenv(L: State): i32
@external('stock', 'math.frexp') declare function stockFrexp(L: State): i32
@external('stock', 'math.ldexp') declare function stockLdexp(L: State): i32
@external('stock', 'math.atan2') declare function stockAtan2(L: State): i32
@external('stock', 'math.fmod') declare function stockFmod(L: State): i32
@external('stock', 'math.pow') declare function stockPow(L: State): i32
@external('stock', 'setfenv') declare function stockSetfenv(L: State): i32
@external('stock', 'tonumber') declare function stockTonumber(L: State): i32
@external('stock', 'unpack') declare function stockUnpack(L: State): i32

const HASH: u32 = 0x23
const MINUS: u32 = 0x2d
const PLUS: u32 = 0x2b
const ZERO: u32 = 0x30
const LOWER_A: u32 = 0x61
const LOWER_X: u32 = 0x78

export function base_collectgarbage(L: State): i32 {
  narrowArgument(L, 2)
  return stockCollectgarbage(L)
}

export function base_error(L: State): i32 {
  narrowArgument(L, 2)
  return stockError(L)
}

export function base_getfenv(L: State): i32 {
  narrowArgument(L, 1)
  return stockGetfenv(L)
}

export function base_setfenv(L: State): i32 {
  narrowArgument(L, 1)
  return stockSetfenv(L)
}

/** select(n, ...) */
export function base_select(L: State): i32 {
  const count = lua_gettop(L)
  if (lua_type(L, 1) === LUA_TSTRING && <u32>load<u8>(toBytes(L, 1)) === HASH) {
    lua_pushnumber(L, count - 1)
    return 1
  }
  let n = checkInt(L, 1)
  if (n < 0) n += count
  else if (n > count) n = count
  if (n < 1) luaL_argerror(L, 1, INDEX_OUT_OF_RANGE)
  return count - n
}

/** The most values that a C function may return (LUAI_MAXCSTACK). */
const MOST_RESULTS: i64 = 8000

/** unpack(t [, first [, last]]): Lua's own takes a range whose length overflows 32 bits for a short one, and leaves its stack. */
export function base_unpack(L: State): i32 {
  if (lua_gettop(L) === 1) return stockUnpack(L)
  luaL_checktype(L, 1, LUA_TTABLE)
  const first = optInt(L, 2, 1)
  const last = lua_isnoneornil(L, 3) ? <i32>lua_objlen(L, 1) : checkInt(L, 3)
  if (<i64>last - first >= MOST_RESULTS) luaL_error(L, TOO_MANY_RESULTS, 0)
  narrowArgument(L, 2)
  narrowArgument(L, 3)
  return stockUnpack(L)
}

// Redis's C compiler has these look at their second argument first.

export function math_atan2(L: State): i32 {
  luaL_checknumber(L, 2)
  return stockAtan2(L)
}

export function math_fmod(L: State): i32 {
  luaL_checknumber(L, 2)
  return stockFmod(L)
}

/** math.frexp(x): C's leaves the exponent of an infinity, or of none, to chance in the VM, and is 0 in Redis. */
export function math_frexp(L: State): i32 {
  const value = luaL_checknumber(L, 1)
  if (isFinite(value)) return stockFrexp(L)
  lua_pushnumber(L, value)
  lua_pushnumber(L, 0)
  return 2
}

export function math_ldexp(L: State): i32 {
  luaL_checknumber(L, 2)
  narrowArgument(L, 2)
  return stockLdexp(L)
}

export function math_pow(L: State): i32 {
  luaL_checknumber(L, 2)
  return stockPow(L)
}

/** tonumber(value [, base]): for another base than ten, C's strtoul with 64 bits. */
export function base_tonumber(L: State): i32 {
  narrowArgument(L, 2)
  const base = <u32>optInt(L, 2, 10)
  if (base === 10) return stockTonumber(L)
  let at = checkBytes(L, 1)
  if (base < 2 || base > 36) luaL_argerror(L, 2, BASE_OUT_OF_RANGE)
  while (isSpace(load<u8>(at))) at++
  const negative = <u32>load<u8>(at) === MINUS
  if (negative || <u32>load<u8>(at) === PLUS) at++
  if (base === 16 && <u32>load<u8>(at) === ZERO && (<u32>load<u8>(at, 1) | 0x20) === LOWER_X && hexDigit(load<u8>(at, 2)) >= 0) at += 2

  const start = at
  let value: u64 = 0
  let overflown = false
  for (let digit = digitOf(load<u8>(at)); digit < base; digit = digitOf(load<u8>(at))) {
    if (value > (u64.MAX_VALUE - digit) / base) overflown = true
    value = value * base + digit
    at++
  }
  const seen = at !== start
  while (isSpace(load<u8>(at))) at++
  if (!seen || load<u8>(at) !== 0) {
    lua_pushnil(L)
    return 1
  }
  if (overflown) value = u64.MAX_VALUE
  else if (negative) value = 0 - value
  lua_pushnumber(L, <f64>value)
  return 1
}

/** A digit's value; one of no base if it is none. */
@inline
function digitOf(c: u32): u32 {
  if (c - ZERO < 10) return c - ZERO
  const letter = (c | 0x20) - LOWER_A
  return letter < 26 ? letter + 10 : 36
}
