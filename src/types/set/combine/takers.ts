/** Where the members go that a pass has chosen, but for replies. */
import { hashBytes } from '../../../bytes/hash.js'
import type { Keyspace } from '../../../store/keyspace.js'
import { parseInt64Halves } from '../../../store/listpack/listpack-int64.js'
import type { HashTable } from '../../../store/table/hash-table.js'
import { createElementTable, insertElement } from '../../element-table.js'
import type { MemberBatch } from './member-batch.js'
import type { MemberTaker } from './pass.js'
import type { SetResult } from './set-result.js'

/** Adds them to a result, and knows whether all were integers. */
export class AddedMembers implements MemberTaker {
  onlyIntegers = true
  private readonly result: SetResult

  constructor(result: SetResult) {
    this.result = result
  }

  get wantsHashes(): boolean {
    return this.result.isTable
  }

  ahead(hashes: Int32Array, count: number): void {
    this.result.lookAhead(hashes, count)
  }

  take(batch: MemberBatch, i: number, hash?: number): boolean {
    const { result } = this
    const isInteger = batch.isInteger(i)
    if (isInteger && result.addInteger(batch.lows[i], batch.highs[i])) return true
    batch.spell(i)
    const { buffers, ends, starts } = batch
    if (this.onlyIntegers && !isInteger) this.onlyIntegers = parseInt64Halves(buffers[i], starts[i], ends[i])
    result.add(buffers[i], starts[i], ends[i], hash)
    return true
  }
}

/** Removes them from a result, until it is empty. */
export class RemovedMembers implements MemberTaker {
  private readonly result: SetResult

  constructor(result: SetResult) {
    this.result = result
  }

  get wantsHashes(): boolean {
    return this.result.isTable
  }

  ahead(hashes: Int32Array, count: number): void {
    this.result.lookAhead(hashes, count)
  }

  take(batch: MemberBatch, i: number, hash?: number): boolean {
    batch.spell(i)
    this.result.delete(batch.buffers[i], batch.starts[i], batch.ends[i], hash)
    return this.result.length > 0
  }
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

  take(batch: MemberBatch, i: number, hash?: number): boolean {
    const { next, table } = this
    batch.spell(i)
    const { buffers, ends, starts } = batch
    const known = hash ?? hashBytes(buffers[i], starts[i], ends[i])
    if (table.find(known, buffers[i], starts[i], ends[i]) !== 0) return true
    insertElement(table.entries, table, buffers[i], starts[i], ends[i], known)
    return next === null || next.take(batch, i, known)
  }

  close(): void {
    this.table.entries.openViews--
    this.keyspace.discard(this.table)
  }
}
