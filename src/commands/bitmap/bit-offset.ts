/** A bit's offset as an argument (getBitOffsetFromArgument in Redis's bitops.c). */
import { constants } from 'node:buffer'
import { parseInt64, parseSafeInteger } from '../../bytes/integers.js'
import type { CommandContext } from '../context.js'
import { longestString } from '../string/access.js'

const HASH_SIGN = 35
/** A field of 64 bits that begins in the last byte that may be addressed ends this much behind it. */
const FIELD_BYTES = 8

/**
 * Argument `index` as an offset in bits, within proto-max-bulk-len. With `fieldBits` it may be "#n": the nth field of that
 * size. Replies the error and returns NaN when it is none.
 */
export function readBitOffset(ctx: CommandContext, index: number, fieldBits = 0): number {
  const { args } = ctx
  const start = args.starts[index]
  const end = args.ends[index]
  const counted = fieldBits > 0 && start < end && args.buffer[start] === HASH_SIGN
  const from = counted ? start + 1 : start
  const unit = counted ? fieldBits : 1
  let offset = parseSafeInteger(args.buffer, from, end) * unit
  // Products beyond 64 bits wrap around in Redis, some of them into the range.
  if (Number.isNaN(offset)) {
    const number = parseInt64(args.buffer, from, end)
    offset = number === null ? -1 : Number(BigInt.asIntN(64, number * BigInt(unit)))
  }
  const limit = Math.min(longestString(ctx), constants.MAX_LENGTH - FIELD_BYTES)
  if (offset >= 0 && Math.floor(offset / 8) < limit) return offset
  ctx.reply.error('ERR bit offset is not an integer or out of range')
  return Number.NaN
}
