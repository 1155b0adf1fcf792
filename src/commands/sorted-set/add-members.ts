/** What ZADD, ZINCRBY and GEOADD do once they know the scores. */
import { EVENT_ZSET } from '../../config/keyspace-events.js'
import { ADDED, INCREMENT, NOT_A_NUMBER, ONLY_EXISTING, REFUSED, UPDATED } from '../../types/sorted-set/sorted-set.js'
import type { CommandContext } from '../context.js'
import { knownHash, memberAhead, openForWrite, sortedSet } from './access.js'

/** Scores of the command that is running. */
let scores = new Float64Array(64)

/** Room for the scores of so many members. */
export function scoresFor(members: number): Float64Array {
  if (members > scores.length) scores = new Float64Array(members * 2)
  return scores
}

/**
 * Adds members with the scores in scoresFor(), under conditions, to the sorted set of key argument 1: arguments `first`, `first` +
 * `step`, ... to the last. Replies how many are new, or with `countsChanges` how many have got a score. Returns whether anything
 * changed.
 */
export function addMembers(
  ctx: CommandContext,
  first: number,
  step: number,
  conditions: number,
  countsChanges: boolean,
): boolean {
  const { args, reply, keyspace } = ctx
  const { argc, buffer, ends, starts } = args
  const limits = ctx.server.valueLimits.sortedSet
  if (!openForWrite(ctx)) return false
  const members = Math.ceil((argc - first) / step)
  let added = 0
  let updated = 0
  let accepted = true
  if (members > 1) {
    sortedSet.expect(members, limits)
    const isNew = sortedSet.address === 0 && (conditions & ONLY_EXISTING) === 0
    if (isNew && sortedSet.addFirst(buffer, starts, ends, first, step, members, scores, limits)) added = members
  }
  // Who looks ahead has to begin with the first one.
  const wasLarge = sortedSet.address !== 0 && sortedSet.isLarge
  for (let i = added; i < members; i++) {
    const at = first + step * i
    const hash = wasLarge ? memberAhead(ctx, at, first, step) : knownHash(ctx, at)
    const outcome = sortedSet.add(buffer, starts[at], ends[at], scores[i], conditions, limits, hash)
    if (outcome === ADDED) added++
    else if (outcome === UPDATED) updated++
    else if (outcome === REFUSED) accepted = false
    else if (outcome === NOT_A_NUMBER) {
      reply.error('ERR resulting score is not a number (NaN)')
      return false
    }
  }
  const increments = (conditions & INCREMENT) !== 0
  if (!increments) reply.integer(countsChanges ? added + updated : added)
  else if (accepted) reply.double(sortedSet.score)
  else reply.null()
  if (added + updated === 0) return false
  ctx.touch(1)
  ctx.notify(EVENT_ZSET, increments ? 'zincr' : 'zadd', 1)
  keyspace.dirty += added + updated - 1
  return true
}
