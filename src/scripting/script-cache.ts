/** The scripts that are known, by their SHA1: what EVAL and SCRIPT LOAD have brought, until SCRIPT FLUSH. */
import { createHash } from 'node:crypto'
import type { Request } from '../resp/request.js'
import type { ScriptEngine } from './engine.js'
import { readShebang } from './shebang.js'

/** Memory that an entry takes beside the script's text, about, in bytes. */
const ENTRY_BYTES = 200
export const SHA_LENGTH = 40
/** Scripts that are found by the bytes of their SHA1: a string of it would cost more than all the rest of a short EVALSHA's way. */
const RECENT = 1024

export class CachedScript {
  readonly sha: string
  readonly body: Buffer
  readonly flags: number
  /** Where the VM keeps the function, and which VM that was (ScriptEngine.generation). */
  reference = 0
  generation = -1
  private readonly codeFrom: number
  private readonly shaBytes: Buffer

  constructor(sha: string, body: Buffer, flags: number, codeFrom: number) {
    this.sha = sha
    this.body = body
    this.flags = flags
    this.codeFrom = codeFrom
    this.shaBytes = Buffer.from(sha, 'latin1')
  }

  /** Whether its SHA1 in lower case is what begins at a position. */
  hasSha(bytes: Buffer, start: number): boolean {
    const { shaBytes } = this
    for (let i = 0; i < SHA_LENGTH; i++) if (bytes[start + i] !== shaBytes[i]) return false
    return true
  }

  get code(): Buffer {
    return this.body.subarray(this.codeFrom)
  }
}

export class ScriptCache {
  private readonly scripts = new Map<string, CachedScript>()
  private readonly recent = new Array<CachedScript | null>(RECENT).fill(null)
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

  /** By its SHA1 in either case, which is an argument. */
  findByArgument(args: Request, index: number): CachedScript | undefined {
    if (args.length(index) !== SHA_LENGTH) return undefined
    const { buffer } = args
    const start = args.starts[index]
    const slot = ((buffer[start] << 6) ^ (buffer[start + 1] << 3) ^ buffer[start + 2]) % RECENT
    const recent = this.recent[slot]
    if (recent?.hasSha(buffer, start) === true) return recent
    const script = this.scripts.get(args.lower(index))
    if (script !== undefined) this.recent[slot] = script
    return script
  }

  findByBody(body: Buffer): CachedScript | undefined {
    return this.scripts.get(shaOf(body))
  }

  /** The script with this body, which is added, as a copy, if it is not known and compiles; else why it does not, as an error's text. */
  findOrAdd(body: Buffer): CachedScript | string {
    const sha = shaOf(body)
    return this.scripts.get(sha) ?? this.add(sha, Buffer.from(body))
  }

  private add(sha: string, body: Buffer): CachedScript | string {
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
    this.recent.fill(null)
    this.bodyBytes = 0
    this.engine.reset()
  }
}

function shaOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('hex')
}
