/**
 * Tables that scripts may read and not change, as Redis's own Lua has them and stock Lua has not: an empty table stands for each,
 * whose metatable leads to the real one and refuses what is new, which in an empty table everything is. Functions that go round
 * metatables ask here (guards.ts).
 */
import { LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'

const READONLY_TEXT = 'Attempt to modify a readonly table'

export class ProtectedTables {
  private readonly vm: LuaVm
  private readonly refusal: number
  /** Of each empty table, by its address: where the registry keeps the real one. All of them stay as long as the VM. */
  private readonly real = new Map<number, number>()

  constructor(vm: LuaVm) {
    this.vm = vm
    this.refusal = vm.add([thread => this.refuse(thread)])
  }

  /** Replaces the table at the top by one that stands for it. */
  protect(): void {
    const { vm } = this
    const { api, state } = vm
    api.lua_createtable(state, 0, 0)
    api.lua_createtable(state, 0, 2)
    vm.setField(state, '__index', () => api.lua_pushvalue(state, -3))
    vm.setField(state, '__newindex', () => api.lua_pushcclosure(state, this.refusal, 0))
    api.lua_setmetatable(state, -2)
    const address = api.lua_topointer(state, -1)
    api.lua_insert(state, -2)
    this.real.set(address, vm.keep(state))
  }

  /** Whether argument `index` of the running function is such a table. */
  has(thread: number, index: number): boolean {
    const { vm } = this
    if (index > vm.argumentCount(thread)) return false
    const value = vm.argument(thread, index)
    return vm.typeAt(value) === LUA_TTABLE && this.real.has(vm.objectAt(value))
  }

  /** Puts the real table in the place of argument `index`, which has to be such a table. */
  unveil(thread: number, index: number): void {
    const { vm } = this
    const reference = this.real.get(vm.objectAt(vm.argument(thread, index)))
    if (reference === undefined) throw new Error('not a protected table')
    vm.pushKept(thread, reference)
    vm.api.lua_replace(thread, index)
  }

  /** Where a script assigns: the error says where. */
  private refuse(thread: number): never {
    return this.vm.raise(thread, READONLY_TEXT)
  }

  /** Where a function would change the table: the error does not say where. */
  refuseCall(thread: number): never {
    this.vm.pushText(thread, READONLY_TEXT)
    this.vm.api.lua_error(thread)
    throw new Error('lua_error returned')
  }
}
