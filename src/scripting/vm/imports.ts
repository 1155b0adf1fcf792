/**
 * What the Lua module asks of its host: memory, errors, clocks. It comes out of Emscripten, whose longjmp is an exception that the
 * host throws and catches; files, processes and the environment are not there.
 */
import { wallClock } from '../../clock/platform.js'
import type { LuaApi } from './lua-api.js'

/** Thrown to unwind WebAssembly and JavaScript frames up to the protected call that a Lua error ends in. */
class LongJump extends Error {}

const LONG_JUMP = new LongJump('a Lua error outside a protected call')

/** Lua has given up: an error that nothing protects, which for a server's VM is want of memory. It can not be used again. */
export class LuaPanic extends Error {
  constructor() {
    super('not enough memory')
  }
}

/** JavaScript's stack is used up: an error of the script that was called with `state`. Throws what is anything else. */
function raiseOverflow(error: unknown, api: LuaApi, state: number): void {
  if (!(error instanceof RangeError)) throw error
  try {
    api.lua_pushlstring(state, 0, 0)
    api.lua_error(state)
  } catch (raised) {
    if (raised !== LONG_JUMP) throw raised
  }
}

/** No such system call. */
const ENOSYS = 52

export interface ImportHost {
  readonly api: LuaApi
  /** Makes the memory at least so large; false if it may not. */
  growTo(bytes: number): boolean
}

export function luaImports(host: () => ImportHost): Record<string, Record<string, unknown>> {
  const nothing = () => 0
  const missing = () => -ENOSYS
  return {
    env: {
      exit: () => {
        throw new LuaPanic()
      },
      invoke_vii: (index: number, a: number, b: number) => {
        const { api } = host()
        const stack = api.stackSave()
        try {
          api.functionAt(index)(a, b)
        } catch (error) {
          api.stackRestore(stack)
          if (error !== LONG_JUMP) raiseOverflow(error, api, a)
          api.setThrew(1, 0)
        }
      },
      _emscripten_throw_longjmp: () => {
        throw LONG_JUMP
      },
      emscripten_resize_heap: (bytes: number) => (host().growTo(bytes >>> 0) ? 1 : 0),
      emscripten_memcpy_js: (to: number, from: number, bytes: number) => {
        new Uint8Array(host().api.memory.buffer).copyWithin(to, from, from + bytes)
      },
      emscripten_date_now: () => wallClock(),
      _emscripten_get_now_is_monotonic: () => 1,
      strftime: nothing,
      _emscripten_system: missing,
      _tzset_js: nothing,
      _mktime_js: nothing,
      _localtime_js: nothing,
      _gmtime_js: nothing,
      __syscall_openat: missing,
      __syscall_fcntl64: missing,
      __syscall_ioctl: missing,
      __syscall_dup3: missing,
      __syscall_unlinkat: missing,
      __syscall_rmdir: missing,
      __syscall_renameat: missing,
      __syscall_readlinkat: missing,
    },
    wasi_snapshot_preview1: {
      fd_write: () => ENOSYS,
      fd_read: () => ENOSYS,
      fd_close: () => ENOSYS,
      fd_seek: () => ENOSYS,
      environ_sizes_get: (count: number, bytes: number) => {
        const memory = new Uint32Array(host().api.memory.buffer)
        memory[count >> 2] = 0
        memory[bytes >> 2] = 0
        return 0
      },
      environ_get: nothing,
    },
  }
}
