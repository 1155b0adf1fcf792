/** Arguments of commands about several fields: FIELDS numfields field [field ...], as Redis 7.4 reads them (t_hash.c). */

import type { CommandContext } from '../context.js'
import type { ArgumentDoc } from '../spec.js'

export const FIELDS: ArgumentDoc = {
  name: 'fields',
  type: 'block',
  token: 'FIELDS',
  arguments: [
    { name: 'numfields', type: 'integer' },
    { name: 'field', type: 'string', multiple: true },
  ],
}

/** Reads FIELDS at argument `index`, which has to be the last option. `error`: for a number that is none. False: an error was replied. */
export function readFields({ args, reply }: CommandContext, index: number, error: string): boolean {
  if (!args.is(index, 'fields')) {
    reply.error('ERR Mandatory argument FIELDS is missing or not at the right position')
    return false
  }
  const count = args.int64(index + 1)
  if (count === null || count < 1n) {
    reply.error(error)
    return false
  }
  if (count === BigInt(args.argc - index - 2)) return true
  reply.error('ERR The `numfields` parameter must match the number of arguments')
  return false
}

export const NUMBER_OF_FIELDS = 'ERR Number of fields must be a positive integer'

/** The greatest time at which a field may expire, Unix time in milliseconds: Redis keeps 48 bits, and some to spare. */
export const MOST_EXPIRY_MS = 2 ** 46 - 1

/**
 * Argument `index`, a number of units of `unitMs` counted from `baseMs`, as a Unix time in milliseconds; replies the error and returns
 * NaN if it is none.
 */
export function readFieldExpiry(ctx: CommandContext, index: number, unitMs: number, baseMs: number): number {
  const { args, command, reply } = ctx
  const number = args.int64(index)
  if (number === null) {
    reply.error('ERR value is not an integer or out of range')
    return Number.NaN
  }
  if (number < 0n) {
    reply.error('ERR invalid expire time, must be >= 0')
    return Number.NaN
  }
  const expiryMs = Number(number) * unitMs + baseMs
  if (expiryMs <= MOST_EXPIRY_MS) return expiryMs
  reply.error(`ERR invalid expire time in '${command.fullName}' command`)
  return Number.NaN
}
