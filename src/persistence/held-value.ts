/** Keys whose values a snapshot writes in pieces, as they were when their bucket was stamped. */
import type { AccessClock } from '../store/access-clock.js'
import { ENCODING_EXTERNAL, ENCODING_LISTPACK_EXTERNAL, type Entries } from '../store/entries.js'
import { HeldBuffer } from '../store/held-buffers.js'
import type { HashTable } from '../store/table/hash-table.js'
import type { Segment } from '../store/table/segment.js'
import { RdbOutput, writeBytesValue, writeHashField, writeKey, writeKeyTraits } from './rdb/encode.js'
import { SnapshotOutput } from './snapshot-output.js'

/** Longer names and values are written in pieces: compressing the rest of a bucket takes a few milliseconds at worst. */
const HELD_MIN_BYTES = 16 * 1024
const SCRATCH_BYTES = 1024

/** Bytes of the file, or a string that is to be written in pieces. */
export type Part = Buffer | HeldBuffer

/** What all held values of a snapshot share. */
export interface Holding {
  readonly entries: Entries
  readonly compress: boolean
  readonly access: AccessClock | null
  readonly epoch: number
}

const scratch = new RdbOutput(SCRATCH_BYTES)

/** The Buffer of a value that is too long to be written in one go, or null. */
function longValue(entries: Entries, address: number): Buffer | null {
  const encoding = entries.encoding(address)
  if (encoding !== ENCODING_EXTERNAL && encoding !== ENCODING_LISTPACK_EXTERNAL) return null
  const buffer = entries.buffers.get(entries.payload(address))
  return buffer.length > HELD_MIN_BYTES ? buffer : null
}

/** Whether the name or the value of an entry that is no table is too long to be written in one go. */
export function isLong(entries: Entries, address: number): boolean {
  return entries.keyLength(address) > HELD_MIN_BYTES || longValue(entries, address) !== null
}

/** Adds what `scratch` holds to the parts. */
function sealScratch(parts: Part[]): void {
  if (scratch.length > 0) parts.push(scratch.take())
}

/** Adds an entry's name. A long one is copied: whoever names it hashes it, which takes longer. */
function addName(parts: Part[], { entries, compress }: Holding, address: number): void {
  if (entries.keyLength(address) <= HELD_MIN_BYTES) writeKey(scratch, entries, address, compress)
  else {
    sealScratch(parts)
    parts.push(entries.held.hold(entries.keyCopy(address)))
  }
}

function addValue(parts: Part[], { entries, compress }: Holding, address: number): void {
  const long = longValue(entries, address)
  if (long === null) writeBytesValue(scratch, entries, address, compress)
  sealScratch(parts)
  if (long !== null) parts.push(entries.held.hold(long))
}

/** A large aggregate's elements. */
export class HeldTable {
  readonly table: HashTable
  /** Elements of buckets that were written to meanwhile. */
  readonly early = new SnapshotOutput(64)
  /** Long elements, as parts. */
  readonly long: Part[] = []
  /** The table left the keyspace meanwhile: free it afterwards. */
  dropped = false
  private readonly holding: Holding
  private cursor = 0
  private walked = false
  private output: RdbOutput = this.early
  private readonly visit = (address: number): void => this.write(address)

  constructor(table: HashTable, holding: Holding) {
    this.table = table
    this.holding = holding
    table.pinned = true
  }

  /** Writes the next bucket. False when there is none. */
  writeBucket(out: RdbOutput): boolean {
    if (this.walked) return false
    const { table } = this
    const segment = table.segmentAt(this.cursor)
    const home = table.homeAt(this.cursor, segment)
    this.save(segment, home, out)
    this.cursor = table.nextCursor(segment, home)
    this.walked = this.cursor === 0
    return true
  }

  /** Elements in the bucket of `hash` are about to change. */
  beforeWrite(hash: number, spare: () => Buffer | null): void {
    const segment = this.table.segmentForHash(hash)
    this.save(segment, this.table.homeForHash(hash, segment), this.early)
    this.early.sealFull(spare)
  }

  private save(segment: Segment, home: number, output: RdbOutput): void {
    const stamp = segment.versionsAt + home
    if (segment.words[stamp] === this.holding.epoch) return
    segment.words[stamp] = this.holding.epoch
    this.output = output
    this.table.visitBucket(segment, home, this.visit)
  }

  private write(address: number): void {
    const { holding } = this
    if (!isLong(holding.entries, address)) {
      writeHashField(this.output, holding.entries, address, holding.compress)
      return
    }
    // Elements may come in any order.
    addName(this.long, holding, address)
    addValue(this.long, holding, address)
  }
}

/** A key whose turn to be written has not ended. */
export class HeldValue {
  readonly database: number
  /** What is to be written first, in order. */
  readonly parts: Part[] = []
  readonly table: HeldTable | null

  /** @param table the value, when that is a table. */
  constructor(database: number, holding: Holding, address: number, table: HashTable | null) {
    const { parts } = this
    this.database = database
    writeKeyTraits(scratch, holding.entries, address, holding.access)
    addName(parts, holding, address)
    this.table = table === null ? null : new HeldTable(table, holding)
    if (table === null) addValue(parts, holding, address)
    else {
      scratch.lengthCode(table.count)
      sealScratch(parts)
    }
  }
  /** Lets go of all that has not been written. */
  release(): void {
    for (const parts of [this.parts, this.table?.long ?? []]) {
      for (const part of parts) if (part instanceof HeldBuffer) part.release()
    }
  }
}
