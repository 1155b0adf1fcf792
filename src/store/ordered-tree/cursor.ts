/**
 * A place in an ordered tree: the way to it from the root, and what of its leaf is looked at most. next() and previous() go
 * up and down the inner nodes at a leaf's end (leaves are not linked, lest a copy of one is a copy of all); in a leaf they
 * count. Nothing is allocated: owners keep a cursor and use it again. It is good until its tree changes.
 */
import type { TreeNodes } from './node.js'

/** Four billion entries make 6 levels of half-full nodes, 9 of the emptiest that removals can leave. */
export const MOST_LEVELS = 16
const NO_WORDS = new Uint32Array(0)

export class TreeCursor {
  /** Nodes from the root to the leaf, and which of each one's children is on the way. */
  readonly nodes = new Uint32Array(MOST_LEVELS)
  readonly indexes = new Uint8Array(MOST_LEVELS)
  /** Levels of the tree, 0 for an empty one. */
  depth = 0
  /** The entry in the leaf; its count behind the tree's last entry, -1 before the first. */
  index = 0
  /** How often the tree had changed when the cursor was set. */
  changes = 0
  private tree: TreeNodes | null = null
  private words: Uint32Array = NO_WORDS
  private first = 0
  private count = 0
  private capacity = 0

  get leaf(): number {
    return this.nodes[this.depth - 1]
  }
  /** Whether there is an entry here. */
  get isAtEntry(): boolean {
    return this.index >= 0 && this.index < this.count
  }
  get isAtLastOfLeaf(): boolean {
    return this.index >= this.count - 1
  }

  /** The entry's address. */
  get address(): number {
    return this.words[this.first + this.index]
  }
  /** The halves of its prefix (sort-prefix.ts); for trees with an order. */
  get high(): number {
    return this.words[this.first + this.capacity + this.index] | 0
  }
  get low(): number {
    return this.words[this.first + 2 * this.capacity + this.index] | 0
  }
  /** Its weight. */
  get weight(): number {
    return this.tree === null ? 0 : this.tree.weightOf(this.leaf, this.index, 1)
  }

  /** Begins at the root of a tree, or of what a view has of one. */
  begin(tree: TreeNodes, depth: number, changes: number): void {
    this.tree = tree
    this.depth = depth
    this.changes = changes
    this.index = 0
    this.count = 0
  }

  /** The way ends in entry `index` of `leaf`. */
  enter(leaf: number, index: number): void {
    const { tree } = this
    if (tree === null) return
    this.nodes[this.depth - 1] = leaf
    this.words = tree.wordsOf(leaf)
    this.first = tree.columnsAt(leaf)
    this.count = tree.countOf(leaf)
    this.capacity = tree.capacityOf(leaf)
    this.index = index
  }

  /** Goes from `node`, on `level`, down to the first entry below it. */
  toFirst(node: number, level: number): void {
    const { depth, tree } = this
    if (tree === null) return
    for (; level < depth - 1; level++) {
      this.nodes[level] = node
      this.indexes[level] = 0
      node = tree.childOf(node, 0)
    }
    this.enter(node, 0)
  }

  /** Goes from `node`, on `level`, down to the last entry below it. */
  toLast(node: number, level: number): void {
    const { depth, tree } = this
    if (tree === null) return
    for (; level < depth - 1; level++) {
      this.nodes[level] = node
      this.indexes[level] = tree.countOf(node) - 1
      node = tree.childOf(node, this.indexes[level])
    }
    this.enter(node, tree.countOf(node) - 1)
  }

  /** Goes to the next entry; false, and behind the last one, when there is none. */
  next(): boolean {
    if (this.index + 1 < this.count) {
      this.index++
      return true
    }
    return this.nextLeaf()
  }

  /** Goes to the first entry of the next leaf; false, and behind the last entry, when there is none. */
  nextLeaf(): boolean {
    const { indexes, nodes, tree } = this
    if (tree === null) return false
    for (let level = this.depth - 2; level >= 0; level--) {
      if (indexes[level] + 1 >= tree.countOf(nodes[level])) continue
      indexes[level]++
      this.toFirst(tree.childOf(nodes[level], indexes[level]), level + 1)
      return true
    }
    this.index = this.count
    return false
  }

  /** Goes to the entry before this one; false, and before the first one, when there is none. */
  previous(): boolean {
    if (this.index > 0) {
      this.index--
      return true
    }
    const { indexes, nodes, tree } = this
    if (tree === null) return false
    for (let level = this.depth - 2; level >= 0; level--) {
      if (indexes[level] === 0) continue
      indexes[level]--
      this.toLast(tree.childOf(nodes[level], indexes[level]), level + 1)
      return true
    }
    this.index = -1
    return false
  }

  /** Goes from the root to the entry in which `weight`, less than the tree's, falls: returns how far into it. */
  toWeight(root: number, weight: number): number {
    const { depth, tree } = this
    if (tree === null) return 0
    let node = root
    for (let level = 0; level < depth - 1; level++) {
      const words = tree.wordsOf(node)
      const first = tree.weightsAt(node, true)
      let index = 0
      for (let each = words[first]; each <= weight; each = words[first + ++index]) weight -= each
      this.nodes[level] = node
      this.indexes[level] = index
      node = tree.childOf(node, index)
    }
    if (!tree.shape.weighted) {
      this.enter(node, weight)
      return 0
    }
    const words = tree.wordsOf(node)
    const first = tree.weightsAt(node, false)
    let index = 0
    for (let each = words[first]; each <= weight; each = words[first + ++index]) weight -= each
    this.enter(node, index)
    return weight
  }

  /** Weight of all entries before this place. O(log n). */
  weightBefore(): number {
    const { depth, tree } = this
    if (tree === null || depth === 0 || this.index < 0) return 0
    let weight = tree.weightOf(this.leaf, 0, this.index)
    for (let level = 0; level < depth - 1; level++) weight += tree.weightOf(this.nodes[level], 0, this.indexes[level])
    return weight
  }
}
