/** Which arguments of a request are keys, from the command's key specs (getKeysFromCommandWithSpecs in Redis's db.c). */
import type { Request } from '../resp/request.js'
import type { Command } from './command.js'
import type { KeySpec } from './spec.js'

/** A key argument and what the command does to it (COMMAND INFO's flags of a key spec). */
export interface KeyArgument {
  readonly index: number
  readonly flags: readonly string[]
}

/** The first, last and step of COMMAND INFO: one range that covers consecutive key specs. */
export interface LegacyRange {
  readonly first: number
  readonly last: number
  readonly step: number
}

const NO_RANGE: LegacyRange = { first: 0, last: 0, step: 0 }

/**
 * The keys of a request whose command's name is argument `from`, in order. Null when the arguments do not fit the specs.
 */
export function keyArguments(command: Command, args: Request, from: number): KeyArgument[] | null {
  const argc = args.argc - from
  const found: KeyArgument[] = []
  for (const spec of command.spec.keys ?? []) {
    const last = spec.last < 0 ? argc + spec.last : spec.last
    if (spec.first >= argc || last >= argc || last < spec.first) return null
    const flags = flagsOf(command, spec, args, from)
    for (let index = spec.first; index <= last; index += spec.step) found.push({ index: from + index, flags })
  }
  return found
}

/** SET reads the key only when asked to (GET): its spec's flags cover both forms. */
function flagsOf(command: Command, spec: KeySpec, args: Request, from: number): readonly string[] {
  if (!spec.flags.includes('variable_flags')) return spec.flags
  if (command.fullName !== 'set') return spec.flags.filter(flag => flag !== 'variable_flags')
  for (let i = from + 3; i < args.argc; i++) if (args.is(i, 'get')) return ['RW', 'access', 'update']
  return ['OW', 'update']
}

/** The range that COMMAND INFO shows for all key specs together (populateCommandLegacyRangeSpec in Redis's server.c). */
export function legacyRange(keys: readonly KeySpec[] | undefined): LegacyRange {
  if (keys === undefined || keys.length === 0) return NO_RANGE
  if (keys.length === 1) return keys[0]
  let first = 0
  let last = 0
  for (const spec of keys) {
    if (spec.step !== 1 || (last !== 0 && last !== spec.first - 1)) continue
    if (first === 0) first = spec.first
    last = spec.last
  }
  return first === 0 ? NO_RANGE : { first, last, step: 1 }
}
