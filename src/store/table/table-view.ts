/**
 * A table of elements as it is at one moment, read bit by bit while others write to it: what long replies are made of.
 *
 * Nothing is copied. While a table is viewed, its writers replace elements instead of changing them, and tell the views
 * which elements came and which went; what went stays in memory until no view needs it. So a view is the table as it has
 * become, without what came, and with what went. A walk needs less: nothing of what it has passed.
 */
import { performance } from '../../clock/platform.js'
import type { Keyspace } from '../keyspace.js'
import type { HashTable, TableObserver } from './hash-table.js'

/** Draws that hit what came later before random() gives up for now. */
const RANDOM_TRIES = 256
/** What went and is visited at a time, once the walk itself is over. */
const VISITED_AT_ONCE = 16
const FREED_BETWEEN_CLOCK_READS = 64
/** A note of an element that came or went, as measured. */
const NOTE_BYTES = 48
const WALKED = -1

/** The views of one table, and which elements they keep in memory. */
class TableViews implements TableObserver {
  readonly open = new Set<TableView>()
  /** Elements that have left the table, and how many views need each. */
  private readonly kept = new Map<number, number>()
  private dropped = false
  private readonly keyspace: Keyspace
  private readonly table: HashTable

  constructor(keyspace: Keyspace, table: HashTable) {
    this.keyspace = keyspace
    this.table = table
  }

  came(address: number): void {
    for (const view of this.open) view.came(address)
  }

  goes(hash: number, address: number): boolean {
    let needed = 0
    for (const view of this.open) if (view.goes(hash, address)) needed++
    if (needed === 0) return false
    this.kept.set(address, needed)
    return true
  }

  keepsTable(): boolean {
    this.dropped = true
    return true
  }

  close(view: TableView): void {
    this.open.delete(view)
    this.table.entries.openViews--
    if (this.open.size > 0) return
    this.table.observer = null
    if (this.dropped) this.keyspace.discard(this.table)
  }

  /** A view that needed the element is closed. */
  letGo(address: number): void {
    const needed = (this.kept.get(address) ?? 0) - 1
    if (needed > 0) {
      this.kept.set(address, needed)
      return
    }
    this.kept.delete(address)
    this.table.entries.destroy(address)
  }
}

export class TableView {
  /** Number of elements in the view. */
  readonly count: number
  readonly table: HashTable
  private readonly views: TableViews
  /** What went is needed wherever it was. */
  private readonly keepsAll: boolean
  private readonly added = new Set<number>()
  private readonly removed: number[] = []
  /** `removed` by their hashes, for find(); null where nobody looks for elements. */
  private readonly removedByHash: Map<number, number[]> | null
  private cursor: number
  /** How many of `removed` the walk has visited. */
  private visited = 0
  private freed = 0
  private visit: (address: number) => void = () => {}
  private readonly visitOld = (address: number): void => {
    if (this.added.size === 0 || !this.added.has(address)) this.visit(address)
  }

  /**
   * Views `table`, an aggregate's. `use`: whether it is going to be walked, once, from `cursor` (HashTable.scan's) on, or random
   * elements are drawn, or elements are looked for. close() has to follow.
   */
  constructor(keyspace: Keyspace, table: HashTable, use: 'walk' | 'draw' | 'find', cursor = 0) {
    this.cursor = cursor
    this.table = table
    this.count = table.count
    this.keepsAll = use !== 'walk'
    this.removedByHash = use === 'find' ? new Map() : null
    this.views = table.observer instanceof TableViews ? table.observer : new TableViews(keyspace, table)
    table.observer = this.views
    this.views.open.add(this)
    table.entries.openViews++
  }

  /** Bytes that the view keeps from being freed are not known; this is what its notes take. */
  get memoryBytes(): number {
    const notes = this.added.size + this.removed.length * (this.removedByHash === null ? 1 : 3)
    return notes * NOTE_BYTES
  }

  /** How far the walk through the table has come: a cursor of HashTable.scan, 0 behind the last bucket. */
  get position(): number {
    return this.cursor === WALKED ? 0 : this.cursor
  }

  came(address: number): void {
    this.added.add(address)
  }

  /** Whether the view needs the element, which leaves the table. */
  goes(hash: number, address: number): boolean {
    if (this.added.delete(address)) return false
    if (!this.keepsAll && (this.cursor === WALKED || this.table.isBehind(hash, this.cursor))) return false
    this.removed.push(address)
    if (this.removedByHash !== null) {
      const others = this.removedByHash.get(hash)
      if (others === undefined) this.removedByHash.set(hash, [address])
      else others.push(address)
    }
    return true
  }

  /** Visits the elements of the next bucket; false when all have been visited, each exactly once. */
  step(visit: (address: number) => void): boolean {
    if (this.cursor !== WALKED) {
      this.visit = visit
      const next = this.table.scan(this.cursor, this.visitOld)
      this.cursor = next === 0 ? WALKED : next
      return true
    }
    const { removed } = this
    for (const end = Math.min(removed.length, this.visited + VISITED_AT_ONCE); this.visited < end; this.visited++) {
      visit(removed[this.visited])
    }
    return this.visited < removed.length
  }

  /** A fair random element. Expected O(1); 0, to be tried again later, when far more has come than the view holds. */
  random(): number {
    const { added, count, removed, table } = this
    if (removed.length > 0 && Math.random() * count < removed.length) {
      return removed[Math.floor(Math.random() * removed.length)]
    }
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const address = table.random()
      if (added.size === 0 || !added.has(address)) return address
    }
    return 0
  }

  /** Address of the element named key[start, end), whose hash this is, or 0. O(1). */
  find(hash: number, key: Uint8Array, start: number, end: number): number {
    const { added, removedByHash, table } = this
    const address = table.find(hash, key, start, end)
    if (address !== 0 && (added.size === 0 || !added.has(address))) return address
    if (removedByHash === null || removedByHash.size === 0) return 0
    for (const removed of removedByHash.get(hash) ?? []) {
      if (table.entries.keyEquals(removed, key, start, end)) return removed
    }
    return 0
  }

  /** Nobody needs the view any more. What it kept in memory is freed in slices (Keyspace.collectGarbage). */
  close(): void {
    this.views.close(this)
    if (this.removed.length > 0) this.table.entries.remains.push(this)
  }

  /** Frees what only this view needed, until `deadlineMs` (performance.now()); true when nothing is left. */
  freeSome(deadlineMs: number): boolean {
    const { removed } = this
    while (this.freed < removed.length) {
      this.views.letGo(removed[this.freed++])
      if (this.freed % FREED_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
    return true
  }
}
