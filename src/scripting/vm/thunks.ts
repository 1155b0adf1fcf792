/**
 * Makes JavaScript functions into functions of a WebAssembly table, so that Lua can call them: only what a module exports may lie
 * in one. A module of imports that are exported again, as they are, does that.
 */

const I32 = 0x7f
const FUNCTION = 0x60
const SECTION_TYPES = 1
const SECTION_IMPORTS = 2
const SECTION_EXPORTS = 7

/** lua_CFunction: (lua_State) -> number of results. */
export type HostFunction = (state: number) => number
/** lua_Hook: (lua_State, lua_Debug). */
export type HostHook = (state: number, debug: number) => void

/** Puts `functions`, and behind them `hooks`, into the table. Returns the index of the first. */
export function addToTable(
  table: WebAssembly.Table,
  functions: readonly HostFunction[],
  hooks: readonly HostHook[] = [],
): number {
  const all = [...functions, ...hooks]
  const module = new WebAssembly.Module(moduleOf(functions.length, hooks.length))
  const { exports } = new WebAssembly.Instance(module, { f: Object.fromEntries(all.entries()) })
  const first = table.grow(all.length)
  for (const i of all.keys()) table.set(first + i, exports[i])
  return first
}

function moduleOf(functions: number, hooks: number): Uint8Array {
  const count = functions + hooks
  const types = [2, FUNCTION, 1, I32, 1, I32, FUNCTION, 2, I32, I32, 0]
  const imports = [...leb(count)]
  const exports = [...leb(count)]
  for (let i = 0; i < count; i++) {
    const name = text(String(i))
    imports.push(...text('f'), ...name, 0, i < functions ? 0 : 1)
    exports.push(...name, 0, ...leb(i))
  }
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  return Uint8Array.from([
    ...header,
    ...section(SECTION_TYPES, types),
    ...section(SECTION_IMPORTS, imports),
    ...section(SECTION_EXPORTS, exports),
  ])
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...leb(bytes.length), ...bytes]
}

function text(value: string): number[] {
  return [value.length, ...Buffer.from(value, 'latin1')]
}

/** LEB128, unsigned. */
function leb(value: number): number[] {
  const bytes: number[] = []
  for (; value >= 128; value >>>= 7) bytes.push((value & 127) | 128)
  bytes.push(value)
  return bytes
}
