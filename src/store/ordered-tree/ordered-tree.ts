/**
 * The ordered tree: what sorted sets, streams, long lists and expiring fields are sorted by. A B+ tree (Bayer and McCreight,
 * 1972) whose inner nodes also know the weight below each child, so that it tells ranks and finds what is at a rank: the
 * order-statistic tree that Redis makes of a skip list with spans. Nodes are slots of slab memory with some 62 entries each
 * (node.ts): in JavaScript a step along a pointer is a cache miss, and few wide nodes beat many narrow ones.
 *
 * An entry is an address, a prefix of 64 bits (sort-prefix.ts) that decides most comparisons without a look at what lies at
 * the address, and a weight. Equal prefixes are told apart by the owner. Inner nodes hold for each child the prefix and the
 * address of the very least entry below it, so that a tie costs one look a step there too. Three kinds of tree: in order and
 * of weight 1 (sorted sets, pending entries, expiries: 12 bytes an entry in a full leaf), in order and weighted (a stream's
 * nodes: 16), weighted without an order (a list's nodes: 8).
 *
 * Bounds: all that is here takes O(log n) steps, a step being a search in one node, or the copy of one (1.3 KB at most). Only
 * removeRange() takes that for each leaf it touches: who has it remove many says how many at a time. Walks, builders and
 * remains go leaf by leaf, and their users stop where they like. A tree weighs 2^32 - 1 at most.
 *
 * Measured with 1 M elements (test/bench/ordered-tree.mjs): insert in random order 1.1 us, ascending 0.3; rank 0.8, element
 * at a rank 0.35; 12.7 bytes an element in ascending order, 14.5 in random order. 2 elements take 40 bytes, 130 take 1,800.
 *
 * Reading in between writes: view.ts. A view does not slow down those that only read, and costs the writers the
 * first copy of each node. Compaction: rewrite(), for trees that have no views.
 */
import type { Entries } from '../entries.js'
import { TreeCursor } from './cursor.js'
import { EditableTree, type TreeKeeper } from './edit.js'
import { INNER_TIE_COLUMN, LEAF_TIE_COLUMN, NodeShape } from './node.js'
import { TreeRemains } from './remains.js'

/** In order, every entry of weight 1. */
export const ORDERED = new NodeShape(true, false)
export const ORDERED_WEIGHTED = new NodeShape(true, true)
/** Entries stay where they are put. */
export const WEIGHTED = new NodeShape(false, true)

/** JavaScript objects behind a tree, as measured: for memory accounts. */
const TREE_OBJECT_BYTES = 144

/** What a kind of value does for its trees. One object serves them all. */
export interface TreeOwner<P> {
  /**
   * Below 0 when the element lies before what is looked for, 0 when it is that, above 0 when it lies behind. Only asked where
   * prefixes are equal. The answer must not depend on the address as a number: elements move.
   */
  compare(address: number, probe: P): number
  /** Frees an element: of a tree that was dropped, or one that views have kept. */
  free(address: number): void
}

const NO_VIEWS: readonly TreeKeeper[] = []
const LAST_EPOCH = 0xffffffff

/** Cursors of this file, one for each use whose callbacks may write to another tree. */
const scratch = new TreeCursor()
const ranging = new TreeCursor()
const rewriting = new TreeCursor()

export class OrderedTree<P> extends EditableTree {
  readonly owner: TreeOwner<P>
  /** The views that are open, by age (view.ts). */
  views: readonly TreeKeeper[] = NO_VIEWS
  /** Dropped while there were views. */
  private dropped = false

  constructor(entries: Entries, shape: NodeShape, owner: TreeOwner<P>) {
    super(entries, shape)
    this.owner = owner
    entries.tableBytes += TREE_OBJECT_BYTES
    entries.tableReservedBytes += TREE_OBJECT_BYTES
  }

  /** Bytes that the tree takes, without its elements. O(1). */
  get memoryBytes(): number {
    return TREE_OBJECT_BYTES + this.nodeBytes
  }

  /** Goes to the first entry; false when there is none. */
  first(cursor: TreeCursor): boolean {
    cursor.begin(this, this.depth, this.changes)
    if (this.depth > 0) cursor.toFirst(this.root, 0)
    return this.depth > 0
  }

  /** Goes to the last entry; false when there is none. */
  last(cursor: TreeCursor): boolean {
    cursor.begin(this, this.depth, this.changes)
    if (this.depth > 0) cursor.toLast(this.root, 0)
    return this.depth > 0
  }

  /** Goes to the entry with this prefix which `probe` is equal to; false, and nowhere in particular, when there is none. */
  find(cursor: TreeCursor, high: number, low: number, probe: P): boolean {
    cursor.begin(this, this.depth, this.changes)
    return this.findFrom(cursor, this.root, high, low, probe)
  }

  /** As find(), with a cursor that has begun at the root of the tree, or of what a view has of it. */
  findFrom(cursor: TreeCursor, root: number, high: number, low: number, probe: P): boolean {
    this.descendFrom(cursor, root, high, low, probe, true, false)
    return (
      cursor.isAtEntry && cursor.high === high && cursor.low === low && this.owner.compare(cursor.address, probe) === 0
    )
  }

  /**
   * Goes to the first entry not below the key (a null probe: below all of this prefix); false, and behind the last, if there
   * is none.
   */
  lowerBound(cursor: TreeCursor, high: number, low: number, probe: P | null): boolean {
    this.descend(cursor, high, low, probe, false, false)
    return cursor.isAtEntry || cursor.nextLeaf()
  }

  /**
   * Goes to the first entry above the key (a null probe: above all of this prefix); false, and behind the last, if there is
   * none.
   */
  upperBound(cursor: TreeCursor, high: number, low: number, probe: P | null): boolean {
    cursor.begin(this, this.depth, this.changes)
    return this.upperBoundFrom(cursor, this.root, high, low, probe)
  }

  /** As upperBound(), with a cursor that has begun at the root of the tree, or of what a view has of it. */
  upperBoundFrom(cursor: TreeCursor, root: number, high: number, low: number, probe: P | null): boolean {
    this.descendFrom(cursor, root, high, low, probe, true, true)
    return cursor.isAtEntry || cursor.nextLeaf()
  }

  /**
   * Goes to the entry at `weight`, with as much weight before it: the one at a rank, or the one that holds a list's element.
   * Returns how far into it that is; -1, and behind the last entry, when the tree weighs no more.
   */
  seek(cursor: TreeCursor, weight: number): number {
    if (weight >= this.weight) {
      if (this.last(cursor)) cursor.next()
      return -1
    }
    cursor.begin(this, this.depth, this.changes)
    return cursor.toWeight(this.root, weight)
  }

  /** `innerUpper`, `leafUpper`: whether what is equal to the key counts as before it, in inner nodes and in the leaf. */
  private descend(
    cursor: TreeCursor,
    high: number,
    low: number,
    probe: P | null,
    innerUpper: boolean,
    leafUpper: boolean,
  ): void {
    cursor.begin(this, this.depth, this.changes)
    this.descendFrom(cursor, this.root, high, low, probe, innerUpper, leafUpper)
  }

  private descendFrom(
    cursor: TreeCursor,
    root: number,
    high: number,
    low: number,
    probe: P | null,
    innerUpper: boolean,
    leafUpper: boolean,
  ): void {
    const { depth } = cursor
    if (depth === 0) return
    let node = root
    for (let level = 0; level < depth - 1; level++) {
      const before = this.countBefore(node, INNER_TIE_COLUMN, high, low, probe, innerUpper)
      const index = before === 0 ? 0 : before - 1
      cursor.nodes[level] = node
      cursor.indexes[level] = index
      node = this.childOf(node, index)
    }
    cursor.enter(node, this.countBefore(node, LEAF_TIE_COLUMN, high, low, probe, leafUpper))
  }

  /** How many of a node's entries lie before the key. */
  private countBefore(
    node: number,
    tieColumn: number,
    high: number,
    low: number,
    probe: P | null,
    upper: boolean,
  ): number {
    const words = this.wordsOf(node)
    const first = this.columnsAt(node)
    const capacity = this.capacityOf(node)
    const highs = first + capacity
    const lows = highs + capacity
    const ties = first + tieColumn * capacity
    let from = 0
    let to = this.countOf(node)
    while (from < to) {
      const middle = (from + to) >>> 1
      const middleHigh = words[highs + middle] | 0
      const middleLow = words[lows + middle] | 0
      let before: boolean
      if (middleHigh !== high) before = middleHigh < high
      else if (middleLow !== low) before = middleLow < low
      else if (probe === null) before = upper
      else {
        const order = this.owner.compare(words[ties + middle], probe)
        before = order < 0 || (order === 0 && upper)
      }
      if (before) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Adds an entry that the tree does not have. `probe` stands for it in comparisons. */
  insert(high: number, low: number, probe: P, address: number, weight = 1): void {
    this.descend(scratch, high, low, probe, false, false)
    this.insertHere(scratch, high, low, address, weight)
  }

  /** Adds an entry before the cursor's, or behind the last one if that is where it is. For trees without an order. */
  insertBefore(cursor: TreeCursor, address: number, weight: number): void {
    this.checkCursor(cursor)
    this.insertHere(cursor, 0, 0, address, weight)
  }

  /** Adds an entry behind the cursor's, or before the first one if it is before that. For trees without an order. */
  insertAfter(cursor: TreeCursor, address: number, weight: number): void {
    this.checkCursor(cursor)
    if (cursor.depth > 0) cursor.index++
    this.insertHere(cursor, 0, 0, address, weight)
  }

  /** Takes out the cursor's entry. True: a view still needs the element, and will free it. The cursor is no good after that. */
  remove(cursor: TreeCursor): boolean {
    this.checkEntry(cursor)
    this.own(cursor)
    const kept = this.keeps(cursor.leaf, cursor.index, cursor.address)
    this.removeHere(cursor, 1)
    return kept
  }

  /**
   * Takes out the entries that lie in the weights [from, to) as a whole, and tells of each: `kept` as remove() returns it.
   * `removed` is not to touch the tree. O(log n) for each 62 entries.
   */
  removeRange(from: number, to: number, removed: (address: number, kept: boolean) => void): void {
    let left = Math.min(to, this.weight) - from
    while (left > 0) {
      const into = this.seek(ranging, from)
      if (into > 0) {
        left -= ranging.weight - into
        from += ranging.weight - into
        continue
      }
      this.own(ranging)
      const { index, leaf } = ranging
      const most = this.countOf(leaf) - index
      let count = 0
      for (; count < most; count++) {
        const weight = this.weightOf(leaf, index + count, 1)
        if (weight > left) break
        left -= weight
        const address = this.childOf(leaf, index + count)
        removed(address, this.keeps(leaf, index + count, address))
      }
      if (count > 0) this.removeHere(ranging, count)
      if (count < most) return
    }
  }

  /** Whether a view needs an element that leaves a leaf, which is owned. */
  private keeps(leaf: number, index: number, address: number): boolean {
    if (this.newestView === null || this.isUnseen(leaf, index)) return false
    this.newestView.keepElement(address)
    return true
  }

  /** Whether a view sees the cursor's element: it is not to be changed in place then, but replaced. */
  isViewed(cursor: TreeCursor): boolean {
    this.checkEntry(cursor)
    return this.newestView !== null && (this.isShared(cursor.leaf) || !this.isUnseen(cursor.leaf, cursor.index))
  }

  /**
   * The cursor's element is at `address` now, its key and its weight the same. True: a view still needs the old one, and will
   * free it. The cursor stays good.
   */
  replace(cursor: TreeCursor, address: number): boolean {
    this.checkEntry(cursor)
    this.own(cursor)
    const { index, leaf } = cursor
    const kept = this.keeps(leaf, index, cursor.address)
    this.setChild(leaf, index, address)
    if (this.newestView !== null) this.setUnseen(leaf, index, true)
    if (index === 0) this.leastChanged(cursor, this.depth - 1)
    return kept
  }

  /** The cursor's element weighs something else now. For weighted trees. The cursor stays good. */
  setWeight(cursor: TreeCursor, weight: number): void {
    this.checkEntry(cursor)
    const more = weight - cursor.weight
    if (more === 0) return
    this.checkWeight(weight)
    this.checkTotal(more)
    this.own(cursor)
    this.weight += more
    this.addWeight(cursor, more)
    this.wordsOf(cursor.leaf)[this.weightsAt(cursor.leaf, false) + cursor.index] = weight
  }

  /**
   * Visits the leaf at `weight` (0 at first), puts in each entry's place what `move` returns for its address, moves nodes on
   * the way to it out of chunks that are being emptied, and returns where to go on (0 at the end). What is written in between
   * may have it pass a leaf by or visit one again. Does nothing while there are views.
   */
  rewrite(weight: number, move: (address: number) => number): number {
    if (this.views.length > 0 || this.seek(rewriting, weight) < 0) return 0
    this.changes++
    const { depth, nodes } = rewriting
    for (let level = 0; level < depth; level++) {
      if (this.entries.isLeaving(nodes[level])) this.link(rewriting, level, this.moveNode(nodes[level]))
    }
    const { leaf } = rewriting
    const count = this.countOf(leaf)
    for (let index = 0; index < count; index++) this.setChild(leaf, index, move(this.childOf(leaf, index)))
    this.leastChanged(rewriting, depth - 1)
    rewriting.enter(leaf, 0)
    const next = rewriting.weightBefore() + this.weightOf(leaf, 0, count)
    return next < this.weight ? next : 0
  }

  /** Nobody but views needs the tree any more. What it holds is freed in slices. */
  drop(): void {
    if (this.dropped) return
    this.dropped = true
    if (this.views.length === 0) this.discard()
  }

  /**
   * `view` reads the tree as it is now, until closeView(): nodes of up to its epoch are shared from here on. Returns the
   * epoch.
   */
  openView(view: TreeKeeper): number {
    if (this.epoch === LAST_EPOCH) throw new RangeError('ordered tree: too many views have been opened')
    this.sharedUpTo = this.epoch
    this.views = [...this.views, view]
    this.newestView = view
    return this.epoch++
  }

  closeView(view: TreeKeeper): void {
    this.views = this.views.filter(each => each !== view)
    this.newestView = this.views.at(-1) ?? null
    this.sharedUpTo = this.newestView?.epoch ?? -1
    if (this.dropped && this.views.length === 0) this.discard()
  }

  private discard(): void {
    const { depth, entries } = this
    const remains = this.takeRemains()
    if (depth > 0) entries.remains.push(remains)
  }

  /**
   * All that a tree without views holds, for who frees it himself; nobody else needs the tree any more. `owner`: who frees its
   * elements.
   */
  takeRemains(owner: Pick<TreeOwner<P>, 'free'> = this.owner): TreeRemains {
    const { depth, root } = this
    this.root = this.depth = this.count = this.weight = 0
    return new TreeRemains(this, root, depth, owner, this)
  }

  /** The tree's last node has gone. */
  ended(): void {
    this.entries.tableBytes -= TREE_OBJECT_BYTES
    this.entries.tableReservedBytes -= TREE_OBJECT_BYTES
  }

  private checkCursor(cursor: TreeCursor): void {
    if (cursor.changes !== this.changes) throw new Error('ordered tree: the cursor is from before a change')
  }
  private checkEntry(cursor: TreeCursor): void {
    this.checkCursor(cursor)
    if (!cursor.isAtEntry) throw new RangeError('ordered tree: there is no entry at the cursor')
  }
}
