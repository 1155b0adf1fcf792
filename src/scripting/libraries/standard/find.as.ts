/** string.find, string.match and string.gmatch. */
import { optInteger, relativePosition } from './arguments.as'
import {
  lua_pushcclosure, lua_pushnil, lua_pushnumber, lua_replace, lua_settop, lua_toboolean, lua_tonumber, lua_upvalueindex, State,
} from '../lua.as'
import { isAnchored, isSpecial, matchAt, pushCaptures, pushMatch, setSubject } from './patterns.as'
import { setCallerLevel } from './raise.as'
import { bytesLength, checkBytes, toBytes } from '../scratch.as'
import { findText } from './search.as'

@external('function', 'string_gmatch_next') declare const string_gmatch_next_place: i32

/** string.find(s, pattern [, init [, plain]]) */
export function string_find(L: State): i32 {
  const subject = checkBytes(L, 1)
  const length = bytesLength()
  const pattern = checkBytes(L, 2)
  const patternLength = bytesLength()
  const first = firstPlace(L, length)
  if (lua_toboolean(L, 4) !== 0 || isPlain(pattern)) {
    const found = findText(L, subject + first, length - first, pattern, patternLength)
    if (found === 0) return pushNothing(L)
    lua_pushnumber(L, <f64>(found - subject + 1))
    lua_pushnumber(L, <f64>(found - subject + patternLength))
    return 2
  }
  const start = search(L, subject, length, pattern, first)
  if (start === 0) return pushNothing(L)
  lua_pushnumber(L, <f64>(start - subject + 1))
  lua_pushnumber(L, <f64>(matchEnd - subject))
  return pushCaptures(L) + 2
}

/** string.match(s, pattern [, init]) */
export function string_match(L: State): i32 {
  const subject = checkBytes(L, 1)
  const length = bytesLength()
  const pattern = checkBytes(L, 2)
  const start = search(L, subject, length, pattern, firstPlace(L, length))
  return start === 0 ? pushNothing(L) : pushMatch(L, start, matchEnd)
}

/** string.gmatch(s, pattern) */
export function string_gmatch(L: State): i32 {
  checkBytes(L, 1)
  checkBytes(L, 2)
  lua_settop(L, 2)
  lua_pushnumber(L, 0)
  lua_pushcclosure(L, string_gmatch_next_place, 3)
  return 1
}

/** What gmatch() returns: its upvalues are the subject, the pattern, and where in the subject to go on. */
export function string_gmatch_next(L: State): i32 {
  const subject = toBytes(L, lua_upvalueindex(1))
  const length = bytesLength()
  const pattern = toBytes(L, lua_upvalueindex(2))
  const end = subject + length
  setCallerLevel(1)
  setSubject(subject, length)
  for (let at = subject + <usize>lua_tonumber(L, lua_upvalueindex(3)); at <= end; at++) {
    const after = matchAt(L, at, pattern)
    if (after === 0) continue
    // Behind an empty match, one character is passed over.
    lua_pushnumber(L, <f64>(after - subject + <usize>(after === at)))
    lua_replace(L, lua_upvalueindex(3))
    return pushMatch(L, at, after)
  }
  return 0
}

function pushNothing(L: State): i32 {
  lua_pushnil(L)
  return 1
}

/** The third argument, as an offset within the subject. */
function firstPlace(L: State, length: usize): usize {
  const position = relativePosition(optInteger(L, 3, 1), length) - 1
  return position < 0 ? 0 : <usize>min<i64>(position, <i64>length)
}

/** Whether a pattern is a text to be found as it is. Patterns end with the first NUL, texts do not. */
function isPlain(pattern: usize): bool {
  for (let byte = <u32>load<u8>(pattern); byte !== 0; byte = load<u8>(pattern)) {
    if (isSpecial(byte)) return false
    pattern++
  }
  return true
}

/** Where the match that search() found ends. */
let matchEnd: usize = 0

/** The place of the first match from an offset on, or 0. */
function search(L: State, subject: usize, length: usize, pattern: usize, first: usize): usize {
  const end = subject + length
  let last = end
  let at = subject + first
  if (isAnchored(pattern)) {
    pattern++
    last = at
  }
  setCallerLevel(1)
  setSubject(subject, length)
  for (; at <= last; at++) {
    const after = matchAt(L, at, pattern)
    if (after === 0) continue
    matchEnd = after
    return at
  }
  return 0
}
