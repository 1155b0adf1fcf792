/** A sorted set that was put together takes the place of what the destination holds: ZRANGESTORE, ZUNIONSTORE, GEOSEARCHSTORE. */
import { EVENT_ZSET } from '../../config/keyspace-events.js'
import { NEVER } from '../../store/database.js'
import type { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import type { CommandContext } from '../context.js'
import { removeDestination } from '../destination.js'

/** Stores it under key argument `index` and replies the number of its members; without any, the key goes. */
export function storeResult(ctx: CommandContext, result: SortedSetBuilder, event: string, index = 1): void {
  const { args, db, keyspace, reply } = ctx
  const { count } = result
  reply.integer(count)
  if (count === 0) {
    result.discard(keyspace)
    removeDestination(ctx, index)
    return
  }
  const address = ctx.findForWrite(index)
  const limits = ctx.server.valueLimits.sortedSet
  result.store(db, address, args.buffer, args.starts[index], args.ends[index], NEVER, limits)
  ctx.touch(index)
  ctx.notify(EVENT_ZSET, event, index)
}
