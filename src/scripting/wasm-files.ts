import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/** The WebAssembly modules that scripts run in: compiled at the first script, then shared by every VM of the process. */
export interface WasmFiles {
  /** Lua 5.1 with its C API exported. */
  lua: WebAssembly.Module
  /** cjson, cmsgpack, struct and bit, to be instantiated upon a Lua VM: see libraries.ts. */
  libraries: WebAssembly.Module
  /** What a Lua VM gets its memory from. */
  allocator: WebAssembly.Module
}

let loaded: WasmFiles | undefined

/** Compiles them at the first call: a few milliseconds, synchronous. Throws if there is no build. */
export function wasmFiles(): WasmFiles {
  if (loaded === undefined) {
    // V8 11.3 (Node 20) crashed where it had inlined a call from JavaScript to WASM into a function that WASM itself called.
    setFlagsFromString('--no-turbo-inline-js-wasm-calls')
    loaded = {
      lua: compile('lua-5.1.wasm'),
      libraries: compile('libraries.wasm'),
      allocator: compile('allocator.wasm'),
    }
  }
  return loaded
}

function compile(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(find(name)))
}

/** Below the bundle in dist, or in dist while this runs from src. */
function find(name: string): string {
  for (const place of ['./scripting', '../../dist/scripting']) {
    const file = fileURLToPath(new URL(`${place}/${name}`, import.meta.url))
    if (existsSync(file)) return file
  }
  throw new Error(`${name} is missing: "npm run build" makes it`)
}
