/**
 * The libraries that Redis adds to its Lua: cjson, cmsgpack, struct and bit.
 *
 * Compiled by build/wasm.mjs to a module that lives in the memory of a Lua VM and calls its C API without a detour through
 * JavaScript. What that asks of these files: no string, array or object of AssemblyScript's own, only load and store.
 */
import { openBit } from './bit.as'
import { State } from './lua.as'
import { openScratch } from './scratch.as'

export * from './bit.as'

/** Registers the libraries as globals. False if there is no memory left. */
export function open(L: State): bool {
  if (!openScratch()) return false
  openBit(L)
  return true
}
