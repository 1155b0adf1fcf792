/**
 * Hands the snapshot of a full synchronization from the socket straight to whoever loads it, without a file in between
 * (repl-diskless-load), in both of the forms masters use.
 */
import { RdbError } from '../rdb/error.js'
import { MARK_BYTES, type SyncProgress, type TransferHeader } from './transfer.js'

/** Loads a snapshot beside the data that is in service. adopt() or discard() has to follow. */
export interface SnapshotReceiver {
  /** The end of the snapshot was read, and its checksum is right. */
  readonly done: boolean
  /**
   * Takes the next bytes, for a few milliseconds; returns how many. The others, unless they lie behind the snapshot's end, are
   * to come again a little later. Throws what is wrong with them.
   */
  push(chunk: Buffer): number
  /** It has to go on before it takes further bytes: push() is to be called again, be it with none. */
  readonly isBusy: boolean
  /** No more bytes come: throws what is missing of the snapshot, an RdbError. */
  end(): void
  /** How long to wait before the next bytes, in milliseconds (key-load-delay, for tests). */
  takeDelayMs(): number
  /** What was loaded takes the place of the old data. */
  adopt(): void
  /** What was loaded is given up; the old data stays. */
  discard(): void
}

export class SocketTransfer implements SyncProgress {
  readonly size: number
  received = 0
  /** All of it has come: the snapshot, and the mark behind it. */
  whole = false
  readonly receiver: SnapshotReceiver
  private readonly mark: Buffer | null
  /** Bytes of the mark so far. */
  private marked = 0

  constructor({ size, mark }: TransferHeader, receiver: SnapshotReceiver) {
    this.size = size
    this.mark = mark
    this.receiver = receiver
  }

  /** Takes bytes of the chunk, from its beginning on, and returns how many. Throws an Error. */
  write(chunk: Buffer): number {
    const { mark, receiver } = this
    let at = 0
    if (!receiver.done) {
      const limit = mark === null ? Math.min(chunk.length, this.size - this.received) : chunk.length
      at = receiver.push(chunk.subarray(0, limit))
      this.received += at
      if (mark === null && this.received === this.size && !receiver.done && !receiver.isBusy) {
        throw new Error('the snapshot goes on behind the size that was announced')
      }
    }
    if (!receiver.done) return at
    return mark === null ? this.takeRest(chunk, at) : this.takeMark(mark, chunk, at)
  }

  /** What was announced of more than the snapshot. */
  private takeRest(chunk: Buffer, at: number): number {
    const count = Math.min(chunk.length - at, this.size - this.received)
    this.received += count
    this.whole = this.received === this.size
    return at + count
  }

  private takeMark(mark: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + MARK_BYTES - this.marked)
    for (; at < end; at++) {
      if (chunk[at] !== mark[this.marked++]) throw new Error('Replication stream EOF marker is broken')
    }
    this.whole = this.marked === MARK_BYTES
    return at
  }

  /** No more bytes come: what is missing of the snapshot, or null if it is only the mark behind it. */
  shortRead(): RdbError | null {
    try {
      this.receiver.end()
      return null
    } catch (error) {
      if (error instanceof RdbError) return error
      throw error
    }
  }

  discard(): void {
    this.receiver.discard()
  }
}
