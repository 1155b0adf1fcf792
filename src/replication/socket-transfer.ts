/**
 * Hands the snapshot of a full synchronization from the socket straight to whoever loads it, without a file in between
 * (repl-diskless-load), in both of the forms masters use.
 */
import { RdbError } from '../persistence/rdb/error.js'
import { MARK_BYTES, type SyncProgress, type TransferHeader } from './transfer.js'

/** Loads a snapshot beside the data that is in service. adopt() or discard() has to follow. */
export interface SnapshotReceiver {
  /** The end of the snapshot was read, and its checksum is right. */
  readonly done: boolean
  /** Takes the next bytes. Throws what is wrong with them. */
  push(chunk: Buffer): void
  /** No more bytes come: throws what is missing of the snapshot, an RdbError. */
  end(): void
  /** When done: how many of the last chunk's bytes did not belong to the snapshot. */
  readonly leftoverBytes: number
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
  readonly receiver: SnapshotReceiver
  private readonly mark: Buffer | null
  /** Bytes of the mark so far. */
  private marked = 0

  constructor({ size, mark }: TransferHeader, receiver: SnapshotReceiver) {
    this.size = size
    this.mark = mark
    this.receiver = receiver
  }

  /** Takes chunk[0, ...); returns how many of its bytes belonged to the snapshot once it is whole, else -1. Throws an Error. */
  write(chunk: Buffer): number {
    const limit = this.mark === null ? Math.min(chunk.length, this.size - this.received) : chunk.length
    let at = 0
    if (!this.receiver.done) {
      this.receiver.push(chunk.subarray(0, limit))
      at = this.receiver.done ? limit - this.receiver.leftoverBytes : limit
    }
    if (this.mark === null) {
      this.received += limit
      if (this.received < this.size) return -1
      if (!this.receiver.done) throw new Error('the snapshot goes on behind the size that was announced')
      return limit
    }
    const end = Math.min(limit, at + MARK_BYTES - this.marked)
    if (!this.receiver.done) {
      this.received += limit
      return -1
    }
    this.received += at
    for (; at < end; at++)
      if (chunk[at] !== this.mark[this.marked++]) throw new Error('Replication stream EOF marker is broken')
    return this.marked === MARK_BYTES ? at : -1
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
