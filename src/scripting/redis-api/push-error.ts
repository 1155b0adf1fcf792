/** Errors as scripts get them: a table with the text in `err`, its code in front. */
import type { LuaVm } from '../vm/lua-vm.js'

/**
 * Pushes an error. `text`: "-CODE text", or a text that the code ERR is put in front of. `counted`: the command's own statistics
 * have it already, and nobody counts it again.
 */
export function pushError(vm: LuaVm, thread: number, text: string, counted = false): void {
  const { api } = vm
  api.lua_checkstack(thread, 3)
  api.lua_createtable(thread, 0, counted ? 2 : 1)
  vm.pushText(thread, withCode(text))
  api.lua_setfield(thread, -2, vm.text('err'))
  if (!counted) return
  api.lua_pushboolean(thread, 1)
  api.lua_setfield(thread, -2, vm.text('ignore_error_stats_update'))
}

export function raiseError(vm: LuaVm, thread: number, text: string): never {
  pushError(vm, thread, text)
  vm.api.lua_error(thread)
  throw new Error('lua_error returned')
}

/** The text with its code: "-CODE text" has one, "-text" of one word none. */
function withCode(text: string): string {
  if (!text.startsWith('-')) return `ERR ${trimmed(text)}`
  const blank = text.indexOf(' ')
  if (blank < 0) return `ERR ${trimmed(text.slice(1))}`
  return `${text.slice(1, blank)} ${trimmed(text.slice(blank + 1))}`
}

function trimmed(text: string): string {
  return text.replace(/^[\r\n]+|[\r\n]+$/g, '')
}
