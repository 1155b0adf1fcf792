/** Long ranges of streams as replies: piece by piece, as they were at the moment of the command. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Stream } from '../../types/stream/stream.js'
import { type EntryRange, writeDelivered, writeEntry } from './entry-writer.js'
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

/** How a range is written. */
export interface RangeForm {
  /** Writes what comes before it. */
  readonly head?: (out: ReplyWriter) => void
  /** How many entries it has, if that is known. */
  readonly count?: number
  /** Entries that come before it in the same array, and how many they are. */
  readonly before?: readonly Buffer[]
  readonly beforeCount?: number
  /** Entries come with how long they had been idle, and how often they had been delivered: these are new. */
  readonly asDelivered?: boolean
}

/** A range of a long reply. */
export class RangePart implements ReplyPart {
  private readonly form: RangeForm
  private readonly counting: RangeWalk | null
  private readonly walk = new RangeWalk()
  private readonly most: number
  private left: number
  private begun = false

  constructor(stream: Stream, range: EntryRange, form: RangeForm = {}) {
    const { backward, end, most, start } = range
    this.form = form
    this.most = most
    this.left = form.count ?? 0
    this.counting = form.count === undefined ? new RangeWalk() : null
    this.counting?.beginView(stream, start, end, backward)
    this.walk.beginView(stream, start, end, backward)
  }

  get memoryBytes(): number {
    return (this.form.before ?? []).reduce((bytes, chunk) => bytes + chunk.length, 0)
  }

  /** Goes on; true when it is complete. */
  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { asDelivered = false, before = [], beforeCount = 0, head } = this.form
    if (!this.begun) {
      if (!this.count(deadlineMs)) return false
      this.begun = true
      head?.(out)
      out.array(beforeCount + this.left)
      for (const chunk of before) out.append(chunk)
    }
    for (let written = 1; this.left > 0; written++) {
      if (!this.walk.next()) throw new Error('stream: a view has less than it had')
      if (asDelivered) writeDelivered(out, this.walk.entry, 0, 0)
      else writeEntry(out, this.walk.entry)
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
