/** The `bit` library (Lua BitOp): operations on 32 bits, whose results are signed. */
import {
  lua_createtable, lua_gettop, lua_isnumber, lua_pushlstring, lua_pushnumber, lua_setfield, lua_tonumber, lua_type, luaL_typerror,
  setFunction, LUA_GLOBALSINDEX, LUA_TNONE, State, Text,
} from './lua.as'
import { scratchAt } from './scratch.as'

@external('text', 'bit') declare const BIT: Text
@external('text', 'number') declare const NUMBER: Text

@external('text', 'tobit') declare const TOBIT: Text
@external('text', 'bnot') declare const BNOT: Text
@external('text', 'band') declare const BAND: Text
@external('text', 'bor') declare const BOR: Text
@external('text', 'bxor') declare const BXOR: Text
@external('text', 'lshift') declare const LSHIFT: Text
@external('text', 'rshift') declare const RSHIFT: Text
@external('text', 'arshift') declare const ARSHIFT: Text
@external('text', 'rol') declare const ROL: Text
@external('text', 'ror') declare const ROR: Text
@external('text', 'bswap') declare const BSWAP: Text
@external('text', 'tohex') declare const TOHEX: Text

@external('function', 'bit_tobit') declare const bit_tobit_place: i32
@external('function', 'bit_bnot') declare const bit_bnot_place: i32
@external('function', 'bit_band') declare const bit_band_place: i32
@external('function', 'bit_bor') declare const bit_bor_place: i32
@external('function', 'bit_bxor') declare const bit_bxor_place: i32
@external('function', 'bit_lshift') declare const bit_lshift_place: i32
@external('function', 'bit_rshift') declare const bit_rshift_place: i32
@external('function', 'bit_arshift') declare const bit_arshift_place: i32
@external('function', 'bit_rol') declare const bit_rol_place: i32
@external('function', 'bit_ror') declare const bit_ror_place: i32
@external('function', 'bit_bswap') declare const bit_bswap_place: i32
@external('function', 'bit_tohex') declare const bit_tohex_place: i32

export function openBit(L: State): void {
  lua_createtable(L, 0, 12)
  setFunction(L, TOBIT, bit_tobit_place)
  setFunction(L, BNOT, bit_bnot_place)
  setFunction(L, BAND, bit_band_place)
  setFunction(L, BOR, bit_bor_place)
  setFunction(L, BXOR, bit_bxor_place)
  setFunction(L, LSHIFT, bit_lshift_place)
  setFunction(L, RSHIFT, bit_rshift_place)
  setFunction(L, ARSHIFT, bit_arshift_place)
  setFunction(L, ROL, bit_rol_place)
  setFunction(L, ROR, bit_ror_place)
  setFunction(L, BSWAP, bit_bswap_place)
  setFunction(L, TOHEX, bit_tohex_place)
  lua_setfield(L, LUA_GLOBALSINDEX, BIT)
}

/** Added to a number of up to 51 bits, 2^52 + 2^51 leaves its rounded low 32 bits at the end of the mantissa. */
const BITS_TO_THE_END: f64 = 6755399441055744

/** An argument modulo 2^32; a Lua error unless it is a number or the text of one. */
function bits(L: State, arg: i32): i32 {
  const value = <i32>reinterpret<i64>(lua_tonumber(L, arg) + BITS_TO_THE_END)
  if (value === 0 && lua_isnumber(L, arg) === 0) luaL_typerror(L, arg, NUMBER)
  return value
}

function push(L: State, value: i32): i32 {
  lua_pushnumber(L, value)
  return 1
}

export function bit_tobit(L: State): i32 {
  return push(L, bits(L, 1))
}

export function bit_bnot(L: State): i32 {
  return push(L, ~bits(L, 1))
}

// The arguments after the first are read from the last on, so that the last bad one is the one that the error names.

export function bit_band(L: State): i32 {
  let value = bits(L, 1)
  for (let arg = lua_gettop(L); arg > 1; arg--) value &= bits(L, arg)
  return push(L, value)
}

export function bit_bor(L: State): i32 {
  let value = bits(L, 1)
  for (let arg = lua_gettop(L); arg > 1; arg--) value |= bits(L, arg)
  return push(L, value)
}

export function bit_bxor(L: State): i32 {
  let value = bits(L, 1)
  for (let arg = lua_gettop(L); arg > 1; arg--) value ^= bits(L, arg)
  return push(L, value)
}

// WebAssembly's shifts and rotations take their distance modulo 32, as these functions do.

export function bit_lshift(L: State): i32 {
  const value = bits(L, 1)
  return push(L, value << bits(L, 2))
}

export function bit_rshift(L: State): i32 {
  const value = <u32>bits(L, 1)
  return push(L, <i32>(value >> <u32>bits(L, 2)))
}

export function bit_arshift(L: State): i32 {
  const value = bits(L, 1)
  return push(L, value >> bits(L, 2))
}

export function bit_rol(L: State): i32 {
  const value = bits(L, 1)
  return push(L, rotl<i32>(value, bits(L, 2)))
}

export function bit_ror(L: State): i32 {
  const value = bits(L, 1)
  return push(L, rotr<i32>(value, bits(L, 2)))
}

export function bit_bswap(L: State): i32 {
  return push(L, bswap<i32>(bits(L, 1)))
}

const A_LOWER: i32 = 0x61
const A_UPPER: i32 = 0x41
const ZERO: i32 = 0x30

/** Up to eight hexadecimal digits, in upper case for a negative number of them. */
export function bit_tohex(L: State): i32 {
  let value = bits(L, 1)
  let digits = lua_type(L, 2) === LUA_TNONE ? 8 : bits(L, 2)
  let letters = A_LOWER
  if (digits < 0) {
    // -2^31 has no negation: Redis up to 7.2.5 read outside of its buffer there, 7.2.6 takes it for -(2^31 - 1).
    digits = digits === i32.MIN_VALUE ? i32.MAX_VALUE : -digits
    letters = A_UPPER
  }
  if (digits > 8) digits = 8
  const text = scratchAt()
  for (let i = digits - 1; i >= 0; i--) {
    const digit = value & 15
    store<u8>(text + i, digit < 10 ? ZERO + digit : letters + digit - 10)
    value = <i32>(<u32>value >> 4)
  }
  lua_pushlstring(L, text, digits)
  return 1
}
