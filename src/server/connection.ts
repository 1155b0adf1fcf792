/**
 * One client's connection: bytes in from the shared read buffer, requests to the dispatcher, replies out. Short replies leave as
 * one text at the end of the turn; everything else goes through a queue, which a connection gets when it first needs one. An idle
 * connection is little more than its handle: ten thousand of them should cost no more than in C.
 */
import { latin1 } from '../bytes/latin1.js'
import type { Client, Transport } from '../commands/client.js'
import type { ReplyBufferSettings } from '../commands/server-api.js'
import type { PendingRequest, PendingRequests } from '../resp/pending-request.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Request } from '../resp/request.js'
import { COMPLETE, EMPTY, FAILED, type RequestParser } from '../resp/request-parser.js'
import { HeldInput } from './held-input.js'
import { closeHandle, keepRequest, writeRequest } from './node-handles.js'
import { type OutputOwner, OutputQueue, type OutputsUnderWay } from './output-queue.js'
import { addressOf, type StreamHandle, type StreamReader } from './stream-handle.js'

/** Strings up to this size are written by libuv from its stack; larger ones it would copy to the heap. */
const STRING_WRITE_MAX_BYTES = 16384
/** As with Redis's own reply buffer, so much output counts for no limit. */
const UNLIMITED_OUTPUT_BYTES = 16384
/** Sizes between which Redis keeps a client's reply buffer (PROTO_REPLY_ in server.h). */
const REPLY_BUFFER_MIN_BYTES = 1024
const REPLY_BUFFER_MAX_BYTES = 16 * 1024
/** What a client may have sent of a request before it has authenticated. */
const UNAUTHENTICATED_MAX_BYTES = 1024 * 1024

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

/** What a connection needs of the server. */
export interface ConnectionHost {
  readonly clientAccount: ClientAccount
  readonly readBuffer: Buffer
  readonly parser: RequestParser
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
  /** Executes the parser's request. */
  dispatch(client: Client, parser: RequestParser): void
  /** Reads the clock; called when bytes arrive. */
  beginTurn(connection: Connection): void
  /** The connection's requests have taken so long since its turn began that others should have theirs. */
  readonly turnIsLong: boolean
  /** Calls resume() in the next turn. */
  resumeLater(connection: Connection): void
  /** Calls endTurn() when all connections have had their turn; behind that, for messages. */
  flushLater(connection: Connection): void
  postLater(connection: Connection): void
  outputGrew(connection: Connection): void
  protocolError(client: Client, text: string): void
  queryBufferExceeded(client: Client): void
  /** The client is gone; then, its connection is closed. */
  forget(client: Client): void
  closed(connection: Connection): void
}

export class Connection implements Transport, StreamReader, OutputOwner {
  client!: Client
  destroyed = false
  /** postLater() has been called, endTurn() not yet. */
  postDue = false
  private readonly host: ConnectionHost
  private readonly handle: StreamHandle
  private readonly unixSocketPath: string | null
  private peer: string | null = null
  private pending: PendingRequest | null = null
  private held: HeldInput | null = null
  /** Replies of this turn, one character a byte; they come behind `output`. */
  private text = ''
  private output: OutputQueue | null = null
  /** Most bytes of replies in one turn since `peakMs`. */
  private peakBytes = 0
  private peakMs = 0
  private ending = false
  private paused = false

  /** @param unixSocketPath the socket it came by; null for TCP. */
  constructor(host: ConnectionHost, handle: StreamHandle, unixSocketPath: string | null) {
    this.host = host
    this.handle = handle
    this.unixSocketPath = unixSocketPath
  }

  // Transport: what is known of it

  get isUnixSocket(): boolean {
    return this.unixSocketPath !== null
  }
  get remoteAddress(): string {
    this.peer ??= this.unixSocketPath === null ? addressOf(this.handle, 'getpeername') : `${this.unixSocketPath}:0`
    return this.peer
  }
  get localAddress(): string {
    return this.unixSocketPath === null ? addressOf(this.handle, 'getsockname') : `${this.unixSocketPath}:0`
  }
  get fd(): number {
    return this.handle.fd ?? -1
  }
  get pendingOutputBytes(): number {
    return this.text.length + (this.output?.bytes ?? 0)
  }
  get pendingOutputChunks(): number {
    return this.output?.length ?? 0
  }
  get replyPeakBytes(): number {
    const { peakResetMs } = this.host.replyBuffer
    if (peakResetMs >= 0 && Date.now() - this.peakMs > peakResetMs) this.notePeak(0)
    return this.peakBytes
  }
  get replyBufferBytes(): number {
    if (!this.host.replyBuffer.resizing) return REPLY_BUFFER_MAX_BYTES
    return Math.min(REPLY_BUFFER_MAX_BYTES, Math.max(REPLY_BUFFER_MIN_BYTES, this.replyPeakBytes + 1))
  }
  private notePeak(bytes: number): void {
    this.peakBytes = bytes
    this.peakMs = Date.now()
  }
  get pendingInputBytes(): number {
    return (this.pending?.unparsedBytes ?? 0) + (this.held?.bytes ?? 0)
  }
  get memoryBytes(): number {
    return (this.pending?.buffer.length ?? 0) + (this.held?.bytes ?? 0) + (this.output?.memoryBytes ?? 0)
  }

  // Input

  receive(length: number): void {
    const { client, host } = this
    if (this.destroyed || client.closing) return
    host.beginTurn(this)
    host.stats.reads++
    host.stats.bytesIn += length
    if (client.transaction !== null && this.inputExceedsLimit(length)) return
    if (client.blocked !== null || this.held !== null) this.hold(host.readBuffer, 0, length)
    else this.consume(host.readBuffer, length)
    // libuv would go on reading for as long as reads fill the buffer.
    if (length === host.readBuffer.length && host.turnIsLong) this.pause()
    this.account()
    this.flush()
  }

  private consume(bytes: Buffer, length: number): void {
    const { host, client } = this
    let from = 0
    if (this.pending !== null) from = this.feedPending(bytes, length)
    if (from < 0) return
    const { parser } = host
    parser.at = from
    while (parser.at < length) {
      const result = parser.parse(bytes, length, !client.mustLogIn)
      if (result === COMPLETE) {
        parser.request.exclusive = false
        const behind = parser.at
        host.dispatch(client, parser)
        parser.at = behind
        if (!this.goesOn(bytes, behind, length)) return
      } else if (result === FAILED) {
        host.protocolError(client, parser.error)
        parser.reset()
        return
      } else if (result !== EMPTY) {
        this.pending = host.unfinished.begin(parser, length)
        return
      }
    }
  }

  /** Completes the unfinished request with new bytes; returns how many of them it used up, or -1 to stop. */
  private feedPending(bytes: Buffer, length: number): number {
    const { host, client } = this
    const pending = this.pending as PendingRequest
    const { parser } = pending
    let from = 0
    while (from < length) {
      const until = Math.min(length, from + parser.bytesToFeed(pending.length))
      pending.append(bytes, from, until)
      from = until
      if (this.inputExceedsLimit(0)) return -1
      const result = parser.parse(pending.buffer, pending.length, !client.mustLogIn)
      if (result === FAILED) {
        host.protocolError(client, parser.error)
        return -1
      }
      if (result !== COMPLETE && result !== EMPTY) continue
      // What was fed beyond the request's end is still at the end of `bytes`.
      const behind = from - (pending.length - parser.at)
      this.pending = null
      if (result === COMPLETE) {
        parser.request.exclusive = pending.exclusive
        host.dispatch(client, parser)
        host.unfinished.release(pending)
        if (!this.goesOn(bytes, behind, length)) return -1
      }
      return behind
    }
    return from
  }

  /** Whether the next request may be executed now; otherwise bytes[from, length) are kept for later, if there is a later. */
  private goesOn(bytes: Buffer, from: number, length: number): boolean {
    const { client, host } = this
    if (client.closing || this.destroyed) return false
    if (client.blocked !== null) {
      if (from < length) this.hold(bytes, from, length)
      return false
    }
    if (!host.turnIsLong || from === length) return true
    this.hold(bytes, from, length)
    this.pause()
    return false
  }

  /** Takes nothing more in this turn. */
  private pause(): void {
    if (this.paused || this.destroyed) return
    this.paused = true
    this.handle.readStop()
    this.host.resumeLater(this)
  }

  private hold(bytes: Buffer, start: number, end: number): void {
    const rest = bytes.subarray(start, end)
    this.keep(bytes === this.host.readBuffer ? Buffer.from(rest) : rest)
  }

  private keep(bytes: Buffer): void {
    this.held ??= new HeldInput()
    this.held.add(bytes)
    this.inputExceedsLimit(0)
  }

  /** Ends a client that has sent too much that could not be executed; `more` bytes have just arrived. */
  private inputExceedsLimit(more: number): boolean {
    const { client, host } = this
    const { held, pending } = this
    const bytes = (pending?.length ?? 0) + (held?.bytes ?? 0) + (client.transaction?.argumentBytes ?? 0) + more
    const limit = host.limits.queryBufferBytes
    if (bytes <= limit && (!client.mustLogIn || bytes <= UNAUTHENTICATED_MAX_BYTES)) return false
    host.queryBufferExceeded(client)
    return true
  }

  postpone(request: Request): void {
    // An inline command has no RESP form of its own, and a queue needs bytes that stay.
    const { buffer, wireEnd } = request.clone()
    this.keep(buffer.subarray(0, wireEnd))
  }

  resume(): void {
    if (this.paused) {
      this.paused = false
      if (!this.destroyed) this.handle.readStart()
    }
    if (this.held !== null && this.client.blocked === null) this.consumeHeld(this.held.pieces)
    this.account()
    this.flush()
  }

  /** Goes on with what was kept back, for as long as a turn may take. */
  private consumeHeld(pieces: readonly Buffer[]): void {
    const { client, host } = this
    this.held = null
    host.beginTurn(this)
    let next = 0
    while (next < pieces.length && this.held === null && client.blocked === null && !client.closing) {
      const piece = pieces[next++]
      this.consume(piece, piece.length)
      if (host.turnIsLong) break
    }
    if (client.closing || this.destroyed) return
    // What has to wait again comes first.
    for (; next < pieces.length; next++) this.keep(pieces[next])
    if (this.held !== null && client.blocked === null) this.pause()
  }

  private account(): void {
    const { clientAccount } = this.host
    if (clientAccount.accounting && !this.destroyed) clientAccount.update(this.client)
  }

  // Output

  /**
   * Takes over what the reply writer holds. It leaves when the turn of all connections is over: written one after another,
   * replies wake the clients' side once instead of once each, and whatever has to reach a disk before them can do so.
   */
  flush(): void {
    const { replies } = this.host
    if (replies.isEmpty) return
    if (this.destroyed) {
      replies.clear()
      return
    }
    const size = replies.totalBytes
    this.count(size)
    if (size > this.peakBytes) this.notePeak(size)
    if (replies.chunkBytes !== 0 || size > STRING_WRITE_MAX_BYTES || this.text !== '') {
      for (const chunk of replies.takeChunks()) this.enqueue(chunk)
    } else {
      this.text = latin1(replies.buffer, 0, size)
      replies.clear()
    }
    this.host.flushLater(this)
  }

  /** A replica's stream is counted where it is sent. */
  private count(bytes: number): void {
    if (!this.client.isReplica) this.host.stats.bytesOut += bytes
  }

  /** The turn is over: replies and messages leave. */
  endTurn(): void {
    this.postDue = false
    if (this.destroyed) return
    const { handle, output, text } = this
    let error: number
    if (text !== '' && (output === null || output.isIdle)) {
      this.text = ''
      this.host.stats.writes++
      error = handle.writeLatin1String(writeRequest(), text)
      const pending = error === 0 ? keepRequest() : null
      if (pending !== null) this.queue.await(pending, text.length)
    } else error = this.drain()
    if (error !== 0 || (this.ending && (this.output === null || this.output.isIdle))) this.close()
  }

  private drain(): number {
    this.queueText()
    const { output } = this
    if (output === null) return 0
    let error = 0
    if (!output.writing && !output.isIdle) {
      this.host.stats.writes++
      error = output.drain()
    }
    this.account()
    return error
  }

  private get queue(): OutputQueue {
    this.output ??= new OutputQueue(this.handle, this, this.host.outputs)
    return this.output
  }

  private queueText(): void {
    if (this.text === '') return
    const bytes = Buffer.from(this.text, 'latin1')
    this.text = ''
    this.queue.push(bytes)
  }

  private enqueue(bytes: Buffer): void {
    this.queueText()
    const { queue } = this
    queue.push(bytes)
    if (queue.bytes > UNLIMITED_OUTPUT_BYTES) this.outputGrew()
  }

  send(bytes: Buffer): void {
    if (this.destroyed) return
    this.count(bytes.length)
    this.enqueue(bytes)
    this.sendNow()
  }

  sendAll(chunks: readonly Buffer[]): void {
    if (this.destroyed) return
    for (const chunk of chunks) {
      this.count(chunk.length)
      this.enqueue(chunk)
    }
    this.sendNow()
  }

  private sendNow(): void {
    if (!this.destroyed && this.drain() !== 0) this.close()
  }

  post(bytes: Buffer): void {
    if (this.destroyed) return
    if (this.host.serving === this.client) {
      this.host.latePushes.push(bytes)
      return
    }
    this.count(bytes.length)
    this.enqueue(bytes)
    this.host.postLater(this)
  }

  get onDrain(): (() => void) | null {
    return this.output?.onDrain ?? null
  }
  set onDrain(drained: (() => void) | null) {
    if (drained !== null || this.output !== null) this.queue.onDrain = drained
  }

  outputGrew(): void {
    this.host.outputGrew(this)
  }

  outputWritten(status: number): void {
    if (this.destroyed) return
    if (status < 0 || this.drain() !== 0) {
      this.close()
      return
    }
    if (!this.queue.isIdle) return
    if (this.ending) this.close()
    else this.queue.onDrain?.()
  }

  // The end

  ended(): void {
    // The other side has nothing more to say; what it asked for before may still be read.
    if (this.text !== '') this.closeAfterReplies()
    else this.close()
  }

  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.client.closing = true
    this.text = ''
    this.output?.clear()
    closeHandle(this.handle)
  }

  drop(): void {
    this.close()
    this.host.forget(this.client)
  }

  closeAfterReplies(): void {
    if (this.destroyed || this.ending) return
    this.client.closing = true
    this.ending = true
    // Replies of this turn may still be in the shared writer, or wait for its end.
    this.host.flushLater(this)
  }

  closed(): void {
    this.host.closed(this)
  }
}
