/** Stream.has() for IDs that come in order: a node is gone through once. Nobody is to write to the stream meanwhile. */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { NodeEntries } from './node-entries.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

export class EntriesInOrder {
  private readonly stream: Stream
  private readonly cursor = new TreeCursor()
  private readonly entry = new NodeEntries()
  /** A node is open; its last ID. */
  private isOpen = false
  private readonly lastId = new StreamId()
  /** The walk has come to an entry of it. */
  private isAtEntry = false

  constructor(stream: Stream) {
    this.stream = stream
  }

  /** Whether there is an entry with this ID, which is not before the last one that was asked for. */
  has(id: StreamId): boolean {
    const { entry } = this
    if ((!this.isOpen || this.lastId.compare(id) < 0) && !this.openNodeOf(id)) return false
    while (!this.isAtEntry || entry.id.compare(id) < 0) {
      if (!entry.next()) return false
      this.isAtEntry = true
    }
    return entry.id.compare(id) === 0 && !entry.isDeleted
  }

  private openNodeOf(id: StreamId): boolean {
    const { cursor, entry, stream } = this
    this.isOpen = stream.goToRange(cursor, id, false)
    this.isAtEntry = false
    if (!this.isOpen) return false
    entry.open(stream.entries, cursor.address)
    entry.lastId(this.lastId)
    return true
  }
}
