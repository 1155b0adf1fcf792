/** Deletes entries of a stream one by one, and then sees to what is known of all of them, as XDEL does. */
import type { Stream } from './stream.js'
import type { StreamId } from './stream-id.js'

export class EntryDeletion {
  /** How many entries there were. */
  count = 0
  private readonly stream: Stream
  private firstIsGone = false

  constructor(stream: Stream) {
    this.stream = stream
  }

  /** Deletes an entry; false when there is none with this ID. */
  delete(id: StreamId): boolean {
    const { stream } = this
    if (!stream.delete(id)) return false
    if (id.compare(stream.firstId) === 0) this.firstIsGone = true
    if (id.compare(stream.maxDeletedId) > 0) stream.maxDeletedId.set(id)
    this.count++
    return true
  }

  /** Has to follow. Returns how many entries there were. */
  finish(): number {
    const { count, stream } = this
    if (count > 0 && stream.length === 0) stream.firstId.setZero()
    else if (this.firstIsGone) stream.updateFirstId()
    return count
  }
}
