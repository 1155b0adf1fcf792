/**
 * A set of libraries: those in service, those of a file that is being loaded, those of a payload. A name belongs to one library, and
 * a function's name to one function of all of them, in whatever case. What fails leaves a set as it was.
 */
import type { ScriptEngine } from '../engine.js'
import { readHeader } from './header.js'
import { FunctionLibrary, type LibraryFunction } from './library.js'
import { BAD_NAME, isName } from './names.js'

/** The one engine that there is, as replies name it; libraries write it in any case. */
export const ENGINE_NAME = 'LUA'

export class FunctionLibraries {
  private readonly engine: ScriptEngine
  private libraries = new Map<string, FunctionLibrary>()
  /** By name, in lower case. */
  private functions = new Map<string, LibraryFunction>()
  private bytes = 0

  constructor(engine: ScriptEngine) {
    this.engine = engine
  }

  get all(): Iterable<FunctionLibrary> {
    return this.libraries.values()
  }

  get count(): number {
    return this.libraries.size
  }

  get functionCount(): number {
    return this.functions.size
  }

  get memoryBytes(): number {
    return this.bytes
  }

  /** The code of each library, in Buffers that stay as they are. */
  codes(): Buffer[] {
    return [...this.libraries.values()].map(({ code }) => code)
  }

  /** A function by its name in lower case. */
  find(name: string): LibraryFunction | undefined {
    return this.functions.get(name)
  }

  /** An empty set whose libraries live in the same VM: they may come to this one, by join() or adopt(). */
  another(): FunctionLibraries {
    return new FunctionLibraries(this.engine)
  }

  /**
   * Adds a library. Returns it, or what is wrong with it.
   *
   * @param code is kept.
   * @param replace whether it takes the place of a library of its name.
   * @param timeoutMs how long its code may run; 0: as long as it takes.
   */
  add(code: Buffer, replace: boolean, timeoutMs: number): FunctionLibrary | string {
    const header = readHeader(code)
    if (typeof header === 'string') return header
    if (!isName(header.name)) return BAD_NAME
    if (header.engine.toUpperCase() !== ENGINE_NAME) return `Engine '${header.engine}' not found`
    const old = this.libraries.get(header.name)
    if (old !== undefined && !replace) return `Library '${header.name}' already exists`
    const library = new FunctionLibrary(header, code)
    const problem = library.load(this.engine, timeoutMs) ?? this.objection(library, old === undefined ? [] : [old])
    if (problem !== null) {
      library.drop(this.engine)
      return problem
    }
    if (old !== undefined) this.remove(old)
    this.link(library)
    return library
  }

  /** Adds a library of a file, or of a payload: as add(), without any hurry. Returns what is wrong with it, or null. */
  load(code: Buffer, replace = false): string | null {
    const added = this.add(code, replace, 0)
    return typeof added === 'string' ? added : null
  }

  /** Why a library cannot be added, when `leaving` go. */
  private objection(library: FunctionLibrary, leaving: readonly FunctionLibrary[]): string | null {
    if (library.functions.size === 0) return 'No functions registered'
    return this.collision(library, leaving)
  }

  private collision({ functions }: FunctionLibrary, leaving: readonly FunctionLibrary[]): string | null {
    for (const name of functions.keys()) {
      const other = this.functions.get(name.toLowerCase())
      if (other !== undefined && !leaving.includes(other.library)) return `Function ${name} already exists`
    }
    return null
  }

  /** Removes a library by its name. False: there is none. */
  delete(name: string): boolean {
    const library = this.libraries.get(name)
    if (library === undefined) return false
    this.remove(library)
    return true
  }

  clear(): void {
    for (const library of this.libraries.values()) library.drop(this.engine)
    this.libraries.clear()
    this.functions.clear()
    this.bytes = 0
  }

  /** Takes all libraries of another set, which is of no use afterwards; `replace` as in add(). Returns why not, or null. */
  join(other: FunctionLibraries, replace: boolean): string | null {
    const leaving: FunctionLibrary[] = []
    for (const name of other.libraries.keys()) {
      const old = this.libraries.get(name)
      if (old === undefined) continue
      if (!replace) return `Library ${name} already exists`
      leaving.push(old)
    }
    for (const library of other.libraries.values()) {
      const collision = this.collision(library, leaving)
      if (collision !== null) return collision
    }
    for (const library of leaving) this.remove(library)
    for (const library of other.libraries.values()) this.link(library)
    return null
  }

  /** Gives up its own libraries for those of another set, which is of no use afterwards. */
  adopt(other: FunctionLibraries): void {
    this.clear()
    this.libraries = other.libraries
    this.functions = other.functions
    this.bytes = other.bytes
  }

  private link(library: FunctionLibrary): void {
    this.libraries.set(library.name, library)
    this.bytes += library.memoryBytes
    for (const each of library.functions.values()) {
      const key = each.name.toLowerCase()
      // Of two in one library that differ in case, which Redis lets pass, one is found.
      if (!this.functions.has(key)) this.functions.set(key, each)
    }
  }

  private remove(library: FunctionLibrary): void {
    this.libraries.delete(library.name)
    this.bytes -= library.memoryBytes
    for (const each of library.functions.values()) {
      const key = each.name.toLowerCase()
      if (this.functions.get(key) === each) this.functions.delete(key)
    }
    library.drop(this.engine)
  }
}
