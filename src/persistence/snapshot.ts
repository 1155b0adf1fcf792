/**
 * A point-in-time snapshot without fork, as RDB bytes.
 *
 * The snapshot has an epoch. It walks the buckets of every database in slices and stamps them; a write that is about to
 * change a bucket without the stamp serialises that bucket's entries first. So the file shows the data of the moment
 * at which the snapshot began, memory stays flat, and no step takes longer than a bucket.
 *
 * Big values are saved by the same rule, in pieces: from the moment its bucket is stamped such a value is *held* (its size is
 * known, writes to it bring the old bytes or elements into safety), and it is written when its turn comes, even if its key
 * is deleted by then. How it is held is its kind's business (types/held-form.ts).
 */

import { Crc64 } from '../bytes/crc64.js'
import { LzfFastSlices } from '../bytes/lzf-fast-slices.js'
import { performance } from '../clock/platform.js'
import { ChunkedOutput } from '../rdb/chunked-output.js'
import {
  RDB_OPCODE_AUX,
  RDB_OPCODE_EOF,
  RDB_OPCODE_RESIZEDB,
  RDB_VERSION,
  RDB_VERSION_FIELD_EXPIRY,
} from '../rdb/format.js'
import { SlicedString } from '../rdb/sliced-string.js'
import type { AccessClock } from '../store/access-clock.js'
import type { Aggregate } from '../store/aggregate.js'
import type { Database } from '../store/database.js'
import type { Entries } from '../store/entries.js'
import { HeldBuffer } from '../store/held-buffers.js'
import type { Keyspace, SnapshotObserver } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import type { Segment } from '../store/table/segment.js'
import type { FormTaker, HoldOptions } from '../types/held-form.js'
import { writeLibraries } from './dump/functions.js'
import { HeldValue, isToBeHeld, type Part } from './held-value.js'
import { writeEntry } from './rdb/encode.js'

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
  /** The code of each library of functions, in Buffers that stay as they are. */
  readonly libraries?: readonly Buffer[]
  /** Head, libraries and end only. */
  readonly withoutKeys?: boolean
  /** Bytes that commands are made of (aof/snapshot-commands.ts), not quite RDB. */
  readonly forCommands?: boolean
}

/** What is written of a long string at a time. */
const PIECE_BYTES = 32 * 1024
/**
 * Longer strings are written as they are: the compressed length comes first in RDB, so all of the result has to be kept until it
 * is known, and of the string what clients change meanwhile.
 */
const COMPRESS_MAX_BYTES = 16 << 20
/** Work between two looks at the clock, in bytes that are compressed or summed up. */
const WORK_BETWEEN_CLOCK_READS = PIECE_BYTES
/** A bucket's share of that, besides what its entries take. */
const BUCKET_WORK = WORK_BETWEEN_CLOCK_READS / 8

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

export class Snapshot implements SnapshotObserver {
  /** Keys written so far, and keys in all (INFO current_save_keys_*). */
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
  private readonly holding: HoldOptions
  private readonly tables = new Map<HashTable, HeldValue>()
  /** Held values in the order in which they will be written. */
  private readonly waiting: HeldValue[] = []
  private open: HeldValue | null = null
  private string: SlicedString | null = null
  private readonly taker: FormTaker
  private readonly out = new ChunkedOutput()
  /** Keys that writes push ahead while a held value is open: nothing may stand between its pieces. */
  private readonly aside = new ChunkedOutput()
  private target = 0
  private cursor = 0
  private visitedDatabase = 0
  private visitedOutput = this.out
  private readonly visit = (address: number): void => this.writeKey(address)
  private readonly spare = (): Buffer | null => this.sink.spare?.() ?? null

  /** Takes the snapshot: from here on the file's contents are decided. */
  constructor(keyspace: Keyspace, sink: ByteSink, options: SnapshotOptions) {
    const { entries } = keyspace
    keyspace.settleChanges()
    this.keyspace = keyspace
    this.entries = entries
    this.sink = sink
    this.options = options
    this.holding = {
      compress: options.compress,
      forCommands: options.forCommands === true,
      snapshot: { epoch: this.epoch, spare: this.spare },
    }
    this.taker = {
      out: this.out,
      append: aside => this.out.append(aside),
      string: held => this.beginString(held),
    }
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
    const version = this.keyspace.fieldExpiries.count > 0 ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION
    out.raw(Buffer.from(`REDIS${String(version).padStart(4, '0')}`, 'latin1'))
    for (const [name, value] of this.options.aux) {
      out.byte(RDB_OPCODE_AUX)
      out.text(name)
      out.text(value)
    }
    writeLibraries(out, this.options.libraries ?? [], this.options.compress)
    for (const { database, keys, expires } of this.targets) {
      out.select(database)
      out.byte(RDB_OPCODE_RESIZEDB)
      out.lengthCode(keys.count)
      out.lengthCode(expires)
    }
  }

  /** Goes on until `deadline` (performance.now() ms) or until the sink is congested. True when all is written. */
  step(deadline: number): boolean {
    const { out } = this
    let work = 0
    while (!this.sink.congested) {
      if (work >= WORK_BETWEEN_CLOCK_READS) {
        if (performance.now() >= deadline) return false
        work = 0
      }
      const chunk = out.chunks.shift()
      if (chunk !== undefined) {
        this.emit(chunk)
        work += chunk.length
        continue
      }
      const before = out.length + out.compressedBytes
      if (this.open !== null) work += this.writeOpen(this.open)
      else if (this.waiting.length > 0) this.openNext()
      else if (this.target < this.targets.length) work += this.saveBucket(this.targets[this.target])
      else {
        this.writeEnd()
        return true
      }
      // Where a chunk has been sealed there is less now; summing it up is still to come.
      work += Math.max(0, out.length + out.compressedBytes - before)
      out.sealFull(this.spare)
    }
    return false
  }

  private saveBucket(target: Target): number {
    const { keys } = target
    const segment = keys.segmentAt(this.cursor)
    const home = keys.homeAt(this.cursor, segment)
    this.stampAndSave(target, segment, home)
    this.cursor = keys.nextCursor(segment, home)
    if (this.cursor === 0) {
      this.finishTarget(target)
      this.target++
    }
    return BUCKET_WORK
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
    const { entries } = this
    this.keysSaved++
    if (isToBeHeld(entries, address)) {
      this.hold(address)
      return
    }
    this.visitedOutput.select(this.visitedDatabase)
    writeEntry(this.visitedOutput, this.keyspace, address, this.options.compress, this.options.access)
  }

  private hold(address: number): void {
    const held = new HeldValue(this.visitedDatabase, this.keyspace, address, this.options.access, this.holding)
    const table = held.form?.table ?? null
    if (table !== null) this.tables.set(table, held)
    this.waiting.push(held)
  }

  private openNext(): void {
    const held = this.waiting.shift()
    if (held === undefined) return
    this.open = held
    this.out.select(held.database)
  }

  /** Writes the next piece of the open value. Returns the work that the output does not show. */
  private writeOpen(held: HeldValue): number {
    if (this.string !== null) return this.writeString(this.string)
    const part = held.parts.shift()
    if (part !== undefined) return this.beginPart(part)
    if (held.form === null || !held.form.next(this.taker)) this.close(held)
    return BUCKET_WORK
  }

  private beginPart(part: Part): number {
    if (part instanceof HeldBuffer) this.beginString(part)
    else this.out.raw(part)
    return 0
  }

  private beginString(held: HeldBuffer): void {
    const compress = this.options.compress && held.length <= COMPRESS_MAX_BYTES
    this.string = new SlicedString(held, compress ? LzfFastSlices : null)
  }

  private writeString(string: SlicedString): number {
    const { out } = this
    if (string.ready) {
      out.ensure(PIECE_BYTES)
      out.length += string.give(out.buffer, out.length, out.length + PIECE_BYTES)
      if (string.isGiven) this.endString()
    } else string.step()
    return PIECE_BYTES
  }

  private endString(): void {
    this.string?.close()
    this.string = null
  }

  private close(held: HeldValue): void {
    this.open = null
    this.release(held)
    this.out.append(this.aside)
  }

  private release(held: HeldValue): void {
    held.release()
    const table = held.form?.table ?? null
    if (table === null) return
    this.tables.delete(table)
    if (held.dropped) this.keyspace.discard(table)
  }

  private writeEnd(): void {
    const { out } = this
    out.byte(RDB_OPCODE_EOF)
    this.emit(out.take())
    const tail = Buffer.alloc(8)
    if (this.options.checksum) this.crc.writeTo(tail, 0)
    this.bytesWritten += tail.length
    this.sink.write(tail)
    this.detach()
  }

  private emit(chunk: Buffer): void {
    if (this.options.checksum) this.crc.update(chunk, 0, chunk.length)
    this.bytesWritten += chunk.length
    this.sink.write(chunk)
  }

  /** Gives up: the keyspace is free again. */
  abort(): void {
    this.detach()
    for (const target of this.targets) if (!target.done) this.finishTarget(target)
    this.endString()
    if (this.open !== null) this.release(this.open)
    for (const held of this.waiting) this.release(held)
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
      this.visitedOutput.sealFull(this.spare)
      return
    }
  }

  beforeElementWrite(table: HashTable, hash: number): void {
    this.tables.get(table)?.form?.beforeWrite(hash)
  }

  keeps(value: Aggregate): boolean {
    const held = value.table === null ? undefined : this.tables.get(value.table)
    if (held !== undefined) {
      held.dropped = true
      return true
    }
    for (const target of this.targets) {
      if (target.keys !== value || target.done) continue
      target.dropped = true
      return true
    }
    return false
  }
}
