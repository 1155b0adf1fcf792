/** What all sorted set commands share: the sorted set of a key argument, and members of it as replies. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { ENCODING_LISTPACK_EXTERNAL, TYPE_ZSET } from '../../store/entries.js'
import { ByteRange } from '../../types/byte-range.js'
import { SortedSet } from '../../types/sorted-set/sorted-set.js'
import type { Span } from '../../types/sorted-set/sorted-set-listpack.js'
import type { CommandContext } from '../context.js'

/** The sorted set of the command that is running, and what it is read with: one command runs at a time. */
export const sortedSet = new SortedSet()
export const member = new ByteRange()
export const span: Span = { from: 0, to: 0 }

/** Opens the sorted set of key argument `index` (its address is 0 where there is none); false when WRONGTYPE was replied. */
export function openForRead(ctx: CommandContext, index = 1): boolean {
  const address = ctx.findForRead(index)
  if (ctx.wrongType(address, TYPE_ZSET)) return false
  if (address !== 0) noteLength(ctx, address)
  sortedSet.open(ctx.db, address)
  return true
}

/** As openForRead, for a command that may change the sorted set; where there is none, its first member makes one. */
export function openForWrite(ctx: CommandContext, index = 1): boolean {
  const { args } = ctx
  const address = ctx.findForWrite(index)
  if (ctx.wrongType(address, TYPE_ZSET)) return false
  if (address === 0) sortedSet.openNew(ctx.db, args.buffer, args.starts[index], args.ends[index])
  else {
    noteLength(ctx, address)
    sortedSet.open(ctx.db, address)
  }
  return true
}

/** A listpack of more than a slot's bytes takes its time to search. */
function noteLength(ctx: CommandContext, address: number): void {
  if (ctx.db.entries.encoding(address) === ENCODING_LISTPACK_EXTERNAL) ctx.takesLonger()
}

/** The hash of member argument `index`, if it has been worked out ahead of the command. */
export function knownHash({ args }: CommandContext, index: number): number | undefined {
  return index === args.hashedElement ? args.elementHash : undefined
}

/** The hash of member `index` of those that begin with argument `first`, every `step`th, looked at ahead in a large sorted set. */
export function memberAhead(ctx: CommandContext, index: number, first: number, step: number): number | undefined {
  if (sortedSet.address === 0 || !sortedSet.isLarge) return undefined
  return ctx.hashAhead(index, first, step, sortedSet.large.table)
}

/** Writes a member as a bulk string. */
export function writeMember(out: ReplyWriter, { buffer, end, start }: ByteRange): void {
  out.bulk(buffer, start, end)
}
