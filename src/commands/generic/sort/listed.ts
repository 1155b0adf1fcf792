/** The values that SORT sorts, as sources of elements: each kind that can be listed has an entry in the table. */
import { TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../../../store/entries.js'
import type { CommandContext } from '../../context.js'
import { type ListedValue, NO_ELEMENTS } from './feed.js'
import { listedList } from './list-feed.js'
import { listedSet } from './set-feed.js'
import { listedSortedSet } from './sorted-set-feed.js'

const NOTHING: ListedValue = { length: 0, isOrdered: true, feed: () => NO_ELEMENTS }

const kinds = new Map<number, (ctx: CommandContext, address: number, index: number) => ListedValue>([
  [TYPE_LIST, listedList],
  [TYPE_SET, listedSet],
  [TYPE_ZSET, listedSortedSet],
])

/** The value at key argument `index`, which may be none; null for one of a kind that has no such elements. */
export function findListed(ctx: CommandContext, index: number): ListedValue | null {
  const address = ctx.findForRead(index)
  if (address === 0) return NOTHING
  return kinds.get(ctx.db.entries.type(address))?.(ctx, address, index) ?? null
}
