/** How the nodes of a long list change: what goes into one and out of it, how one becomes two, and two become one. */

import {
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpEnd,
  lpSeek,
} from '../../store/listpack/listpack.js'
import { lpEncodedSize, lpWriteEntry, lpWriteHeader } from '../../store/listpack/listpack-edit.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ListEnds } from './list-ends.js'
import { isPlainNode, makePackedNode, makePlainNode, NodeContent, nodeBytes, nodeGap, spliceNode } from './list-node.js'
import { isLargeElement, mayMerge } from './node-limits.js'

/** The node that is being worked on, and what is in it: one list is worked on at a time. */
export const place = new TreeCursor()
export const shown = new NodeContent()
const neighbour = new NodeContent()

/** A node, by the element that it begins with. */
interface NodeFacts {
  readonly start: number
  readonly count: number
  readonly bytes: number
  readonly isPlain: boolean
}

export abstract class ListEdits extends ListEnds {
  /** Goes to the node of element `index`; returns how far into the node that is. */
  protected goTo(index: number): number {
    const into = this.tree.seek(place, index)
    shown.show(this.entries, place.address)
    return into
  }

  protected goToEnd(atHead: boolean): void {
    if (atHead) this.tree.first(place)
    else this.tree.last(place)
    shown.show(this.entries, place.address)
  }

  // At `place`

  /** Inserts an element at `pos` of the listpack (-1: its end). */
  protected insertHere(pos: number, bytes: Buffer, start: number, end: number): void {
    const size = lpEncodedSize(bytes, start, end)
    const node = spliceNode(this.entries, place.address, shown, pos, 0, 1, size, this.stays(place))
    lpWriteEntry(nodeGap.buffer, nodeGap.at, bytes, start, end)
    this.put(place, node, place.weight + 1)
  }

  /** Takes `count` elements out of the listpack, from `pos` on, but not all. */
  protected eraseHere(pos: number, count: number): void {
    const node = spliceNode(this.entries, place.address, shown, pos, count, 0, 0, this.stays(place))
    this.put(place, node, place.weight - count)
  }

  // Nodes

  /** Puts an element into a node of its own, as element `index`. */
  protected insertAlone(index: number, bytes: Buffer, start: number, end: number): void {
    this.insertNode(index, this.makeAlone(bytes, start, end), 1)
    this.settle(index, index + 1)
  }

  protected makeAlone(bytes: Buffer, start: number, end: number): number {
    const { entries } = this
    if (isLargeElement(end - start)) {
      const node = makePlainNode(entries, end - start)
      bytes.copy(nodeGap.buffer, nodeGap.at, start, end)
      return node
    }
    const size = LP_EMPTY_SIZE + lpEncodedSize(bytes, start, end)
    const node = makePackedNode(entries, size)
    const { at, buffer } = nodeGap
    lpWriteHeader(buffer, at, size, 1)
    buffer[lpWriteEntry(buffer, at + LP_HEADER_SIZE, bytes, start, end)] = LP_EOF
    return node
  }

  /** Makes two nodes of the one that begins with element `first`: its first `count` elements, and the others. */
  protected cut(first: number, count: number): void {
    this.goTo(first)
    const { at, buffer } = shown
    const others = place.weight - count
    const pos = lpSeek(buffer, at, count)
    const end = lpEnd(buffer, at)
    const size = LP_EMPTY_SIZE + end - pos
    const node = makePackedNode(this.entries, size)
    lpWriteHeader(nodeGap.buffer, nodeGap.at, size, Math.min(others, LP_COUNT_UNKNOWN))
    buffer.copy(nodeGap.buffer, nodeGap.at + LP_HEADER_SIZE, pos, end + 1)
    this.eraseHere(pos, others)
    this.insertNode(first + count, node, others)
    // Each node that comes moves one out of those at an end: another one may come behind it.
    this.settle(0, 0)
  }

  /** Merges what of the nodes around the one that begins with element `index` may be merged (_quicklistMergeNodes). */
  protected mergeAround(index: number): void {
    const center = this.factsOf(index)
    if (center === null) return
    const previous = this.factsOf(center.start - 1)
    const first = previous === null ? null : this.factsOf(previous.start - 1)
    const next = this.factsOf(center.start + center.count)
    const last = next === null ? null : this.factsOf(next.start + next.count)
    this.tryMerge(first, previous)
    this.tryMerge(next, last)
    const before = this.factsOf(center.start - 1)
    const target = this.tryMerge(before, center) ? this.factsOf(index) : center
    if (target !== null) this.tryMerge(target, this.factsOf(target.start + target.count))
    const end = last ?? next ?? center
    this.settle((first ?? previous ?? center).start, end.start + end.count)
  }

  private factsOf(index: number): NodeFacts | null {
    const { entries, tree } = this
    if (index < 0 || index >= tree.weight) return null
    const start = index - tree.seek(place, index)
    const { address, weight } = place
    return { start, count: weight, bytes: nodeBytes(entries, address), isPlain: isPlainNode(entries, address) }
  }

  /** Merges two nodes in a row, where that may be. */
  private tryMerge(left: NodeFacts | null, right: NodeFacts | null): boolean {
    if (left === null || right === null || left.isPlain || right.isPlain) return false
    if (!mayMerge(this.fill, left.bytes, left.count, right.bytes, right.count)) return false
    const { entries, tree } = this
    const count = left.count + right.count
    tree.seek(place, right.start)
    neighbour.show(entries, place.address)
    this.goTo(left.start)
    const size = left.bytes + right.bytes - LP_EMPTY_SIZE
    const node = makePackedNode(entries, size)
    const { at, buffer } = nodeGap
    lpWriteHeader(buffer, at, size, Math.min(count, LP_COUNT_UNKNOWN))
    const middle = at + left.bytes - 1
    shown.buffer.copy(buffer, at + LP_HEADER_SIZE, shown.at + LP_HEADER_SIZE, shown.at + left.bytes - 1)
    neighbour.buffer.copy(buffer, middle, neighbour.at + LP_HEADER_SIZE, neighbour.at + right.bytes)
    this.put(place, node, count)
    tree.seek(place, left.start + count)
    this.removeNode(place)
    return true
  }
}
