/** Long ranges of streams as replies: piece by piece, as they were at the moment of the command. */
import { performance } from 'node:perf_hooks'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Stream } from '../../types/stream/stream.js'
import { type EntryRange, writeEntry } from './entry-writer.js'
import type { WorkReply } from './in-slices/long-changes.js'
import { RangeWalk } from './range-walk.js'

const ENTRIES_BETWEEN_CLOCK_READS = 64

/** A part of a reply that is made of several. */
export interface ReplyPart {
  /** Goes on; true when it is complete. */
  next(out: ReplyWriter, deadlineMs: number): boolean
  close(): void
  /** Bytes that are held for it alone. */
  readonly memoryBytes?: number
}

/** A range of a long reply, and what is written before it. */
export class RangePart implements ReplyPart {
  private readonly head: ((out: ReplyWriter) => void) | null
  private readonly counting: RangeWalk | null
  private readonly walk = new RangeWalk()
  private readonly most: number
  private left: number
  private begun = false

  /** @param count how many entries the range has, if that is known. */
  constructor(stream: Stream, range: EntryRange, head: ((out: ReplyWriter) => void) | null, count = Number.NaN) {
    const { backward, end, most, start } = range
    this.head = head
    this.most = most
    this.left = Number.isNaN(count) ? 0 : count
    this.counting = Number.isNaN(count) ? new RangeWalk() : null
    this.counting?.beginView(stream, start, end, backward)
    this.walk.beginView(stream, start, end, backward)
  }

  /** Goes on; true when it is complete. */
  next(out: ReplyWriter, deadlineMs: number): boolean {
    if (!this.begun) {
      if (!this.count(deadlineMs)) return false
      this.begun = true
      this.head?.(out)
      out.array(this.left)
    }
    for (let written = 1; this.left > 0; written++) {
      if (!this.walk.next()) throw new Error('stream: a view has less than it had')
      writeEntry(out, this.walk.entry)
      this.left--
      if (out.totalBytes >= PIECE_BYTES) break
      if (written % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return this.left === 0
  }

  /** Goes on counting; true when that is done. */
  private count(deadlineMs: number): boolean {
    const { counting, most } = this
    if (counting === null) return true
    while (this.left < most && counting.next()) {
      if (++this.left % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
    return true
  }

  close(): void {
    this.counting?.close()
    this.walk.close()
  }
}

/** The reply to work that is done, made of parts. */
export function partsReply(parts: readonly ReplyPart[]): WorkReply {
  const source = new RangeReply(parts)
  return {
    write: ctx => {
      if (parts.length === 0) ctx.reply.nullArray()
      else ctx.replyFrom(source)
    },
    close: () => source.close(),
  }
}

/** Ranges one behind the other. */
export class RangeReply implements ReplySource {
  private readonly parts: readonly ReplyPart[]
  private part = 0

  constructor(parts: readonly ReplyPart[]) {
    this.parts = parts
  }

  get memoryBytes(): number {
    return this.parts.reduce((bytes, part) => bytes + (part.memoryBytes ?? 0), 0)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    while (this.part < this.parts.length) {
      if (!this.parts[this.part].next(out, deadlineMs)) return false
      this.part++
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) break
    }
    return this.part === this.parts.length
  }

  close(): void {
    for (const part of this.parts) part.close()
  }
}
