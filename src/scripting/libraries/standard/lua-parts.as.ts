/**
 * Loops that call functions of scripts run in Lua, since the host can put a script aside only where no C function is in between.
 *
 * The functions that scripts see stay C functions all the same: what they say of wrong arguments, where, and that nobody can
 * change their environment, is Lua's own. Only when their work begins do they become the Lua function that does it: they yield,
 * having made their frame one of Lua, which the host then resumes. What they return goes to their caller.
 */
import {
  lua_iscfunction, lua_pop, lua_pushvalue, lua_rawgeti, lua_setfenv, lua_type, lua_yield, luaL_checkstack, luaL_ref, malloc,
  LUA_REGISTRYINDEX, LUA_TFUNCTION, LUA_TNIL, State, Text,
} from '../lua.as'

/** Whether the running function may yield. If so it does, and the host resumes its thread at once, without values. */
@external('host', 'mayYield') declare function hostMayYield(L: State): i32

@external('text', '') declare const EMPTY: Text

// Where things lie in Lua 5.1 compiled for 32 bits: lstate.h, lobject.h.
const STATE_TOP: usize = 8
const STATE_BASE: usize = 12
const STATE_FRAME: usize = 20
const STATE_NEXT_INSTRUCTION: usize = 24
const FRAME_FUNCTION: usize = 4
const FRAME_TOP: usize = 8
const FRAME_TAIL_CALLS: usize = 20
const CLOSURE_PROTOTYPE: usize = 16
const PROTOTYPE_CODE: usize = 12
const PROTOTYPE_FUNCTIONS: usize = 16
const PROTOTYPE_LINES: usize = 20
const PROTOTYPE_LINE_COUNT: usize = 48
const PROTOTYPE_FUNCTION_COUNT: usize = 52
const PROTOTYPE_PARAMETERS: usize = 73
const PROTOTYPE_STACK: usize = 75
const VALUE_BYTES: usize = 16
const VALUE_TYPE: usize = 8

// The parts, in the order in which the host gives them to lua_parts().

/** (subject, pattern, function, state) */
export const GSUB: i32 = 0
/** (subject, pattern, function, state, capture), for a pattern with one capture or none. */
export const GSUB_ONE: i32 = 1
/** (table, comparator, length) */
export const SORT: i32 = 2
/** (table, comparator, length), for a table with a metatable. */
export const SORT_RAW: i32 = 3
/** (table, nil, length), whose elements are all numbers or all strings. */
export const SORT_VALUES: i32 = 4
/** The comparator of elements that have one of their own. */
export const SORT_LESS: i32 = 5
/** (table, function) */
export const FOREACH: i32 = 6
/** (table, function, length) */
export const FOREACHI: i32 = 7
const PARTS: i32 = 8

/** References of the parts in the registry. */
let references: usize = 0

export function openLuaParts(): bool {
  references = malloc(<usize>PARTS * sizeof<i32>())
  return references !== 0
}

/** Takes as its arguments a chunk, its functions, which are the parts, and the table that is to be their environment. */
export function lua_parts(L: State): i32 {
  for (let i = 0; i <= PARTS; i++) {
    lua_pushvalue(L, PARTS + 2)
    lua_setfenv(L, i + 1)
  }
  hideLines(prototypeAt(load<usize>(L, STATE_BASE)))
  for (let i = 0; i < PARTS; i++) {
    lua_pushvalue(L, i + 2)
    store<i32>(references + <usize>i * sizeof<i32>(), luaL_ref(L, LUA_REGISTRYINDEX))
  }
  return 0
}

/** Takes the lines of a function, and of those within, for unknown, as those of C functions are: errors do not name them. */
function hideLines(prototype: usize): void {
  memory.fill(load<usize>(prototype, PROTOTYPE_LINES), 0, load<usize>(prototype, PROTOTYPE_LINE_COUNT) * sizeof<i32>())
  const count = load<usize>(prototype, PROTOTYPE_FUNCTION_COUNT)
  const functions = load<usize>(prototype, PROTOTYPE_FUNCTIONS)
  for (let i: usize = 0; i < count; i++) hideLines(load<usize>(functions + i * sizeof<usize>()))
}

export function pushPart(L: State, part: i32): void {
  lua_rawgeti(L, LUA_REGISTRYINDEX, load<i32>(references + <usize>part * sizeof<i32>()))
}

/** Whether a value is a function that is written in Lua. Others need no Lua part: nothing could be put aside within them. */
export function isLuaFunction(L: State, index: i32): bool {
  return lua_type(L, index) === LUA_TFUNCTION && lua_iscfunction(L, index) === 0
}

export function mayYield(L: State): bool {
  return hostMayYield(L) !== 0
}

/**
 * Makes the frame of the running function that of a part, whose parameters are what lies on the stack: what Lua does to call it
 * (luaD_precall in ldo.c). To be returned at once, after mayYield() was true.
 */
export function becomeLua(L: State, part: i32): i32 {
  pushPart(L, part)
  const prototype = prototypeAt(load<usize>(L, STATE_TOP) - VALUE_BYTES)
  const slots = <usize>load<u8>(prototype, PROTOTYPE_STACK)
  luaL_checkstack(L, <i32>slots, EMPTY)
  const frame = load<usize>(L, STATE_FRAME)
  const base = load<usize>(L, STATE_BASE)
  memory.copy(load<usize>(frame, FRAME_FUNCTION), load<usize>(L, STATE_TOP) - VALUE_BYTES, VALUE_BYTES)
  lua_pop(L, 1)
  const result = lua_yield(L, 0)

  const top = base + slots * VALUE_BYTES
  for (let at = base + <usize>load<u8>(prototype, PROTOTYPE_PARAMETERS) * VALUE_BYTES; at < top; at += VALUE_BYTES) {
    store<i32>(at, LUA_TNIL, VALUE_TYPE)
  }
  store<usize>(frame, top, FRAME_TOP)
  store<i32>(frame, 0, FRAME_TAIL_CALLS)
  store<usize>(L, top, STATE_TOP)
  // No values are yielded: none lie above the base, which resuming sets anew.
  store<usize>(L, top, STATE_BASE)
  store<usize>(L, load<usize>(prototype, PROTOTYPE_CODE), STATE_NEXT_INSTRUCTION)
  return result
}

/** Of a function written in Lua. */
function prototypeAt(value: usize): usize {
  return load<usize>(load<usize>(value), CLOSURE_PROTOTYPE)
}
