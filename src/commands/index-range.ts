/** Indexes and ranges of them as arguments: both ends inclusive, counted from the end when negative (GETRANGE, BITCOUNT). */
import { type CommandContext, NOT_AN_INTEGER } from './context.js'

/** Argument `index` as such an index. Beyond 2^53 a double near it does as well. Replies the error and returns NaN if none. */
export function readIndex(ctx: CommandContext, index: number): number {
  const small = ctx.args.safeInteger(index)
  if (!Number.isNaN(small)) return small
  const big = ctx.args.int64(index)
  if (big !== null) return Number(big)
  ctx.reply.error(NOT_AN_INTEGER)
  return Number.NaN
}

export class IndexRange {
  start = 0
  end = 0
  /** Both are negative and the end lies before the start: empty whatever the length. */
  reversed = false

  /** Reads arguments `index` and `index + 1`. Replies the error and returns false when one is no 64-bit integer. */
  read(ctx: CommandContext, index: number): boolean {
    const { args } = ctx
    this.start = args.safeInteger(index)
    this.end = args.safeInteger(index + 1)
    this.reversed = this.start < 0 && this.end < this.start
    if (!Number.isNaN(this.start) && !Number.isNaN(this.end)) return true
    // Only the comparison of the two needs more than doubles.
    const start = args.int64(index)
    const end = args.int64(index + 1)
    if (start === null || end === null) {
      ctx.reply.error(NOT_AN_INTEGER)
      return false
    }
    this.start = Number(start)
    this.end = Number(end)
    this.reversed = start < 0n && end < start
    return true
  }

  /** Makes it a range of all elements there are. */
  whole(): void {
    this.start = 0
    this.end = -1
    this.reversed = false
  }

  /** Makes it a range of `total` elements: 0 <= start <= end < total. False: it is empty. */
  clamp(total: number): boolean {
    if (this.start < 0) this.start = Math.max(0, total + this.start)
    if (this.end < 0) this.end = Math.max(0, total + this.end)
    if (this.end >= total) this.end = total - 1
    return this.start <= this.end
  }
}
