/** An ordered tree that nobody needs any more: its elements and its nodes are freed leaf by leaf. */
import { performance } from '../../clock/platform.js'
import { TreeCursor } from './cursor.js'
import type { TreeNodes } from './node.js'

/** A leaf is 64 elements at most. */
const LEAVES_BETWEEN_CLOCK_READS = 4

export class TreeRemains {
  private readonly tree: TreeNodes
  private readonly cursor = new TreeCursor()
  private readonly owner: { free(address: number): void }
  private readonly last: { ended(): void }
  private more: boolean

  /** `owner` frees elements; `last` is told when the last node has gone. */
  constructor(
    tree: TreeNodes,
    root: number,
    depth: number,
    owner: { free(address: number): void },
    last: { ended(): void },
  ) {
    this.tree = tree
    this.owner = owner
    this.last = last
    this.more = depth > 0
    this.cursor.begin(tree, depth, 0)
    if (depth > 0) this.cursor.toFirst(root, 0)
    else last.ended()
  }

  /** Frees some of it until `deadlineMs` (performance.now()), four leaves at least; true when nothing is left. */
  freeSome(deadlineMs: number): boolean {
    for (let leaves = 1; this.more; leaves++) {
      this.freeLeaf()
      if (leaves % LEAVES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return !this.more
  }

  private freeLeaf(): void {
    const { cursor, tree } = this
    const { depth, indexes, nodes } = cursor
    do this.owner.free(cursor.address)
    while (!cursor.isAtLastOfLeaf && cursor.next())
    // The leaf goes, and with it the inner nodes of which it was the last.
    let level = depth - 1
    tree.freeNode(nodes[level])
    while (--level >= 0 && indexes[level] + 1 === tree.countOf(nodes[level])) tree.freeNode(nodes[level])
    if (level < 0) {
      this.more = false
      this.last.ended()
      return
    }
    indexes[level]++
    cursor.toFirst(tree.childOf(nodes[level], indexes[level]), level + 1)
  }
}
