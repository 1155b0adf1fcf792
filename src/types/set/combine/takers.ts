/** Where the members go that a pass has chosen, but for replies. */
import type { Keyspace } from '../../../store/keyspace.js'
import { parseInt64Halves } from '../../../store/listpack/listpack-int64.js'
import type { HashTable } from '../../../store/table/hash-table.js'
import { createElementTable, insertElement } from '../../element-table.js'
import type { SetLimits } from '../../value-limits.js'
import type { MemberSet } from '../set.js'
import type { MemberTaker } from './pass.js'

/** Adds them to a set, and knows whether all were integers. */
export class AddedMembers implements MemberTaker {
  readonly wantsHashes = true
  onlyIntegers = true
  private readonly set: MemberSet
  private readonly limits: SetLimits

  constructor(set: MemberSet, limits: SetLimits) {
    this.set = set
    this.limits = limits
  }

  ahead(hashes: Int32Array, count: number): void {
    lookAhead(this.set, hashes, count)
  }

  take(member: Buffer, start: number, end: number, hash: number): boolean {
    if (this.onlyIntegers) this.onlyIntegers = parseInt64Halves(member, start, end)
    this.set.add(member, start, end, this.limits, hash)
    return true
  }
}

/** Removes them from a set, until it is empty. */
export class RemovedMembers implements MemberTaker {
  readonly wantsHashes = true
  private readonly set: MemberSet

  constructor(set: MemberSet) {
    this.set = set
  }

  ahead(hashes: Int32Array, count: number): void {
    lookAhead(this.set, hashes, count)
  }

  take(member: Buffer, start: number, end: number, hash: number): boolean {
    this.set.delete(member, start, end, hash)
    return this.set.address !== 0
  }
}

function lookAhead(set: MemberSet, hashes: Int32Array, count: number): void {
  if (set.address !== 0 && set.isTable) set.table.touch(hashes, count)
}

/** Counts them, up to a limit. */
export class CountedMembers implements MemberTaker {
  readonly wantsHashes = false
  count = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  ahead(): void {}

  take(): boolean {
    return ++this.count < this.limit
  }
}

/** Hands each member on when it comes for the first time. close() has to follow. */
export class DistinctMembers implements MemberTaker {
  readonly wantsHashes = true
  /** All members that have come: a copy of each. */
  readonly table: HashTable
  private readonly keyspace: Keyspace
  private readonly next: MemberTaker | null

  /** @param next takes them; null: they are only kept. */
  constructor(keyspace: Keyspace, next: MemberTaker | null) {
    this.keyspace = keyspace
    this.next = next
    this.table = createElementTable(keyspace.entries)
    // FLUSHALL leaves the memory of the elements alone as long as there are views.
    this.table.entries.openViews++
  }

  ahead(hashes: Int32Array, count: number): void {
    this.table.touch(hashes, count)
  }

  take(member: Buffer, start: number, end: number, hash: number): boolean {
    const { next, table } = this
    if (table.find(hash, member, start, end) !== 0) return true
    insertElement(table.entries, table, member, start, end, hash)
    return next === null || next.take(member, start, end, hash)
  }

  close(): void {
    this.table.entries.openViews--
    this.keyspace.discard(this.table)
  }
}
