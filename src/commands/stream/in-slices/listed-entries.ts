/** Parts of long replies: entries by a list of their IDs, and the IDs alone. */
import { performance } from '../../../clock/platform.js'
import { PIECE_BYTES } from '../../../resp/reply-source.js'
import type { ReplyWriter } from '../../../resp/reply-writer.js'
import { EntryFinder } from '../../../types/stream/entry-finder.js'
import type { IdList } from '../../../types/stream/id-list.js'
import type { Stream } from '../../../types/stream/stream.js'
import { StreamId } from '../../../types/stream/stream-id.js'
import { writeId } from '../access.js'
import { writeEntry } from '../entry-writer.js'
import type { ReplyPart } from '../long-replies.js'

const ENTRIES_BETWEEN_CLOCK_READS = 64

const id = new StreamId()

/** An array of IDs, and what is written before it. */
export class IdsPart implements ReplyPart {
  protected readonly ids: IdList
  private readonly head: ((out: ReplyWriter) => void) | null
  private written = -1

  constructor(ids: IdList, head: ((out: ReplyWriter) => void) | null = null) {
    this.ids = ids
    this.head = head
  }

  get memoryBytes(): number {
    return this.ids.memoryBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { ids } = this
    if (this.written < 0) {
      this.head?.(out)
      out.array(ids.count)
      this.written = 0
    }
    while (this.written < ids.count) {
      this.write(out, ids.read(this.written++, id))
      if (out.totalBytes >= PIECE_BYTES) break
      if (this.written % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return this.written === ids.count
  }

  protected write(out: ReplyWriter, each: StreamId): void {
    writeId(out, each)
  }

  close(): void {}
}

/** An array of entries, as the stream has them now. Of those that are deleted it says so. */
export class ListedPart extends IdsPart {
  private readonly finder = new EntryFinder()

  constructor(stream: Stream, ids: IdList, head: ((out: ReplyWriter) => void) | null = null) {
    super(ids, head)
    this.finder.beginView(stream)
  }

  protected override write(out: ReplyWriter, each: StreamId): void {
    if (this.finder.find(each)) {
      writeEntry(out, this.finder.entry)
      return
    }
    out.array(2)
    writeId(out, each)
    out.nullArray()
  }

  override close(): void {
    this.finder.close()
  }
}
