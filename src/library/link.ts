/** The way from a replica to its master, which a test can cut, delay and narrow. */
import net from 'node:net'
import { Duplex } from 'node:stream'
import type { Clock } from '../clock/clock.js'
import type { MasterStream } from '../replication/master-socket.js'

/** What is on its way in one direction, at most, before the sender has to wait. */
const UNDER_WAY_MAX_BYTES = 1024 * 1024
/** A narrow link carries this many pieces a second. */
const PIECES_A_SECOND = 50

/** Connects to a server of the topology without a socket; null: there is none at that address. */
export type FindServer = (host: string, port: number) => (() => Duplex) | null

export class Link {
  private readonly clock: Clock
  private readonly find: FindServer
  /** Called when the link works again: nobody has to wait until the next try. */
  private readonly onHealed: () => void
  private readonly streams = new Set<LinkStream>()
  private isCut = false
  private delayMs = 0
  private bytesPerSecond = Number.POSITIVE_INFINITY

  /** @internal createTopology() makes it. */
  constructor(clock: Clock, find: FindServer, onHealed: () => void) {
    this.clock = clock
    this.find = find
    this.onHealed = onHealed
  }

  /** Breaks the connection; new ones are refused until heal(). */
  cut(): void {
    this.isCut = true
    for (const stream of this.streams) stream.destroy()
  }

  /** The link is as good as new: neither cut nor delayed nor narrow. */
  heal(): void {
    this.delay(0)
    this.throttle(Number.POSITIVE_INFINITY)
    if (!this.isCut) return
    this.isCut = false
    this.onHealed()
  }

  /** All that is sent from now on arrives so much later, in both directions. */
  delay(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`redis-ts: a link's delay is ${ms}; right would be milliseconds, 0 or more`)
    this.delayMs = ms
  }

  /** So many bytes a second, in each direction; Infinity: as many as come. */
  throttle(bytesPerSecond: number): void {
    if (!(bytesPerSecond > 0)) {
      throw new RangeError(
        `redis-ts: a link carries ${bytesPerSecond} bytes a second; right would be more than 0: cut() stops it`,
      )
    }
    this.bytesPerSecond = bytesPerSecond
  }

  /** @internal Connects the replica. */
  readonly dial = (host: string, port: number): MasterStream => {
    const refused = this.isCut ? () => refusedStream(host, port) : null
    const peer = (refused ?? this.find(host, port) ?? (() => net.connect(port, host)))()
    const stream = new LinkStream(this, peer, () => this.streams.delete(stream))
    this.streams.add(stream)
    return stream
  }

  /** @internal Hands pieces over in order, each when its time has come. */
  lane(deliver: (bytes: Buffer) => void): Lane {
    return new Lane(this.clock, this.traits, deliver)
  }

  private readonly traits = {
    delayMs: (): number => this.delayMs,
    bytesPerSecond: (): number => this.bytesPerSecond,
  }
}

interface Traits {
  delayMs(): number
  bytesPerSecond(): number
}

class Lane {
  bytes = 0
  private readonly clock: Clock
  private readonly traits: Traits
  private readonly deliver: (bytes: Buffer) => void
  private freeAtMs = 0
  private readonly waiting: Buffer[] = []

  constructor(clock: Clock, traits: Traits, deliver: (bytes: Buffer) => void) {
    this.clock = clock
    this.traits = traits
    this.deliver = deliver
  }

  send(bytes: Buffer): void {
    const perSecond = this.traits.bytesPerSecond()
    const size = Math.min(bytes.length, Math.max(1, Math.ceil(perSecond / PIECES_A_SECOND)))
    for (let at = 0; at < bytes.length; at += size) this.sendPiece(bytes.subarray(at, at + size), perSecond)
  }

  private sendPiece(piece: Buffer, perSecond: number): void {
    const now = this.clock.now()
    // Behind what is on its way, whatever the link was then.
    this.freeAtMs = Math.max(now, this.freeAtMs) + (piece.length / perSecond) * 1000
    const waitMs = this.freeAtMs + this.traits.delayMs() - now
    if (waitMs <= 0 && this.bytes === 0) {
      this.deliver(piece)
      return
    }
    this.bytes += piece.length
    this.waiting.push(piece)
    this.clock.setTimeout(() => this.next(), waitMs)
  }

  /** Timers may go off in another order than that of what they were set for. */
  private next(): void {
    const piece = this.waiting.shift()
    if (piece === undefined) return
    this.bytes -= piece.length
    this.deliver(piece)
  }

  close(): void {
    this.waiting.length = 0
  }
}

/** The replica's end. */
class LinkStream extends Duplex implements MasterStream {
  private readonly peer: Duplex
  private readonly up: Lane
  private readonly down: Lane
  private readonly onDestroyed: () => void

  constructor(link: Link, peer: Duplex, onDestroyed: () => void) {
    super({ allowHalfOpen: false })
    this.peer = peer
    this.onDestroyed = onDestroyed
    this.up = link.lane(bytes => peer.write(bytes))
    this.down = link.lane(bytes => {
      this.push(bytes)
      if (this.down.bytes < UNDER_WAY_MAX_BYTES) peer.resume()
    })
    peer.on('connect', () => this.emit('connect'))
    peer.on('data', (bytes: Buffer) => {
      this.down.send(bytes)
      if (this.down.bytes >= UNDER_WAY_MAX_BYTES) peer.pause()
    })
    peer.on('error', error => this.destroy(error))
    peer.on('close', () => this.destroy())
  }

  get remoteAddress(): string {
    return '127.0.0.1'
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.up.send(bytes)
    callback()
  }

  override _read(): void {
    this.peer.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.up.close()
    this.down.close()
    this.peer.destroy()
    this.onDestroyed()
    callback(error)
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

function refusedStream(host: string, port: number): Duplex {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() })
  const error = Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: 'ECONNREFUSED' })
  Promise.resolve().then(() => stream.destroy(error))
  return stream
}
