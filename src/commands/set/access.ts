/** What all set commands share: the set of the key argument, and members of it as a reply. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { isExternal, TYPE_SET } from '../../store/entries.js'
import { ByteRange } from '../../types/byte-range.js'
import { MemberSet } from '../../types/set/set.js'
import type { CommandContext } from '../context.js'

/** The set of the command that is running, and a range to read it with: one command runs at a time. */
export const set = new MemberSet()
export const member = new ByteRange()

/** Opens the set of argument 1 (its address is 0 where there is none); false when WRONGTYPE was replied. */
export function openForRead(ctx: CommandContext): boolean {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_SET)) return false
  if (address !== 0) noteLength(ctx, address)
  set.open(ctx.db, address)
  return true
}

/** As openForRead, for a command that may change the set; where there is none, its first member makes one. */
export function openForWrite(ctx: CommandContext): boolean {
  const { args } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_SET)) return false
  if (address === 0) set.openNew(ctx.db, args.buffer, args.starts[1], args.ends[1])
  else {
    noteLength(ctx, address)
    set.open(ctx.db, address)
  }
  return true
}

/** A small set of more than a slot's bytes, which only other settings than the usual ones allow, takes its time to search. */
function noteLength(ctx: CommandContext, address: number): void {
  if (isExternal(ctx.db.entries.encoding(address))) ctx.takesLonger()
}

/** The hash of member argument `index`, if it has been worked out ahead of the command. */
export function knownHash({ args }: CommandContext, index: number): number | undefined {
  return index === args.hashedElement ? args.elementHash : undefined
}

/** The hash of member `index` of those that begin with argument 2, looked at ahead where the set is large. */
export function memberAhead(ctx: CommandContext, index: number): number | undefined {
  return set.address !== 0 && set.isTable ? ctx.hashAhead(index, 2, 1, set.table) : undefined
}

/** Writes a member as a bulk string. */
export function writeMember(out: ReplyWriter, { buffer, end, start }: ByteRange): void {
  out.bulk(buffer, start, end)
}
