import { installLibraries, type LibrariesHost, type LuaExports } from '../../../src/scripting/libraries.js'
import { type AllocatingExports, newState } from '../../../src/scripting/vm/new-state.js'
import { wasmFiles } from '../../../src/scripting/wasm-files.js'

/** The functions of the C API that a test needs: addresses and lengths are numbers, and so is a lua_State. */
export interface Exports extends LuaExports, AllocatingExports {
  __wasm_call_ctors(): void
  free(block: number): void
  setThrew(threw: number, value: number): void
  stackSave(): number
  stackRestore(at: number): void
  luaL_openlibs(state: number): void
  luaL_loadbuffer(state: number, code: number, length: number, name: number): number
  lua_pcall(state: number, args: number, results: number, handler: number): number
  lua_tolstring(state: number, index: number, length: number): number
  lua_settop(state: number, index: number): void
}

class LongJump extends Error {}

/**
 * A Lua VM with the libraries and nothing else around it: no redis.call, no sandbox, no limit of time.
 *
 * @param limitBytes how far the VM's memory may grow
 * @param host what the libraries ask of it: nothing if it is left out
 */
export class LuaVm {
  readonly exports: Exports
  protected readonly state: number

  constructor(limitBytes = 2 ** 31, host?: LibrariesHost) {
    const refuse = () => -1
    const imports: Record<string, Record<string, unknown>> = {
      env: {
        invoke_vii: (place: number, a: number, b: number) => {
          const stack = this.exports.stackSave()
          try {
            ;(this.exports.__indirect_function_table.get(place) as (a: number, b: number) => void)(a, b)
          } catch (error) {
            this.exports.stackRestore(stack)
            if (!(error instanceof LongJump)) throw error
            this.exports.setThrew(1, 0)
          }
        },
        _emscripten_throw_longjmp: () => {
          throw new LongJump()
        },
        emscripten_memcpy_js: (to: number, from: number, length: number) => {
          new Uint8Array(this.exports.memory.buffer).copyWithin(to, from, from + length)
        },
        emscripten_resize_heap: (bytes: number) => {
          const { memory } = this.exports
          if (bytes > limitBytes) return 0
          try {
            memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / 65536))
            return 1
          } catch {
            return 0
          }
        },
      },
    }
    for (const { module, name } of WebAssembly.Module.imports(wasmFiles().lua)) {
      imports[module] ??= {}
      imports[module][name] ??= refuse
    }
    this.exports = new WebAssembly.Instance(wasmFiles().lua, imports).exports as unknown as Exports
    this.exports.__wasm_call_ctors()
    this.state = newState(this.exports, () => {
      throw new Error('not enough memory')
    })
    this.exports.luaL_openlibs(this.state)
    installLibraries(this.exports, this.state, host)
  }

  /** Runs a script that returns a string, and gives its bytes as characters; an error's message after "ERR ". */
  run(script: string): string {
    const code = Buffer.from(script, 'latin1')
    const at = this.write(code)
    const name = this.write(Buffer.from('@user_script\0'))
    const loaded = this.exports.luaL_loadbuffer(this.state, at, code.length, name)
    const failed = loaded || this.call()
    const start = this.exports.lua_tolstring(this.state, -1, name)
    const memory = Buffer.from(this.exports.memory.buffer)
    const result = start === 0 ? '(no string)' : memory.toString('latin1', start, start + memory.readUInt32LE(name))
    this.exports.lua_settop(this.state, 0)
    this.exports.free(at)
    this.exports.free(name)
    return failed ? `ERR ${result}` : result
  }

  /** Calls the function at the top for one result, or an error: what is not 0. */
  protected call(): number {
    return this.exports.lua_pcall(this.state, 0, 1, 0)
  }

  private write(bytes: Buffer): number {
    const at = this.exports.malloc(bytes.length)
    Buffer.from(this.exports.memory.buffer).set(bytes, at)
    return at
  }
}
