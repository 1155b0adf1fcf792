/** LPUSH, RPUSH, LPUSHX and RPUSHX. Source of behaviour: pushGenericCommand in Redis's t_list.c. */
import { EVENT_LIST } from '../../config/keyspace-events.js'
import type { CommandContext } from '../context.js'
import { list, openForWrite } from './access.js'

/** LPUSH key element [element ...]. Integer reply: the length of the list. */
export function lpush(ctx: CommandContext): void {
  push(ctx, true, false)
}

/** RPUSH key element [element ...]. Integer reply: the length of the list. */
export function rpush(ctx: CommandContext): void {
  push(ctx, false, false)
}

/** LPUSHX key element [element ...]: as LPUSH, but 0 where there is no list. */
export function lpushx(ctx: CommandContext): void {
  push(ctx, true, true)
}

/** RPUSHX key element [element ...]: as RPUSH, but 0 where there is no list. */
export function rpushx(ctx: CommandContext): void {
  push(ctx, false, true)
}

function push(ctx: CommandContext, atHead: boolean, onlyExisting: boolean): void {
  const { args, keyspace, reply } = ctx
  if (!openForWrite(ctx)) return
  if (list.address === 0 && onlyExisting) {
    reply.integer(0)
    return
  }
  list.push(atHead, args.buffer, args.starts, args.ends, 2, args.argc, ctx.server.valueLimits.list)
  reply.integer(list.length)
  ctx.touch(1)
  ctx.notify(EVENT_LIST, atHead ? 'lpush' : 'rpush', 1)
  keyspace.dirty += args.argc - 3
}
