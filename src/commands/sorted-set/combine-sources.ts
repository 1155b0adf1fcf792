/**
 * Sets and sorted sets as ZUNION and its kin see them: something to walk through, and to look members up in. The members of a set
 * all have the score 1.
 */

import type { Database } from '../../store/database.js'
import { TYPE_ZSET } from '../../store/entries.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { ByteRange } from '../../types/byte-range.js'
import { MemberBatch } from '../../types/set/combine/member-batch.js'
import {
  KeptOperand,
  type LastingOperand,
  type MemberWalk,
  type Operand,
  PackedOperand,
  TableOperand,
  ViewedOperand,
} from '../../types/set/combine/operand.js'
import { MemberSet } from '../../types/set/set.js'
import { elementScore, type LargeSortedSet, type Member } from '../../types/sorted-set/large-sorted-set.js'
import { ListpackPairs } from '../../types/sorted-set/listpack-pairs.js'
import { SortedSet } from '../../types/sorted-set/sorted-set.js'
import { SortedSetSearch } from '../../types/sorted-set/sorted-set-search.js'

const SET_SCORE = 1
/** Members that a step of a walk visits at most, but for a bucket of a set. */
const STEP_MEMBERS = 64

/** What is to be done with a source that stays as it is, whatever becomes of the key. */
export const TO_WALK = 1 << 0
export const TO_SEARCH = 1 << 1

export type Visit = (member: Buffer, start: number, end: number, score: number) => void

export interface Source {
  /** The score of a member; NaN when it is not there. `hash`: the member's. */
  scoreOf(member: Buffer, start: number, end: number, hash: number): number
  /** Visits the next members, some dozens. False: there are no more. */
  step(visit: Visit): boolean
  /** Memory that it takes and that is in no account of the store. */
  readonly memoryBytes: number
  /** To be called in any case, once. */
  close(): void
}

/** A key of the command: 0 for an address where there is none. */
export interface Input {
  readonly address: number
  readonly length: number
  weight: number
}

const openedSet = new MemberSet()
const openedSortedSet = new SortedSet()

export function lengthOf(db: Database, address: number): number {
  if (address === 0) return 0
  if (db.entries.type(address) === TYPE_ZSET) {
    openedSortedSet.open(db, address)
    return openedSortedSet.length
  }
  openedSet.open(db, address)
  return openedSet.length
}

/** An input as it is now, for a command that is over before it changes. */
export function sourceOf(db: Database, { address }: Input): Source {
  if (db.entries.type(address) === TYPE_ZSET) {
    openedSortedSet.open(db, address)
    return openedSortedSet.isLarge ? new LargeSource(openedSortedSet.large) : new SmallSource(db, address)
  }
  openedSet.open(db, address)
  return new SetSource(openedSet.isTable ? new TableOperand(openedSet.table) : new PackedOperand(openedSet.packed))
}

/** An input as it is now, whatever becomes of it. `use`: TO_WALK, TO_SEARCH. */
export function lastingSourceOf(db: Database, { address }: Input, use: number): Source {
  if (db.entries.type(address) === TYPE_ZSET) {
    openedSortedSet.open(db, address)
    if (openedSortedSet.isLarge) return new ViewedSource(openedSortedSet.large, use)
    return new CopiedSource(openedSortedSet.listpackCopy())
  }
  openedSet.open(db, address)
  if (!openedSet.isTable) return new LastingSetSource(new KeptOperand(openedSet.keep()))
  const { table } = openedSet
  return new LastingSetSource(new ViewedOperand(db.keyspace, table, (use & TO_WALK) !== 0, (use & TO_SEARCH) !== 0))
}

class SmallSource implements Source {
  readonly memoryBytes = 0
  private readonly set = new SortedSet()
  private rank = 0

  constructor(db: Database, address: number) {
    this.set.open(db, address)
  }

  scoreOf(member: Buffer, start: number, end: number): number {
    return this.set.scoreOf(member, start, end)
  }

  step(visit: Visit): boolean {
    const { rank, set } = this
    const behind = set.length
    this.rank = behind
    set.iterateRange(rank, behind, false, ({ buffer, end, start }, score) => visit(buffer, start, end, score))
    return false
  }

  close(): void {}
}

/** A copy of a small sorted set, some of whose members are looked up. */
class CopiedSource implements Source {
  private readonly pairs: ListpackPairs
  private rank = 0
  private readonly member = new ByteRange()

  constructor(listpack: Buffer) {
    this.pairs = new ListpackPairs(listpack)
  }

  get memoryBytes(): number {
    return this.pairs.memoryBytes
  }

  scoreOf(member: Buffer, start: number, end: number): number {
    return this.pairs.scoreOf(member, start, end)
  }

  step(visit: Visit): boolean {
    const { member, pairs } = this
    for (const stop = Math.min(pairs.count, this.rank + STEP_MEMBERS); this.rank < stop; this.rank++) {
      const score = pairs.show(this.rank, member)
      visit(member.buffer, member.start, member.end, score)
    }
    return this.rank < pairs.count
  }

  close(): void {}
}

class LargeSource implements Source {
  readonly memoryBytes = 0
  private readonly set: LargeSortedSet
  private rank = 0

  constructor(set: LargeSortedSet) {
    this.set = set
  }

  scoreOf(member: Buffer, start: number, end: number, hash: number): number {
    const { set } = this
    const element = set.find(hash, member, start, end)
    return element === 0 ? Number.NaN : set.scoreOf(element)
  }

  step(visit: Visit): boolean {
    const { set } = this
    const { entries } = set
    const behind = Math.min(set.count, this.rank + STEP_MEMBERS)
    set.iterate(this.rank, behind, false, element => visitElement(entries, element, visit))
    this.rank = behind
    return behind < set.count
  }

  close(): void {}
}

function visitElement(entries: LargeSortedSet['entries'], element: number, visit: Visit): void {
  const start = entries.keyStart(element)
  visit(entries.memory(element), start, start + entries.keyLength(element), elementScore(entries, element))
}

class ViewedSource implements Source {
  readonly memoryBytes = 0
  private readonly walked: TreeView<Member> | null
  private readonly searched: SortedSetSearch | null
  private begun = false

  constructor(set: LargeSortedSet, use: number) {
    this.walked = (use & TO_WALK) === 0 ? null : new TreeView(set.tree, 'forward')
    this.searched = (use & TO_SEARCH) === 0 ? null : new SortedSetSearch(set)
  }

  scoreOf(member: Buffer, start: number, end: number, hash: number): number {
    return this.searched === null ? Number.NaN : this.searched.scoreOf(hash, member, start, end)
  }

  step(visit: Visit): boolean {
    const { walked } = this
    if (walked === null) return false
    const { entries } = walked.tree
    if (!this.begun) walked.seek(0)
    this.begun = true
    for (let left = STEP_MEMBERS; left > 0; left--) {
      visitElement(entries, walked.cursor.address, visit)
      if (!walked.step()) return false
    }
    return true
  }

  close(): void {
    this.walked?.close()
    this.searched?.close()
  }
}

/** The walks of sets leave their members here: one step at a time runs, and visits them before it is over. */
const batch = new MemberBatch()
/** A member that is looked up. */
const single = new MemberBatch()

class SetSource implements Source {
  private readonly operand: Operand
  private walk: MemberWalk | null = null

  constructor(operand: Operand) {
    this.operand = operand
  }

  get memoryBytes(): number {
    return 0
  }

  scoreOf(member: Buffer, start: number, end: number, hash: number): number {
    single.clear()
    single.addBytes(member, start, end)
    return this.operand.has(single, 0, hash) ? SET_SCORE : Number.NaN
  }

  step(visit: Visit): boolean {
    this.walk ??= this.operand.walk()
    batch.clear()
    const more = this.walk.step(batch)
    const { buffers, count, ends, starts } = batch
    for (let i = 0; i < count; i++) {
      batch.spell(i)
      visit(buffers[i], starts[i], ends[i], SET_SCORE)
    }
    return more
  }

  close(): void {}
}

class LastingSetSource extends SetSource {
  private readonly lasting: LastingOperand

  constructor(operand: LastingOperand) {
    super(operand)
    this.lasting = operand
  }

  override get memoryBytes(): number {
    return this.lasting.memoryBytes
  }

  override close(): void {
    this.lasting.close()
  }
}
