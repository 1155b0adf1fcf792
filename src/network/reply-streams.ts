/** Replies that come in pieces: those of one connection, in order, and whose turn it is to make one. */
import { performance, setImmediate } from '../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../resp/reply-source.js'
import type { ReplyWriter } from '../resp/reply-writer.js'

/** A connection that may have a long reply under way. */
export interface StreamTaker {
  /** streamLater() has been called, continueStream() not yet. */
  streamDue: boolean
  /** Makes more of the reply, until `deadlineMs` (performance.now()), if the client has taken what there was. */
  continueStream(deadlineMs: number): void
}

/** How long pieces are made in one turn, for all connections together. */
const SLICE_MS = 1

/** The long replies of one connection, and what has to wait behind them. */
export class ReplyStream {
  /** Bytes that wait behind a long reply. */
  bytes = 0
  /** What has been made and is kept back until all is there (Connection.continueStream). */
  private kept: Buffer[] = []
  private parts: (ReplySource | Buffer)[] = []
  private at = 0

  get memoryBytes(): number {
    let bytes = this.bytes
    for (let i = this.at; i < this.parts.length; i++) {
      const part = this.parts[i]
      if (!(part instanceof Uint8Array)) bytes += part.memoryBytes ?? 0
    }
    return bytes
  }

  /** Number of chunks that wait. */
  get length(): number {
    return this.parts.length - this.at
  }

  add(source: ReplySource): void {
    this.parts.push(source)
  }

  /** Adds bytes that nobody changes any more. */
  push(bytes: Buffer): void {
    this.parts.push(bytes)
    this.bytes += bytes.length
  }

  /** Writes what comes next, about PIECE_BYTES at most; true when nothing is left. */
  next(out: ReplyWriter, deadlineMs: number): boolean {
    while (this.at < this.parts.length) {
      const part = this.parts[this.at]
      if (part instanceof Uint8Array) {
        this.bytes -= part.length
        out.append(part)
      } else {
        if (!part.next(out, deadlineMs)) return false
        part.close()
      }
      this.at++
      if (out.totalBytes >= PIECE_BYTES) break
    }
    return this.at === this.parts.length
  }

  /** Keeps back what has been made. */
  keep(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      this.kept.push(chunk)
      this.bytes += chunk.length
    }
  }

  /** All is there: what was kept back. */
  takeKept(): Buffer[] {
    const { kept } = this
    for (const chunk of kept) this.bytes -= chunk.length
    this.kept = []
    return kept
  }

  /** Nobody wants the rest. */
  close(): void {
    for (const part of this.parts.slice(this.at)) if (!(part instanceof Uint8Array)) part.close()
    this.parts = []
    this.kept = []
    this.at = 0
    this.bytes = 0
  }
}

/** The connections that can take more of a long reply: they take turns, a few in each turn of the event loop. */
export class ReplyStreams {
  private due: StreamTaker[] = []
  private scheduled = false

  later(connection: StreamTaker): void {
    if (connection.streamDue) return
    connection.streamDue = true
    this.due.push(connection)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.run)
  }

  private readonly run = (): void => {
    this.scheduled = false
    const { due } = this
    this.due = []
    const deadlineMs = performance.now() + SLICE_MS
    let next = 0
    do {
      const connection = due[next++]
      connection.streamDue = false
      connection.continueStream(deadlineMs)
    } while (next < due.length && performance.now() < deadlineMs)
    // Who has had no turn comes before those who have.
    if (next < due.length) this.due = [...due.slice(next), ...this.due]
    if (this.due.length > 0) this.schedule()
  }
}
