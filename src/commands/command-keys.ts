/**
 * Which arguments of a request are keys or channels, and what the command does to them: for ACL, client-side caching and
 * COMMAND GETKEYS. Source of behaviour: getKeysFromCommandWithSpecs and getChannelsFromCommand in Redis's db.c.
 */
import type { Request } from '../resp/request.js'
import type { Command } from './command.js'
import type { KeyArguments } from './key-arguments.js'
import { KEY_INCOMPLETE, type KeySpec } from './spec.js'

/**
 * Puts the keys of a request whose command's name is argument `from` (0 but for a request inside another) into `found`, in
 * the order of the key specs. None when the arguments make no sense: the command itself will say so. The number of
 * arguments must fit the command's arity. Allocates only when there are more keys than ever before.
 */
export function keyArguments(command: Command, args: Request, from: number, found: KeyArguments): void {
  found.clear()
  if (!command.hasKeys) return
  if (!command.keyFlagsVary && command.keys.length > 0 && findBySpecs(command.keys, args, from, found)) return
  found.clear()
  if (command.findKeys !== null) command.findKeys(args, from, found)
}

/** Puts the channels of a request (PUBLISH, SUBSCRIBE and the like) into `found`, with the CHANNEL_ flags of spec.ts. */
export function channelArguments(command: Command, args: Request, from: number, found: KeyArguments): void {
  found.clear()
  const { channels } = command.spec
  if (channels === undefined) return
  const first = from + channels.index
  const end = channels.all ? args.argc : Math.min(first + 1, args.argc)
  for (let index = first; index < end; index++) found.add(index, channels.flags)
}

/** False when a spec does not fit the arguments or does not tell all keys. */
function findBySpecs(specs: readonly KeySpec[], args: Request, from: number, found: KeyArguments): boolean {
  for (let i = 0; i < specs.length; i++) {
    const { begin, find, flags } = specs[i]
    let first: number
    if (begin.type === 'index') first = from + begin.index
    else if (begin.type === 'keyword') first = behindKeyword(args, from, begin.keyword, begin.startFrom)
    else return false
    // A keyword that is not there is an option that was not given.
    if (first < 0) continue
    let last: number
    if (find.type === 'range') {
      if (find.last >= 0) last = first + find.last
      else if (find.limit === 0) last = args.argc + find.last
      else last = first + Math.trunc((args.argc - first) / find.limit) + find.last
    } else if (find.type === 'keynum') {
      const at = first + find.numIndex
      const count = at < args.argc ? args.safeInteger(at) : Number.NaN
      if (!(count >= 0)) return false
      first += find.first
      last = first + (count - 1) * find.step
    } else return false
    if (last >= args.argc || last < first) return false
    const step = find.step
    for (let index = first; index <= last; index += step) found.add(index, flags)
    if ((flags & KEY_INCOMPLETE) !== 0) return false
  }
  return true
}

/** The argument behind a keyword, or -1. As in Redis neither argument 1 nor the last one is taken for it. */
function behindKeyword(args: Request, from: number, keyword: string, startFrom: number): number {
  if (startFrom > 0) {
    for (let i = from + startFrom; i < args.argc - 1; i++) if (args.is(i, keyword)) return i + 1
  } else {
    for (let i = args.argc + startFrom; i > from + 1; i--) if (args.is(i, keyword)) return i + 1
  }
  return -1
}
