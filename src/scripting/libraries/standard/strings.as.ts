/** Functions of Lua's string library whose integers have too few bits here, or that take long without a look at the clock. */
import { checkInt, checkInteger, optInteger, relativePosition } from './arguments.as'
import {
  lua_gettop, lua_pushlstring, lua_pushnumber, luaL_argerror, luaL_checkstack, State, Text,
} from '../lua.as'
import { beginOutput, cursor, outputStart, pushOutput, put, putBytes, raiseOutOfMemory, reserve } from '../memory.as'
import { bytesLength, checkBytes } from '../scratch.as'
import { spendBytes } from './steps.as'

@external('text', 'invalid value') declare const INVALID_VALUE: Text
@external('text', 'string slice too long') declare const SLICE_TOO_LONG: Text

/** string.sub(s, first [, last]) */
export function string_sub(L: State): i32 {
  const text = checkBytes(L, 1)
  const length = bytesLength()
  const first = max<i64>(relativePosition(checkInteger(L, 2), length), 1)
  const last = min<i64>(relativePosition(optInteger(L, 3, -1), length), <i64>length)
  if (first <= last) lua_pushlstring(L, text + <usize>first - 1, <usize>(last - first + 1))
  else lua_pushlstring(L, text, 0)
  return 1
}

/** string.byte(s [, first [, last]]) */
export function string_byte(L: State): i32 {
  const text = checkBytes(L, 1)
  const length = bytesLength()
  const position = relativePosition(optInteger(L, 2, 1), length)
  const last = min<i64>(relativePosition(optInteger(L, 3, position), length), <i64>length)
  const first = max<i64>(position, 1)
  if (first > last) return 0
  const count = <i32>(last - first + 1)
  luaL_checkstack(L, count, SLICE_TOO_LONG)
  for (let i = 0; i < count; i++) lua_pushnumber(L, load<u8>(text + <usize>first - 1 + i))
  return count
}

/** string.char(...) */
export function string_char(L: State): i32 {
  const count = lua_gettop(L)
  beginOutput()
  reserve(L, count)
  for (let i = 1; i <= count; i++) {
    const value = checkInt(L, i)
    if (<u32>value > 255) luaL_argerror(L, i, INVALID_VALUE)
    put(value)
  }
  pushOutput(L)
  return 1
}

/** Copied at a time, with a tick in between. */
const PIECE_BYTES: usize = 1 << 20

/** string.rep(s, n): fails at once if there is not memory enough. */
export function string_rep(L: State): i32 {
  const text = checkBytes(L, 1)
  const length = bytesLength()
  const count = checkInt(L, 2)
  const total = count > 0 ? <u64>length * <u64>count : 0
  if (total >= <u64>i32.MAX_VALUE) raiseOutOfMemory(L)
  beginOutput()
  if (total > 0) {
    reserve(L, <usize>total)
    putBytes(text, length)
    // What is there is doubled, then goes on in pieces.
    const start = outputStart()
    const end = start + <usize>total
    while (cursor < end) {
      const piece = min<usize>(min<usize>(cursor - start, PIECE_BYTES / length * length + length), end - cursor)
      putBytes(start, piece)
      spendBytes(L, piece)
    }
  }
  pushOutput(L)
  return 1
}
