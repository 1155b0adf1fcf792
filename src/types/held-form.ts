/** The RDB form of a large value as it was when it was held, given bit by bit whatever becomes of the value meanwhile. */
import type { ChunkedOutput } from '../rdb/chunked-output.js'
import type { RdbOutput } from '../rdb/output.js'
import type { HeldBuffer } from '../store/held-buffers.js'
import type { HashTable } from '../store/table/hash-table.js'

/** Where the bytes go. */
export interface FormTaker {
  /** Bytes that come next. */
  readonly out: RdbOutput
  /**
   * A long string comes next, behind what is in `out`. The taker writes it in pieces and releases it; until next() is called again
   * nothing comes behind it.
   */
  string(held: HeldBuffer): void
  /** Bytes that were written aside come next; there is nothing left in `aside` then. */
  append(aside: ChunkedOutput): void
}

/** What a value is held for. */
export interface HoldOptions {
  /** redis.conf: rdbcompression. */
  readonly compress: boolean
  /**
   * Commands are made of it: what is known of something pending comes with its consumer, whom the command names, and not with the
   * group before, which is no RDB.
   */
  readonly forCommands?: boolean
  /** The snapshot it is part of; null for a value alone (DUMP). */
  readonly snapshot: SnapshotEpoch | null
}

export interface SnapshotEpoch {
  /** Buckets of tables with this stamp have been written. */
  readonly epoch: number
  /** Memory for a further chunk, if there is some. */
  readonly spare: () => Buffer | null
}

export interface HeldForm {
  /** Gives what comes next: a bucket, a node, a string; some 16 KiB at most, but for strings. False: that was all. */
  next(taker: FormTaker): boolean
  /** The table whose writers have to say what they change (beforeWrite), if it is to be stamped. */
  readonly table: HashTable | null
  /** Elements in the bucket of `hash` of that table are about to change. */
  beforeWrite(hash: number): void
  /** Memory that it takes and that is in no account of the store. */
  readonly memoryBytes: number
  /** Nobody wants what has not been given yet. To be called in any case, once. */
  close(): void
}
