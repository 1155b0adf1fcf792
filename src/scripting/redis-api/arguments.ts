/** The arguments of redis.call as a request: strings as they lie in the VM's memory, numbers as Redis writes them. */
import { DOUBLE_TEXT_BYTES, writeDouble } from '../../bytes/floats/double-text.js'
import { writeInteger } from '../../bytes/integers.js'
import type { Request } from '../../resp/request.js'
import { LUA_TNUMBER, LUA_TSTRING } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'

/** Integers below this are written as such (double2ll in Redis's util.c); what is beyond may be written in the same way, or not. */
const INTEGERS_BELOW = 2 ** 52

/**
 * Fills `request` from the arguments of the running function. Its bytes stay as they are as long as nothing else is asked of the VM.
 * False: one is neither string nor number.
 */
export function readArguments(vm: LuaVm, thread: number, request: Request): boolean {
  const count = vm.argumentCount(thread)
  request.reserve(count)
  request.argc = count
  request.wireStart = -1
  request.hashedIndex = 0
  request.hashedElement = 0
  let numbers = 0
  for (let i = 0; i < count; i++) {
    const value = vm.argument(thread, i + 1)
    const type = vm.typeAt(value)
    if (type === LUA_TNUMBER) numbers++
    else if (type === LUA_TSTRING) {
      const object = vm.objectAt(value)
      const start = vm.stringStart(object)
      request.starts[i] = start
      request.ends[i] = start + vm.stringLength(object)
    } else return false
  }
  if (numbers > 0) writeNumbers(vm, thread, request, numbers)
  request.buffer = vm.bytes
  return true
}

function writeNumbers(vm: LuaVm, thread: number, request: Request, numbers: number): void {
  let at = vm.takeScratch(numbers * DOUBLE_TEXT_BYTES)
  if (at === 0) vm.raiseOutOfMemory(thread)
  for (let i = 0; i < request.argc; i++) {
    const value = vm.argument(thread, i + 1)
    if (vm.typeAt(value) !== LUA_TNUMBER) continue
    const number = vm.numberAt(value)
    request.starts[i] = at
    const isInteger = Number.isInteger(number) && Math.abs(number) < INTEGERS_BELOW
    at = isInteger ? writeInteger(vm.bytes, at, number) : writeDouble(vm.bytes, at, number)
    request.ends[i] = at
  }
}
