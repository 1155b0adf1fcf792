/** The server's end of a connection that no socket is behind: what a client in this process sends and gets, as bytes. */
import { performance, setImmediate } from '../clock/platform.js'
import { writeIsDone, writeIsPending } from './node-handles.js'
import type { SocketAddress, StreamHandle, StreamReader, WriteRequest } from './stream-handle.js'

/** The client's end. */
export interface OtherEnd {
  /** Bytes of the server's, which hold only until this returns. False: no more, please, until taken(), and until then they hold. */
  received(bytes: Uint8Array): boolean
  /** The same as a text of one character a byte; missing: received() gets it. */
  receivedText?(text: string): void
  /** The server has closed the connection. */
  ended(): void
}

/** Requests are taken for so long in one turn, those that the server runs at once included. */
const SLICE_MS = 2
const DROPPED_AT_ONCE = 1000
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
  /** The next one of `waiting`; those before it have been taken. */
  private next = 0
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
    return this.reading && !this.closed && this.next === this.waiting.length
  }

  private deliverLater(): void {
    if (this.deliveryDue || !this.reading) return
    this.deliveryDue = true
    setImmediate(() => {
      this.deliveryDue = false
      this.deliver()
    })
  }

  /** A buffer full at a time, and for a while: what is sent without end must not keep others waiting. */
  private deliver(): void {
    const deadline = performance.now() + SLICE_MS
    while (this.reading && this.next < this.waiting.length) {
      if (performance.now() >= deadline) {
        this.deliverLater()
        return
      }
      this.deliverBuffer()
    }
  }

  private deliverBuffer(): void {
    const { buffer, waiting } = this
    const first = this.next
    let length = 0
    while (this.next < waiting.length && length < buffer.length) {
      const sent = waiting[this.next]
      // What is nothing is the end.
      if (sent.bytes.length === 0 && length > 0) break
      const piece = sent.bytes.subarray(0, buffer.length - length)
      buffer.set(piece, length)
      length += piece.length
      sent.bytes = sent.bytes.subarray(piece.length)
      if (sent.bytes.length > 0) break
      this.next++
      if (piece.length === 0) break
    }
    const taken = waiting.slice(first, this.next)
    if (this.next > DROPPED_AT_ONCE || this.next === waiting.length) {
      waiting.splice(0, this.next)
      this.next = 0
    }
    if (length > 0 && !this.closed) this.reader?.receive(length)
    for (const sent of taken) sent.taken()
  }

  // StreamHandle

  useUserBuffer(buffer: Uint8Array): void {
    this.buffer = buffer
  }

  readStart(): number {
    this.reading = true
    if (this.next < this.waiting.length) this.deliverLater()
    return 0
  }

  readStop(): number {
    this.reading = false
    return 0
  }

  writeLatin1String(request: WriteRequest, text: string): number {
    if (this.other.receivedText === undefined) return this.writeBuffer(request, Buffer.from(text, 'latin1'))
    this.other.receivedText(text)
    writeIsDone()
    return 0
  }

  /** Chunk by chunk: one of them may be as long as a value can be. */
  writev(request: WriteRequest, chunks: readonly Uint8Array[]): number {
    let takesMore = true
    let bytes = 0
    for (const chunk of chunks) {
      takesMore = this.other.received(chunk) && takesMore
      bytes += chunk.length
    }
    return this.written(request, bytes, takesMore)
  }

  writeBuffer(request: WriteRequest, bytes: Uint8Array): number {
    return this.written(request, bytes.length, this.other.received(bytes))
  }

  private written(request: WriteRequest, bytes: number, takesMore: boolean): number {
    if (takesMore) writeIsDone()
    else {
      this.pending = request
      this.pendingBytes = bytes
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
      for (const { taken } of this.waiting.splice(0).slice(this.next)) taken()
      this.next = 0
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
