/** Expiry times as arguments: SET, SETEX, GETEX and EXPIRE share units, bounds and error text. */
import { INT64_MAX } from '../bytes/integers.js'
import type { Keyspace } from '../store/keyspace.js'
import { type CommandContext, NOT_AN_INTEGER } from './context.js'

/** The number is a span from now on; else a Unix time. */
export const EXPIRY_RELATIVE = 1
/** The number counts seconds; else milliseconds. */
export const EXPIRY_IN_SECONDS = 2

/** The largest double below 2^63: later times would turn negative in a file's 64 bits. */
export const LATEST_MS = 2 ** 63 - 1024

/** The error for a time that is not positive or does not fit 64 bits. */
export function invalidExpiry(commandName: string): string {
  return `ERR invalid expire time in '${commandName}' command`
}

/**
 * Argument `index` as an absolute time in milliseconds. Replies the error and returns NaN when it is no integer, not
 * positive, or beyond 64 bits. Times past 2^53 milliseconds (year 287396) lose their last digits.
 */
export function readExpiry(ctx: CommandContext, index: number, kind: number): number {
  const number = ctx.args.int64(index)
  if (number === null) {
    ctx.reply.error(NOT_AN_INTEGER)
    return Number.NaN
  }
  let ms = (kind & EXPIRY_IN_SECONDS) !== 0 ? number * 1000n : number
  if (number > 0n && ms <= INT64_MAX && (kind & EXPIRY_RELATIVE) !== 0) ms += BigInt(ctx.keyspace.nowMs)
  if (number <= 0n || ms > INT64_MAX) {
    ctx.reply.error(invalidExpiry(ctx.command.fullName))
    return Number.NaN
  }
  return Math.min(Number(ms), LATEST_MS)
}

/**
 * Whether a key that is to expire at `whenMs` is to be deleted now instead. A replica, and a server that loads its files, wait
 * for the deletion that the master decided on.
 */
export function hasPassed(keyspace: Keyspace, whenMs: number): boolean {
  return whenMs <= keyspace.nowMs && !keyspace.loading && !keyspace.isReplica
}
