/**
 * SORT and SORT_RO. Source of behaviour: Redis's sort.c. Few elements are sorted at once; many between the requests of others, out of
 * the value as it was when the command came. What other keys say of them (BY, GET) is looked up right away, and what STORE stores
 * is there when the command is over, however long that takes: nobody may see anything in between.
 */
import type { ReplyWriter } from '../../../resp/reply-writer.js'
import { ByteRange } from '../../../types/byte-range.js'
import { countFailure } from '../../blocking/unblock.js'
import { type CommandContext, WRONG_TYPE } from '../../context.js'
import { SLICED_FROM_ELEMENTS } from '../../table-replies.js'
import { ByteStrings } from './byte-strings.js'
import { collatorOf } from './collation.js'
import type { ListedValue } from './feed.js'
import { findListed } from './listed.js'
import { readSortOptions, type SortOptions } from './options.js'
import type { SortPattern } from './pattern.js'
import { SortReply } from './sort-reply.js'
import { Sorting, type SortPlan } from './sorting.js'
import { storeList } from './store.js'

const NOT_ALL_NUMBERS = "ERR One or more scores can't be converted into double"

const shown = new ByteRange()

/** SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]: array, or integer reply. */
export function sort(ctx: CommandContext, mayStore: boolean): void {
  const { command, reply, server } = ctx
  const options = readSortOptions(ctx, mayStore)
  if (options === null) return
  const value = findListed(ctx, 1)
  if (value === null) {
    reply.error(WRONG_TYPE)
    return
  }
  const { gets, storeIndex } = options
  const plan = planOf(ctx, options, value)
  const { by, fed, first, last } = plan
  const sorting = new Sorting(value.feed(fed), plan)
  if (by !== null) sorting.weighBy(ctx, by)
  const isLong = fed.count > SLICED_FROM_ELEMENTS && storeIndex === 0
  if (isLong && gets.length === 0 && !sorting.failed) {
    const onFailure = (out: ReplyWriter): void => {
      out.error(NOT_ALL_NUMBERS)
      countFailure(server, command, NOT_ALL_NUMBERS)
    }
    ctx.replyFrom(new SortReply(sorting, first, last, null, onFailure))
    return
  }
  sorting.step(Number.POSITIVE_INFINITY)
  sorting.close()
  if (sorting.failed) reply.error(NOT_ALL_NUMBERS)
  else if (storeIndex !== 0) store(ctx, sorting, plan, options)
  else if (isLong) ctx.replyFrom(new SortReply(sorting, first, last, collect(ctx, sorting, plan, gets), () => {}))
  else write(ctx, sorting, plan, gets)
}

function planOf({ inScript, server }: CommandContext, options: SortOptions, value: ListedValue): SortPlan {
  const { isDescending, storeIndex } = options
  // The order of a set is anybody's: what is stored, or seen by a script, has to be the same everywhere.
  const isFixed = options.unsorted && !value.isOrdered && (storeIndex !== 0 || inScript)
  const unsorted = options.unsorted && !isFixed
  const { length } = value
  const offset = Math.max(0, options.offset)
  const count = options.count < 0 ? length : options.count
  const from = Math.min(offset, length)
  const wanted = Math.min(count, length - from)
  const isPart = unsorted && value.isOrdered
  return {
    unsorted,
    isDescending,
    alpha: options.alpha || isFixed,
    by: options.unsorted ? null : options.by,
    fed: isPart
      ? { from, count: wanted, backward: isDescending }
      : { from: 0, count: unsorted ? from + wanted : length, backward: false },
    first: isPart ? 0 : from,
    last: (isPart ? 0 : from) + wanted - 1,
    collation: storeIndex !== 0 ? 'bytes' : collatorOf(server.config.values['locale-collate']),
  }
}

function write(ctx: CommandContext, sorting: Sorting, { first, last }: SortPlan, gets: readonly SortPattern[]): void {
  const { reply } = ctx
  const { elements } = sorting
  reply.array((last - first + 1) * Math.max(1, gets.length))
  for (let place = first; place <= last; place++) {
    const element = sorting.element(place)
    const bytes = elements.buffer(element)
    const start = elements.start(element)
    const end = elements.end(element)
    if (gets.length === 0) reply.bulk(bytes, start, end)
    for (const get of gets) {
      if (get.find(ctx, bytes, start, end, shown)) shown.writeTo(reply)
      else reply.null()
    }
  }
}

function store(ctx: CommandContext, sorting: Sorting, plan: SortPlan, { gets, storeIndex }: SortOptions): void {
  const { first, last } = plan
  const count = (last - first + 1) * Math.max(1, gets.length)
  if (gets.length === 0) storeList(ctx, storeIndex, sorting.elements, count, place => sorting.element(first + place))
  else storeList(ctx, storeIndex, collect(ctx, sorting, plan, gets), count, place => place)
  ctx.reply.integer(count)
}

/** What GET shows of the elements that are wanted, in order. */
function collect(
  ctx: CommandContext,
  sorting: Sorting,
  { first, last }: SortPlan,
  gets: readonly SortPattern[],
): ByteStrings {
  const { elements } = sorting
  const values = new ByteStrings((last - first + 1) * gets.length)
  for (let place = first; place <= last; place++) {
    const element = sorting.element(place)
    for (const get of gets) {
      if (get.find(ctx, elements.buffer(element), elements.start(element), elements.end(element), shown)) {
        values.add(shown.buffer, shown.start, shown.end)
      } else values.addNothing()
    }
  }
  return values
}
