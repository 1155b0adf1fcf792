/**
 * One client's connection: bytes in from the shared read buffer, requests to the dispatcher, replies out. Replies are
 * tried at once through the handle; what the kernel does not take waits in a queue that output limits watch.
 */
import type net from 'node:net'
import { latin1 } from '../bytes/latin1.js'
import type { Client, Transport } from '../commands/client.js'
import type { ReplyBufferSettings } from '../commands/server-api.js'
import type { PendingRequest, PendingRequests } from '../resp/pending-request.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Request } from '../resp/request.js'
import { COMPLETE, EMPTY, FAILED, type RequestParser } from '../resp/request-parser.js'
import {
  handlesAvailable,
  lastWriteIsPending,
  newWriteRequest,
  type StreamHandle,
  type WriteRequest,
} from './node-handles.js'

/** Strings up to this size are written by libuv from its stack; larger ones it would copy to the heap. */
const STRING_WRITE_MAX_BYTES = 16384
const NOTHING: readonly Buffer[] = []
/** Sizes between which Redis keeps a client's reply buffer (PROTO_REPLY_ in server.h). */
const REPLY_BUFFER_MIN_BYTES = 1024
const REPLY_BUFFER_MAX_BYTES = 16 * 1024
/** The JavaScript object behind a piece of output. */
const CHUNK_OBJECT_BYTES = 100

/** The account of memory that clients hold. */
export interface ClientAccount {
  /** Whether anybody wants it kept. */
  readonly accounting: boolean
  update(client: Client): void
}
/** How long requests that waited while their client was blocked may be executed in one go. */
const STASH_SLICE_MS = 1

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
  readonly stats: ConnectionStats
  readonly replyBuffer: ReplyBufferSettings
  readonly limits: { maxBulkBytes: number; queryBufferBytes: number }
  /** The client whose request is being executed. */
  readonly serving: Client | null
  /** Messages for the client being served, which leave behind its reply. */
  readonly latePushes: Buffer[]
  /** Executes the parser's request. */
  dispatch(client: Client, parser: RequestParser): void
  /** Reads the clock; called when bytes arrive. */
  beginTurn(): void
  /** Calls the connection's endTurn() when all connections have had their turn. */
  flushLater(connection: Connection): void
  outputGrew(connection: Connection): void
  protocolError(client: Client, text: string): void
  queryBufferExceeded(client: Client): void
  closed(connection: Connection): void
}

/** Unused request of the last write that finished at once: most do, so one serves all connections. */
let spareRequest: WriteRequest = newWriteRequest()

export class Connection implements Transport {
  readonly socket: net.Socket
  readonly isUnixSocket: boolean
  readonly remoteAddress: string
  readonly localAddress: string
  client!: Client
  private readonly host: ConnectionHost
  private readonly handle: StreamHandle | null
  private pending: PendingRequest | null = null
  /** Bytes that arrived while the client was blocked. */
  private stash: Buffer[] = []
  private stashBytes = 0
  /** Replies of this turn, one character a byte; they come behind `outgoing`. */
  private text = ''
  private outgoing: Buffer[] = []
  private outgoingBytes = 0
  private inFlightBytes = 0
  /** What the kernel is still reading from: libuv keeps pointers, so the memory must not be collected meanwhile. */
  private inFlight: readonly Buffer[] = NOTHING
  /** Most bytes of replies in one turn since `peakMs`. */
  private peakBytes = 0
  private peakMs = 0
  private writing = false
  private ending = false
  destroyed = false
  onDrain: (() => void) | null = null
  /** Since when the output has been over the soft limit, or 0. */
  overSoftLimitSinceMs = 0

  constructor(host: ConnectionHost, socket: net.Socket, handle: StreamHandle | null, unixSocketPath: string | null) {
    this.host = host
    this.socket = socket
    this.handle = handle
    this.isUnixSocket = unixSocketPath !== null
    this.remoteAddress =
      unixSocketPath === null ? joinAddress(socket.remoteAddress, socket.remotePort) : `${unixSocketPath}:0`
    this.localAddress =
      unixSocketPath === null ? joinAddress(socket.localAddress, socket.localPort) : `${unixSocketPath}:0`
    socket.on('error', () => this.close())
    socket.on('end', () => this.close())
    socket.on('close', () => this.onClosed())
  }

  get fd(): number {
    return this.handle?.fd ?? -1
  }
  get pendingOutputBytes(): number {
    return this.outgoingBytes + this.inFlightBytes + this.text.length
  }
  get pendingOutputChunks(): number {
    return this.outgoing.length + this.inFlight.length
  }
  get pendingInputBytes(): number {
    return (this.pending?.unparsedBytes ?? 0) + this.stashBytes
  }
  get memoryBytes(): number {
    return (
      (this.pending?.buffer.length ?? 0) +
      this.stashBytes +
      this.outgoingBytes +
      this.inFlightBytes +
      this.pendingOutputChunks * CHUNK_OBJECT_BYTES
    )
  }

  /** Bytes have arrived in the shared read buffer. */
  receive(length: number): boolean {
    const { host, client } = this
    if (this.destroyed || client.closing) return true
    host.beginTurn()
    host.stats.reads++
    host.stats.bytesIn += length
    if (client.blocked !== null || this.stashBytes > 0) this.hold(host.readBuffer, 0, length)
    else this.consume(host.readBuffer, length)
    if (host.clientAccount.accounting) this.account()
    this.flush()
    return true
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
        if (client.closing || this.destroyed) return
        if (client.blocked !== null) {
          if (behind < length) this.hold(bytes, behind, length)
          return
        }
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
      if (pending.length > host.limits.queryBufferBytes) {
        host.queryBufferExceeded(client)
        return -1
      }
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
        if (client.closing || this.destroyed) return -1
        if (client.blocked !== null) {
          if (behind < length) this.hold(bytes, behind, length)
          return -1
        }
      }
      return behind
    }
    return from
  }

  private hold(bytes: Buffer, start: number, end: number): void {
    this.keep(Buffer.from(bytes.subarray(start, end)))
  }

  private keep(bytes: Buffer): void {
    this.stash.push(bytes)
    this.stashBytes += bytes.length
    if (this.stashBytes > this.host.limits.queryBufferBytes) this.host.queryBufferExceeded(this.client)
  }

  resume(): void {
    if (this.stash.length > 0 && this.client.blocked === null) this.consumeStash()
    if (this.host.clientAccount.accounting) this.account()
    this.flush()
  }

  private account(): void {
    if (!this.destroyed) this.host.clientAccount.update(this.client)
  }

  /** Goes on with what arrived while the client was blocked: in slices, as that may be much. */
  private consumeStash(): void {
    const { client, host, stash } = this
    const deadline = performance.now() + STASH_SLICE_MS
    this.stash = []
    host.beginTurn()
    let next = 0
    while (next < stash.length && client.blocked === null && !client.closing && performance.now() < deadline) {
      const bytes = stash[next++]
      this.stashBytes -= bytes.length
      this.consume(bytes, bytes.length)
    }
    if (client.closing || this.destroyed) return
    // What has to wait again comes first.
    this.stash = this.stash.concat(stash.slice(next))
    if (this.stash.length > 0 && client.blocked === null) setImmediate(() => this.resume())
  }

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
    this.host.stats.bytesOut += size
    if (size > this.peakBytes) this.notePeak(size)
    if (replies.chunkBytes !== 0 || size > STRING_WRITE_MAX_BYTES || this.text !== '' || this.handle === null) {
      for (const chunk of replies.takeChunks()) this.enqueue(chunk)
    } else {
      this.text = latin1(replies.buffer, 0, size)
      replies.clear()
    }
    this.host.flushLater(this)
  }

  private notePeak(bytes: number): void {
    this.peakBytes = bytes
    this.peakMs = Date.now()
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

  /** The turn is over: replies leave. */
  endTurn(): void {
    const { text, handle } = this
    if (this.destroyed) return
    if (text !== '' && handle !== null && !this.writing && this.outgoing.length === 0) {
      this.text = ''
      this.host.stats.writes++
      const request = spareRequest
      const error = handle.writeLatin1String(request, text)
      if (error !== 0) this.close()
      else if (lastWriteIsPending()) this.startWriting(request, text.length)
    } else {
      this.queueText()
      this.drain()
    }
    if (this.ending && !this.writing) this.finish()
  }

  private queueText(): void {
    if (this.text === '') return
    const bytes = Buffer.from(this.text, 'latin1')
    this.text = ''
    this.outgoing.push(bytes)
    this.outgoingBytes += bytes.length
  }

  send(bytes: Buffer): void {
    if (this.destroyed) return
    this.host.stats.bytesOut += bytes.length
    this.enqueue(bytes)
    this.drain()
  }

  post(bytes: Buffer): void {
    if (this.destroyed) return
    if (this.host.serving === this.client) {
      this.host.latePushes.push(bytes)
      return
    }
    this.host.stats.bytesOut += bytes.length
    this.enqueue(bytes)
    this.host.flushLater(this)
  }

  postpone(request: Request): void {
    // An inline command has no RESP form of its own, and a queue needs bytes that stay.
    const { buffer, wireEnd } = request.clone()
    this.keep(buffer.subarray(0, wireEnd))
  }

  sendAll(chunks: readonly Buffer[]): void {
    if (this.destroyed) return
    for (const chunk of chunks) {
      this.host.stats.bytesOut += chunk.length
      this.enqueue(chunk)
    }
    this.drain()
  }

  private enqueue(bytes: Buffer): void {
    this.queueText()
    this.outgoing.push(bytes)
    this.outgoingBytes += bytes.length
  }

  /** Hands the queue to the kernel unless a write is under way. */
  private drain(): void {
    this.write()
    if (this.host.clientAccount.accounting) this.account()
  }

  private write(): void {
    if (this.writing || this.destroyed) {
      if (this.writing) this.host.outputGrew(this)
      return
    }
    if (this.outgoing.length === 0) return
    const chunks = this.outgoing
    const size = this.outgoingBytes
    this.outgoing = []
    this.outgoingBytes = 0
    this.host.stats.writes++
    const { handle } = this
    if (handle === null || !handlesAvailable) {
      this.writing = true
      this.inFlightBytes = size
      this.socket.write(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), () => this.onWritten(0))
      return
    }
    const request = spareRequest
    const error = chunks.length === 1 ? handle.writeBuffer(request, chunks[0]) : handle.writev(request, chunks, true)
    if (error !== 0) this.close()
    else if (lastWriteIsPending()) {
      this.inFlight = chunks
      this.startWriting(request, size)
    }
  }

  private startWriting(request: WriteRequest, size: number): void {
    spareRequest = newWriteRequest()
    this.writing = true
    this.inFlightBytes = this.handle?.writeQueueSize ?? size
    request.oncomplete = status => this.onWritten(status)
    this.host.outputGrew(this)
  }

  private onWritten(status: number): void {
    this.writing = false
    this.inFlightBytes = 0
    this.inFlight = NOTHING
    if (this.destroyed) return
    if (status < 0) {
      this.close()
      return
    }
    this.drain()
    if (this.writing) return
    if (this.ending) this.finish()
    else this.onDrain?.()
  }

  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.client.closing = true
    this.outgoing = []
    this.outgoingBytes = 0
    this.text = ''
    this.socket.destroy()
  }

  drop(): void {
    this.close()
    this.onClosed()
  }

  closeAfterReplies(): void {
    if (this.destroyed || this.ending) return
    this.client.closing = true
    this.ending = true
    // Replies of this turn may still be in the shared writer, or wait for its end.
    this.host.flushLater(this)
  }

  private finish(): void {
    if (!this.destroyed) this.socket.end(() => this.close())
  }

  private onClosed(): void {
    this.destroyed = true
    this.client.closing = true
    this.host.closed(this)
  }
}

/** "127.0.0.1:50000", "[::1]:50000". */
export function joinAddress(address: string | undefined, port: number | undefined): string {
  const host = address ?? '?'
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host
  return plain.includes(':') ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`
}
