/**
 * The nodes of an ordered tree (ordered-tree.ts): slots of slab memory, in columns.
 *
 *   word 0      the epoch in which the node was made: views of that epoch and later ones share it (view.ts)
 *   word 1      bits 0..7 entries in use, 8..15 entries there is room for, 16 an inner node
 *   words 2, 3  of a leaf, a bit for each entry: no view sees it. Kept up only while there are views.
 *   columns     of a leaf: address; high and low half of the prefix; weight
 *               of an inner node: child; high and low half of the prefix of the least entry below it; that entry's address;
 *               weight below it
 *
 * A tree without an order has no prefixes, and one whose entries all weigh 1 no weights in its leaves. A node has some 62
 * entries at most, what fits the slot class below 64; it starts small and moves to a larger slot a quarter larger each time,
 * so that the leaves of random inserts are nine tenths full on average instead of two thirds.
 */
import type { Entries } from '../entries.js'
import { CHUNK_SHIFT, Slabs, UNIT_MASK } from '../slabs/slabs.js'

const MOST_ENTRIES = 64
const EPOCH_WORD = 0
const INFO_WORD = 1
const UNSEEN_WORD = 2
/** Words before a node's columns. */
export const HEADER_WORDS = 4

const COUNT_MASK = 0xff
const CAPACITY_SHIFT = 8
const CAPACITY_MASK = 0xff
const INNER = 1 << 16

/** The columns of the prefix, in leaves and inner nodes alike; column 0 is the address or the child. */
const HIGH_COLUMN = 1
const LOW_COLUMN = 2
/** Column of the address that goes with a prefix, where prefixes are equal. */
export const LEAF_TIE_COLUMN = 0
export const INNER_TIE_COLUMN = 3

/** What an entry and a child of a tree have. */
export class NodeShape {
  readonly ordered: boolean
  readonly weighted: boolean
  readonly leafColumns: number
  readonly innerColumns: number
  readonly leafCapacity: number
  readonly innerCapacity: number

  constructor(ordered: boolean, weighted: boolean) {
    this.ordered = ordered
    this.weighted = weighted
    this.leafColumns = 1 + (ordered ? 2 : 0) + (weighted ? 1 : 0)
    this.innerColumns = 2 + (ordered ? 3 : 0)
    this.leafCapacity = mostEntries(this.leafColumns)
    this.innerCapacity = mostEntries(this.innerColumns)
  }
}

/** As many entries as fit the largest slot class for up to 64 of them. */
function mostEntries(columns: number): number {
  let bytes = (HEADER_WORDS + MOST_ENTRIES * columns) * 4
  while (Slabs.slotBytes(bytes) !== bytes) bytes -= 8
  return entriesIn(bytes, columns)
}

function entriesIn(bytes: number, columns: number): number {
  return Math.floor((bytes / 4 - HEADER_WORDS) / columns)
}

/** Memory of the nodes of one tree. */
export class TreeNodes {
  readonly entries: Entries
  readonly shape: NodeShape
  /** Bytes in nodes, those included that only views have still. */
  nodeBytes = 0
  /** The epoch of nodes that are made now; views that are opened get it and begin the next. */
  epoch = 0
  /** Epoch of the newest view, -1 without one: nodes up to it are shared, and not to be changed. */
  sharedUpTo = -1

  constructor(entries: Entries, shape: NodeShape) {
    this.entries = entries
    this.shape = shape
  }

  /** The memory of a node, and the place of its first column in it. */
  wordsOf(node: number): Uint32Array {
    return this.entries.words[node >>> CHUNK_SHIFT]
  }
  columnsAt(node: number): number {
    return ((node & UNIT_MASK) << 1) + HEADER_WORDS
  }

  private header(node: number, word: number): number {
    return this.entries.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + word]
  }
  countOf(node: number): number {
    return this.header(node, INFO_WORD) & COUNT_MASK
  }
  capacityOf(node: number): number {
    return (this.header(node, INFO_WORD) >>> CAPACITY_SHIFT) & CAPACITY_MASK
  }
  isInner(node: number): boolean {
    return (this.header(node, INFO_WORD) & INNER) !== 0
  }
  epochOf(node: number): number {
    return this.header(node, EPOCH_WORD)
  }
  isShared(node: number): boolean {
    return this.header(node, EPOCH_WORD) <= this.sharedUpTo
  }

  protected setCount(node: number, count: number): void {
    const words = this.wordsOf(node)
    const word = ((node & UNIT_MASK) << 1) + INFO_WORD
    words[word] = (words[word] & ~COUNT_MASK) | count
  }

  /**
   * The only view has read the leaf and will not come back: it is the tree's again, if the tree still has it (if not, this does
   * nothing but let the leaf go with the view's others).
   */
  giveBack(leaf: number): void {
    const words = this.wordsOf(leaf)
    const first = (leaf & UNIT_MASK) << 1
    words[first + EPOCH_WORD] = this.epoch
    words[first + UNSEEN_WORD] = 0xffffffff
    words[first + UNSEEN_WORD + 1] = 0xffffffff
  }

  columns(inner: boolean): number {
    return inner ? this.shape.innerColumns : this.shape.leafColumns
  }
  mostOf(inner: boolean): number {
    return inner ? this.shape.innerCapacity : this.shape.leafCapacity
  }

  private bytesFor(capacity: number, inner: boolean): number {
    return (HEADER_WORDS + capacity * this.columns(inner)) * 4
  }

  /** An empty node with room for `wanted` entries and what else its slot has room for. */
  makeNode(wanted: number, inner: boolean): number {
    const most = this.mostOf(inner)
    const slotBytes = Slabs.slotBytes(this.bytesFor(Math.min(wanted, most), inner))
    const capacity = Math.min(most, entriesIn(slotBytes, this.columns(inner)))
    const node = this.entries.allocate(slotBytes)
    const words = this.wordsOf(node)
    const first = (node & UNIT_MASK) << 1
    words[first + EPOCH_WORD] = this.epoch
    words[first + INFO_WORD] = (capacity << CAPACITY_SHIFT) | (inner ? INNER : 0)
    words[first + UNSEEN_WORD] = 0
    words[first + UNSEEN_WORD + 1] = 0
    this.nodeBytes += slotBytes
    return node
  }

  freeNode(node: number): void {
    const slotBytes = this.slotBytesOf(node)
    this.entries.free(node, slotBytes)
    this.nodeBytes -= slotBytes
  }

  private slotBytesOf(node: number): number {
    return Slabs.slotBytes(this.bytesFor(this.capacityOf(node), this.isInner(node)))
  }

  /** The same node in another slot; for trees without views, as nothing but one parent may know the old one. */
  protected moveNode(node: number): number {
    const slotBytes = this.slotBytesOf(node)
    const next = this.entries.allocate(slotBytes)
    const first = (node & UNIT_MASK) << 1
    this.wordsOf(next).set(this.wordsOf(node).subarray(first, first + slotBytes / 4), (next & UNIT_MASK) << 1)
    this.entries.free(node, slotBytes)
    return next
  }

  /** Copies `count` entries to the end of another node of the same kind, which has room for them. */
  protected append(from: number, index: number, count: number, to: number): void {
    const inner = this.isInner(from)
    const source = this.wordsOf(from)
    const target = this.wordsOf(to)
    const fromCapacity = this.capacityOf(from)
    const toCapacity = this.capacityOf(to)
    const end = this.countOf(to)
    let read = this.columnsAt(from) + index
    let write = this.columnsAt(to) + end
    for (let column = this.columns(inner); column > 0; column--) {
      for (let i = 0; i < count; i++) target[write + i] = source[read + i]
      read += fromCapacity
      write += toCapacity
    }
    this.setCount(to, end + count)
    if (this.sharedUpTo < 0 || inner) return
    const shared = this.isShared(from)
    for (let i = 0; i < count; i++) this.setUnseen(to, end + i, !shared && this.isUnseen(from, index + i))
  }

  /** Makes room for an entry at `index` of a node that has some. */
  protected openGap(node: number, index: number): void {
    const inner = this.isInner(node)
    const words = this.wordsOf(node)
    const count = this.countOf(node)
    const capacity = this.capacityOf(node)
    let first = this.columnsAt(node)
    for (let column = this.columns(inner); column > 0; column--) {
      for (let at = first + count; at > first + index; at--) words[at] = words[at - 1]
      first += capacity
    }
    this.setCount(node, count + 1)
    if (this.sharedUpTo < 0 || inner) return
    for (let i = count; i > index; i--) this.setUnseen(node, i, this.isUnseen(node, i - 1))
    this.setUnseen(node, index, true)
  }

  /** Takes out `count` entries from `index` on. */
  protected closeGap(node: number, index: number, count: number): void {
    const inner = this.isInner(node)
    const words = this.wordsOf(node)
    const left = this.countOf(node) - count
    const capacity = this.capacityOf(node)
    let first = this.columnsAt(node)
    for (let column = this.columns(inner); column > 0; column--) {
      for (let at = first + index; at < first + left; at++) words[at] = words[at + count]
      first += capacity
    }
    this.setCount(node, left)
    if (this.sharedUpTo < 0 || inner) return
    for (let i = index; i < left; i++) this.setUnseen(node, i, this.isUnseen(node, i + count))
  }

  protected isUnseen(leaf: number, index: number): boolean {
    return ((this.header(leaf, UNSEEN_WORD + (index >>> 5)) >>> (index & 31)) & 1) === 1
  }
  protected setUnseen(leaf: number, index: number, unseen: boolean): void {
    const words = this.wordsOf(leaf)
    const word = ((leaf & UNIT_MASK) << 1) + UNSEEN_WORD + (index >>> 5)
    const bit = 1 << (index & 31)
    words[word] = unseen ? words[word] | bit : words[word] & ~bit
  }

  childOf(node: number, index: number): number {
    return this.wordsOf(node)[this.columnsAt(node) + index]
  }
  protected setChild(node: number, index: number, child: number): void {
    this.wordsOf(node)[this.columnsAt(node) + index] = child
  }

  /** Where the weights of a node begin: an inner one, or a leaf of a weighted tree. */
  weightsAt(node: number, inner: boolean): number {
    return this.columnsAt(node) + (this.columns(inner) - 1) * this.capacityOf(node)
  }
  /** Weight of `count` entries of a node from `index` on. */
  weightOf(node: number, index: number, count: number): number {
    const inner = this.isInner(node)
    if (!inner && !this.shape.weighted) return count
    const words = this.wordsOf(node)
    const first = this.weightsAt(node, inner) + index
    let weight = 0
    for (let at = first; at < first + count; at++) weight += words[at]
    return weight
  }

  /** Copies the prefix and the address of a node's least entry to child `index` of its parent. */
  protected copyLeast(node: number, parent: number, index: number): void {
    const from = this.wordsOf(node)
    const to = this.wordsOf(parent)
    const capacity = this.capacityOf(node)
    const parentCapacity = this.capacityOf(parent)
    const source = this.columnsAt(node)
    const target = this.columnsAt(parent) + index
    const tie = this.isInner(node) ? INNER_TIE_COLUMN : LEAF_TIE_COLUMN
    to[target + HIGH_COLUMN * parentCapacity] = from[source + HIGH_COLUMN * capacity]
    to[target + LOW_COLUMN * parentCapacity] = from[source + LOW_COLUMN * capacity]
    to[target + INNER_TIE_COLUMN * parentCapacity] = from[source + tie * capacity]
  }
}
