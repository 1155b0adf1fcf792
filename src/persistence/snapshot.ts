/**
 * A point-in-time snapshot without fork, as RDB bytes.
 *
 * The snapshot has an epoch. It walks the buckets of every database in slices and stamps them; a write that is about to
 * change a bucket without the stamp serialises that bucket's entries first. So the file shows the data of the moment
 * at which the snapshot began, memory stays flat, and no step takes longer than a bucket.
 *
 * A large aggregate is a table of its own and is saved by the same rule, in pieces: from the moment its bucket is stamped it
 * is *held* (its size is known, writes to its elements bring the old ones into safety), and its elements are written
 * when its turn comes, even if its key is deleted by then.
 */
import { performance } from 'node:perf_hooks'
import { Crc64 } from '../bytes/crc64.js'
import type { AccessClock } from '../store/access-clock.js'
import type { Database } from '../store/database.js'
import { ENCODING_HASHTABLE, type Entries } from '../store/entries.js'
import type { HashTable } from '../store/hash-table.js'
import type { Keyspace, SnapshotObserver } from '../store/keyspace.js'
import type { Segment } from '../store/segment.js'
import { RdbOutput, writeEntry, writeHashField, writeHashHeader } from './rdb/encode.js'
import { RDB_OPCODE_AUX, RDB_OPCODE_EOF, RDB_OPCODE_RESIZEDB, RDB_OPCODE_SELECTDB, RDB_VERSION } from './rdb/format.js'

/** Where a snapshot's bytes go. */
export interface ByteSink {
  /** Takes over `chunk`. */
  write(chunk: Buffer): void
  /** Too much is waiting already: the snapshot pauses. */
  readonly congested: boolean
  /** Memory of an earlier chunk that has left, to be filled anew. */
  spare?(): Buffer | null
}

export interface SnapshotOptions {
  readonly compress: boolean
  readonly checksum: boolean
  /** The access clock, when each key's access history is to be saved (LRU and LFU policies). */
  readonly access: AccessClock | null
  /** Auxiliary fields of the file's head, in order. */
  readonly aux: readonly (readonly [name: string, value: string])[]
  /** Head and end only. */
  readonly withoutKeys?: boolean
}

const CHUNK_BYTES = 128 * 1024
const BUCKETS_BETWEEN_CLOCK_READS = 8

let lastEpoch = 0

/** A database's keys, as they were at the epoch. */
interface Target {
  readonly database: number
  readonly keys: HashTable
  readonly expires: number
  done: boolean
  /** The table left the keyspace meanwhile (FLUSHDB): free it afterwards. */
  dropped: boolean
}

/** A large aggregate whose elements are still to be written. */
interface HeldTable {
  readonly table: HashTable
  readonly database: number
  /** Expiry, type, key and number of elements, encoded. */
  readonly head: Buffer
  /** Old elements of buckets that were written to meanwhile. */
  readonly early: RdbOutput
  cursor: number
  dropped: boolean
}

/** Output with the database that its last key belongs to. */
class KeyOutput extends RdbOutput {
  database = -1

  select(database: number): void {
    if (this.database === database) return
    this.byte(RDB_OPCODE_SELECTDB)
    this.lengthCode(database)
    this.database = database
  }
}

export class Snapshot implements SnapshotObserver {
  /** Keys and elements written so far, and keys in all (INFO current_save_keys_*). */
  keysSaved = 0
  readonly keysTotal: number
  bytesWritten = 0
  private readonly epoch = ++lastEpoch
  private readonly keyspace: Keyspace
  private readonly entries: Entries
  private readonly sink: ByteSink
  private readonly options: SnapshotOptions
  private readonly crc = new Crc64()
  private readonly targets: Target[] = []
  private readonly held = new Map<HashTable, HeldTable>()
  /** Held tables in the order in which they will be written. */
  private readonly waiting: HeldTable[] = []
  private open: HeldTable | null = null
  private readonly out = new KeyOutput()
  /** Keys that writes push ahead while a large aggregate is open: nothing may stand between its elements. */
  private aside = new KeyOutput()
  private target = 0
  private cursor = 0
  private visitedDatabase = 0
  private visitedOutput: KeyOutput = this.out
  private readonly visit = (address: number): void => this.writeKey(address)
  private elementOutput: RdbOutput = this.out
  private readonly visitElement = (address: number): void =>
    writeHashField(this.elementOutput, this.entries, address, this.options.compress)

  /** Takes the snapshot: from here on the file's contents are decided. */
  constructor(keyspace: Keyspace, sink: ByteSink, options: SnapshotOptions) {
    this.keyspace = keyspace
    this.entries = keyspace.entries
    this.sink = sink
    this.options = options
    for (const { index, keys, expires } of keyspace.databases) {
      if (keys.count === 0 || options.withoutKeys === true) continue
      keys.pinned = true
      this.targets.push({ database: index, keys, expires: expires.count, done: false, dropped: false })
    }
    this.keysTotal = this.targets.reduce((sum, target) => sum + target.keys.count, 0)
    this.writeHead()
    keyspace.snapshot = this
  }

  private writeHead(): void {
    const { out } = this
    out.raw(Buffer.from(`REDIS${String(RDB_VERSION).padStart(4, '0')}`, 'latin1'))
    for (const [name, value] of this.options.aux) {
      out.byte(RDB_OPCODE_AUX)
      out.text(name)
      out.text(value)
    }
    for (const { database, keys, expires } of this.targets) {
      out.select(database)
      out.byte(RDB_OPCODE_RESIZEDB)
      out.lengthCode(keys.count)
      out.lengthCode(expires)
    }
  }

  /** Goes on until `deadline` (performance.now() ms) or until the sink is congested. True when all is written. */
  step(deadline: number): boolean {
    let buckets = 0
    while (!this.sink.congested) {
      if (++buckets % BUCKETS_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadline) return false
      if (this.open !== null) this.saveElements(this.open)
      else if (this.waiting.length > 0) this.openTable(this.waiting[0])
      else if (this.target < this.targets.length) this.saveBucket(this.targets[this.target])
      else {
        this.writeEnd()
        return true
      }
      if (this.out.length >= CHUNK_BYTES) this.flush()
    }
    return false
  }

  private saveBucket(target: Target): void {
    const { keys } = target
    const segment = keys.segmentAt(this.cursor)
    const home = keys.homeAt(this.cursor, segment)
    this.stampAndSave(target, segment, home)
    this.cursor = keys.nextCursor(segment, home)
    if (this.cursor === 0) {
      this.finishTarget(target)
      this.target++
    }
  }

  private finishTarget(target: Target): void {
    target.done = true
    target.keys.pinned = false
    if (target.dropped) this.keyspace.discard(target.keys)
  }

  private stampAndSave(target: Target, segment: Segment, home: number): void {
    const stamp = segment.versionsAt + home
    if (segment.words[stamp] === this.epoch) return
    segment.words[stamp] = this.epoch
    this.visitedDatabase = target.database
    this.visitedOutput = this.open === null ? this.out : this.aside
    target.keys.visitBucket(segment, home, this.visit)
  }

  private writeKey(address: number): void {
    this.keysSaved++
    if (this.entries.encoding(address) === ENCODING_HASHTABLE) {
      this.hold(address)
      return
    }
    this.visitedOutput.select(this.visitedDatabase)
    writeEntry(this.visitedOutput, this.entries, address, this.options.compress, this.options.access)
  }

  private hold(address: number): void {
    const table = this.keyspace.tables.get(this.entries.payload(address))
    const head = new RdbOutput(64)
    writeHashHeader(head, this.entries, address, table.count, this.options.compress, this.options.access)
    table.pinned = true
    const held = {
      table,
      database: this.visitedDatabase,
      head: head.take(),
      early: new RdbOutput(64),
      cursor: 0,
      dropped: false,
    }
    this.held.set(table, held)
    this.waiting.push(held)
  }

  private openTable(held: HeldTable): void {
    this.waiting.shift()
    this.open = held
    this.out.select(held.database)
    this.out.raw(held.head)
    this.out.raw(held.early.take())
  }

  private saveElements(held: HeldTable): void {
    const { table } = held
    const segment = table.segmentAt(held.cursor)
    const home = table.homeAt(held.cursor, segment)
    this.elementOutput = this.out
    this.stampAndSaveElements(table, segment, home)
    held.cursor = table.nextCursor(segment, home)
    if (held.cursor !== 0) return
    this.open = null
    this.release(held)
    if (this.aside.length > 0) {
      this.out.raw(this.aside.take())
      this.out.database = this.aside.database
      this.aside = new KeyOutput()
    }
  }

  private stampAndSaveElements(table: HashTable, segment: Segment, home: number): void {
    const stamp = segment.versionsAt + home
    if (segment.words[stamp] === this.epoch) return
    segment.words[stamp] = this.epoch
    table.visitBucket(segment, home, this.visitElement)
  }

  private release(held: HeldTable): void {
    this.held.delete(held.table)
    held.table.pinned = false
    if (held.dropped) this.keyspace.discard(held.table)
  }

  private writeEnd(): void {
    this.out.byte(RDB_OPCODE_EOF)
    this.flush()
    const tail = Buffer.alloc(8)
    if (this.options.checksum) this.crc.writeTo(tail, 0)
    this.emit(tail)
    this.detach()
  }

  private flush(): void {
    const chunk = this.out.take(this.sink.spare?.())
    if (this.options.checksum) this.crc.update(chunk, 0, chunk.length)
    this.emit(chunk)
  }

  private emit(chunk: Buffer): void {
    this.bytesWritten += chunk.length
    this.sink.write(chunk)
  }

  /** Gives up: the keyspace is free again. */
  abort(): void {
    this.detach()
    for (const target of this.targets) if (!target.done) this.finishTarget(target)
    for (const held of [...this.held.values()]) this.release(held)
  }

  private detach(): void {
    if (this.keyspace.snapshot === this) this.keyspace.snapshot = null
  }

  // What writers tell

  beforeWrite(database: Database, hash: number): void {
    const { keys } = database
    for (let i = this.target; i < this.targets.length; i++) {
      const target = this.targets[i]
      if (target.keys !== keys) continue
      const segment = keys.segmentForHash(hash)
      this.stampAndSave(target, segment, keys.homeForHash(hash, segment))
      return
    }
  }

  beforeElementWrite(table: HashTable, hash: number): void {
    const held = this.held.get(table)
    if (held === undefined) return
    const segment = table.segmentForHash(hash)
    this.elementOutput = held === this.open ? this.out : held.early
    this.stampAndSaveElements(table, segment, table.homeForHash(hash, segment))
  }

  keepsTable(table: HashTable): boolean {
    const held = this.held.get(table)
    if (held !== undefined) {
      held.dropped = true
      return true
    }
    for (const target of this.targets) {
      if (target.keys !== table || target.done) continue
      target.dropped = true
      return true
    }
    return false
  }
}
