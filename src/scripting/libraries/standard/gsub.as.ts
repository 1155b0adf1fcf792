/**
 * string.gsub.
 *
 * A replacement text runs no Lua code, and its output grows in the libraries' block. What a function or a table gives may run
 * any: then the state is in a userdata, which the garbage collector takes should an error end it all. With a function in Lua the
 * loop is in Lua, too, so that the host can put the script aside in the midst of it.
 */
import { optInt } from './arguments.as'
import { isDigit } from './characters.as'
import { becomeLua, GSUB, GSUB_ONE, isLuaFunction, mayYield } from './lua-parts.as'
import {
  lua_call, lua_gettable, lua_isstring, lua_newuserdata, lua_pushlstring, lua_pushnil, lua_pushnumber, lua_pushvalue,
  lua_replace, lua_settop, lua_toboolean, lua_touserdata, lua_type, lua_typename, luaL_argerror, LUA_TFUNCTION, LUA_TNUMBER,
  LUA_TSTRING, LUA_TTABLE, State, Text,
} from '../lua.as'
import { beginOutput, put, putBytes, pushOutput, raiseOutOfMemory, reserve } from '../memory.as'
import { putInteger } from '../numbers.as'
import {
  captureCount, CAPTURES_BYTES, findCapture, isAnchored, matchAt, pushCapture, pushMatch, restoreCaptures, setSubject, textLength,
  textStart,
} from './patterns.as'
import { raiseAtCaller, setCallerLevel } from './raise.as'
import { bytesLength, checkBytes, toBytes } from '../scratch.as'

@external('text', 'string/function/table expected') declare const REPLACEMENT_EXPECTED: Text
@external('text', 'invalid replacement value (a %s)') declare const INVALID_REPLACEMENT: Text

const ESCAPE: u32 = 0x25
const ZERO: u32 = 0x30

/** The most digits of a position. */
const POSITION_BYTES: usize = 10

/** string.gsub(s, pattern, replacement [, most]) */
export function string_gsub(L: State): i32 {
  const subject = checkBytes(L, 1)
  const length = bytesLength()
  const pattern = checkBytes(L, 2)
  const kind = lua_type(L, 3)
  const most = optInt(L, 4, <i32>length + 1)
  setCallerLevel(1)
  if (kind === LUA_TSTRING || kind === LUA_TNUMBER) return replaceByText(L, subject, length, pattern, most)
  if (kind !== LUA_TFUNCTION && kind !== LUA_TTABLE) luaL_argerror(L, 3, REPLACEMENT_EXPECTED)

  lua_settop(L, 3)
  openState(L, length, pattern, most)
  if (!advance(L, STATE, subject, length, pattern)) return pushResult(L, STATE, subject, length)
  if (isLuaFunction(L, 3) && mayYield(L)) return loopInLua(L)
  do {
    if (kind === LUA_TFUNCTION) {
      lua_pushvalue(L, 3)
      lua_call(L, pushMatchOf(L, STATE), 1)
    } else {
      pushFirst(L, lua_touserdata(L, STATE))
      lua_gettable(L, 3)
    }
    setCallerLevel(1)
    addReplacement(L, STATE, STATE + 1, subject)
    lua_settop(L, STATE)
  } while (advance(L, STATE, subject, length, pattern))
  return pushResult(L, STATE, subject, length)
}

// A replacement text

function replaceByText(L: State, subject: usize, length: usize, pattern: usize, most: i32): i32 {
  const text = toBytes(L, 3)
  const textEnd = text + bytesLength()
  const end = subject + length
  const anchored = isAnchored(pattern)
  if (anchored) pattern++
  let at = subject
  /** Up to here the subject, or what replaces it, is in the output. */
  let copied = subject
  let count = 0
  setSubject(subject, length)
  beginOutput()
  while (count < most) {
    const after = matchAt(L, at, pattern)
    if (after !== 0) {
      count++
      copy(L, copied, at - copied)
      putReplacement(L, text, textEnd, at, after)
      copied = after
    }
    if (after > at) at = after
    else if (at < end) at++
    else break
    if (anchored) break
  }
  if (count === 0) {
    lua_pushvalue(L, 1)
  } else {
    copy(L, copied, end - copied)
    pushOutput(L)
  }
  lua_pushnumber(L, count)
  return 2
}

function copy(L: State, start: usize, length: usize): void {
  reserve(L, length)
  putBytes(start, length)
}

/** Writes a replacement text, in which %0 to %9 stand for the match and its captures. */
function putReplacement(L: State, text: usize, textEnd: usize, start: usize, end: usize): void {
  for (; text < textEnd; text++) {
    let byte = <u32>load<u8>(text)
    if (byte === ESCAPE) {
      text++
      // At the end of the text it is the NUL behind it.
      byte = load<u8>(text)
      if (isDigit(byte)) {
        putCapture(L, <i32>(byte - ZERO) - 1, start, end)
        continue
      }
    }
    reserve(L, 1)
    put(byte)
  }
}

function putCapture(L: State, i: i32, start: usize, end: usize): void {
  if (i < 0) {
    copy(L, start, end - start)
  } else if (findCapture(L, i, start, end)) {
    copy(L, textStart, textLength)
  } else {
    reserve(L, POSITION_BYTES)
    putInteger(textStart)
  }
}

// The state of a replacement by a function or a table: a userdata, on Lua's stack

/** Its index while no Lua part has taken over. */
const STATE: i32 = 4

/** Where in the subject to go on, as an address. */
const STATE_AT: usize = 0
/** Up to here the subject, or what replaces it, is in the output. */
const STATE_COPIED: usize = 4
/** How many matches there were, and how many there may be. */
const STATE_COUNT: usize = 8
const STATE_MOST: usize = 12
/** Bytes of output, and how many there is room for. */
const STATE_USED: usize = 16
const STATE_ROOM: usize = 20
/** The match that is to be replaced. */
const STATE_START: usize = 24
const STATE_END: usize = 28
const STATE_CAPTURE_COUNT: usize = 32
const STATE_CAPTURES: usize = 36
const STATE_OUTPUT: usize = STATE_CAPTURES + CAPTURES_BYTES

const FIRST_ROOM_BYTES: usize = 200

/** Sizes up to this one can be doubled. */
const MOST_ROOM_BYTES: usize = 1 << 30

function openState(L: State, length: usize, pattern: usize, most: i32): void {
  const room = FIRST_ROOM_BYTES + min<usize>(length, 1 << 20)
  const state = lua_newuserdata(L, STATE_OUTPUT + room)
  const subject = toBytes(L, 1)
  memory.fill(state, 0, STATE_CAPTURES)
  store<usize>(state, subject, STATE_AT)
  store<usize>(state, subject, STATE_COPIED)
  store<i32>(state, most, STATE_MOST)
  store<usize>(state, room, STATE_ROOM)
}

/** Finds the next match. False if there is none. */
function advance(L: State, index: i32, subject: usize, length: usize, pattern: usize): bool {
  const state = lua_touserdata(L, index)
  const count = load<i32>(state, STATE_COUNT)
  const most = load<i32>(state, STATE_MOST)
  const end = subject + length
  const anchored = isAnchored(pattern)
  if (anchored) pattern++
  setSubject(subject, length, state + STATE_CAPTURES)
  // Behind the last match there may be no place left to go on from.
  for (let at = load<usize>(state, STATE_AT); count < most && at <= end; at++) {
    const after = matchAt(L, at, pattern)
    if (after !== 0) {
      store<i32>(state, count + 1, STATE_COUNT)
      store<usize>(state, at, STATE_START)
      store<usize>(state, after, STATE_END)
      store<i32>(state, captureCount, STATE_CAPTURE_COUNT)
      store<usize>(state, anchored ? end + 1 : after > at ? after : at + 1, STATE_AT)
      return true
    }
    if (anchored) break
  }
  return false
}

/** Pushes the captures of the match that is to be replaced. */
function pushMatchOf(L: State, index: i32): i32 {
  const state = lua_touserdata(L, index)
  return pushMatch(L, load<usize>(state, STATE_START), load<usize>(state, STATE_END))
}

/** Puts a value in place of the match: nothing, nil and false leave it as it is. */
function addReplacement(L: State, index: i32, value: i32, subject: usize): void {
  if (lua_toboolean(L, value) === 0) return
  if (lua_isstring(L, value) === 0) raiseAtCaller(L, INVALID_REPLACEMENT, <i32>lua_typename(L, lua_type(L, value)))
  const text = toBytes(L, value)
  const length = bytesLength()
  const state = lua_touserdata(L, index)
  const start = load<usize>(state, STATE_START)
  append(L, index, load<usize>(state, STATE_COPIED), start - load<usize>(state, STATE_COPIED))
  append(L, index, text, length)
  store<usize>(lua_touserdata(L, index), load<usize>(lua_touserdata(L, index), STATE_END), STATE_COPIED)
}

/** Appends to the output. The state's userdata may become another one, at the same index. */
function append(L: State, index: i32, start: usize, length: usize): void {
  let state = lua_touserdata(L, index)
  const used = load<usize>(state, STATE_USED)
  const room = load<usize>(state, STATE_ROOM)
  if (room - used < length) {
    if (used > MOST_ROOM_BYTES || length > MOST_ROOM_BYTES) raiseOutOfMemory(L)
    const larger = max<usize>(room * 2, used + length)
    const grown = lua_newuserdata(L, STATE_OUTPUT + larger)
    memory.copy(grown, lua_touserdata(L, index), STATE_OUTPUT + used)
    store<usize>(grown, larger, STATE_ROOM)
    lua_replace(L, index)
    state = grown
  }
  memory.copy(state + STATE_OUTPUT + used, start, length)
  store<usize>(state, used + length, STATE_USED)
}

function pushResult(L: State, index: i32, subject: usize, length: usize): i32 {
  const copied = load<usize>(lua_touserdata(L, index), STATE_COPIED)
  append(L, index, copied, subject + length - copied)
  const state = lua_touserdata(L, index)
  lua_pushlstring(L, state + STATE_OUTPUT, load<usize>(state, STATE_USED))
  lua_pushnumber(L, load<i32>(state, STATE_COUNT))
  return 2
}

// The loop in Lua, and what it calls

/** Patterns have as many captures in each match. With one, or the match, it comes with the state: a call less for each. */
function loopInLua(L: State): i32 {
  const state = lua_touserdata(L, STATE)
  if (load<i32>(state, STATE_CAPTURE_COUNT) > 1) return becomeLua(L, GSUB)
  pushFirst(L, state)
  return becomeLua(L, GSUB_ONE)
}

function pushFirst(L: State, state: usize): void {
  pushCapture(L, 0, load<usize>(state, STATE_START), load<usize>(state, STATE_END))
}

/** (state, subject): the arguments of the function that gives the replacement. */
export function gsub_captures(L: State): i32 {
  const state = lua_touserdata(L, 1)
  const subject = toBytes(L, 2)
  setCallerLevel(2)
  setSubject(subject, bytesLength(), state + STATE_CAPTURES)
  restoreCaptures(load<i32>(state, STATE_CAPTURE_COUNT))
  return pushMatchOf(L, 1)
}

/** (state, subject, pattern, replacement): the state with the next match, and its first capture; or nil and what gsub returns. */
export function gsub_add(L: State): i32 {
  const subject = toBytes(L, 2)
  const length = bytesLength()
  const pattern = toBytes(L, 3)
  setCallerLevel(2)
  addReplacement(L, 1, 4, subject)
  if (advance(L, 1, subject, length, pattern)) {
    lua_pushvalue(L, 1)
    if (captureCount > 1) return 1
    pushFirst(L, lua_touserdata(L, 1))
    return 2
  }
  lua_pushnil(L)
  return pushResult(L, 1, subject, length) + 1
}
