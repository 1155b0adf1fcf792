/** LRANGE and LTRIM. Source of behaviour: Redis's t_list.c. */
import { EVENT_GENERIC, EVENT_LIST } from '../../config/keyspace-events.js'
import type { CommandContext } from '../context.js'
import { IndexRange } from '../index-range.js'
import { list, openForRead, openForWrite } from './access.js'
import { replyPart } from './list-replies.js'

const range = new IndexRange()

/** LRANGE key start stop. Array reply: elements start to stop, which count from the tail when negative. */
export function lrange(ctx: CommandContext): void {
  if (!range.read(ctx, 2) || !openForRead(ctx)) return
  const { length } = list
  const count = within(length)
  if (count === 0) ctx.reply.array(0)
  else replyPart(ctx, list, { from: range.start, count, backward: false }, out => out.array(count))
}

/** Makes `range` one of the indexes of `length` elements; returns how many it has. */
function within(length: number): number {
  if (range.start < 0) range.start = Math.max(0, length + range.start)
  if (range.end < 0) range.end += length
  if (range.end >= length) range.end = length - 1
  return Math.max(0, range.end - range.start + 1)
}

/** LTRIM key start stop: removes all other elements. */
export function ltrim(ctx: CommandContext): void {
  const { keyspace, reply } = ctx
  if (!range.read(ctx, 2) || !openForWrite(ctx)) return
  reply.ok()
  if (list.address === 0) return
  const { length } = list
  const kept = within(length)
  if (kept === 0) list.deleteRange(0, length)
  else {
    list.deleteRange(range.end + 1, length - range.end - 1)
    list.deleteRange(0, range.start)
  }
  const dropped = list.dropIfEmpty()
  if (!dropped) list.shrunk(ctx.server.valueLimits.list)
  ctx.touch(1)
  ctx.notify(EVENT_LIST, 'ltrim', 1)
  if (dropped) ctx.notify(EVENT_GENERIC, 'del', 1)
  keyspace.dirty += length - kept - 1
}
