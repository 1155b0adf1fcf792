/** Output of a connection that is not the usual short reply: large chunks, messages, and all that the kernel does not take at once. */
import { ReplyMemory } from '../resp/reply-memory.js'
import { REFERENCE_MIN_BYTES } from '../resp/reply-writer.js'
import type { Outputs } from '../store/lent-buffers.js'
import { keepRequest, writeRequest } from './node-handles.js'
import type { StreamHandle, WriteRequest } from './stream-handle.js'

/** As with Redis's own reply buffer, so much output counts for no limit. */
export const UNLIMITED_OUTPUT_BYTES = 16384
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
  /** What waits. Most often it is one chunk, which then needs no list. */
  private first: Buffer | null = null
  private rest: Buffer[] | null = null
  private chunkBytes = 0
  /** What the kernel is still reading from: libuv keeps pointers, so the memory must not be collected meanwhile. */
  private inFlight: readonly Buffer[] = NOTHING
  private inFlightBytes = 0
  /** Copies of small chunks, to become the last one. */
  private block: Buffer | null = null
  private blockBytes = 0
  writing = false
  /** Some chunk may lie in a value of the store; the queue is noted in `underWay`. */
  private mayRefer = false

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
    const waiting = (this.first === null ? 0 : 1) + (this.rest?.length ?? 0) + (this.block === null ? 0 : 1)
    // A text under way is one, too.
    return waiting + (this.writing ? Math.max(1, this.inFlight.length) : 0)
  }

  /** Whether any of the chunks lies in `memory`. */
  refersTo(memory: ArrayBufferLike): boolean {
    if (this.first?.buffer === memory || this.rest?.some(({ buffer }) => buffer === memory)) return true
    return this.inFlight.some(({ buffer }) => buffer === memory)
  }

  /** Adds bytes that nobody changes any more. */
  push(bytes: Buffer): void {
    this.chunkBytes += bytes.length
    if (this.writing && bytes.length < COPIED_MAX_BYTES) this.copy(bytes)
    else {
      this.sealBlock()
      this.append(bytes)
    }
  }

  private append(chunk: Buffer): void {
    if (this.first === null) this.first = chunk
    else if (this.rest === null) this.rest = [chunk]
    else this.rest.push(chunk)
    if (!this.mayRefer && chunk.length >= REFERENCE_MIN_BYTES) {
      this.mayRefer = true
      this.underWay.add(this)
    }
  }

  /** Nothing waits and nothing is under way, unless more has come meanwhile. */
  private settle(): void {
    if (!this.mayRefer || !this.isIdle) return
    this.mayRefer = false
    this.underWay.delete(this)
  }

  private copy(bytes: Buffer): void {
    if (this.blockBytes + bytes.length > BLOCK_BYTES) this.sealBlock()
    this.block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES)
    this.blockBytes += bytes.copy(this.block, this.blockBytes)
  }

  private sealBlock(): void {
    if (this.block === null) return
    this.append(this.block.subarray(0, this.blockBytes))
    this.block = null
    this.blockBytes = 0
  }

  /** Hands what waits to the kernel, unless it is still busy. Returns an errno, or 0. */
  drain(): number {
    if (this.writing) return 0
    this.sealBlock()
    const { chunkBytes, first, handle, rest } = this
    if (first === null) return 0
    this.first = null
    this.rest = null
    this.chunkBytes = 0
    const request = writeRequest()
    const chunks = rest === null ? null : [first, ...rest]
    const error = chunks === null ? handle.writeBuffer(request, first) : handle.writev(request, chunks, true)
    const pending = error === 0 ? keepRequest() : null
    if (pending !== null) {
      this.inFlight = chunks ?? [first]
      this.await(pending, chunkBytes)
    } else {
      if (error === 0) this.giveBack(chunks ?? [first])
      this.settle()
    }
    return error
  }

  /** The kernel has taken them. */
  private giveBack(chunks: readonly Buffer[]): void {
    const { memory } = this.underWay
    for (const chunk of chunks) memory.give(chunk)
  }

  /** A write of `size` bytes goes on in the background. */
  await(request: WriteRequest, size: number): void {
    this.writing = true
    this.inFlightBytes = size
    request.oncomplete = status => {
      this.writing = false
      this.inFlightBytes = 0
      this.giveBack(this.inFlight)
      this.inFlight = NOTHING
      this.owner.outputWritten(status)
      this.settle()
    }
    this.owner.outputGrew()
  }

  /** Forgets what was not handed to the kernel. */
  clear(): void {
    this.first = null
    this.rest = null
    this.chunkBytes = 0
    this.block = null
    this.blockBytes = 0
    this.settle()
  }
}

/** The queues of a server that may hold chunks of values, which the store wants to change or to give back. */
export class OutputsUnderWay implements Outputs {
  /** Where replies are that have left. */
  readonly memory = new ReplyMemory()
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
