/** The key that a command stores its result under (SORT, SINTERSTORE, ZRANGESTORE and their kin). */
import { EVENT_GENERIC } from '../config/keyspace-events.js'
import type { CommandContext } from './context.js'

/** For a result of nothing: removes key argument `index`, if it is there. One whose time has come goes as any other (dbDelete). */
export function removeDestination(ctx: CommandContext, index: number): void {
  const address = ctx.findAgain(index)
  if (address === 0) return
  ctx.db.remove(address)
  ctx.touch(index)
  ctx.notify(EVENT_GENERIC, 'del', index)
}
