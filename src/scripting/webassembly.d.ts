// What this project uses of Node's WebAssembly global: the types of Node 20 do not declare it, and the DOM's bring a browser.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
    static imports(module: Module): { module: string; name: string; kind: ExternalKind }[]
    static exports(module: Module): { name: string; kind: ExternalKind }[]
  }

  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }

  class Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }

  class Table {
    readonly length: number
    get(index: number): unknown
    set(index: number, value: unknown): void
    grow(delta: number): number
  }

  class RuntimeError extends Error {}

  type ExternalKind = 'function' | 'table' | 'memory' | 'global'
}
