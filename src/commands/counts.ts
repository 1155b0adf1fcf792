/** Numbers of elements as arguments, and what stands beside them. */
import { INT64_MAX, INT64_MIN } from '../bytes/integers.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from './context.js'

export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive'

/** Argument `index` as a count from `least` on; beyond 2^53 a double near it does as well. Replies `error` and returns NaN if none. */
export function readCount(ctx: CommandContext, index: number, least: bigint, error: string): number {
  const count = ctx.args.int64(index)
  if (count !== null && count >= least) return Number(count)
  ctx.reply.error(error)
  return Number.NaN
}

/**
 * Argument `index` as a count that may be negative: any 64-bit integer but the least, which has no opposite. Replies the error and
 * returns null if none.
 */
export function readSignedCount(ctx: CommandContext, index: number): bigint | null {
  const count = ctx.args.int64(index)
  if (count !== null && count !== INT64_MIN) return count
  ctx.reply.error(
    count === null ? NOT_AN_INTEGER : `ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`,
  )
  return null
}

/** Redis's range for a count whose reply has two elements for each. */
const MAX_PAIRS = INT64_MAX / 2n

/** What HRANDFIELD and ZRANDMEMBER show: so many different elements or, where it is negative, draws; `pairs`: with what belongs to each. */
export interface RandomOptions {
  count: bigint
  pairs: boolean
}

const random: RandomOptions = { count: 0n, pairs: false }

/**
 * Reads the count at argument 2 and behind it the `option` that asks for pairs. Replies the error and returns null when something is
 * wrong. The object returned is the same every time.
 */
export function readRandomOptions(ctx: CommandContext, option: string): RandomOptions | null {
  const { args, reply } = ctx
  const count = readSignedCount(ctx, 2)
  if (count === null) return null
  random.count = count
  random.pairs = args.argc === 4 && args.is(3, option)
  if (args.argc > 3 && !random.pairs) {
    reply.error(SYNTAX_ERROR)
    return null
  }
  if (random.pairs && (count < -MAX_PAIRS || count > MAX_PAIRS)) {
    reply.error('ERR value is out of range')
    return null
  }
  return random
}
