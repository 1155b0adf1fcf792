/** SPOP: takes random members out of a set. Replicas and the AOF get what has gone: SREM, or DEL for the whole set. */
import { EVENT_GENERIC, EVENT_SET } from '../../config/keyspace-events.js'
import { ENCODING_INTSET, ENCODING_LISTPACK } from '../../store/entries.js'
import type { ByteRange } from '../../types/byte-range.js'
import { SetResult } from '../../types/set/combine/set-result.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { MUST_BE_POSITIVE, readCount } from '../counts.js'
import { member, openForWrite, set, writeMember } from './access.js'
import { replyAll } from './replies.js'

/**
 * From how many times more members than will remain on, those that remain are put together anew instead of removing the others
 * (SPOP_MOVE_STRATEGY_MUL in t_set.c): it decides about the encoding that is left.
 */
const RENEWED_FROM = 5
/** So many members go into one SREM. */
const PROPAGATED_MEMBERS = 1024

/** SPOP key [count]. */
export function spop(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc > 2) {
    ctx.takesLonger()
    if (args.argc > 3) reply.error(SYNTAX_ERROR)
    else popSeveral(ctx)
    return
  }
  if (!openForWrite(ctx)) return
  if (set.address === 0) {
    reply.null()
    return
  }
  set.random(member)
  writeMember(reply, member)
  if (ctx.propagates) ctx.propagateAs('SREM', args.view(1), member.copy())
  else ctx.propagateNothing()
  set.deleteDrawn()
  ctx.notify(EVENT_SET, 'spop', 1)
  if (set.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.touch(1)
}

/** SPOP key count: a set of different members, as many as there are at most. */
function popSeveral(ctx: CommandContext): void {
  const { keyspace, reply } = ctx
  const most = readCount(ctx, 2, 0n, MUST_BE_POSITIVE)
  if (Number.isNaN(most) || !openForWrite(ctx)) return
  const count = Math.min(most, set.length)
  if (count === 0) {
    reply.set(0)
    return
  }
  ctx.notify(EVENT_SET, 'spop', 1)
  const remaining = set.length - count
  if (remaining === 0) popAll(ctx, count)
  else {
    reply.set(count)
    const popped = new PoppedMembers(ctx)
    if (remaining * RENEWED_FROM <= count) keepSome(ctx, remaining, popped)
    else if (set.isTable) popFromTable(count, popped)
    else set.removeSome(count, gone => popped.take(gone))
    popped.end()
  }
  ctx.touch(1)
  keyspace.dirty += count - 1
}

function popAll(ctx: CommandContext, count: number): void {
  const { args, db, keyspace } = ctx
  replyAll(ctx, set, out => out.set(count))
  db.remove(set.address)
  ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.propagateAs(keyspace.lazyfree.serverDel ? 'UNLINK' : 'DEL', args.view(1))
}

function popFromTable(count: number, popped: PoppedMembers): void {
  for (; count > 0; count--) {
    set.random(member)
    popped.take(member)
    set.deleteDrawn()
  }
}

/** Puts `remaining` members, chosen as in selection sampling (Knuth, 3.4.2 S), together anew; the others go. */
function keepSome(ctx: CommandContext, remaining: number, popped: PoppedMembers): void {
  const { args, db, keyspace, server } = ctx
  const beginning = set.isIntset ? ENCODING_INTSET : ENCODING_LISTPACK
  const kept = new SetResult(keyspace, args.buffer, args.starts[1], args.ends[1], server.valueLimits.set, beginning)
  let left = set.length
  let wanted = remaining
  set.iterate(each => {
    if (Math.random() * left-- >= wanted) popped.take(each)
    else {
      wanted--
      kept.add(each.buffer, each.start, each.end)
    }
  })
  kept.moveTo(db, set.address, true)
  kept.close()
}

/** Replies the members that go, and propagates that they went. */
class PoppedMembers {
  private readonly ctx: CommandContext
  private readonly propagates: boolean
  private readonly members: Buffer[] = []

  constructor(ctx: CommandContext) {
    this.ctx = ctx
    this.propagates = ctx.propagates
    ctx.propagateNothing()
  }

  take(gone: ByteRange): void {
    writeMember(this.ctx.reply, gone)
    if (!this.propagates) return
    this.members.push(gone.copy())
    if (this.members.length === PROPAGATED_MEMBERS) this.end()
  }

  /** Propagates the last ones. */
  end(): void {
    if (this.members.length === 0) return
    this.ctx.propagateArguments(['SREM', this.ctx.args.view(1), ...this.members])
    this.members.length = 0
  }
}
