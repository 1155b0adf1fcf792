/** Opens the libraries that scripts find in a VM: Lua's own, and those of Redis. */
import { type Exchange, installLibraries, type LibrariesHost } from './libraries.js'
import type { LuaVm } from './vm/lua-vm.js'

const STOCK_LIBRARIES = ['base', 'table', 'string', 'math'] as const

export function openLibraries(vm: LuaVm, host: LibrariesHost): Exchange {
  const { api, state } = vm
  const first = vm.add(STOCK_LIBRARIES.map(name => (thread: number) => api[`luaopen_${name}`](thread)))
  STOCK_LIBRARIES.forEach((name, i) => {
    api.lua_pushcclosure(state, first + i, 0)
    vm.pushText(state, name === 'base' ? '' : name)
    api.lua_call(state, 1, 0)
  })
  return installLibraries(api, state, host)
}
