/**
 * How an ordered tree (ordered-tree.ts) changes: entries go into leaves and out of them at a cursor, nodes split and merge.
 *
 * A full node that is to get an entry at its start or end leaves it to the neighbour there, or, if that is full too or the
 * tree ends there, to a new node: runs of ascending or descending keys leave full nodes behind. Otherwise it splits in
 * halves. A node that is less than half full merges with a neighbour when both together fill three quarters; one that cannot
 * moves to a smaller slot when half of its own is free. So slots are at least half full whatever was removed, and inner nodes
 * have 16 children on average in the worst case. There is no borrowing between neighbours: it would save nothing.
 *
 * A node that views share is never changed: the way from the root to it is copied first, and the views keep the old one.
 */
import { MOST_LEVELS, type TreeCursor } from './cursor.js'
import { INNER_TIE_COLUMN, LEAF_TIE_COLUMN, TreeNodes } from './node.js'

/** Weights are unsigned 32-bit numbers, and so is their sum: more than 32 GiB of memory can name. */
export const MOST_WEIGHT = 0xffffffff
/** Room that a node gets which begins with one entry in a tree of several nodes. */
const BEGUN_CAPACITY = 16
/** Merging takes a look at two neighbours; leaves do so at every fourth removal only. */
const MERGES_AT_MASK = 3

/** A view of a tree, as the tree sees it. The newest one gets what leaves the tree. */
export interface TreeKeeper {
  /** The tree was viewed at the end of this epoch. */
  readonly epoch: number
  /** The node has left the tree. It will be freed when no view needs it. */
  keepNode(node: number): void
  /** The element has left the tree. It will be freed when no view needs it. */
  keepElement(address: number): void
}

/** An entry on its way into a node, a word a column. */
const item = new Uint32Array(8)

function roomFor(count: number): number {
  return count + Math.max(1, count >>> 2)
}

export class EditableTree extends TreeNodes {
  /** The root node and the number of levels; 0 while the tree is empty. */
  root = 0
  depth = 0
  /** Number of entries, and the sum of their weights. */
  count = 0
  weight = 0
  /** Counts changes that cursors do not survive. */
  changes = 0
  newestView: TreeKeeper | null = null

  /** Puts an entry at the cursor, which may be behind the last entry of a leaf. The cursor is no good after that. */
  protected insertHere(cursor: TreeCursor, high: number, low: number, address: number, weight: number): void {
    this.checkWeight(weight)
    this.checkTotal(weight)
    this.changes++
    this.count++
    this.weight += weight
    if (this.depth === 0) {
      this.root = this.makeNode(1, false)
      this.depth = 1
      this.pushEntry(this.root, high, low, address, weight)
      return
    }
    this.own(cursor)
    this.addWeight(cursor, weight)
    this.makeEntry(high, low, address, weight)
    this.place(cursor, this.depth - 1, cursor.index)
  }

  /** An entry is to have this weight. */
  protected checkWeight(weight: number): void {
    if (this.shape.weighted ? weight >= 1 : weight === 1) return
    throw new RangeError(`ordered tree: an entry of weight ${weight}`)
  }
  /** The tree is to weigh more by this. */
  protected checkTotal(more: number): void {
    if (this.weight + more > MOST_WEIGHT) throw new RangeError('ordered tree: weights add up to more than 2^32 - 1')
  }

  /** Takes out `count` entries of the cursor's leaf, from the cursor on, after own(). The cursor is no good after that. */
  protected removeHere(cursor: TreeCursor, count: number): void {
    const weight = this.weightOf(cursor.leaf, cursor.index, count)
    this.changes++
    this.count -= count
    this.weight -= weight
    this.addWeight(cursor, -weight)
    this.erase(cursor, this.depth - 1, cursor.index, count)
  }

  /** Puts an entry at the end of a leaf that has room for it and is not in the tree yet. */
  pushEntry(leaf: number, high: number, low: number, address: number, weight: number): void {
    this.checkWeight(weight)
    this.makeEntry(high, low, address, weight)
    this.putItem(leaf, this.countOf(leaf))
  }

  private makeEntry(high: number, low: number, address: number, weight: number): void {
    item[0] = address
    if (this.shape.ordered) {
      item[1] = high
      item[2] = low
    }
    if (this.shape.weighted) item[this.shape.leafColumns - 1] = weight
  }

  /** Puts a leaf, made for it, behind all others. Its slot becomes one that fits. */
  appendLeaf(cursor: TreeCursor, full: number): void {
    const count = this.countOf(full)
    const leaf = count === this.capacityOf(full) ? full : this.fitted(full)
    const weight = this.weightOf(leaf, 0, count)
    this.checkTotal(weight)
    this.changes++
    this.count += count
    this.weight += weight
    if (this.depth === 0) {
      this.root = leaf
      this.depth = 1
      return
    }
    cursor.begin(this, this.depth, this.changes)
    cursor.toLast(this.root, 0)
    this.own(cursor)
    this.addWeight(cursor, weight)
    this.attach(cursor, this.depth - 1, leaf, weight, true)
  }

  private fitted(leaf: number): number {
    const count = this.countOf(leaf)
    const fitting = this.makeNode(count, false)
    this.append(leaf, 0, count, fitting)
    this.freeNode(leaf)
    return fitting
  }

  /** Copies the nodes on the way to the cursor that views share, so that they can be changed. */
  protected own(cursor: TreeCursor): void {
    if (this.sharedUpTo < 0) return
    for (let level = 0; level < this.depth; level++) this.ownNode(cursor, level)
    cursor.enter(cursor.leaf, cursor.index)
  }

  private ownNode(cursor: TreeCursor, level: number): void {
    const node = cursor.nodes[level]
    if (!this.isShared(node)) return
    const copy = this.makeNode(this.capacityOf(node), this.isInner(node))
    this.append(node, 0, this.countOf(node), copy)
    this.retire(node)
    this.link(cursor, level, copy)
  }

  private retire(node: number): void {
    if (this.newestView !== null && this.isShared(node)) this.newestView.keepNode(node)
    else this.freeNode(node)
  }

  /** `node` takes the place of the cursor's node on that level. */
  protected link(cursor: TreeCursor, level: number, node: number): void {
    cursor.nodes[level] = node
    if (level === 0) this.root = node
    else this.setChild(cursor.nodes[level - 1], cursor.indexes[level - 1], node)
  }

  /** Adds to what the inner nodes know of the weight below them, on the way to the cursor. */
  protected addWeight(cursor: TreeCursor, weight: number): void {
    for (let level = 0; level < this.depth - 1; level++) {
      const node = cursor.nodes[level]
      this.wordsOf(node)[this.weightsAt(node, true) + cursor.indexes[level]] += weight
    }
  }

  /** The least entry below the cursor's node on `level` is another one. */
  protected leastChanged(cursor: TreeCursor, level: number): void {
    if (!this.shape.ordered) return
    for (; level > 0; level--) {
      this.copyLeast(cursor.nodes[level], cursor.nodes[level - 1], cursor.indexes[level - 1])
      if (cursor.indexes[level - 1] !== 0) return
    }
  }

  private putItem(node: number, index: number): void {
    this.openGap(node, index)
    const words = this.wordsOf(node)
    const capacity = this.capacityOf(node)
    const columns = this.columns(this.isInner(node))
    let at = this.columnsAt(node) + index
    for (let column = 0; column < columns; column++) {
      words[at] = item[column]
      at += capacity
    }
  }

  /** Puts the item into the cursor's node on `level`, or into one beside it. */
  private place(cursor: TreeCursor, level: number, index: number): void {
    let node = cursor.nodes[level]
    const count = this.countOf(node)
    if (count === this.capacityOf(node)) {
      if (count === this.mostOf(this.isInner(node))) {
        this.split(cursor, level, index)
        return
      }
      node = this.resize(cursor, level, roomFor(count))
    }
    this.putItem(node, index)
    if (index === 0) this.leastChanged(cursor, level)
  }

  /** Moves the cursor's node on `level`, which no view shares, to a slot for `wanted` entries. */
  private resize(cursor: TreeCursor, level: number, wanted: number): number {
    const node = cursor.nodes[level]
    const next = this.makeNode(wanted, this.isInner(node))
    this.append(node, 0, this.countOf(node), next)
    this.freeNode(node)
    this.link(cursor, level, next)
    return next
  }

  /** The cursor's node on `level` is full: the item goes into a neighbour, into a node of its own, or into one half of two. */
  private split(cursor: TreeCursor, level: number, index: number): void {
    const node = cursor.nodes[level]
    const inner = this.isInner(node)
    const count = this.countOf(node)
    if (index === 0 || index === count) {
      const behind = index > 0
      const neighbour = this.neighbour(cursor, level, behind)
      if (neighbour !== 0 && this.countOf(neighbour) < this.mostOf(inner)) {
        this.moveOver(cursor, level, neighbour, behind)
        return
      }
      if (neighbour !== 0 || this.isAtEnd(cursor, level, behind)) {
        const sibling = this.makeNode(BEGUN_CAPACITY, inner)
        this.putItem(sibling, 0)
        this.attach(cursor, level, sibling, this.weightOf(sibling, 0, 1), behind)
        return
      }
    }
    const half = count >>> 1
    const sibling = this.makeNode(roomFor(count - half), inner)
    this.append(node, half, count - half, sibling)
    this.setCount(node, half)
    const left = this.resize(cursor, level, roomFor(half))
    if (index <= half) this.putItem(left, index)
    else this.putItem(sibling, index - half)
    // In a tree with an order nothing comes before a node's least entry but at the tree's start, which is dealt with above.
    this.attach(cursor, level, sibling, this.weightOf(sibling, 0, this.countOf(sibling)), true)
  }

  /** The node behind the cursor's one on `level`, or before it, under the same parent; 0: there is none. */
  private neighbour(cursor: TreeCursor, level: number, behind: boolean): number {
    if (level === 0) return 0
    const parent = cursor.nodes[level - 1]
    const index = cursor.indexes[level - 1] + (behind ? 1 : -1)
    return index >= 0 && index < this.countOf(parent) ? this.childOf(parent, index) : 0
  }

  /** Whether the cursor's node on `level` is the tree's last one there, or its first. */
  private isAtEnd(cursor: TreeCursor, level: number, last: boolean): boolean {
    for (let above = 0; above < level; above++) {
      if (cursor.indexes[above] !== (last ? this.countOf(cursor.nodes[above]) - 1 : 0)) return false
    }
    return true
  }

  /** The item goes to the near end of a neighbour that has room, and the cursor with it. */
  private moveOver(cursor: TreeCursor, level: number, neighbour: number, behind: boolean): void {
    const parent = cursor.nodes[level - 1]
    const index = cursor.indexes[level - 1]
    const next = behind ? index + 1 : index - 1
    const weight = this.itemWeight(this.isInner(neighbour))
    const words = this.wordsOf(parent)
    const weights = this.weightsAt(parent, true)
    words[weights + index] -= weight
    words[weights + next] += weight
    cursor.indexes[level - 1] = next
    cursor.nodes[level] = neighbour
    this.ownNode(cursor, level)
    this.place(cursor, level, behind ? 0 : this.countOf(neighbour))
  }

  private itemWeight(inner: boolean): number {
    if (!inner && !this.shape.weighted) return 1
    return item[this.columns(inner) - 1]
  }

  /** Puts a new node beside the cursor's one on `level`, of whose weight it takes over a part. */
  private attach(cursor: TreeCursor, level: number, sibling: number, weight: number, behind: boolean): void {
    if (level > 0) {
      const parent = cursor.nodes[level - 1]
      const index = cursor.indexes[level - 1]
      this.wordsOf(parent)[this.weightsAt(parent, true) + index] -= weight
      this.makeItem(sibling, weight)
      this.place(cursor, level - 1, behind ? index + 1 : index)
      return
    }
    if (this.depth === MOST_LEVELS) throw new RangeError('ordered tree: too many levels')
    const root = this.makeNode(2, true)
    this.makeItem(this.root, this.weight - weight)
    this.putItem(root, 0)
    this.makeItem(sibling, weight)
    this.putItem(root, behind ? 1 : 0)
    this.root = root
    this.depth++
  }

  /** Makes the item one for an inner node: a child. */
  private makeItem(child: number, weight: number): void {
    item[0] = child
    if (this.shape.ordered) {
      const words = this.wordsOf(child)
      const first = this.columnsAt(child)
      const capacity = this.capacityOf(child)
      item[1] = words[first + capacity]
      item[2] = words[first + 2 * capacity]
      item[INNER_TIE_COLUMN] = words[first + (this.isInner(child) ? INNER_TIE_COLUMN : LEAF_TIE_COLUMN) * capacity]
    }
    item[this.shape.innerColumns - 1] = weight
  }

  /** Takes `count` entries out of the cursor's node on `level`, whose weight the nodes above do not know any more. */
  private erase(cursor: TreeCursor, level: number, index: number, count: number): void {
    const node = cursor.nodes[level]
    const inner = this.isInner(node)
    const left = this.countOf(node) - count
    if (left === 0) {
      this.freeNode(node)
      if (level > 0) this.erase(cursor, level - 1, cursor.indexes[level - 1], 1)
      else this.root = this.depth = 0
      return
    }
    this.closeGap(node, index, count)
    if (index === 0) this.leastChanged(cursor, level)
    if (level === 0 && inner && left === 1) {
      this.lowerRoot()
      return
    }
    const looks = inner || count > 1 || (left & MERGES_AT_MASK) === 0
    if (level > 0 && looks && left < this.mostOf(inner) >>> 1 && this.mergeWithNeighbour(cursor, level)) return
    if (left * 2 < this.capacityOf(node)) this.resize(cursor, level, roomFor(left))
  }

  /** A root with only one child is one level too many. */
  private lowerRoot(): void {
    while (this.depth > 1 && this.countOf(this.root) === 1) {
      const child = this.childOf(this.root, 0)
      this.retire(this.root)
      this.root = child
      this.depth--
    }
  }

  private mergeWithNeighbour(cursor: TreeCursor, level: number): boolean {
    const parent = cursor.nodes[level - 1]
    const index = cursor.indexes[level - 1]
    if (index > 0 && this.canMerge(parent, index - 1)) this.merge(cursor, level, index - 1)
    else if (index + 1 < this.countOf(parent) && this.canMerge(parent, index)) this.merge(cursor, level, index)
    else return false
    return true
  }

  /** Whether children `index` and the one behind it make a node that is three quarters full at most. */
  private canMerge(parent: number, index: number): boolean {
    const child = this.childOf(parent, index)
    const count = this.countOf(child) + this.countOf(this.childOf(parent, index + 1))
    return count * 4 <= this.mostOf(this.isInner(child)) * 3
  }

  private merge(cursor: TreeCursor, level: number, index: number): void {
    const parent = cursor.nodes[level - 1]
    const left = this.childOf(parent, index)
    const right = this.childOf(parent, index + 1)
    const leftCount = this.countOf(left)
    const rightCount = this.countOf(right)
    const merged = this.makeNode(roomFor(leftCount + rightCount), this.isInner(left))
    this.append(left, 0, leftCount, merged)
    this.append(right, 0, rightCount, merged)
    this.retire(left)
    this.retire(right)
    this.setChild(parent, index, merged)
    const words = this.wordsOf(parent)
    const weights = this.weightsAt(parent, true)
    words[weights + index] += words[weights + index + 1]
    this.erase(cursor, level - 1, index + 1, 1)
  }
}
