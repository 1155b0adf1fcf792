/**
 * Executes the commands of one append-only file, as they come, and knows up to where they were whole: outside of a command, and
 * outside of a transaction. Nothing is asked, counted or propagated.
 */

import { performance } from '../../clock/platform.js'
import { Client } from '../../commands/client.js'
import type { Command, CommandTable } from '../../commands/command.js'
import { NO_TRANSPORT } from '../../network/no-transport.js'
import { RequestBatch } from '../../network/request-batch.js'
import { quoted } from '../../rdb/error.js'
import { type PendingRequest, PendingRequests } from '../../resp/pending-request.js'
import { Request } from '../../resp/request.js'
import { COMPLETE, EMPTY, FAILED, INCOMPLETE, RequestParser } from '../../resp/request-parser.js'
import type { Keyspace } from '../../store/keyspace.js'

const NO_LIMITS = { maxBulkBytes: Number.MAX_SAFE_INTEGER }
const STAR = 42
const HASH = 35
const LF = 10
/** The longest line of an annotation (AOF_ANNOTATION_LINE_MAX_LEN in Redis's server.h). */
const ANNOTATION_MAX_BYTES = 1024

export interface ReplayHost {
  readonly commands: CommandTable
  readonly keyspace: Keyspace
  /** Runs a command. Returns the error that it replied with, or null. */
  replay(client: Client, command: Command, request: Request): string | null
}

/** The file says what no command is; `offset` is that of the first byte of what is wrong. */
export class AofFormatError extends Error {
  readonly offset: number
  /** It is a command that is not known, and not the format. */
  readonly unknownCommand: string | null

  constructor(offset: number, expected: string, unknownCommand: string | null = null) {
    super(`at offset ${offset}: ${expected}`)
    this.offset = offset
    this.unknownCommand = unknownCommand
  }
}

export class AofReplay {
  /** Offset in the file behind the last whole command, or ahead of a transaction that is not whole. */
  validTo: number
  /** Commands executed. */
  commandsRun = 0
  /** Called with an error that a command replied with, and where the command begins. */
  onError: (offset: number, name: string, error: string) => void = () => {}
  private readonly host: ReplayHost
  private readonly client: Client
  private readonly parser: RequestParser
  private readonly batch: RequestBatch
  private readonly unfinished = new PendingRequests(NO_LIMITS)
  private pending: PendingRequest | null = null
  /** Offset in the file of the next command. */
  private commandAt: number
  /** Bytes of an annotation that has begun. */
  private annotation = 0

  /** @param from offset in the file of the first command. */
  constructor(host: ReplayHost, from: number) {
    this.host = host
    this.validTo = from
    this.commandAt = from
    const { databases, nowMs } = host.keyspace
    this.client = new Client(0, NO_TRANSPORT, databases[0], nowMs)
    this.client.authenticated = true
    this.client.updateChecks()
    this.parser = new RequestParser(new Request(), NO_LIMITS)
    this.batch = new RequestBatch(host.commands, NO_LIMITS)
  }

  /** The client's script or payload is not done: no more is executed until it is. */
  get isBlocked(): boolean {
    return this.client.blocked !== null
  }

  /** Whether the file may end here. */
  get isWhole(): boolean {
    return this.pending === null && this.client.transaction === null && this.annotation === 0
  }

  get inTransaction(): boolean {
    return this.client.transaction !== null
  }

  /**
   * Executes what is in bytes[start, end), of which nothing is kept, until `deadline`. Returns where to go on.
   * @throws AofFormatError
   */
  apply(bytes: Buffer, start: number, end: number, deadline: number): number {
    let at = start
    while (at < end && !this.isBlocked) {
      if (this.pending !== null) at = this.feedPending(this.pending, bytes, at, end)
      else if (this.annotation > 0 || bytes[at] === HASH) at = this.skipAnnotation(bytes, at, end)
      else at = this.run(bytes, at, end)
      if (performance.now() >= deadline) break
    }
    return at
  }

  private skipAnnotation(bytes: Buffer, at: number, end: number): number {
    const lf = bytes.indexOf(LF, at)
    const until = lf < 0 || lf >= end ? end : lf + 1
    this.annotation += until - at
    if (this.annotation > ANNOTATION_MAX_BYTES) this.fail('a line that begins with # has an end')
    if (until === lf + 1) {
      this.commandAt += this.annotation
      this.annotation = 0
      if (!this.inTransaction) this.validTo = this.commandAt
    }
    return until
  }

  private fail(expected: string): never {
    throw new AofFormatError(this.commandAt, expected)
  }

  /** Executes a batch of requests at most. */
  private run(bytes: Buffer, from: number, end: number): number {
    const { batch, client, parser } = this
    if (bytes[from] !== STAR)
      this.fail(
        `a command, which begins with *, was expected, and not ${quoted(bytes, from, Math.min(end, from + 16))}`,
      )
    parser.at = from
    const result = batch.parse(parser, bytes, end, client)
    batch.lookAhead(client)
    let at = from
    for (let i = 0; i < batch.count; i++) {
      const request = batch.requests[i]
      if (request.wireStart < 0) return this.notInline(parser, at)
      this.execute(request, batch.commands[i], request.behind - at)
      at = request.behind
      if (this.isBlocked) {
        parser.reset()
        return at
      }
    }
    batch.trim()
    // What is no command in RESP is looked at anew.
    if (at < end && bytes[at] !== STAR) return this.notInline(parser, at)
    if (result === FAILED) this.fail(`not a command (${parser.error})`)
    if (result === EMPTY) this.fail('a command of no arguments')
    if (result === INCOMPLETE) {
      this.pending = this.unfinished.begin(parser, end)
      return end
    }
    return at
  }

  private notInline(parser: RequestParser, at: number): number {
    parser.reset()
    return at
  }

  private feedPending(pending: PendingRequest, bytes: Buffer, start: number, end: number): number {
    const { parser } = pending
    let at = start
    while (at < end) {
      const until = Math.min(end, at + parser.bytesToFeed(pending.length))
      pending.append(bytes, at, until)
      at = until
      const result = parser.parse(pending.buffer, pending.length, true)
      if (result === FAILED) this.fail(`not a command (${parser.error})`)
      if (result === EMPTY) this.fail('a command of no arguments')
      if (result !== COMPLETE) continue
      const { request } = parser
      const behind = at - (pending.length - parser.at)
      this.pending = null
      request.exclusive = pending.exclusive
      const command = this.host.commands.find(request.buffer, request.starts[0], request.ends[0])
      this.execute(request, command, parser.at)
      this.unfinished.release(pending)
      return behind
    }
    return at
  }

  /** @param length of the request in the file. */
  private execute(request: Request, known: Command | null, length: number): void {
    const { client, host } = this
    const command = this.resolve(request, known)
    const error = host.replay(client, command, request)
    if (error !== null) this.onError(this.commandAt, command.fullName, error)
    this.commandsRun++
    this.commandAt += length
    if (client.transaction === null) this.validTo = this.commandAt
  }

  private resolve(request: Request, known: Command | null): Command {
    let command = known
    if (command?.subcommands && request.argc > 1) command = command.subcommands.get(request.lower(1)) ?? null
    if (command === null) {
      const name = request.latin1(0).slice(0, 128)
      throw new AofFormatError(this.commandAt, `the command '${name}' is not known`, name)
    }
    const { arity } = command
    if (arity > 0 ? request.argc !== arity : request.argc < -arity) {
      this.fail(`the command '${command.fullName}' has a wrong number of arguments`)
    }
    return command
  }
}
