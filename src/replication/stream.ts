/**
 * The replication stream: one list of blocks shared by all replicas and by the window for partial resynchronization. A
 * replica is a position in it, so ten replicas that lag cost no more memory than the slowest one. Offsets count the
 * exact bytes of the stream (PSYNC2).
 */

import { randomBytes } from 'node:crypto'
import { copyBytes } from '../bytes/copy.js'
import { LentRanges } from '../bytes/lent-ranges.js'
import { setImmediate } from '../clock/platform.js'
import { encodeRequest, type Request } from '../resp/request.js'
import { type HeldBuffer, HeldBuffers } from '../store/held-buffers.js'

const BLOCK_MAX_BYTES = 64 * 1024
/** A small backlog, kept in whole blocks, would be several times what was asked for. */
const BLOCK_MIN_BYTES = 16 * 1024
const BLOCKS_IN_WINDOW = 16
const MAX_SPARES = 4
/**
 * More than this is not copied when it is added, but held where it lies: it is memory of one request's own, or of the value that
 * has taken it over.
 */
const HELD_MIN_BYTES = 256 * 1024
const FILLED_AT_ONCE = 16
const NO_BYTES = Buffer.alloc(0)

/** A large addition, and how many blocks still read from where it lies. */
interface Held {
  readonly source: HeldBuffer
  blocks: number
}

interface Block {
  /** Offset in the stream of the block's first byte. */
  readonly start: number
  bytes: Buffer
  used: number
  /** Where its bytes are from `heldFrom` on, while `bytes` has none. */
  held: Held | null
  readonly heldFrom: number
}

/** A reader of the stream, which keeps blocks from `position` on. */
export interface StreamReader {
  /** Offset of the next byte it needs. */
  readonly position: number
  /** Nothing that it has read is still on its way. */
  readonly idle: boolean
}

export class ReplicationStream extends LentRanges {
  /** Bytes of the stream so far: the replication offset. */
  offset = 0
  /** Whether anyone may want the stream: until then a master's writes leave no trace here, in the offset neither. */
  active = false
  /** repl-backlog-size. */
  windowBytes = 1024 * 1024
  /** Called when bytes were added; the owner sends them on at the end of the turn. */
  onFeed: () => void = () => {}
  readonly readers = new Set<StreamReader>()
  /** Bytes of memory behind the stream. */
  memoryBytes = 0
  private blocks: Block[] = []
  /** Memory of dropped blocks, to be filled anew: V8 collects everything for every few dozen megabytes of fresh Buffers. */
  private readonly spares: Buffer[] = []
  /** Up to which offset the stream is in blocks; what follows is lent. */
  private storedTo = 0
  /** Database that the stream is in, or -1: the next command starts with a SELECT. */
  private database = -1
  private readonly heldBuffers: HeldBuffers
  private fillScheduled = false

  /** @param held who is told before memory changes that values have taken over. */
  constructor(held = new HeldBuffers()) {
    super()
    this.heldBuffers = held
  }

  /** Offset of the first byte that is still kept. */
  get firstKept(): number {
    return this.blocks.length > 0 ? this.blocks[0].start : this.storedTo
  }

  /**
   * First offset that a partial resynchronization can start from: inside the window of the backlog's size, or as far back as a
   * replica that lags has the stream kept anyway. O(replicas).
   */
  get windowStart(): number {
    return Math.max(this.firstKept, this.firstNeeded)
  }

  private get firstNeeded(): number {
    let needed = this.offset - this.windowBytes
    for (const reader of this.readers) needed = Math.min(needed, reader.position)
    return needed
  }

  get windowLength(): number {
    return this.active ? this.offset - this.windowStart : 0
  }

  /** Database that the stream is in, as far as its readers may know. */
  get currentDatabase(): number {
    return Math.max(0, this.database)
  }

  private get blockBytes(): number {
    return Math.max(BLOCK_MIN_BYTES, Math.min(BLOCK_MAX_BYTES, Math.floor(this.windowBytes / BLOCKS_IN_WINDOW)))
  }

  /** What of that is only there for replicas that lag behind the backlog's size. O(1). */
  get laggingBytes(): number {
    return Math.max(0, this.memoryBytes - this.windowBytes - this.blockBytes)
  }

  /** repl-backlog-size has changed: what is kept beyond it goes at once, a larger one fills with what comes. */
  resize(windowBytes: number): void {
    this.windowBytes = windowBytes
    this.trim()
  }

  /** Starts to keep the stream, from here on. */
  open(): void {
    this.active = true
    this.forgetBlocks()
  }

  /** Forgets the stream; the offset stays. */
  close(): void {
    this.active = false
    this.forgetBlocks()
  }

  /** The stream goes on at another offset: after a restart or a full synchronization. */
  restartAt(offset: number): void {
    this.offset = offset
    this.forgetBlocks()
    this.database = -1
  }

  /** The next command will be preceded by a SELECT: a reader has joined who does not know the database. */
  forgetDatabase(): void {
    this.database = -1
  }

  /** Adds a command, executed in `database` (-1: one that needs none, such as PING). */
  feedRequest(database: number, request: Request): void {
    if (!this.active) return
    if (request.wireStart >= 0) this.feed(database, request.buffer, request.wireStart, request.wireEnd)
    else {
      const bytes = encodeRequest(...Array.from({ length: request.argc }, (_, i) => request.view(i)))
      this.feed(database, bytes, 0, bytes.length)
    }
  }

  feed(database: number, bytes: Buffer, start: number, end: number): void {
    if (!this.active) return
    this.select(database)
    this.append(bytes, start, end)
    this.onFeed()
  }

  /** As feed(), for a command whose bytes lie in several places. */
  feedPieces(database: number, pieces: readonly Buffer[]): void {
    if (!this.active) return
    this.select(database)
    for (const piece of pieces) this.append(piece, 0, piece.length)
    this.onFeed()
  }

  private select(database: number): void {
    if (database >= 0 && database !== this.database) {
      const select = encodeRequest('SELECT', String(database))
      this.append(select, 0, select.length)
      this.database = database
    }
  }

  /** Adds bytes of a master's stream as they are: replicas of a replica see the very same offsets. */
  relay(bytes: Buffer, start: number, end: number): void {
    if (this.active) this.append(bytes, start, end)
    else this.offset += end - start
    this.onFeed()
  }

  private append(bytes: Buffer, start: number, end: number): void {
    this.offset += end - start
    this.add(bytes, start, end)
  }

  protected store(bytes: Buffer, start: number, end: number): void {
    if (end - start > HELD_MIN_BYTES) {
      this.hold(bytes, start, end)
      return
    }
    while (start < end) {
      let block = this.blocks[this.blocks.length - 1]
      if (block === undefined || block.held !== null || block.used === block.bytes.length) {
        block = { start: this.storedTo, bytes: this.freshBytes(), used: 0, held: null, heldFrom: 0 }
        this.blocks.push(block)
        this.memoryBytes += block.bytes.length
        this.trim()
      }
      const length = Math.min(end - start, block.bytes.length - block.used)
      copyBytes(bytes, start, start + length, block.bytes, block.used)
      block.used += length
      this.storedTo += length
      start += length
    }
  }

  /** Adds many bytes without copying them: what of them stays in the window is copied in slices, later. */
  private hold(bytes: Buffer, start: number, end: number): void {
    const held = { source: this.heldBuffers.hold(bytes.subarray(start, end), false), blocks: 0 }
    const { blockBytes } = this
    for (let at = 0; at < end - start; at += blockBytes) {
      const used = Math.min(blockBytes, end - start - at)
      this.blocks.push({ start: this.storedTo, bytes: NO_BYTES, used, held, heldFrom: at })
      held.blocks++
      this.storedTo += used
      this.memoryBytes += used
    }
    this.trim()
    this.fillLater()
  }

  private fillLater(): void {
    if (this.fillScheduled) return
    this.fillScheduled = true
    setImmediate(() => {
      this.fillScheduled = false
      this.fillSome()
    })
  }

  /** Copies some of what the window needs and is held. What only replicas that lag need is copied when they read it. */
  private fillSome(): void {
    const { blocks } = this
    const from = this.offset - this.windowBytes
    let filled = 0
    for (let i = blocks.length - 1; i >= 0 && blocks[i].start + blocks[i].used > from; i--) {
      if (blocks[i].held === null) continue
      if (filled++ === FILLED_AT_ONCE) {
        this.fillLater()
        return
      }
      this.fill(blocks[i])
    }
  }

  private fill(block: Block): void {
    const { used } = block
    const bytes = this.freshBytes()
    // The size of blocks may have changed since.
    block.bytes = bytes.length < used ? Buffer.allocUnsafeSlow(used) : bytes
    block.held?.source.read(block.heldFrom, block.heldFrom + used, block.bytes, 0)
    this.memoryBytes += block.bytes.length - used
    letGo(block)
  }

  /** Drops blocks that neither the window nor a reader needs; to be called when a reader has gone. */
  trim(): void {
    const needed = this.firstNeeded
    let drop = 0
    while (drop < this.blocks.length - 1 && this.blocks[drop].start + this.blocks[drop].used <= needed) drop++
    if (drop === 0) return
    let readersIdle = true
    for (const reader of this.readers) readersIdle &&= reader.idle
    for (const block of this.blocks.splice(0, drop)) {
      const { bytes } = block
      if (block.held !== null) {
        this.memoryBytes -= block.used
        letGo(block)
        continue
      }
      this.memoryBytes -= bytes.length
      if (readersIdle && this.spares.length < MAX_SPARES) this.spares.push(bytes)
    }
  }

  private freshBytes(): Buffer {
    const { blockBytes } = this
    const spare = this.spares.pop()
    return spare?.length === blockBytes ? spare : Buffer.allocUnsafeSlow(blockBytes)
  }

  private forgetBlocks(): void {
    for (const block of this.blocks) letGo(block)
    this.blocks = []
    this.memoryBytes = 0
    this.storedTo = this.offset
    this.forgetLent()
  }

  /** Views of the stream's bytes from `position` on, at most about `limit` bytes. They stay unchanged until the reader is idle. */
  read(position: number, limit: number): Buffer[] {
    this.storeLent()
    const views: Buffer[] = []
    let taken = 0
    // What a reader has had of a large addition is not to wait for the next block to go.
    if (this.blocks.length > 0 && this.blocks[0].held !== null) this.trim()
    for (let i = this.blockOf(position); i < this.blocks.length && taken < limit; i++) {
      const block = this.blocks[i]
      const from = Math.max(0, position - block.start)
      if (from >= block.used) continue
      const view = block.held === null ? block.bytes.subarray(from, block.used) : heldView(block.held, block, from)
      views.push(view)
      taken += view.length
    }
    return views
  }

  private blockOf(position: number): number {
    let i = this.blocks.length - 1
    while (i > 0 && this.blocks[i].start > position) i--
    return Math.max(0, i)
  }
}

/** The block needs what it was held for no more. */
function letGo(block: Block): void {
  const { held } = block
  block.held = null
  if (held !== null && --held.blocks === 0) held.source.release()
}

function heldView({ source }: Held, { heldFrom, used }: Block, from: number): Buffer {
  const view = Buffer.allocUnsafeSlow(used - from)
  source.read(heldFrom + from, heldFrom + used, view, 0)
  return view
}

/** Forty random hexadecimal characters: a replication id, a run id, the end mark of a diskless transfer. */
export function randomId(): string {
  return randomBytes(20).toString('hex')
}

/** Whether two replication ids are one: who asks may write it with capitals. */
export function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
