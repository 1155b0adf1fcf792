/** Reading values of RDB bytes: what a kind of value has to do, and where what it reads goes. */
import type { RdbKey } from '../rdb/key.js'
import type { Database } from '../store/database.js'
import type { ValueLimits } from './value-limits.js'

/** The key may be inserted: it is not in the database, and `database.hash` is its hash. */
export const WANTED = 0
/** The value is to be read and forgotten: the key has expired. */
export const LEFT_OUT = 1
/** The database holds the key already. */
export const TWICE = 2
export type Claim = typeof WANTED | typeof LEFT_OUT | typeof TWICE

export interface ValueTarget {
  /** Where the next key's value goes. */
  readonly database: Database
  readonly limits: ValueLimits
  /** Asks what to do with a key and its value; to be called once for each key that has a value. */
  claim(key: RdbKey): Claim
  /** The value of a WANTED key is whole, and in the database at `address`. */
  loaded(address: number, key: RdbKey): void
  /** A key with an aggregate of no elements: bugs of old servers wrote such ones. They are no keys. Instead of claim(). */
  emptyKey(key: RdbKey): void
}

/**
 * Reads values of one kind. `read` and `readPiece` follow the rules of rdb/window.ts. A value that has elements one by one comes in
 * pieces: one is read at a time, and other things happen in between, so that the bytes of before are gone then. Such a value
 * is in the database, under its key, from its first piece on: who gives up removes it as he would any other.
 */
export interface ValueReader {
  /** Reads the value at `at`, of one of the kind's RDB types, for the key that the KeyReader has; of a value in pieces only the head. */
  read(type: number, bytes: Buffer, at: number, end: number): number
  /** Pieces are still to come: readPiece() is next. */
  readonly inPieces: boolean
  readPiece(bytes: Buffer, at: number, end: number): number
  /** What is missing, for the message about data that ends here: "3 more fields". */
  readonly missing: string
  /** There is work to be done on what was read last, before anything is read on: in steps of half a millisecond. */
  readonly isBusy: boolean
  work(): void
}
