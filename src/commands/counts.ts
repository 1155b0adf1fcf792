/** Numbers of elements as arguments. */
import type { CommandContext } from './context.js'

export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive'

/** Argument `index` as a count from `least` on; beyond 2^53 a double near it does as well. Replies `error` and returns NaN if none. */
export function readCount(ctx: CommandContext, index: number, least: bigint, error: string): number {
  const count = ctx.args.int64(index)
  if (count !== null && count >= least) return Number(count)
  ctx.reply.error(error)
  return Number.NaN
}
