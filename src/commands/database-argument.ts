/** Numbers of databases as arguments: SELECT, MOVE, COPY and SWAPDB. */
import type { Database } from '../store/database.js'
import { type CommandContext, NOT_AN_INTEGER } from './context.js'

const INT_MIN = -2147483648n
const INT_MAX = 2147483647n
export const NO_SUCH_DATABASE = 'ERR DB index is out of range'

/** The database that argument `index` names; replies Redis's error and returns null when there is none. */
export function readDatabase(ctx: CommandContext, index: number): Database | null {
  const number = readInt(
    ctx,
    index,
    NOT_AN_INTEGER,
    `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`,
  )
  if (Number.isNaN(number)) return null
  const { databases } = ctx.keyspace
  if (number >= 0 && number < databases.length) return databases[number]
  ctx.reply.error(NO_SUCH_DATABASE)
  return null
}

/** Argument `index` as a C int. Replies the error and returns NaN when it is no 64-bit integer, or not within the range. */
export function readInt(ctx: CommandContext, index: number, noInteger: string, outOfRange: string): number {
  const number = ctx.args.int64(index)
  if (number !== null && number >= INT_MIN && number <= INT_MAX) return Number(number)
  ctx.reply.error(number === null ? noInteger : outOfRange)
  return Number.NaN
}
