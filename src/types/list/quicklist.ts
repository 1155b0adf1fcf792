/**
 * A long list: Redis's quicklist, whose nodes are filled, split and merged as quicklist.c does it. Indexes count elements from 0 and
 * are those of elements that there are. Bytes that come in are copied, and must not lie in the store.
 */

import { LP_HEADER_SIZE, lpEntrySize, lpFirst, lpLast, lpSeek } from '../../store/listpack/listpack.js'
import { LP_MAX_BYTES, lpEncodedSize, lpWriteEntry } from '../../store/listpack/listpack-edit.js'
import type { ByteRange } from '../byte-range.js'
import { NodeGarbage } from '../node-garbage.js'
import { gatherKept, kept } from './kept-elements.js'
import { ListEdits, place, shown } from './list-edits.js'
import { freeNode, type NodeContent, nodeGap, spliceNode } from './list-node.js'
import type { Matcher } from './matcher.js'
import { isLargeElement, takesOneMore } from './node-limits.js'

export class Quicklist extends ListEdits {
  // The ends

  /** Adds an element at the head or at the tail. O(log nodes). */
  push(atHead: boolean, bytes: Buffer, start: number, end: number): void {
    if (this.pushAtHand(atHead, bytes, start, end)) return
    const { fill, tree } = this
    const length = end - start
    if (tree.count > 0 && !isLargeElement(length)) {
      this.goToEnd(atHead)
      if (!shown.isPlain && takesOneMore(fill, shown.length, place.weight, length)) {
        this.insertHere(atHead ? shown.at + LP_HEADER_SIZE : -1, bytes, start, end)
        return
      }
    }
    this.trimEnd(atHead)
    this.insertAlone(atHead ? 0 : this.length, bytes, start, end)
  }

  /** Shows the first or the last element. */
  showEnd(atHead: boolean, range: ByteRange): void {
    if (this.showAtHand(atHead, range)) return
    this.goToEnd(atHead)
    shown.readElement(this.entries, this.endPos(atHead), range)
  }

  /** Position of the first or the last element of the listpack that is shown. */
  private endPos(atHead: boolean): number {
    if (atHead) return shown.at + LP_HEADER_SIZE
    return shown.isPlain ? shown.at : lpLast(shown.buffer, shown.at)
  }

  /** Removes the first or the last element. O(log nodes). */
  removeEnd(atHead: boolean): void {
    if (this.popAtHand(atHead)) return
    this.goToEnd(atHead)
    if (place.weight === 1) {
      this.removeNode(place)
      this.settle(0, 0)
      return
    }
    this.eraseHere(this.endPos(atHead), 1)
  }

  /** Adds a node of `count` elements at the tail. */
  appendNode(node: number, count: number): void {
    const index = this.length
    this.insertNode(index, node, count)
    this.settle(index, index + 1)
  }

  // Elements anywhere

  /** Shows element `index`. O(log nodes + elements of a node). */
  show(index: number, range: ByteRange): void {
    const into = this.goTo(index)
    shown.readElement(this.entries, shown.isPlain ? shown.at : lpSeek(shown.buffer, shown.at, into), range)
  }

  /** Shows the node of element `index` in `content`; returns how far into the node that is. */
  showNode(index: number, content: NodeContent): number {
    const into = this.tree.seek(place, index)
    content.show(this.entries, place.address)
    return into
  }

  /** Index of the first element that matches, or -1. O(elements). */
  find(matcher: Matcher): number {
    const { entries, tree } = this
    let index = 0
    for (let more = tree.first(place); more; more = place.next()) {
      shown.show(entries, place.address)
      const { at, buffer, isPlain, length } = shown
      if (isPlain) {
        if (matcher.isPlain(buffer, at, length)) return index
      } else if (matcher.next(buffer, at, at + LP_HEADER_SIZE, 0, Number.POSITIVE_INFINITY))
        return index + matcher.index
      index += place.weight
    }
    return -1
  }

  /** Gives element `index` another value (quicklistReplaceEntry). */
  replace(index: number, bytes: Buffer, start: number, end: number): void {
    const into = this.goTo(index)
    const first = index - into
    const isLarge = isLargeElement(end - start)
    if (shown.isPlain) {
      if (isLarge) {
        this.put(place, this.makeAlone(bytes, start, end), 1)
        this.settle(first, first + 1)
        return
      }
      this.insert(index, true, bytes, start, end)
      this.goTo(index)
      this.removeNode(place)
      this.settle(0, 0)
      return
    }
    if (!isLarge && this.replaceHere(into, bytes, start, end)) {
      this.settle(first, first + 1)
      return
    }
    this.replaceByNode(first, into, bytes, start, end)
  }

  /** False when the listpack would be too large for one. */
  private replaceHere(into: number, bytes: Buffer, start: number, end: number): boolean {
    const pos = lpSeek(shown.buffer, shown.at, into)
    const size = lpEncodedSize(bytes, start, end)
    if (shown.length - lpEntrySize(shown.buffer, pos) + size > LP_MAX_BYTES) return false
    const node = spliceNode(this.entries, place.address, shown, pos, 1, 1, size, this.stays(place))
    lpWriteEntry(nodeGap.buffer, nodeGap.at, bytes, start, end)
    this.put(place, node, place.weight)
    return true
  }

  /** Element `into` of the node that begins with element `first` gives way to a node of its own. */
  private replaceByNode(first: number, into: number, bytes: Buffer, start: number, end: number): void {
    const index = first + into
    if (into < place.weight - 1) this.cut(first, into + 1)
    this.insertNode(index + 1, this.makeAlone(bytes, start, end), 1)
    this.goTo(first)
    if (into === 0) {
      this.removeNode(place)
      this.settle(first, first + 2)
      return
    }
    this.eraseHere(lpLast(shown.buffer, shown.at), 1)
    this.mergeAround(index)
  }

  /** Puts an element before or behind element `index` (_quicklistInsert). */
  insert(index: number, behind: boolean, bytes: Buffer, start: number, end: number): void {
    const into = this.goTo(index)
    const count = place.weight
    const first = index - into
    const next = first + count
    const length = end - start
    const atTail = behind && into === count - 1
    const atHead = !behind && into === 0
    if (isLargeElement(length)) {
      if (!atTail && !atHead) this.cut(first, into + (behind ? 1 : 0))
      this.insertAlone(behind ? index + 1 : index, bytes, start, end)
      this.settle(first, next + 1)
      return
    }
    if (!shown.isPlain && takesOneMore(this.fill, shown.length, count, length)) {
      const pos = lpSeek(shown.buffer, shown.at, into)
      this.insertHere(behind ? pos + lpEntrySize(shown.buffer, pos) : pos, bytes, start, end)
      this.settle(first, first + 1)
    } else if (atTail && this.takesAt(next, length)) {
      this.goTo(next)
      this.insertHere(shown.at + LP_HEADER_SIZE, bytes, start, end)
      this.settle(next, next + 1)
    } else if (atHead && this.takesAt(first - 1, length)) {
      const before = first - 1 - this.goTo(first - 1)
      this.insertHere(-1, bytes, start, end)
      this.settle(before, before + 1)
    } else if (atTail || atHead) this.insertAlone(behind ? next : first, bytes, start, end)
    else this.insertIntoFull(first, into, behind, bytes, start, end)
  }

  /** Whether the node of element `index` has room for one of `length` bytes; there may be no such element. */
  private takesAt(index: number, length: number): boolean {
    if (index < 0 || index >= this.length) return false
    this.goTo(index)
    return !shown.isPlain && takesOneMore(this.fill, shown.length, place.weight, length)
  }

  private insertIntoFull(
    first: number,
    into: number,
    behind: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const cutAt = behind ? into + 1 : into
    this.cut(first, cutAt)
    this.goTo(behind ? first + cutAt : first)
    this.insertHere(behind ? shown.at + LP_HEADER_SIZE : -1, bytes, start, end)
    this.mergeAround(behind ? first : first + cutAt + 1)
  }

  // Removing

  /** Removes up to `count` elements from element `index` on. O(log nodes) for each 62 nodes. */
  deleteRange(index: number, count: number): void {
    const { tree } = this
    let left = Math.min(count, this.length - index)
    if (left <= 0) return
    const into = this.goTo(index)
    if (into > 0 || place.weight > left) {
      const here = Math.min(left, place.weight - into)
      this.eraseHere(lpSeek(shown.buffer, shown.at, into), here)
      left -= here
    }
    if (left > 0) {
      const before = this.length
      const garbage = new NodeGarbage(this.entries, freeNode)
      tree.removeRange(index, index + left, (node, isKept) => {
        if (!isKept) garbage.add(node)
      })
      garbage.finish()
      left -= before - this.length
    }
    if (left > 0) {
      this.goTo(index)
      this.eraseHere(lpFirst(shown.buffer, shown.at), left)
    }
    if (this.depth > 0) this.settle(Math.max(0, index - into), index + 1)
  }

  /** Removes the first `most` elements that match, or with `fromTail` the last ones. Returns how many. O(elements). */
  removeMatching(matcher: Matcher, most: number, fromTail: boolean): number {
    let removed = 0
    let index = fromTail ? this.length : 0
    while (removed < most && (fromTail ? index > 0 : index < this.length)) {
      const at = fromTail ? index - 1 : index
      const first = at - this.goTo(at)
      const count = place.weight
      const taken = this.removeMatchingHere(matcher, most - removed, fromTail)
      removed += taken
      index = fromTail ? first : index + count - taken
      if (taken > 0) this.settle(first, first + 1)
    }
    return removed
  }

  private removeMatchingHere(matcher: Matcher, most: number, fromTail: boolean): number {
    const { at, buffer, isPlain, length } = shown
    const found = isPlain ? (matcher.isPlain(buffer, at, length) ? 1 : 0) : matcher.collect(buffer, at)
    const taken = Math.min(found, most)
    if (taken === 0) return 0
    if (taken === place.weight) {
      this.removeNode(place)
      return taken
    }
    const from = fromTail ? found - taken : 0
    const { indexes, positions } = matcher
    const spanned = indexes[from + taken - 1] - indexes[from] + 1
    const bytes = gatherKept(buffer, positions, from, taken)
    const node = spliceNode(
      this.entries,
      place.address,
      shown,
      positions[from],
      spanned,
      spanned - taken,
      bytes,
      this.stays(place),
    )
    kept.bytes.copy(nodeGap.buffer, nodeGap.at, 0, bytes)
    this.put(place, node, place.weight - taken)
    return taken
  }
}
