/** All databases of a server, with what they share: slab memory, time, the snapshot in progress and counters. */
import { type Clock, SystemClock } from '../clock/clock.js'
import { performance } from '../clock/platform.js'
import { AccessClock } from './access-clock.js'
import type { Aggregate } from './aggregate.js'
import { Database } from './database.js'
import { ENCODING_AGGREGATE, Entries, Objects } from './entries.js'
import { FieldExpiryQueue } from './field-expiry-queue.js'
import { Lazyfree } from './lazyfree.js'
import type { OpenChange } from './open-change.js'
import { ReplicaExpiries } from './replica-expiries.js'
import { ReleasedMemory } from './slabs/released-memory.js'
import type { ElementTimes } from './table/element-times.js'
import type { HashTable } from './table/hash-table.js'

/** Sees what is about to change, while a snapshot is being taken. */
export interface SnapshotObserver {
  /** The bucket of `hash` in `database` is about to change: entries in it, or which entries are in it. */
  beforeWrite(database: Database, hash: number): void
  /** Elements of `table`, of a large value, are about to change in the bucket of `hash`. */
  beforeElementWrite(table: HashTable, hash: number): void
  /** `value` has left the keyspace. True: the snapshot still needs it and will discard it itself. */
  keeps(value: Aggregate): boolean
}

/** What the keyspace tells the layers above it. Event classes are those of notify-keyspace-events. */
export interface KeyspaceListener {
  /** A key reached its expiry and has been removed: to be propagated as DEL. */
  keyExpired(database: Database, key: Buffer): void
  /** A field of a hash reached its expiry and has been removed: to be propagated as HDEL. */
  fieldExpired(database: Database, key: Buffer, field: Buffer): void
  /** Fields of a hash have expired: the last of them, if `removed`, and the key with it. */
  fieldsExpired(database: Database, key: Buffer, removed: boolean): void
  /** A key was removed to make room: to be propagated as DEL. */
  keyEvicted(database: Database, key: Buffer): void
  /** A key came into being; only while Keyspace.reportsNewKeys. Its value may not be there yet. */
  keyAdded(database: Database, address: number): void
  /** All keys of a database have given way to others; only while Keyspace.reportsNewKeys. */
  keysReplaced(database: Database): void
  /** key[start, end) changed or went, `removed` when it expired or was evicted; only while Keyspace.reportsChanges. */
  keyChanged(database: Database, key: Buffer, start: number, end: number, removed: boolean): void
  /** All keys of a database went, or with null those of all; only while Keyspace.reportsChanges. */
  flushed(database: Database | null): void
}

export class Keyspace {
  /** Memory on its way back to the system. */
  readonly released: ReleasedMemory
  entries: Entries
  /** Large values, by the number that their entries hold. */
  aggregates = new Objects<Aggregate>()
  /** Changes that go on in slices. */
  readonly openChanges = new Set<OpenChange>()
  /** Hashes with fields that expire, the next one first. */
  fieldExpiries = new FieldExpiryQueue<ElementTimes>()
  readonly databases: Database[] = []
  /** The time, for all that the server does. */
  readonly time: Clock
  readonly clock: AccessClock
  readonly lazyfree = new Lazyfree()
  snapshot: SnapshotObserver | null = null
  listener: KeyspaceListener | null = null
  /** Whether the listener wants to hear of keys that come into being. */
  reportsNewKeys = false
  /** Whether the listener wants to hear of each key that changes. */
  reportsChanges = false

  /** Milliseconds of Unix time, read once for each batch of requests. */
  nowMs: number
  /** Changes since the last save (INFO rdb_changes_since_last_save). */
  dirty = 0
  /** A replica leaves expired keys for its master to delete; it only hides them. */
  isReplica = false
  /** A writable replica: what its clients let expire is its own to delete. */
  notesExpiries = false
  readonly replicaExpiries = new ReplicaExpiries()
  /** Commands of the master's stream see keys that have expired but are not deleted yet. */
  obeysMaster = false
  /** Config import-mode: as long as other servers' data is being copied in, a master deletes neither expired keys nor others. */
  importMode = false
  /** CLIENT IMPORT-SOURCE: the client being served copies data in, and goes on with keys whose time has come. */
  servesImport = false
  /** CLIENT NO-TOUCH: the client being served leaves access clocks as they are. */
  keepsAccessTimes = false
  /** Writes are paused: keys that have expired are hidden, but neither they nor others are deleted. */
  writesPaused = false
  /** A script is half done: nothing may take the data for those of one moment. */
  isHalfDone = false
  /** Nothing expires while a file is being loaded. */
  loading = false

  hits = 0
  misses = 0
  expiredKeys = 0
  evictedKeys = 0
  /** Fields of hashes whose time had come (INFO expired_subkeys). */
  expiredFields = 0
  /** Objects that wait to be freed: values, and keys of flushed databases (INFO lazyfree_pending_objects). */
  pendingObjects = 0
  /** Tables and large values that left the keyspace, to be freed in slices (discard()). */
  private garbage: Aggregate[] = []
  private freeing: Aggregate | null = null
  private readonly free = (address: number): void => {
    if (this.entries.encoding(address) === ENCODING_AGGREGATE) this.discard(this.takeAggregate(address))
    this.entries.destroy(address)
  }

  /** Data on its way in, to take the place of what is there once it is whole (stage()). */
  staged: Keyspace | null = null

  /** @param beside the keyspace for which this one is staged. */
  constructor(databases: number, beside: Keyspace | null = null, time: Clock = beside?.time ?? new SystemClock()) {
    this.time = time
    this.nowMs = time.now()
    this.released = beside?.released ?? new ReleasedMemory()
    this.clock = beside?.clock ?? new AccessClock()
    this.entries = new Entries(this.released)
    for (let i = 0; i < databases; i++) this.databases.push(new Database(i, this))
  }

  /** Whether what has expired is to be taken for gone. */
  get hidesExpired(): boolean {
    return !this.loading && !this.seesExpired
  }

  /** Whether a key found to have expired may be deleted: a replica leaves that to its master, a pause or an import to its end. */
  get deletesExpired(): boolean {
    return !this.isReplica && !this.writesPaused && !this.importMode
  }

  get importing(): boolean {
    return this.importMode && !this.isReplica
  }

  /** Whether the command being run takes keys whose time has come for those that are there. */
  get seesExpired(): boolean {
    return this.obeysMaster || (this.servesImport && this.importing)
  }

  get keyCount(): number {
    let count = 0
    for (const database of this.databases) count += database.keys.count
    return count
  }

  setNow(nowMs: number): void {
    this.nowMs = nowMs
    this.entries.lent.beginTurn()
    this.clock.tick(nowMs)
  }

  /** Bytes in use by entries, values and tables, those of staged data included. O(1). */
  get usedBytes(): number {
    return this.entries.totalUsedBytes + (this.staged === null ? 0 : this.staged.usedBytes)
  }

  /**
   * Empties every database at once; the old memory goes as a whole. O(databases + megabytes). Returns the number of keys removed.
   * `lazy`: they count as lazily freed.
   */
  flushAll(lazy: boolean): number {
    const removed = this.keyCount
    this.letGo(lazy)
    this.entries = new Entries(this.released, this.entries.lent)
    this.aggregates = new Objects<Aggregate>()
    this.fieldExpiries = new FieldExpiryQueue<ElementTimes>()
    for (const database of this.databases) database.reset()
    return removed
  }

  /** Begins to take in data beside what is there. adoptStaged() or dropStaged() has to follow. */
  stage(): Keyspace {
    const staged = new Keyspace(this.databases.length, this)
    staged.entries.lent.outputs = this.entries.lent.outputs
    staged.nowMs = this.nowMs
    staged.loading = true
    this.staged = staged
    return staged
  }

  /** The staged data takes the place of what is there, which goes as with flushAll(). O(databases + megabytes). */
  adoptStaged(): void {
    const { databases, staged } = this
    if (staged === null) throw new Error('adoptStaged() without stage()')
    staged.loading = false
    staged.nowMs = this.nowMs
    for (const database of databases) database.watchers.replaced(database, staged.databases[database.index])
    this.letGo(true)
    this.entries = staged.entries
    this.aggregates = staged.aggregates
    this.fieldExpiries = staged.fieldExpiries
    for (const times of this.fieldExpiries.values()) times.movedTo(databases[times.database.index], times.key)
    for (const database of databases) database.adopt(staged.databases[database.index])
    this.staged = null
    if (this.reportsNewKeys) for (const database of databases) this.listener?.keysReplaced(database)
  }

  /** The staged data is not wanted after all. */
  dropStaged(): void {
    this.staged?.letGo(false)
    this.staged = null
  }

  /** All there is, memory and what waits to be freed, goes as a whole; the caller puts something in its place. */
  private letGo(lazy: boolean): void {
    if (lazy) this.lazyfree.freedObjects += this.keyCount
    for (const value of this.garbage) this.lazyfree.freedObjects += value.lazyObjects
    this.lazyfree.freedObjects += this.freeing?.lazyObjects ?? 0
    if (this.reportsChanges) this.listener?.flushed(null)
    // A snapshot under way, or a long reply, reads on in the old memory, which is the garbage collector's then.
    if (this.snapshot === null && this.entries.openViews === 0) {
      this.entries.releaseAll()
      for (const database of this.databases) database.close()
    }
    this.entries.lent.clear()
    this.garbage = []
    this.freeing = null
    this.pendingObjects = 0
    this.replicaExpiries.clear()
  }

  /** Brings what goes on in slices to its end: all values are about to be looked at. */
  settleChanges(): void {
    for (const change of this.openChanges) change.settle()
  }

  /** The large value of an entry, which it will not belong to any more. */
  takeAggregate(address: number): Aggregate {
    const number = this.entries.payload(address)
    const value = this.aggregates.get(number)
    this.aggregates.remove(number)
    return value
  }

  /** A large value is no longer wanted, or a table of keys: it is freed in slices by collectGarbage(), and counts as its lazyObjects. */
  discard(value: Aggregate): void {
    if (value.keptByViews()) return
    if (this.snapshot?.keeps(value)) return
    // One of before a FLUSHALL that a snapshot kept: its memory has gone as a whole.
    if (value.entries !== this.entries) return
    if (value.freeEffort === 0) {
      value.close()
      return
    }
    this.garbage.push(value)
    this.pendingObjects += Math.max(1, value.lazyObjects)
  }

  /** Frees what was discarded until `deadline` (performance.now()), some of it at least; true when nothing is left. */
  collectGarbage(deadline: number): boolean {
    const { remains } = this.entries
    for (let next = remains.pop(); next !== undefined; next = remains.pop()) {
      if (next.freeSome(deadline)) continue
      remains.push(next)
      return false
    }
    for (;;) {
      this.freeing ??= this.garbage.pop() ?? null
      if (this.freeing === null) return true
      if (!this.freeing.freeSome(deadline, this.free)) return false
      this.pendingObjects -= Math.max(1, this.freeing.lazyObjects)
      this.lazyfree.freedObjects += this.freeing.lazyObjects
      this.freeing.close()
      this.freeing = null
      if (performance.now() >= deadline) return false
    }
  }
}
