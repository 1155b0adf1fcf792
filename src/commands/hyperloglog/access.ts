/** What the HyperLogLog commands share: finding one, and Redis's words for what is none. */

import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TYPE_STRING } from '../../store/entries.js'
import { StoredHyperLogLog } from '../../types/hyperloglog/stored.js'
import { type CommandContext, WRONG_TYPE } from '../context.js'

export const NOT_A_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.'
export const CORRUPTED = 'INVALIDOBJ Corrupted HLL object detected'

/** The HyperLogLog of the command that is running: one command runs at a time. */
export const hyperLogLog = new StoredHyperLogLog()

/** Turns to the HyperLogLog at `address`, of key argument `index`; if it is none, returns the error to be replied, else ''. */
export function open({ args, db }: CommandContext, address: number, index: number): string {
  if (db.entries.type(address) !== TYPE_STRING) return WRONG_TYPE
  const isOne = hyperLogLog.at(db, address, args.buffer, args.starts[index], args.ends[index])
  return isOne ? '' : NOT_A_HYPERLOGLOG
}

/** As open(); replies the error and returns false if it is none. */
export function opened(ctx: CommandContext, address: number, index: number): boolean {
  const error = open(ctx, address, index)
  if (error !== '') ctx.reply.error(error)
  return error === ''
}

/** An integer of 64 bits, which may be no safe one. */
export function replyCardinality(reply: ReplyWriter, cardinality: number): void {
  if (Number.isSafeInteger(cardinality)) reply.integer(cardinality)
  else reply.bigInteger(BigInt(cardinality))
}
