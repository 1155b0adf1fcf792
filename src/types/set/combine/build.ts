/**
 * Puts the result of SINTERSTORE and its kin together, in the way in which Redis does (t_set.c): the order of its members while it is
 * small, and its encoding, come from that.
 */
import { NEVER } from '../../../store/database.js'
import type { Draft } from '../../../store/draft.js'
import { ENCODING_INTSET, ENCODING_LISTPACK } from '../../../store/entries.js'
import type { SetLimits } from '../../value-limits.js'
import { MemberSet } from '../set.js'
import type { Operand } from './operand.js'
import { Pass } from './pass.js'
import { AddedMembers, RemovedMembers } from './takers.js'

const FOREVER = Number.POSITIVE_INFINITY
const NONE: readonly Operand[] = []

/** A set for the draft's key. */
function begin(
  { database, end, key, start }: Draft,
  beginning: typeof ENCODING_INTSET | typeof ENCODING_LISTPACK,
): MemberSet {
  const set = new MemberSet()
  set.openNew(database, key, start, end, NEVER, beginning)
  return set
}

/** The members of the first set, the smallest, that all others have. The result's `address` is 0 where there are none. */
export function intersection(draft: Draft, [smallest, ...others]: readonly Operand[], limits: SetLimits): MemberSet {
  const set = begin(draft, smallest.isIntset ? ENCODING_INTSET : ENCODING_LISTPACK)
  const members = new AddedMembers(set, limits)
  new Pass(smallest, others, true, members).run(FOREVER)
  if (set.address !== 0 && members.onlyIntegers) set.convertToIntset(limits)
  return set
}

/** The members of all sets. */
export function union(draft: Draft, sets: readonly Operand[], limits: SetLimits): MemberSet {
  const set = begin(draft, ENCODING_INTSET)
  const members = new AddedMembers(set, limits)
  for (const operand of sets) new Pass(operand, NONE, true, members).run(FOREVER)
  return set
}

/**
 * The members of the first set that none of the others has. `bySubtraction`: all of them first, of which those of the others are
 * removed then; else only those that the others do not have.
 */
export function difference(
  draft: Draft,
  [first, ...others]: readonly Operand[],
  bySubtraction: boolean,
  limits: SetLimits,
): MemberSet {
  const set = begin(draft, ENCODING_INTSET)
  new Pass(first, bySubtraction ? NONE : others, false, new AddedMembers(set, limits)).run(FOREVER)
  if (!bySubtraction) return set
  const members = new RemovedMembers(set)
  for (const operand of others) if (set.address !== 0) new Pass(operand, NONE, true, members).run(FOREVER)
  return set
}
