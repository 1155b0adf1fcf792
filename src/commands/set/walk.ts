/** Set commands that go through a set or choose from it: SMEMBERS, SSCAN, SRANDMEMBER. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Entries } from '../../store/entries.js'
import { ByteRange } from '../../types/byte-range.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { readSignedCount } from '../counts.js'
import { openScan, type ShownElement, scanTable, scanWhole } from '../element-scan.js'
import { DrawnElements, differentElements, replyElements, SLICED_FROM_ELEMENTS } from '../table-replies.js'
import { member, openForRead, set, writeMember } from './access.js'
import { memberWriter, PackedDraws, replyAll } from './replies.js'

/** SMEMBERS key. */
export function smembers(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  const { length } = set
  replyAll(ctx, set, out => out.set(length))
}

/** SSCAN key cursor [MATCH pattern] [COUNT count]. */
export function sscan(ctx: CommandContext): void {
  const scan = openScan(ctx, openForRead, set)
  if (scan === null) return
  if (set.isTable) scanTable(ctx, set.table, scan, () => new ShownMember())
  else scanWhole(ctx, scan, visit => set.iterate(shown => visit([shown])))
}

class ShownMember implements ShownElement {
  private readonly name = new ByteRange()
  readonly ranges = [this.name]

  read(entries: Entries, address: number): void {
    this.name.readElement(entries, address)
  }
}

/**
 * SRANDMEMBER key [count]. A positive count gives different members, as many as there are at most; a negative one draws each member
 * anew. It is an array in RESP3, too: a member may come twice.
 */
export function srandmember(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (args.argc === 2) {
    if (!openForRead(ctx)) return
    if (set.address === 0) reply.null()
    else {
      set.random(member)
      writeMember(reply, member)
    }
    return
  }
  const wide = readSignedCount(ctx, 2)
  if (wide === null || !openForRead(ctx)) return
  if (set.address === 0 || wide === 0n) {
    reply.array(0)
    return
  }
  const count = Number(wide)
  if (count < 0) replyDraws(ctx, -count, out => out.raw(`*${-wide}\r\n`))
  else if (count >= set.length) replyAll(ctx, set, arrayHead(set.length))
  else replyDifferent(ctx, count)
}

function arrayHead(length: number): (out: ReplyWriter) => void {
  return out => out.array(length)
}

/** `count` members, each drawn from all. */
function replyDraws(ctx: CommandContext, count: number, head: (out: ReplyWriter) => void): void {
  const { keyspace, reply } = ctx
  if (!set.isTable) {
    replyElements(ctx, new PackedDraws(set.keep(), count, head), count)
    return
  }
  if (count > SLICED_FROM_ELEMENTS) {
    ctx.replyFrom(new DrawnElements(keyspace, set.table, count, false, head, memberWriter()))
    return
  }
  head(reply)
  for (; count > 0; count--) {
    set.random(member)
    writeMember(reply, member)
  }
}

/** `count` different members of a set that has more. */
function replyDifferent(ctx: CommandContext, count: number): void {
  const { keyspace, reply } = ctx
  if (!set.isTable) {
    reply.array(count)
    replyDifferentPacked(reply, count)
    return
  }
  const source = differentElements(keyspace, set.table, count, arrayHead(count), memberWriter())
  replyElements(ctx, source, count)
}

/** Selection sampling (Knuth, 3.4.2 S): every choice of `count` members is as likely, and they come in the set's order. */
function replyDifferentPacked(reply: ReplyWriter, count: number): void {
  const { packed } = set
  let left = packed.length
  for (let place = packed.first; count > 0; place = packed.next(place), left--) {
    if (Math.random() * left >= count) continue
    packed.show(place, member)
    writeMember(reply, member)
    count--
  }
}
