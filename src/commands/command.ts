/** A command of the running server: its spec, its full name and its counters. */
import type { LatencyHistogram } from '../observe/latency-histogram.js'
import type { CommandContext } from './context.js'
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
  readonly nameBytes: Buffer
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
  /** The specs do not tell what is done to a key: `findKeys` is always asked. */
  readonly keyFlagsVary: boolean
  /** Number in the table, subcommands counted too: its bit in the sets of ACL users. */
  id = -1

  calls = 0
  milliseconds = 0
  rejectedCalls = 0
  failedCalls = 0
  /** Times of its calls, from the first one on that was made with latency-tracking. */
  latency: LatencyHistogram | null = null

  constructor(spec: CommandSpec, parent: string | null) {
    this.spec = spec
    this.fullName = parent === null ? spec.name : `${parent}|${spec.name}`
    this.nameBytes = Buffer.from(spec.name, 'latin1')
    this.arity = spec.arity
    const specs = spec.keys ?? []
    this.flags = hasMovableKeys(specs) ? spec.flags | MOVABLE_KEYS : spec.flags
    this.keys = specs.filter(({ flags }) => (flags & KEY_NOT_KEY) === 0)
    this.findKeys = spec.findKeys ?? null
    this.hasKeys = this.keys.length > 0 || this.findKeys !== null
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

/** Finds commands by the bytes of their names, in any case. */
export class CommandTable {
  readonly all: readonly Command[]
  /** Number of commands and subcommands. */
  readonly size: number
  private readonly byName = new Map<string, Command>()
  private readonly slots: (Command | null)[] = new Array<Command | null>(TABLE_SLOTS).fill(null)

  constructor(specs: readonly CommandSpec[]) {
    this.all = specs.map(spec => new Command(spec, null))
    for (const command of this.all) {
      if (this.byName.has(command.fullName)) throw new Error(`command ${command.fullName} is in the table twice`)
      this.byName.set(command.fullName, command)
      let slot = hashName(command.nameBytes, 0, command.nameBytes.length)
      while (this.slots[slot] !== null) slot = (slot + 1) & (TABLE_SLOTS - 1)
      this.slots[slot] = command
    }
    let id = 0
    for (const command of this.all) {
      command.id = id++
      for (const subcommand of command.subcommands?.values() ?? []) subcommand.id = id++
    }
    this.size = id
  }

  /** The command named by bytes[start, end), or null. O(1), no allocation. */
  find(bytes: Uint8Array, start: number, end: number): Command | null {
    const length = end - start
    let slot = hashName(bytes, start, end)
    for (;;) {
      const command = this.slots[slot]
      if (command === null) return null
      const name = command.nameBytes
      if (name.length === length) {
        let i = 0
        while (i < length && lowerCase(bytes[start + i]) === name[i]) i++
        if (i === length) return command
      }
      slot = (slot + 1) & (TABLE_SLOTS - 1)
    }
  }

  /** The command or subcommand ("config|get") of this name in any case, or null. */
  byFullName(name: string): Command | null {
    const [command = '', subcommand, ...more] = name.toLowerCase().split('|')
    const found = this.byName.get(command) ?? null
    if (more.length > 0) return null
    if (subcommand === undefined) return found
    return found?.subcommands?.get(subcommand) ?? null
  }
}

function lowerCase(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte
}

function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let i = start; i < end; i++) hash = (hash * 31 + (bytes[i] | 32)) | 0
  return (hash ^ (hash >>> 10)) & (TABLE_SLOTS - 1)
}
