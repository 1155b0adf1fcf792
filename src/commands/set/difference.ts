/** How SDIFF goes about it: Redis estimates two ways (t_set.c), and what comes of them may differ in its encoding. */
import { distinctSets, membersOf, type NamedSet } from './named-sets.js'

export interface DifferencePlan {
  readonly first: NamedSet
  /** What is taken away, each set once, the largest first: it has a member most likely. */
  readonly others: readonly NamedSet[]
  /** Take all members of the first set, and remove those of the others; else look each of them up in the others. */
  readonly bySubtraction: boolean
  /** Members that are looked at, or looked up. */
  readonly work: number
}

/** null: nothing is left, whatever the sets hold. */
export function planDifference(sets: readonly (NamedSet | null)[]): DifferencePlan | null {
  const [first, ...rest] = sets
  if (first === null || rest.some(each => each?.address === first.address)) return null
  const there = sets.filter(each => each !== null)
  const others = distinctSets(rest).sort((a, b) => b.length - a.length)
  const lookups = first.length * there.length
  const members = membersOf(there)
  // Look-ups are the cheaper steps, and there are fewer of them where sets have much in common.
  const bySubtraction = Math.floor(lookups / 2) > members
  return { first, others, bySubtraction, work: bySubtraction ? members : lookups }
}
