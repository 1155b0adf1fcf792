/**
 * How ZUNION, ZINTER and ZDIFF find their members: passes, one after another, through the inputs, at once or in slices. What comes
 * of scores is Redis's (t_zset.c), down to the order in which they are added up.
 */

import { hashBytes } from '../../bytes/hash.js'
import { performance } from '../../clock/platform.js'
import type { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import { type Input, type Source, TO_SEARCH, TO_WALK } from './combine-sources.js'

const FOREVER = Number.POSITIVE_INFINITY

export type Aggregate = 'sum' | 'min' | 'max'

function aggregated(how: Aggregate, score: number, other: number): number {
  switch (how) {
    case 'sum':
      return notNaN(score + other)
    case 'min':
      return other < score ? other : score
    default:
      return other > score ? other : score
  }
}

/** The sum of opposite infinities is 0, and so is an infinite score without weight. */
function notNaN(score: number): number {
  return Number.isNaN(score) ? 0 : score
}

/** Takes a member. False: no more are wanted. */
type Take = (member: Buffer, start: number, end: number, score: number) => boolean

interface Pass {
  readonly walked: Source
  readonly take: Take
}

/** Takes a member that all inputs have, with its score in the result. */
export type TakeCommon = (member: Buffer, start: number, end: number, score: number, hash: number) => boolean

export class CombineWork {
  private readonly openSource: (input: Input, use: number) => Source
  private readonly sources: Source[] = []
  private readonly passes: Pass[] = []
  private take: Take = () => false
  private wanted = true
  private readonly visit = (member: Buffer, start: number, end: number, score: number): void => {
    if (this.wanted) this.wanted = this.take(member, start, end, score)
  }

  /** @param open opens inputs: only called before run(). */
  constructor(open: (input: Input, use: number) => Source) {
    this.openSource = open
  }

  private open(input: Input, use: number): Source {
    const source = this.openSource(input, use)
    this.sources.push(source)
    return source
  }

  get memoryBytes(): number {
    return this.sources.reduce((bytes, source) => bytes + source.memoryBytes, 0)
  }

  /** Goes on until `deadlineMs` (performance.now()), for some dozens of members at least; true when all is done. */
  run(deadlineMs: number): boolean {
    for (let [pass] = this.passes; pass !== undefined; [pass] = this.passes) {
      this.take = pass.take
      this.wanted = true
      while (pass.walked.step(this.visit) && this.wanted) {
        if (deadlineMs !== FOREVER && performance.now() >= deadlineMs) return false
      }
      this.passes.shift()
    }
    return true
  }

  close(): void {
    for (const source of this.sources) source.close()
  }

  /** Puts the members of all inputs, which come from the smallest to the largest, into the result. */
  union(result: SortedSetBuilder, inputs: readonly Input[], how: Aggregate): void {
    for (const input of inputs) {
      const { weight } = input
      this.passes.push({
        walked: this.open(input, TO_WALK),
        take: (member, start, end, score) => {
          const hash = hashBytes(member, start, end)
          const weighted = notNaN(weight * score)
          const found = result.find(hash, member, start, end)
          if (found === 0) result.add(hash, member, start, end, weighted)
          else result.setScore(found, aggregated(how, result.scoreOf(found), weighted))
          return true
        },
      })
    }
  }

  /** Takes the members that all inputs have, of which the first is the smallest. */
  intersection([smallest, ...others]: readonly Input[], how: Aggregate, takeCommon: TakeCommon): void {
    const searched = others.map(input => ({
      weight: input.weight,
      // An input may be named twice.
      source: input.address === smallest.address ? null : this.open(input, TO_SEARCH),
    }))
    this.passes.push({
      walked: this.open(smallest, TO_WALK),
      take: (member, start, end, score) => {
        const hash = hashBytes(member, start, end)
        let total = notNaN(smallest.weight * score)
        for (const { source, weight } of searched) {
          const other = source === null ? score : source.scoreOf(member, start, end, hash)
          if (Number.isNaN(other)) return true
          total = aggregated(how, total, other * weight)
        }
        return takeCommon(member, start, end, total, hash)
      },
    })
  }

  /** Puts those members of the first input into the result which none of the others has: they are looked up there. */
  differenceByLookups(result: SortedSetBuilder, [first, ...others]: readonly Input[]): void {
    // The larger an input, the more likely it has a member.
    const searched = others.sort((a, b) => b.length - a.length).map(input => this.open(input, TO_SEARCH))
    this.passes.push({
      walked: this.open(first, TO_WALK),
      take: (member, start, end, score) => {
        const hash = hashBytes(member, start, end)
        for (const source of searched) if (!Number.isNaN(source.scoreOf(member, start, end, hash))) return true
        result.add(hash, member, start, end, score)
        return true
      },
    })
  }

  /** The same: all members of the first input, of which those of the others are removed. */
  differenceBySubtraction(result: SortedSetBuilder, [first, ...others]: readonly Input[]): void {
    this.passes.push({
      walked: this.open(first, TO_WALK),
      take: (member, start, end, score) => {
        result.add(hashBytes(member, start, end), member, start, end, score)
        return true
      },
    })
    for (const input of others) {
      this.passes.push({
        walked: this.open(input, TO_WALK),
        take: (member, start, end) => {
          const found = result.find(hashBytes(member, start, end), member, start, end)
          if (found !== 0) result.remove(found)
          return result.count > 0
        },
      })
    }
  }
}
