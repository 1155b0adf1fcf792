/** A replica of this server: its connection, where it stands in a synchronization, and how far it has come. */
import type { Clock } from '../clock/clock.js'
import type { StreamReader } from './stream.js'

/** The connection of a replica, as far as replication needs it. */
export interface ReplicaTransport {
  readonly remoteAddress: string
  readonly pendingOutputBytes: number
  /** Called when everything given to send() has left. */
  onDrain: (() => void) | null
  /** TCP_NODELAY: off, small pieces of the stream travel together, some 40 ms later. */
  setNoDelay(on: boolean): void
  send(bytes: Buffer): void
  sendAll(chunks: readonly Buffer[]): void
  close(): void
  /** Closes as soon as what was given to send() has left. */
  closeAfterReplies(): void
}

export type ReplicaState = 'wait_bgsave_start' | 'wait_bgsave_end' | 'send_bulk' | 'online'

/** What a replica says of itself with REPLCONF before PSYNC. */
export class ReplicaTraits {
  listeningPort = 0
  /** replica-announce-ip, or ''. */
  announcedAddress = ''
  understandsEof = false
  understandsPsync2 = false
  /** Wants the RDB file and no stream (redis-cli --rdb). */
  rdbOnly = false
  /** Of that file it wants no keys (redis-cli --functions-rdb), and no functions either. */
  withoutKeys = false
  withoutFunctions = false
}

export class ReplicaLink implements StreamReader {
  readonly transport: ReplicaTransport
  readonly traits: Readonly<ReplicaTraits>
  private readonly clock: Clock
  state: ReplicaState = 'wait_bgsave_start'
  /** Next byte of the stream that it has to get; Infinity while it needs none. */
  position = Number.POSITIVE_INFINITY
  /** Where in the stream the snapshot stands that it gets. */
  snapshotOffset = 0
  acknowledgedOffset = 0
  /** Up to where its append-only file is on disk (REPLCONF ACK ... FACK). */
  fsyncedOffset = 0
  acknowledgedMs: number
  /** When it asked for a synchronization. */
  readonly joinedMs: number
  /** A diskless transfer is done; the stream starts with its first REPLCONF ACK. */
  startOnAck = false
  /** Since when it has been over the soft output limit, or 0. */
  overSoftLimitSinceMs = 0
  /** It sent PSYNC, not the older SYNC, and expects +FULLRESYNC. */
  understandsPsync = true
  /** Its full synchronization takes the socket. */
  diskless = false
  /** Lets go of what its synchronization holds, should it leave in the middle of it. */
  onRemoved: (() => void) | null = null

  constructor(transport: ReplicaTransport, traits: Readonly<ReplicaTraits>, clock: Clock) {
    this.clock = clock
    this.acknowledgedMs = this.joinedMs = clock.now()
    this.transport = transport
    this.traits = traits
  }

  /** Address without the port. */
  get ip(): string {
    if (this.traits.announcedAddress !== '') return this.traits.announcedAddress
    const address = this.transport.remoteAddress
    return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  }

  /** As logs name it: address and listening port. */
  get name(): string {
    const { ip, traits } = this
    if (traits.listeningPort === 0) return `${ip}:<unknown-replica-port>`
    return ip.includes(':') ? `[${ip}]:${traits.listeningPort}` : `${ip}:${traits.listeningPort}`
  }

  /**
   * Seconds of the clock that have begun since it acknowledged, which it does once a second: a little late is not late. 0 before
   * it is online.
   */
  get lagSeconds(): number {
    if (this.state !== 'online') return 0
    return Math.floor(this.clock.now() / 1000) - Math.floor(this.acknowledgedMs / 1000)
  }

  get idle(): boolean {
    return this.transport.pendingOutputBytes === 0
  }

  /** Whether the stream goes to it now. */
  get streaming(): boolean {
    return this.state === 'online' && !this.startOnAck
  }
}
