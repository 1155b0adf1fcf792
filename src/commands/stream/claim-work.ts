/** How entries are claimed: one by one, at once or in slices (long-changes.ts). */
import { performance } from '../../clock/platform.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Request } from '../../resp/request.js'
import type { Keyspace } from '../../store/keyspace.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { EntryFinder } from '../../types/stream/entry-finder.js'
import { IdList } from '../../types/stream/id-list.js'
import { deliveryCount, deliveryTime, readPendingId, seekPending } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { parseStreamId, StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../context.js'
import { writeId } from './access.js'
import { writeEntry } from './entry-writer.js'
import { propagateClaim } from './group-access.js'
import type { StreamWork } from './in-slices/long-changes.js'
import { LongClaims } from './in-slices/long-claims.js'

const ENTRIES_BETWEEN_CLOCK_READS = 64
const KEY = 1
const GROUP = 2

const finder = new EntryFinder()
const id = new StreamId()
const cursor = new TreeCursor()

/** Who claims, and what for. */
export interface Claimant {
  readonly stream: Stream
  readonly group: ConsumerGroup
  readonly consumer: Consumer
  readonly minIdleMs: number
  /** Neither entries are shown, nor does it count as a delivery. */
  readonly justId: boolean
}

/** What hears of each entry. */
interface Listener {
  /** The entry that the finder has found is the consumer's now. */
  claimed(entry: EntryFinder, each: StreamId, pending: number, given: number): void
  /** It was pending with `holder`, and is about to be so no more: it has been deleted. */
  cleared(holder: Consumer, each: StreamId, pending: number, given: number): void
}

/** Writes the reply, and tells replicas, entry by entry. */
export class ClaimsAtOnce implements Listener {
  count = 0
  readonly deleted = new IdList()
  private readonly ctx: CommandContext
  private readonly reply: ReplyWriter
  private readonly claimant: Claimant

  constructor(ctx: CommandContext, claimant: Claimant) {
    this.ctx = ctx
    this.reply = ctx.reply
    this.claimant = claimant
  }

  claimed({ entry }: EntryFinder, each: StreamId, pending: number, given: number): void {
    const { consumer, group, justId } = this.claimant
    this.count++
    if (justId) writeId(this.reply, each)
    else writeEntry(this.reply, entry)
    propagateClaim(this.ctx, { key: KEY, group: GROUP }, group, consumer, each, pending, given)
  }

  cleared(holder: Consumer, each: StreamId, pending: number, given: number): void {
    this.deleted.add(each)
    propagateClaim(this.ctx, { key: KEY, group: GROUP }, this.claimant.group, holder, each, pending, given)
  }
}

/** Keeps what the reply is made of later on, and what replicas get. */
export class ClaimsInSlices implements Listener {
  readonly taken = new IdList()
  readonly deleted = new IdList()
  private readonly log: LongClaims
  private readonly claimant: Claimant

  constructor(ctx: CommandContext, request: Request, claimant: Claimant) {
    this.log = new LongClaims(ctx, request.view(KEY), request.view(GROUP), claimant.group)
    this.claimant = claimant
  }

  claimed(_: EntryFinder, each: StreamId, pending: number): void {
    this.taken.add(each)
    this.note(this.claimant.consumer, each, pending)
  }

  cleared(holder: Consumer, each: StreamId, pending: number): void {
    this.deleted.add(each)
    this.note(holder, each, pending)
  }

  private note(consumer: Consumer, each: StreamId, pending: number): void {
    const { entries } = this.claimant.stream
    this.log.add(consumer, each, deliveryTime(entries, pending), deliveryCount(entries, pending))
  }

  propagated(): readonly Propagated[] {
    return this.log.take()
  }
}

/** XAUTOCLAIM: goes through what is pending from an ID on. */
export class AutoClaim implements StreamWork {
  readonly stream: Stream
  readonly key = KEY
  /** Where to go on another time; 0-0 at the end. */
  readonly next = new StreamId()
  private readonly keyspace: Keyspace
  private readonly nowMs: number
  private readonly claimant: Claimant
  private readonly listener: Listener
  private left: number
  private attempts: number

  constructor(
    keyspace: Keyspace,
    claimant: Claimant,
    listener: Listener,
    start: StreamId,
    count: number,
    attempts: number,
  ) {
    this.stream = claimant.stream
    this.keyspace = keyspace
    this.nowMs = keyspace.nowMs
    this.claimant = claimant
    this.listener = listener
    this.next.set(start)
    this.left = count
    this.attempts = attempts
  }

  step(deadlineMs: number): boolean {
    const { claimant, keyspace, listener, next, nowMs, stream } = this
    const { consumer, group, justId, minIdleMs } = claimant
    const { entries } = stream
    finder.begin(stream)
    let more = seekPending(group.pending, cursor, next)
    for (let seen = 1; more && this.attempts > 0 && this.left > 0; seen++) {
      this.attempts--
      const { address } = cursor
      readPendingId(entries, address, id)
      if (!finder.find(id)) {
        listener.cleared(group.consumerOf(address), id, address, 0)
        group.removeAt(cursor, id)
        keyspace.dirty++
        this.left--
        more = seekPending(group.pending, cursor, id)
      } else if (minIdleMs !== 0 && nowMs - deliveryTime(entries, address) < minIdleMs) more = cursor.next()
      else {
        const deliveries = deliveryCount(entries, address) + (justId ? 0 : 1)
        const pending = group.assignAt(cursor, id, consumer, nowMs, deliveries)
        consumer.activeTimeMs = nowMs
        listener.claimed(finder, id, pending, 0)
        keyspace.dirty++
        this.left--
        more = cursor.next()
      }
      if (seen % ENTRIES_BETWEEN_CLOCK_READS !== 0 || performance.now() < deadlineMs) continue
      if (!more) break
      readPendingId(entries, cursor.address, next)
      return this.attempts === 0 || this.left === 0
    }
    if (more) readPendingId(entries, cursor.address, next)
    else next.setZero()
    return true
  }

  propagated(): readonly Propagated[] {
    return this.listener instanceof ClaimsInSlices ? this.listener.propagated() : []
  }
}

/** XCLAIM's options; NaN where one is not given. */
export interface ClaimOptions {
  force: boolean
  justId: boolean
  timeMs: number
  retryCount: number
}

/** XCLAIM: takes the entries that arguments from `first` to before `behind` name. */
export class GivenClaims implements StreamWork {
  readonly stream: Stream
  readonly key = KEY
  /** One of them was claimed, or was found deleted: replicas have heard of the group. */
  hasChanged = false
  private readonly keyspace: Keyspace
  private readonly nowMs: number
  private readonly request: Request
  private readonly claimant: Claimant
  private readonly options: ClaimOptions
  private readonly listener: Listener
  private next: number
  private readonly behind: number

  constructor(
    keyspace: Keyspace,
    request: Request,
    claimant: Claimant,
    options: ClaimOptions,
    listener: Listener,
    first: number,
    behind: number,
  ) {
    this.stream = claimant.stream
    this.keyspace = keyspace
    this.nowMs = keyspace.nowMs
    this.request = request
    this.claimant = claimant
    this.options = options
    this.listener = listener
    this.next = first
    this.behind = behind
  }

  step(deadlineMs: number): boolean {
    const { behind, request } = this
    finder.begin(this.stream)
    while (this.next < behind) {
      const given = this.next++
      parseStreamId(request.buffer, request.starts[given], request.ends[given], id)
      this.claim(given)
      if (given % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return this.next === behind
  }

  /** Claims the entry `id`. */
  private claim(given: number): void {
    const { claimant, keyspace, listener, nowMs, options } = this
    const { consumer, group, minIdleMs } = claimant
    const { entries } = this.stream
    const isPending = group.goTo(cursor, id)
    if (!finder.find(id)) {
      if (!isPending) return
      listener.cleared(group.consumerOf(cursor.address), id, cursor.address, given)
      group.removeAt(cursor, id)
      this.changed(keyspace)
      return
    }
    const { force, justId, retryCount, timeMs } = options
    let pending: number
    if (!isPending) {
      if (!force) return
      pending = group.add(id, consumer, timeMs, Number.isNaN(retryCount) ? (justId ? 1 : 2) : retryCount)
    } else {
      if (minIdleMs !== 0 && nowMs - deliveryTime(entries, cursor.address) < minIdleMs) return
      const deliveries = deliveryCount(entries, cursor.address) + (justId ? 0 : 1)
      pending = group.assignAt(cursor, id, consumer, timeMs, Number.isNaN(retryCount) ? deliveries : retryCount)
    }
    consumer.activeTimeMs = nowMs
    listener.claimed(finder, id, pending, given)
    this.changed(keyspace)
  }

  private changed(keyspace: Keyspace): void {
    keyspace.dirty++
    this.hasChanged = true
  }

  propagated(): readonly Propagated[] {
    return this.listener instanceof ClaimsInSlices ? this.listener.propagated() : []
  }
}
