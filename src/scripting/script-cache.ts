/** The scripts that are known, by their SHA1: what EVAL and SCRIPT LOAD have brought, until SCRIPT FLUSH. */
import type { ScriptEngine } from './engine.js'
import { readShebang } from './shebang.js'

/** Memory that an entry takes beside the script's text, about, in bytes. */
const ENTRY_BYTES = 200

export class CachedScript {
  readonly sha: string
  readonly body: Buffer
  readonly flags: number
  /** Where the VM keeps the function, and which VM that was (ScriptEngine.generation). */
  reference = 0
  generation = -1
  private readonly codeFrom: number

  constructor(sha: string, body: Buffer, flags: number, codeFrom: number) {
    this.sha = sha
    this.body = body
    this.flags = flags
    this.codeFrom = codeFrom
  }

  get code(): Buffer {
    return this.body.subarray(this.codeFrom)
  }
}

export class ScriptCache {
  private readonly scripts = new Map<string, CachedScript>()
  private readonly engine: ScriptEngine
  private bodyBytes = 0

  constructor(engine: ScriptEngine) {
    this.engine = engine
  }

  get count(): number {
    return this.scripts.size
  }

  get memoryBytes(): number {
    return this.bodyBytes + this.scripts.size * ENTRY_BYTES
  }

  /** By its SHA1 in lower case. */
  find(sha: string): CachedScript | undefined {
    return this.scripts.get(sha)
  }

  /** Adds a script, if it compiles; else says why not, as an error's text. `body` is kept. */
  add(sha: string, body: Buffer): CachedScript | string {
    const shebang = readShebang(body)
    if (typeof shebang === 'string') return `ERR ${shebang}`
    const script = new CachedScript(sha, body, shebang.flags, shebang.codeFrom)
    const problem = this.compile(script)
    if (problem !== null) return problem
    this.scripts.set(sha, script)
    this.bodyBytes += body.length
    return script
  }

  /** Sees to it that the present VM has the function. Returns an error's text, or null. */
  compile(script: CachedScript): string | null {
    const { engine } = this
    if (script.generation === engine.generation) return null
    const reference = engine.compile(script.code, '@user_script')
    if (typeof reference === 'string') return `ERR Error compiling script (new function): ${reference}`
    script.reference = reference
    script.generation = engine.generation
    return null
  }

  /** Forgets all of them, and all that they have left in the VM. */
  flush(): void {
    this.scripts.clear()
    this.bodyBytes = 0
    this.engine.reset()
  }
}
