/** SINTERSTORE, SUNIONSTORE and SDIFFSTORE: the result takes the destination's place. */
import { EVENT_SET } from '../../config/keyspace-events.js'
import { ENCODING_INTSET, ENCODING_LISTPACK } from '../../store/entries.js'
import { addDifference, addIntersection, addUnion } from '../../types/set/combine/build.js'
import { SetResult } from '../../types/set/combine/set-result.js'
import type { SmallEncoding } from '../../types/set/gathered-set.js'
import type { CommandContext } from '../context.js'
import { removeDestination } from '../destination.js'
import { planDifference } from './difference.js'
import { bySize, distinctSets, type NamedSet, operandsOf } from './named-sets.js'

type Sets = readonly (NamedSet | null)[]

export function storeIntersection(ctx: CommandContext, sets: Sets): void {
  if (sets.includes(null)) {
    storeNothing(ctx)
    return
  }
  const operands = operandsOf(ctx, bySize(sets))
  const result = begin(ctx, operands[0].isIntset ? ENCODING_INTSET : ENCODING_LISTPACK)
  addIntersection(result, operands)
  store(ctx, 'sinterstore', result)
}

export function storeUnion(ctx: CommandContext, sets: Sets): void {
  const result = begin(ctx, ENCODING_INTSET)
  addUnion(result, operandsOf(ctx, distinctSets(sets)))
  store(ctx, 'sunionstore', result)
}

export function storeDifference(ctx: CommandContext, sets: Sets): void {
  const plan = planDifference(sets)
  if (plan === null) {
    storeNothing(ctx)
    return
  }
  const result = begin(ctx, ENCODING_INTSET)
  addDifference(result, operandsOf(ctx, [plan.first, ...plan.others]), plan.bySubtraction)
  store(ctx, 'sdiffstore', result)
}

function begin({ args, keyspace, server }: CommandContext, beginning: SmallEncoding): SetResult {
  return new SetResult(keyspace, args.buffer, args.starts[1], args.ends[1], server.valueLimits.set, beginning)
}

/** Replies the number of members. */
function store(ctx: CommandContext, event: string, result: SetResult): void {
  const { length } = result
  if (length > 0) result.moveTo(ctx.db, ctx.findForWrite(1), false)
  result.close()
  if (length === 0) {
    storeNothing(ctx)
    return
  }
  ctx.reply.integer(length)
  ctx.touch(1)
  ctx.notify(EVENT_SET, event, 1)
}

function storeNothing(ctx: CommandContext): void {
  ctx.reply.integer(0)
  removeDestination(ctx, 1)
}
