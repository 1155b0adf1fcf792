/**
 * A set of permissions: which commands, on which keys, on which channels. A user has one of its own (the root) and any
 * number of others; a command may run when one of them allows all of it. Source of behaviour: aclSelector in Redis's acl.c.
 */
import { Glob } from '../bytes/glob.js'
import type { Request } from '../resp/request.js'
import type { AclCommand } from './catalog.js'
import { lowerCase } from './words.js'

/** What a command does with a key, or a pattern lets it do. */
export const READ_ACCESS = 1
export const WRITE_ACCESS = 2
export const ALL_ACCESS = READ_ACCESS | WRITE_ACCESS

export interface Pattern {
  readonly text: string
  readonly bytes: Buffer
  readonly glob: Glob
}

export interface KeyPattern extends Pattern {
  readonly access: number
}

/** Texts are of one character a byte. */
export class Selector {
  allKeys = false
  allChannels: boolean
  /** Nothing has been taken away since +@all: commands need not be looked up. */
  allCommands = false
  /** It began with +@all: commands that do not exist yet are allowed as well. */
  futureCommands = false
  keys: KeyPattern[] = []
  channels: Pattern[] = []
  /** What was added to and taken from "all" or "nothing", in order: `+get`, `-@string`, `+config|get`. */
  commandRules: string[] = []
  private readonly allowed: Uint8Array
  /** Commands that are only allowed with one of these words behind their name, by id. */
  private readonly firstArguments = new Map<number, string[]>()

  /** @param commands number of commands and subcommands there are. */
  constructor(commands: number, allChannels: boolean) {
    this.allowed = new Uint8Array(commands)
    this.allChannels = allChannels
  }

  copy(): Selector {
    const copy = new Selector(this.allowed.length, this.allChannels)
    copy.allKeys = this.allKeys
    copy.allCommands = this.allCommands
    copy.futureCommands = this.futureCommands
    copy.keys = [...this.keys]
    copy.channels = [...this.channels]
    copy.commandRules = [...this.commandRules]
    copy.allowed.set(this.allowed)
    for (const [id, words] of this.firstArguments) copy.firstArguments.set(id, [...words])
    return copy
  }

  /** Allows every command, those to come as well, or none. */
  setAllCommands(allow: boolean): void {
    this.allowed.fill(allow ? 1 : 0)
    this.allCommands = allow
    this.futureCommands = allow
    this.firstArguments.clear()
    this.commandRules = []
  }

  /** Allows or forbids a command, a container's subcommands with it. */
  setCommand(command: AclCommand, allow: boolean): void {
    if (!allow) this.allCommands = false
    this.allowed[command.id] = allow ? 1 : 0
    this.firstArguments.delete(command.id)
    for (const subcommand of command.subcommands?.values() ?? []) this.allowed[subcommand.id] = allow ? 1 : 0
  }

  /** Allows a command with this word, in any case, as its first argument. */
  allowFirstArgument(command: AclCommand, word: string): void {
    const words = this.firstArguments.get(command.id) ?? []
    const lower = lowerCase(word)
    if (!words.includes(lower)) this.firstArguments.set(command.id, [...words, lower])
  }

  /**
   * Remembers a rule for the user's description: `rule` is a command or a category behind + or -. Earlier rules that it makes
   * pointless go: those about the same name, and about subcommands of it.
   */
  addCommandRule(rule: string, allow: boolean): void {
    const name = lowerCase(rule)
    this.commandRules = this.commandRules.filter(old => old.slice(1) !== name && !old.startsWith(`${name}|`, 1))
    this.commandRules.push(`${allow ? '+' : '-'}${name}`)
  }

  /** Whether the command may run with the arguments behind args[from], its name. */
  mayRun(command: AclCommand, args: Request, from: number): boolean {
    if (this.allCommands || this.allowed[command.id] !== 0) return true
    const words = this.firstArguments.get(command.id)
    return words !== undefined && from + 1 < args.argc && words.includes(lowerCase(args.latin1(from + 1)))
  }

  /** Whether the key that an argument is may be used in all the ways of `access` (0: it is only named). */
  mayUseKey(args: Request, index: number, access: number): boolean {
    if (this.allKeys) return true
    for (const pattern of this.keys) {
      if ((pattern.access & access) === access && matches(pattern, args, index)) return true
    }
    return false
  }

  /** Whether there is no key that may not be used in all the ways of `access`. */
  mayUseEveryKey(access: number): boolean {
    return this.allKeys || this.keys.some(pattern => (pattern.access & access) === access && pattern.text === '*')
  }

  /** Whether the channel, or pattern of channels, that an argument is may be used. */
  mayUseChannel(args: Request, index: number, isPattern: boolean): boolean {
    if (this.allChannels) return true
    for (const pattern of this.channels) {
      if (isPattern ? equals(pattern, args, index) : matches(pattern, args, index)) return true
    }
    return false
  }
}

export function patternOf(text: string): Pattern {
  const bytes = Buffer.from(text, 'latin1')
  return { text, bytes, glob: new Glob(bytes) }
}

function matches({ glob }: Pattern, args: Request, index: number): boolean {
  return glob.matches(args.buffer, args.starts[index], args.ends[index])
}

/** A pattern is only allowed as it stands: what it matches could be more than any pattern of the user does. */
function equals({ bytes }: Pattern, args: Request, index: number): boolean {
  return bytes.compare(args.buffer, args.starts[index], args.ends[index]) === 0
}
