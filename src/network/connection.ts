/**
 * One client's connection: bytes in from the shared read buffer, requests to the dispatcher, replies out. Short replies leave as
 * one text at the end of the turn; everything else goes through a queue, which a connection gets when it first needs one. An idle
 * connection is little more than its handle: ten thousand of them should cost no more than in C.
 */
import { latin1 } from '../bytes/latin1.js'
import { LONG_REPLY, type Transport } from '../commands/client.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { ConnectionHost } from './connection-host.js'
import { ConnectionInput } from './connection-input.js'
import { closeHandle, keepRequest, writeRequest } from './node-handles.js'
import { type OutputOwner, OutputQueue, UNLIMITED_OUTPUT_BYTES } from './output-queue.js'
import { bufferForPeak, ReplyPeak } from './reply-peak.js'
import { ReplyStream, type StreamTaker } from './reply-streams.js'
import { addressOf, type StreamHandle } from './stream-handle.js'

/** Strings up to this size are written by libuv from its stack; larger ones it would copy to the heap. */
const STRING_WRITE_MAX_BYTES = 16384

export class Connection extends ConnectionInput implements Transport, OutputOwner, StreamTaker {
  streamDue = false
  private readonly unixSocketPath: string | null
  private peer: string | null = null
  /** Replies of this turn, one character a byte; they come behind `output`. */
  private text = ''
  private output: OutputQueue | null = null
  /** Long replies under way, with what comes behind them. */
  private stream: ReplyStream | null = null
  private peak: ReplyPeak | null = null
  private ending = false
  /** Output that has come while what is ahead of it waited for the disk. */
  private behind: Buffer[] = []

  /** @param unixSocketPath the socket it came by; null for TCP. */
  constructor(host: ConnectionHost, handle: StreamHandle, unixSocketPath: string | null) {
    super(host, handle)
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
    return this.text.length + (this.output?.bytes ?? 0) + (this.stream?.memoryBytes ?? 0) + this.behindBytes
  }
  private get behindBytes(): number {
    let bytes = 0
    for (const { length } of this.behind) bytes += length
    return bytes
  }
  get replyBytes(): number {
    return this.text.length
  }
  get pendingOutputChunks(): number {
    return (this.output?.length ?? 0) + (this.stream?.length ?? 0)
  }
  get replyPeakBytes(): number {
    return this.peak?.bytes(this.host.replyBuffer) ?? 0
  }
  get replyBufferBytes(): number {
    return bufferForPeak(this.replyPeakBytes, this.host.replyBuffer)
  }
  get memoryBytes(): number {
    return this.inputMemoryBytes + (this.output?.memoryBytes ?? 0) + (this.stream?.memoryBytes ?? 0)
  }

  // Output

  holdProcess(holds: boolean): void {
    if (holds) this.handle.ref?.()
    else this.handle.unref?.()
  }

  freeze(frozen: boolean): void {
    if (this.frozen === frozen || this.destroyed) return
    this.freezeInput(frozen)
    if (frozen) return
    this.endTurn()
    if (this.output?.isIdle) this.output.onDrain?.()
    if (this.hasHeldInput && this.client.blocked === null) this.host.resumeLater(this)
  }

  setNoDelay(on: boolean): void {
    this.handle.setNoDelay?.(on)
  }

  /**
   * Takes over what the reply writer holds. It leaves when the turn of all connections is over: written one after another,
   * replies wake the clients' side once instead of once each, and whatever has to reach a disk before them can do so.
   */
  flush(behind = false): void {
    const { replies } = this.host
    if (replies.isEmpty) return
    if (this.destroyed) {
      replies.clear()
      return
    }
    const size = replies.totalBytes
    this.count(size)
    this.notePeak(size)
    // What is on its way goes on as soon as the kernel takes it: ahead of this turn's end, and of the disk.
    if (this.output !== null && !this.output.isIdle && this.host.holdsReplies) this.waitsForDisk = true
    const isShort = replies.chunkBytes === 0 && size <= STRING_WRITE_MAX_BYTES
    if (!isShort || this.text !== '' || this.stream !== null || this.waitsForDisk) {
      for (const chunk of replies.takeChunks()) this.enqueue(chunk)
      if (this.client.mustLogIn) this.drainAndCheck()
      else this.checkOutput()
    } else {
      this.text = latin1(replies.buffer, 0, size)
      replies.clear()
    }
    if (behind) this.host.postLater(this)
    else this.host.flushLater(this)
  }

  private notePeak(bytes: number): void {
    this.peak ??= new ReplyPeak()
    if (bytes > this.peak.highest) this.peak.note(bytes)
  }

  /** A replica's stream is counted where it is sent. */
  private count(bytes: number): void {
    if (!this.client.isReplica) this.host.stats.bytesOut += bytes
  }

  /** The turn is over: replies and messages leave. */
  endTurn(): void {
    this.postDue = false
    if (this.destroyed || this.waitsForDisk || this.frozen) return
    const { handle, output, text } = this
    let error: number
    if (text !== '' && (output === null || output.isIdle)) {
      this.text = ''
      this.host.stats.writes++
      error = handle.writeLatin1String(writeRequest(), text)
      const pending = error === 0 ? keepRequest() : null
      if (pending !== null) this.queue.await(pending, text.length)
    } else {
      error = this.drain()
      // While the kernel is busy with earlier replies, those of each turn are added to what waits.
      if (error === 0 && text !== '') this.checkOutput()
    }
    if (error !== 0) this.close()
    else if (this.stream !== null) this.host.streamLater(this)
    else if (this.ending) this.closeIfIdle()
  }

  waitForDisk(): void {
    this.waitsForDisk = true
  }

  release(): boolean {
    this.waitsForDisk = false
    this.endTurn()
    if (this.destroyed) return false
    const { behind } = this
    if (behind.length > 0) {
      this.behind = []
      for (const chunk of behind) this.enqueue(chunk)
      this.waitsForDisk = true
      return true
    }
    if (this.hasHeldInput && this.client.blocked === null) this.host.resumeLater(this)
    return false
  }

  private drain(): number {
    if (this.waitsForDisk || this.frozen) return 0
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
    if (this.waitsForDisk) {
      this.behind.push(bytes)
      // Where it was not a turn that it came in, nobody else has its end in mind.
      this.host.postLater(this)
      return
    }
    if (this.stream !== null) {
      this.stream.push(bytes)
      return
    }
    this.queueText()
    this.queue.push(bytes)
  }

  /** To be called when output was added. */
  private checkOutput(): void {
    if (!this.destroyed && this.pendingOutputBytes > UNLIMITED_OUTPUT_BYTES) this.outputGrew()
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
    this.checkOutput()
    if (!this.destroyed && this.drain() !== 0) this.close()
  }

  /** For a client that has not logged in: it may have little output, so what it reads readily does not wait for the turn's end. */
  private drainAndCheck(): void {
    if (this.drain() !== 0) this.close()
    else this.checkOutput()
  }

  post(bytes: Buffer): void {
    if (this.destroyed) return
    if (this.host.serving === this.client) {
      this.host.latePushes.push(bytes)
      return
    }
    this.count(bytes.length)
    this.enqueue(bytes)
    this.checkOutput()
    this.account()
    this.host.postLater(this)
  }

  replyFrom(source: ReplySource): void {
    if (this.destroyed) {
      source.close()
      return
    }
    this.flush()
    this.stream ??= new ReplyStream()
    this.stream.add(source)
    this.client.blocked = LONG_REPLY
    this.host.flushLater(this)
  }

  continueStream(deadlineMs: number): void {
    const { client, host, stream } = this
    if (
      this.destroyed ||
      stream === null ||
      this.waitsForDisk ||
      this.frozen ||
      (this.output !== null && !this.output.isIdle)
    )
      return
    const { replies } = host
    replies.resp = client.resp
    const waiting = stream.bytes
    const done = stream.next(replies, deadlineMs)
    // What waited behind a long reply was counted when it came to wait.
    this.count(replies.totalBytes - (waiting - stream.bytes))
    // A client with a hard limit gets nothing of a reply that turns out to be longer, as in Redis, where all of it is made first.
    if (host.hasOutputLimit(client)) stream.keep(replies.takeChunks())
    else for (const chunk of replies.takeChunks()) this.queue.push(chunk)
    if (done) {
      this.stream = null
      for (const chunk of stream.takeKept()) this.queue.push(chunk)
    }
    if (this.drain() !== 0) this.close()
    // What has to be collected before the reply can begin counts as output.
    this.checkOutput()
    if (this.destroyed) return
    if (!done) {
      if (this.output === null || this.output.isIdle) host.streamLater(this)
    } else if (this.ending) this.closeIfIdle()
    else if (client.blocked === LONG_REPLY) {
      client.blocked = null
      host.resumeLater(this)
    }
  }

  private closeIfIdle(): void {
    if (this.output === null || this.output.isIdle) this.close()
  }

  get onDrain(): (() => void) | null {
    return this.output?.onDrain ?? null
  }
  set onDrain(drained: (() => void) | null) {
    if (drained !== null || this.output !== null) this.queue.onDrain = drained
  }

  outputGrew(): void {
    this.host.outputGrew(this.client)
  }

  outputWritten(status: number): void {
    if (this.destroyed) return
    if (status < 0 || this.drain() !== 0) {
      this.close()
      return
    }
    this.client.lastInteractionMs = this.host.now()
    if (!this.queue.isIdle) return
    if (this.stream !== null) this.host.streamLater(this)
    else if (this.ending) this.close()
    else this.queue.onDrain?.()
  }

  // The end

  ended(): void {
    const { output } = this
    // The other side has nothing more to say, but may read what it has asked for: replies that wait for the end of this turn.
    const waits = this.text !== '' || this.stream !== null || this.waitsForDisk
    if (waits || (output !== null && !output.writing && !output.isIdle)) this.closeAfterReplies()
    else this.close()
  }

  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.client.closing = true
    this.text = ''
    this.behind = []
    this.output?.clear()
    this.stream?.close()
    this.stream = null
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
    this.host.closed(this.client)
  }
}
