/** Lists as sources of elements. */
import type { Entries } from '../../../store/entries.js'
import { lpNext, lpPrev, lpSeek } from '../../../store/listpack/listpack.js'
import { TreeView } from '../../../store/ordered-tree/view.js'
import { ByteRange } from '../../../types/byte-range.js'
import { List } from '../../../types/list/list.js'
import { NodeContent } from '../../../types/list/list-node.js'
import type { Quicklist } from '../../../types/list/quicklist.js'
import type { CommandContext } from '../../context.js'
import { type ElementFeed, type FeedRange, type ListedValue, NO_ELEMENTS, type VisitElement } from './feed.js'

const list = new List()

export function listedList({ db }: CommandContext, address: number): ListedValue {
  list.open(db, address)
  const { length, quicklist } = list
  return {
    length,
    isOrdered: true,
    feed(range) {
      if (range.count === 0) return NO_ELEMENTS
      const part = { ...range, from: range.backward ? length - 1 - range.from : range.from }
      if (quicklist !== null) return new NodesFeed(quicklist, part)
      return new ListpackFeed(list.listpack, list.listpackAt, part)
    },
  }
}

/** A small list. */
class ListpackFeed implements ElementFeed {
  readonly isShort = true
  private readonly listpack: Buffer
  private readonly at: number
  private readonly part: FeedRange
  private readonly element = new ByteRange()

  constructor(listpack: Buffer, at: number, part: FeedRange) {
    this.listpack = listpack
    this.at = at
    this.part = part
  }

  step(visit: VisitElement): boolean {
    const { at, element, listpack, part } = this
    visitListpack(listpack, at, lpSeek(listpack, at, part.from), part.count, part.backward, element, visit)
    return false
  }

  close(): void {}
}

/** A long list: node by node, in a view of it. */
class NodesFeed implements ElementFeed {
  readonly isShort = false
  private readonly entries: Entries
  private readonly view: TreeView<null>
  private readonly backward: boolean
  private readonly node = new NodeContent()
  private readonly element = new ByteRange()
  private left: number
  /** How far into its node the next element is; negative: from its tail. */
  private into: number

  constructor({ entries, tree }: Quicklist, { backward, count, from }: FeedRange) {
    this.entries = entries
    this.backward = backward
    this.view = new TreeView(tree, backward ? 'backward' : 'forward')
    this.left = count
    this.into = this.view.seek(from)
  }

  step(visit: VisitElement): boolean {
    const { backward, element, entries, into, left, node, view } = this
    node.show(entries, view.cursor.address)
    if (node.isPlain) {
      visit(node.buffer, node.at, node.at + node.length)
      this.left--
    } else {
      const pos = lpSeek(node.buffer, node.at, into)
      this.left -= visitListpack(node.buffer, node.at, pos, left, backward, element, visit)
    }
    this.into = backward ? -1 : 0
    return this.left > 0 && view.step()
  }

  close(): void {
    this.view.close()
  }
}

/** Visits up to `count` elements of a listpack, the one at `pos` first. Returns how many there were. */
function visitListpack(
  listpack: Buffer,
  at: number,
  pos: number,
  count: number,
  backward: boolean,
  element: ByteRange,
  visit: VisitElement,
): number {
  let visited = 0
  while (visited < count && pos >= 0) {
    element.readListpack(listpack, pos)
    visit(element.buffer, element.start, element.end)
    visited++
    pos = backward ? lpPrev(listpack, at, pos) : lpNext(listpack, at, pos)
  }
  return visited
}
