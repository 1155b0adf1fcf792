/** What the stream commands share: the stream of a key argument, and IDs as arguments and replies. */

import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../store/entries.js'
import { aggregateOf } from '../../types/large-value.js'
import { Stream } from '../../types/stream/stream.js'
import {
  ANY_SEQUENCE,
  ID_TEXT_BYTES,
  parseStreamId,
  type StreamId,
  WITHOUT_SEQUENCE,
} from '../../types/stream/stream-id.js'
import { streamOf } from '../../types/stream/stream-kind.js'
import type { CommandContext } from '../context.js'

export const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument'
const LAST_HALF = 0xffffffff
const MINUS = 0x2d
const PLUS = 0x2b
const STAR = 0x2a
const PARENTHESIS = 0x28

/** What stands for no stream: there is none (MISSING), or the key holds something else, and WRONGTYPE was replied (WRONG). */
export const MISSING = null
export const WRONG = undefined

/** The stream of key argument `index`, for a command that reads it. */
export function readStream(ctx: CommandContext, index = 1): Stream | typeof MISSING | typeof WRONG {
  return streamAt(ctx, ctx.findForRead(index))
}

/** The stream in the entry at `address`, 0 for none. */
export function streamAt(ctx: CommandContext, address: number): Stream | typeof MISSING | typeof WRONG {
  if (address === 0) return MISSING
  return ctx.wrongType(address, TYPE_STREAM) ? WRONG : streamOf(ctx.keyspace, address)
}

/**
 * The stream at a key, whatever has happened since a command has seen it there; null: there is none. If it is being changed in slices, that
 * goes on.
 */
export function streamNow(db: Database, key: Buffer): Stream | null {
  const address = db.findAny(key, 0, key.length)
  return address === 0 || db.entries.type(address) !== TYPE_STREAM
    ? null
    : (aggregateOf(db.keyspace, address) as Stream)
}

/** As readStream, for a command that changes the stream. */
export function changeStream(ctx: CommandContext, index = 1): Stream | typeof MISSING | typeof WRONG {
  return streamAt(ctx, ctx.findForWrite(index))
}

/** Makes key argument `index`, which findForWrite has just not found, a stream without entries. */
export function createStream(ctx: CommandContext, index = 1): Stream {
  const { args, db, keyspace } = ctx
  const { aggregates, entries } = keyspace
  const address = db.place(
    0,
    args.buffer,
    args.starts[index],
    args.ends[index],
    TYPE_STREAM,
    ENCODING_AGGREGATE,
    0,
    Number.NaN,
  )
  const stream = new Stream(entries)
  entries.setPayload(address, aggregates.add(stream))
  return stream
}

/** The stream of key argument `index` has more, or another group less: those who wait for it are to be served. */
export function streamChanged(ctx: CommandContext, index = 1): void {
  const { db, server } = ctx
  if (!server.keyWaits.active) return
  const address = ctx.findAgain(index)
  if (address !== 0) server.keyWaits.keyReady(db, address)
}

// IDs

function isByte({ args }: CommandContext, index: number, byte: number): boolean {
  const start = args.starts[index]
  return args.ends[index] - start === 1 && args.buffer[start] === byte
}

/** Whether argument `index` is "*". */
export function isStar(ctx: CommandContext, index: number): boolean {
  return isByte(ctx, index, STAR)
}

/** Whether argument `index` can be an ID, and nothing else. */
export function beginsWithDigit({ args }: CommandContext, index: number): boolean {
  const first = args.buffer[args.starts[index]]
  return args.ends[index] > args.starts[index] && first >= 0x30 && first <= 0x39
}

/** Reads argument `index` as an ID, with or without its sequence number; "-" and "+" are none. False: it is not one. */
export function parseId({ args }: CommandContext, index: number, id: StreamId): boolean {
  const kind = parseStreamId(args.buffer, args.starts[index], args.ends[index], id)
  return kind !== 0 && kind !== ANY_SEQUENCE
}

/** As parseId; replies the error when it is none. */
export function readId(ctx: CommandContext, index: number, id: StreamId): boolean {
  if (parseId(ctx, index, id)) return true
  ctx.reply.error(INVALID_ID)
  return false
}

/** As readId, for XGROUP SETID: "-" and "+" are the least ID and the greatest. */
export function readAnyId(ctx: CommandContext, index: number, id: StreamId): boolean {
  if (isByte(ctx, index, MINUS)) id.setZero()
  else if (isByte(ctx, index, PLUS)) id.setLast()
  else return readId(ctx, index, id)
  return true
}

/** Reads argument `index` as the ID of a new entry: one whose sequence number may be "*". Returns how it was complete, 0 for an error. */
export function readNewId(ctx: CommandContext, index: number, id: StreamId): number {
  const { args, reply } = ctx
  const kind = parseStreamId(args.buffer, args.starts[index], args.ends[index], id)
  if (kind === 0) reply.error(INVALID_ID)
  return kind
}

/**
 * Reads argument `index` as the start of an interval, or its end: "-", "+", an ID, or "(" and an ID that is not part of it. Without a
 * sequence number a start is the first ID of that time, and an end the last one. Replies the error and returns false if none.
 */
export function readBorder(ctx: CommandContext, index: number, isEnd: boolean, id: StreamId): boolean {
  const { args, reply } = ctx
  const { buffer } = args
  const start = args.starts[index]
  const end = args.ends[index]
  if (end - start === 1 && (buffer[start] === MINUS || buffer[start] === PLUS)) {
    if (buffer[start] === MINUS) id.setZero()
    else id.setLast()
    return true
  }
  const excludes = end - start > 1 && buffer[start] === PARENTHESIS
  const kind = parseStreamId(buffer, excludes ? start + 1 : start, end, id)
  if (kind === 0 || kind === ANY_SEQUENCE) {
    reply.error(INVALID_ID)
    return false
  }
  if (kind === WITHOUT_SEQUENCE && isEnd) id.setHalves(id.msHigh, id.msLow, LAST_HALF, LAST_HALF)
  if (!excludes || (isEnd ? id.decrement() : id.increment())) return true
  reply.error(`ERR invalid ${isEnd ? 'end' : 'start'} ID for the interval`)
  return false
}

const text = Buffer.alloc(ID_TEXT_BYTES)

/** Writes an ID as a bulk string. */
export function writeId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(text, 0, id.write(text, 0))
}
