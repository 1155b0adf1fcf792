/** The globals that scripts and functions find: those of Redis 7.2, and nothing that leads out of the VM or changes it for others. */
import type { Chain } from '../run/chain.js'
import { WRAP_SOURCE } from '../run/error-info.js'
import { LUA_GLOBALSINDEX, LUA_TNIL, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'
import type { HostFunction } from '../vm/thunks.js'
import { guards } from './guards.js'
import { ProtectedTables } from './protected-tables.js'
import { type Random, randomFunctions } from './random.js'

/**
 * Of the base library, what reads files or writes to the terminal; and what the security releases of 7.2 took away: the globals of
 * one's own function, which others may run later, and finalizers, which run when no hook can end them.
 */
const TAKEN_AWAY = ['dofile', 'loadfile', 'print', 'getfenv', 'setfenv', 'newproxy']

/** coroutine.wrap by means of the others: a function of the host could not raise the coroutine's error where it was called. */
const WRAP = `
local create, resume, check = ...
return function(f)
  local co = create(f)
  return function(...) return check(resume(co, ...)) end
end`

/** Values of a table of the host's: functions, and what scripts may read. */
export type HostTable = Readonly<Record<string, HostFunction | number | string>>

export class Sandbox {
  readonly tables: ProtectedTables
  /** Addresses of the tables that scripts and functions take for their globals. */
  readonly scriptGlobals: number
  readonly functionGlobals: number
  private readonly vm: LuaVm
  /** Where the registry keeps the metatable that says what the globals of functions are, and those themselves. */
  private readonly functionMetatable: number
  private readonly realFunctionGlobals: number
  private readonly loadGlobals: number

  /** `vm`: with its libraries. `redis`: its functions while something runs; `loading`: while a library is being loaded. */
  constructor(vm: LuaVm, chain: Chain, random: Random, redis: HostTable, loading: HostTable) {
    this.vm = vm
    this.tables = new ProtectedTables(vm)
    const { api, state } = vm
    const missing = vm.add([thread => this.missing(thread)])
    this.replaceFunctions(chain, random)
    this.setHostTable('redis', redis)
    for (const name of TAKEN_AWAY) this.setGlobal(name, () => api.lua_pushnil(state))
    this.protectLibraries()

    // What functions see is a copy: KEYS and ARGV are the scripts'.
    this.copyGlobals()
    this.realFunctionGlobals = this.finishGlobals(missing)
    this.functionGlobals = api.lua_topointer(state, -1)
    api.lua_getmetatable(state, -1)
    this.functionMetatable = vm.keep(state)
    vm.keep(state)

    api.lua_createtable(state, 0, 1)
    this.pushHostTable(loading)
    this.setMissing(missing)
    this.tables.protect()
    api.lua_setfield(state, -2, vm.text('redis'))
    this.setMissing(missing)
    this.loadGlobals = vm.keep(state)

    api.lua_pushvalue(state, LUA_GLOBALSINDEX)
    const real = this.finishGlobals(missing)
    this.scriptGlobals = api.lua_topointer(state, -1)
    api.lua_replace(state, LUA_GLOBALSINDEX)
    // At the bottom of the VM's own stack they are at hand (exchange/arguments.as.ts).
    vm.pushKept(state, real)
  }

  /** While a library is being loaded, its globals are others than while its functions run. */
  setLoading(loading: boolean): void {
    const { vm } = this
    const { state } = vm
    vm.pushKept(state, this.functionMetatable)
    vm.setField(state, '__index', () => vm.pushKept(state, loading ? this.loadGlobals : this.realFunctionGlobals))
    vm.api.lua_settop(state, -2)
  }

  private setGlobal(name: string, push: () => void): void {
    push()
    this.vm.api.lua_setfield(this.vm.state, LUA_GLOBALSINDEX, this.vm.text(name))
  }

  /** The function that lies where a name says: "next", "table.insert". */
  private original(name: string): HostFunction {
    const { api, state, text } = bound(this.vm)
    const [first, second] = name.split('.')
    api.lua_getfield(state, LUA_GLOBALSINDEX, text(first))
    if (second !== undefined) api.lua_getfield(state, -1, text(second))
    const index = api.lua_tocfunction(state, -1)
    api.lua_settop(state, 0)
    return api.functionAt(index)
  }

  private replaceFunctions(chain: Chain, random: Random): void {
    const { vm } = this
    const { api, state } = vm
    chain.useOriginals(name => this.original(name))
    const replaced: Record<string, HostFunction> = {
      ...guards(vm, this.tables, name => this.original(name)),
      pcall: chain.pcall,
      xpcall: chain.xpcall,
      'coroutine.resume': chain.resume,
      'coroutine.yield': chain.yield,
      'coroutine.status': chain.status,
      'coroutine.running': chain.running,
      error: chain.error,
      __redis__err__handler: thread => errorHandler(vm, thread),
    }
    for (const [name, run] of Object.entries(randomFunctions(vm, random))) replaced[`math.${name}`] = run
    const names = Object.keys(replaced)
    const first = vm.add(Object.values(replaced))
    names.forEach((name, i) => {
      const [outer, inner] = name.split('.')
      api.lua_getfield(state, LUA_GLOBALSINDEX, vm.text(inner === undefined ? '_G' : outer))
      api.lua_pushcclosure(state, first + i, 0)
      api.lua_setfield(state, -2, vm.text(inner ?? outer))
      api.lua_settop(state, 0)
    })
    this.setWrap(vm.add([thread => checkResumed(vm, thread)]))
  }

  private setWrap(check: number): void {
    const { vm } = this
    const { api, state } = vm
    api.lua_getfield(state, LUA_GLOBALSINDEX, vm.text('coroutine'))
    vm.load(state, Buffer.from(WRAP), WRAP_SOURCE)
    for (const name of ['create', 'resume']) api.lua_getfield(state, 1, vm.text(name))
    api.lua_pushcclosure(state, check, 0)
    api.lua_call(state, 3, 1)
    api.lua_setfield(state, 1, vm.text('wrap'))
    api.lua_settop(state, 0)
  }

  private setHostTable(name: string, table: HostTable): void {
    this.setGlobal(name, () => this.pushHostTable(table))
  }

  private pushHostTable(table: HostTable): void {
    const { vm } = this
    const { api, state } = vm
    api.lua_createtable(state, 0, Object.keys(table).length)
    const functions = Object.values(table).filter(value => typeof value === 'function')
    let index = vm.add(functions)
    for (const [name, value] of Object.entries(table)) {
      vm.setField(state, name, () => {
        if (typeof value === 'function') api.lua_pushcclosure(state, index++, 0)
        else if (typeof value === 'number') api.lua_pushnumber(state, value)
        else vm.pushText(state, value)
      })
    }
  }

  /** Protects each table among the globals. */
  private protectLibraries(): void {
    const { vm } = this
    const { api, state } = vm
    const names: string[] = []
    api.lua_pushnil(state)
    while (api.lua_next(state, LUA_GLOBALSINDEX) !== 0) {
      if (api.lua_type(state, -1) === LUA_TTABLE) names.push(vm.stringOf(state, -2) ?? '')
      api.lua_settop(state, -2)
    }
    for (const name of names) {
      if (name === '_G') continue
      api.lua_getfield(state, LUA_GLOBALSINDEX, vm.text(name))
      this.tables.protect()
      api.lua_setfield(state, LUA_GLOBALSINDEX, vm.text(name))
    }
  }

  private copyGlobals(): void {
    const { api, state } = this.vm
    api.lua_createtable(state, 0, 64)
    api.lua_pushnil(state)
    while (api.lua_next(state, LUA_GLOBALSINDEX) !== 0) {
      api.lua_pushvalue(state, -2)
      api.lua_insert(state, -2)
      api.lua_rawset(state, -4)
    }
  }

  /** Makes the table at the top one of globals, and puts the one that stands for it into its place. Returns where the real one is kept. */
  private finishGlobals(missing: number): number {
    const { vm } = this
    const { api, state } = vm
    api.lua_pushvalue(state, -1)
    const real = vm.keep(state)
    this.setMissing(missing)
    this.tables.protect()
    vm.pushKept(state, real)
    vm.setField(state, '_G', () => api.lua_pushvalue(state, -2))
    api.lua_settop(state, -2)
    return real
  }

  /** What is not in the table at the top is an error. */
  private setMissing(missing: number): void {
    const { vm } = this
    const { api, state } = vm
    api.lua_createtable(state, 0, 1)
    vm.setField(state, '__index', () => api.lua_pushcclosure(state, missing, 0))
    api.lua_setmetatable(state, -2)
  }

  private missing(thread: number): number {
    const name = this.vm.stringOf(thread, 2)
    if (name === null) {
      return this.vm.raise(thread, 'Second argument to luaProtectedTableError must be a string or number')
    }
    return this.vm.raise(thread, `Script attempted to access nonexistent global variable '${name.split('\0')[0]}'`)
  }
}

function bound(vm: LuaVm) {
  return { api: vm.api, state: vm.state, text: (value: string) => vm.text(value) }
}

/** What coroutine.wrap gives of a coroutine's results, or raises of its error, where the user's code called it. */
function checkResumed(vm: LuaVm, thread: number): number {
  const { api } = vm
  if (api.lua_toboolean(thread, 1) !== 0) {
    api.lua_remove(thread, 1)
    return api.lua_gettop(thread)
  }
  const text = api.lua_type(thread, 2) === LUA_TTABLE ? null : vm.stringOf(thread, 2)
  if (text !== null) {
    // One level is lost to the tail call.
    api.luaL_where(thread, 2)
    const where = vm.stringOf(thread, -1) ?? ''
    vm.pushText(thread, where + text)
  } else api.lua_pushvalue(thread, 2)
  return api.lua_error(thread)
}

/** A global that Redis has for itself: makes a table of an error. */
function errorHandler(vm: LuaVm, thread: number): number {
  const { api } = vm
  if (api.lua_type(thread, 1) === LUA_TTABLE) {
    api.lua_pushvalue(thread, 1)
    return 1
  }
  const text = vm.stringOf(thread, 1) ?? (api.lua_type(thread, 1) <= LUA_TNIL ? 'nil' : 'error')
  api.lua_createtable(thread, 0, 1)
  vm.pushText(thread, `ERR ${text}`)
  api.lua_setfield(thread, -2, vm.text('err'))
  return 1
}
