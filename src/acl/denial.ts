/** Whether a user may do what a request asks for, and if not, what stands against it. Source: ACLCheckAllUserCommandPerm in acl.c. */
import type { Request } from '../resp/request.js'
import type { AclCommand } from './catalog.js'
import type { Selector } from './selector.js'
import type { User } from './user.js'

/** A request, as permissions look at it. Keys and channels are numbered from 0, and not looked for unless asked about. */
export interface Call {
  readonly command: AclCommand
  /** Everyone may run the command: AUTH and what else comes before it. */
  readonly isForEveryone: boolean
  readonly args: Request
  /** The argument that is the command's name. */
  readonly from: number
  keyCount(): number
  /** The argument that a key is. */
  keyIndex(key: number): number
  /** What is done with it: READ_ACCESS, WRITE_ACCESS, both, or 0 when it is only named. */
  keyAccess(key: number): number
  /** Channels that the request publishes or subscribes to. */
  channelCount(): number
  channelIndex(channel: number): number
  channelIsPattern(channel: number): boolean
}

export interface Denial {
  readonly reason: 'command' | 'key' | 'channel'
  /** The argument that is denied. */
  readonly index: number
}

const RANKS = { command: 0, key: 1, channel: 2 }

/**
 * Null when one of the user's selectors allows the whole call; nothing is allocated then. Otherwise what the selector that
 * came furthest denies: a command only when none of them allows it.
 */
export function denialOf(user: User, call: Call): Denial | null {
  let worst: Denial | null = null
  for (const selector of user.selectors) {
    const denial = deniedBy(selector, call)
    if (denial === null) return null
    if (worst === null || outranks(denial, worst)) worst = denial
  }
  return worst
}

/** Whether a selector that allows the call allows the use of any other key too, in all the ways of `access`. */
export function mayUseEveryKey(user: User, call: Call, access: number): boolean {
  return user.selectors.some(selector => selector.mayUseEveryKey(access) && deniedBy(selector, call) === null)
}

function outranks(a: Denial, b: Denial): boolean {
  return a.reason === b.reason ? a.index > b.index : RANKS[a.reason] > RANKS[b.reason]
}

function deniedBy(selector: Selector, call: Call): Denial | null {
  const { args, command, from } = call
  if (!call.isForEveryone && !selector.mayRun(command, args, from)) return { reason: 'command', index: from }
  if (!selector.allKeys) {
    const count = call.keyCount()
    for (let key = 0; key < count; key++) {
      const index = call.keyIndex(key)
      if (!selector.mayUseKey(args, index, call.keyAccess(key))) return { reason: 'key', index }
    }
  }
  if (!selector.allChannels) {
    const count = call.channelCount()
    for (let channel = 0; channel < count; channel++) {
      const index = call.channelIndex(channel)
      if (!selector.mayUseChannel(args, index, call.channelIsPattern(channel))) return { reason: 'channel', index }
    }
  }
  return null
}

/** What is denied, as ACL DRYRUN says it; to clients whose request was refused, without the names of keys and channels. */
export function denialText(user: User, { command, args }: Call, { reason, index }: Denial, naming: boolean): string {
  if (reason === 'command') return `User ${user.name} has no permissions to run the '${command.fullName}' command`
  if (!naming) return `No permissions to access a ${reason}`
  return `User ${user.name} has no permissions to access the '${args.latin1(index)}' ${reason}`
}
