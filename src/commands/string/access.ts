/** What the string commands share: the replies, the storing of arguments, the limit on length. */

import { constants } from 'node:buffer'
import { compareBytes } from '../../bytes/compare.js'
import { ENCODING_EXTERNAL, INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import { setBuffer, setString } from '../../types/string/set-string.js'
import { StringView, stringLength } from '../../types/string/string.js'
import type { CommandContext } from '../context.js'
import type { ArgumentDoc } from '../spec.js'

export const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
export const VALUE: ArgumentDoc = { name: 'value', type: 'string' }

const view = new StringView()

/** Replies the string value at `address`: large ones by reference. */
export function replyString(ctx: CommandContext, address: number): void {
  const { entries } = ctx.db
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_EXTERNAL) {
    ctx.reply.bulkReference(entries.lendBuffer(entries.payload(address)))
    return
  }
  view.of(entries, address)
  ctx.reply.bulk(view.bytes, view.start, view.end)
}

/** Whether the string value at `address` is argument `index`. */
export function equalsArgument({ args, db }: CommandContext, address: number, index: number): boolean {
  if (stringLength(db.entries, address) !== args.length(index)) return false
  view.of(db.entries, address)
  return compareBytes(view.bytes, view.start, view.end, args.buffer, args.starts[index], args.ends[index]) === 0
}

/**
 * Stores argument `valueIndex` at key argument `keyIndex`, found at `address` (0: new), and touches the key. The event is the
 * caller's to publish. Returns the address.
 */
export function storeArgument(
  ctx: CommandContext,
  address: number,
  keyIndex: number,
  valueIndex: number,
  expiryMs: number,
): number {
  const { args, db } = ctx
  const { buffer } = args
  const keyStart = args.starts[keyIndex]
  const keyEnd = args.ends[keyIndex]
  const valueStart = args.starts[valueIndex]
  const valueEnd = args.ends[valueIndex]
  const adopts = args.adoptable(valueIndex) && valueEnd - valueStart > INLINE_VALUE_MAX_BYTES
  const stored = adopts
    ? setBuffer(db, address, buffer, keyStart, keyEnd, args.view(valueIndex), expiryMs)
    : setString(db, address, buffer, keyStart, keyEnd, buffer, valueStart, valueEnd, expiryMs)
  // Replicas get the transaction when it is over, in its own bytes: until then those stay as they are.
  if (adopts && ctx.inTransaction) db.entries.lendBuffer(db.entries.payload(stored))
  db.touch(buffer, keyStart, keyEnd)
  return stored
}

/**
 * Whether a string of `bytes` would be longer than proto-max-bulk-len; if so, replies the error. What a master sends has
 * passed its own limit; the longest Buffer there can be is the end for it, too.
 */
export function tooLong(ctx: CommandContext, bytes: number): boolean {
  if (bytes <= longestString(ctx)) return false
  ctx.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  return true
}

/** The longest string, in bytes, that the client may make. */
export function longestString(ctx: CommandContext): number {
  if (ctx.client.isMaster) return constants.MAX_LENGTH
  return Math.min(ctx.server.config.values['proto-max-bulk-len'], constants.MAX_LENGTH)
}
