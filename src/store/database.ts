/**
 * One numbered database: keys, and a second table of the keys that expire. Handlers look a key up here, change the
 * entry, and say so with touch().
 */

import { hashBytes } from '../bytes/hash.js'
import {
  CLOCK_BITS,
  CLOCK_SHIFT,
  ENCODING_AGGREGATE,
  ENCODING_INT64,
  ENCODING_SHIFT,
  type Entries,
  HAS_EXPIRY,
} from './entries.js'
import type { Keyspace } from './keyspace.js'
import { lazyObjectsOf } from './lazyfree.js'
import { HashTable } from './table/hash-table.js'
import { type KeyState, Watchers } from './watchers.js'

/** No expiry, where a time in milliseconds is expected. */
export const NEVER = Number.NaN
/** The expiry that the key has, or none if it has none: where a key gets another value in place of the one it has. */
export const KEEP_TTL = Number.POSITIVE_INFINITY
const SWEEP_SEGMENTS = 64

export class Database {
  readonly index: number
  readonly keyspace: Keyspace
  entries: Entries
  keys: HashTable
  expires: HashTable
  /** Hash of the key that was looked up last; insertions for that key use it. */
  hash = 0
  /** Where the active expire cycle goes on among the keys that expire. */
  expireCursor = 0
  /** Running average of the time that those have left, in milliseconds (INFO avg_ttl). */
  averageTtlMs = 0
  readonly watchers = new Watchers()

  constructor(index: number, keyspace: Keyspace) {
    this.index = index
    this.keyspace = keyspace
    this.entries = keyspace.entries
    this.keys = new HashTable(this.entries)
    this.expires = new HashTable(this.entries)
  }

  // Looking up

  /**
   * Address of the key for a command that reads, or 0; counts a hit or a miss and touches the access clock. `hash`: the key's, if
   * the caller knows it; here and below.
   */
  findForRead(key: Uint8Array, start: number, end: number, hash = hashBytes(key, start, end)): number {
    const address = this.peek(key, start, end, hash)
    if (address === 0) {
      this.keyspace.misses++
      return 0
    }
    this.keyspace.hits++
    this.markAccess(address)
    return address
  }

  /**
   * Address of the key for a command that may change it, or 0. Whoever calls this may change the entry, replace or remove it,
   * or insert the key: the snapshot has seen the bucket.
   */
  findForWrite(key: Uint8Array, start: number, end: number, hash = hashBytes(key, start, end)): number {
    this.hash = hash
    if (this.keyspace.snapshot !== null) this.keyspace.snapshot.beforeWrite(this, hash)
    const address = this.keys.find(hash, key, start, end)
    if (address === 0) return 0
    if (this.entries.meta(address) & HAS_EXPIRY && this.isExpired(address)) {
      if (this.keyspace.seesExpired) return address
      this.expire(address)
      return 0
    }
    this.markAccess(address)
    return address
  }

  /** As findForWrite, for a key that the same command has looked for before: it counts as one access. */
  findAgain(key: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(key, start, end)
    this.hash = hash
    if (this.keyspace.snapshot !== null) this.keyspace.snapshot.beforeWrite(this, hash)
    return this.keys.find(hash, key, start, end)
  }

  /** The table of the large value at a key that has one, or null; nothing counts or expires by it. */
  peekTable(key: Uint8Array, start: number, end: number, hash: number): HashTable | null {
    const address = this.keys.find(hash, key, start, end)
    if (address === 0 || this.entries.encoding(address) !== ENCODING_AGGREGATE) return null
    return this.keyspace.aggregates.get(this.entries.payload(address)).table
  }

  /** As findForRead, without counters and without touching the access clock. */
  peek(key: Uint8Array, start: number, end: number, hash = hashBytes(key, start, end)): number {
    this.hash = hash
    const address = this.keys.find(hash, key, start, end)
    if (address === 0 || (this.entries.meta(address) & HAS_EXPIRY) === 0) return address
    return this.isExpired(address) && this.hideExpired(address) ? 0 : address
  }

  /** True when the key is to be treated as gone; deletes it where that may be done now. */
  private hideExpired(address: number): boolean {
    if (this.keyspace.seesExpired) return false
    if (this.keyspace.deletesExpired) this.expire(address)
    return true
  }

  /** Address of the key even when its time has come, or 0. Neither counts as an access nor deletes anything. */
  findAny(key: Uint8Array, start: number, end: number): number {
    return this.keys.find(hashBytes(key, start, end), key, start, end)
  }

  stateOf(key: Uint8Array): KeyState {
    const address = this.findAny(key, 0, key.length)
    if (address === 0) return 'gone'
    return (this.entries.meta(address) & HAS_EXPIRY) !== 0 && this.isExpired(address) ? 'expired' : 'there'
  }

  isExpired(address: number): boolean {
    const expiryMs = this.entries.expiry(address)
    // A time before 1970, which only a replica takes, is none (keyIsExpired in Redis's db.c).
    return this.keyspace.nowMs > expiryMs && expiryMs >= 0 && !this.keyspace.loading
  }

  /** Removes a key whose time has come. */
  expire(address: number): void {
    const { keyspace } = this
    const key = this.entries.keyCopy(address)
    keyspace.expiredKeys++
    this.remove(address, keyspace.lazyfree.expire)
    keyspace.listener?.keyExpired(this, key)
    this.changed(key, 0, key.length, true)
  }

  /** Removes a key to make room for others. */
  evict(address: number): void {
    const { keyspace } = this
    const key = this.entries.keyCopy(address)
    keyspace.evictedKeys++
    this.remove(address, keyspace.lazyfree.eviction)
    keyspace.listener?.keyEvicted(this, key)
    this.changed(key, 0, key.length, true)
  }

  private markAccess(address: number): void {
    const { clock, keepsAccessTimes } = this.keyspace
    if (keepsAccessTimes) return
    this.entries.setClock(address, clock.accessed(this.entries.clock(address)))
  }

  // Changing

  /** Says that a key has changed. Every handler that changed one calls this once for it. */
  touch(key: Buffer, start: number, end: number): void {
    const { keyspace } = this
    keyspace.dirty++
    this.changed(key, start, end, false)
    if (keyspace.notesExpiries && !keyspace.obeysMaster) keyspace.replicaExpiries.note(this, key, start, end)
  }

  /** As touch(), for a change that neither saves nor replicas need to know of. */
  private changed(key: Buffer, start: number, end: number, removed: boolean): void {
    if (this.watchers.count !== 0) this.watchers.changed(key, start, end)
    if (this.keyspace.reportsChanges) this.keyspace.listener?.keyChanged(this, key, start, end, removed)
  }

  /** Adds an entry for a key that is not here (`this.hash` is its hash). */
  insert(address: number): void {
    this.keys.insert(this.hash, address)
    if (this.entries.meta(address) & HAS_EXPIRY) this.expires.insert(this.hash, address)
    if (this.keyspace.reportsNewKeys) this.keyspace.listener?.keyAdded(this, address)
  }

  /** Puts the entry `next` in the place of `address`, which is destroyed: for the same key. */
  replace(address: number, next: number): void {
    const { entries } = this
    const hash = this.hashOfEntry(address)
    const expired = (entries.meta(address) & HAS_EXPIRY) !== 0
    const expires = (entries.meta(next) & HAS_EXPIRY) !== 0
    this.keys.locate(hash, address)
    this.keys.replaceFound(next)
    if (expired) {
      this.expires.locate(hash, address)
      if (expires) this.expires.replaceFound(next)
      else this.expires.removeFound()
    } else if (expires) this.expires.insert(hash, next)
    this.release(address, this.keyspace.lazyfree.serverDel)
  }

  /** Takes the key out and frees its value, which may count as lazily freed (lazyfree.ts). */
  remove(address: number, lazy: boolean = this.keyspace.lazyfree.serverDel): void {
    const hash = this.hashOfEntry(address)
    if (this.keyspace.snapshot !== null) this.keyspace.snapshot.beforeWrite(this, hash)
    this.keys.locate(hash, address)
    this.keys.removeFound()
    if (this.entries.meta(address) & HAS_EXPIRY) {
      this.expires.locate(hash, address)
      this.expires.removeFound()
    }
    this.release(address, lazy)
  }

  /** Frees an entry that no table holds any more, and the large value that it may refer to. */
  private release(address: number, lazy: boolean): void {
    if (this.entries.encoding(address) === ENCODING_AGGREGATE) {
      const value = this.keyspace.takeAggregate(address)
      value.lazyObjects = lazyObjectsOf(value, lazy)
      this.keyspace.discard(value)
    }
    this.entries.destroy(address)
  }

  /**
   * Gives a key an expiry (milliseconds of Unix time), changes it, or takes it away (NEVER). Returns the address. Beyond 2^53 it
   * is rounded: see ExpiryTime.complete().
   */
  setExpiry(address: number, expiryMs: number): number {
    const { entries } = this
    const expires = !Number.isNaN(expiryMs)
    if ((entries.meta(address) & HAS_EXPIRY) !== 0 && expires) {
      entries.setExpiry(address, expiryMs)
      return address
    }
    if ((entries.meta(address) & HAS_EXPIRY) === 0 && !expires) return address
    return this.reshape(address, expiryMs)
  }

  /** Moves an entry to a slot with or without room for an expiry. The value moves along. */
  private reshape(address: number, expiryMs: number): number {
    const { entries } = this
    const hash = this.hashOfEntry(address)
    const from = entries.memory(address)
    const keyStart = entries.keyStart(address)
    const keyEnd = keyStart + entries.keyLength(address)
    const size = entries.entryBytes(address)
    const expired = (entries.meta(address) & HAS_EXPIRY) !== 0
    const inlineBytes = size - (expired ? 20 : 12) - (keyEnd - keyStart)
    const next = entries.create(entries.meta(address), from, keyStart, keyEnd, inlineBytes, expiryMs)
    entries.setPayload(next, entries.payload(address))
    from.copy(entries.memory(next), entries.valueStart(next), keyEnd, keyEnd + inlineBytes)
    this.keys.locate(hash, address)
    this.keys.replaceFound(next)
    if (expired) {
      this.expires.locate(hash, address)
      this.expires.removeFound()
    } else this.expires.insert(hash, next)
    // The value's Buffer or object lives on under the new address: only the slot goes.
    entries.free(address, size)
    return next
  }

  /**
   * An entry for key[start, end) of this type and encoding with `inlineBytes` of value, whose bytes are the caller's to fill.
   * `address` (0 for a new key) is reused when its slot fits, and destroyed otherwise. A key keeps its access history when it
   * gets another value (dbSetValue in Redis's db.c): what is used often is so whatever it holds. An expiry beyond 2^53 is
   * rounded, unless it is KEEP_TTL: see ExpiryTime.complete().
   */
  place(
    address: number,
    key: Uint8Array,
    start: number,
    end: number,
    type: number,
    encoding: number,
    inlineBytes: number,
    expiryMs: number,
  ): number {
    const { entries } = this
    const kind = type | (encoding << ENCODING_SHIFT)
    if (address === 0) {
      const meta = kind | (this.keyspace.clock.fresh() << CLOCK_SHIFT)
      const created = entries.create(meta, key, start, end, inlineBytes, expiryMs)
      this.keys.insert(this.hash, created)
      if (!Number.isNaN(expiryMs)) this.expires.insert(this.hash, created)
      if (this.keyspace.reportsNewKeys) this.keyspace.listener?.keyAdded(this, created)
      return created
    }
    const old = entries.meta(address)
    const meta = kind | (old & CLOCK_BITS)
    const oldEncoding = (old >>> ENCODING_SHIFT) & 15
    const keepsTtl = expiryMs === KEEP_TTL
    const expires = keepsTtl ? (old & HAS_EXPIRY) !== 0 : !Number.isNaN(expiryMs)
    if (
      oldEncoding <= ENCODING_INT64 &&
      ((old & HAS_EXPIRY) !== 0) === expires &&
      entries.fitsSlot(address, inlineBytes)
    ) {
      entries.setMeta(address, expires ? meta | HAS_EXPIRY : meta)
      entries.setPayload(address, inlineBytes)
      if (expires && !keepsTtl) entries.setExpiry(address, expiryMs)
      return address
    }
    const created = entries.create(meta, key, start, end, inlineBytes, keepsTtl ? entries.expiry(address) : expiryMs)
    if (keepsTtl) entries.copyExpiry(address, created)
    this.replace(address, created)
    return created
  }

  /** Brings tables that a mass deletion left sparse back to size, a few segments at a time. */
  sweep(): void {
    if (this.keys.sparse) this.keys.sweep(SWEEP_SEGMENTS)
    if (this.expires.sparse) this.expires.sweep(SWEEP_SEGMENTS)
    this.keys.compact()
    this.expires.compact()
  }

  // Whole databases

  /** Gives back the memory of the tables; reset() has to follow. */
  close(): void {
    this.keys.close()
    this.expires.close()
  }

  /** Forgets everything, without freeing: the keyspace has replaced the memory. */
  reset(): void {
    this.watchers.replaced(this, null)
    this.entries = this.keyspace.entries
    this.startEmpty()
  }

  /** Takes over all keys of a database of a staged keyspace, whose memory the keyspace has taken over. */
  adopt(staged: Database): void {
    this.entries = staged.entries
    this.keys = staged.keys
    this.expires = staged.expires
    this.expireCursor = 0
    this.averageTtlMs = 0
  }

  /** Empties this database; its memory is freed in slices. Returns the number of keys removed. `lazy`: as for remove(). */
  flush(lazy: boolean): number {
    const removed = this.keys.count
    this.keys.lazyObjects = lazy ? removed : 0
    this.watchers.replaced(this, null)
    if (this.keyspace.reportsChanges) this.keyspace.listener?.flushed(this)
    this.keyspace.discard(this.keys)
    this.expires.close()
    this.startEmpty()
    return removed
  }

  private startEmpty(): void {
    this.keys = new HashTable(this.entries)
    this.expires = new HashTable(this.entries)
    this.expireCursor = 0
    this.averageTtlMs = 0
  }

  /**
   * Trades all keys with another database (SWAPDB). Clients and what they watch stay with the number; a snapshot follows the
   * tables, and saves each under the number that it had when the snapshot began.
   */
  swapWith(other: Database): void {
    this.watchers.replaced(this, other)
    other.watchers.replaced(other, this)
    const { keys, expires, expireCursor, averageTtlMs } = this
    this.keys = other.keys
    this.expires = other.expires
    this.expireCursor = other.expireCursor
    this.averageTtlMs = other.averageTtlMs
    other.keys = keys
    other.expires = expires
    other.expireCursor = expireCursor
    other.averageTtlMs = averageTtlMs
    if (!this.keyspace.reportsNewKeys) return
    this.keyspace.listener?.keysReplaced(this)
    this.keyspace.listener?.keysReplaced(other)
  }

  private hashOfEntry(address: number): number {
    const { entries } = this
    const start = entries.keyStart(address)
    return hashBytes(entries.memory(address), start, start + entries.keyLength(address))
  }
}
