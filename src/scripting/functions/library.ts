/** A library: its code, and the functions that the code registers. */
import type { ScriptEngine } from '../engine.js'
import type { LibraryLoading } from '../script-host.js'
import type { LibraryHeader } from './header.js'
import { BAD_NAME, isName } from './names.js'

/** Memory that a library and a function take beside their texts, about, in bytes. */
const LIBRARY_BYTES = 300
const FUNCTION_BYTES = 200

export interface LibraryFunction {
  readonly library: FunctionLibrary
  readonly name: string
  readonly description: string | null
  /** Of script-run.ts. */
  readonly flags: number
}

export class FunctionLibrary {
  readonly name: string
  /** All of it, the first line too. */
  readonly code: Buffer
  functions: ReadonlyMap<string, LibraryFunction> = new Map()
  private readonly codeFrom: number
  /** Where the VM keeps each function, and which VM that was (ScriptEngine.generation). */
  private references: ReadonlyMap<string, number> = new Map()
  private generation = -1

  constructor({ codeFrom, name }: LibraryHeader, code: Buffer) {
    this.name = name
    this.code = code
    this.codeFrom = codeFrom
  }

  /** Always the same, once it is loaded. O(functions). */
  get memoryBytes(): number {
    let bytes = LIBRARY_BYTES + this.name.length + this.code.length
    for (const { description, name } of this.functions.values()) {
      bytes += FUNCTION_BYTES + name.length + (description?.length ?? 0)
    }
    return bytes
  }

  /** Runs the code, for at most `timeoutMs` (0: as long as it takes). Returns what is wrong with it, or null. */
  load(engine: ScriptEngine, timeoutMs: number): string | null {
    const registered = this.register(engine, timeoutMs)
    if (typeof registered === 'string') return registered
    this.functions = registered.functions
    return null
  }

  private register(engine: ScriptEngine, timeoutMs: number): Registered | string {
    const registered = new Registered(this)
    const problem = engine.loadLibrary(this.code.subarray(this.codeFrom), timeoutMs, registered)
    if (problem !== null) {
      for (const reference of registered.references.values()) engine.forget(reference)
      return problem
    }
    this.references = registered.references
    this.generation = engine.generation
    return registered
  }

  /**
   * Where the VM keeps a function of this library. One that has been made since knows none of them: the code runs again. Returns what
   * is wrong with it where that fails, for want of memory.
   */
  referenceOf({ name }: LibraryFunction, engine: ScriptEngine): number | string {
    if (this.generation !== engine.generation) {
      const registered = this.register(engine, 0)
      if (typeof registered === 'string') return registered
    }
    return this.references.get(name) ?? 'Function not found'
  }

  /** It is of no use any more. */
  drop(engine: ScriptEngine): void {
    if (this.generation !== engine.generation) return
    for (const reference of this.references.values()) engine.forget(reference)
    this.generation = -1
  }
}

/** What the code of a library registers when it runs. */
class Registered implements LibraryLoading {
  readonly functions = new Map<string, LibraryFunction>()
  readonly references = new Map<string, number>()
  private readonly library: FunctionLibrary

  constructor(library: FunctionLibrary) {
    this.library = library
  }

  register(name: string, reference: number, description: string | null, flags: number): string | null {
    if (!isName(name)) return BAD_NAME
    if (this.functions.has(name)) return 'Function already exists in the library'
    this.functions.set(name, { library: this.library, name, description, flags })
    this.references.set(name, reference)
    return null
  }
}
