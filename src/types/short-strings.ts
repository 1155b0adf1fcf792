/** Short strings of a listpack as a reply: most of what long lists hold, in one loop over both sides' bytes. */
import type { ReplyWriter } from '../resp/reply-writer.js'

/** Listpack elements that are strings of up to 63 bytes begin with these two bits; the others are the length (listpack.c). */
const SHORT_STRING = 0x80
const KIND_MASK = 0xc0
const LENGTH_MASK = 0x3f
/** "$63", the bytes, and two ends of line. */
const REPLY_MAX_BYTES = 3 + LENGTH_MASK + 4
const DOLLAR = 36
const ZERO = 48
const CR = 13
const LF = 10

/** Where the last writeShortStrings() has come to: the next element, or the listpack's end; and how many it has written. */
export const shortStrings = { pos: 0, count: 0 }

/** Writes elements from the one at `pos` on as bulk strings, up to `most`, for as long as they are short strings. */
export function writeShortStrings(out: ReplyWriter, listpack: Buffer, pos: number, most: number): void {
  const { buffer } = out
  let count = 0
  for (; count < most; count++) {
    const first = listpack[pos]
    if ((first & KIND_MASK) !== SHORT_STRING) break
    const length = first & LENGTH_MASK
    let at = out.reserve(REPLY_MAX_BYTES)
    buffer[at++] = DOLLAR
    if (length >= 10) {
      const tens = (length / 10) | 0
      buffer[at++] = ZERO + tens
      buffer[at++] = ZERO + length - tens * 10
    } else buffer[at++] = ZERO + length
    buffer[at++] = CR
    buffer[at++] = LF
    for (let i = pos + 1, end = i + length; i < end; i++) buffer[at++] = listpack[i]
    buffer[at] = CR
    buffer[at + 1] = LF
    out.length = at + 2
    // The element's first byte, its bytes, and its length once more in one byte.
    pos += length + 2
  }
  shortStrings.pos = pos
  shortStrings.count = count
}
