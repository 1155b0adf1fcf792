/** Expiry times as arguments: SET, SETEX, GETEX and EXPIRE share units, bounds and error text. */
import { INT64_MAX } from '../../bytes/integers.js'
import type { ExpiryTime } from '../../store/expiry-time.js'
import type { Keyspace } from '../../store/keyspace.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'

/** The number is a span from now on; else a Unix time. */
export const EXPIRY_RELATIVE = 1
/** The number counts seconds; else milliseconds. */
export const EXPIRY_IN_SECONDS = 2

/** The error for a time that is not positive or does not fit 64 bits. */
export function invalidExpiry(commandName: string): string {
  return `ERR invalid expire time in '${commandName}' command`
}

/**
 * Reads argument `index` as an absolute time. Replies the error and returns false when it is no integer, not positive, or beyond
 * 64 bits of milliseconds.
 */
export function readExpiry(ctx: CommandContext, index: number, kind: number, into: ExpiryTime): boolean {
  const unitMs = (kind & EXPIRY_IN_SECONDS) !== 0 ? 1000 : 1
  const baseMs = (kind & EXPIRY_RELATIVE) !== 0 ? ctx.keyspace.nowMs : 0
  const ms = ctx.args.safeInteger(index) * unitMs + baseMs
  if (ms > baseMs && Number.isSafeInteger(ms)) {
    into.setNumber(ms)
    return true
  }
  const number = ctx.args.int64(index)
  if (number === null) {
    ctx.reply.error(NOT_AN_INTEGER)
    return false
  }
  const exact = number * BigInt(unitMs) + BigInt(baseMs)
  if (number <= 0n || exact > INT64_MAX) {
    ctx.reply.error(invalidExpiry(ctx.command.fullName))
    return false
  }
  into.setBigInt(exact)
  return true
}

/**
 * Whether a key that is to expire at `whenMs` is to be deleted now instead. A replica, and a server that loads its files or into
 * which data is being copied, wait for the deletion that the master decided on.
 */
export function hasPassed(keyspace: Keyspace, whenMs: number): boolean {
  return whenMs <= keyspace.nowMs && !keyspace.loading && !keyspace.isReplica && !keyspace.importMode
}
