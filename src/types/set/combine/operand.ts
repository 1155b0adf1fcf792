/** Sets as SINTER and its kin see them: something to walk through, and to look members up in. */
import type { Entries } from '../../../store/entries.js'
import { intsetHigh, intsetLow, intsetSearch } from '../../../store/intset.js'
import type { Keyspace } from '../../../store/keyspace.js'
import { LP_HEADER_SIZE, lpEnd, lpEntrySize } from '../../../store/listpack/listpack.js'
import type { HashTable } from '../../../store/table/hash-table.js'
import { TableView } from '../../../store/table/table-view.js'
import type { KeptMembers, PackedMembers } from '../packed-members.js'
import type { MemberBatch } from './member-batch.js'

const PACKED_AT_ONCE = 32

export interface MemberWalk {
  /** Adds the next members, a bucket's or some dozens at most, to the batch. False: there are none behind them. */
  step(batch: MemberBatch): boolean
}

export interface Operand {
  /** Number of members. */
  readonly length: number
  readonly isIntset: boolean
  /** The table that members are looked up in, if there is one. */
  readonly table: HashTable | null
  /** Whether it has the batch's member of number i. `hash`: the member's; it counts only where there is a table. */
  has(batch: MemberBatch, i: number, hash: number): boolean
  /** A walk through all members, from the beginning; of a set in a view there can be one. */
  walk(): MemberWalk
}

/** An operand that stays as it is, whatever becomes of the set. */
export interface LastingOperand extends Operand {
  /** Memory that it takes and that is in no account of the store. */
  readonly memoryBytes: number
  /** Nobody will look at it any more. To be called in any case, once. */
  close(): void
}

/** A small set, in bytes that stay as they are. */
export class PackedOperand implements Operand {
  readonly length: number
  readonly isIntset: boolean
  readonly table = null
  private readonly members: PackedMembers

  constructor(members: PackedMembers) {
    this.members = members
    this.length = members.length
    this.isIntset = members.isIntset
  }

  has(batch: MemberBatch, i: number): boolean {
    const { buffer, isIntset, start } = this.members
    if (isIntset && batch.isInteger(i)) return intsetSearch(buffer, start, batch.lows[i], batch.highs[i]) >= 0
    batch.spell(i)
    return this.members.has(batch.buffers[i], batch.starts[i], batch.ends[i])
  }

  walk(): MemberWalk {
    return this.isIntset ? new IntsetWalk(this.members) : new ListpackWalk(this.members)
  }
}

/** A small set as it is now, whatever becomes of it. close() has to follow. */
export class KeptOperand extends PackedOperand implements LastingOperand {
  private readonly kept: KeptMembers

  constructor(kept: KeptMembers) {
    super(kept)
    this.kept = kept
  }

  get memoryBytes(): number {
    return this.kept.memoryBytes
  }

  close(): void {
    this.kept.release()
  }
}

class IntsetWalk implements MemberWalk {
  private readonly intset: Buffer
  private readonly start: number
  private readonly length: number
  private next = 0

  constructor({ buffer, length, start }: PackedMembers) {
    this.intset = buffer
    this.start = start
    this.length = length
  }

  step(batch: MemberBatch): boolean {
    const { intset, start } = this
    const until = Math.min(this.length, this.next + PACKED_AT_ONCE)
    for (; this.next < until; this.next++) {
      batch.addInteger(intsetLow(intset, start, this.next), intsetHigh(intset, start, this.next))
    }
    return until < this.length
  }
}

class ListpackWalk implements MemberWalk {
  private readonly listpack: Buffer
  private readonly end: number
  private pos: number

  constructor({ buffer, start }: PackedMembers) {
    this.listpack = buffer
    this.end = lpEnd(buffer, start)
    this.pos = start + LP_HEADER_SIZE
  }

  step(batch: MemberBatch): boolean {
    const { end, listpack } = this
    for (let left = PACKED_AT_ONCE; left > 0 && this.pos < end; left--) {
      batch.addListpack(listpack, this.pos)
      this.pos += lpEntrySize(listpack, this.pos)
    }
    return this.pos < end
  }
}

/** A large set that nobody changes meanwhile. */
export class TableOperand implements Operand {
  readonly isIntset = false
  readonly table: HashTable

  constructor(table: HashTable) {
    this.table = table
  }

  get length(): number {
    return this.table.count
  }

  has({ buffers, ends, starts }: MemberBatch, i: number, hash: number): boolean {
    return this.table.find(hash, buffers[i], starts[i], ends[i]) !== 0
  }

  walk(): MemberWalk {
    return new TableWalk(this.table)
  }
}

/**
 * Goes segment by segment: look-ups of the members in another table then stay inside one of its segments, too, since the upper bits
 * of the same hash lead there.
 */
class TableWalk implements MemberWalk {
  private readonly table: HashTable
  private segment = 0
  private home = 0
  private readonly entries: Entries
  private batch!: MemberBatch
  private readonly visit = (address: number): void => this.batch.addElement(this.entries, address)

  constructor(table: HashTable) {
    this.table = table
    this.entries = table.entries
  }

  step(batch: MemberBatch): boolean {
    const { segments } = this.table
    if (this.segment === segments.length) return false
    this.batch = batch
    const segment = segments[this.segment]
    this.table.visitBucket(segment, this.home, this.visit)
    if (++this.home === 1 << segment.bucketBits) {
      this.segment++
      this.home = 0
    }
    return true
  }
}

/** A large set as it is now, whatever becomes of it. close() has to follow. */
export class ViewedOperand implements LastingOperand {
  readonly length: number
  readonly isIntset = false
  readonly table: HashTable
  private readonly walked: TableView | null
  private readonly searched: TableView | null

  /** @param isWalked whether walk() will be called. @param isSearched whether has() will be. */
  constructor(keyspace: Keyspace, table: HashTable, isWalked: boolean, isSearched: boolean) {
    this.table = table
    this.length = table.count
    this.walked = isWalked ? new TableView(keyspace, table, 'walk') : null
    this.searched = isSearched ? new TableView(keyspace, table, 'find') : null
  }

  get memoryBytes(): number {
    return (this.walked?.memoryBytes ?? 0) + (this.searched?.memoryBytes ?? 0)
  }

  has({ buffers, ends, starts }: MemberBatch, i: number, hash: number): boolean {
    return this.searched !== null && this.searched.find(hash, buffers[i], starts[i], ends[i]) !== 0
  }

  walk(): MemberWalk {
    if (this.walked === null) throw new Error('set: a view that was not made to be walked')
    return new ViewWalk(this.walked)
  }

  close(): void {
    this.walked?.close()
    this.searched?.close()
  }
}

class ViewWalk implements MemberWalk {
  private readonly view: TableView
  private readonly entries: Entries
  private batch!: MemberBatch
  private readonly visit = (address: number): void => this.batch.addElement(this.entries, address)

  constructor(view: TableView) {
    this.view = view
    this.entries = view.table.entries
  }

  step(batch: MemberBatch): boolean {
    this.batch = batch
    return this.view.step(this.visit)
  }
}
