/** SORT with STORE: the result takes the destination's place, whatever is there. */
import { EVENT_LIST } from '../../../config/keyspace-events.js'
import { Draft } from '../../../store/draft.js'
import { List } from '../../../types/list/list.js'
import type { ListLimits } from '../../../types/value-limits.js'
import type { CommandContext } from '../../context.js'
import { removeDestination } from '../../destination.js'
import type { ByteStrings } from './byte-strings.js'

const NO_BYTES = Buffer.alloc(0)
/** Redis puts the list together, and keeps it where it is a long one, with the limits that are usual, whatever the directives say. */
const FIRST_LIMITS: ListLimits = { maxListpackSize: -2, compressDepth: 0 }

const list = new List()

/** Stores strings numberOf(0) .. numberOf(count - 1) of `strings` as a list at key argument `index`; without any the key goes. */
export function storeList(
  ctx: CommandContext,
  index: number,
  strings: ByteStrings,
  count: number,
  numberOf: (place: number) => number,
): void {
  if (count === 0) {
    removeDestination(ctx, index)
    return
  }
  const { args, db, keyspace, server } = ctx
  const { buffer, ends, starts } = args
  const draft = new Draft(keyspace, buffer, starts[index], ends[index])
  list.openNew(draft.database, draft.key, draft.start, draft.end)
  const quicklist = list.startQuicklist(FIRST_LIMITS)
  for (let place = 0; place < count; place++) {
    const number = numberOf(place)
    // What GET has not found is an empty element.
    if (strings.isNothing(number)) quicklist.push(false, NO_BYTES, 0, 0)
    else quicklist.push(false, strings.buffer(number), strings.start(number), strings.end(number))
  }
  list.completed(server.valueLimits.list)
  draft.moveTo(db, list.address, ctx.findForWrite(index), false)
  draft.close()
  ctx.touch(index)
  ctx.notify(EVENT_LIST, 'sortstore', index)
  keyspace.dirty += count - 1
}
