/**
 * The reading half of a connection: whole requests are executed where they lie in the shared read buffer. Copied aside is only a
 * request that is not complete, and what has to wait: the client is blocked, or its requests have taken their share of a turn.
 */
import type { Client } from '../commands/client.js'
import type { PendingRequest } from '../resp/pending-request.js'
import type { Request } from '../resp/request.js'
import { COMPLETE, EMPTY, FAILED, INCOMPLETE } from '../resp/request-parser.js'
import type { ConnectionHost, TurnTaker } from './connection-host.js'
import { HeldInput } from './held-input.js'
import type { StreamHandle, StreamReader } from './stream-handle.js'

/** What executeBatch() returns beside a position. */
const ALL_EXECUTED = -1
const STOPPED = -2

export abstract class ConnectionInput implements StreamReader, TurnTaker {
  client!: Client
  destroyed = false
  postDue = false
  /** Output waits for the disk: so does input, whose replies would come to wait behind it. */
  protected waitsForDisk = false
  protected readonly host: ConnectionHost
  protected readonly handle: StreamHandle
  private pending: PendingRequest | null = null
  private held: HeldInput | null = null
  private paused = false
  /** Nothing is read, nothing is sent. */
  protected frozen = false
  /** A piece of `held` that is one request with memory of its own. */
  private ownRequest: Buffer | null = null

  constructor(host: ConnectionHost, handle: StreamHandle) {
    this.host = host
    this.handle = handle
  }

  /** Takes over what the reply writer holds. */
  abstract flush(): void
  abstract endTurn(): void
  abstract waitForDisk(): void
  abstract release(): boolean
  abstract ended(): void
  abstract closed(): void

  /** Bytes that have arrived and are not parsed yet. */
  get pendingInputBytes(): number {
    return (this.pending?.unparsedBytes ?? 0) + (this.held?.bytes ?? 0)
  }

  /** Memory set aside for a request that has not arrived as a whole, beyond what has. */
  get freeInputBytes(): number {
    return this.pending?.freeBytes ?? 0
  }

  /** Memory that requests take which are not executed yet. */
  protected get inputMemoryBytes(): number {
    return (this.pending?.buffer.length ?? 0) + (this.held?.bytes ?? 0)
  }

  /** Gives memory back that was set aside for a request which does not come. */
  trimInput(): void {
    if (this.pending === null || this.pending.freeBytes === 0) return
    this.pending.trim()
    this.account()
  }

  receive(length: number): void {
    const { client, host } = this
    if (this.destroyed || client.closing) return
    host.beginTurn(this)
    host.stats.reads++
    host.stats.bytesIn += length
    if (client.transaction !== null && this.inputExceedsLimit(length)) return
    if (client.blocked !== null || this.held !== null || this.waitsForDisk) this.hold(host.readBuffer, 0, length)
    else this.consume(host.readBuffer, length)
    // libuv would go on reading for as long as reads fill the buffer.
    if (length === host.readBuffer.length && host.turnIsLong) this.pause()
    this.flush()
    this.account()
  }

  private consume(bytes: Buffer, length: number): void {
    this.host.beginRequests(bytes)
    this.consumeRequests(bytes, length)
    this.host.endRequests()
  }

  private consumeRequests(bytes: Buffer, length: number): void {
    const { host, client } = this
    let from = 0
    if (this.pending !== null) from = this.feedPending(bytes, length)
    if (from < 0) return
    const { batch, parser } = host
    parser.at = from
    while (parser.at < length) {
      const result = batch.parse(parser, bytes, length, client)
      if (batch.count !== 0) {
        if (bytes === this.ownRequest) batch.requests[0].exclusive = true
        batch.lookAhead(client)
        const behind = this.executeBatch(bytes, length)
        if (behind !== ALL_EXECUTED) {
          parser.reset()
          if (behind === STOPPED) return
          parser.at = behind
          continue
        }
      }
      if (result === FAILED) {
        host.protocolError(client, parser.error)
        parser.reset()
        return
      }
      if (result === INCOMPLETE) {
        this.pending = host.unfinished.begin(parser, length)
        return
      }
    }
  }

  /** Runs the batch; where to go on parsing when the rest of it does not hold any more. */
  private executeBatch(bytes: Buffer, length: number): number {
    const { client, host } = this
    const { batch } = host
    const { commands, count, requests } = batch
    for (let i = 0; i < count; i++) {
      const request = requests[i]
      host.dispatch(client, request, commands[i])
      if (!this.goesOn(bytes, request.behind, length)) return STOPPED
      if (!batch.holds(client)) return request.behind
    }
    batch.trim()
    return ALL_EXECUTED
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
        host.dispatch(client, parser.request)
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
    if (bytes <= host.limits.queryBufferBytes) return false
    host.queryBufferExceeded(client)
    return true
  }

  postpone(request: Request): void {
    // An inline command has no RESP form of its own, and a queue needs bytes that stay.
    const { buffer, wireEnd, wireStart } = request.keep()
    const piece = buffer.subarray(wireStart, wireEnd)
    if (buffer === request.buffer) this.ownRequest = piece
    this.held ??= new HeldInput()
    this.held.addFirst(piece)
    this.inputExceedsLimit(0)
  }

  dropPostponed(): void {
    this.held?.dropFirst()
    if (this.held?.bytes === 0) this.held = null
  }

  resume(): void {
    if (this.paused) {
      this.paused = false
      if (!this.destroyed && !this.frozen) this.handle.readStart()
    }
    const waits = this.waitsForDisk || this.frozen
    if (this.held !== null && this.client.blocked === null && !waits) this.consumeHeld(this.held.pieces)
    this.flush()
    this.account()
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
      if (piece === this.ownRequest) this.ownRequest = null
      if (host.turnIsLong) break
    }
    if (client.closing || this.destroyed) return
    // What has to wait again comes first.
    for (; next < pieces.length; next++) this.keep(pieces[next])
    if (this.held !== null && client.blocked === null) this.pause()
  }

  /** There is input that was put off until output has left. */
  protected get hasHeldInput(): boolean {
    return this.held !== null
  }

  /** Nothing is read from here on; false: as before, unless this turn has to end first. */
  protected freezeInput(frozen: boolean): void {
    this.frozen = frozen
    if (frozen) this.handle.readStop()
    else if (!this.paused) this.handle.readStart()
  }

  protected account(): void {
    const { clientAccount } = this.host
    if (clientAccount.accounting && !this.destroyed) clientAccount.update(this.client)
  }
}
