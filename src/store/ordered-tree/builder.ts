/** Puts entries that come in order behind those a tree has, a leaf at a time: O(n) for all, and full leaves. */

import { TreeCursor } from './cursor.js'
import type { OrderedTree } from './ordered-tree.js'

const scratch = new TreeCursor()

export class TreeBuilder<P> {
  private readonly tree: OrderedTree<P>
  /** The leaf that is being filled, not in the tree yet. */
  private leaf = 0

  /** Nobody else is to write to the tree until finish(), which has to follow. */
  constructor(tree: OrderedTree<P>) {
    this.tree = tree
  }

  add(high: number, low: number, address: number, weight = 1): void {
    const { tree } = this
    if (this.leaf === 0) this.leaf = tree.makeNode(tree.shape.leafCapacity, false)
    tree.pushEntry(this.leaf, high, low, address, weight)
    if (tree.countOf(this.leaf) === tree.shape.leafCapacity) this.finish()
  }

  /** Puts what has been added into the tree as a whole. */
  finish(): void {
    const { leaf } = this
    this.leaf = 0
    if (leaf === 0) return
    if (this.tree.countOf(leaf) > 0) this.tree.appendLeaf(scratch, leaf)
    else this.tree.freeNode(leaf)
  }
}
