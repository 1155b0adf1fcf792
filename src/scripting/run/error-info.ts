/** What a failed script says of its error: the text, and where it was raised (the error handler of Redis's eval.c). */
import { DEBUG_BYTES, DEBUG_LINE, DEBUG_LINE_DEFINED, DEBUG_SOURCE } from '../vm/layout.js'
import { LUA_TBOOLEAN, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'

/** What coroutine.wrap gives is written in Lua here, and a function of C in Redis: nothing is raised there. */
export const WRAP_SOURCE = '=wrap'

export interface ScriptError {
  /** With its code in front. */
  text: string
  /** "@user_script" and the line, where they are known. */
  source: string | null
  line: number
  /** The command that failed has been counted as such. */
  counted: boolean
}

/** Reads the error at the top of a thread that has failed: its frames are still there. */
export function errorOf(vm: LuaVm, thread: number): ScriptError {
  const { api } = vm
  const isTable = api.lua_type(thread, -1) === LUA_TTABLE
  let counted = false
  let text: string | null
  if (isTable) {
    text = fieldText(vm, thread, 'err')
    api.lua_getfield(thread, -1, vm.text('ignore_error_stats_update'))
    counted = api.lua_type(thread, -1) === LUA_TBOOLEAN && api.lua_toboolean(thread, -1) !== 0
    api.lua_settop(thread, -2)
  } else text = `ERR ${vm.stringOf(thread, -1) ?? describe(vm, thread)}`
  const place = placeOf(vm, thread)
  return { text: (text ?? 'ERR unknown error').split('\0')[0], counted, ...place }
}

function fieldText(vm: LuaVm, thread: number, name: string): string | null {
  const { api } = vm
  api.lua_getfield(thread, -1, vm.text(name))
  const text = vm.stringOf(thread, -1)
  api.lua_settop(thread, -2)
  return text
}

/** A value that is no string, as tostring() would show it. */
function describe(vm: LuaVm, thread: number): string {
  const type = vm.api.lua_type(thread, -1)
  if (type <= 0) return 'nil'
  if (type === LUA_TBOOLEAN) return vm.api.lua_toboolean(thread, -1) !== 0 ? 'true' : 'false'
  const address = vm.api.lua_topointer(thread, -1)
  const kind = type === 6 ? 'function' : type === 8 ? 'thread' : 'userdata'
  return `${kind}: ${address === 0 ? '(nil)' : `0x${address.toString(16)}`}`
}

/** Where a thread is: the innermost function, or where that is none of Lua's, the one that called it. */
export function placeOf(vm: LuaVm, thread: number): { source: string | null; line: number } {
  const { api } = vm
  const debug = vm.takeScratch(DEBUG_BYTES)
  if (debug === 0) return { source: null, line: 0 }
  for (let level = 0; api.lua_getstack(thread, level, debug) !== 0; level++) {
    api.lua_getinfo(thread, vm.text('nSl'), debug)
    const source = vm.cString(vm.words[(debug + DEBUG_SOURCE) >> 2])
    // A function of the libraries that goes on as one of Lua (sort, gsub) still looks like one of C.
    if ((source === '=[C]' && level === 0) || source === WRAP_SOURCE) continue
    // A thread that was put aside at its function's first instruction has no line.
    const line = vm.words[(debug + DEBUG_LINE) >> 2]
    return {
      source,
      line: line < 0 && source !== '=[C]' ? Math.max(1, vm.words[(debug + DEBUG_LINE_DEFINED) >> 2]) : line,
    }
  }
  return { source: null, line: 0 }
}
