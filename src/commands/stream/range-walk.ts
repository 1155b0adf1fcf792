/** Goes through the entries of a stream between two IDs, those that are there, from either end. */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { NodeEntries } from '../../types/stream/node-entries.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'

export class RangeWalk {
  /** The entry it has come to. */
  readonly entry = new NodeEntries()
  private readonly start = new StreamId()
  private readonly end = new StreamId()
  private backward = false
  private stream!: Stream
  private readonly cursor = new TreeCursor()
  /** The stream as it was at some moment, for a walk between the commands of others. */
  private view: TreeView<StreamId> | null = null
  private more = false
  /** The entry is the first one of the range, and has not been given. */
  private isSought = false

  /** Begins before the first entry from `start` on, or with `backward` behind the last one up to `end`. */
  begin(stream: Stream, start: StreamId, end: StreamId, backward: boolean): void {
    this.stream = stream
    this.start.set(start)
    this.end.set(end)
    this.backward = backward
    this.more = stream.goToRange(this.cursor, backward ? end : start, backward)
    if (this.more) this.openFirst(this.cursor.address)
  }

  /** As begin(), of the stream as it is now, whatever becomes of it. close() has to follow. */
  beginView(stream: Stream, start: StreamId, end: StreamId, backward: boolean): void {
    this.begin(stream, start, end, backward)
    const rank = this.more ? this.cursor.weightBefore() : 0
    this.view = new TreeView(stream.tree, backward ? 'backward' : 'forward')
    if (!this.more) return
    this.view.seek(rank)
    this.openFirst(this.view.cursor.address)
  }

  /** Opens the first node: what lies before the range is passed by at once. */
  private openFirst(node: number): void {
    this.open(node)
    if (this.backward) return
    this.isSought = this.entry.seek(this.start)
    // There may be more in the next one.
    if (!this.isSought) this.step()
  }

  private open(node: number): void {
    this.entry.open(this.stream.entries, node)
    if (this.backward) this.entry.toEnd()
  }

  /** Goes to the next entry; false when there is none. */
  next(): boolean {
    const { backward, end, entry, start } = this
    while (this.more) {
      while (this.isSought || (backward ? entry.previous() : entry.next())) {
        this.isSought = false
        if (entry.isDeleted) continue
        if (backward ? entry.id.compare(start) < 0 : entry.id.compare(end) > 0) {
          this.more = false
          return false
        }
        if (backward ? entry.id.compare(end) > 0 : entry.id.compare(start) < 0) continue
        return true
      }
      this.step()
    }
    return false
  }

  private step(): void {
    const { backward, cursor, view } = this
    if (view !== null) this.more = view.step()
    else this.more = backward ? cursor.previous() : cursor.next()
    if (this.more) this.open(view === null ? cursor.address : view.cursor.address)
  }

  close(): void {
    this.view?.close()
  }
}
