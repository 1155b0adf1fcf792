/**
 * The ends of a long list, where most is pushed and popped: the first and the last node are at hand, with how many elements they have,
 * and the tree hears of it when somebody asks for the tree. Only for nodes that are listpacks in slab memory, while nobody views the
 * tree; for others nothing is at hand, and all goes by the tree.
 *
 * While it is at hand, the first node may have free room between its header and its elements: what is pushed at the head goes there
 * and what is popped leaves it, without moving the rest of the node each time.
 */
import {
  LP_COUNT_UNKNOWN,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBytes,
  lpEntrySize,
  lpHeaderCount,
  lpPrev,
} from '../../store/listpack/listpack.js'
import { lpEncodedSize, lpWriteEntry, lpWriteHeader } from '../../store/listpack/listpack-edit.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { OrderedTree } from '../../store/ordered-tree/ordered-tree.js'
import { Slabs, UNIT_MASK } from '../../store/slabs/slabs.js'
import type { ByteRange } from '../byte-range.js'
import { isListpackSlot, resizeSlot } from './list-node.js'
import { ListNodes } from './list-nodes.js'
import { fullBytes, isLargeElement, takesOneMore } from './node-limits.js'

/** A list of so many nodes has room for whole ones at its ends; in a shorter one their slots double as they fill. */
const ROOMY_FROM_NODES = 8
const LEAST_SLOT_BYTES = 64

const end = new TreeCursor()

export abstract class ListEnds extends ListNodes {
  /** The nodes at hand, 0 for none, and their elements. A list of one node has it as the tail. */
  private head = 0
  private headCount = 0
  private tail = 0
  private tailCount = 0
  /** Elements that the tree does not know of; below 0: that are gone. */
  private owed = 0
  /** Free bytes behind the header of the first node, while that one is at hand. */
  private room = 0

  get tree(): OrderedTree<null> {
    if (this.head !== 0 || this.tail !== 0) this.letGo()
    return this.nodes
  }

  get length(): number {
    return this.nodes.weight + this.owed
  }

  /** Nothing is at hand any more. */
  private letGo(): void {
    const { nodes } = this
    this.closeRoom()
    if (this.tail !== 0) {
      nodes.last(end)
      nodes.setWeight(end, this.tailCount)
    }
    if (this.head !== 0) {
      nodes.first(end)
      nodes.setWeight(end, this.headCount)
    }
    this.head = 0
    this.tail = 0
    this.owed = 0
  }

  /** The first or the last node, if that is to be at hand; else 0. */
  private take(atHead: boolean): number {
    const { nodes } = this
    if (nodes.newestView !== null || nodes.count === 0) return 0
    if (atHead && nodes.count > 1) {
      if (this.head !== 0) return this.head
      nodes.first(end)
    } else {
      if (this.tail !== 0) return this.tail
      nodes.last(end)
    }
    const node = end.address
    if (!isListpackSlot(this.entries, node)) return 0
    if (atHead && nodes.count > 1) {
      this.head = node
      this.headCount = end.weight
    } else {
      this.tail = node
      this.tailCount = end.weight
    }
    return node
  }

  /** Shows the first or the last element; false when it is not at hand. */
  protected showAtHand(atHead: boolean, range: ByteRange): boolean {
    const node = this.take(atHead)
    if (node === 0) return false
    const buffer = this.entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    range.readListpack(buffer, atHead ? this.firstOf(at) : this.lastOf(node, buffer, at))
    return true
  }

  /** Adds an element to the first or the last node; false when that is not to be, or not at hand. */
  protected pushAtHand(atHead: boolean, bytes: Buffer, start: number, behind: number): boolean {
    let node = this.take(atHead)
    if (node === 0) return false
    const length = behind - start
    const isHead = node === this.head
    const count = isHead ? this.headCount : this.tailCount
    const { entries } = this
    const now = lpBytes(entries.memory(node), (node & UNIT_MASK) << 3)
    if (isLargeElement(length) || !takesOneMore(this.fill, now, count, length)) return false
    const size = lpEncodedSize(bytes, start, behind)
    if (atHead) {
      if (size > this.room) node = this.openRoom(isHead, node, now, size, count + 1)
    } else if (this.roomOf(node) + now + size > entries.slotBytesAt(node)) {
      this.closeRoom()
      if (now + size > entries.slotBytesAt(node)) node = this.grow(isHead, node, now + size, count + 1)
    }
    const buffer = entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    let gap: number
    if (atHead) {
      this.room -= size
      gap = this.firstOf(at)
    } else {
      gap = this.roomOf(node) + at + now - 1
      buffer[gap + size] = LP_EOF
    }
    lpWriteHeader(buffer, at, now + size, Math.min(LP_COUNT_UNKNOWN, lpHeaderCount(buffer, at) + 1))
    lpWriteEntry(buffer, gap, bytes, start, behind)
    this.note(isHead, 1)
    return true
  }

  /** Removes the first or the last element; false when it is not at hand, or the last one of its node. */
  protected popAtHand(atHead: boolean): boolean {
    const node = this.take(atHead)
    if (node === 0) return false
    const isHead = node === this.head
    if ((isHead ? this.headCount : this.tailCount) === 1) return false
    const { entries } = this
    const buffer = entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    const now = lpBytes(buffer, at)
    let size: number
    if (atHead) {
      size = lpEntrySize(buffer, this.firstOf(at))
      this.room += size
    } else {
      const pos = this.lastOf(node, buffer, at)
      size = this.roomOf(node) + at + now - 1 - pos
      buffer[pos] = LP_EOF
    }
    const known = lpHeaderCount(buffer, at)
    lpWriteHeader(buffer, at, now - size, known === LP_COUNT_UNKNOWN ? known : known - 1)
    this.note(isHead, -1)
    const slot = entries.slotBytesAt(node)
    if (slot > LEAST_SLOT_BYTES && (now - size) * 4 < slot && this.nodes.count < ROOMY_FROM_NODES) {
      this.resize(isHead, node, 2 * (now - size))
    }
    return true
  }

  /** Free bytes ahead of the elements of a node at hand. */
  private roomOf(node: number): number {
    return node === this.head || this.nodes.count === 1 ? this.room : 0
  }

  /** Position of the first element of the first node, whose header is at `at`. */
  private firstOf(at: number): number {
    return at + LP_HEADER_SIZE + this.room
  }

  private lastOf(node: number, buffer: Buffer, at: number): number {
    return lpPrev(buffer, at, this.roomOf(node) + at + lpBytes(buffer, at) - 1)
  }

  /**
   * Makes free room for `size` bytes or more ahead of the elements of the first node, which will have `count` of them. Returns where
   * the node is then.
   */
  private openRoom(isHead: boolean, node: number, now: number, size: number, count: number): number {
    const { entries } = this
    this.closeRoom()
    const roomy = now + size > entries.slotBytesAt(node) ? this.grow(isHead, node, now + size, count) : node
    const free = entries.slotBytesAt(roomy) - now
    // The only node has another end that may grow as well.
    this.room = isHead ? free : Math.max(size, free >>> 1)
    const at = (roomy & UNIT_MASK) << 3
    entries.memory(roomy).copyWithin(this.firstOf(at), at + LP_HEADER_SIZE, at + now)
    return roomy
  }

  /** The first node is as everybody expects a listpack to be. */
  private closeRoom(): void {
    if (this.room === 0) return
    const node = this.head !== 0 ? this.head : this.tail
    const buffer = this.entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    const first = this.firstOf(at)
    buffer.copyWithin(at + LP_HEADER_SIZE, first, this.room + at + lpBytes(buffer, at))
    this.room = 0
  }

  /** Gives a node at hand a slot for `size` bytes, of `count` elements, or more. Returns where it is then. */
  private grow(isHead: boolean, node: number, size: number, count: number): number {
    const most = fullBytes(this.fill, size / count)
    const slot = this.nodes.count >= ROOMY_FROM_NODES ? most : Math.min(most, Math.max(LEAST_SLOT_BYTES, 2 * size))
    return this.resize(isHead, node, Math.max(size, slot))
  }

  private resize(isHead: boolean, node: number, bytes: number): number {
    const { nodes } = this
    this.closeRoom()
    if (isHead) nodes.first(end)
    else nodes.last(end)
    const next = resizeSlot(this.entries, node, bytes)
    nodes.replace(end, next)
    if (isHead) this.head = next
    else this.tail = next
    return next
  }

  /** Another node is about to come where the first or the last one is: that one needs no more room than it fills. */
  protected trimEnd(atHead: boolean): void {
    const node = this.take(atHead)
    if (node === 0) return
    const size = lpBytes(this.entries.memory(node), (node & UNIT_MASK) << 3)
    if (Slabs.slotBytes(size) < this.entries.slotBytesAt(node)) this.resize(node === this.head, node, 0)
  }

  private note(isHead: boolean, more: number): void {
    if (isHead) this.headCount += more
    else this.tailCount += more
    this.owed += more
  }
}
