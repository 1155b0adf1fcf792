/** SINTERSTORE, SUNIONSTORE and SDIFFSTORE: the result takes the destination's place. */
import { EVENT_GENERIC, EVENT_SET } from '../../config/keyspace-events.js'
import { Draft } from '../../store/draft.js'
import { difference, intersection, union } from '../../types/set/combine/build.js'
import type { MemberSet } from '../../types/set/set.js'
import type { SetLimits } from '../../types/value-limits.js'
import type { CommandContext } from '../context.js'
import { planDifference } from './difference.js'
import { distinctSets, type NamedSet, operandsOf } from './named-sets.js'

type Sets = readonly (NamedSet | null)[]
/** Puts the result together in a draft for the destination. */
type Build = (draft: Draft, limits: SetLimits) => MemberSet

export function storeIntersection(ctx: CommandContext, sets: Sets): void {
  const operands = sets.includes(null) ? null : operandsOf(ctx, bySize(sets))
  store(ctx, 'sinterstore', operands === null ? null : (draft, limits) => intersection(draft, operands, limits))
}

export function storeUnion(ctx: CommandContext, sets: Sets): void {
  const operands = operandsOf(ctx, distinctSets(sets))
  store(ctx, 'sunionstore', operands.length === 0 ? null : (draft, limits) => union(draft, operands, limits))
}

export function storeDifference(ctx: CommandContext, sets: Sets): void {
  const plan = planDifference(sets)
  if (plan === null) {
    store(ctx, 'sdiffstore', null)
    return
  }
  const operands = operandsOf(ctx, [plan.first, ...plan.others])
  store(ctx, 'sdiffstore', (draft, limits) => difference(draft, operands, plan.bySubtraction, limits))
}

/** The sets, which are all there, from the smallest to the largest. */
export function bySize(sets: Sets): NamedSet[] {
  return distinctSets(sets).sort((a, b) => a.length - b.length)
}

/** Replies the number of members. `build` null: there are none. */
function store(ctx: CommandContext, event: string, build: Build | null): void {
  const { db, keyspace, reply } = ctx
  if (build === null) {
    reply.integer(0)
    removeDestination(ctx)
    return
  }
  const { buffer, ends, starts } = ctx.args
  const draft = new Draft(keyspace, buffer, starts[1], ends[1], ctx.hashOf(1))
  const result = build(draft, ctx.server.valueLimits.set)
  const { address } = result
  if (address !== 0) {
    reply.integer(result.length)
    draft.moveTo(db, address, ctx.findForWrite(1))
  }
  draft.close()
  if (address === 0) {
    reply.integer(0)
    removeDestination(ctx)
    return
  }
  ctx.touch(1)
  ctx.notify(EVENT_SET, event, 1)
}

/** A destination whose time has come goes as any other (dbDelete). */
function removeDestination(ctx: CommandContext): void {
  const address = ctx.findAgain(1)
  if (address === 0) return
  ctx.db.remove(address)
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'del', 1)
}
