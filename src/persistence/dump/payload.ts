/**
 * The payload of DUMP, RESTORE and MIGRATE: one value, without its key.
 *
 *     <type: u8> <value as in a file> <RDB version: u16 LE> <CRC64 of all before: u64 LE>
 *
 * Source: createDumpPayload and verifyDumpPayload in Redis's cluster.c.
 */
import { CRC64_LENGTH, Crc64 } from '../../bytes/crc64.js'
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { isRangeError } from '../../config/realms.js'
import { RdbError } from '../../rdb/error.js'
import { RDB_NEWEST_VERSION, RDB_TYPE_HASH_METADATA, RDB_VERSION, RDB_VERSION_FIELD_EXPIRY } from '../../rdb/format.js'
import { RdbOutput } from '../../rdb/output.js'
import { Database } from '../../store/database.js'
import type { ExpiryTime } from '../../store/expiry-time.js'
import type { Keyspace } from '../../store/keyspace.js'
import { kindOf, writeValue } from '../../types/kinds.js'
import type { ValueLimits } from '../../types/value-limits.js'
import type { PayloadLoading } from './payload-loading.js'
import { ValueReader } from './value-reader.js'

/** What stands behind the value. */
export const FOOTER_BYTES = 2 + CRC64_LENGTH
/** Number of databases that values pass through on their way. */
export const NO_DATABASE = -1

const crc = new Crc64()
const output = new RdbOutput(1024, lzfCompressExact)

/** Writes the payload of the value at `address`, byte by byte as Redis 7.0 does; it is the caller's own. O(size). */
export function dumpPayload(keyspace: Keyspace, address: number, compress: boolean): Buffer {
  const { entries } = keyspace
  output.reset()
  const type = kindOf(entries, address).rdbType(keyspace, address)
  const version = payloadVersion(type)
  output.byte(type)
  writeValue(output, keyspace, address, compress)
  output.byte(version & 0xff)
  output.byte(version >>> 8)
  const length = output.length + CRC64_LENGTH
  const payload = Buffer.allocUnsafeSlow(length)
  output.buffer.copy(payload, 0, 0, output.length)
  crc.reset()
  crc.update(payload, 0, output.length)
  crc.writeTo(payload, output.length)
  return payload
}

/** The RDB version that says what it takes to read a value of this type. */
function payloadVersion(type: number): number {
  return type === RDB_TYPE_HASH_METADATA ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION
}

/** The footer of a payload of a value of this RDB type, whose bytes before it `crc` has taken; takes the version, too. */
export function payloadFooter(crcOfValue: Crc64, type: number): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES)
  footer.writeUInt16LE(payloadVersion(type))
  crcOfValue.update(footer, 0, 2)
  crcOfValue.writeTo(footer, 2)
  return footer
}

/** Whether payload[start, end) ends in a version that can be read and, unless that does not matter, in its checksum. */
export function isIntactPayload(payload: Buffer, start: number, end: number, checksum: boolean): boolean {
  if (end - start < FOOTER_BYTES) return false
  if (payload.readUInt16LE(end - FOOTER_BYTES) > RDB_NEWEST_VERSION) return false
  if (!checksum) return true
  crc.reset()
  crc.update(payload, start, end - CRC64_LENGTH)
  return crc.matches(payload, end - CRC64_LENGTH)
}

/** What RESTORE says of a key besides its value. */
export interface RestoredTraits {
  readonly expiry: ExpiryTime
  /** Seconds since the last access, or -1. */
  readonly idleSeconds: number
  /** LFU counter, or -1. */
  readonly frequency: number
}

/**
 * Reads payloads. Each value is loaded into a database apart, so that nothing has happened to the real one when a payload turns
 * out to be bad; from there it moves for the price of its slot.
 */
export class PayloadReader {
  /** Where the values are that were read, under their keys. */
  database: Database
  /** What was wrong with the last payload that was bad. */
  problem = ''
  private readonly keyspace: Keyspace
  private readonly limits: ValueLimits
  private values: ValueReader

  /** @param limits as they stand at each call. */
  constructor(keyspace: Keyspace, limits: ValueLimits) {
    this.keyspace = keyspace
    this.limits = limits
    this.database = new Database(NO_DATABASE, keyspace)
    this.values = new ValueReader(keyspace, this.database, limits)
  }

  /**
   * Loads the value of payload[start, end) under key[keyStart, keyEnd) into `database`. Returns the entry's address, or 0 when
   * the payload holds no value of a known type. What follows the value is not looked at. O(size).
   */
  read(
    payload: Buffer,
    start: number,
    end: number,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    traits: RestoredTraits,
  ): number {
    const { keyspace } = this
    this.renew()
    const { reportsNewKeys } = keyspace
    keyspace.reportsNewKeys = false
    this.problem = 'no elements'
    try {
      this.load(payload, start, end, key, keyStart, keyEnd, traits)
    } catch (error) {
      this.discard(key, keyStart, keyEnd)
      this.values = new ValueReader(keyspace, this.database, this.limits)
      // A RangeError: a string for which there is no memory.
      if (!(error instanceof RdbError || isRangeError(error))) throw error
      this.problem = error.message
      return 0
    } finally {
      keyspace.reportsNewKeys = reportsNewKeys
    }
    return this.database.findAny(key, keyStart, keyEnd)
  }

  /**
   * As read(), for a payload that has been loaded already. 0: there is nothing wrong with it, but it has to be read. O(1).
   */
  take(loading: PayloadLoading, key: Buffer, keyStart: number, keyEnd: number, traits: RestoredTraits): number {
    const { keyspace } = this
    this.renew()
    const { reportsNewKeys } = keyspace
    keyspace.reportsNewKeys = false
    const address = loading.moveTo(this.database, key, keyStart, keyEnd, traits.expiry)
    keyspace.reportsNewKeys = reportsNewKeys
    if (address !== 0) {
      keyspace.entries.setClock(address, keyspace.clock.restored(traits.idleSeconds, traits.frequency))
    }
    return address
  }

  /** FLUSHALL has replaced the memory since the last call. */
  private renew(): void {
    if (this.database.entries === this.keyspace.entries) return
    this.database = new Database(NO_DATABASE, this.keyspace)
    this.values = new ValueReader(this.keyspace, this.database, this.limits)
  }

  private load(
    payload: Buffer,
    start: number,
    end: number,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    { expiry, idleSeconds, frequency }: RestoredTraits,
  ): void {
    const { keys } = this.values
    keys.give(key, keyStart, keyEnd)
    keys.expiry(expiry)
    keys.idleSeconds(idleSeconds)
    keys.frequency(frequency)
    this.values.begin(payload, start, end)
    while (!this.values.step()) {}
    keys.clear()
  }

  /** Takes back what was read. */
  discard(key: Buffer, start: number, end: number): void {
    const address = this.database.findAny(key, start, end)
    if (address !== 0) this.database.remove(address, false)
  }
}
