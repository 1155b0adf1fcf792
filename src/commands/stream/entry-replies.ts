/** Entries of streams as replies. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'
import { type EntryRange, writeDelivered, writeEntry } from './entry-writer.js'
import { RangePart, RangeReply } from './long-replies.js'
import { RangeWalk } from './range-walk.js'

/** Few entries may be large: with so many bytes in their nodes they are copied piece by piece, too. */
const SLICED_FROM_BYTES = 1024 * 1024

const walk = new RangeWalk()

/** Replies a range of entries as an array. */
export function replyRange(ctx: CommandContext, stream: Stream, range: EntryRange): void {
  if (isLong(stream, range)) {
    ctx.replyFrom(new RangeReply([new RangePart(stream, range)]))
    return
  }
  writeRange(ctx.reply, stream, range)
}

/** Whether a reply of this range is to be made piece by piece. */
export function isLong(stream: Stream, { end, most, start }: EntryRange): boolean {
  const mostEntries = most > SLICED_FROM_ELEMENTS ? SLICED_FROM_ELEMENTS : Number.POSITIVE_INFINITY
  return most > 1 && stream.spansMoreThan(start, end, mostEntries, SLICED_FROM_BYTES)
}

/** Writes a range of entries as an array; returns how many there are. */
export function writeRange(reply: ReplyWriter, stream: Stream, { backward, end, most, start }: EntryRange): number {
  const mark = reply.mark()
  let count = 0
  walk.begin(stream, start, end, backward)
  while (count < most && walk.next()) {
    writeEntry(reply, walk.entry)
    count++
  }
  reply.arrayAt(mark, count)
  return count
}

/** The only entry with this ID, without an array around it, with how long it had been idle and how often it had been delivered. */
export function writeDeliveredWithId(
  reply: ReplyWriter,
  stream: Stream,
  id: StreamId,
  idleMs: number,
  deliveries: number,
): void {
  walk.begin(stream, id, id, false)
  if (walk.next()) writeDelivered(reply, walk.entry, idleMs, deliveries)
}

export const FIRST_ID = new StreamId()
export const LAST_ID = new StreamId().setLast()
