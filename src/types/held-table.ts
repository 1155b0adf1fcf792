/**
 * The held form of a value whose elements are in a hash table, for RDB types that are a number of elements and then each of them: a
 * string (sets), or two (hashes).
 *
 * Part of a snapshot it is taken by the snapshot's own rule: each bucket is written when its turn comes, or when it is about to
 * change. A value alone (DUMP) is viewed (table-view.ts).
 */
import { ChunkedOutput } from '../rdb/chunked-output.js'
import { writeBytes, writeName } from '../rdb/entry-output.js'
import { RdbOutput } from '../rdb/output.js'
import { type Entries, isExternal } from '../store/entries.js'
import { HeldBuffer } from '../store/held-buffers.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import type { Segment } from '../store/table/segment.js'
import { TableView } from '../store/table/table-view.js'
import type { FormTaker, HeldForm, HoldOptions, SnapshotEpoch } from './held-form.js'
import { holdBytes } from './held-string.js'
import { LARGE_BYTES } from './large-value.js'

/** In slab memory, names of at least this size have a chunk of their own, which stays as it is for as long as it is held. */
const OWN_CHUNK_BYTES = 64 * 1024
const SCRATCH_BYTES = 1024
const TWO_32 = 4294967296

const scratch = new RdbOutput(SCRATCH_BYTES)

/**
 * Holds all elements of `table`. `hasValues`: each has a value behind its name. `firstExpiryMs`: elements expire, the first of them then;
 * that comes first, and each has before its name how long after that it expires, and 1, or 0 (Redis 7.4's hash with metadata).
 */
export function holdTable(
  keyspace: Keyspace,
  table: HashTable,
  hasValues: boolean,
  options: HoldOptions,
  firstExpiryMs = Number.NaN,
): HeldForm {
  return options.snapshot === null
    ? new ViewedTable(keyspace, table, hasValues, options, firstExpiryMs)
    : new StampedTable(table, hasValues, options, firstExpiryMs, options.snapshot)
}

/** What both have in common: writing elements, the long ones of them in parts. */
abstract class TableForm implements HeldForm {
  abstract readonly table: HashTable | null
  protected readonly entries: Entries
  private readonly hasValues: boolean
  private readonly options: HoldOptions
  private readonly count: number
  private readonly firstExpiryMs: number
  private begun = false
  /** Long elements, which come one by one: bytes, and strings. */
  private readonly parts: (Buffer | HeldBuffer)[] = []

  constructor(table: HashTable, hasValues: boolean, options: HoldOptions, firstExpiryMs: number) {
    this.firstExpiryMs = firstExpiryMs
    this.entries = table.entries
    this.count = table.count
    this.hasValues = hasValues
    this.options = options
  }

  abstract readonly memoryBytes: number
  abstract beforeWrite(hash: number): void
  /** Writes the elements that come next. False: there are none. */
  protected abstract step(taker: FormTaker): boolean

  next(taker: FormTaker): boolean {
    if (!this.begun) {
      this.begun = true
      const { firstExpiryMs } = this
      if (!Number.isNaN(firstExpiryMs)) taker.out.u64(firstExpiryMs >>> 0, Math.floor(firstExpiryMs / TWO_32))
      taker.out.lengthCode(this.count)
    }
    const part = this.parts.shift()
    // What was removed meanwhile comes with the last step of a view.
    if (part === undefined) return this.step(taker) || this.parts.length > 0
    if (part instanceof HeldBuffer) taker.string(part)
    else taker.out.raw(part)
    return true
  }

  protected write(out: RdbOutput, address: number): void {
    const { entries, hasValues, options } = this
    const { compress } = options
    const value = hasValues ? longValue(entries, address) : null
    if (value === null && entries.keyLength(address) <= LARGE_BYTES) {
      this.writeExpiry(out, address)
      writeName(out, entries, address, compress)
      if (hasValues) writeBytes(out, entries, address, compress)
      return
    }
    // Elements may come in any order.
    this.writeExpiry(scratch, address)
    if (entries.keyLength(address) <= LARGE_BYTES) writeName(scratch, entries, address, compress)
    else {
      if (scratch.length > 0) this.parts.push(scratch.take())
      this.parts.push(this.holdName(address))
    }
    if (!hasValues) return
    if (value === null) writeBytes(scratch, entries, address, compress)
    if (scratch.length > 0) this.parts.push(scratch.take())
    if (value !== null) this.parts.push(holdBytes(entries, value, options))
  }

  private writeExpiry(out: RdbOutput, address: number): void {
    const { entries, firstExpiryMs } = this
    if (Number.isNaN(firstExpiryMs)) return
    const expiryMs = entries.expiry(address)
    out.lengthCode(Number.isNaN(expiryMs) ? 0 : expiryMs - firstExpiryMs + 1)
  }

  /** A view keeps the element. Otherwise the name is copied: whoever names a long one hashes it, which takes longer. */
  private holdName(address: number): HeldBuffer {
    const { entries, options } = this
    const stays = options.snapshot === null && entries.keyLength(address) >= OWN_CHUNK_BYTES
    return holdBytes(entries, stays ? entries.keyView(address) : entries.keyCopy(address), options)
  }

  close(): void {
    for (const part of this.parts) if (part instanceof HeldBuffer) part.release()
    this.parts.length = 0
  }
}

class StampedTable extends TableForm {
  readonly table: HashTable
  /** Elements of buckets that were written to before their turn. */
  private readonly early = new ChunkedOutput(64)
  private readonly snapshot: SnapshotEpoch
  private cursor = 0
  private walked = false
  private output: RdbOutput = this.early
  private readonly visit = (address: number): void => this.write(this.output, address)

  constructor(
    table: HashTable,
    hasValues: boolean,
    options: HoldOptions,
    firstExpiryMs: number,
    snapshot: SnapshotEpoch,
  ) {
    super(table, hasValues, options, firstExpiryMs)
    this.table = table
    this.snapshot = snapshot
    table.pinned = true
  }

  /** In the account of the snapshot's output. */
  readonly memoryBytes = 0

  protected step(taker: FormTaker): boolean {
    if (!this.early.isEmpty) {
      taker.append(this.early)
      return true
    }
    if (this.walked) return false
    const { table } = this
    const segment = table.segmentAt(this.cursor)
    const home = table.homeAt(this.cursor, segment)
    this.save(segment, home, taker.out)
    this.cursor = table.nextCursor(segment, home)
    this.walked = this.cursor === 0
    return true
  }

  beforeWrite(hash: number): void {
    const segment = this.table.segmentForHash(hash)
    this.save(segment, this.table.homeForHash(hash, segment), this.early)
    this.early.sealFull(this.snapshot.spare)
  }

  private save(segment: Segment, home: number, output: RdbOutput): void {
    const stamp = segment.versionsAt + home
    if (segment.words[stamp] === this.snapshot.epoch) return
    segment.words[stamp] = this.snapshot.epoch
    this.output = output
    this.table.visitBucket(segment, home, this.visit)
  }

  override close(): void {
    super.close()
    this.table.pinned = false
  }
}

class ViewedTable extends TableForm {
  readonly table = null
  private readonly view: TableView
  private output!: RdbOutput
  private readonly visit = (address: number): void => this.write(this.output, address)

  constructor(keyspace: Keyspace, table: HashTable, hasValues: boolean, options: HoldOptions, firstExpiryMs: number) {
    super(table, hasValues, options, firstExpiryMs)
    this.view = new TableView(keyspace, table, 'walk')
  }

  get memoryBytes(): number {
    return this.view.memoryBytes
  }

  protected step({ out }: FormTaker): boolean {
    this.output = out
    return this.view.step(this.visit)
  }

  beforeWrite(): void {}

  override close(): void {
    super.close()
    this.view.close()
  }
}

/** The Buffer of an element's value that is too long to be written in one go, or null. */
function longValue(entries: Entries, address: number): Buffer | null {
  if (!isExternal(entries.encoding(address))) return null
  const buffer = entries.buffers.get(entries.payload(address))
  return buffer.length > LARGE_BYTES ? buffer : null
}
