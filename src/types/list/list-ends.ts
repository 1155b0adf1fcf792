/**
 * The ends of a long list, where most is pushed and popped: the first and the last node are at hand, with how many elements they have,
 * and the tree hears of it when somebody asks for the tree. Only for nodes that are listpacks in slab memory, while nobody views the
 * tree; for others nothing is at hand, and all goes by the tree.
 */
import {
  LP_COUNT_UNKNOWN,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBytes,
  lpEntrySize,
  lpHeaderCount,
  lpLast,
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
const LEAST_ROOM_BYTES = 64

const end = new TreeCursor()

export abstract class ListEnds extends ListNodes {
  /** The nodes at hand, 0 for none, and their elements. A list of one node has it as the tail. */
  private head = 0
  private headCount = 0
  private tail = 0
  private tailCount = 0
  /** Elements that the tree does not know of; below 0: that are gone. */
  private owed = 0

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
    range.readListpack(buffer, atHead ? at + LP_HEADER_SIZE : lpLast(buffer, at))
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
    if (now + size > entries.slotBytesAt(node)) node = this.grow(isHead, node, now + size, count + 1)
    const buffer = entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    let gap = at + now - 1
    if (atHead) {
      gap = at + LP_HEADER_SIZE
      buffer.copyWithin(gap + size, gap, at + now)
    } else buffer[gap + size] = LP_EOF
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
    const pos = atHead ? at + LP_HEADER_SIZE : lpLast(buffer, at)
    const size = atHead ? lpEntrySize(buffer, pos) : at + now - 1 - pos
    if (atHead) buffer.copyWithin(pos, pos + size, at + now)
    else buffer[pos] = LP_EOF
    const known = lpHeaderCount(buffer, at)
    lpWriteHeader(buffer, at, now - size, known === LP_COUNT_UNKNOWN ? known : known - 1)
    this.note(isHead, -1)
    const room = entries.slotBytesAt(node)
    if (room > LEAST_ROOM_BYTES && (now - size) * 4 < room && this.nodes.count < ROOMY_FROM_NODES) {
      this.resize(isHead, node, 2 * (now - size))
    }
    return true
  }

  /** Makes room for `size` bytes, of `count` elements. Returns where the node at hand is then. */
  private grow(isHead: boolean, node: number, size: number, count: number): number {
    const most = fullBytes(this.fill, size / count)
    const room = this.nodes.count >= ROOMY_FROM_NODES ? most : Math.min(most, Math.max(LEAST_ROOM_BYTES, 2 * size))
    return this.resize(isHead, node, Math.max(size, room))
  }

  private resize(isHead: boolean, node: number, bytes: number): number {
    const { nodes } = this
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
