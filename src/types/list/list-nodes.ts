/**
 * The nodes of a long list in order: an ordered tree (store/ordered-tree) of their addresses, each as heavy as it has elements, so
 * that an element is found by its index in O(log n). An element's index names its node here as well: what merges or splits nodes
 * changes no index.
 *
 * list-compress-depth d: the first d and the last d nodes are as they are, those between are compressed where that pays. That holds
 * whenever a change is done (`settle`), as it does in Redis; only that there a node between, of which an insertion makes one that
 * is worth compressing, waits for it until it is next read.
 */
import type { Aggregate } from '../../store/aggregate.js'
import type { Entries } from '../../store/entries.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { OrderedTree, type TreeOwner, WEIGHTED } from '../../store/ordered-tree/ordered-tree.js'
import { TreeRemains } from '../../store/ordered-tree/remains.js'
import { compressedNode, freeNode, unpackedNode } from './list-node.js'

/** JavaScript objects behind a list, beside its tree, as measured: for memory accounts. */
const LIST_OBJECT_BYTES = 96

const settling = new TreeCursor()

export abstract class ListNodes implements Aggregate, TreeOwner<null> {
  readonly entries: Entries
  /** The tree, of whose first and last nodes the ends may know better (list-ends.ts). */
  protected readonly nodes: OrderedTree<null>
  /** list-max-listpack-size and list-compress-depth, as they were when the list was made. */
  readonly fill: number
  readonly depth: number
  lazyObjects = 0
  readonly table = null
  private remains: TreeRemains | null = null
  private counted = true

  constructor(entries: Entries, fill: number, depth: number) {
    this.entries = entries
    this.fill = fill
    this.depth = depth
    this.nodes = new OrderedTree(entries, WEIGHTED, this)
    entries.tableBytes += LIST_OBJECT_BYTES
    entries.tableReservedBytes += LIST_OBJECT_BYTES
  }

  /** The tree of all nodes as they are. */
  abstract get tree(): OrderedTree<null>
  /** Number of elements. */
  abstract get length(): number
  /** Number of nodes. */
  get nodeCount(): number {
    return this.nodes.count
  }

  // As the store sees it

  /** Only asked of trees in order. */
  compare(): number {
    return 0
  }
  free(node: number): void {
    freeNode(this.entries, node)
  }

  get memoryBytes(): number {
    return LIST_OBJECT_BYTES + this.nodes.memoryBytes
  }
  get freeEffort(): number {
    return this.nodes.count
  }
  get entriesMayMove(): boolean {
    return this.nodes.views.length === 0
  }

  keptByViews(): boolean {
    if (this.nodes.views.length === 0) return false
    this.uncount()
    this.tree.drop()
    return true
  }

  freeSome(deadlineMs: number): boolean {
    const { tree } = this
    this.remains ??= new TreeRemains(tree, tree.root, tree.depth, this, tree)
    return this.remains.freeSome(deadlineMs)
  }

  close(): void {
    this.uncount()
    if (this.remains === null) this.tree.drop()
  }

  private uncount(): void {
    if (!this.counted) return
    this.counted = false
    this.entries.tableBytes -= LIST_OBJECT_BYTES
    this.entries.tableReservedBytes -= LIST_OBJECT_BYTES
  }

  rewrite(cursor: number, move: (address: number, bytes: number) => number): number {
    const { entries } = this
    return this.tree.rewrite(cursor, node => move(node, entries.slotBytesAt(node)))
  }
  compact(): void {}

  // Changes

  /** Whether the cursor's node is to stay as it is, because a view sees it. */
  protected stays(cursor: TreeCursor): boolean {
    return this.tree.newestView !== null && this.tree.isViewed(cursor)
  }

  /** `node`, of `count` elements, takes the place of the cursor's node, if that is another one. The cursor stays good. */
  protected put(cursor: TreeCursor, node: number, count: number): void {
    const { tree } = this
    const old = cursor.address
    if (node !== old && !tree.replace(cursor, node)) freeNode(this.entries, old)
    tree.setWeight(cursor, count)
  }

  /** Puts a node of `count` elements before the node that begins with element `index`, or behind the last one. */
  protected insertNode(index: number, node: number, count: number): void {
    this.tree.seek(settling, index)
    this.tree.insertBefore(settling, node, count)
  }

  /** Takes out the cursor's node, which goes. The cursor is no good after that. */
  protected removeNode(cursor: TreeCursor): void {
    const node = cursor.address
    if (!this.tree.remove(cursor)) freeNode(this.entries, node)
  }

  /**
   * To be called when nodes have come, gone or changed: brings those at both ends in order, and those that begin with an element
   * from `from` to before `to`. O(d).
   */
  protected settle(from: number, to: number): void {
    if (this.depth === 0) return
    const { depth, tree } = this
    const cursor = settling
    let more = tree.first(cursor)
    for (let i = 0; more && i < depth; i++) {
      this.unpack(cursor)
      more = cursor.next()
    }
    if (!more) return
    const start = cursor.weightBefore()
    more = tree.last(cursor)
    for (let i = 0; more && i < depth; i++) {
      this.unpack(cursor)
      more = cursor.previous()
    }
    if (!more) return
    const last = cursor.weightBefore()
    if (last < start) return
    this.compressAt(start)
    this.compressAt(last)
    let into = tree.seek(cursor, Math.max(from, start))
    let index = Math.max(from, start) - into
    while (into >= 0 && index < to && index <= last) {
      const { weight } = cursor
      if (index >= from) this.compress(cursor)
      index += weight
      if (!cursor.next()) into = -1
    }
  }

  private compressAt(index: number): void {
    this.tree.seek(settling, index)
    this.compress(settling)
  }

  private compress(cursor: TreeCursor): void {
    const node = compressedNode(this.entries, cursor.address)
    if (node !== 0) this.put(cursor, node, cursor.weight)
  }

  private unpack(cursor: TreeCursor): void {
    const node = unpackedNode(this.entries, cursor.address)
    if (node !== 0) this.put(cursor, node, cursor.weight)
  }
}
