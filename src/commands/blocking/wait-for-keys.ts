/**
 * What commands that wait for keys are made of: BLPOP, BLMOVE, BZPOPMIN, XREAD BLOCK and their kin. A handler that does not
 * find what it wants calls waitForKeys() and returns; when a key has come to be it runs again, from its first line, as if the
 * request had just come. What it has to propagate is what it does in the end, in a form that does not wait (LPOP for BLPOP).
 */

import {
  ceilLongDouble,
  isFiniteLongDouble,
  multiplyLongDouble,
  parseLongDouble,
} from '../../bytes/floats/long-double.js'
import { INT64_MAX } from '../../bytes/integers.js'
import type { Request } from '../../resp/request.js'
import type { CommandContext } from '../context.js'
import { Unfinished } from './key-wait.js'

const NEGATIVE = 'ERR timeout is negative'
const OUT_OF_RANGE = 'ERR timeout is out of range'
/** Seconds up to here are far from any limit, and a number holds them in milliseconds. */
const PLAIN_SECONDS_MAX = 1e12

/**
 * Argument `index`, a time-out in seconds with a fraction, in milliseconds rounded up: 0 is for ever. Replies Redis's error and
 * returns NaN when it is none.
 */
export function readTimeout({ args, keyspace, reply }: CommandContext, index: number): number {
  const plain = args.safeInteger(index)
  if (plain >= 0 && plain <= PLAIN_SECONDS_MAX) return plain * 1000
  const seconds = parseLongDouble(args.buffer, args.starts[index], args.ends[index])
  if (seconds === null) {
    reply.error('ERR timeout is not a float or out of range')
    return Number.NaN
  }
  const milliseconds = isFiniteLongDouble(seconds) ? multiplyLongDouble(seconds, 1000n) : seconds
  if (!isFiniteLongDouble(milliseconds)) {
    reply.error(seconds.negative ? NEGATIVE : OUT_OF_RANGE)
    return Number.NaN
  }
  return checkRange(ceilLongDouble(milliseconds), keyspace.nowMs, reply)
}

/** As readTimeout, for a time-out in milliseconds (WAIT, XREAD). */
export function readTimeoutMs({ args, keyspace, reply }: CommandContext, index: number): number {
  const timeoutMs = args.int64(index)
  if (timeoutMs !== null) return checkRange(timeoutMs, keyspace.nowMs, reply)
  reply.error('ERR timeout is not an integer or out of range')
  return Number.NaN
}

function checkRange(timeoutMs: bigint, nowMs: number, reply: CommandContext['reply']): number {
  if (timeoutMs < 0n) reply.error(NEGATIVE)
  else if (timeoutMs > INT64_MAX - BigInt(nowMs)) reply.error(OUT_OF_RANGE)
  else return Number(timeoutMs)
  return Number.NaN
}

/** Whether the client may be kept waiting: not inside a transaction, not the link to a master. */
export function mayWait({ client, inTransaction }: CommandContext): boolean {
  return !inTransaction && !client.isMaster
}

export interface WaitOptions {
  /** Serve the client too when a key goes, or gets a value of another type (XREADGROUP). */
  readonly untilGone?: boolean
  /** What is to be run again in place of the client's request (XREAD, once $ has become an ID); its own from here on. */
  readonly request?: Request
  /** Unix time in milliseconds at which the command is run again in any case: what it wants may have come to be by itself (CLAIM). */
  readonly lookMs?: number
}

/**
 * Lets the client wait until one of its key arguments [firstKey, behindLastKey) comes to be with a value of `type` (a TYPE_ of
 * store/entries.ts); then its command is run again. The handler has nothing to do but to return. After `timeoutMs` (0: never),
 * counted from the first run, the reply is a null array; so it is at once where the client may not wait (mayWait(), deniesBlocking).
 */
export function waitForKeys(
  ctx: CommandContext,
  type: number,
  firstKey: number,
  behindLastKey: number,
  timeoutMs: number,
  options: WaitOptions = {},
): void {
  const { args, client, command, keyspace, server } = ctx
  if (!mayWait(ctx) || client.deniesBlocking) {
    ctx.reply.nullArray()
    return
  }
  const untilMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : keyspace.nowMs + timeoutMs
  const { unfinished } = client
  const kept = options.request ?? (unfinished?.request === args ? args : args.keep())
  if (unfinished === null) client.unfinished = new Unfinished(command, kept, untilMs)
  else unfinished.replace(kept)
  server.keyWaits.add(client, type, firstKey, behindLastKey, options.untilGone === true, options.lookMs)
}
