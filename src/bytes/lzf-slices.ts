/**
 * What compressing in slices takes, whichever way matches are looked for: for strings that would hold up everybody else if they were
 * compressed in one go. The source is read piece by piece into a window of what can be referred to and what has to be seen ahead.
 *
 * How long the result is, or whether it fits the room at all, is known last. A short one has been kept by then, in blocks; of a
 * long one only the length is known, and it is made a second time to be used: that costs time, but neither memory nor garbage.
 */
import type { ByteSource } from './byte-source.js'
import { MAX_DISTANCE, MAX_MATCH } from './lzf.js'

const WINDOW_BYTES = 128 * 1024
/** One look goes so far ahead at most: a match, and the three bytes behind it. */
const LOOKAHEAD = MAX_MATCH + 8
const BLOCK_BYTES = 64 * 1024
/** More than is written between two looks at the block's end, with the literals before it that may move to the next block. */
export const BLOCK_SLACK_BYTES = 64
const BLOCK_SIZE = BLOCK_BYTES + BLOCK_SLACK_BYTES
const MAX_SPARE_BLOCKS = 16
/** A longer result is not kept. */
const KEPT_MAX_BYTES = 16 * 1024 * 1024

/** What a step over `bytes` of the source adds to the result, at most: with what the block before had open. */
export function sinkBytes(bytes: number): number {
  return 2 * (bytes + BLOCK_BYTES)
}

/** What is needed while a source is compressed. */
interface Scratch {
  /** What has been seen where, all zeros at first. */
  readonly lastSeen: Int32Array
  readonly window: Buffer
}

/** Scratches of one size, which are used again. */
export class ScratchPool {
  private readonly slots: number
  private spare: Scratch | null = null

  constructor(slots: number) {
    this.slots = slots
  }

  take(): Scratch {
    const scratch = this.spare ?? {
      lastSeen: new Int32Array(this.slots),
      window: Buffer.allocUnsafeSlow(WINDOW_BYTES),
    }
    this.spare = null
    scratch.lastSeen.fill(0)
    return scratch
  }

  give(scratch: Scratch): void {
    this.spare = scratch
  }
}

const spareBlocks: Buffer[] = []

/** Takes back a block of a result that nobody looks at any more, to be filled anew. */
export function recycleBlock({ buffer }: Buffer): void {
  if (buffer.byteLength === BLOCK_SIZE && spareBlocks.length < MAX_SPARE_BLOCKS) spareBlocks.push(Buffer.from(buffer))
}

function takeBlock(): Buffer {
  return spareBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE)
}

/** How the compressors are made: parameters as LzfSlices's. */
export type SlicedCompressor = new (source: ByteSource, room: number, sink?: Buffer | null) => LzfSlices

/** Compresses one source: make one, then `step` until it is done. */
export abstract class LzfSlices {
  /** The result, when `done`: empty when it does not fit the room, null when it was not kept. */
  blocks: Buffer[] | null = []
  /** Length of the result; 0 when it does not fit. */
  packedBytes = 0
  done = false
  /** Of a result that is not kept: what the last step() has put into the sink. */
  sunkBytes = 0
  protected readonly end: number
  protected readonly lastSeen: Int32Array
  /** Bytes [windowStart, windowEnd) of the source. */
  protected readonly window: Buffer
  protected windowStart = 0
  private windowEnd = 0
  /** Offset in the source of what is looked at next. */
  protected position = 0
  /** block[0, out) is what comes next in the result, or may still change. */
  protected block: Buffer
  protected out = 0
  private readonly source: ByteSource
  private readonly sink: Buffer | null
  private readonly room: number
  private readonly scratches: ScratchPool
  private readonly scratch: Scratch
  private sealedBytes = 0

  /**
   * @param room bytes that the result may take.
   * @param sink where each step() puts what it adds to the result, sinkBytes() at most; null: the result is kept, unless it
   * is long.
   */
  constructor(source: ByteSource, room: number, sink: Buffer | null, scratches: ScratchPool) {
    this.source = source
    this.sink = sink
    if (sink !== null) this.blocks = null
    this.end = source.length
    this.room = room
    this.scratches = scratches
    this.scratch = scratches.take()
    this.lastSeen = this.scratch.lastSeen
    this.window = this.scratch.window
    this.block = takeBlock()
    if (this.end === 0 || room <= 0) this.fail()
  }

  /** Memory of the result so far. */
  get keptBytes(): number {
    return this.blocks === null ? 0 : this.sealedBytes
  }

  /** Goes on over about `bytes` of the source, or to its end. Returns `done`. */
  step(bytes: number): boolean {
    const until = Math.min(this.end, this.position + bytes)
    this.sunkBytes = 0
    while (!this.done) {
      this.fill()
      const inner = this.end - 2
      const stop = this.windowEnd === this.end ? inner : Math.min(inner, this.windowEnd - LOOKAHEAD)
      if (!this.compress(Math.min(stop, Math.max(until, 1)))) this.fail()
      else if (this.position >= inner) {
        if (this.finish()) this.succeed()
        else this.fail()
      } else if (this.position >= until) break
    }
    return this.done
  }

  /** Brings more of the source into the window, when what is there ends near. */
  private fill(): void {
    if (this.windowEnd === this.end || this.windowEnd - this.position > LOOKAHEAD) return
    const { window } = this
    const keepFrom = Math.max(0, this.position - MAX_DISTANCE - 1)
    window.copyWithin(0, keepFrom - this.windowStart, this.windowEnd - this.windowStart)
    this.windowStart = keepFrom
    const until = Math.min(this.end, keepFrom + WINDOW_BYTES)
    this.source.read(this.windowEnd, until, window, this.windowEnd - keepFrom)
    this.windowEnd = until
  }

  /** Goes on to `stop`, an offset in the source, or a match beyond it. False: the room is used up. */
  protected abstract compress(stop: number): boolean

  /** Takes the last bytes, too few for a match. False: the room is used up. */
  protected abstract finish(): boolean

  /** Where the room ends, as a position in the block. */
  protected get limit(): number {
    return this.room - this.sealedBytes
  }

  /** The first `length` bytes of the block are the next ones of the result: those from there to `out` begin the next block. */
  protected seal(length: number, out: number): void {
    const { block } = this
    this.put(length)
    if (this.blocks !== null) this.block = takeBlock()
    block.copy(this.block, 0, length, out)
    this.out = out - length
  }

  private put(length: number): void {
    this.sealedBytes += length
    if (this.sink !== null) this.sunkBytes += this.block.copy(this.sink, this.sunkBytes, 0, length)
    else if (this.sealedBytes > KEPT_MAX_BYTES) this.drop(null)
    else this.blocks?.push(this.block.subarray(0, length))
  }

  private succeed(): void {
    this.put(this.out)
    this.packedBytes = this.sealedBytes
    if (this.blocks === null) recycleBlock(this.block)
    this.settle()
  }

  private fail(): void {
    recycleBlock(this.block)
    this.drop([])
    this.settle()
  }

  private drop(blocks: Buffer[] | null): void {
    for (const block of this.blocks ?? []) recycleBlock(block)
    this.blocks = blocks
  }

  private settle(): void {
    this.done = true
    this.scratches.give(this.scratch)
  }
}
