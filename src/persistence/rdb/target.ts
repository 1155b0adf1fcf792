/** Where an RDB reader puts what it reads. */

import { ExpiryTime } from '../../store/expiry-time.js'
import type { KeysAhead } from './keys-ahead.js'

/** A key with what the file says of it, besides the value. The bytes are valid during the call only. */
export class RdbKey {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  readonly expiry = new ExpiryTime()
  /** Seconds since the last access, or -1. */
  idleSeconds = -1
  /** LFU counter, or -1. */
  frequency = -1

  /** Unix time in milliseconds, rounded beyond 2^53; NaN for none. */
  get expiryMs(): number {
    return this.expiry.ms
  }

  /** A key with bytes of its own. */
  copy(): RdbKey {
    const key = new RdbKey()
    key.bytes = Buffer.from(this.bytes.subarray(this.start, this.end))
    key.end = key.bytes.length
    key.expiry.set(this.expiry)
    key.idleSeconds = this.idleSeconds
    key.frequency = this.frequency
    return key
  }
}

/**
 * Methods that take a key return false when the database holds it already. The reader has validated what it hands over, and
 * all bytes are valid during the call only, unless told otherwise.
 */
export interface RdbTarget {
  /** A fact about the file: "redis-ver", "repl-id", ... */
  aux(name: string, value: string): void
  /** Something was left out that the file's owner should know. */
  warn(message: string): void
  /** Following keys belong to this database. False: there are not so many. */
  selectDatabase(index: number): boolean
  /** How many keys, and keys with an expiry, the selected database is going to have: hints from the file, unverified. */
  resizeDatabase(keys: number, expires: number): void

  /** A hint: the next keys are most likely these, in the database that is selected now. */
  keysAhead(bytes: Buffer, keys: KeysAhead): void

  /** A string, value[start, end). `own`: that is all of `value`, and the target may keep it. */
  string(key: RdbKey, value: Buffer, start: number, end: number, own: boolean): boolean
  /** A string that is the decimal text of an int32. */
  integer(key: RdbKey, value: number): boolean

  /** Whether a hash of so many fields is welcome as a listpack; else it is to come field by field. */
  takesListpack(fields: number): boolean
  /**
   * A whole hash, as the sound, not empty listpack with distinct fields that begins at listpack[start]. `own`: that is all of
   * `listpack`, takesListpack() was asked about it, and the target may keep it.
   */
  hashListpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): boolean
  /** A hash of `fields` fields follows: as many calls of hashField, then hashEnd. Further chunks may come in between. */
  hashBegin(key: RdbKey, fields: number): boolean
  /** A field of the hash that has begun. False: it has the field already. `own`: `value` is long and all of the value, and may be kept. */
  hashField(
    field: Buffer,
    fieldStart: number,
    fieldEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    own: boolean,
  ): boolean
  hashEnd(): void

  /** A key with an aggregate of no elements: bugs of old servers wrote such ones. They are no keys. */
  emptyKey(key: RdbKey): void
}
