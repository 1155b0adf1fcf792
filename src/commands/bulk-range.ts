/** Elements of values as replies. */
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { ByteRange } from '../types/byte-range.js'

/** Writes a range as a bulk string: bytes that last are referred to. */
export function writeRange(out: ReplyWriter, range: ByteRange): void {
  if (range.lasting) out.bulkReference(range.buffer)
  else out.bulk(range.buffer, range.start, range.end)
}
