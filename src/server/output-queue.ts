/** Output of a connection that is not the usual short reply: large chunks, messages, and all that the kernel does not take at once. */
import type { Outputs } from '../store/lent-buffers.js'
import { keepRequest, writeRequest } from './node-handles.js'
import type { StreamHandle, WriteRequest } from './stream-handle.js'

const NOTHING: readonly Buffer[] = []
/** While the client does not keep up, chunks below this size are copied together: one object each costs more than they hold. */
const COPIED_MAX_BYTES = 2048
const BLOCK_BYTES = 16 * 1024
/** The JavaScript object behind a chunk. */
const CHUNK_OBJECT_BYTES = 100

export interface OutputOwner {
  /** The kernel took less than it was given: output waits. */
  outputGrew(): void
  /** A write that went on in the background has ended: with 0, or an errno. */
  outputWritten(status: number): void
}

export class OutputQueue {
  /** Called when all output has left that did not leave at once. */
  onDrain: (() => void) | null = null
  private readonly handle: StreamHandle
  private readonly owner: OutputOwner
  private readonly underWay: OutputsUnderWay
  private chunks: Buffer[] = []
  private chunkBytes = 0
  /** What the kernel is still reading from: libuv keeps pointers, so the memory must not be collected meanwhile. */
  private inFlight: readonly Buffer[] = NOTHING
  private inFlightBytes = 0
  /** Copies of small chunks, to become the last of `chunks`. */
  private block: Buffer | null = null
  private blockBytes = 0
  writing = false

  constructor(handle: StreamHandle, owner: OutputOwner, underWay: OutputsUnderWay) {
    this.handle = handle
    this.owner = owner
    this.underWay = underWay
  }

  get isIdle(): boolean {
    return !this.writing && this.chunkBytes === 0
  }

  get bytes(): number {
    return this.chunkBytes + (this.writing ? this.handle.writeQueueSize : 0)
  }

  /** Memory held, with what the kernel has half taken. */
  get memoryBytes(): number {
    const room = this.block === null ? 0 : BLOCK_BYTES - this.blockBytes
    return this.chunkBytes + this.inFlightBytes + room + this.length * CHUNK_OBJECT_BYTES
  }

  /** Number of chunks. */
  get length(): number {
    return this.chunks.length + this.inFlight.length + (this.block === null ? 0 : 1)
  }

  refersTo(memory: ArrayBufferLike): boolean {
    return this.chunks.some(({ buffer }) => buffer === memory) || this.inFlight.some(({ buffer }) => buffer === memory)
  }

  private settle(): void {
    if (this.isIdle) this.underWay.delete(this)
  }

  /** Adds bytes that nobody changes any more. */
  push(bytes: Buffer): void {
    this.chunkBytes += bytes.length
    this.underWay.add(this)
    if (this.writing && bytes.length < COPIED_MAX_BYTES) this.copy(bytes)
    else {
      this.sealBlock()
      this.chunks.push(bytes)
    }
  }

  private copy(bytes: Buffer): void {
    if (this.blockBytes + bytes.length > BLOCK_BYTES) this.sealBlock()
    this.block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES)
    this.blockBytes += bytes.copy(this.block, this.blockBytes)
  }

  private sealBlock(): void {
    if (this.block === null) return
    this.chunks.push(this.block.subarray(0, this.blockBytes))
    this.block = null
    this.blockBytes = 0
  }

  /** Hands the chunks to the kernel, unless it is still busy. Returns an errno, or 0. */
  drain(): number {
    if (this.writing || this.chunkBytes === 0) return 0
    this.sealBlock()
    const { chunkBytes: size, chunks, handle } = this
    this.chunks = []
    this.chunkBytes = 0
    const request = writeRequest()
    const error = chunks.length === 1 ? handle.writeBuffer(request, chunks[0]) : handle.writev(request, chunks, true)
    const pending = error === 0 ? keepRequest() : null
    if (pending !== null) {
      this.inFlight = chunks
      this.await(pending, size)
    } else this.settle()
    return error
  }

  /** A write of `size` bytes goes on in the background. */
  await(request: WriteRequest, size: number): void {
    this.writing = true
    this.inFlightBytes = size
    request.oncomplete = status => {
      this.writing = false
      this.inFlightBytes = 0
      this.inFlight = NOTHING
      this.owner.outputWritten(status)
      this.settle()
    }
    this.owner.outputGrew()
  }

  /** Forgets what was not handed to the kernel. */
  clear(): void {
    this.chunks = []
    this.chunkBytes = 0
    this.block = null
    this.blockBytes = 0
    this.settle()
  }
}

/** The queues of a server that have something to send. */
export class OutputsUnderWay implements Outputs {
  private readonly queues = new Set<OutputQueue>()

  add(queue: OutputQueue): void {
    this.queues.add(queue)
  }

  delete(queue: OutputQueue): void {
    this.queues.delete(queue)
  }

  referTo(memory: ArrayBufferLike): boolean {
    for (const queue of this.queues) if (queue.refersTo(memory)) return true
    return false
  }
}
