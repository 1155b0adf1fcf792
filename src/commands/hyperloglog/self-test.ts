/** PFSELFTEST. */
import type { ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { SelfTest } from '../../types/hyperloglog/self-test.js'
import { countFailure } from '../blocking/unblock.js'
import type { CommandContext } from '../context.js'

/** PFSELFTEST. OK, or what is wrong. Others go on meanwhile. */
export function pfselftest(ctx: CommandContext): void {
  ctx.replyFrom(new SelfTestReply(ctx))
}

class SelfTestReply implements ReplySource {
  private readonly test: SelfTest
  private readonly countFailure: (error: string) => void

  constructor({ command, server }: CommandContext) {
    this.test = new SelfTest(server.valueLimits.hyperLogLog.sparseMaxBytes)
    this.countFailure = error => countFailure(server, command, error)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { test } = this
    if (!test.run(deadlineMs)) return false
    if (test.failure === '') out.ok()
    else {
      out.error(`ERR ${test.failure}`)
      this.countFailure(`ERR ${test.failure}`)
    }
    return true
  }

  close(): void {}
}
