/**
 * The base file of an append-only file as commands (redis.conf: aof-use-rdb-preamble no): what a snapshot writes is read as commands
 * on its way to the file, a little at a time. A snapshot's chunk or two wait at most, and what is longer than these of one string.
 */
import { performance, setImmediate } from '../../clock/platform.js'
import { ChunkPool } from '../chunk-pool.js'
import type { BackgroundSink } from '../saver.js'
import { SnapshotCommands } from './snapshot-commands.js'

/** How long one slice may take; the snapshot's own take as long. */
const SLICE_MS = 0.5
/** With more waiting the snapshot pauses. */
const CONGESTED_BYTES = 128 * 1024
const NO_BYTES = Buffer.alloc(0)

export interface CommandsSinkOptions {
  /** As SnapshotCommands has it. */
  readonly timestampSeconds?: number | null
  /** Called with the time in milliseconds that a slice held up everything else. */
  readonly onSlice?: (ms: number) => void
}

export class CommandsSink implements BackgroundSink {
  onDrain: () => void = () => {}
  /** Bytes of commands that have gone to the target. */
  bytesWritten = 0
  private readonly target: BackgroundSink
  private readonly onSlice: (ms: number) => void
  private readonly commands: SnapshotCommands
  private readonly pool = new ChunkPool()
  /** Chunks that wait, the first one from `at` on. */
  private readonly queue: Buffer[] = []
  private at = 0
  private queuedBytes = 0
  private scheduled = false
  private closed = false
  private failure: Error | null = null
  private finished: ((failure: Error | null) => void) | null = null

  /** @param target where the commands go: from here on it belongs to this sink. */
  constructor(target: BackgroundSink, options: CommandsSinkOptions = {}) {
    this.target = target
    this.onSlice = options.onSlice ?? (() => {})
    const taker = {
      write: (chunk: Buffer) => {
        this.bytesWritten += chunk.length
        target.write(chunk)
      },
      spare: () => target.spare?.() ?? null,
    }
    this.commands = new SnapshotCommands(taker, options.timestampSeconds ?? null)
    target.onDrain = () => this.schedule()
  }

  get congested(): boolean {
    return this.queuedBytes >= CONGESTED_BYTES || this.failed !== null || this.target.congested
  }
  get failed(): Error | null {
    return this.failure ?? this.target.failed
  }

  /** Memory for the snapshot's chunks. */
  spare(): Buffer | null {
    return this.pool.take()
  }

  write(chunk: Buffer): void {
    if (this.closed || this.failed !== null) return
    this.queue.push(chunk)
    this.queuedBytes += chunk.length
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled || this.closed) return
    this.scheduled = true
    setImmediate(() => this.slice())
  }

  private slice(): void {
    this.scheduled = false
    if (this.closed) return
    const before = performance.now()
    try {
      if (this.failed === null) this.readOn(before + SLICE_MS)
    } catch (error) {
      this.failure = error as Error
      this.drop()
    }
    this.onSlice(performance.now() - before)
    if (this.finished !== null) this.settle(this.finished)
    else if (!this.congested || this.failed !== null) this.onDrain()
  }

  /** Reads what waits until the deadline, or until the target is congested. */
  private readOn(deadline: number): void {
    while (this.hasWork && !this.target.congested) {
      if (performance.now() >= deadline) {
        this.schedule()
        return
      }
      this.readChunk(deadline)
    }
  }

  private get hasWork(): boolean {
    return this.queue.length > 0 || this.commands.isBusy
  }

  private readChunk(deadline: number): void {
    const { commands, queue } = this
    const [chunk] = queue
    if (chunk === undefined) {
      commands.read(NO_BYTES, deadline)
      return
    }
    this.at += commands.read(this.at === 0 ? chunk : chunk.subarray(this.at), deadline)
    if (this.at < chunk.length) return
    queue.shift()
    this.at = 0
    this.queuedBytes -= chunk.length
    this.pool.give(chunk)
  }

  private drop(): void {
    this.queue.length = 0
    this.queuedBytes = 0
    this.at = 0
  }

  /** All bytes of the snapshot have come. */
  finish(done: (failure: Error | null) => void): void {
    this.finished = done
    this.schedule()
  }

  private settle(done: (failure: Error | null) => void): void {
    if (this.failure !== null) {
      this.discard()
      done(this.failure)
      return
    }
    // A target that has failed says so itself.
    if (this.hasWork && this.target.failed === null) return
    this.finished = null
    if (this.target.failed === null) {
      try {
        this.commands.end()
      } catch (error) {
        this.failure = error as Error
        this.settle(done)
        return
      }
    }
    this.closed = true
    this.drop()
    this.target.finish(done)
  }

  /** Gives up. */
  discard(): void {
    this.closed = true
    this.finished = null
    this.drop()
    this.target.discard()
  }
}
