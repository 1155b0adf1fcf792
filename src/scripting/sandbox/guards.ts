/**
 * Functions of Lua's own library that see or change a table past its metatable, in forms that leave protected tables alone; those
 * that take code, which is source and never bytecode; and what would change the VM for all scripts to come.
 */
import { LUA_GLOBALSINDEX, LUA_TFUNCTION, LUA_TNIL, LUA_TSTRING, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'
import type { HostFunction } from '../vm/thunks.js'
import type { ProtectedTables } from './protected-tables.js'

/** What begins bytecode. */
const ESCAPE = 27
/** What of collectgarbage() would go on after the script, and what it replies. */
const LASTING = new Map([
  ['stop', 0],
  ['restart', 0],
  ['setpause', 200],
  ['setstepmul', 200],
])

export type Guarded = Record<string, HostFunction>

/** The functions by their names; `original` gives Lua's own, by the same name. */
export function guards(vm: LuaVm, tables: ProtectedTables, original: (name: string) => HostFunction): Guarded {
  const { api } = vm

  const guardWrite = (name: string): HostFunction => {
    const stock = original(name)
    return thread => (tables.has(thread, 1) ? tables.refuseCall(thread) : stock(thread))
  }
  const guardRead = (name: string): HostFunction => {
    const stock = original(name)
    return thread => {
      if (tables.has(thread, 1)) tables.unveil(thread, 1)
      return stock(thread)
    }
  }
  const next = guardRead('next')
  const all: Guarded = {
    next,
    rawget: guardRead('rawget'),
    rawset: guardWrite('rawset'),
    setmetatable: guardWrite('setmetatable'),
    'table.insert': guardWrite('table.insert'),
    'table.setn': guardWrite('table.setn'),
  }

  const getmetatable = original('getmetatable')
  all.getmetatable = thread => {
    const isString = vm.argumentCount(thread) > 0 && vm.typeAt(vm.argument(thread, 1)) === LUA_TSTRING
    if (!isString && !tables.has(thread, 1)) return getmetatable(thread)
    vm.pushKept(thread, isString ? stringMetatable : veil)
    return 1
  }
  // Whatever is asked of a protected table's, it is one that nobody can change.
  api.lua_createtable(vm.state, 0, 0)
  tables.protect()
  const veil = vm.keep(vm.state)
  // That of all strings leads to their library.
  api.lua_getfield(vm.state, LUA_GLOBALSINDEX, vm.text('string'))
  tables.protect()
  api.lua_createtable(vm.state, 0, 1)
  vm.setField(vm.state, '__index', () => api.lua_pushvalue(vm.state, -2))
  tables.protect()
  const stringMetatable = vm.keep(vm.state)
  api.lua_settop(vm.state, -2)

  // In a table that is not protected, loops run in Lua's own function.
  const fast = stockNext(vm)
  const slow = vm.add([next])
  all.pairs = thread => {
    api.luaL_checktype(thread, 1, LUA_TTABLE)
    if (tables.has(thread, 1)) api.lua_pushcclosure(thread, slow, 0)
    else vm.pushKept(thread, fast)
    api.lua_pushvalue(thread, 1)
    api.lua_pushnil(thread)
    return 3
  }

  const collectgarbage = original('collectgarbage')
  all.collectgarbage = thread => {
    const reply = vm.argumentCount(thread) > 0 ? LASTING.get(vm.stringOf(thread, 1) ?? '') : undefined
    if (reply === undefined) return collectgarbage(thread)
    api.lua_pushnumber(thread, reply)
    return 1
  }

  const loadstring = original('loadstring')
  all.loadstring = thread => {
    const count = vm.argumentCount(thread)
    if (count === 0 || vm.typeAt(vm.argument(thread, 1)) !== LUA_TSTRING) return loadstring(thread)
    const object = vm.objectAt(vm.argument(thread, 1))
    if (vm.stringLength(object) === 0 || vm.bytes[vm.stringStart(object)] !== ESCAPE) return loadstring(thread)
    const source = vm.stringOf(thread, 1) ?? ''
    const name = count > 1 ? vm.stringOf(thread, 2) : null
    return loaded(vm, thread, Buffer.from(source, 'latin1'), name ?? source)
  }

  all.load = thread => {
    api.luaL_checktype(thread, 1, LUA_TFUNCTION)
    const name = vm.argumentCount(thread) > 1 ? vm.stringOf(thread, 2) : null
    const source = readPieces(vm, thread)
    if (source === null) {
      api.lua_pushnil(thread)
      api.lua_insert(thread, -2)
      return 2
    }
    return loaded(vm, thread, source, name ?? '=(load)')
  }
  return all
}

/** Pushes a function compiled from source, or nil and the error. */
function loaded(vm: LuaVm, thread: number, source: Buffer, name: string): number {
  if (vm.load(thread, source, name)) return 1
  vm.api.lua_pushnil(thread)
  vm.api.lua_insert(thread, -2)
  return 2
}

/** All that the function at 1 gives until it gives nothing; null: there is an error at the top. */
function readPieces(vm: LuaVm, thread: number): Buffer | null {
  const { api } = vm
  const pieces: Buffer[] = []
  for (;;) {
    api.lua_pushvalue(thread, 1)
    if (api.lua_pcall(thread, 0, 1, 0) !== 0) return null
    const piece = vm.stringOf(thread, -1)
    const isNil = api.lua_type(thread, -1) === LUA_TNIL
    if (piece === null && !isNil) {
      vm.pushText(thread, 'reader function must return a string')
      return null
    }
    api.lua_settop(thread, -2)
    if (piece === null || piece === '') return Buffer.concat(pieces)
    pieces.push(Buffer.from(piece, 'latin1'))
  }
}

function stockNext(vm: LuaVm): number {
  const { api, state } = vm
  api.lua_getfield(state, LUA_GLOBALSINDEX, vm.text('next'))
  return vm.keep(state)
}
