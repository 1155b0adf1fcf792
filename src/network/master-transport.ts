/** The link to a master as the connection of a client: it is listed and can be closed, but nothing is sent to it. */
import type { Transport } from '../commands/client.js'
import type { MasterPeer } from '../replication/master-link.js'
import type { ReplySource } from '../resp/reply-source.js'
import { descriptorOf } from './node-handles.js'
import { joinAddress } from './stream-handle.js'

/** The stream of the link's bytes. */
interface HeldStream {
  /** Bytes that have come and are not executed yet. */
  readonly unappliedBytes: number
  /** Executes what has come while the client was blocked. */
  goOn(): void
}

export class MasterTransport implements Transport {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly fd: number
  readonly isUnixSocket = false
  readonly pendingOutputBytes = 0
  readonly replyBytes = 0
  readonly pendingOutputChunks = 0
  readonly replyPeakBytes = 0
  readonly replyBufferBytes = 0
  readonly freeInputBytes = 0
  onDrain: (() => void) | null = null
  private readonly peer: MasterPeer
  private readonly stream: HeldStream

  constructor(peer: MasterPeer, stream: HeldStream) {
    const { socket } = peer
    this.peer = peer
    this.stream = stream
    this.remoteAddress = joinAddress(socket.remoteAddress, socket.remotePort)
    this.localAddress = joinAddress(socket.localAddress, socket.localPort)
    this.fd = descriptorOf(socket)
  }

  get pendingInputBytes(): number {
    return this.stream.unappliedBytes
  }

  get memoryBytes(): number {
    return this.stream.unappliedBytes
  }

  trimInput(): void {}
  setNoDelay(): void {}
  send(): void {}
  sendAll(): void {}
  post(): void {}
  flush(): void {}

  replyFrom(source: ReplySource): void {
    source.close()
  }

  /** The stream itself keeps what is not executed. */
  postpone(): void {}

  /** What the master says is always obeyed. */
  dropPostponed(): void {}

  resume(): void {
    this.stream.goOn()
  }

  close(): void {
    this.peer.disconnect()
  }

  drop(): void {
    this.peer.disconnect()
  }

  closeAfterReplies(): void {
    this.peer.disconnect()
  }
}
