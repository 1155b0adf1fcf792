/** Executes a master's stream: its requests in order, obeyed without replies, each relayed to this server's own replicas. */
import type { Client } from '../commands/client.js'
import { type PendingRequest, PendingRequests } from '../resp/pending-request.js'
import { Request } from '../resp/request.js'
import { COMPLETE, EMPTY, FAILED, RequestParser } from '../resp/request-parser.js'
import type { Keyspace } from '../store/keyspace.js'

export interface MasterStreamHost {
  executeFromMaster(client: Client, request: Request): void
  /** Bytes that have been executed, to be relayed and counted. */
  relay(bytes: Buffer, start: number, end: number): void
  streamBroken(text: string): void
  readonly keyspace: Keyspace
  /** Remembers, across links and restarts, which database the stream is in. */
  readonly replication: { masterDatabase: number }
}

/** What clients may send is limited; what a master took from its clients is not. */
const NO_LIMITS = { maxBulkBytes: Number.MAX_SAFE_INTEGER }

export class MasterStream {
  readonly client: Client
  private readonly host: MasterStreamHost
  private readonly parser: RequestParser
  private pending: PendingRequest | null = null
  private readonly unfinished = new PendingRequests(NO_LIMITS)
  /** Bytes of a transaction whose EXEC has not come: replicas of this server get it as a whole. */
  private held: Buffer[] = []

  constructor(client: Client, host: MasterStreamHost) {
    this.client = client
    this.host = host
    this.client.db = host.keyspace.databases[host.replication.masterDatabase] ?? host.keyspace.databases[0]
    this.parser = new RequestParser(new Request(), NO_LIMITS)
  }

  /** Whether a request or a transaction is unfinished. */
  get midway(): boolean {
    return this.pending !== null || this.held.length > 0
  }

  apply(bytes: Buffer): void {
    let from = 0
    if (this.pending !== null) {
      from = this.feedPending(this.pending, bytes)
      if (from < 0) return
    }
    const { parser } = this
    parser.at = from
    let behind = from
    while (parser.at < bytes.length) {
      const result = parser.parse(bytes, bytes.length, true)
      if (result === COMPLETE || result === EMPTY) {
        const end = parser.at
        if (result === COMPLETE) this.host.executeFromMaster(this.client, parser.request)
        this.executed(bytes, behind, end)
        behind = end
        parser.at = end
      } else if (result === FAILED) {
        this.host.streamBroken(parser.error)
        return
      } else {
        this.pending = this.unfinished.begin(parser, bytes.length)
        return
      }
    }
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
        this.host.executeFromMaster(this.client, parser.request)
      }
      this.executed(pending.buffer, 0, end)
      return behind
    }
    return from
  }

  private executed(bytes: Buffer, start: number, end: number): void {
    if (this.client.transaction !== null) {
      this.held.push(Buffer.from(bytes.subarray(start, end)))
      return
    }
    this.host.replication.masterDatabase = this.client.db.index
    for (const part of this.held) this.host.relay(part, 0, part.length)
    this.held.length = 0
    this.host.relay(bytes, start, end)
  }
}
