/**
 * A large sorted set: its elements, entries in slab memory whose key is the member and whose value is the score (eight bytes), in a
 * hash table by which a member is found, and in an ordered tree by score and member. OBJECT ENCODING calls it "skiplist", which is
 * what Redis has instead of the tree.
 *
 * An element is freed by the tree's side, since views of the tree may see it still when it has left. Nobody views the table.
 */
import { compareBytes } from '../../bytes/compare.js'
import type { Aggregate } from '../../store/aggregate.js'
import type { Entries } from '../../store/entries.js'
import { TreeBuilder } from '../../store/ordered-tree/builder.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../../store/ordered-tree/ordered-tree.js'
import type { TreeRemains } from '../../store/ordered-tree/remains.js'
import { doubleHigh, doubleLow } from '../../store/ordered-tree/sort-prefix.js'
import { HashTable } from '../../store/table/hash-table.js'

const SCORE_BYTES = 8
/** The JavaScript object itself, as measured: for memory accounts. */
const OBJECT_BYTES = 64

/** A member that is looked for: buffer[start, end). */
export interface Member {
  buffer: Buffer
  start: number
  end: number
}

/** Looks for members as they were at some moment (sorted-set-search.ts). */
export interface SetSearch {
  /** An element has left the set, and stays in memory as long as there are the views that there are now. */
  left(element: number): void
}

const NO_SEARCHES: readonly SetSearch[] = []

const scratch = new Float64Array(1)
const scratchBytes = new Uint8Array(scratch.buffer)
const probe: Member = { buffer: Buffer.alloc(0), start: 0, end: 0 }
const cursor = new TreeCursor()
/** Cursors of walks that are over; a walk may have another one inside. */
const walks: TreeCursor[] = []

/** The score of an element. */
export function elementScore(entries: Entries, element: number): number {
  const bytes = entries.memory(element)
  const at = entries.valueStart(element)
  for (let i = 0; i < SCORE_BYTES; i++) scratchBytes[i] = bytes[at + i]
  return scratch[0]
}

function setElementScore(entries: Entries, element: number, score: number): void {
  const bytes = entries.memory(element)
  const at = entries.valueStart(element)
  scratch[0] = score
  for (let i = 0; i < SCORE_BYTES; i++) bytes[at + i] = scratchBytes[i]
}

function createElement(entries: Entries, member: Buffer, start: number, end: number, score: number): number {
  const element = entries.createMember(member, start, end, true)
  setElementScore(entries, element, score)
  return element
}

/** Orders the elements of all large sorted sets in the same memory, and frees them. */
class ElementOwner implements TreeOwner<Member> {
  /** The element that is looked for, 0 if nobody knows: it need not be compared with itself. */
  sought = 0
  private readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }

  compare(element: number, { buffer, end, start }: Member): number {
    if (element === this.sought) return 0
    const { entries } = this
    const from = entries.keyStart(element)
    return compareBytes(entries.memory(element), from, from + entries.keyLength(element), buffer, start, end)
  }

  free(element: number): void {
    this.entries.destroy(element)
  }
}

/** Frees no elements: somebody else does. */
const NOBODY = { free: (): void => {} }

const owners = new WeakMap<Entries, ElementOwner>()

function ownerFor(entries: Entries): ElementOwner {
  let owner = owners.get(entries)
  if (owner === undefined) {
    owner = new ElementOwner(entries)
    owners.set(entries, owner)
  }
  return owner
}

export class LargeSortedSet implements Aggregate {
  readonly entries: Entries
  readonly table: HashTable
  readonly tree: OrderedTree<Member>
  private readonly owner: ElementOwner
  lazyObjects = 0
  /** All elements are in the tree, too. */
  inOrder = true
  /** It has left the keyspace: there may be no table any more. */
  isGone = false
  /** Those who look members up as they were at some moment: told of elements that have left and are kept by views. */
  searches: readonly SetSearch[] = NO_SEARCHES
  private remains: TreeRemains | null = null

  constructor(entries: Entries) {
    this.entries = entries
    this.table = new HashTable(entries)
    this.owner = ownerFor(entries)
    this.tree = new OrderedTree(entries, ORDERED, this.owner)
  }

  get count(): number {
    return this.tree.count
  }

  // Members. `hash`: the member's. O(log n) where the tree has to change or is asked for a rank, O(1) otherwise.

  /** Address of the element of member[start, end), or 0. */
  find(hash: number, member: Buffer, start: number, end: number): number {
    return this.table.find(hash, member, start, end)
  }

  scoreOf(element: number): number {
    return elementScore(this.entries, element)
  }

  /** Adds a member that is not in the set. It is copied. */
  add(hash: number, member: Buffer, start: number, end: number, score: number): void {
    const element = createElement(this.entries, member, start, end, score)
    this.table.insert(hash, element)
    this.insertIntoTree(element, member, start, end, score)
  }

  /** Gives the member of an element, which find() has just found, another score. */
  changeScore(element: number, member: Buffer, start: number, end: number, score: number): void {
    const { entries } = this
    this.goTo(element, member, start, end)
    let changed = element
    if (this.tree.remove(cursor)) {
      this.left(element)
      changed = createElement(entries, member, start, end, score)
      this.table.replaceFound(changed)
    } else setElementScore(entries, element, score)
    this.insertIntoTree(changed, member, start, end, score)
  }

  /** Removes the element, which find() has just found, of a member. */
  remove(element: number, member: Buffer, start: number, end: number): void {
    this.goTo(element, member, start, end)
    this.table.removeFound()
    if (this.tree.remove(cursor)) this.left(element)
    else this.entries.destroy(element)
  }

  /** An element that a view keeps has left the set. */
  private left(element: number): void {
    for (const search of this.searches) search.left(element)
  }

  /** How many members come before that of `element`. */
  rankOf(element: number, member: Buffer, start: number, end: number): number {
    this.goTo(element, member, start, end)
    return cursor.weightBefore()
  }

  private insertIntoTree(element: number, member: Buffer, start: number, end: number, score: number): void {
    probe.buffer = member
    probe.start = start
    probe.end = end
    this.tree.insert(doubleHigh(score), doubleLow(score), probe, element)
  }

  /** Sets the cursor to an element of the set. */
  private goTo(element: number, member: Buffer, start: number, end: number): void {
    const score = this.scoreOf(element)
    probe.buffer = member
    probe.start = start
    probe.end = end
    this.owner.sought = element
    const found = this.tree.find(cursor, doubleHigh(score), doubleLow(score), probe)
    this.owner.sought = 0
    if (found) return
    throw new Error('sorted set: an element of the table is not in the tree')
  }

  // Sets that are put together: members first, their order later.

  /** Adds a member that is not in the set, for order() to come. It is copied. Returns its element. O(1). */
  addUnordered(hash: number, member: Buffer, start: number, end: number, score: number): number {
    const element = createElement(this.entries, member, start, end, score)
    this.table.insert(hash, element)
    return element
  }

  /** Gives an element that is not in order yet another score. O(1). */
  setUnordered(element: number, score: number): void {
    setElementScore(this.entries, element, score)
  }

  /** Removes the element, which find() has just found and which is not in order yet. O(1). */
  removeUnordered(element: number): void {
    this.table.removeFound()
    this.entries.destroy(element)
  }

  /** Puts an element of the table in order. O(log n). */
  order(element: number): void {
    const { entries } = this
    const start = entries.keyStart(element)
    const end = start + entries.keyLength(element)
    this.insertIntoTree(element, entries.memory(element), start, end, this.scoreOf(element))
  }

  // Ranks

  /** Address of the element at a rank below count. O(log n). */
  at(rank: number): number {
    this.tree.seek(cursor, rank)
    return cursor.address
  }

  /** How many members have a score below `score`, or with `orEqual` up to it. O(log n). */
  countBelow(score: number, orEqual: boolean): number {
    const high = doubleHigh(score)
    const low = doubleLow(score)
    if (orEqual) this.tree.upperBound(cursor, high, low, null)
    else this.tree.lowerBound(cursor, high, low, null)
    return cursor.weightBefore()
  }

  /** The same of members, of those with this score; all that have a lower one are counted too. O(log n). */
  countBelowMember(score: number, member: Member, orEqual: boolean): number {
    const high = doubleHigh(score)
    const low = doubleLow(score)
    if (orEqual) this.tree.upperBound(cursor, high, low, member)
    else this.tree.lowerBound(cursor, high, low, member)
    return cursor.weightBefore()
  }

  /** Removes the members of ranks [from, to). O((to - from) + log n). */
  removeRange(from: number, to: number): void {
    this.tree.removeRange(from, to, this.removed)
  }

  private readonly removed = (element: number, kept: boolean): void => {
    const { entries, table } = this
    table.locate(entries.hashOf(element), element)
    table.removeFound()
    if (kept) this.left(element)
    else entries.destroy(element)
  }

  /** Calls `visit` with the elements of ranks [from, to), or from the last of them to the first. `visit` must not change the set. */
  iterate(from: number, to: number, reverse: boolean, visit: (element: number) => void): void {
    if (from >= to) return
    const walk = walks.pop() ?? new TreeCursor()
    this.tree.seek(walk, reverse ? to - 1 : from)
    for (let left = to - from; left > 0; left--) {
      visit(walk.address)
      if (reverse) walk.previous()
      else walk.next()
    }
    walks.push(walk)
  }

  /** The same set once more, with elements of its own. O(n). */
  copy(): LargeSortedSet {
    const { entries } = this
    const copy = new LargeSortedSet(entries)
    const builder = new TreeBuilder(copy.tree)
    copy.table.reserve(this.count)
    this.iterate(0, this.count, false, element => {
      const start = entries.keyStart(element)
      const end = start + entries.keyLength(element)
      const score = elementScore(entries, element)
      const same = createElement(entries, entries.memory(element), start, end, score)
      copy.table.insert(entries.hashOf(same), same)
      builder.add(doubleHigh(score), doubleLow(score), same)
    })
    builder.finish()
    return copy
  }

  // What the store asks

  get memoryBytes(): number {
    return OBJECT_BYTES + this.table.memoryBytes + this.tree.memoryBytes
  }

  /** Bytes that the set takes with its elements: an estimate from about so many of them. O(samples). */
  estimateBytes(samples: number): number {
    const { count, entries } = this
    const seen = Math.min(count, Math.max(1, samples))
    let bytes = 0
    this.iterate(0, seen, false, element => {
      bytes += entries.memoryBytes(element)
    })
    return this.memoryBytes + (seen === 0 ? 0 : Math.round((bytes / seen) * count))
  }

  get freeEffort(): number {
    return this.table.count
  }

  keptByViews(): boolean {
    this.isGone = true
    if (this.tree.views.length === 0) return false
    this.tree.drop()
    if (this.searches.length === 0) this.table.close()
    return true
  }

  openSearch(search: SetSearch): void {
    this.searches = [...this.searches, search]
  }

  closeSearch(search: SetSearch): void {
    this.searches = this.searches.filter(each => each !== search)
    if (this.isGone && this.searches.length === 0) this.table.close()
  }

  freeSome(deadlineMs: number, free: (address: number) => void): boolean {
    const { inOrder, table, tree } = this
    if (!inOrder && !table.freeSome(deadlineMs, free)) return false
    this.remains ??= tree.takeRemains(inOrder ? tree.owner : NOBODY)
    return this.remains.freeSome(deadlineMs)
  }

  close(): void {
    this.isGone = true
    // An empty tree's account.
    if (this.remains === null) this.tree.drop()
    this.table.close()
  }

  get entriesMayMove(): boolean {
    return this.tree.views.length === 0
  }

  /** Goes from leaf to leaf of the tree, whose nodes move as well. */
  rewrite(cursor: number, move: (address: number) => number): number {
    const { entries, table } = this
    return this.tree.rewrite(cursor, element => {
      const moved = move(element)
      if (moved !== element && table.locate(entries.hashOf(moved), element)) table.replaceFound(moved)
      return moved
    })
  }

  compact(): void {
    this.table.compact()
  }
}
