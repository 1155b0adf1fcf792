/**
 * A Lua 5.1 VM: an instance of the WebAssembly module with its memory, and the state in it. Addresses and sizes are bytes of that
 * memory, strings are bytes (or JavaScript strings of one character a byte).
 */
import { latin1 } from '../../bytes/latin1.js'
import { wasmFiles } from '../wasm-files.js'
import { LuaPanic, luaImports } from './imports.js'
import {
  FRAME_BYTES,
  STATE_BASE,
  STATE_FIRST_FRAME,
  STATE_FRAME,
  STATE_GLOBALS,
  STATE_TOP,
  STRING_BYTES,
  STRING_LENGTH,
  VALUE_BYTES,
  VALUE_TYPE,
} from './layout.js'
import { LUA_REGISTRYINDEX, LUA_TSTRING, type LuaApi, type LuaExports, type LuaFunction } from './lua-api.js'
import { newState } from './new-state.js'
import { addToTable, type HostFunction, type HostHook } from './thunks.js'

/** The C stack: 200 nested calls, Lua's limit, of functions with a buffer each fit into it. The module brings 64 KiB. */
const C_STACK_BYTES = 1024 * 1024
/** What begins bytecode. */
const ESCAPE = 27
const BLANK = 32
const STACK_ALIGNMENT = 16
const PAGE_BYTES = 64 * 1024
/** Memory grows by a quarter at least: each time all views of it are made anew. */
const GROWTH = 1.25
const FIRST_SCRATCH_BYTES = 4096

function panic(): never {
  throw new LuaPanic()
}

export class LuaVm {
  readonly api: LuaApi
  /** The main thread of the state. No script runs in it, so that there is always one that has not failed. */
  readonly state: number
  /** Views of the memory: made anew when it grows. */
  bytes: Buffer
  words: Int32Array
  shorts: Uint16Array
  doubles: Float64Array
  /** More than this it may not take; may be changed. */
  limitBytes: number
  private readonly texts = new Map<string, number>()
  private scratch = 0
  private scratchBytes = 0

  /** @throws {LuaPanic} when `limitBytes` is too little. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
    const instance = new WebAssembly.Instance(
      wasmFiles().lua,
      luaImports(() => this),
    )
    const exports = instance.exports as unknown as LuaExports
    const table = exports.__indirect_function_table
    // The table itself is slow to ask.
    const functions: LuaFunction[] = []
    const functionAt = (index: number) => (functions[index] ??= table.get(index) as LuaFunction)
    this.api = { ...exports, functionAt }
    const { buffer } = exports.memory
    this.bytes = Buffer.from(buffer)
    this.words = new Int32Array(buffer)
    this.shorts = new Uint16Array(buffer)
    this.doubles = new Float64Array(buffer)
    exports.__wasm_call_ctors()
    // Compiled code takes for granted that it is aligned.
    exports.stackRestore((this.allocate(C_STACK_BYTES) + C_STACK_BYTES) & -STACK_ALIGNMENT)
    this.state = newState(exports, panic)
    if (this.state === 0) panic()
  }

  get memoryBytes(): number {
    return this.bytes.length
  }

  growTo(bytes: number): boolean {
    const { memory } = this.api
    const present = this.bytes.length
    if (bytes > this.limitBytes) return false
    const wanted = Math.min(this.limitBytes, Math.max(bytes, present * GROWTH))
    try {
      memory.grow(Math.ceil((wanted - present) / PAGE_BYTES))
    } catch {
      return false
    }
    const { buffer } = memory
    this.bytes = Buffer.from(buffer)
    this.words = new Int32Array(buffer)
    this.shorts = new Uint16Array(buffer)
    this.doubles = new Float64Array(buffer)
    return true
  }

  private allocate(bytes: number): number {
    const address = this.api.malloc(bytes)
    if (address === 0) panic()
    return address
  }

  /** Address of a text with a NUL behind it, which stays: for names. */
  text(value: string): number {
    let address = this.texts.get(value)
    if (address === undefined) {
      address = this.allocate(value.length + 1)
      this.bytes.write(`${value}\0`, address, 'latin1')
      this.texts.set(value, address)
    }
    return address
  }

  /** Memory that whoever asks next gets as well. 0: there is none. */
  takeScratch(bytes: number): number {
    if (bytes > this.scratchBytes || this.scratch === 0) {
      const size = Math.max(FIRST_SCRATCH_BYTES, bytes)
      this.api.free(this.scratch)
      this.scratch = this.api.malloc(size)
      this.scratchBytes = this.scratch === 0 ? 0 : size
    }
    return this.scratch
  }

  /** Gives back scratch memory beyond what is always kept. */
  trimScratch(): void {
    if (this.scratchBytes <= PAGE_BYTES) return
    this.api.free(this.scratch)
    this.scratch = 0
    this.scratchBytes = 0
  }

  // The stack of a thread

  /** How many arguments the running function has. */
  argumentCount(state: number): number {
    const { words } = this
    return (words[(state + STATE_TOP) >> 2] - words[(state + STATE_BASE) >> 2]) / VALUE_BYTES
  }

  /** Address of argument `index`, from 1 on. */
  argument(state: number, index: number): number {
    return this.words[(state + STATE_BASE) >> 2] + (index - 1) * VALUE_BYTES
  }

  /** Takes values away, so that `count` stay: what lua_settop() does, without a call. */
  cutTo(state: number, count: number): void {
    const { words } = this
    words[(state + STATE_TOP) >> 2] = words[(state + STATE_BASE) >> 2] + count * VALUE_BYTES
  }

  /** Takes the value at the top away. */
  pop(state: number): void {
    this.words[(state + STATE_TOP) >> 2] -= VALUE_BYTES
  }

  /** Address of the value at the top. */
  top(state: number): number {
    return this.words[(state + STATE_TOP) >> 2] - VALUE_BYTES
  }

  /** Whether the running function is the one that the thread has been begun with. */
  isOutermost(state: number): boolean {
    const { words } = this
    return words[(state + STATE_FRAME) >> 2] - words[(state + STATE_FIRST_FRAME) >> 2] === FRAME_BYTES
  }

  /** Makes the table at an address the globals of a thread. Threads are always looked at anew when garbage is collected. */
  setGlobalsOf(state: number, table: number): void {
    this.words[(state + STATE_GLOBALS) >> 2] = table
  }

  typeAt(value: number): number {
    return this.words[(value + VALUE_TYPE) >> 2]
  }

  numberAt(value: number): number {
    return this.doubles[value >> 3]
  }

  /** The object that a value is: a string, a table. */
  objectAt(value: number): number {
    return this.words[value >> 2]
  }

  /** A string object's bytes: where they begin, and how many. */
  stringStart(object: number): number {
    return object + STRING_BYTES
  }

  stringLength(object: number): number {
    return this.words[(object + STRING_LENGTH) >> 2]
  }

  /** The string at an index of the stack, one character a byte; null for what is neither string nor number, which becomes one. */
  stringOf(state: number, index: number): string | null {
    const { api } = this
    const start = api.lua_tolstring(state, index, 0)
    if (start === 0) return null
    return this.latin1At(start - STRING_BYTES)
  }

  private latin1At(object: number): string {
    const start = this.stringStart(object)
    return latin1(this.bytes, start, start + this.stringLength(object))
  }

  /** The text at an address, up to its NUL. */
  cString(address: number): string {
    return latin1(this.bytes, address, this.bytes.indexOf(0, address))
  }

  /** The string at the top, which has to be one. */
  topString(state: number): string {
    const value = this.top(state)
    return this.typeAt(value) === LUA_TSTRING ? this.latin1At(this.objectAt(value)) : ''
  }

  pushText(state: number, value: string): void {
    const address = this.takeScratch(value.length)
    const bytes = address === 0 ? 0 : this.bytes.write(value, address, 'latin1')
    if (bytes !== value.length) this.raiseOutOfMemory(state)
    this.api.lua_pushlstring(state, address, bytes)
  }

  /** Raises what Lua itself would: its next allocation of so much fails, too. */
  raiseOutOfMemory(state: number): never {
    const { api } = this
    api.lua_pushlstring(state, this.text('not enough memory'), 17)
    api.lua_error(state)
    throw new Error('lua_error returned')
  }

  // Tables

  /** Sets a field of the table at the top to what `push` pushes. */
  setField(state: number, name: string, push: () => void): void {
    push()
    this.api.lua_setfield(state, -2, this.text(name))
  }

  /** Takes the value from the top of the stack into the registry. */
  keep(state: number): number {
    return this.api.luaL_ref(state, LUA_REGISTRYINDEX)
  }

  pushKept(state: number, reference: number): void {
    this.api.lua_rawgeti(state, LUA_REGISTRYINDEX, reference)
  }

  forget(reference: number): void {
    this.api.luaL_unref(this.state, LUA_REGISTRYINDEX, reference)
  }

  // Functions

  /** Makes functions of the host callable for Lua; returns their index in the table. */
  add(functions: readonly HostFunction[], hooks: readonly HostHook[] = []): number {
    return addToTable(this.api.__indirect_function_table, functions, hooks)
  }

  /** Compiles source, which is never bytecode, and pushes the function, or with false the error. */
  load(state: number, source: Buffer, name: string): boolean {
    // Bytecode, which could do anything to the VM, is none behind a blank: the compiler says what it says of such a byte.
    const blanks = source[0] === ESCAPE ? 1 : 0
    const length = blanks + source.length
    const address = this.takeScratch(length + name.length + 1)
    if (address === 0) this.raiseOutOfMemory(state)
    this.bytes[address] = BLANK
    source.copy(this.bytes, address + blanks)
    // Scripts give names of their own, which are not to stay.
    this.bytes.write(`${name}\0`, address + length, 'latin1')
    return this.api.luaL_loadbuffer(state, address, length, address + length) === 0
  }

  /** Raises an error with the position of the function that called the running one, as luaL_error() does. */
  raise(state: number, text: string): never {
    const { api } = this
    api.luaL_where(state, 1)
    const where = this.stringOf(state, -1) ?? ''
    this.pushText(state, where + text)
    api.lua_error(state)
    throw new Error('lua_error returned')
  }
}
