/** Replies of PFCOUNT about many keys. What takes long goes on in slices, with each key as it was when the command came. */
import type { ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { countFailure } from '../blocking/unblock.js'
import type { CommandContext } from '../context.js'
import { replyCardinality } from './access.js'
import { beginUnion, type UnionWork } from './union-work.js'

/** Replies the cardinality of the union of all keys of a request. */
export function replyUnion(ctx: CommandContext): void {
  ctx.takesLonger()
  const work = beginUnion(ctx, true)
  if (!work.isDone) ctx.replyFrom(new UnionReply(ctx, work))
  else if (work.error !== '') ctx.reply.error(work.error)
  else replyCardinality(ctx.reply, work.union.count())
}

class UnionReply implements ReplySource {
  private readonly work: UnionWork
  private readonly countFailure: (error: string) => void

  constructor({ command, server }: CommandContext, work: UnionWork) {
    this.work = work
    this.countFailure = error => countFailure(server, command, error)
  }

  get memoryBytes(): number {
    return this.work.memoryBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { work } = this
    if (!work.run(deadlineMs)) return false
    if (work.error === '') replyCardinality(out, work.union.count())
    else {
      out.error(work.error)
      this.countFailure(work.error)
    }
    return true
  }

  close(): void {
    this.work.close()
  }
}
