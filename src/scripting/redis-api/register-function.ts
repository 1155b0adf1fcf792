/** redis.register_function, which libraries find while they are loaded. Source of behaviour: Redis's function_lua.c. */
import type { LibraryLoading } from '../script-host.js'
import { SCRIPT_FLAGS } from '../script-run.js'
import { LUA_TFUNCTION, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'
import type { HostFunction } from '../vm/thunks.js'
import { raiseError } from './push-error.js'

/** What is registered; `reference`: where the registry keeps the function, 0 where none was given. */
interface Registration {
  name: string | null
  description: string | null
  reference: number
  flags: number
}

/**
 * redis.register_function(name, callback), or of one table of named arguments.
 *
 * @param loading the library that is being loaded, if one is: a library may keep the function for later.
 */
export function registerFunction(vm: LuaVm, loading: () => LibraryLoading | null): HostFunction {
  return thread => {
    const library = loading()
    if (library === null) {
      return raiseError(vm, thread, 'redis.register_function can only be called on FUNCTION LOAD command')
    }
    const read: Registration = { name: null, description: null, reference: 0, flags: 0 }
    const problem =
      readArguments(vm, thread, read) ?? library.register(read.name ?? '', read.reference, read.description, read.flags)
    if (problem === null) return 0
    if (read.reference !== 0) vm.forget(read.reference)
    return raiseError(vm, thread, problem)
  }
}

/** Reads the arguments into `read`; returns what is wrong with them, or null. */
function readArguments(vm: LuaVm, thread: number, read: Registration): string | null {
  const count = vm.argumentCount(thread)
  if (count === 1) return readNamed(vm, thread, read)
  if (count === 2) return readPositional(vm, thread, read)
  return 'wrong number of arguments to redis.register_function'
}

function readPositional(vm: LuaVm, thread: number, read: Registration): string | null {
  read.name = textAt(vm, thread, 1)
  if (read.name === null) return 'first argument to redis.register_function must be a string'
  if (vm.api.lua_type(thread, 2) !== LUA_TFUNCTION) {
    return 'second argument to redis.register_function must be a function'
  }
  read.reference = vm.keep(thread)
  return null
}

function readNamed(vm: LuaVm, thread: number, read: Registration): string | null {
  const { api } = vm
  if (api.lua_type(thread, 1) !== LUA_TTABLE) {
    return 'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).'
  }
  api.lua_pushnil(thread)
  while (api.lua_next(thread, 1) !== 0) {
    const problem = readArgument(vm, thread, read)
    if (problem !== null) return problem
    // The key is left for the next step.
    api.lua_settop(thread, 2)
  }
  if (read.name === null) return 'redis.register_function must get a function name argument'
  if (read.reference === 0) return 'redis.register_function must get a callback argument'
  return null
}

/** Reads the named argument whose value is at the top, its key below. */
function readArgument(vm: LuaVm, thread: number, read: Registration): string | null {
  const keyType = vm.api.lua_type(thread, -2)
  if (keyType !== LUA_TSTRING && keyType !== LUA_TNUMBER) {
    return 'named argument key given to redis.register_function is not a string'
  }
  // A number is no argument's name, and must not become a string while the table is walked.
  const key = keyType === LUA_TSTRING ? vm.stringOf(thread, -2) : null
  switch (key?.toLowerCase()) {
    case 'function_name':
      read.name = textAt(vm, thread, -1)
      return read.name === null ? 'function_name argument given to redis.register_function must be a string' : null
    case 'description':
      read.description = textAt(vm, thread, -1)
      return read.description === null ? 'description argument given to redis.register_function must be a string' : null
    case 'callback':
      return readCallback(vm, thread, read)
    case 'flags':
      return readFlags(vm, thread, read)
    default:
      return 'unknown argument given to redis.register_function'
  }
}

function readCallback(vm: LuaVm, thread: number, read: Registration): string | null {
  if (vm.api.lua_type(thread, -1) !== LUA_TFUNCTION) {
    return 'callback argument given to redis.register_function must be a function'
  }
  if (read.reference !== 0) vm.forget(read.reference)
  read.reference = vm.keep(thread)
  return null
}

function readFlags(vm: LuaVm, thread: number, read: Registration): string | null {
  const { api } = vm
  if (api.lua_type(thread, -1) !== LUA_TTABLE) {
    return 'flags argument to redis.register_function must be a table representing function flags'
  }
  read.flags = 0
  for (let i = 1; ; i++) {
    api.lua_rawgeti(thread, -1, i)
    if (api.lua_type(thread, -1) === LUA_TNIL) return null
    const name = textAt(vm, thread, -1)?.toLowerCase()
    const flag = SCRIPT_FLAGS.find(([known]) => known === name)
    if (flag === undefined) return 'unknown flag given'
    read.flags |= flag[1]
    api.lua_settop(thread, -2)
  }
}

/** A string, or a number as one; null for anything else. */
function textAt(vm: LuaVm, thread: number, index: number): string | null {
  const type = vm.api.lua_type(thread, index)
  return type === LUA_TSTRING || type === LUA_TNUMBER ? vm.stringOf(thread, index) : null
}
