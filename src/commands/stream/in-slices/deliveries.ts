/** What XREADGROUP does to long streams and long lists of what is pending: in slices, see long-changes.ts. */
import { performance } from '../../../clock/platform.js'
import type { ReplyWriter } from '../../../resp/reply-writer.js'
import type { Request } from '../../../resp/request.js'
import type { Keyspace } from '../../../store/keyspace.js'
import { TreeCursor } from '../../../store/ordered-tree/cursor.js'
import type { Consumer, ConsumerGroup } from '../../../types/stream/consumer-group.js'
import { groupReads } from '../../../types/stream/entries-read.js'
import { EntryFinder } from '../../../types/stream/entry-finder.js'
import { IdList } from '../../../types/stream/id-list.js'
import { readPendingId, seekPending } from '../../../types/stream/pending.js'
import type { Stream } from '../../../types/stream/stream.js'
import { StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../../context.js'
import { LAST_ID } from '../entry-replies.js'
import { propagatedGroup } from '../group-access.js'
import { partsReply, RangePart, type ReplyPart } from '../long-replies.js'
import { RangeWalk } from '../range-walk.js'
import { ListedPart } from './listed-entries.js'
import type { StreamWork, WorkReply } from './long-changes.js'
import { LongClaims } from './long-claims.js'

const ENTRIES_BETWEEN_CLOCK_READS = 64

const finder = new EntryFinder()
const cursor = new TreeCursor()
const walk = new RangeWalk()
const id = new StreamId()

/** What a consumer is to be given of a stream. */
export interface Asked {
  readonly key: number
  /** The argument that names the group. */
  readonly groupName: number
  readonly stream: Stream
  readonly group: ConsumerGroup
  readonly consumer: Consumer
  readonly most: number
}

export abstract class Delivery implements StreamWork {
  readonly stream: Stream
  readonly key: number
  /** The stream is in the reply. */
  served = false
  protected readonly asked: Asked
  protected readonly keyspace: Keyspace
  protected readonly nowMs: number
  protected count = 0
  private begun = false

  constructor(keyspace: Keyspace, asked: Asked) {
    this.stream = asked.stream
    this.key = asked.key
    this.asked = asked
    this.keyspace = keyspace
    this.nowMs = keyspace.nowMs
  }

  step(deadlineMs: number): boolean {
    if (!this.begun) {
      this.begun = true
      this.served = this.begin()
      if (this.served) this.keyspace.dirty++
    }
    return !this.served || this.goOn(deadlineMs)
  }

  /** Whether there is something: what comes before it in the same command is done. */
  protected abstract begin(): boolean
  protected abstract goOn(deadlineMs: number): boolean
  abstract propagated(): readonly Propagated[]
  /** Its part of the reply, of the stream as it is now. `head` is written before. */
  abstract part(head: (out: ReplyWriter) => void): ReplyPart
}

/** Entries that the group has not read. */
export class NewEntries extends Delivery {
  private readonly noAck: boolean
  private readonly request: Request
  private readonly claims: LongClaims
  private readonly from = new StreamId()

  constructor(ctx: CommandContext, request: Request, asked: Asked, noAck: boolean) {
    super(ctx.keyspace, asked)
    this.noAck = noAck
    this.request = request
    this.claims = new LongClaims(ctx, request.view(asked.key), request.view(asked.groupName), asked.group)
  }

  protected begin(): boolean {
    const { group, stream } = this.asked
    this.from.set(group.lastId).increment()
    return stream.length > 0 && stream.lastEntryId(id) && id.compare(group.lastId) > 0
  }

  protected goOn(deadlineMs: number): boolean {
    const { claims, nowMs, stream } = this
    const { consumer, group, most } = this.asked
    const { entry } = walk
    if (!id.set(group.lastId).increment()) return true
    walk.begin(stream, id, LAST_ID, false)
    while (this.count < most && walk.next()) {
      groupReads(stream, group, entry.id)
      this.count++
      if (!this.noAck) {
        if (group.findNew(entry.id) !== 0) group.assign(entry.id, consumer, nowMs, 1)
        else group.add(entry.id, consumer, nowMs, 1)
        consumer.activeTimeMs = nowMs
        claims.add(consumer, entry.id, nowMs, 1)
      }
      if (this.count % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
    return true
  }

  propagated(): readonly Propagated[] {
    const { groupName, group, key } = this.asked
    if (!this.noAck || this.count === 0) return this.claims.take()
    return [propagatedGroup(this.claims.database, this.request.view(key), this.request.view(groupName), group)]
  }

  part(head: (out: ReplyWriter) => void): ReplyPart {
    const { count, from, stream } = this
    return new RangePart(stream, { start: from, end: LAST_ID, backward: false, most: count }, { head, count })
  }
}

/** What is pending with the consumer behind an ID: that it has been delivered once more counts, unless it is gone. Replicas do not hear of it. */
export class History extends Delivery {
  private readonly ids = new IdList()
  private readonly next = new StreamId()
  private readonly hasNext: boolean

  constructor(keyspace: Keyspace, asked: Asked, behind: StreamId) {
    super(keyspace, asked)
    this.hasNext = this.next.set(behind).increment()
  }

  protected begin(): boolean {
    return true
  }

  protected goOn(deadlineMs: number): boolean {
    const { asked, ids, next, nowMs, stream } = this
    const { consumer, group, most } = asked
    const { entries } = stream
    finder.begin(stream)
    let more = this.hasNext && seekPending(consumer.pending, cursor, next)
    while (more && ids.count < most) {
      readPendingId(entries, cursor.address, id)
      ids.add(id)
      if (finder.find(id)) group.deliverAgain(cursor, id, consumer, nowMs)
      more = cursor.next()
      if (ids.count % ENTRIES_BETWEEN_CLOCK_READS !== 0 || performance.now() < deadlineMs) continue
      if (!more) return true
      readPendingId(entries, cursor.address, next)
      return false
    }
    return true
  }

  propagated(): readonly Propagated[] {
    return []
  }

  part(head: (out: ReplyWriter) => void): ReplyPart {
    return new ListedPart(this.stream, this.ids, head)
  }
}

/** The reply of XREADGROUP: streams that have something, with their entries. */
export function deliveriesReply(done: readonly Delivery[], request: Request, resp: number): WorkReply {
  const served = done.filter(delivery => delivery.served)
  const parts = served.map((delivery, i) =>
    delivery.part(out => {
      if (i === 0 && resp === 3) out.map(served.length)
      else if (i === 0) out.array(served.length)
      if (resp === 2) out.array(2)
      const name = request.view(delivery.key)
      out.bulk(name, 0, name.length)
    }),
  )
  return partsReply(parts)
}
