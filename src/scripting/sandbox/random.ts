/** math.random and math.randomseed: the generator of POSIX's drand48(), so that a seed gives the same numbers everywhere. */

import type { LuaVm } from '../vm/lua-vm.js'
import type { HostFunction } from '../vm/thunks.js'

const MULTIPLIER = 0x5deece66dn
const INCREMENT = 0xbn
const MASK = (1n << 48n) - 1n
const LOW_BITS = 0x330en
/** Where Redis begins. */
const FIRST_STATE = 0x1234abcd330en
const MOST = 2 ** 31 - 1

export class Random {
  private state = FIRST_STATE

  seed(value: number): void {
    this.state = (BigInt.asUintN(32, BigInt(value)) << 16n) | LOW_BITS
  }

  /** An integer of 31 bits. */
  next(): number {
    this.state = (this.state * MULTIPLIER + INCREMENT) & MASK
    return Number(this.state >> 17n)
  }
}

/** Argument `index`, an int as C makes one of a number: the low 32 bits of its 64. */
function intArgument(vm: LuaVm, thread: number, index: number): number {
  vm.api.luaL_checkinteger(thread, index)
  const number = vm.api.lua_tonumber(thread, index)
  return Math.abs(number) < 2 ** 63 ? number | 0 : 0
}

export function randomFunctions(vm: LuaVm, random: Random): Record<string, HostFunction> {
  const { api } = vm
  return {
    random: thread => {
      const fraction = (random.next() % MOST) / MOST
      const count = vm.argumentCount(thread)
      if (count > 2) return vm.raise(thread, 'wrong number of arguments')
      if (count === 0) {
        api.lua_pushnumber(thread, fraction)
        return 1
      }
      const low = count === 1 ? 1 : intArgument(vm, thread, 1)
      const high = intArgument(vm, thread, count)
      if (low > high) return api.luaL_argerror(thread, count, vm.text('interval is empty'))
      // In C the range is an int.
      const span = count === 1 ? high : (high - low + 1) | 0
      api.lua_pushnumber(thread, Math.floor(fraction * span) + low)
      return 1
    },
    randomseed: thread => {
      random.seed(intArgument(vm, thread, 1))
      return 0
    },
  }
}
