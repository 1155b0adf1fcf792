/**
 * An ordered tree as it is at one moment, read bit by bit while others write to it: what long replies and snapshots are made
 * of.
 *
 * Taking a view copies nothing. Every node has the epoch in which it was made; a view shares all nodes of up to its own, and
 * writers copy such a node, and those on the way to it, before the first change (path copying, as in LMDB and ZFS). What
 * leaves the tree that way is noted with the newest view; when that is closed, each node goes on to the next older view if it
 * is old enough for that one to see it, and is freed otherwise (the deadlists of ZFS). So any number of views costs a writer
 * no more than one.
 *
 * Elements that leave the tree while a view sees them are kept in the same way. A leaf has a bit for each entry that came
 * after the newest view, so that what comes and goes meanwhile is freed at once; only what came between two views is kept for
 * the older one too, until that is closed. In return, while there is a view, elements it sees (OrderedTree.isViewed) are
 * replaced instead of changed, and an address that a view has kept must not be put into the tree again.
 *
 * Since it costs nothing, a snapshot has a view of a tree only from when it comes to it, or from just before the first write.
 *
 * A walk, if it is the only view, gives the leaves that it has passed back to the tree: they are neither copied nor are their
 * elements kept from then on. At worst a view costs the memory of all nodes once more, and of all elements that it saw.
 */
import { performance } from '../../clock/platform.js'
import { AddressList } from './address-list.js'
import { TreeCursor } from './cursor.js'
import type { TreeKeeper } from './edit.js'
import type { OrderedTree } from './ordered-tree.js'

const FREED_BETWEEN_CLOCK_READS = 64
/** A view's cursor is none at which the tree may be changed. */
const NO_CHANGES = -1

/** A walk goes one way, once; otherwise the cursor goes where it likes. */
export type ViewUse = 'forward' | 'backward' | 'any'

export class TreeView<P> implements TreeKeeper {
  readonly tree: OrderedTree<P>
  readonly epoch: number
  /** Number of entries in the view, and the sum of their weights. */
  readonly count: number
  readonly weight: number
  /** Where the view is being read; seek() sets it. */
  readonly cursor = new TreeCursor()
  private readonly use: ViewUse
  private readonly root: number
  private readonly depth: number
  private readonly nodes: AddressList
  private readonly elements: AddressList
  private started = false
  private ended = false
  private closed = false

  /** close() has to follow. O(open views). */
  constructor(tree: OrderedTree<P>, use: ViewUse) {
    this.tree = tree
    this.use = use
    this.root = tree.root
    this.depth = tree.depth
    this.count = tree.count
    this.weight = tree.weight
    this.nodes = new AddressList(tree.entries)
    this.elements = new AddressList(tree.entries)
    this.epoch = tree.openView(this)
    tree.entries.openViews++
  }

  /** As OrderedTree.seek(), in the view. A walk begins with it. */
  seek(weight: number): number {
    if (this.started && this.use !== 'any') throw new Error('ordered tree: a walk begins once')
    const { cursor, depth, root, tree } = this
    this.started = true
    this.ended = this.closed
    cursor.begin(tree, depth, NO_CHANGES)
    if (weight < this.weight) return cursor.toWeight(root, weight)
    if (depth > 0) {
      cursor.toLast(root, 0)
      cursor.next()
    }
    return -1
  }

  /** As OrderedTree.find(), in the view. Not for walks. */
  find(high: number, low: number, probe: P): boolean {
    const { cursor, depth, root, tree } = this
    cursor.begin(tree, depth, NO_CHANGES)
    return tree.findFrom(cursor, root, high, low, probe)
  }

  /** As OrderedTree.upperBound(), in the view. Not for walks. */
  upperBound(high: number, low: number, probe: P | null): boolean {
    const { cursor, depth, root, tree } = this
    cursor.begin(tree, depth, NO_CHANGES)
    return tree.upperBoundFrom(cursor, root, high, low, probe)
  }

  /** Goes to the next entry of the walk; false when there is none. */
  step(): boolean {
    if (this.ended) return false
    const { cursor, tree } = this
    const { leaf } = cursor
    const more = this.use === 'backward' ? cursor.previous() : cursor.next()
    this.ended = !more
    if ((!more || cursor.leaf !== leaf) && this.use !== 'any' && this.depth > 0 && tree.views.length === 1) {
      tree.giveBack(leaf)
    }
    return more
  }

  keepNode(node: number): void {
    this.nodes.add(node)
  }
  keepElement(address: number): void {
    this.elements.add(address)
  }

  /** Nobody needs the view any more. What it kept in memory is freed in slices. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.ended = true
    const { entries } = this.tree
    this.tree.closeView(this)
    entries.openViews--
    if (!this.nodes.isEmpty || !this.elements.isEmpty) entries.remains.push(this)
  }

  /** Frees what no older view needs, until `deadlineMs` (performance.now()); true when nothing is left. */
  freeSome(deadlineMs: number): boolean {
    const { elements, nodes, tree } = this
    const heir = this.nextOlder()
    for (let freed = 1; ; freed++) {
      if (!nodes.isEmpty) {
        const node = nodes.take()
        if (heir !== null && tree.epochOf(node) <= heir.epoch) heir.keepNode(node)
        else tree.freeNode(node)
      } else if (!elements.isEmpty) {
        const address = elements.take()
        if (heir !== null) heir.keepElement(address)
        else tree.owner.free(address)
      } else return true
      if (freed % FREED_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
  }

  private nextOlder(): TreeKeeper | null {
    let older: TreeKeeper | null = null
    for (const view of this.tree.views) if (view.epoch < this.epoch) older = view
    return older
  }
}
