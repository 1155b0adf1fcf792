/**
 * Finds the entries of a stream by their IDs. IDs that ascend, as those of what is pending do, are found on the way from one to the next:
 * a node is read once, and not from its start for each of its entries.
 */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { NodeEntries } from './node-entries.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'
import { readNodeId } from './stream-node.js'

export class EntryFinder {
  /** The entry that has been found. */
  readonly entry = new NodeEntries()
  private stream!: Stream
  private readonly own = new TreeCursor()
  private cursor = this.own
  /** The stream as it was at some moment, for searches between the commands of others. */
  private view: TreeView<StreamId> | null = null
  /** A node is open, and the entry stands behind all that was looked for, or is the first one that does not come before it. */
  private isOpen = false
  private isAtEntry = false
  private readonly last = new StreamId()
  /** The ID of the node behind the one that is open. */
  private readonly upper = new StreamId()
  private hasUpper = false

  /** The stream is not to change until the last find(), or the next begin(). */
  begin(stream: Stream): void {
    this.stream = stream
    this.cursor = this.own
    this.isOpen = false
  }

  /** As begin(), in the stream as it is now, whatever becomes of it. close() has to follow. */
  beginView(stream: Stream): void {
    this.begin(stream)
    this.view = new TreeView(stream.tree, 'any')
    this.cursor = this.view.cursor
  }

  close(): void {
    this.view?.close()
    this.view = null
    this.isOpen = false
  }

  /** Goes to the entry with this ID; false when there is none. */
  find(id: StreamId): boolean {
    const { entry } = this
    if (!this.goToNode(id)) return false
    if (!this.isAtEntry || entry.id.compare(id) < 0) this.isAtEntry = entry.seek(id)
    return this.isAtEntry && entry.id.compare(id) === 0
  }

  /** Opens the node in which `id` would be, unless it is open and has not been read beyond that. */
  private goToNode(id: StreamId): boolean {
    const ascends = this.isOpen && id.compare(this.last) > 0
    this.last.set(id)
    if (ascends) {
      if (!this.hasUpper || id.compare(this.upper) < 0) return true
      this.cursor.next()
      this.open()
      if (!this.hasUpper || id.compare(this.upper) < 0) return true
    }
    this.isOpen = false
    if (!this.stream.goToNodeOf(this.cursor, id, this.view)) return false
    this.open()
    return true
  }

  private open(): void {
    const { cursor, entry, stream } = this
    const { entries } = stream
    entry.open(entries, cursor.address)
    this.hasUpper = cursor.next()
    if (this.hasUpper) readNodeId(entries, cursor.address, this.upper)
    cursor.previous()
    this.isOpen = true
    this.isAtEntry = false
  }
}
