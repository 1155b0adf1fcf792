/** Puts what an RDB reader reads into the keyspace. */
import { hashBytes } from '../../bytes/hash.js'
import { printable } from '../../rdb/error.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import type { Keyspace } from '../../store/keyspace.js'
import { LookAhead } from '../../store/table/look-ahead.js'
import type { ValueKind } from '../../types/value-kind.js'
import type { ValueLimits } from '../../types/value-limits.js'
import { type Claim, LEFT_OUT, TWICE, type ValueReader, type ValueTarget, WANTED } from '../../types/value-reader.js'
import type { KeysAhead } from './keys-ahead.js'
import type { RdbTarget } from './target.js'

const LFU_COUNTER_MASK = 0xff
const LRU_BITS = 0xffffff
/** More empty keys than this are counted, but not logged. */
const EMPTY_KEYS_LOGGED = 10
/** A file's word on its numbers of keys is trusted for so many, in all databases together: some 20 MiB of table. */
const RESERVE_MAX_KEYS = 2_000_000

export interface KeyspaceTargetOptions {
  limits: ValueLimits
  /**
   * Leave out keys that have expired by `keyspace.nowMs`: what a master does with its file. A replica takes its master's
   * snapshot as it is, and the base of an AOF has to be the state that the commands behind it start from.
   */
  dropExpired: boolean
  /** A key that is there already gives way to the file's, instead of being an error (DEBUG RELOAD MERGE NOFLUSH). */
  allowDuplicates?: boolean
  aux?: (name: string, value: string) => void
  /** Takes the code of a library of functions; returns what is wrong with it, or null. */
  library?: (code: Buffer) => string | null
  warn?: (message: string) => void
}

/** Loads into the keyspace's databases, beginning with database 0. `keyspace.loading` and flushing are the caller's. */
export class KeyspaceTarget implements RdbTarget, ValueTarget {
  keysLoaded = 0
  keysExpired = 0
  emptyKeysSkipped = 0
  private readonly keyspace: Keyspace
  private readonly options: KeyspaceTargetOptions
  private readonly dropExpired: boolean
  database: Database
  readonly limits: ValueLimits
  /** The keys of keysAhead(), of which that with number `aheadNext` is the next one. */
  private readonly ahead = new LookAhead()
  private aheadKeys: KeysAhead | null = null
  private aheadBytes: Buffer | null = null
  private aheadNext = 0
  /** For so many keys tables may still be made on the file's word alone. */
  private reservableKeys = RESERVE_MAX_KEYS

  constructor(keyspace: Keyspace, options: KeyspaceTargetOptions) {
    this.keyspace = keyspace
    this.options = options
    this.dropExpired = options.dropExpired
    this.limits = options.limits
    this.database = keyspace.databases[0]
  }

  valueReader(kind: ValueKind, window: RdbWindow, keys: KeyReader): ValueReader {
    return kind.reader(window, keys, this)
  }

  aux(name: string, value: string): void {
    this.options.aux?.(name, value)
  }

  library(code: Buffer): string | null {
    return this.options.library === undefined ? 'there is nothing that takes it' : this.options.library(code)
  }

  warn(message: string): void {
    this.options.warn?.(message)
  }

  selectDatabase(index: number): boolean {
    if (index >= this.keyspace.databases.length) return false
    this.database = this.keyspace.databases[index]
    return true
  }

  /** Loads into a database that is none of the keyspace's. */
  useDatabase(database: Database): void {
    this.database = database
  }

  resizeDatabase(keys: number, expires: number): void {
    this.database.keys.reserve(this.reservable(keys))
    this.database.expires.reserve(this.reservable(expires))
  }

  private reservable(keys: number): number {
    const count = Math.min(keys, this.reservableKeys)
    this.reservableKeys -= count
    return count
  }

  keysAhead(bytes: Buffer, keys: KeysAhead): void {
    const { ahead } = this
    for (let i = 0; i < keys.count; i++) ahead.add(bytes, keys.starts[i], keys.ends[i])
    ahead.run(this.database.keys)
    this.aheadKeys = keys
    this.aheadBytes = bytes
    this.aheadNext = 0
  }

  /** The hash of a key, which may have been worked out ahead. */
  private hashOf({ bytes, start, end }: RdbKey): number {
    const { aheadKeys: keys, aheadNext: next } = this
    if (keys === null || next >= keys.count || bytes !== this.aheadBytes || start !== keys.starts[next]) {
      return hashBytes(bytes, start, end)
    }
    this.aheadNext++
    return this.ahead.hashes[next]
  }

  claim(key: RdbKey): Claim {
    if (this.dropExpired && this.isExpired(key)) return LEFT_OUT
    const { database } = this
    const hash = this.hashOf(key)
    const address = database.keys.find(hash, key.bytes, key.start, key.end)
    if (address !== 0) {
      if (this.options.allowDuplicates !== true) return TWICE
      database.remove(address)
    }
    database.hash = hash
    return WANTED
  }

  emptyKey(key: RdbKey): void {
    if (++this.emptyKeysSkipped > EMPTY_KEYS_LOGGED) return
    this.warn(`RDB: skipping empty key: ${printable(key.bytes, key.start, key.end)}`)
  }

  /** How it went, for the log, in Redis's words. */
  get summary(): string {
    const { emptyKeysSkipped: empty, keysExpired, keysLoaded } = this
    const skipped = empty === 0 ? '' : `, empty keys skipped: ${empty}`
    return `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`
  }

  private isExpired(key: RdbKey): boolean {
    // False for NaN, too.
    if (!(key.expiryMs < this.keyspace.nowMs)) return false
    this.keysExpired++
    return true
  }

  loaded(address: number, { expiry, frequency, idleSeconds }: RdbKey): void {
    this.keysLoaded++
    expiry.complete(this.database.entries, address)
    if (idleSeconds < 0 && frequency < 0) return
    const { clock } = this.keyspace
    const { entries } = this.database
    if (clock.lfu) {
      if (frequency >= 0) entries.setClock(address, (clock.fresh() & ~LFU_COUNTER_MASK) | frequency)
    } else if (idleSeconds >= 0) {
      entries.setClock(address, (clock.lruSeconds - Math.min(idleSeconds, LRU_BITS)) & LRU_BITS)
    }
  }
}
