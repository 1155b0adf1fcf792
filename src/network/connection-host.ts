/** What a connection needs of the server. */
import type { Client } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import type { ReplyBufferSettings } from '../commands/server-api.js'
import type { PendingRequests } from '../resp/pending-request.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Request } from '../resp/request.js'
import type { RequestParser } from '../resp/request-parser.js'
import type { OutputsUnderWay } from './output-queue.js'
import type { StreamTaker } from './reply-streams.js'
import type { RequestBatch } from './request-batch.js'

/** A connection as the server calls it back. */
export interface TurnTaker {
  readonly client: Client
  /** Goes on with requests that waited. */
  resume(): void
  /** The turn of all connections is over: replies and messages leave. */
  endTurn(): void
  /** What there is to be sent waits until release(), for the disk. */
  waitForDisk(): void
  /** Sends it. True: what has come since waits on, for another release(). */
  release(): boolean
  /** postLater() has been called, endTurn() not yet. */
  postDue: boolean
}

/** The account of memory that clients hold. */
export interface ClientAccount {
  /** Whether anybody wants it kept. */
  readonly accounting: boolean
  update(client: Client): void
}

/** Counters that connections keep (ServerStats). */
export interface ConnectionStats {
  bytesIn: number
  bytesOut: number
  reads: number
  writes: number
}

export interface ConnectionHost {
  /** Unix time in milliseconds. */
  now(): number
  readonly clientAccount: ClientAccount
  readonly readBuffer: Buffer
  readonly parser: RequestParser
  readonly batch: RequestBatch
  readonly unfinished: PendingRequests
  readonly replies: ReplyWriter
  readonly outputs: OutputsUnderWay
  readonly limits: { maxBulkBytes: number; queryBufferBytes: number }
  readonly stats: ConnectionStats
  readonly replyBuffer: ReplyBufferSettings
  /** The client whose request is being executed. */
  readonly serving: Client | null
  /** Messages for the client being served, which leave behind its reply. */
  readonly latePushes: Buffer[]
  /** The requests in `bytes` are about to be executed, and have been: meanwhile these bytes do not change. */
  beginRequests(bytes: Buffer): void
  endRequests(): void
  /** Executes a request; what it calls, if that has been looked up. */
  dispatch(client: Client, request: Request, command?: Command | null): void
  /** Reads the clock; called when bytes arrive. */
  beginTurn(connection: TurnTaker): void
  /** The connection's requests have taken so long since its turn began that others should have theirs. */
  readonly turnIsLong: boolean
  /** Calls resume() in the next turn. */
  resumeLater(connection: TurnTaker): void
  /** Calls endTurn() when all connections have had their turn; behind that, for messages. */
  flushLater(connection: TurnTaker): void
  postLater(connection: TurnTaker): void
  /** Calls continueStream() in a later turn. */
  streamLater(connection: StreamTaker): void
  /** What was written is not all on disk, and what is answered from here on has to wait for it. */
  readonly holdsReplies: boolean
  outputGrew(client: Client): void
  /** Whether the client is closed when so and so much waits for it, however short it waits. */
  hasOutputLimit(client: Client): boolean
  protocolError(client: Client, text: string): void
  queryBufferExceeded(client: Client): void
  /** The client is gone; then, its connection is closed. */
  forget(client: Client): void
  closed(client: Client): void
}
