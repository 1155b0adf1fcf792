/** One entry of a stream as a reply. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { lpEntrySize } from '../../store/listpack/listpack.js'
import { ByteRange } from '../../types/byte-range.js'
import { shortStrings, writeShortStrings } from '../../types/short-strings.js'
import type { NodeEntries } from '../../types/stream/node-entries.js'
import type { StreamId } from '../../types/stream/stream-id.js'
import { writeId } from './access.js'

const shown = new ByteRange()

/** A part of a stream: entries from `start` to `end`, in that order or `backward`, up to `most` of them. */
export interface EntryRange {
  readonly start: StreamId
  readonly end: StreamId
  readonly backward: boolean
  readonly most: number
}

/** Writes an entry: its ID, and its fields and values. */
export function writeEntry(reply: ReplyWriter, entry: NodeEntries): void {
  reply.array(2)
  writeContents(reply, entry)
}

/** The same with how long the entry had been idle, milliseconds, and how often it had been delivered: as XREADGROUP CLAIM has all. */
export function writeDelivered(reply: ReplyWriter, entry: NodeEntries, idleMs: number, deliveries: number): void {
  reply.array(4)
  writeContents(reply, entry)
  reply.integer(idleMs)
  reply.integer(deliveries)
}

function writeContents(reply: ReplyWriter, entry: NodeEntries): void {
  const { fields, listpack, sharesFields } = entry
  const { buffer } = listpack
  writeId(reply, entry.id)
  reply.array(fields * 2)
  let fieldPos = entry.masterFieldsPos
  let pos = entry.fieldsPos
  for (let i = 0; i < fields; i++) {
    if (sharesFields) fieldPos = writeElement(reply, buffer, fieldPos)
    else pos = writeElement(reply, buffer, pos)
    pos = writeElement(reply, buffer, pos)
  }
}

/** Writes the element at `pos`; returns the position behind it. */
function writeElement(reply: ReplyWriter, buffer: Buffer, pos: number): number {
  writeShortStrings(reply, buffer, pos, 1)
  if (shortStrings.count === 1) return shortStrings.pos
  shown.readListpack(buffer, pos)
  reply.bulk(shown.buffer, shown.start, shown.end)
  return pos + lpEntrySize(buffer, pos)
}
