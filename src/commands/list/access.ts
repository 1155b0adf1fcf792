/** What the list commands share: the list of a key argument, and elements as replies. */
import { ENCODING_LISTPACK, TYPE_LIST } from '../../store/entries.js'
import { ByteRange } from '../../types/byte-range.js'
import { List } from '../../types/list/list.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'

/** The list of the command that is running, and a range to read it with: one command runs at a time. */
export const list = new List()
export const element = new ByteRange()

/** Opens the list of argument 1 (its address is 0 where there is none); false when WRONGTYPE was replied. */
export function openForRead(ctx: CommandContext): boolean {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_LIST)) return false
  list.open(ctx.db, address)
  return true
}

/** As openForRead, for a command that may change argument `index`'s list; where there is none, its first element makes one. */
export function openForWrite(ctx: CommandContext, opened: List = list, index = 1): boolean {
  const { args, db } = ctx
  const address = ctx.findForWrite(index)
  if (ctx.wrongType(address, TYPE_LIST)) return false
  if (address === 0) opened.openNew(db, args.buffer, args.starts[index], args.ends[index])
  else {
    opened.open(db, address)
    noteSize(ctx, opened)
  }
  return true
}

/** What is compressed, or larger than usual, takes longer than a brief command may. */
function noteSize(ctx: CommandContext, opened: List): void {
  const { quicklist } = opened
  const isUsual =
    quicklist === null ? ctx.db.entries.encoding(opened.address) === ENCODING_LISTPACK : quicklist.depth === 0
  if (!isUsual) ctx.takesLonger()
}

/** The end of a list that argument `index` names: whether it is the head; replies a syntax error and returns null if none. */
export function readEnd(ctx: CommandContext, index: number): boolean | null {
  const { args, reply } = ctx
  if (args.is(index, 'left')) return true
  if (args.is(index, 'right')) return false
  reply.error(SYNTAX_ERROR)
  return null
}
