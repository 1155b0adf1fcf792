/**
 * Checks and loads the payload of a large value in slices, before RESTORE runs: when it does, the value is there and only has to
 * take its place. Until then the value belongs to no key.
 */

import { CRC64_LENGTH, Crc64 } from '../../bytes/crc64.js'
import { hashBytes } from '../../bytes/hash.js'
import { performance } from '../../clock/platform.js'
import { RdbError } from '../../rdb/error.js'
import { RDB_TYPE_STRING, SPECIAL_STRING, STRING_LZF } from '../../rdb/format.js'
import { LengthReader } from '../../rdb/string-reader.js'
import { LONG_BYTES } from '../../rdb/window.js'
import { Database } from '../../store/database.js'
import type { ExpiryTime } from '../../store/expiry-time.js'
import type { Keyspace } from '../../store/keyspace.js'
import { moveEntry } from '../../store/move-entry.js'
import { PACKED_MAX_BYTES } from '../../types/elements-reader.js'
import { isPackedRdbType } from '../../types/kinds.js'
import type { ValueLimits } from '../../types/value-limits.js'
import { isIntactPayload, NO_DATABASE } from './payload.js'
import { ValueReader } from './value-reader.js'

const CRC_STEP_BYTES = 64 * 1024
const COMPRESSED = SPECIAL_STRING | STRING_LZF
/** The key of a value that belongs to none. */
const NO_KEY = Buffer.alloc(0)

const lengths = new LengthReader()

/** Length that the string at `at` has when it is unpacked, as far as the bytes say. O(1). */
function announcedLength(bytes: Buffer, at: number, end: number): number {
  let next = at
  if (bytes[at] === COMPRESSED) next = lengths.read(bytes, at + 1, end)
  return next >= 0 && lengths.read(bytes, next, end) >= 0 ? lengths.value : 0
}

/** Whether RESTORE of payload[start, end) had better be prepared in slices. O(1). */
export function isLargePayload(payload: Buffer, start: number, end: number): boolean {
  if (end - start > LONG_BYTES) return true
  const type = payload[start]
  if (type === RDB_TYPE_STRING) return announcedLength(payload, start + 1, end) > LONG_BYTES
  return isPackedRdbType(type) && announcedLength(payload, start + 1, end) > PACKED_MAX_BYTES
}

export class PayloadLoading {
  /** Version and checksum are right. */
  intact = false
  /** What is wrong with the value; '' while nothing is known to be. */
  problem = ''
  readonly payload: Buffer
  private readonly start: number
  private readonly end: number
  private readonly keyspace: Keyspace
  private readonly limits: ValueLimits
  private done = false
  /** null: the checksum does not count. */
  private readonly crc: Crc64 | null
  private summed: number
  /** Where the value is, under NO_KEY, and what reads it. */
  private database: Database | null = null
  private values: ValueReader | null = null

  /** @param limits as they stand at each call. payload[start, end) stays as it is until this is closed. */
  constructor(keyspace: Keyspace, limits: ValueLimits, payload: Buffer, start: number, end: number, checksum: boolean) {
    this.keyspace = keyspace
    this.limits = limits
    this.payload = payload
    this.start = start
    this.end = end
    this.summed = start
    this.crc = checksum ? new Crc64() : null
  }

  /** All is done, and FLUSHALL has not taken it away since. */
  get ready(): boolean {
    return this.done && !this.isStale
  }

  /** Memory of what is not in the store yet. */
  get memoryBytes(): number {
    return this.done ? 0 : (this.values?.memoryBytes ?? 0)
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  step(deadlineMs: number): boolean {
    const { keyspace } = this
    const { reportsNewKeys } = keyspace
    keyspace.reportsNewKeys = false
    try {
      if (this.isStale) this.begin()
      while (!this.done) {
        if (this.values === null) this.verify()
        else if (this.values.step()) this.finish()
        if (performance.now() >= deadlineMs) break
      }
    } catch (error) {
      // A RangeError: a string for which there is no memory.
      if (!(error instanceof RdbError || error instanceof RangeError)) throw error
      this.close()
      this.problem = error.message
      this.done = true
    } finally {
      keyspace.reportsNewKeys = reportsNewKeys
    }
    return this.done
  }

  /** FLUSHALL has replaced the memory: what was loaded there is gone. */
  private get isStale(): boolean {
    return this.database !== null && this.database.entries !== this.keyspace.entries
  }

  /** Begins with the value, maybe for another time. */
  private begin(): void {
    this.database = new Database(NO_DATABASE, this.keyspace)
    this.values = new ValueReader(this.keyspace, this.database, this.limits)
    this.values.keys.give(NO_KEY, 0, 0)
    this.values.begin(this.payload, this.start, this.end)
    this.done = false
  }

  /** Goes on with the checksum. */
  private verify(): void {
    const { crc, end, payload, start } = this
    if (this.summed === start && !isIntactPayload(payload, start, end, false)) {
      this.done = true
      return
    }
    if (crc !== null) {
      const until = end - CRC64_LENGTH
      const from = this.summed
      this.summed = Math.min(until, from + CRC_STEP_BYTES)
      crc.update(payload, from, this.summed)
      if (this.summed < until) return
      this.intact = crc.matches(payload, until)
    } else this.intact = true
    if (this.intact) this.begin()
    else this.done = true
  }

  private finish(): void {
    if (this.database?.keys.count === 0) this.problem = 'no elements'
    this.done = true
  }

  /**
   * When all is done: puts the value under key[start, end) into `database`, which holds no such key, and returns its address. 0:
   * there is nothing wrong with it, but it is not there any more. O(1).
   */
  moveTo(database: Database, key: Buffer, start: number, end: number, expiry: ExpiryTime): number {
    const from = this.database
    const address = from === null || this.isStale ? 0 : from.findAny(NO_KEY, 0, 0)
    if (from === null || address === 0) return 0
    const expiring = from.setExpiry(address, expiry.ms)
    database.hash = hashBytes(key, start, end)
    const moved = moveEntry(from, expiring, database, key, start, end)
    expiry.complete(database.entries, moved)
    return moved
  }

  /** Frees what nobody has taken. */
  close(): void {
    const { database } = this
    this.database = null
    if (database === null || database.entries !== this.keyspace.entries) return
    const address = database.findAny(NO_KEY, 0, 0)
    if (address !== 0) database.remove(address, false)
  }
}
