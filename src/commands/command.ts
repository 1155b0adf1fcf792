/** A command of the running server: its spec, its full name and its counters. */
import type { RenameStatement } from '../config/config.js'
import type { LatencyHistogram } from '../observe/latency-histogram.js'
import type { CommandContext } from './context.js'
import { speaksHttp } from './cross-protocol.js'
import { hasMovableKeys } from './legacy-range.js'
import {
  type CommandSpec,
  KEY_NOT_KEY,
  KEY_VARIABLE_FLAGS,
  type KeyFinder,
  type KeySpec,
  MAY_REPLICATE,
  MOVABLE_KEYS,
  WRITE,
} from './spec.js'

export class Command {
  readonly spec: CommandSpec
  /** As INFO commandstats and errors name it: "client|getname" for a subcommand. */
  readonly fullName: string
  readonly arity: number
  readonly flags: number
  readonly run: (ctx: CommandContext) => void
  readonly subcommands: Map<string, Command> | null
  /** Whether what it does may have to reach replicas. */
  readonly mayPropagate: boolean
  /** Specs of arguments that are keys indeed, and the function to ask where these do not tell; see command-keys.ts. */
  readonly keys: readonly KeySpec[]
  readonly findKeys: KeyFinder | null
  /** Whether it may have keys at all (doesCommandHaveKeys in Redis's db.c). */
  readonly hasKeys: boolean
  /** The argument that is its first key, where that is always the same one; else 0. */
  readonly firstKey: number
  /** The argument that is the first element it looks up in that key's value; else 0. */
  readonly firstElement: number
  /** The specs do not tell what is done to a key: `findKeys` is always asked. */
  readonly keyFlagsVary: boolean
  /** Number in the table, subcommands counted too: its bit in the sets of ACL users. */
  id = -1

  calls = 0
  milliseconds = 0
  /** How long the call took that was timed last of those which scripts make, while it is brief (server/clock-run.ts). */
  sampleMs = 0
  rejectedCalls = 0
  failedCalls = 0
  /** Times of its calls, from the first one on that was made with latency-tracking. */
  latency: LatencyHistogram | null = null

  constructor(spec: CommandSpec, parent: string | null) {
    this.spec = spec
    this.fullName = parent === null ? spec.name : `${parent}|${spec.name}`
    this.arity = spec.arity
    const specs = spec.keys ?? []
    this.flags = hasMovableKeys(specs) ? spec.flags | MOVABLE_KEYS : spec.flags
    this.keys = specs.filter(({ flags }) => (flags & KEY_NOT_KEY) === 0)
    this.findKeys = spec.findKeys ?? null
    this.hasKeys = this.keys.length > 0 || this.findKeys !== null
    const begin = this.keys[0]?.begin
    this.firstKey = begin?.type === 'index' ? begin.index : 0
    this.firstElement = spec.element ?? 0
    this.keyFlagsVary = specs.some(({ flags }) => (flags & KEY_VARIABLE_FLAGS) !== 0)
    this.run = spec.run
    this.mayPropagate = (spec.flags & (WRITE | MAY_REPLICATE)) !== 0
    this.subcommands =
      spec.subcommands === undefined
        ? null
        : new Map(spec.subcommands.map(sub => [sub.name, new Command(sub, spec.name)]))
  }
}

const TABLE_SLOTS = 1024

/**
 * Finds commands by the bytes of their names, in any case. `rename-command` gives them other names to be called by, or takes
 * them away; their own names stay for ACL rules, statistics and documentation.
 */
export class CommandTable {
  /** Every command there is, also those that cannot be called. */
  readonly originals: readonly Command[]
  /** Those that can be called. */
  readonly all: readonly Command[]
  /** Number of commands and subcommands. */
  readonly size: number
  private readonly byOriginalName = new Map<string, Command>()
  private readonly byName: Map<string, Command>
  private readonly slots: (Command | null)[] = new Array<Command | null>(TABLE_SLOTS).fill(null)
  /** What the command in each slot is called by. */
  private readonly slotNames: Buffer[] = new Array<Buffer>(TABLE_SLOTS).fill(Buffer.alloc(0))

  /** Throws the refusal of a `rename-command` line that makes no sense. */
  constructor(specs: readonly CommandSpec[], renames: readonly RenameStatement[] = []) {
    this.originals = specs.map(spec => new Command(spec, null))
    let id = 0
    for (const command of this.originals) {
      if (this.byOriginalName.has(command.fullName)) throw new Error(`command ${command.fullName} is there twice`)
      this.byOriginalName.set(command.fullName, command)
      command.id = id++
      for (const subcommand of command.subcommands?.values() ?? []) subcommand.id = id++
    }
    this.size = id
    this.byName = new Map(this.byOriginalName)
    for (const statement of renames) this.rename(statement)
    const callable = new Set(this.byName.values())
    this.all = this.originals.filter(command => callable.has(command))
    for (const [name, command] of this.byName) this.addSlot(Buffer.from(name, 'latin1'), command)
  }

  private rename({ command, name, refusal }: RenameStatement): void {
    const found = this.byName.get(command.toLowerCase())
    if (found === undefined) throw refusal('No such command in rename-command')
    this.byName.delete(command.toLowerCase())
    if (name === '') return
    const newName = name.toLowerCase()
    if (this.byName.has(newName)) throw refusal('Target command name already exists')
    this.byName.set(newName, found)
  }

  private addSlot(name: Buffer, command: Command): void {
    // Renamed to what gives HTTP away, it is there and cannot be called.
    if (speaksHttp(name, 0, name.length)) return
    let slot = hashName(name, 0, name.length)
    while (this.slots[slot] !== null) slot = (slot + 1) & (TABLE_SLOTS - 1)
    this.slots[slot] = command
    this.slotNames[slot] = name
  }

  /** The command called by bytes[start, end), or null. O(1), no allocation. */
  find(bytes: Uint8Array, start: number, end: number): Command | null {
    const length = end - start
    let slot = hashName(bytes, start, end)
    for (;;) {
      const command = this.slots[slot]
      if (command === null) return null
      const name = this.slotNames[slot]
      if (name.length === length) {
        let i = 0
        while (i < length && lowerCase(bytes[start + i]) === name[i]) i++
        if (i === length) return command
      }
      slot = (slot + 1) & (TABLE_SLOTS - 1)
    }
  }

  /** What is called by this name, or the subcommand ("config|get") of what is called so, in any case; or null. */
  byFullName(name: string): Command | null {
    return lookUp(this.byName, name)
  }

  /** The same by its own name, whatever it is called by now. */
  byOriginalFullName(name: string): Command | null {
    return lookUp(this.byOriginalName, name)
  }
}

function lookUp(commands: ReadonlyMap<string, Command>, fullName: string): Command | null {
  const [name, subcommand, ...more] = fullName.toLowerCase().split('|')
  const command = commands.get(name)
  if (command === undefined || more.length > 0) return null
  return subcommand === undefined ? command : (command.subcommands?.get(subcommand) ?? null)
}

function lowerCase(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte
}

function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let i = start; i < end; i++) hash = (hash * 31 + (bytes[i] | 32)) | 0
  return (hash ^ (hash >>> 10)) & (TABLE_SLOTS - 1)
}
