import { LUA_PARTS, LUA_PARTS_COUNT, LUA_PARTS_EXPORTS, LUA_PARTS_GLOBALS, LUA_PARTS_NAME } from './lua-parts.js'
import { wasmFiles } from './wasm-files.js'

/** What the libraries need of a Lua VM: the exports of its WebAssembly instance. */
export interface LuaExports {
  readonly memory: WebAssembly.Memory
  readonly __indirect_function_table: WebAssembly.Table
  malloc(bytes: number): number
  free(address: number): void
  lua_settop(state: number, index: number): void
  lua_pushvalue(state: number, index: number): void
  lua_pushcclosure(state: number, place: number, upvalues: number): void
  lua_tocfunction(state: number, index: number): number
  lua_createtable(state: number, elements: number, fields: number): void
  lua_getfield(state: number, index: number, name: number): void
  lua_call(state: number, args: number, results: number): void
  luaL_loadbuffer(state: number, address: number, bytes: number, name: number): number
}

/** How the functions of the libraries get on with whoever runs a script. A state is the address of the thread that runs. */
export interface LibrariesHost {
  /** Called after each 50 to 100 us of work that Lua's hooks see nothing of. May raise a Lua error; may not yield. */
  tick(state: number): void
  /**
   * Whether the function that runs in `state` may yield: 1 or 0. After 1 it does, and the host has to resume that thread with
   * lua_resume(state, 0), at once or when it likes. With 0, loops that call functions of the script run below a C function.
   */
  mayYield(state: number): number
}

/** What the host calls of the libraries' module, where the C API alone would take many calls: src/scripting/libraries/exchange. */
export interface Exchange {
  open_arguments(state: number): void
  push_script(
    state: number,
    thread: number,
    reference: number,
    isEval: number,
    keys: number,
    count: number,
    at: number,
  ): void
  begin_script(state: number, thread: number, reference: number, isEval: number, keys: number, count: number): number
  add_arguments(state: number, tables: number, keys: number, from: number, to: number, at: number): void
  finish_script(state: number, thread: number, isEval: number): void
  push_reply(thread: number, at: number): void
  reply_kind(thread: number): number
}

const LUA_GLOBALSINDEX = -10002

/** A host that lets every function work for as long as it wants. */
const PATIENT: LibrariesHost = { tick: () => {}, mayYield: () => 0 }

/**
 * Adds cjson, cmsgpack, struct and bit to a VM as globals, as Redis 7.2 has them, and replaces functions of Lua's own:
 *
 * - those that hold the server up: patterns, string.rep, and moving elements of a table call the host's tick();
 * - those that call functions of the script, gsub, sort, foreach and foreachi: they can be put aside by yielding;
 * - those that have 64 bits for integers where Redis runs: string.format, sub, byte, tonumber and others.
 *
 * The libraries are a second WebAssembly module in the VM's memory (src/scripting/libraries): its calls of the C API, and
 * Lua's calls of its functions, go from WebAssembly to WebAssembly.
 *
 * @param vm the exports of the VM's instance; base, `string`, `table` and `math` must be open already, with Lua's own functions
 * @param state the address of the lua_State
 * @throws if the VM's memory is used up
 */
export function installLibraries(vm: LuaExports, state: number, host: LibrariesHost = PATIENT): Exchange {
  const { libraries } = wasmFiles()
  const imports = WebAssembly.Module.imports(libraries)
  const named = (module: string) => imports.filter(entry => entry.module === module).map(entry => entry.name)

  const functions = named('function')
  const table = vm.__indirect_function_table
  const first = table.grow(functions.length)
  const instance = new WebAssembly.Instance(libraries, {
    env: { memory: vm.memory },
    lua: vm as unknown as Record<string, unknown>,
    host: host as unknown as Record<string, unknown>,
    text: writeTexts(vm, named('text')),
    stock: stockFunctions(vm, state, named('stock')),
    function: Object.fromEntries(functions.map((name, i) => [name, first + i])),
  })
  functions.forEach((name, i) => {
    table.set(first + i, instance.exports[name])
  })
  const { open } = instance.exports as { open(state: number): number }
  if (open(state) === 0) throw outOfMemory()
  loadLuaParts(vm, state, instance.exports)
  return instance.exports as unknown as Exchange
}

function outOfMemory(): Error {
  return new Error('no memory left for the libraries of scripts')
}

/** Writes strings into the VM's memory, each with its NUL, for as long as the VM lives. Gives their addresses. */
function writeTexts(vm: LuaExports, texts: string[]): Record<string, number> {
  const bytes = texts.reduce((sum, text) => sum + text.length + 1, 0)
  let at = vm.malloc(bytes)
  if (at === 0) throw outOfMemory()
  const memory = Buffer.from(vm.memory.buffer)
  const addresses: Record<string, number> = {}
  for (const text of texts) {
    addresses[text] = at
    at += memory.write(`${text}\0`, at, 'latin1')
  }
  return addresses
}

/** Lua's own functions by the names that scripts call them by: "next", "table.sort". */
function stockFunctions(vm: LuaExports, state: number, names: string[]): Record<string, unknown> {
  const entries = names.map(name => {
    const path = name.split('.')
    withTexts(vm, path, addresses => {
      path.forEach((_, i) => {
        vm.lua_getfield(state, i === 0 ? LUA_GLOBALSINDEX : -1, addresses[i])
      })
    })
    const place = vm.lua_tocfunction(state, -1)
    vm.lua_settop(state, -path.length - 1)
    return [name, vm.__indirect_function_table.get(place)]
  })
  return Object.fromEntries(entries)
}

/** Compiles the parts that are Lua and gives them to the module. */
function loadLuaParts(vm: LuaExports, state: number, exports: Record<string, unknown>): void {
  const table = vm.__indirect_function_table
  const first = table.grow(LUA_PARTS_EXPORTS.length + 1)
  LUA_PARTS_EXPORTS.forEach((name, i) => {
    table.set(first + 1 + i, exports[name])
  })
  table.set(first, exports.lua_parts)

  vm.lua_pushcclosure(state, first, 0)
  withTexts(vm, [LUA_PARTS, LUA_PARTS_NAME], ([code, name]) => {
    if (vm.luaL_loadbuffer(state, code, LUA_PARTS.length, name) !== 0) throw outOfMemory()
  })
  vm.lua_pushvalue(state, -1)
  LUA_PARTS_EXPORTS.forEach((_, i) => {
    vm.lua_pushcclosure(state, first + 1 + i, 0)
  })
  withTexts(vm, LUA_PARTS_GLOBALS, addresses => {
    for (const address of addresses) vm.lua_getfield(state, LUA_GLOBALSINDEX, address)
  })
  vm.lua_call(state, LUA_PARTS_EXPORTS.length + LUA_PARTS_GLOBALS.length, LUA_PARTS_COUNT)
  // Their environment, which getfenv() shows to functions that they call, holds nothing.
  vm.lua_createtable(state, 0, 0)
  vm.lua_call(state, LUA_PARTS_COUNT + 2, 0)
}

/** Writes strings into the VM's memory for as long as `use` runs. */
function withTexts(vm: LuaExports, texts: readonly string[], use: (addresses: number[]) => void): void {
  const addresses = texts.map(text => {
    const address = vm.malloc(text.length + 1)
    if (address === 0) throw outOfMemory()
    Buffer.from(vm.memory.buffer).write(`${text}\0`, address, 'latin1')
    return address
  })
  use(addresses)
  for (const address of addresses) vm.free(address)
}
