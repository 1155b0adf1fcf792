import { expect } from 'vitest'
import { type Database, NEVER } from '../../../src/store/database.js'
import { ENCODING_LISTPACK_EXTERNAL } from '../../../src/store/entries.js'
import type { HeldBuffer } from '../../../src/store/held-buffers.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { lpBytes } from '../../../src/store/listpack/listpack.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import { TreeView, type ViewUse } from '../../../src/store/ordered-tree/view.js'
import { listpackBuffer, listpackStart } from '../../../src/types/listpack-value.js'
import { elementScore, type LargeSortedSet, type Member } from '../../../src/types/sorted-set/large-sorted-set.js'
import {
  ADDED,
  INCREMENT,
  NOT_A_NUMBER,
  ONLY_EXISTING,
  ONLY_GREATER,
  ONLY_LESS,
  ONLY_NEW,
  type Outcome,
  REFUSED,
  SortedSet,
  UNCHANGED,
  UPDATED,
} from '../../../src/types/sorted-set/sorted-set.js'
import type { SortedSetLimits } from '../../../src/types/value-limits.js'

export type Pair = readonly [member: string, score: number]

export const KEY: Buffer = Buffer.from('the key')

export function newDatabase(): Database {
  return new Keyspace(1).databases[0]
}

/** Opens KEY's sorted set as a command does: by looking the key up. */
export function openKey(db: Database, key = KEY): SortedSet {
  const set = new SortedSet()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) set.openNew(db, key, 0, key.length)
  else set.open(db, address)
  return set
}

export function bytesOf(text: string): Member {
  const buffer = Buffer.from(text, 'latin1')
  return { buffer, start: 0, end: buffer.length }
}

export function add(set: SortedSet, member: string, score: number, limits: SortedSetLimits, conditions = 0): Outcome {
  const { buffer, end } = bytesOf(member)
  return set.add(buffer, 0, end, score, conditions, limits)
}

/** All members with their scores, in order. */
export function pairsOf(set: SortedSet): Pair[] {
  const found: Pair[] = []
  set.iterateRange(0, set.length, false, (member, score) => found.push([member.copy().toString('latin1'), score]))
  return found
}

/** A sorted set and the plain one that says what it must be. */
export class SortedSetPair {
  readonly db = newDatabase()
  private readonly limits: SortedSetLimits
  private readonly model = new Map<string, number>()
  private large = false
  private holds: { held: HeldBuffer; bytes: Buffer }[] = []
  private views: { view: TreeView<Member>; use: ViewUse; pairs: readonly Pair[] }[] = []

  constructor(limits: SortedSetLimits) {
    this.limits = limits
  }

  get sorted(): Pair[] {
    return [...this.model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
  }

  /** Does in the plain one what add() has to do. */
  private expected(member: string, score: number, conditions: number): Outcome {
    const current = this.model.get(member)
    if (current === undefined) {
      if (conditions & ONLY_EXISTING) return REFUSED
      const { maxEntries, maxValueBytes } = this.limits
      this.large ||= member.length > maxValueBytes || this.model.size >= maxEntries
      // Listpacks know no -0.
      this.model.set(member, score === 0 && !this.large ? 0 : score)
      return ADDED
    }
    if (conditions & ONLY_NEW) return REFUSED
    const next = conditions & INCREMENT ? current + score : score
    if (Number.isNaN(next)) return NOT_A_NUMBER
    if (conditions & ONLY_LESS && next >= current) return REFUSED
    if (conditions & ONLY_GREATER && next <= current) return REFUSED
    if (next === current) return UNCHANGED
    this.model.set(member, next === 0 && !this.large ? 0 : next)
    return UPDATED
  }

  add(member: string, score: number, conditions: number): void {
    const outcome = add(openKey(this.db), member, score, this.limits, conditions)
    expect(outcome).toBe(this.expected(member, score, conditions))
  }

  remove(member: string): void {
    const { buffer, end } = bytesOf(member)
    expect(openKey(this.db).remove(buffer, 0, end)).toBe(this.model.delete(member))
    if (this.model.size === 0) this.large = false
  }

  removeRange(from: number, to: number): void {
    const set = openKey(this.db)
    const gone = this.sorted.slice(from, to)
    set.removeRange(Math.min(from, set.length), Math.min(to, set.length))
    for (const [member] of gone) this.model.delete(member)
    if (this.model.size === 0) this.large = false
  }

  setExpiry(expires: boolean): void {
    const set = openKey(this.db)
    if (set.address === 0) return
    this.db.setExpiry(set.address, expires ? this.db.keyspace.nowMs + 1e6 : NEVER)
  }

  removeKey(): void {
    const set = openKey(this.db)
    if (set.address !== 0) this.db.remove(set.address)
    this.model.clear()
    this.large = false
  }

  /** Looks at a large set as it is now, until closeView(). */
  openView(use: ViewUse): void {
    const set = openKey(this.db)
    if (set.address === 0 || !set.isLarge) return
    this.views.push({ view: new TreeView(set.large.tree, use), use, pairs: this.sorted })
  }

  /** Reads one of the views, and expects to see what was there when it was opened. */
  closeView(number: number): void {
    if (this.views.length === 0) return
    const [{ pairs, use, view }] = this.views.splice(number % this.views.length, 1)
    const { entries } = view.tree
    const seen: Pair[] = []
    view.seek(use === 'backward' ? view.count - 1 : 0)
    do {
      const { address } = view.cursor
      seen.push([entries.keyCopy(address).toString('latin1'), elementScore(entries, address)])
    } while (view.step())
    if (use === 'backward') seen.reverse()
    view.close()
    expect(seen).toEqual(pairs)
  }

  /** Holds a listpack in a Buffer of its own as it is now, until release(). */
  hold(): void {
    const { entries } = this.db
    const { address } = openKey(this.db)
    if (address === 0 || entries.encoding(address) !== ENCODING_LISTPACK_EXTERNAL) return
    const bytes = listpackBuffer(entries, address)
    this.holds.push({ held: entries.held.hold(bytes), bytes: Buffer.from(bytes) })
  }

  /** Reads a listpack that is held, and expects to see what it was then. */
  release(number: number): void {
    if (this.holds.length === 0) return
    const [{ bytes, held }] = this.holds.splice(number % this.holds.length, 1)
    const seen = Buffer.alloc(held.length)
    held.read(0, held.length, seen, 0)
    held.release()
    expect(seen.equals(bytes)).toBe(true)
  }

  /** Moves all elements and nodes, if that may be done now. */
  moveAll(): void {
    const set = openKey(this.db)
    if (set.address === 0 || !set.isLarge) return
    const { large } = set
    if (!large.entriesMayMove) {
      expect(this.views.length).toBeGreaterThan(0)
      return
    }
    const { entries } = this.db
    let cursor = 0
    do cursor = large.rewrite(cursor, element => entries.relocate(element))
    while (cursor !== 0)
    large.compact()
  }

  collect(): void {
    while (!this.db.keyspace.collectGarbage(0));
  }

  check(): void {
    const { db, large, model } = this
    const set = openKey(db)
    expect(db.keys.count).toBe(model.size === 0 ? 0 : 1)
    expect(set.length).toBe(model.size)
    expect(pairsOf(set)).toEqual(this.sorted)
    if (set.address === 0) return
    expect(set.isLarge).toBe(large)
    if (set.isLarge) expect(set.large.table.count).toBe(model.size)
    else {
      const listpack = listpackBuffer(db.entries, set.address)
      const start = listpackStart(db.entries, set.address)
      expect(lpValidate(listpack, start, lpBytes(listpack, start), true)).toBe(true)
    }
    for (const [rank, [member, score]] of this.sorted.entries()) {
      const { buffer, end } = bytesOf(member)
      expect(set.scoreOf(buffer, 0, end)).toBe(score)
      expect(set.rank(buffer, 0, end)).toBe(rank)
      expect(set.score).toBe(score)
    }
  }

  /** With nothing left that anybody looks at, all memory is free. */
  end(): void {
    for (const { view } of this.views) view.close()
    this.views = []
    while (this.holds.length > 0) this.release(0)
    this.removeKey()
    this.collect()
    expect(this.db.entries.usedBytes).toBe(0)
    expect(this.db.entries.openViews).toBe(0)
  }
}

export function largeOf(set: SortedSet): LargeSortedSet {
  expect(set.isLarge).toBe(true)
  return set.large
}
