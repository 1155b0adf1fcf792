/** Goes through the elements of a list in one go, from the head on: nothing may change meanwhile. */

import { LP_HEADER_SIZE, lpEnd, lpEntrySize } from '../../store/listpack/listpack.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ByteRange } from '../byte-range.js'
import type { List } from './list.js'
import { NodeContent } from './list-node.js'
import type { Quicklist } from './quicklist.js'

export class ListWalk {
  /** The element that next() has come to. */
  readonly element = new ByteRange()
  private readonly quicklist: Quicklist | null
  private readonly cursor = new TreeCursor()
  private readonly content = new NodeContent()
  private listpack: Buffer
  /** Of the elements to come in the present listpack, where the first one and the end are. */
  private pos = 0
  private end = 0

  constructor(list: List) {
    this.quicklist = list.quicklist
    this.listpack = this.content.buffer
    if (this.quicklist === null) this.enter(list.listpack, list.listpackAt)
    else this.quicklist.tree.first(this.cursor)
  }

  private enter(listpack: Buffer, at: number): void {
    this.listpack = listpack
    this.pos = at + LP_HEADER_SIZE
    this.end = lpEnd(listpack, at)
  }

  /** Goes to the next element; false when there is none. */
  next(): boolean {
    const { content, cursor, element, quicklist } = this
    while (this.pos >= this.end) {
      if (quicklist === null || !cursor.isAtEntry) return false
      content.show(quicklist.entries, cursor.address)
      cursor.next()
      if (content.isPlain) {
        element.set(content.buffer, content.at, content.at + content.length)
        return true
      }
      this.enter(content.buffer, content.at)
    }
    element.readListpack(this.listpack, this.pos)
    this.pos += lpEntrySize(this.listpack, this.pos)
    return true
  }
}
