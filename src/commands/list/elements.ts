/** LLEN, LINDEX, LSET, LINSERT and LREM. Source of behaviour: Redis's t_list.c. */
import { EVENT_GENERIC, EVENT_LIST } from '../../config/keyspace-events.js'
import { Matcher } from '../../types/list/matcher.js'
import { type CommandContext, NO_SUCH_KEY, SYNTAX_ERROR } from '../context.js'
import { readIndex } from '../index-range.js'
import { element, list, openForRead, openForWrite } from './access.js'

const matcher = new Matcher()

/** LLEN key. */
export function llen(ctx: CommandContext): void {
  if (openForRead(ctx)) ctx.reply.integer(list.length)
}

/** LINDEX key index. Bulk reply: the element, null where there is none. A missing list is answered before the index is looked at. */
export function lindex(ctx: CommandContext): void {
  const { reply } = ctx
  if (!openForRead(ctx)) return
  if (list.address === 0) {
    reply.null()
    return
  }
  const wanted = readIndex(ctx, 2)
  if (Number.isNaN(wanted)) return
  const { length } = list
  const index = wanted < 0 ? wanted + length : wanted
  if (index < 0 || index >= length) {
    reply.null()
    return
  }
  list.show(index, element)
  element.writeTo(reply)
}

/** LSET key index element. */
export function lset(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  const limits = server.valueLimits.list
  if (!openForWrite(ctx)) return
  if (list.address === 0) {
    reply.error(NO_SUCH_KEY)
    return
  }
  const wanted = readIndex(ctx, 2)
  if (Number.isNaN(wanted)) return
  list.makeRoom(args.length(3), 1, limits)
  const { length } = list
  // Redis 7.2 has it in 32 bits, so that 4294967296 is index 0; before and here it is out of range.
  const index = wanted < 0 ? wanted + length : wanted
  if (index < 0 || index >= length) {
    reply.error('ERR index out of range')
    return
  }
  list.replace(index, args.buffer, args.starts[3], args.ends[3])
  list.shrunk(limits)
  reply.ok()
  ctx.touch(1)
  ctx.notify(EVENT_LIST, 'lset', 1)
}

/** LINSERT key BEFORE|AFTER pivot element. Integer reply: the length of the list; 0 without a list, -1 without a pivot in it. */
export function linsert(ctx: CommandContext): void {
  const { args, reply } = ctx
  const behind = args.is(2, 'after')
  if (!behind && !args.is(2, 'before')) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (!openForWrite(ctx)) return
  if (list.address === 0) {
    reply.integer(0)
    return
  }
  // Whether there is a pivot or not, as in Redis.
  list.makeRoom(args.length(4), 1, ctx.server.valueLimits.list)
  matcher.of(args.buffer, args.starts[3], args.ends[3])
  const pivot = list.find(matcher)
  if (pivot < 0) {
    reply.integer(-1)
    return
  }
  list.insert(pivot, behind, args.buffer, args.starts[4], args.ends[4])
  reply.integer(list.length)
  ctx.touch(1)
  ctx.notify(EVENT_LIST, 'linsert', 1)
}

/** LREM key count element. Integer reply: how many equal elements were removed: the first `count`, the last when negative, 0 for all. */
export function lrem(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  const count = readIndex(ctx, 2)
  if (Number.isNaN(count) || !openForWrite(ctx)) return
  if (list.address === 0) {
    reply.integer(0)
    return
  }
  matcher.of(args.buffer, args.starts[3], args.ends[3])
  const most = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count)
  const removed = list.removeMatching(matcher, most, count < 0)
  reply.integer(removed)
  if (removed === 0) return
  const dropped = list.dropIfEmpty()
  if (!dropped) list.shrunk(ctx.server.valueLimits.list)
  ctx.touch(1)
  ctx.notify(EVENT_LIST, 'lrem', 1)
  if (dropped) ctx.notify(EVENT_GENERIC, 'del', 1)
  keyspace.dirty += removed - 1
}
