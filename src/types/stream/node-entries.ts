/**
 * The entries of a stream's node. Its listpack begins with what they have in common, the master entry; then they follow:
 *
 *   master   entries, entries that are deleted, number of fields, the fields, 0
 *   entry    flags, ID: time and sequence number from the node's ID on, [number of fields,] [field,] value ..., elements before this
 *
 * An entry with the fields of the master entry (SAME_FIELDS) has only values. A deleted entry stays where it is, as a tombstone.
 * Source: t_stream.c.
 */
import type { Entries } from '../../store/entries.js'
import {
  LP_6BIT_STRING,
  LP_HEADER_SIZE,
  lpEnd,
  lpEntrySize,
  lpInteger,
  lpIntegerHigh,
  lpIntegerLow,
  lpLast,
  lpPrev,
} from '../../store/listpack/listpack.js'
import { StreamId } from './stream-id.js'
import { NodeListpack, readNodeId } from './stream-node.js'

export const DELETED = 1
export const SAME_FIELDS = 2
/** Elements of an entry beside its fields and values: flags, the ID's numbers, and what counts them. */
export const ENTRY_ELEMENTS = 4

const TWO_32 = 4294967296
const seen = new StreamId()

/** The difference of two unsigned 64-bit numbers by their halves, if a number holds it; NaN. */
function difference(high: number, low: number, baseHigh: number, baseLow: number): number {
  const value = (high - baseHigh) * TWO_32 + (low - baseLow)
  return Number.isSafeInteger(value) ? value : Number.NaN
}

/** Reads a node's entries one by one, from either end. What it shows is valid until the node changes. */
export class NodeEntries {
  readonly listpack = new NodeListpack()
  /** The node's ID. */
  readonly master = new StreamId()
  /** Entries that are there, and those that are deleted. */
  count = 0
  deleted = 0
  /** Position of the first field of the master entry, and how many there are. */
  masterFieldsPos = 0
  masterFields = 0

  /** The entry: its ID, its flags' position, and how many fields it has. */
  readonly id = new StreamId()
  pos = 0
  flags = 0
  fields = 0
  /** Position of its first field, or value if it has the master's fields. */
  fieldsPos = 0
  /** Position behind it. */
  private behind = 0
  private end = 0
  private first = 0

  get isDeleted(): boolean {
    return (this.flags & DELETED) !== 0
  }

  /** Begins before the first entry of a node. */
  open(entries: Entries, node: number): void {
    const { listpack } = this
    listpack.show(entries, node)
    readNodeId(entries, node, this.master)
    this.begin()
  }

  /** Begins before the first entry of a node that is not in the store: its ID, and a sound listpack at buffer[start]. */
  openBytes(id: StreamId, buffer: Buffer, start: number): void {
    this.listpack.buffer = buffer
    this.listpack.at = start
    this.master.set(id)
    this.begin()
  }

  /** The same node has another place: of its bytes nothing has changed. */
  private begin(): void {
    const { at, buffer } = this.listpack
    let pos = at + LP_HEADER_SIZE
    this.end = lpEnd(buffer, at)
    this.count = lpInteger(buffer, pos)
    pos += lpEntrySize(buffer, pos)
    this.deleted = lpInteger(buffer, pos)
    pos += lpEntrySize(buffer, pos)
    this.masterFields = lpInteger(buffer, pos)
    pos += lpEntrySize(buffer, pos)
    this.masterFieldsPos = pos
    this.first = this.skip(pos, this.masterFields + 1)
    this.behind = this.first
  }

  /** Position behind `elements` elements. */
  private skip(pos: number, elements: number): number {
    const { buffer } = this.listpack
    const { end } = this
    for (; elements > 0 && pos < end; elements--) {
      const first = buffer[pos]
      // Most elements: short strings, and small numbers.
      if (first < LP_6BIT_STRING) pos += 2
      else pos += lpEntrySize(buffer, pos)
    }
    return pos
  }

  /** Goes to the next entry, a deleted one, too; false behind the last one. */
  next(): boolean {
    if (this.behind >= this.end) return false
    this.read(this.behind)
    return true
  }

  /** Begins behind the last entry. */
  toEnd(): void {
    this.pos = this.end
  }

  /** Goes to the entry before; false when there is none. */
  previous(): boolean {
    const { at, buffer } = this.listpack
    if (this.pos <= this.first) return false
    let pos = this.pos === this.end ? lpLast(buffer, at) : lpPrev(buffer, at, this.pos)
    for (let elements = lpInteger(buffer, pos); elements > 0 && pos >= 0; elements--) pos = lpPrev(buffer, at, pos)
    if (pos < this.first) return false
    this.read(pos)
    return true
  }

  /** The ID of the last entry, deleted or not; of the node if there is none. Begins again before the first one. */
  lastId(id: StreamId): StreamId {
    this.toEnd()
    id.set(this.previous() ? this.id : this.master)
    this.behind = this.first
    return id
  }

  private read(pos: number): void {
    const { buffer } = this.listpack
    this.pos = pos
    this.flags = lpInteger(buffer, pos)
    const msPos = pos + lpEntrySize(buffer, pos)
    const seqPos = msPos + lpEntrySize(buffer, msPos)
    this.id.setOffset(
      this.master,
      lpIntegerHigh(buffer, msPos),
      lpIntegerLow(buffer, msPos),
      lpIntegerHigh(buffer, seqPos),
      lpIntegerLow(buffer, seqPos),
    )
    let at = seqPos + lpEntrySize(buffer, seqPos)
    if ((this.flags & SAME_FIELDS) !== 0) {
      this.fields = this.masterFields
      this.fieldsPos = at
      this.behind = this.skip(at, this.fields + 1)
      return
    }
    this.fields = lpInteger(buffer, at)
    at += lpEntrySize(buffer, at)
    this.fieldsPos = at
    this.behind = this.skip(at, 2 * this.fields + 1)
  }

  /** Whether the entry has its fields in the master entry. */
  get sharesFields(): boolean {
    return (this.flags & SAME_FIELDS) !== 0
  }

  /**
   * Goes to the first entry from `id` on that is there; false when the node has none. Deleted ones may lie out of order: up to 7.0
   * XSETID could go back before them.
   */
  seek(id: StreamId): boolean {
    const { buffer } = this.listpack
    const { end, master } = this
    // IDs are compared as what they are behind the node's: none comes before that.
    const ms = difference(id.msHigh, id.msLow, master.msHigh, master.msLow)
    const msIsBelow = id.msHigh !== master.msHigh ? id.msHigh < master.msHigh : id.msLow < master.msLow
    if (Number.isNaN(ms) || msIsBelow || id.compare(master) < 0) return this.seekSlowly(id)
    let pos = this.behind
    while (pos < end) {
      const flags = buffer[pos]
      const msPos = pos + 2
      const seqPos = msPos + lpEntrySize(buffer, msPos)
      const stored = lpInteger(buffer, msPos)
      // From 2^63 on differences are stored as what is negative to a signed number.
      const behind = stored < 0 ? Number.POSITIVE_INFINITY : stored
      // The same time: the sequence numbers tell. They may be below the node's.
      if (behind >= ms && (flags & DELETED) === 0 && (behind > ms || this.isSequenceFrom(seqPos, id))) {
        this.read(pos)
        return true
      }
      let at = seqPos + lpEntrySize(buffer, seqPos)
      if ((flags & SAME_FIELDS) !== 0) at = this.skip(at, this.masterFields + 1)
      else {
        const fields = lpInteger(buffer, at)
        at = this.skip(at, 2 * fields + 2)
      }
      pos = at
    }
    this.behind = end
    return false
  }

  /** Whether the sequence number at `pos`, counted from the node's, is that of `id` or a greater one. */
  private isSequenceFrom(pos: number, id: StreamId): boolean {
    const { buffer } = this.listpack
    const { master } = this
    seen.setOffset(master, 0, 0, lpIntegerHigh(buffer, pos), lpIntegerLow(buffer, pos))
    return seen.seqHigh !== id.seqHigh ? seen.seqHigh > id.seqHigh : seen.seqLow >= id.seqLow
  }

  private seekSlowly(id: StreamId): boolean {
    while (this.next()) if (!this.isDeleted && this.id.compare(id) >= 0) return true
    return false
  }
}
