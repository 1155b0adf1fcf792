/**
 * A few words of the VM's memory: for lengths that the C API gives back through a pointer, and for variadic arguments.
 *
 * Their content holds until the next call that uses them, so it is read or passed on at once.
 */
import { lua_tolstring, luaL_checklstring, luaL_error, malloc, State, Text } from './lua.as'

const SIZE_BYTES: usize = 64

let scratch: usize = 0

export function openScratch(): bool {
  scratch = malloc(SIZE_BYTES)
  return scratch !== 0
}

/** Where small results may lie: 64 bytes. */
export function scratchAt(): usize {
  return scratch
}

/** The length of the string that toBytes() or checkBytes() gave last. */
export function bytesLength(): usize {
  return load<u32>(scratch)
}

export function toBytes(L: State, index: i32): usize {
  return lua_tolstring(L, index, scratch)
}

/** A string argument, or a number's text; a Lua error if it is neither. */
export function checkBytes(L: State, arg: i32): usize {
  return luaL_checklstring(L, arg, scratch)
}

/** The arguments of a format with one or more of %d and %s. */
export function formatArgs(first: i32, second: i32 = 0, third: i32 = 0): usize {
  store<i32>(scratch, first)
  store<i32>(scratch, second, 4)
  store<i32>(scratch, third, 8)
  return scratch
}

/** Raises an error that names the script's line. Does not return. */
export function raise(L: State, message: Text): void {
  luaL_error(L, message, scratch)
  unreachable()
}
