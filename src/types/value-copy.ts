/** The copy of a value that takes long to copy: made in slices, of the value as it was when it was begun. */
import type { Database } from '../store/database.js'

export interface ValueCopy {
  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  run(deadlineMs: number): boolean
  /**
   * When all is done: puts the copy under key[start, end) of `to`, as ValueKind.copy() does. Returns its address. `to` is in the keyspace
   * of the original.
   */
  placeIn(to: Database, key: Buffer, start: number, end: number, expiryMs: number): number
  /** Has to follow: frees what is of no more use, all of it if nobody has taken it. */
  close(): void
}
