/** What the store asks of a large value: an object behind the keyspace, whose elements are in slab memory. */
import type { Database } from './database.js'
import type { Entries } from './entries.js'
import type { HashTable } from './table/hash-table.js'

export interface Aggregate {
  /** The slab memory that its elements are in. */
  readonly entries: Entries
  /** The table by which its elements are found, if there is one. */
  readonly table: HashTable | null
  /** Bytes that it takes, without its elements. */
  readonly memoryBytes: number
  /** Objects that freeing it frees, as Redis counts them (lazyfreeGetFreeEffort in lazyfree.c); 0 when nothing is left. */
  readonly freeEffort: number
  /** How many objects INFO lazyfreed_objects will count when it has been freed. */
  lazyObjects: number
  /** It has left the keyspace. True: views read it still, and it goes with the last of them. */
  keptByViews(): boolean
  /**
   * Frees elements until `deadlineMs` (performance.now()), some at least; true when nothing is left. `free`: what to do with an
   * entry that nothing holds any more.
   */
  freeSome(deadlineMs: number, free: (address: number) => void): boolean
  /** Nobody will use it any more, once the current turn is over: memory of its own goes. Elements are somebody else's business. */
  close(): void
  /** Whether its elements may be moved to other slots now (compaction.ts). */
  readonly entriesMayMove: boolean
  /**
   * Goes to the bucket or node at `cursor` (0 at first), puts in each element's place what `move` returns for its address, and
   * returns the next cursor (0 at the end). `bytes`: of elements that are no entries, what their slots were allocated for.
   */
  rewrite(cursor: number, move: (address: number, bytes?: number) => number): number
  /** Its key is another one now (RENAME, MOVE). For values that have to know. */
  movedTo?(database: Database, key: Buffer): void
  /** Behind such a walk: gives back memory that it has emptied. */
  compact(): void
}
