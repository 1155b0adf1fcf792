/**
 * How a script's redis.call reaches the commands: the questions that Redis asks of one (scriptCall in script.c), in its order and in
 * its words. The command runs in the dispatcher, for a client of the scripts' own that has its caller's rights.
 */
import { dryRun, scriptPermissionError } from '../commands/acl/check.js'
import { Client } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import type { CommandContext, Propagated } from '../commands/context.js'
import type { ScriptCaller } from '../commands/scripting/script-caller.js'
import type { ServerApi } from '../commands/server-api.js'
import { DENYOOM, MAY_REPLICATE, NOSCRIPT, STALE, WRITE } from '../commands/spec.js'
import { diskRefusal } from '../commands/write-conditions.js'
import { NO_TRANSPORT } from '../network/no-transport.js'
import { countErrorCode } from '../observe/error-codes.js'
import type { Request } from '../resp/request.js'
import type { CallReply } from '../scripting/script-host.js'
import { REPL_ALL, type ScriptRun } from '../scripting/script-run.js'
import type { Dispatcher } from './dispatcher.js'
import { GATE_DISK_ERROR, GATE_FAULTS, GATE_FEW_REPLICAS, GATE_READONLY_REPLICA, GATE_STALE } from './gates.js'

/** A command by a name that a script has called it by. */
interface CalledName {
  readonly name: Buffer
  readonly command: Command
}

/** How many of them are kept: a power of two. */
const RECENT = 256
/** Strings of scripts lie at multiples of 16 bytes. */
const STRING_ALIGNMENT_BITS = 4

export class ScriptCalls implements ScriptCaller {
  private readonly server: ServerApi
  private readonly dispatcher: Dispatcher
  private readonly client: Client
  private caller: Client
  /** What the context was for, while a script has it. */
  private args: Request | null = null
  private command: Command | null = null
  private inTransaction = false
  private startedMs = 0
  private readonly mark = { chunks: 0, length: 0 }
  /** By where the name lies in the VM's memory: that of a script's constant stays the same. */
  private readonly recent = new Array<CalledName | null>(RECENT).fill(null)

  constructor(server: ServerApi, dispatcher: Dispatcher) {
    this.server = server
    this.dispatcher = dispatcher
    this.client = new Client(0, NO_TRANSPORT, server.keyspace.databases[0], server.keyspace.time.now())
    this.caller = this.client
  }

  enter(context: CommandContext, caller: Client): number {
    const { client } = this
    this.caller = caller
    client.db = caller.db
    client.user = caller.user
    client.unrestricted = caller.user === null || caller.user.isUnrestricted
    client.noTouch = caller.noTouch
    this.args = context.args
    this.command = context.command
    this.inTransaction = context.inTransaction
    context.inScript = true
    context.rewritten = false
    context.inTransaction = true
    this.startedMs = this.dispatcher.clockMs
    return this.startedMs
  }

  leave(context: CommandContext): void {
    const { caller } = this
    if (this.args !== null) context.args = this.args
    if (this.command !== null) context.command = this.command
    context.client = caller
    context.db = caller.db
    context.inScript = false
    context.inTransaction = this.inTransaction
    context.reply.resp = caller.resp
    // A script reaches replicas by what it did.
    context.rewritten = true
    // The calls that it made are in its time as well.
    this.dispatcher.clockMs = this.startedMs
  }

  resume(client: Client): CommandContext {
    this.dispatcher.resumeCall(client)
    return this.dispatcher.context
  }

  suspend(): void {
    this.dispatcher.suspendCall()
  }

  complete(): boolean {
    return this.dispatcher.completeCall()
  }

  call(run: ScriptRun, request: Request, reply: CallReply): string | null {
    const command = this.find(request)
    const refusal = this.refusal(run, command, request)
    if (command === null || refusal !== null) {
      this.countRefusal(command, refusal ?? '')
      return refusal
    }
    const { dispatcher } = this
    const { context } = dispatcher
    const out = context.reply
    if ((command.flags & WRITE) !== 0) run.hasWritten = true
    const { mark } = this
    mark.chunks = out.chunks.length
    mark.length = out.length
    const sent = context.propagated.length
    out.resp = run.resp
    // What may be propagated has to outlast the script's own memory.
    const kept = command.mayPropagate && context.propagates ? request.clone() : request
    dispatcher.callInScript(this.caller, this.client, command, kept)
    if (run.replicates !== REPL_ALL) narrow(context.propagated, sent, run.replicates)
    out.since(mark, reply)
    out.cut(mark)
    return null
  }

  permits(request: Request): boolean | null {
    const { user } = this.caller
    const command = this.find(request)
    if (command === null) return null
    return user === null || dryRun(user, command, request, 0) === null
  }

  private find(request: Request): Command | null {
    const { buffer, ends, starts } = request
    const start = starts[0]
    const end = ends[0]
    const { recent } = this
    const slot = (start >> STRING_ALIGNMENT_BITS) & (RECENT - 1)
    const called = recent[slot]
    if (called !== null && isName(called.name, buffer, start, end)) return called.command
    const command = this.server.commands.find(buffer, start, end)
    if (command === null) return null
    if (command.subcommands === null) recent[slot] = { name: request.copy(0), command }
    else if (request.argc > 1) return command.subcommands.get(request.lower(1)) ?? null
    return command
  }

  private refusal(run: ScriptRun, command: Command | null, request: Request): string | null {
    if (command === null) return 'Unknown Redis command called from script'
    const { arity, flags } = command
    if (arity > 0 ? request.argc !== arity : request.argc < -arity) {
      return 'Wrong number of args calling Redis command from script'
    }
    if ((flags & NOSCRIPT) !== 0 && !this.server.scripts.mayCallAll)
      return 'This Redis command is not allowed from script'
    const gate = this.dispatcher.gateOf(this.caller)
    if ((gate & GATE_STALE) !== 0 && (flags & STALE) === 0) return 'Can not execute the command on a stale replica'
    if (!this.client.unrestricted) {
      const denial = this.denial(command, request)
      if (denial !== null) return `ACL failure in script: ${denial}`
    }
    if (run.readOnly && (flags & (WRITE | MAY_REPLICATE)) !== 0) {
      return 'Write commands are not allowed from read-only scripts.'
    }
    const refusal = this.stateRefusal(run, flags, gate)
    if (refusal !== null || (gate & GATE_FAULTS) === 0 || run.isObeyed) return refusal
    const error = this.dispatcher.faults.scriptError(this.caller, command)
    return error === null ? null : `-${error}`
  }

  /** Why the server's state does not allow the command, or null. */
  private stateRefusal(run: ScriptRun, flags: number, gate: number): string | null {
    // What has begun to write is not stopped half-way.
    if (run.hasWritten || run.isObeyed) return null
    if ((flags & WRITE) !== 0) {
      if ((gate & GATE_READONLY_REPLICA) !== 0) return "-READONLY You can't write against a read only replica."
      if ((gate & GATE_DISK_ERROR) !== 0) return `-${diskRefusal(this.server, this.caller)}`
      if ((gate & GATE_FEW_REPLICAS) !== 0) return '-NOREPLICAS Not enough good replicas to write.'
    }
    if (run.outOfMemory && !run.allowOom && (flags & DENYOOM) !== 0) {
      return "-OOM command not allowed when used memory > 'maxmemory'."
    }
    return null
  }

  private denial(command: Command, request: Request): string | null {
    const { context } = this.dispatcher
    // The log names who runs the script.
    context.client = this.caller
    return scriptPermissionError(context, command, request)
  }

  private countRefusal(command: Command | null, refusal: string): void {
    if (command !== null) command.rejectedCalls++
    const { stats } = this.server
    stats.errorReplies++
    const text = refusal.startsWith('-') ? refusal.slice(1) : `ERR ${refusal}`
    countErrorCode(stats.errors, text)
    this.server.faults.refused(this.caller, text)
  }
}

/** What was added from `first` on goes to some of those who would get it (redis.set_repl). */
function narrow(propagated: Propagated[], first: number, targets: number): void {
  if (targets === 0) propagated.length = first
  for (let i = first; i < propagated.length; i++) propagated[i] = { ...propagated[i], targets }
}

function isName(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}
