/**
 * A kind of value: what the rest of the server asks of a value, whatever it is. Each kind has a folder, with all that knows its
 * encodings; kinds.ts is the table of them. Small values are bytes in the key's slot or in a Buffer; large ones are objects
 * behind the keyspace (store/aggregate.ts).
 */
import type { KeyReader } from '../rdb/key-reader.js'
import type { RdbOutput } from '../rdb/output.js'
import type { RdbWindow } from '../rdb/window.js'
import type { Database } from '../store/database.js'
import type { Entries } from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'
import type { Digest } from './digest.js'
import type { HeldForm, HoldOptions } from './held-form.js'
import type { KeyCommands } from './key-commands.js'
import type { ValueCopy } from './value-copy.js'
import type { ValueReader, ValueTarget } from './value-reader.js'

export interface ValueKind {
  /** TYPE_ constant of store/entries.ts. */
  readonly type: number
  /** What TYPE says. */
  readonly name: string
  /** What OBJECT ENCODING says of the value at `address`. */
  encodingName(keyspace: Keyspace, address: number): string
  /** What DEBUG OBJECT says of it besides: fields with a blank before each. */
  details?(keyspace: Keyspace, address: number): string
  /** Bytes of the value's elements, beside the key's entry: an estimate from about so many of them. O(samples). */
  elementBytes(keyspace: Keyspace, address: number, samples: number): number

  /** RDB type number of the form in which the value is saved: the one that Redis 7.0 reads, if there is one. */
  rdbType(keyspace: Keyspace, address: number): number
  /** Writes the value whole, behind its type and its key. For values that are not large (isLarge in kinds.ts). O(size). */
  write(out: RdbOutput, entries: Entries, address: number, compress: boolean): void
  /** Takes the RDB form of a large value, as the value is now. close() has to follow. O(1) or so. */
  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm
  /** RDB type numbers of all forms that it reads. */
  readonly rdbTypes: readonly number[]
  /** Of those, the ones whose value is one packed string, which sanitize-dump-payload has checked. */
  readonly packedRdbTypes: readonly number[]
  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): ValueReader
  /** What reads the forms that snapshots have (rdbType) as commands that make the value. */
  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): ValueReader

  /**
   * Copies the value at `address` of `from`, with its encoding, to key[start, end) of `to`, which holds no such key and where it
   * has just been looked for (findForWrite). O(size). Returns the copy's address.
   */
  copy(from: Database, address: number, to: Database, key: Buffer, start: number, end: number, expiryMs: number): number
  /** Begins a copy in slices; null where copy() takes no time. For kinds that have such values. */
  beginCopy?(keyspace: Keyspace, address: number): ValueCopy | null
  /** Adds the value as DEBUG DIGEST does, behind its type. O(size). */
  digest(digest: Digest, db: Database, address: number): void
}
