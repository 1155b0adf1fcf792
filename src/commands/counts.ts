/** Numbers of elements as arguments. */
import { INT64_MAX, INT64_MIN } from '../bytes/integers.js'
import { type CommandContext, NOT_AN_INTEGER } from './context.js'

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
