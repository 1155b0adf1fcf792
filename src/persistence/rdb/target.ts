/** Where an RDB reader puts what it reads. The reader has validated what it hands over; bytes are valid during the call only. */
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { ValueKind } from '../../types/value-kind.js'
import type { ValueReader } from '../../types/value-reader.js'
import type { KeysAhead } from './keys-ahead.js'

export interface RdbTarget {
  /** What reads the values of a kind, and puts them where they belong. */
  valueReader(kind: ValueKind, window: RdbWindow, keys: KeyReader): ValueReader
  /** A fact about the file: "redis-ver", "repl-id", ... */
  aux(name: string, value: string): void
  /** A library of functions, whose code is to be kept. Returns what is wrong with it, or null. */
  library(code: Buffer): string | null
  /** Something was left out that the file's owner should know. */
  warn(message: string): void
  /** Following keys belong to this database. False: there are not so many. */
  selectDatabase(index: number): boolean
  /** How many keys, and keys with an expiry, the selected database is going to have: hints from the file, unverified. */
  resizeDatabase(keys: number, expires: number): void
  /** A hint: the next keys are most likely these, in the database that is selected now. */
  keysAhead(bytes: Buffer, keys: KeysAhead): void
}
