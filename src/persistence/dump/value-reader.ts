/**
 * Reads a value that is in memory as a whole, under a key that is given, into a database: in steps, none of which takes long.
 * What is long is taken from where it lies, into memory of its own.
 */

import type { KeyReader } from '../../rdb/key-reader.js'
import type { LongString } from '../../rdb/long-string.js'
import { unpacked } from '../../rdb/string-reader.js'
import { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { ValueLimits } from '../../types/value-limits.js'
import { EntryReader } from '../rdb/entry-reader.js'
import { KeyspaceTarget } from '../rdb/load.js'

/** What one step does, in bytes of small items, read or unpacked; and of a long string. */
const WORK_BYTES = 8 * 1024
const PIECE_BYTES = 128 * 1024
const NO_BYTES = Buffer.alloc(0)

export class ValueReader {
  private readonly window = new RdbWindow(0, true)
  private readonly entries: EntryReader
  private bytes: Buffer = NO_BYTES
  private at = 0
  private end = 0
  /** The value's type and its beginning have been read. */
  private begun = false
  private long: LongString | null = null

  /** @param limits as they stand at each call. */
  constructor(keyspace: Keyspace, database: Database, limits: ValueLimits) {
    const target = new KeyspaceTarget(keyspace, { limits, dropExpired: false })
    target.useDatabase(database)
    this.entries = new EntryReader(this.window, target, false)
  }

  /** Says what key it is for, before begin(), and that it is no longer wanted, behind the last step. */
  get keys(): KeyReader {
    return this.entries.keys
  }

  /** Memory of long strings on their way. */
  get memoryBytes(): number {
    let bytes = this.long?.memoryBytes ?? 0
    for (const long of this.window.longs) bytes += long.memoryBytes
    return bytes
  }

  /** A type and a value follow at `start`, in bytes that stay as they are; what may follow behind them is not looked at. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.begun = false
    this.window.totalBytes = end
  }

  /** Goes on. True when the value is in the database. @throws RdbError, after which this is of no use */
  step(): boolean {
    const { entries, long } = this
    if (long !== null) {
      if (!long.work(PIECE_BYTES)) return false
      this.window.longs.push(long)
      this.long = null
      return false
    }
    if (entries.isBusy) entries.work()
    else this.read()
    if (!this.begun || this.long !== null || entries.isBusy || entries.inPieces) return false
    this.bytes = NO_BYTES
    return true
  }

  private read(): void {
    const { bytes, end, entries, window } = this
    let { at } = this
    const until = at + unpacked.bytes + WORK_BYTES
    do {
      const next = this.begun ? entries.readPiece(bytes, at, end) : entries.readValue(bytes[at], bytes, at + 1, end)
      if (next < 0) {
        // Nothing is short but for a long string.
        this.long = window.long
        window.long = null
        break
      }
      at = next
      this.begun = true
      if (window.longs.length > 0) window.longs.length = 0
    } while (entries.inPieces && !entries.isBusy && at + unpacked.bytes < until)
    this.at = at
  }
}
