/** What SINTERSTORE and its kin put together, in the way in which Redis does (t_set.c): the result's encoding comes from that. */
import type { Operand } from './operand.js'
import { Pass } from './pass.js'
import type { SetResult } from './set-result.js'
import { AddedMembers, RemovedMembers } from './takers.js'

const FOREVER = Number.POSITIVE_INFINITY
const NONE: readonly Operand[] = []

/** Adds the members of the first set, the smallest, that all others have. The result has to begin as a set of its kind. */
export function addIntersection(result: SetResult, [smallest, ...others]: readonly Operand[]): void {
  const members = new AddedMembers(result)
  new Pass(smallest, others, true, members).run(FOREVER)
  if (members.onlyIntegers) result.convertToIntset()
}

/** Adds the members of all sets. */
export function addUnion(result: SetResult, sets: readonly Operand[]): void {
  const members = new AddedMembers(result)
  for (const operand of sets) new Pass(operand, NONE, true, members).run(FOREVER)
}

/**
 * Adds the members of the first set that none of the others has. `bySubtraction`: all of them first, of which those of the others
 * are removed then; else only those that the others do not have.
 */
export function addDifference(result: SetResult, [first, ...others]: readonly Operand[], bySubtraction: boolean): void {
  new Pass(first, bySubtraction ? NONE : others, false, new AddedMembers(result)).run(FOREVER)
  if (!bySubtraction) return
  const members = new RemovedMembers(result)
  for (const operand of others) if (result.length > 0) new Pass(operand, NONE, true, members).run(FOREVER)
}
