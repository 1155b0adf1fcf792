/** What the Lua module exports: the C API of Lua 5.1 (its manual, section 3), the allocator, and Emscripten's stack. */
export interface LuaExports {
  readonly memory: WebAssembly.Memory
  readonly __indirect_function_table: WebAssembly.Table
  __wasm_call_ctors(): void
  malloc(bytes: number): number
  realloc(address: number, bytes: number): number
  free(address: number): void
  stackSave(): number
  stackRestore(address: number): void
  setThrew(threw: number, value: number): void
  lua_newstate(allocate: number, data: number): number
  lua_close(state: number): void
  lua_newthread(state: number): number
  lua_resume(state: number, args: number): number
  lua_yield(state: number, results: number): number
  lua_status(state: number): number
  lua_xmove(from: number, to: number, count: number): void
  lua_gettop(state: number): number
  lua_settop(state: number, index: number): void
  lua_pushvalue(state: number, index: number): void
  lua_remove(state: number, index: number): void
  lua_insert(state: number, index: number): void
  lua_replace(state: number, index: number): void
  lua_checkstack(state: number, extra: number): number
  lua_type(state: number, index: number): number
  lua_toboolean(state: number, index: number): number
  lua_tonumber(state: number, index: number): number
  lua_tolstring(state: number, index: number, length: number): number
  lua_topointer(state: number, index: number): number
  lua_tothread(state: number, index: number): number
  lua_tocfunction(state: number, index: number): number
  lua_isnumber(state: number, index: number): number
  lua_iscfunction(state: number, index: number): number
  lua_pushnil(state: number): void
  lua_pushnumber(state: number, value: number): void
  lua_pushboolean(state: number, value: number): void
  lua_pushlstring(state: number, address: number, bytes: number): void
  lua_pushcclosure(state: number, index: number, upvalues: number): void
  lua_pushthread(state: number): number
  lua_createtable(state: number, elements: number, fields: number): void
  lua_gettable(state: number, index: number): void
  lua_getfield(state: number, index: number, name: number): void
  lua_rawget(state: number, index: number): void
  lua_rawgeti(state: number, index: number, element: number): void
  lua_settable(state: number, index: number): void
  lua_setfield(state: number, index: number, name: number): void
  lua_rawset(state: number, index: number): void
  lua_rawseti(state: number, index: number, element: number): void
  lua_next(state: number, index: number): number
  lua_getmetatable(state: number, index: number): number
  lua_setmetatable(state: number, index: number): number
  lua_setfenv(state: number, index: number): number
  lua_call(state: number, args: number, results: number): void
  lua_pcall(state: number, args: number, results: number, handler: number): number
  lua_error(state: number): number
  lua_gc(state: number, what: number, value: number): number
  lua_sethook(state: number, hook: number, mask: number, count: number): number
  lua_getstack(state: number, level: number, debug: number): number
  lua_getinfo(state: number, what: number, debug: number): number
  luaL_loadbuffer(state: number, address: number, bytes: number, name: number): number
  luaL_argerror(state: number, argument: number, text: number): number
  luaL_where(state: number, level: number): void
  luaL_ref(state: number, table: number): number
  luaL_unref(state: number, table: number, reference: number): void
  luaL_checkinteger(state: number, argument: number): number
  luaL_checktype(state: number, argument: number, type: number): void
  luaopen_base(state: number): number
  luaopen_table(state: number): number
  luaopen_string(state: number): number
  luaopen_math(state: number): number
}

export type LuaFunction = (...args: number[]) => number

export interface LuaApi extends LuaExports {
  /** The function at an index of the table. */
  functionAt(index: number): LuaFunction
}

export const LUA_REGISTRYINDEX = -10000
export const LUA_GLOBALSINDEX = -10002
export const LUA_MULTRET = -1

export const LUA_TNONE = -1
export const LUA_TNIL = 0
export const LUA_TBOOLEAN = 1
export const LUA_TNUMBER = 3
export const LUA_TSTRING = 4
export const LUA_TTABLE = 5
export const LUA_TFUNCTION = 6
export const LUA_TUSERDATA = 7
export const LUA_TTHREAD = 8

/** What lua_resume and lua_pcall return. */
export const LUA_YIELD = 1
export const LUA_ERRMEM = 4

export const LUA_GCCOUNT = 3

export const LUA_MASKLINE = 1 << 2
export const LUA_MASKCOUNT = 1 << 3
