import { wasmFiles } from './wasm-files.js'

/** What the libraries need of a Lua VM: the exports of its WebAssembly instance. */
export interface LuaExports {
  readonly memory: WebAssembly.Memory
  readonly __indirect_function_table: WebAssembly.Table
  malloc(bytes: number): number
}

/**
 * Adds cjson, cmsgpack, struct and bit to a VM as globals, as Redis 7.2 has them.
 *
 * The libraries are a second WebAssembly module in the VM's memory (src/scripting/libraries): its calls of the C API, and
 * Lua's calls of its functions, go from WebAssembly to WebAssembly.
 *
 * @param vm the exports of the VM's instance; `string` must be open already, and its `format` still Lua's own
 * @param state the address of the lua_State
 * @throws if the VM's memory is used up
 */
export function installLibraries(vm: LuaExports, state: number): void {
  const { libraries } = wasmFiles()
  const imports = WebAssembly.Module.imports(libraries)
  const named = (module: string) => imports.filter(entry => entry.module === module).map(entry => entry.name)

  const texts = writeTexts(vm, named('text'))
  const functions = named('function')
  const table = vm.__indirect_function_table
  const first = table.grow(functions.length)
  const instance = new WebAssembly.Instance(libraries, {
    env: { memory: vm.memory },
    lua: vm as unknown as Record<string, unknown>,
    text: texts,
    function: Object.fromEntries(functions.map((name, i) => [name, first + i])),
  })
  functions.forEach((name, i) => {
    table.set(first + i, instance.exports[name])
  })
  const { open } = instance.exports as { open(state: number): number }
  if (open(state) === 0) throw new Error('no memory left for the libraries of scripts')
}

/** Writes strings into the VM's memory, each with its NUL, for as long as the VM lives. Gives their addresses. */
function writeTexts(vm: LuaExports, texts: string[]): Record<string, number> {
  const bytes = texts.reduce((sum, text) => sum + text.length + 1, 0)
  let at = vm.malloc(bytes)
  if (at === 0) throw new Error('no memory left for the libraries of scripts')
  const memory = Buffer.from(vm.memory.buffer)
  const addresses: Record<string, number> = {}
  for (const text of texts) {
    addresses[text] = at
    at += memory.write(`${text}\0`, at, 'latin1')
  }
  return addresses
}
