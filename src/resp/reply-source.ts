/** Replies that are made piece by piece, as the client reads them: neither memory nor other clients pay for their length. */
import type { ReplyWriter } from './reply-writer.js'

/** How much of a reply is made at a time: while the client does not read, no more than this waits for it. */
export const PIECE_BYTES = 64 * 1024

export interface ReplySource {
  /**
   * Writes the next piece: about PIECE_BYTES at most, and nothing that takes longer than until `deadlineMs` (performance.now()).
   * May write nothing while there is work to do first. True: the reply is complete.
   */
  next(out: ReplyWriter, deadlineMs: number): boolean
  /** The reply is complete, or nobody wants the rest: lets go of what it holds. Called once. */
  close(): void
  /** Bytes that are held for this reply alone. */
  readonly memoryBytes?: number
}
