/** Asks, for the dispatcher, EXEC and ACL DRYRUN, whether a user may do what a request asks for. */
import { type Call, type Denial, denialOf, denialText, mayUseEveryKey } from '../../acl/denial.js'
import type { DenialContext } from '../../acl/log.js'
import { READ_ACCESS, WRITE_ACCESS } from '../../acl/selector.js'
import type { User } from '../../acl/user.js'
import type { Request } from '../../resp/request.js'
import type { Command } from '../command.js'
import { channelArguments, keyArguments } from '../command-keys.js'
import type { CommandContext } from '../context.js'
import { KeyArguments } from '../key-arguments.js'
import {
  CHANNEL_PATTERN,
  CHANNEL_PUBLISH,
  CHANNEL_SUBSCRIBE,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_UPDATE,
  NO_AUTH,
} from '../spec.js'
import { logDenial } from './log.js'

const CHANGES = KEY_INSERT | KEY_DELETE | KEY_UPDATE
/** Leaving a channel is always allowed. */
const USES_CHANNEL = CHANNEL_PUBLISH | CHANNEL_SUBSCRIBE

class CheckedCall implements Call {
  command: Command
  args: Request
  from = 0
  private readonly keys = new KeyArguments()
  private readonly channels = new KeyArguments()
  private keysKnown = false
  private channelsKnown = false

  constructor(command: Command, args: Request) {
    this.command = command
    this.args = args
  }

  set(command: Command, args: Request, from: number): this {
    this.command = command
    this.args = args
    this.from = from
    this.keysKnown = false
    this.channelsKnown = false
    return this
  }

  get isForEveryone(): boolean {
    return (this.command.flags & NO_AUTH) !== 0
  }

  keyCount(): number {
    if (!this.keysKnown) keyArguments(this.command, this.args, this.from, this.keys)
    this.keysKnown = true
    return this.keys.count
  }

  keyIndex(key: number): number {
    return this.keys.indexes[key]
  }

  keyAccess(key: number): number {
    const flags = this.keys.flags[key]
    return ((flags & KEY_ACCESS) !== 0 ? READ_ACCESS : 0) | ((flags & CHANGES) !== 0 ? WRITE_ACCESS : 0)
  }

  channelCount(): number {
    if (!this.channelsKnown) this.findChannels()
    return this.channels.count
  }

  channelIndex(channel: number): number {
    return this.channels.indexes[channel]
  }

  channelIsPattern(channel: number): boolean {
    return (this.channels.flags[channel] & CHANNEL_PATTERN) !== 0
  }

  private findChannels(): void {
    this.channelsKnown = true
    this.channels.clear()
    const { channels } = this.command.spec
    if (channels === undefined || (channels.flags & USES_CHANNEL) === 0) return
    channelArguments(this.command, this.args, this.from, this.channels)
  }
}

/** One serves all checks in turn. */
let shared: CheckedCall | null = null

function callOf(command: Command, args: Request, from: number): CheckedCall {
  shared ??= new CheckedCall(command, args)
  return shared.set(command, args, from)
}

/** Why ACL DRYRUN says that a user may not run the request inside `args` whose command's name is argument `from`; null if it may. */
export function dryRun(user: User, command: Command, args: Request, from: number): string | null {
  const call = callOf(command, args, from)
  const denial = denialOf(user, call)
  return denial === null ? null : denialText(user, call, denial, true)
}

/** The error for a request that its client has no permission for, which is noted in the security log; null if it has. */
export function permissionError(ctx: CommandContext, command: Command, args: Request): string | null {
  const { user, transaction } = ctx.client
  if (user === null) return null
  const denial = deniedToClient(ctx, user, command, args, transaction === null ? 'toplevel' : 'multi')
  return denial === null ? null : `NOPERM ${denialText(user, callOf(command, args, 0), denial, false)}`
}

/** The same for a command that a script calls as its client: the text without a code, noted as the script's. */
export function scriptPermissionError(ctx: CommandContext, command: Command, args: Request): string | null {
  const { unrestricted, user } = ctx.client
  if (unrestricted || user === null) return null
  const denial = deniedToClient(ctx, user, command, args, 'lua')
  return denial === null ? null : denialText(user, callOf(command, args, 0), denial, false)
}

/** Whether the client may read any key by this request: what it reads follows from data (SORT BY and GET). */
export function mayReadEveryKey({ args, client, command }: CommandContext): boolean {
  const { unrestricted, user } = client
  return unrestricted || user === null || mayUseEveryKey(user, callOf(command, args, 0), READ_ACCESS)
}

const REVOKED = {
  command: 'no permission to execute the command or subcommand',
  key: 'no permission to touch the specified keys',
  channel: 'no permission to access one of the channels used as arguments',
}

/** As permissionError, for a command that was permitted when it was queued, and that EXEC is about to run. */
export function revokedPermissionError(ctx: CommandContext, command: Command, args: Request): string | null {
  const { unrestricted, user } = ctx.client
  if (unrestricted || user === null) return null
  const denial = deniedToClient(ctx, user, command, args, 'multi')
  if (denial === null) return null
  return `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${REVOKED[denial.reason]}`
}

function deniedToClient(
  ctx: CommandContext,
  user: User,
  command: Command,
  args: Request,
  context: DenialContext,
): Denial | null {
  const denial = denialOf(user, callOf(command, args, 0))
  if (denial === null) return null
  const object = denial.reason === 'command' ? command.fullName : args.latin1(denial.index)
  logDenial(ctx, { reason: denial.reason, context, object, username: user.name })
  return denial
}
