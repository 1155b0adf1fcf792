/** The server's end of a connection that no socket is behind: what a client in this process sends and gets, as bytes. */
import { setImmediate } from '../clock/platform.js'
import { writeIsDone, writeIsPending } from './node-handles.js'
import type { SocketAddress, StreamHandle, StreamReader, WriteRequest } from './stream-handle.js'

/** The client's end. */
export interface OtherEnd {
  /** Bytes of the server's, which hold only until this returns. False: no more, please, until taken(). */
  received(bytes: Uint8Array): boolean
  /** The server has closed the connection. */
  ended(): void
}

const LOOPBACK = '127.0.0.1'

export class MemoryHandle implements StreamHandle {
  reader?: StreamReader
  onread: undefined
  private readonly other: OtherEnd
  private buffer: Uint8Array = new Uint8Array(0)
  private reading = false
  private closed = false
  /** What was sent while the server did not read, and whom to tell when it has been taken. */
  private readonly waiting: { bytes: Uint8Array; taken: () => void }[] = []
  private deliveryDue = false
  private pending: WriteRequest | null = null
  private pendingBytes = 0

  constructor(other: OtherEnd) {
    this.other = other
  }

  // The client's side

  /** Sends bytes, which nobody changes until `taken` is called: in a later turn. Requests never run within what the caller is in. */
  send(bytes: Uint8Array, taken: () => void): void {
    this.waiting.push({ bytes, taken })
    this.deliverLater()
  }

  /** The client takes more. */
  taken(): void {
    const { pending } = this
    if (pending === null) return
    this.pending = null
    this.pendingBytes = 0
    pending.oncomplete?.(0)
  }

  /** The client has nothing more to say. */
  end(): void {
    this.send(new Uint8Array(0), () => {
      if (!this.closed) this.reader?.ended()
    })
  }

  /** The server takes nothing any more. */
  get isClosed(): boolean {
    return this.closed
  }

  /** Whether bytes put into the server's read buffer may be announced to its reader now, ahead of nothing that was sent before. */
  get takesDirectly(): boolean {
    return this.reading && !this.closed && this.waiting.length === 0
  }

  private deliverLater(): void {
    if (this.deliveryDue || !this.reading) return
    this.deliveryDue = true
    setImmediate(() => {
      this.deliveryDue = false
      this.deliver()
    })
  }

  private deliver(): void {
    while (this.reading && this.waiting.length > 0) {
      const [first] = this.waiting
      const piece = first.bytes.subarray(0, this.buffer.length)
      if (piece.length < first.bytes.length) first.bytes = first.bytes.subarray(piece.length)
      else this.waiting.shift()
      this.buffer.set(piece)
      if (piece.length > 0 && !this.closed) this.reader?.receive(piece.length)
      if (this.waiting[0] !== first) first.taken()
    }
  }

  // StreamHandle

  useUserBuffer(buffer: Uint8Array): void {
    this.buffer = buffer
  }

  readStart(): number {
    this.reading = true
    if (this.waiting.length > 0) this.deliverLater()
    return 0
  }

  readStop(): number {
    this.reading = false
    return 0
  }

  writeLatin1String(request: WriteRequest, text: string): number {
    return this.writeBuffer(request, Buffer.from(text, 'latin1'))
  }

  writev(request: WriteRequest, chunks: readonly Uint8Array[]): number {
    return this.writeBuffer(request, Buffer.concat(chunks))
  }

  writeBuffer(request: WriteRequest, bytes: Uint8Array): number {
    if (this.other.received(bytes)) writeIsDone()
    else {
      this.pending = request
      this.pendingBytes = bytes.length
      writeIsPending()
    }
    return 0
  }

  get writeQueueSize(): number {
    return this.pendingBytes
  }

  close(callback: (this: StreamHandle) => void): void {
    if (this.closed) return
    this.closed = true
    this.reading = false
    setImmediate(() => {
      for (const { taken } of this.waiting.splice(0)) taken()
      this.other.ended()
      callback.call(this)
    })
  }

  getpeername(into: SocketAddress): number {
    into.address = LOOPBACK
    into.port = 0
    return 0
  }

  getsockname(into: SocketAddress): number {
    return this.getpeername(into)
  }
}
