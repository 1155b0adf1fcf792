/**
 * What leaves when all connections have had their turn of the event loop: all replies, then messages. A message may have
 * thousands of receivers, and each costs a system call: they are sent in slices, between which requests are served.
 */
import type { Connection } from './connection.js'

const SLICE_MS = 2
/** Connections from one look at the clock to the next. */
const STRIDE = 16

export class TurnEnd {
  private answered: Connection[] = []
  private answering: Connection[] = []
  private posted: Connection[] = []
  /** The next one of `posted`. */
  private next = 0
  private scheduled = false
  private readonly onEnd: () => void
  private readonly run = (): void => {
    this.scheduled = false
    this.onEnd()
    const connections = this.answered
    this.answered = this.answering
    for (let i = 0; i < connections.length; i++) connections[i].endTurn()
    connections.length = 0
    this.answering = connections
    if (this.posted.length !== 0) this.sendSlice()
  }

  /** @param onEnd called when all have had their turn, before anything leaves. */
  constructor(onEnd: () => void) {
    this.onEnd = onEnd
  }

  /** Somebody has been answered in this turn. */
  get hasAnswers(): boolean {
    return this.answered.length !== 0
  }

  /** Calls the connection's endTurn() at the end of this turn. */
  flushLater(connection: Connection): void {
    this.answered.push(connection)
    this.schedule()
  }

  /** Calls the connection's endTurn() behind those that have replies, once however often it is asked for. */
  postLater(connection: Connection): void {
    if (connection.postDue) return
    connection.postDue = true
    this.posted.push(connection)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.run)
  }

  private sendSlice(): void {
    const { posted } = this
    const deadline = performance.now() + SLICE_MS
    do {
      const end = Math.min(posted.length, this.next + STRIDE)
      for (; this.next < end; this.next++) {
        const connection = posted[this.next]
        // One that has answered a request meanwhile has sent its messages with the reply.
        if (connection.postDue) connection.endTurn()
      }
    } while (this.next < posted.length && performance.now() < deadline)
    this.posted = this.next === posted.length ? [] : posted.slice(this.next)
    this.next = 0
    if (this.posted.length > 0) this.schedule()
  }
}
