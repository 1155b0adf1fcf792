/** A reply that comes in pieces, measured. */
import type { ReplySource } from '../resp/reply-source.js'
import type { ReplyWriter } from '../resp/reply-writer.js'

export class MeasuredReply implements ReplySource {
  private readonly source: ReplySource
  private readonly onEnd: (bytes: number) => void
  private bytes: number

  /**
   * @param begun bytes of the reply ahead of the source's
   * @param onEnd called with all its bytes when it is complete
   */
  constructor(source: ReplySource, begun: number, onEnd: (bytes: number) => void) {
    this.source = source
    this.bytes = begun
    this.onEnd = onEnd
  }

  get memoryBytes(): number {
    return this.source.memoryBytes ?? 0
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const before = out.totalBytes
    const done = this.source.next(out, deadlineMs)
    this.bytes += out.totalBytes - before
    if (done) this.onEnd(this.bytes)
    return done
  }

  close(): void {
    this.source.close()
  }
}
