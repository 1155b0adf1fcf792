/**
 * Changes of streams that take long: a group may have millions of pending entries. They are made in slices, while all others who name the
 * keys wait; then replicas get them, as one transaction, and the client its reply. So nobody sees them half made, and those who have
 * nothing to do with these keys wait no longer than for a slice. A client that goes meanwhile has sent its command all the same.
 */
import { performance, setImmediate } from '../../../clock/platform.js'
import type { Request } from '../../../resp/request.js'
import type { Database } from '../../../store/database.js'
import type { OpenChange } from '../../../store/open-change.js'
import { aggregateOf } from '../../../types/large-value.js'
import type { Stream } from '../../../types/stream/stream.js'
import { Unfinished } from '../../blocking/key-wait.js'
import { mayWait } from '../../blocking/wait-for-keys.js'
import type { Client } from '../../client.js'
import type { CommandContext, Propagated } from '../../context.js'
import type { ServerApi } from '../../server-api.js'

const SLICE_MS = 1
/** Changes of so many entries take less than that. */
export const LONG_FROM_ENTRIES = 1000

/** What a command does to one stream. */
export interface StreamWork {
  readonly stream: Stream
  /** The argument that names its key. */
  readonly key: number
  /** Goes on until `deadlineMs` (performance.now()), for some entries at least; true when all is done. Others may have moved entries. */
  step(deadlineMs: number): boolean
  /** What replicas get of it; for work that is done. */
  propagated(): readonly Propagated[]
}

/** A reply to work that is done: as of the moment when it was, whatever comes later. */
export interface WorkReply {
  write(ctx: CommandContext): void
  /** In place of write(): nobody wants it. */
  close(): void
}

/** `done`: the work on streams that are still there. Called when all is done, before anybody else may change anything. */
export type ReplyMaker<W extends StreamWork> = (done: readonly W[]) => WorkReply

/** The reply of the command that is being concluded. */
let concluded: WorkReply | null = null

/** Whether the command is run only to write the reply to what has been done: it has been written. To be asked first. */
export function concludes(ctx: CommandContext): boolean {
  const reply = concluded
  if (reply === null) return false
  concluded = null
  ctx.propagateNothing()
  reply.write(ctx)
  return true
}

/** Does all of the work: in slices, or at once where nothing may wait. The handler has nothing more to do. `request`: kept arguments. */
export function carryOut<W extends StreamWork>(
  ctx: CommandContext,
  request: Request,
  works: readonly W[],
  reply: ReplyMaker<W>,
): void {
  ctx.propagateNothing()
  if (mayWait(ctx) && !ctx.inScript) {
    new LongChange(ctx, request, works, reply)
    return
  }
  for (const work of works) {
    work.step(Number.POSITIVE_INFINITY)
    for (const each of work.propagated()) ctx.propagated.push(each)
  }
  reply(works).write(ctx)
}

class LongChange<W extends StreamWork> implements OpenChange {
  private readonly server: ServerApi
  private readonly db: Database
  private readonly request: Request
  private readonly works: readonly W[]
  private readonly makeReply: ReplyMaker<W>
  private readonly names: readonly string[]
  private readonly unfinished: Unfinished
  /** Who has sent the command; null when it is gone. */
  private client: Client | null
  private next = 0
  private readonly gone = new Set<W>()
  private reply: WorkReply | null = null
  private settled = false
  private readonly goOn = (): void => {
    if (!this.settled && !this.run(performance.now() + SLICE_MS)) {
      setImmediate(this.goOn)
      return
    }
    this.settle()
    this.conclude()
  }

  constructor(ctx: CommandContext, request: Request, works: readonly W[], reply: ReplyMaker<W>) {
    const { client, command, db, keyspace, server } = ctx
    this.server = server
    this.db = db
    this.request = request
    this.works = works
    this.makeReply = reply
    this.client = client
    this.names = [...new Set(works.map(({ key }) => request.latin1(key)))]
    this.unfinished = client.unfinished ?? new Unfinished(command, request, Number.POSITIVE_INFINITY)
    client.unfinished = this.unfinished
    const cancel = (): void => {
      this.client = null
    }
    client.blocked = { kind: 'key', cancel, timeOut: null }
    server.keyLocks.lock(this.names, true)
    keyspace.openChanges.add(this)
    for (const { stream } of works) stream.openChange = this
    setImmediate(this.goOn)
  }

  private run(deadlineMs: number): boolean {
    const { works } = this
    for (; this.next < works.length; this.next++) {
      const work = works[this.next]
      if (!this.isThere(work)) this.gone.add(work)
      else if (!work.step(deadlineMs)) return false
    }
    return true
  }

  /** Locks do not keep keys from expiring, or from being evicted; and scripts may do anything. */
  private isThere({ key, stream }: W): boolean {
    const { db, request } = this
    const { keyspace } = db
    if (stream.entries !== keyspace.entries) return false
    const address = db.findAny(request.buffer, request.starts[key], request.ends[key])
    return address !== 0 && aggregateOf(keyspace, address) === stream
  }

  settle(): void {
    if (this.settled) return
    this.settled = true
    const { db, server, works } = this
    for (const { stream } of works) stream.openChange = null
    this.run(Number.POSITIVE_INFINITY)
    const done = works.filter(work => !this.gone.has(work) && this.isThere(work))
    const propagated = done.flatMap(work => work.propagated())
    if (propagated.length > 0) server.propagateTogether(propagated)
    this.reply = this.makeReply(done)
    db.keyspace.openChanges.delete(this)
    server.keyLocks.unlock(this.names, true)
  }

  private conclude(): void {
    const { client, reply, server } = this
    if (client === null || client.closing) {
      reply?.close()
      return
    }
    client.blocked = null
    client.lastWriteOffset = server.replication.offset
    concluded = reply
    server.conclude(client, this.unfinished)
    // Where the handler has not been reached.
    concluded?.close()
    concluded = null
  }
}
