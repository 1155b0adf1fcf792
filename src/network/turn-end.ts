/**
 * What leaves when all connections have had their turn of the event loop: all replies, then messages. A message may have
 * thousands of receivers, and each costs a system call: they are sent in slices, between which requests are served.
 *
 * With `appendfsync always` nothing leaves before all that it could have seen is on disk: writes, and what was read behind them.
 * Who has output waits then, in one of two groups: for the sync under way, or, where that does not cover everything, for the next.
 */
import { performance, setImmediate } from '../clock/platform.js'
import type { TurnTaker } from './connection-host.js'

const SLICE_MS = 1
/** Connections that are done with before the list of them is shortened. */
const DROPPED_AT_ONCE = 10_000

/** What replies may have to wait for. */
export interface DurableLog {
  /** Something that was written is not on disk, and replies have to wait for it. */
  readonly holdsReplies: boolean
  /** The sync under way covers all that was written. */
  readonly coversAll: boolean
}

export class TurnEnd {
  private answered: TurnTaker[] = []
  private answering: TurnTaker[] = []
  private readonly posted: TurnTaker[] = []
  /** The next one of `posted`. */
  private next = 0
  private scheduled = false
  /** Node is going to call fire(). */
  private armed = false
  private readonly onEnd: () => void
  private readonly log: DurableLog
  /** Who waits for the sync under way, and for the one behind it. */
  private waiting = new Set<TurnTaker>()
  private later = new Set<TurnTaker>()
  private readonly run = (): void => {
    this.scheduled = false
    this.onEnd()
    if (this.log.holdsReplies) {
      this.hold()
      return
    }
    const connections = this.answered
    this.answered = this.answering
    for (let i = 0; i < connections.length; i++) connections[i].endTurn()
    connections.length = 0
    this.answering = connections
    if (this.posted.length !== 0) this.sendSlice()
  }

  private readonly fire = (): void => {
    this.armed = false
    // Otherwise what was to leave now has left already: finish().
    if (this.scheduled) this.run()
  }

  /** @param onEnd called when all have had their turn, before anything leaves. */
  constructor(log: DurableLog, onEnd: () => void) {
    this.log = log
    this.onEnd = onEnd
  }

  /** Somebody has been answered in this turn. */
  get hasAnswers(): boolean {
    return this.answered.length !== 0
  }

  /** Calls the connection's endTurn() at the end of this turn. */
  flushLater(connection: TurnTaker): void {
    this.answered.push(connection)
    this.schedule()
  }

  /** Calls the connection's endTurn() behind those that have replies, once however often it is asked for. */
  postLater(connection: TurnTaker): void {
    if (connection.postDue) return
    connection.postDue = true
    this.posted.push(connection)
    this.schedule()
  }

  /** Somebody is about to have another turn at once: what has been answered leaves before that. */
  finish(): void {
    if (this.scheduled) this.run()
  }

  /** The turn has an end, even if nobody is answered in it. */
  schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    if (this.armed) return
    this.armed = true
    setImmediate(this.fire)
  }

  private hold(): void {
    const group = this.log.coversAll ? this.waiting : this.later
    for (const connection of this.answered) {
      connection.waitForDisk()
      group.add(connection)
    }
    this.answered.length = 0
    for (let i = this.next; i < this.posted.length; i++) {
      const connection = this.posted[i]
      connection.postDue = false
      connection.waitForDisk()
      group.add(connection)
    }
    this.posted.length = 0
    this.next = 0
  }

  /** Replies may not have to wait for the disk any more. */
  settle(): void {
    while (!this.log.holdsReplies && this.waiting.size + this.later.size > 0) this.release()
  }

  /** A sync has ended. */
  release(): void {
    if (this.waiting.size === 0 && this.later.size === 0) return
    const released = this.waiting
    this.waiting = this.later
    this.later = new Set()
    for (const connection of released) {
      // What has come behind that was held is for the next group.
      if (connection.release()) this.waiting.add(connection)
    }
    if (this.log.holdsReplies || this.waiting.size === 0) return
    for (const connection of this.waiting) while (connection.release()) {}
    this.waiting.clear()
  }

  private sendSlice(): void {
    const { posted } = this
    const deadline = performance.now() + SLICE_MS
    do {
      const connection = posted[this.next++]
      // One that has answered a request meanwhile has sent its messages with the reply.
      if (connection.postDue) connection.endTurn()
    } while (this.next < posted.length && performance.now() < deadline)
    if (this.next < posted.length) this.schedule()
    // While messages come faster than they leave, the list is never empty.
    if (this.next === posted.length || this.next > DROPPED_AT_ONCE) {
      posted.splice(0, this.next)
      this.next = 0
    }
  }
}
