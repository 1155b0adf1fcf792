/** Makes a Lua state whose memory comes from the allocator of libraries/allocator.as.ts. */
import { wasmFiles } from '../wasm-files.js'
import type { LuaExports } from './lua-api.js'

export type AllocatingExports = Pick<
  LuaExports,
  'memory' | '__indirect_function_table' | 'malloc' | 'realloc' | 'free' | 'lua_newstate'
>

/** The exports of an instance of the allocator. */
export interface Allocator {
  /** 0: there is no memory left. */
  open(): number
  /** A lua_Alloc. */
  allocate(data: number, block: number, oldBytes: number, bytes: number): number
}

/** `panic` is called where there is no way to go on, and has to throw. */
export function newAllocator({ free, malloc, memory, realloc }: AllocatingExports, panic: () => never): Allocator {
  const imports = { env: { memory }, lua: { free, malloc, realloc }, host: { panic } }
  return new WebAssembly.Instance(wasmFiles().allocator, imports).exports as unknown as Allocator
}

/** Returns the state's address; 0: there is no memory left. */
export function newState(vm: AllocatingExports, panic: () => never): number {
  const { allocate, open } = newAllocator(vm, panic)
  const table = vm.__indirect_function_table
  const place = table.grow(1)
  table.set(place, allocate)
  return open() === 0 ? 0 : vm.lua_newstate(place, 0)
}
