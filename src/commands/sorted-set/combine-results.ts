/** Which way ZUNION, ZINTER and ZDIFF go, and what they come to. */
import { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import type { CommandContext } from '../context.js'
import { type Input, sourceOf } from './combine-sources.js'
import { type Aggregate, CombineWork } from './combine-work.js'

const FOREVER = Number.POSITIVE_INFINITY

export type Operation = 'union' | 'intersection' | 'difference'

/** From the smallest input to the largest. */
export function bySize(inputs: readonly Input[]): Input[] {
  return [...inputs].sort((a, b) => a.length - b.length)
}

function membersOf(inputs: readonly Input[]): number {
  return inputs.reduce((sum, { length }) => sum + length, 0)
}

/** Members that have to be looked at or looked up. */
export function workOf(operation: Operation, inputs: readonly Input[]): number {
  switch (operation) {
    case 'union':
      return membersOf(inputs)
    case 'intersection':
      return inputs.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY) * inputs.length
    default:
      return bySubtraction(inputs) ? membersOf(inputs) : inputs[0].length * inputs.length
  }
}

/** Which way is less work; look-ups are the cheaper steps, and fewer where inputs have members in common. */
function bySubtraction(inputs: readonly Input[]): boolean {
  return Math.floor((inputs[0].length * inputs.length) / 2) > membersOf(inputs)
}

/** Says what has to be done to fill the result, which has to be put in order then. */
export function plan(
  work: CombineWork,
  result: SortedSetBuilder,
  operation: Operation,
  inputs: readonly Input[],
  aggregate: Aggregate,
): void {
  if (operation === 'union') {
    work.union(
      result,
      bySize(inputs).filter(({ length }) => length > 0),
      aggregate,
    )
  } else if (operation === 'intersection') {
    if (inputs.some(({ length }) => length === 0)) return
    work.intersection(bySize(inputs), aggregate, (member, start, end, score, hash) => {
      result.add(hash, member, start, end, score)
      return true
    })
  } else {
    const [first, ...rest] = inputs
    // Nothing is left where an input takes away itself.
    if (first.length === 0 || rest.some(({ address }) => address === first.address)) return
    const there = [first, ...rest.filter(({ length }) => length > 0)]
    if (bySubtraction(inputs)) work.differenceBySubtraction(result, there)
    else work.differenceByLookups(result, there)
  }
}

/** The result, in order, of a command that is over before anything else happens. O(workOf()). */
export function combineAtOnce(
  ctx: CommandContext,
  operation: Operation,
  inputs: readonly Input[],
  aggregate: Aggregate,
): SortedSetBuilder {
  const result = new SortedSetBuilder(ctx.db.entries, true)
  const work = new CombineWork(input => sourceOf(ctx.db, input))
  plan(work, result, operation, inputs, aggregate)
  work.run(FOREVER)
  work.close()
  result.order(FOREVER)
  return result
}
