/** Trims that take references to what goes with them (DELREF). Source of behaviour: streamTrim in Redis's t_stream.c. */
import { performance } from '../../clock/platform.js'
import { type ReferenceGone, removeReferencesBetween } from './references.js'
import type { Stream, TrimTarget } from './stream.js'
import { StreamId } from './stream-id.js'

/** Entries that are taken at a time, where nodes are not larger. */
const PORTION = 1000

const first = new StreamId()

/** A trim, node by node: what goes in portions is what would go at once. Nobody else is to change the stream until it is done. */
export class ReferenceTrim {
  /** How many entries have gone. */
  count = 0
  private readonly stream: Stream
  private readonly target: TrimTarget
  private readonly gone: ReferenceGone

  constructor(stream: Stream, target: TrimTarget, gone: ReferenceGone) {
    this.stream = stream
    this.target = target
    this.gone = gone
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  step(deadlineMs: number): boolean {
    const { gone, stream } = this
    const { maxLength, minId } = this.target
    const goesUpTo = (last: StreamId): void => removeReferencesBetween(stream, first, last, gone)
    do {
      const limit = this.portion()
      if (limit <= 0) return true
      first.set(stream.firstId)
      const count = stream.trim({ maxLength, minId, approximate: false, limit }, goesUpTo)
      if (count === 0) return true
      this.count += count
    } while (performance.now() < deadlineMs)
    return false
  }

  /** How many entries may go at a time, in whole nodes: one node at least, unless the trim's own limit forbids that. */
  private portion(): number {
    const { count, stream } = this
    const { limit } = this.target
    const portion = Math.max(PORTION, stream.firstNodeEntries)
    return limit > 0 ? Math.min(portion, limit - count) : portion
  }
}
