import type { LibrariesHost } from '../../../src/scripting/libraries.js'
import { type Exports, LuaVm } from '../libraries/lua-vm.js'

interface ThreadExports extends Exports {
  lua_newthread(state: number): number
  lua_resume(state: number, args: number): number
  lua_xmove(from: number, to: number, values: number): void
  lua_insert(state: number, index: number): void
  lua_pushlstring(state: number, at: number, length: number): void
  lua_error(state: number): number
  lua_yield(state: number, results: number): number
  lua_sethook(state: number, hook: number, mask: number, count: number): number
}

const LUA_YIELD = 1
/** In a lua_State: C calls under way, and how many of them were when the thread was resumed. */
const C_CALLS_OFFSET = 52

/** Raises an error in Lua once it has been told to. */
export class Clock {
  ticks = 0
  /** After so many ticks the function that works is ended. */
  limit = Number.POSITIVE_INFINITY
  exports: ThreadExports | undefined

  tick(state: number): void {
    this.ticks++
    if (this.ticks < this.limit || this.exports === undefined) return
    const at = this.exports.malloc(8)
    Buffer.from(this.exports.memory.buffer).write('time out', at, 'latin1')
    this.exports.lua_pushlstring(state, at, 8)
    this.exports.free(at)
    this.exports.lua_error(state)
  }
}

/** pcall() by a coroutine, which may be put aside. All in one line, for the lines that errors name. */
const PCALL = `local function pcall(run)
  local thread = coroutine.create(run)
  local ok, result
  repeat ok, result = coroutine.resume(thread) until not ok or coroutine.status(thread) == 'dead'
  return ok, result
end `
  .replaceAll(/\n +/g, ' ')
  .replace('\n', ' ')

/** A WebAssembly module that exports a function (i32, i32) of its importer's: only exports may lie in the VM's table. */
const HOOK_MODULE = Uint8Array.from(
  Buffer.from('0061736d 01000000 01060160027f7f00 020701016801660000 0705010166 0000'.replaceAll(' ', ''), 'hex'),
)
const LUA_MASKCOUNT = 8

/** A Lua VM that runs each script in a thread of its own, which it resumes each time the script yields. */
export class ResumedVm extends LuaVm {
  readonly clock: Clock
  /** How often a script was put aside. */
  yields = 0

  /** @param pauseEvery after so many instructions of Lua, the script is put aside as well */
  constructor(pauseEvery = 0) {
    const clock = new Clock()
    let shorts = new Uint16Array()
    const mayYield = (state: number): number => {
      const { buffer } = this.exports.memory
      if (shorts.buffer !== buffer) shorts = new Uint16Array(buffer)
      const at = (state + C_CALLS_OFFSET) >> 1
      return shorts[at] === shorts[at + 1] ? 1 : 0
    }
    const host: LibrariesHost = { tick: state => clock.tick(state), mayYield }
    super(2 ** 31, host)
    this.clock = clock
    const exports = this.exports as ThreadExports
    clock.exports = exports
    if (pauseEvery === 0) return
    const pause = (state: number) => {
      if (mayYield(state)) exports.lua_yield(state, 0)
    }
    const hook = new WebAssembly.Instance(new WebAssembly.Module(HOOK_MODULE), { h: { f: pause } }).exports.f
    const table = exports.__indirect_function_table
    const place = table.grow(1)
    table.set(place, hook)
    // Threads take it from the one that makes them.
    exports.lua_sethook(this.state, place, LUA_MASKCOUNT, pauseEvery)
  }

  override run(script: string): string {
    return super.run(PCALL + script)
  }

  protected override call(): number {
    const exports = this.exports as ThreadExports
    const thread = exports.lua_newthread(this.state)
    // The stack keeps the thread, below the function that it runs.
    exports.lua_insert(this.state, 1)
    exports.lua_xmove(this.state, thread, 1)
    let status = exports.lua_resume(thread, 0)
    while (status === LUA_YIELD) {
      this.yields++
      status = exports.lua_resume(thread, 0)
    }
    exports.lua_xmove(thread, this.state, 1)
    return status
  }
}
