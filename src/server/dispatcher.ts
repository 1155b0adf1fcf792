/**
 * From a request to its handler: finds the command, asks the questions that Redis asks, in Redis's order (processCommand
 * in server.c), runs it, and hands what it changed to replication.
 */

import { latin1 } from '../bytes/latin1.js'
import { performance } from '../clock/platform.js'
import { permissionError } from '../commands/acl/check.js'
import type { Unfinished } from '../commands/blocking/key-wait.js'
import { PAUSE_ALL } from '../commands/blocking/pause.js'
import { type Client, type QueuedCommand, REPLY_OFF, REPLY_SKIP, REPLY_SKIP_NEXT } from '../commands/client.js'
import { clientLine } from '../commands/client-line.js'
import type { Command } from '../commands/command.js'
import { CommandContext, type Propagated } from '../commands/context.js'
import { CrossProtocolGuard, speaksHttp } from '../commands/cross-protocol.js'
import { redirection } from '../commands/redirect.js'
import type { ServerApi } from '../commands/server-api.js'
import {
  ALLOW_BUSY,
  ALLOWED_TO_SUBSCRIBERS,
  DENYOOM,
  LOADING,
  MAY_REPLICATE,
  NO_ASYNC_LOADING,
  NO_AUTH,
  NO_MULTI,
  NOT_QUEUED,
  PREPARED,
  PROTECTED,
  READONLY,
  RUNS_SCRIPT,
  STALE,
  TOUCHES_ARBITRARY_KEYS,
  WRITE,
} from '../commands/spec.js'
import { abortExec } from '../commands/transactions/transactions.js'
import { diskRefusal } from '../commands/write-conditions.js'
import { trusts } from '../config/config.js'
import { countErrorCode } from '../observe/error-codes.js'
import { callNanoseconds, LatencyHistogram } from '../observe/latency-histogram.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import { encodeRequest, Request } from '../resp/request.js'
import type { ClientEviction } from './client-eviction.js'
import { ClockRun, isBrief, isSampled, RUN_MAX_MS } from './clock-run.js'
import type { CommandWatch } from './command-watch.js'
import type { Faults } from './faults.js'
import {
  GATE_ASYNC_LOADING,
  GATE_BUSY,
  GATE_CLIENT_MEMORY,
  GATE_DISK_ERROR,
  GATE_FAULTS,
  GATE_FEW_REPLICAS,
  GATE_KEY_LOCKS,
  GATE_LOADING,
  GATE_MEMORY,
  GATE_PAUSED,
  GATE_READONLY_REPLICA,
  GATE_STALE,
  GATE_TRACKING_FULL,
  MEMORY_GATES,
} from './gates.js'
import type { MemoryLimit } from './memory-limit.js'
import { MissingCommands } from './missing-commands.js'
import { TrackedReads } from './tracked-reads.js'

const NO_BYTES = Buffer.alloc(0)
const MULTI = encodeRequest('MULTI')
const EXEC = encodeRequest('EXEC')
/** Flags of commands that have to answer questions which others need not. */
const ASKED_TWICE = PROTECTED | PREPARED
/** How much of unknown commands and arguments an error repeats. */
const SHOWN_BYTES = 128

const LOADING_TEXT = 'LOADING Redis is loading the dataset in memory'
const READONLY_TEXT = "READONLY You can't write against a read only replica."
const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction'
const OOM_TEXT = "OOM command not allowed when used memory > 'maxmemory'."
/** What a client in MULTI may still do when memory is used up: queueing takes more of it. */
const ENDS_TRANSACTION = ['discard', 'quit', 'reset']

/** A replica that goes on without its disk says so at most this often. */
const DISK_ERROR_LOG_MS = 10_000

/** A call that is put aside with the script that it runs. */
interface Suspended {
  /** What follows when the script has ended: for the command that runs it, and for the transaction around that. */
  readonly endings: (() => void)[]
  /** What it has to propagate so far, the reply that it has begun, and the errors written ahead of the present slice. */
  propagated: Propagated[]
  reply: Buffer
  errors: number
}

export class Dispatcher {
  readonly context: CommandContext
  readonly faults: Faults
  gate = 0
  private readonly server: ServerApi
  private readonly watch: CommandWatch
  private readonly reads: TrackedReads
  private readonly missing: MissingCommands
  private readonly reply: ReplyWriter
  private readonly memoryLimit: MemoryLimit
  private readonly clientEviction: ClientEviction
  private readonly crossProtocol: CrossProtocolGuard
  /** A command is running: expired keys are propagated with it. */
  private running = false
  private errorsCounted = 0
  private diskErrorLoggedMs = 0
  /** When the clock was read last, behind a command or as the turn began: performance.now(). Commands are timed from there. */
  clockMs = 0
  private readonly run = new ClockRun()
  private readonly suspended: Suspended = { endings: [], propagated: [], reply: NO_BYTES, errors: 0 }
  private timedAlone = true
  /** What chargeAlone() has charged last: a field, where a result would be boxed. */
  private chargedMs = 0
  /** A script's call is timed for those to come as well, or is not timed itself (clock-run.ts). */
  private isSample = false
  private isGuessed = false

  constructor(
    server: ServerApi,
    watch: CommandWatch,
    memoryLimit: MemoryLimit,
    clientEviction: ClientEviction,
    reply: ReplyWriter,
    nobody: Client,
    faults: Faults,
  ) {
    this.server = server
    this.watch = watch
    this.faults = faults
    this.reply = reply
    this.reads = new TrackedReads(server)
    this.missing = new MissingCommands(server.commands, server.log)
    this.memoryLimit = memoryLimit
    this.clientEviction = clientEviction
    this.crossProtocol = new CrossProtocolGuard(server.log)
    this.context = new CommandContext(server, reply, new Request(), nobody, server.commands.all[0], () =>
      this.takesLonger(),
    )
  }

  /** Reads the clock from which the turn's first command is timed. */
  beginTurn(): void {
    this.clockMs = performance.now()
  }

  /** Executes a client's request and leaves the reply in the writer. `known`: what it calls, if that has been looked up. */
  execute(client: Client, request: Request, known?: Command | null): void {
    const { context, reply } = this
    const { buffer, starts, ends } = request
    const { keyspace } = this.server
    keyspace.keepsAccessTimes = client.noTouch
    keyspace.servesImport = client.importsData
    reply.resp = client.resp
    context.client = client
    context.db = client.db
    context.args = request
    let command = known === undefined ? this.server.commands.find(buffer, starts[0], ends[0]) : known
    client.lastCommand = command
    if (command === null) {
      // Ahead of all questions, that for a password too.
      if (speaksHttp(buffer, starts[0], ends[0])) {
        this.crossProtocol.abort(client, keyspace.nowMs)
        return
      }
      this.missing.note(null, request, client)
      this.refuse(null, unknownCommand(request))
      return
    }
    if (command.subcommands !== null && request.argc > 1) {
      const sub = command.subcommands.get(request.lower(1))
      if (sub === undefined) {
        this.missing.note(command, request, client)
        this.refuse(null, unknownSubcommand(command, request))
        return
      }
      command = sub
      client.lastCommand = sub
    }
    if (command.arity > 0 ? request.argc !== command.arity : request.argc < -command.arity) {
      this.refuse(command, `ERR wrong number of arguments for '${command.fullName}' command`)
      return
    }
    context.command = command
    if ((this.gate & client.gates) !== 0 || !client.unrestricted || (command.flags & ASKED_TWICE) !== 0) {
      if (client.takesRedirects && this.server.replication.failover.asksTarget && this.isForMaster(client, command)) {
        // It would be sent to and fro until the target knows that it is the master.
        client.transport.postpone(request)
        this.server.pause.postpone(client)
        return
      }
      if (client.isMaster && (this.gate & GATE_BUSY) !== 0) {
        this.server.scripts.holdUp(client, request)
        return
      }
      const refusal = this.refusal(client, command, request)
      // Clients had to go for want of memory, this one among them.
      if (client.closing) return
      if (refusal !== null) {
        this.refuse(command, refusal)
        if ((this.gate & GATE_FAULTS) !== 0) this.faults.refused(client, refusal)
        return
      }
      if ((this.gate & GATE_PAUSED) !== 0 && this.hasToWait(client, command, request)) {
        client.transport.postpone(request)
        this.server.pause.postpone(client)
        return
      }
      if ((this.gate & GATE_KEY_LOCKS) !== 0 && this.server.keyLocks.holdUp(client, command, request)) return
      if ((this.gate & GATE_FAULTS) !== 0 && this.goesWrong(client, command, request)) return
      if ((command.flags & PREPARED) !== 0 && this.server.payloads.holdUp(client, command, request)) return
      if (client.isReplica) {
        this.callForReplica(client, command, request)
        return
      }
    }
    if (client.replyFlags !== 0) this.runMuted(client, command, request)
    else this.queueOrCall(client, command, request)
  }

  /** Does to the command what a test wants to happen to it. False: that is nothing, or nothing any more. */
  private goesWrong(client: Client, command: Command, request: Request): boolean {
    const verdict = this.faults.judge(client, command)
    if (verdict === null) return false
    if (verdict.delayedBy.length > 0) {
      this.faults.holdUp(client, request, verdict)
      return true
    }
    const { ending } = verdict
    if (ending === null) return false
    if (ending.kind === 'error') this.refuse(command, ending.text)
    else this.cut(client, command, request, ending.after)
    return true
  }

  /** Closes the connection, behind the replies to what came before. `runs`: the command is done, and only its reply is lost. */
  private cut(client: Client, command: Command, request: Request, runs: boolean): void {
    if (!this.reply.isEmpty) client.transport.sendAll(this.reply.takeChunks())
    if (runs) {
      this.queueOrCall(client, command, request)
      this.reply.clear()
    }
    client.transport.close()
  }

  /** The server-wide reasons that there are for this client. */
  gateOf(client: Client): number {
    return (this.gate & GATE_FAULTS) === 0 ? this.gate : this.gate | this.faults.gatesFor(client)
  }

  /** Calls the command of a client that has waited for its own work, which is done: nothing is asked any more. */
  conclude(client: Client, command: Command, request: Request): void {
    const { context, reply } = this
    reply.resp = client.resp
    context.client = client
    context.db = client.db
    context.args = request
    context.command = command
    if (client.replyFlags !== 0) this.runMuted(client, command, request)
    else this.call(client, command)
  }

  private callForReplica(client: Client, command: Command, request: Request): void {
    this.queueOrCall(client, command, request)
    if (!this.reply.isEmpty) this.dropReplica(client)
  }

  /** What is sent to a replica is the stream: it would take a reply for part of it. */
  private dropReplica(client: Client): void {
    const { log, keyspace } = this.server
    const name = client.lastCommand?.fullName ?? '<unknown>'
    const line = clientLine(client, keyspace.nowMs, null)
    log.warning(`Replica generated a reply to command '${name}', disconnecting it: ${line}`)
    this.reply.clear()
    client.transport.close()
  }

  private queueOrCall(client: Client, command: Command, request: Request): void {
    if (client.transaction !== null && (command.flags & NOT_QUEUED) === 0) this.queue(client, command, request)
    else this.call(client, command)
  }

  /** Runs a command that passed all questions. EXEC uses it for each queued command. */
  call(client: Client, command: Command): void {
    const { context, server } = this
    const { keyspace } = server
    const errors = this.reply.errors
    const dirty = keyspace.dirty
    const replyFrom = this.reply.totalBytes
    context.replyFromByte = replyFrom
    const outermost = !this.running
    this.running = true
    this.timedAlone = !outermost || !isBrief(command, context.args) || !this.sharesClock(client)
    if (this.timedAlone && this.run.count !== 0) this.endRun()
    command.run(context)
    if (client.blocked?.kind === 'script') this.suspendEnding(client, command, outermost)
    else this.endCall(client, command, errors, dirty, replyFrom, outermost)
  }

  /** What follows when a command has run. */
  private endCall(
    client: Client,
    command: Command,
    errors: number,
    dirty: number,
    replyFrom: number,
    outermost: boolean,
  ): void {
    const { context, server } = this
    const { keyspace } = server
    if (!this.timedAlone || client.unfinished === null || client.blocked?.kind !== 'key') {
      command.calls++
      server.stats.commandsProcessed++
    }
    if (this.timedAlone) this.chargeAlone(client, command)
    else if (this.run.add(command)) this.endRun()
    const { watch } = this
    const { wireEnd, wireStart } = context.args
    const replyBytes = this.reply.totalBytes - replyFrom
    if (replyBytes >= watch.replyFromBytes || wireEnd - wireStart >= watch.requestFromBytes || wireStart < 0) {
      watch.sized(client, command, context.args, replyBytes)
    }
    // A transaction's commands have been counted when EXEC itself ends.
    if (this.reply.errors !== errors && this.reply.errors !== this.errorsCounted) {
      command.failedCalls++
      if (context.errorCounted) this.errorsCounted = this.reply.errors
      else this.countError()
    }
    context.errorCounted = false
    if (keyspace.dirty !== dirty && command.mayPropagate && !context.rewritten) {
      if (outermost && context.propagated.length === 0) {
        server.propagation.request(context.db.index, context.args)
        client.lastWriteOffset = server.replication.offset
      } else {
        // It stays as it is until then: it is this very request, or one of a transaction's queue.
        context.propagateRequest(context.db.index, context.args)
      }
    }
    context.rewritten = false
    if (client.tracking !== null) {
      this.reads.commandRun(client, client.tracking, command, context.args)
      if (outermost && client.blocked?.kind !== 'key') this.reads.requestEnded(client, client.tracking)
      if (server.tracking.overLimit) this.gate |= GATE_TRACKING_FULL
    }
    if (!outermost) {
      server.stats.nestedMs += this.chargedMs
      return
    }
    this.running = false
    if (context.propagated.length !== 0) this.propagate(client, command)
  }

  /** Whether nothing but the command itself can take time now, and nobody wants to know its time exactly (clock-run.ts). */
  private sharesClock({ isMaster }: Client): boolean {
    const { events, keyspace } = this.server
    if (this.gate !== 0 || keyspace.snapshot !== null || keyspace.reportsChanges || events.classes !== 0) return false
    return this.watch.fromMs >= RUN_MAX_MS && !isMaster
  }

  /** Charges a command with the time since the clock was read last, and tells who wants to know of it. */
  private chargeAlone(client: Client, command: Command): void {
    const { context, watch } = this
    const now = performance.now()
    const elapsedMs = now - this.clockMs
    this.clockMs = now
    this.chargedMs = elapsedMs
    if (client.unfinished !== null) {
      this.chargeUnfinished(client, client.unfinished, elapsedMs)
      return
    }
    this.charge(command, elapsedMs)
    if (elapsedMs >= watch.fromMs) {
      watch.ended(client, command, context.args, elapsedMs)
      this.clockMs = performance.now()
    }
  }

  private charge(command: Command, ms: number): void {
    command.milliseconds += ms
    if (!this.watch.keepsHistograms) return
    if (command.latency === null) command.latency = new LatencyHistogram()
    command.latency.record(callNanoseconds(ms))
  }

  /** A command waits for a key, or has been run again: what its runs took together counts when it is done. */
  private chargeUnfinished(client: Client, unfinished: Unfinished, elapsedMs: number): void {
    const { watch } = this
    const { command, request } = unfinished
    const isRerun = unfinished.runs++ > 0
    unfinished.ranMs += elapsedMs
    if (client.blocked?.kind !== 'key') {
      client.unfinished = null
      this.charge(command, unfinished.ranMs)
    }
    if (unfinished.ranMs >= watch.fromMs) {
      watch.ended(client, command, request, elapsedMs, unfinished.ranMs, isRerun)
      this.clockMs = performance.now()
    }
  }

  /** Charges the brief commands that have run since the clock was read last. To be called when requests have been executed. */
  endRun(): void {
    if (this.run.count === 0) return
    const now = performance.now()
    this.run.end(now - this.clockMs, this.watch.keepsHistograms)
    this.clockMs = now
  }

  /** A brief command meets data that makes it a long one: from here on it is timed alone. */
  takesLonger(): void {
    this.isSample = false
    if (this.isGuessed) {
      this.isGuessed = false
      this.clockMs = performance.now()
    }
    if (this.timedAlone) return
    this.endRun()
    this.timedAlone = true
  }

  /** Runs one command of a transaction, inside EXEC's own call. */
  callQueued(client: Client, { command, request }: QueuedCommand): void {
    const { context } = this
    const { args, command: outer, inTransaction } = context
    context.args = request
    context.command = command
    context.db = client.db
    context.inTransaction = true
    this.call(client, command)
    context.args = args
    context.command = outer
    context.db = client.db
    context.inTransaction = inTransaction
  }

  // A script that takes too long, and what runs it: EVAL, or EXEC and EVAL

  /** A script of the client's has been put aside: what was to follow the command follows the script. */
  private suspendEnding(client: Client, command: Command, outermost: boolean): void {
    const { context, reply, suspended } = this
    const args = context.args.clone()
    const startedMs = this.clockMs
    suspended.endings.push(() => {
      context.args = args
      context.command = command
      context.client = client
      context.db = client.db
      this.timedAlone = true
      this.clockMs = startedMs
      const replyFrom = outermost ? 0 : reply.totalBytes
      this.endCall(client, command, suspended.errors, this.server.keyspace.dirty, replyFrom, outermost)
    })
    if (!outermost) return
    // Replies to what the client has asked before leave; what the command has written so far waits.
    const ahead = context.replyFromByte
    const chunks = reply.takeChunks()
    const all = Buffer.concat(chunks)
    if (ahead > 0) client.transport.sendAll([all.subarray(0, ahead)])
    suspended.reply = all.subarray(ahead)
    this.suspendCall()
  }

  /** Leaves the context and what is to be propagated to others. */
  suspendCall(): void {
    const { context, suspended } = this
    suspended.propagated = context.propagated.splice(0)
    this.running = false
  }

  /** Goes on with what suspendCall() has left, for the client whose script it is. */
  resumeCall(client: Client): void {
    const { context, reply, suspended } = this
    this.running = true
    context.propagated.push(...suspended.propagated)
    context.client = client
    context.db = client.db
    reply.resp = client.resp
    if (suspended.reply.length > 0) reply.append(suspended.reply)
    suspended.reply = NO_BYTES
    suspended.errors = reply.errors
  }

  /** The script has ended. False: the transaction that ran it has gone on to another one that is put aside. */
  completeCall(): boolean {
    const { suspended } = this
    const endings = suspended.endings.splice(0)
    while (endings.length > 0) {
      endings.shift()?.()
      if (this.context.client.blocked?.kind !== 'script') continue
      suspended.endings.push(...endings)
      suspended.reply = Buffer.concat(this.reply.takeChunks())
      this.suspendCall()
      return false
    }
    return true
  }

  /** EXEC goes on with the rest of its commands when the script that one of them runs has ended. */
  afterScript(rest: () => void): void {
    this.suspended.endings.push(rest)
  }

  /** Runs a command that a script calls, as the script's client, inside the call of what runs the script. */
  callInScript(caller: Client, client: Client, command: Command, request: Request): void {
    const { context, server, watch } = this
    const { keyspace } = server
    context.client = client
    context.db = client.db
    context.args = request
    context.command = command
    const { errors } = this.reply
    const { dirty } = keyspace
    this.isSample = !isBrief(command, request) || isSampled(command) || !this.sharesClock(caller)
    this.isGuessed = !this.isSample
    if (this.isSample) this.clockMs = performance.now()
    command.run(context)
    const elapsedMs = this.isGuessed ? command.sampleMs : performance.now() - this.clockMs
    command.calls++
    server.stats.commandsProcessed++
    server.stats.nestedMs += elapsedMs
    this.charge(command, elapsedMs)
    if (this.isSample) command.sampleMs = elapsedMs
    if (!this.isGuessed && elapsedMs >= watch.fromMs) {
      watch.endedInScript(caller, client.db.index, command, request, elapsedMs)
    }
    this.isGuessed = false
    if (this.reply.errors !== errors) {
      command.failedCalls++
      server.stats.errorReplies++
      countErrorCode(server.stats.errors, this.reply.lastError)
      this.errorsCounted = this.reply.errors
    }
    if (keyspace.dirty !== dirty && command.mayPropagate && !context.rewritten) {
      context.propagateRequest(context.db.index, request)
    }
    context.rewritten = false
    if (caller.tracking !== null) this.reads.commandRun(caller, caller.tracking, command, request)
  }

  /**
   * Runs a command of an append-only file: nothing is asked, and but for transactions and scripts nothing is counted. Returns the
   * error that it replied with, or null.
   */
  replay(client: Client, command: Command, request: Request): string | null {
    const { context, reply } = this
    const { errors } = reply
    reply.resp = client.resp
    context.client = client
    context.db = client.db
    context.args = request
    context.command = command
    if (client.transaction !== null && (command.flags & NOT_QUEUED) === 0) this.queue(client, command, request)
    else if ((command.flags & (NOT_QUEUED | RUNS_SCRIPT)) !== 0) this.call(client, command)
    else command.run(context)
    context.rewritten = false
    context.propagated.length = 0
    if (client.blocked !== null && client.blocked.kind !== 'script') {
      client.blocked.cancel()
      client.blocked = null
      client.unfinished = null
    }
    const error = reply.errors === errors ? null : reply.lastError
    reply.clear()
    return error
  }

  /** Sends what the handlers collected, as one transaction when there is more than one command. */
  private propagate(client: Client, command: Command): void {
    const { propagated } = this.context
    this.send(propagated, (command.flags & TOUCHES_ARBITRARY_KEYS) === 0)
    propagated.length = 0
    client.lastWriteOffset = this.server.replication.offset
  }

  private send(propagated: readonly Propagated[], asTransaction: boolean): void {
    const { propagation } = this.server
    const wrap = asTransaction && (propagated.length > 1 || propagated[0]?.several === true)
    // MULTI comes ahead of the SELECT of its first command, as in Redis.
    if (wrap) propagation.bytes(MULTI)
    for (const { database, pieces, request, targets } of propagated) {
      if (request === null) propagation.pieces(database, pieces, targets)
      else propagation.request(database, request, targets)
    }
    if (wrap) propagation.bytes(EXEC)
  }

  /** Sends writes to replicas, as one transaction: with the command being run, if there is one. */
  propagateTogether(propagated: readonly Propagated[]): void {
    if (!this.running) this.send(propagated, true)
    else for (const each of propagated) this.context.propagated.push(each)
  }

  /** Sends a request to replicas: with the command being run, if there is one. */
  propagateAlso(database: number, request: Request): void {
    if (this.running) this.context.propagateRequest(database, request)
    else this.server.propagation.request(database, request)
  }

  /** CLIENT REPLY OFF and SKIP: the command runs, its reply goes nowhere unless it turns replies on itself. */
  private runMuted(client: Client, command: Command, request: Request): void {
    this.beginMuted(client)
    this.queueOrCall(client, command, request)
    this.endMuted(client)
  }

  /** From here on the writer holds nothing but what this request writes: all of it can be dropped. */
  private beginMuted(client: Client): void {
    const skips = (client.replyFlags & REPLY_SKIP_NEXT) !== 0
    client.replyFlags = (client.replyFlags & REPLY_OFF) | (skips ? REPLY_SKIP : 0)
    if (client.isMuted && !this.reply.isEmpty) client.transport.sendAll(this.reply.takeChunks())
  }

  private endMuted(client: Client): void {
    if (client.isMuted) this.reply.clear()
    // A command that waits will have its reply later.
    if (client.blocked === null) client.replyFlags &= ~REPLY_SKIP
  }

  private queue(client: Client, command: Command, request: Request): void {
    if ((command.flags & NO_MULTI) !== 0) {
      this.refuse(command, NOT_IN_TRANSACTION)
      return
    }
    const { transaction } = client
    if (transaction !== null) {
      transaction.queue.push({ command, request: request.keep() })
      const flags = this.flagsOf(command, request)
      transaction.flags |= flags
      transaction.commonFlags &= flags
      transaction.argumentBytes += request.argumentBytes
    }
    this.reply.simple('QUEUED')
  }

  private refuse(command: Command | null, text: string): void {
    const { client } = this.context
    client.unfinished = null
    if (client.preparation !== null) this.server.payloads.end(client)
    if (client.transaction !== null) client.transaction.failed = true
    if (command !== null) command.rejectedCalls++
    const mayMute = client.replyFlags !== 0
    if (mayMute) this.beginMuted(client)
    if (command?.fullName === 'exec') abortExec(client, this.reply, text)
    else this.reply.error(text)
    if (mayMute) this.endMuted(client)
    this.reply.lastError = text
    this.countError()
    if (client.tracking !== null) this.reads.requestEnded(client, client.tracking)
    if (client.isReplica) this.dropReplica(client)
  }

  private countError(): void {
    const { stats } = this.server
    this.errorsCounted = this.reply.errors
    stats.errorReplies++
    countErrorCode(stats.errors, this.reply.lastError)
    const { client } = this.context
    if (client.isMaster || client.isReplica) this.noteUnexpectedError(client)
  }

  /** An error that only a fault of one of the two servers explains: the data may differ from here on. */
  private noteUnexpectedError({ isMaster, lastCommand }: Client): void {
    const { config, log, stats } = this.server
    stats.unexpectedErrorReplies++
    const [from, to] = isMaster ? ['replica', 'master'] : ['master', 'replica']
    const name = lastCommand?.fullName ?? '<unknown>'
    log.warning(
      `== CRITICAL == This ${from} is sending an error to its ${to}: '${this.reply.lastError}' after processing the command '${name}'`,
    )
    const { values } = config
    if (isMaster && values['replica-read-only'] && values['propagation-error-behavior'] !== 'ignore') {
      this.server.crash(`This ${from} panicked sending an error to its ${to} after processing the command '${name}'`)
    }
  }

  /** Why this command may not run now, or null. */
  private refusal(client: Client, command: Command, request: Request): string | null {
    const flags = this.flagsOf(command, request)
    const { config } = this.server
    if ((flags & PROTECTED) !== 0) {
      const guarded = command.fullName === 'debug' ? 'debug' : 'module'
      const guard = config.values[`enable-${guarded}-command`]
      if (!client.isMaster && !trusts(guard, isLocal(client))) return protectedRefusal(guarded)
    }
    if (client.mustLogIn && (flags & NO_AUTH) === 0) return 'NOAUTH Authentication required.'
    if (client.transaction !== null && (flags & NO_MULTI) !== 0) return NOT_IN_TRANSACTION
    if (!client.unrestricted) {
      const refusal = permissionError(this.context, command, this.context.args)
      if (refusal !== null) return refusal
      const { replicaof } = config.values
      if (client.takesRedirects && replicaof !== null && this.isForMaster(client, command)) {
        return redirection(replicaof.host, replicaof.port)
      }
    }
    // For what a command has prepared, and what that takes, it was asked when it came.
    const wasAsked = client.preparation !== null
    const gates = this.gateOf(client)
    if ((gates & MEMORY_GATES) === 0) this.context.outOfMemory = false
    else if (!wasAsked && !this.hasRoom(client, command, request, flags, gates)) return OOM_TEXT
    if ((this.gate & GATE_TRACKING_FULL) !== 0) {
      this.reads.limit()
      if (!this.server.tracking.overLimit) this.gate &= ~GATE_TRACKING_FULL
    }
    const writes = (flags & WRITE) !== 0 || (command.fullName === 'exec' && (queuedFlags(client) & WRITE) !== 0)
    if (client.isMaster && (this.gate & GATE_DISK_ERROR) !== 0 && writes) this.obeyWithoutDisk()
    const gate = client.isMaster ? 0 : gates & ~MEMORY_GATES
    if (gate !== 0) {
      if ((gate & GATE_DISK_ERROR) !== 0 && (writes || command.fullName === 'ping'))
        return diskRefusal(this.server, client)
      if ((gate & GATE_FEW_REPLICAS) !== 0 && writes) return 'NOREPLICAS Not enough good replicas to write.'
      if ((gate & GATE_READONLY_REPLICA) !== 0 && writes) return READONLY_TEXT
    }
    if (client.inSubscriberMode && (flags & ALLOWED_TO_SUBSCRIBERS) === 0) return subscriberRefusal(command)
    // EXEC may run when all commands of its transaction may.
    const allowed = command.fullName === 'exec' ? flags & (client.transaction?.commonFlags ?? -1) : flags
    if ((gate & GATE_STALE) !== 0 && !config.values['replica-serve-stale-data'] && (allowed & STALE) === 0) {
      return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    }
    if ((gate & GATE_LOADING) !== 0 && (allowed & LOADING) === 0) return LOADING_TEXT
    // EXEC is refused when any command of its transaction would be.
    const forbidden = flags | (command.fullName === 'exec' ? queuedFlags(client) : 0)
    if ((gate & GATE_ASYNC_LOADING) !== 0 && (forbidden & NO_ASYNC_LOADING) !== 0) return LOADING_TEXT
    if ((gate & GATE_BUSY) !== 0 && (allowed & ALLOW_BUSY) === 0) return this.server.scripts.busyText
    if (client.isReplica && this.touchesKeyspace(client, command)) return "ERR Replica can't interact with the keyspace"
    return null
  }

  /** A command's flags; those of one that runs a script follow from what the script has declared. */
  private flagsOf(command: Command, request: Request): number {
    return (command.flags & RUNS_SCRIPT) === 0 ? command.flags : this.server.scripts.flagsOf(command, request)
  }

  /** Whether this server is a replica that sends its client, which takes redirections, to the master with this command. */
  private isForMaster(client: Client, { flags, fullName }: Command): boolean {
    if (this.server.replication.master === null || client.isMaster) return false
    const all = flags | (fullName === 'exec' ? queuedFlags(client) : 0)
    return (all & WRITE) !== 0 || ((all & READONLY) !== 0 && !client.readsReplica)
  }

  /** The master writes what this server would refuse to its clients for want of a disk (MISCONF). */
  private obeyWithoutDisk(): void {
    const { config, keyspace, log } = this.server
    if (!config.values['replica-ignore-disk-write-errors']) {
      this.server.crash('Replica was unable to write command to disk.')
    } else if (keyspace.nowMs > this.diskErrorLoggedMs + DISK_ERROR_LOG_MS) {
      this.diskErrorLoggedMs = keyspace.nowMs
      log.warning('Replica is applying a command even though it is unable to write to disk.')
    }
  }

  /** Makes room under maxmemory-clients and maxmemory. False: there is none for this command. */
  private hasRoom(client: Client, command: Command, request: Request, flags: number, gates: number): boolean {
    if ((this.gate & GATE_CLIENT_MEMORY) !== 0 && this.clientEviction.over) this.clientEviction.evict()
    if ((gates & GATE_MEMORY) === 0 || client.closing) return true
    const { evictedKeys } = this.server.keyspace
    const isFull = (this.gate & GATE_MEMORY) !== 0 && !this.memoryLimit.makeRoom(request.wireEnd - request.wireStart)
    const full = isFull || ((this.gate & GATE_FAULTS) !== 0 && this.faults.has('oom', client))
    // Nobody may take the invalidation of a key that was evicted for that of one the command itself is about to set.
    if (this.server.keyspace.evictedKeys !== evictedKeys) this.server.pushAhead()
    this.context.outOfMemory = full
    if (!full) return true
    if ((flags & DENYOOM) !== 0) return false
    if (client.transaction === null) return true
    if (command.fullName === 'exec') return (client.transaction.flags & DENYOOM) === 0
    return ENDS_TRANSACTION.includes(command.fullName)
  }

  private touchesKeyspace(client: Client, command: Command): boolean {
    const touching = READONLY | WRITE | MAY_REPLICATE
    return (command.flags & touching) !== 0 || (command.fullName === 'exec' && (queuedFlags(client) & touching) !== 0)
  }

  /** Whether a pause holds up the command. Replicas, which can only read the stream, never wait. */
  private hasToWait(client: Client, command: Command, request: Request): boolean {
    if (client.isReplica || client.monitoring) return false
    const propagates = (this.flagsOf(command, request) & (WRITE | MAY_REPLICATE)) !== 0
    if (this.server.pause.level === PAUSE_ALL || propagates) return true
    return command.fullName === 'exec' && (queuedFlags(client) & (WRITE | MAY_REPLICATE)) !== 0
  }
}

function protectedRefusal(command: string): string {
  return `ERR ${command.toUpperCase()} command not allowed. If the enable-${command}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`
}

function isLocal(client: Client): boolean {
  return client.transport.isUnixSocket || /^(127\.|\[::1\])/.test(client.address)
}

/** The flags of all queued commands together. */
function queuedFlags(client: Client): number {
  return client.transaction?.flags ?? 0
}

function subscriberRefusal(command: Command): string {
  return `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
}

/** The start of an argument in an error's text, which a zero byte ends, as in Redis. */
function shown(request: Request, index: number, limit: number): string {
  const start = request.starts[index]
  const text = latin1(request.buffer, start, Math.min(request.ends[index], start + Math.max(0, limit)))
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}

function unknownCommand(request: Request): string {
  let args = ''
  for (let i = 1; i < request.argc && args.length < SHOWN_BYTES; i++) {
    args += `'${shown(request, i, SHOWN_BYTES - args.length)}' `
  }
  return `ERR unknown command '${shown(request, 0, SHOWN_BYTES)}', with args beginning with: ${args}`
}

function unknownSubcommand(command: Command, request: Request): string {
  return `ERR unknown subcommand '${shown(request, 1, SHOWN_BYTES)}'. Try ${command.fullName.toUpperCase()} HELP.`
}
