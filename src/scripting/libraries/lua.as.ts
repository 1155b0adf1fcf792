/**
 * The C API of the Lua VM that this module is instantiated upon, as far as the libraries use it (Lua 5.1 manual, chapter 3).
 *
 * Three kinds of imports, which libraries.ts resolves:
 * - 'lua': a function that the VM exports;
 * - 'text': the address of a C string in the VM's memory. The import's name is the string, since a module without data of
 *   its own cannot hold any;
 * - 'function': the place in the VM's function table of the function that this module exports under that name.
 *
 * What is variadic in C (luaL_error, lua_pushfstring) takes the address of its arguments, as the VM's compiler lays them out.
 */

/** A lua_State. */
export type State = usize

/** The address of a C string. */
export type Text = usize

export const LUA_REGISTRYINDEX: i32 = -10000
export const LUA_GLOBALSINDEX: i32 = -10002

export const LUA_TNONE: i32 = -1
export const LUA_TNIL: i32 = 0
export const LUA_TBOOLEAN: i32 = 1
export const LUA_TLIGHTUSERDATA: i32 = 2
export const LUA_TNUMBER: i32 = 3
export const LUA_TSTRING: i32 = 4
export const LUA_TTABLE: i32 = 5
export const LUA_TFUNCTION: i32 = 6
export const LUA_TUSERDATA: i32 = 7

@external('lua', 'malloc') export declare function malloc(size: usize): usize
@external('lua', 'realloc') export declare function realloc(block: usize, size: usize): usize
@external('lua', 'free') export declare function free(block: usize): void

@external('lua', 'lua_gettop') export declare function lua_gettop(L: State): i32
@external('lua', 'lua_settop') export declare function lua_settop(L: State, index: i32): void
@external('lua', 'lua_pushvalue') export declare function lua_pushvalue(L: State, index: i32): void
@external('lua', 'lua_insert') export declare function lua_insert(L: State, index: i32): void
@external('lua', 'lua_remove') export declare function lua_remove(L: State, index: i32): void
@external('lua', 'lua_replace') export declare function lua_replace(L: State, index: i32): void
@external('lua', 'lua_xmove') export declare function lua_xmove(from: State, to: State, count: i32): void
@external('lua', 'lua_checkstack') export declare function lua_checkstack(L: State, slots: i32): i32

@external('lua', 'lua_type') export declare function lua_type(L: State, index: i32): i32
@external('lua', 'lua_typename') export declare function lua_typename(L: State, type: i32): Text
@external('lua', 'lua_isnumber') export declare function lua_isnumber(L: State, index: i32): i32
@external('lua', 'lua_isstring') export declare function lua_isstring(L: State, index: i32): i32
@external('lua', 'lua_iscfunction') export declare function lua_iscfunction(L: State, index: i32): i32
@external('lua', 'lua_rawequal') export declare function lua_rawequal(L: State, a: i32, b: i32): i32
@external('lua', 'lua_lessthan') export declare function lua_lessthan(L: State, a: i32, b: i32): i32
@external('lua', 'lua_tonumber') export declare function lua_tonumber(L: State, index: i32): f64
@external('lua', 'lua_toboolean') export declare function lua_toboolean(L: State, index: i32): i32
@external('lua', 'lua_tolstring') export declare function lua_tolstring(L: State, index: i32, length: usize): usize
@external('lua', 'lua_touserdata') export declare function lua_touserdata(L: State, index: i32): usize
@external('lua', 'lua_topointer') export declare function lua_topointer(L: State, index: i32): usize
@external('lua', 'lua_objlen') export declare function lua_objlen(L: State, index: i32): usize

@external('lua', 'lua_pushnil') export declare function lua_pushnil(L: State): void
@external('lua', 'lua_pushnumber') export declare function lua_pushnumber(L: State, value: f64): void
@external('lua', 'lua_pushboolean') export declare function lua_pushboolean(L: State, value: i32): void
@external('lua', 'lua_pushlstring') export declare function lua_pushlstring(L: State, start: usize, length: usize): void
@external('lua', 'lua_pushstring') export declare function lua_pushstring(L: State, text: Text): void
@external('lua', 'lua_pushfstring') export declare function lua_pushfstring(L: State, format: Text, args: usize): Text
@external('lua', 'lua_pushlightuserdata') export declare function lua_pushlightuserdata(L: State, address: usize): void
@external('lua', 'lua_pushcclosure') export declare function lua_pushcclosure(L: State, place: i32, upvalues: i32): void

@external('lua', 'lua_createtable') export declare function lua_createtable(L: State, array: i32, hash: i32): void
@external('lua', 'lua_newuserdata') export declare function lua_newuserdata(L: State, size: usize): usize
@external('lua', 'lua_getmetatable') export declare function lua_getmetatable(L: State, index: i32): i32
@external('lua', 'lua_setfenv') export declare function lua_setfenv(L: State, index: i32): i32
@external('lua', 'lua_gettable') export declare function lua_gettable(L: State, index: i32): void
@external('lua', 'lua_settable') export declare function lua_settable(L: State, index: i32): void
@external('lua', 'lua_next') export declare function lua_next(L: State, index: i32): i32
@external('lua', 'lua_rawgeti') export declare function lua_rawgeti(L: State, index: i32, n: i32): void
@external('lua', 'lua_rawget') export declare function lua_rawget(L: State, index: i32): void
@external('lua', 'lua_rawset') export declare function lua_rawset(L: State, index: i32): void
@external('lua', 'lua_rawseti') export declare function lua_rawseti(L: State, index: i32, n: i32): void
@external('lua', 'lua_getfield') export declare function lua_getfield(L: State, index: i32, name: Text): void
@external('lua', 'lua_setfield') export declare function lua_setfield(L: State, index: i32, name: Text): void

@external('lua', 'lua_call') export declare function lua_call(L: State, args: i32, results: i32): void
@external('lua', 'lua_concat') export declare function lua_concat(L: State, n: i32): void
@external('lua', 'lua_error') export declare function lua_error(L: State): i32
@external('lua', 'lua_yield') export declare function lua_yield(L: State, results: i32): i32

@external('lua', 'luaL_error') export declare function luaL_error(L: State, format: Text, args: usize): i32
@external('lua', 'luaL_where') export declare function luaL_where(L: State, level: i32): void
@external('lua', 'luaL_argerror') export declare function luaL_argerror(L: State, arg: i32, message: Text): i32
@external('lua', 'luaL_typerror') export declare function luaL_typerror(L: State, arg: i32, type: Text): i32
@external('lua', 'luaL_checklstring') export declare function luaL_checklstring(L: State, arg: i32, length: usize): usize
@external('lua', 'luaL_checknumber') export declare function luaL_checknumber(L: State, arg: i32): f64
@external('lua', 'luaL_checktype') export declare function luaL_checktype(L: State, arg: i32, type: i32): void
@external('lua', 'luaL_optnumber') export declare function luaL_optnumber(L: State, arg: i32, fallback: f64): f64
@external('lua', 'luaL_checkoption') export declare function luaL_checkoption(L: State, arg: i32, fallback: Text, list: usize): i32
@external('lua', 'luaL_checkstack') export declare function luaL_checkstack(L: State, slots: i32, message: Text): void
@external('lua', 'luaL_getmetafield') export declare function luaL_getmetafield(L: State, index: i32, name: Text): i32
@external('lua', 'luaL_ref') export declare function luaL_ref(L: State, table: i32): i32

export function lua_pop(L: State, n: i32): void {
  lua_settop(L, -n - 1)
}

export function lua_upvalueindex(n: i32): i32 {
  return LUA_GLOBALSINDEX - n
}

export function lua_isnoneornil(L: State, index: i32): bool {
  return lua_type(L, index) <= LUA_TNIL
}

/** Sets a field of the table on the top of the stack to a C function. */
export function setFunction(L: State, name: Text, place: i32): void {
  lua_pushcclosure(L, place, 0)
  lua_setfield(L, -2, name)
}

/** Sets a field of the table on the top of the stack to a string. */
export function setText(L: State, name: Text, value: Text): void {
  lua_pushstring(L, value)
  lua_setfield(L, -2, name)
}
