/** Ranges of small sorted sets as replies, straight from their listpacks: most replies of sorted sets are of these. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import {
  lpCopyText,
  lpEntrySize,
  lpIsInteger,
  lpSeek,
  lpStringLength,
  lpStringStart,
} from '../../store/listpack/listpack.js'
import { previousPair, scoreAt } from '../../types/sorted-set/sorted-set-listpack.js'

/** Scores whose text is not longer have so few digits that it is the text of the reply. */
const PLAIN_TEXT_BYTES = 16
/** Of a plain text all bytes are digits, "-" or ".": what lies between the last two is "/". */
const FIRST_PLAIN = 45
const LAST_PLAIN = 57
const INTEGER_TEXT_BYTES = 24

const digits = Buffer.alloc(INTEGER_TEXT_BYTES)

/** Writes the members of ranks [from, to), with their scores or without; `nested`: each such pair as an array. */
export function writeListpackRange(
  out: ReplyWriter,
  listpack: Buffer,
  at: number,
  from: number,
  to: number,
  reverse: boolean,
  scores: boolean,
  nested: boolean,
): void {
  let pos = lpSeek(listpack, at, (reverse ? to - 1 : from) * 2)
  for (let left = to - from; left > 0; left--) {
    if (nested) out.array(2)
    writeText(out, listpack, pos)
    const score = pos + lpEntrySize(listpack, pos)
    if (scores) writeScore(out, listpack, score)
    pos = reverse ? previousPair(listpack, at, pos) : score + lpEntrySize(listpack, score)
  }
}

function writeText(out: ReplyWriter, listpack: Buffer, pos: number): void {
  if (lpIsInteger(listpack, pos)) {
    out.bulk(digits, 0, lpCopyText(listpack, pos, digits, 0))
    return
  }
  const start = lpStringStart(listpack, pos)
  out.bulk(listpack, start, start + lpStringLength(listpack, pos))
}

function writeScore(out: ReplyWriter, listpack: Buffer, pos: number): void {
  if (!lpIsInteger(listpack, pos)) {
    const start = lpStringStart(listpack, pos)
    const length = lpStringLength(listpack, pos)
    if (length <= PLAIN_TEXT_BYTES && isPlain(listpack, start, start + length)) {
      out.doubleBytes(listpack, start, start + length)
      return
    }
  }
  out.double(scoreAt(listpack, pos))
}

function isPlain(listpack: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (listpack[i] < FIRST_PLAIN || listpack[i] > LAST_PLAIN) return false
  return start < end
}
