/** Executes a master's stream: its requests in order, obeyed without replies, each relayed to this server's own replicas. */
import { performance, setImmediate } from '../clock/platform.js'
import { Client } from '../commands/client.js'
import type { Command, CommandTable } from '../commands/command.js'
import type { PayloadWaits } from '../commands/server-api.js'
import { MasterTransport } from '../network/master-transport.js'
import { RequestBatch } from '../network/request-batch.js'
import type { MasterPeer } from '../replication/master-link.js'
import { type PendingRequest, PendingRequests } from '../resp/pending-request.js'
import { Request } from '../resp/request.js'
import { COMPLETE, EMPTY, FAILED, INCOMPLETE, RequestParser } from '../resp/request-parser.js'
import type { Keyspace } from '../store/keyspace.js'
import { GATES_OF_A_MASTER } from './gates.js'

export interface MasterStreamHost {
  /** Reads the clock. */
  beginTurn(): void
  readonly commands: CommandTable
  /** `command`: what the request calls, if that has been looked up. */
  executeFromMaster(client: Client, request: Request, command?: Command | null): void
  /** Bytes that have been executed, to be relayed and counted. */
  relay(bytes: Buffer, start: number, end: number): void
  streamBroken(text: string): void
  queryBufferExceeded(client: Client): void
  readonly keyspace: Keyspace
  readonly payloads: PayloadWaits
  readonly limits: { readonly queryBufferBytes: number }
  /** Remembers, across links and restarts, which database the stream is in. */
  readonly replication: { masterDatabase: number }
}

/** What clients may send is limited; what a master took from its clients is not. */
const NO_LIMITS = { maxBulkBytes: Number.MAX_SAFE_INTEGER }
/** How long what a pause has held up may be executed in one go. */
const SLICE_MS = 1

export class MasterStream {
  readonly client: Client
  private readonly host: MasterStreamHost
  private readonly parser: RequestParser
  private readonly batch: RequestBatch
  private pending: PendingRequest | null = null
  private readonly unfinished = new PendingRequests(NO_LIMITS)
  /** Bytes of a transaction whose EXEC has not come: replicas of this server get it as a whole. */
  private held: Buffer[] = []
  private heldBytes = 0
  /** Bytes that came while a pause kept the client from executing them. */
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private ended = false

  /** @param id of the client that the master is in CLIENT LIST. */
  constructor(id: number, peer: MasterPeer, host: MasterStreamHost) {
    const { databases, nowMs } = host.keyspace
    const database = databases[host.replication.masterDatabase] ?? databases[0]
    this.client = new Client(id, new MasterTransport(peer, this), database, nowMs)
    this.client.isMaster = true
    this.client.gates = GATES_OF_A_MASTER
    this.client.authenticated = true
    this.client.updateChecks()
    this.host = host
    this.parser = new RequestParser(new Request(), NO_LIMITS)
    this.batch = new RequestBatch(host.commands, NO_LIMITS)
  }

  /** Bytes that have come and do not count as executed yet. */
  get unappliedBytes(): number {
    return (this.pending?.length ?? 0) + this.heldBytes + this.waitingBytes
  }

  /** The link is gone: nothing more of it is executed. */
  end(): void {
    this.ended = true
    this.client.closing = true
    this.client.blocked?.cancel()
    this.client.blocked = null
    if (this.client.preparation !== null) this.host.payloads.end(this.client)
    this.client.unwatchAll()
  }

  apply(bytes: Buffer): void {
    if (this.client.blocked === null && this.waitingBytes === 0) this.execute(bytes)
    else this.wait(bytes)
  }

  /** @param own nobody else changes the bytes: they need not be copied. */
  private wait(bytes: Buffer, own = false): void {
    if (bytes.length === 0) return
    this.waiting.push(own ? bytes : Buffer.from(bytes))
    this.waitingBytes += bytes.length
    if (this.waitingBytes > this.host.limits.queryBufferBytes) this.host.queryBufferExceeded(this.client)
  }

  /** The client is no longer blocked: executes what has come meanwhile, in slices. */
  goOn(): void {
    if (this.ended) return
    const { waiting } = this
    const deadline = performance.now() + SLICE_MS
    this.waiting = []
    this.host.beginTurn()
    let next = 0
    while (next < waiting.length && this.client.blocked === null && !this.ended && performance.now() < deadline) {
      this.waitingBytes -= waiting[next].length
      this.execute(waiting[next++], true)
    }
    // What had to wait again comes first.
    this.waiting = this.waiting.concat(waiting.slice(next))
    if (this.waiting.length > 0 && this.client.blocked === null) setImmediate(() => this.goOn())
  }

  private execute(bytes: Buffer, own = false): void {
    let from = 0
    if (this.pending !== null) {
      from = this.feedPending(this.pending, bytes)
      if (from < 0 || this.ended) return
    }
    const { batch, client, parser } = this
    parser.at = from
    let behind = from
    while (parser.at < bytes.length) {
      const result = batch.parse(parser, bytes, bytes.length, client)
      batch.lookAhead(client)
      for (let i = 0; i < batch.count; i++) {
        const request = batch.requests[i]
        if (!this.obey(request, batch.commands[i])) {
          this.wait(bytes.subarray(behind), own)
          parser.reset()
          return
        }
        this.executed(bytes, behind, request.behind, own)
        behind = request.behind
        if (!this.ended) continue
        parser.reset()
        return
      }
      batch.trim()
      if (result === FAILED) {
        this.host.streamBroken(parser.error)
        return
      }
      // Empty requests are part of the stream, too.
      const parsed = parser.keepFrom
      if (parsed > behind) this.executed(bytes, behind, parsed, own)
      behind = parsed
      if (result === INCOMPLETE) {
        this.pending = this.unfinished.begin(parser, bytes.length)
        return
      }
    }
  }

  /** False when a pause has put the request off. */
  private obey(request: Request, command?: Command | null): boolean {
    this.host.executeFromMaster(this.client, request, command)
    return this.client.blocked === null
  }

  private feedPending(pending: PendingRequest, bytes: Buffer): number {
    const { parser } = pending
    let from = 0
    while (from < bytes.length) {
      const until = Math.min(bytes.length, from + parser.bytesToFeed(pending.length))
      pending.append(bytes, from, until)
      from = until
      const result = parser.parse(pending.buffer, pending.length, true)
      if (result === FAILED) {
        this.host.streamBroken(parser.error)
        return -1
      }
      if (result !== COMPLETE && result !== EMPTY) continue
      const end = parser.at
      const behind = from - (pending.length - end)
      this.pending = null
      if (result === COMPLETE) {
        parser.request.exclusive = pending.exclusive
        if (!this.obey(parser.request)) {
          this.wait(pending.buffer.subarray(0, end), pending.exclusive)
          this.wait(bytes.subarray(behind))
          return -1
        }
      }
      this.executed(pending.buffer, 0, end, pending.exclusive)
      return behind
    }
    return from
  }

  private executed(bytes: Buffer, start: number, end: number, own: boolean): void {
    if (this.client.transaction !== null) {
      // A request in a queue is changed by nobody, the store included.
      const request = bytes.subarray(start, end)
      this.held.push(own ? request : Buffer.from(request))
      this.heldBytes += end - start
      return
    }
    this.host.replication.masterDatabase = this.client.db.index
    if (this.heldBytes > 0) this.relayHeld()
    this.host.relay(bytes, start, end)
  }
  private relayHeld(): void {
    for (const part of this.held) this.host.relay(part, 0, part.length)
    this.held = []
    this.heldBytes = 0
  }
}
