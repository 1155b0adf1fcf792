/**
 * Replies of ZUNION, ZINTER, ZDIFF and ZINTERCARD. What is little work is done at once; else it goes on in slices, with the inputs as
 * they were when the command came.
 */
import type { ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Keyspace } from '../../store/keyspace.js'
import { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import type { CommandContext } from '../context.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'
import { bySize, combineAtOnce, type Operation, plan, workOf } from './combine-results.js'
import { type Input, lastingSourceOf, sourceOf } from './combine-sources.js'
import { type Aggregate, CombineWork } from './combine-work.js'
import { MEMBERS_ALONE, NESTED_PAIRS, RangeReply, type Shown, shownWith, writeHead } from './replies.js'

const FOREVER = Number.POSITIVE_INFINITY

export function replyCombined(
  ctx: CommandContext,
  operation: Operation,
  inputs: readonly Input[],
  aggregate: Aggregate,
  withScores: boolean,
): void {
  const { db, keyspace, reply } = ctx
  const shown = shownWith(ctx, withScores)
  if (workOf(operation, inputs) <= SLICED_FROM_ELEMENTS) {
    const result = combineAtOnce(ctx, operation, inputs, aggregate)
    writeHead(reply, result.count, shown)
    result.iterate((member, start, end, score) => {
      if (shown === NESTED_PAIRS) reply.array(2)
      reply.bulk(member, start, end)
      if (shown !== MEMBERS_ALONE) reply.double(score)
    })
    result.discard(keyspace)
    return
  }
  const result = new SortedSetBuilder(db.entries, false)
  const work = new CombineWork((input, use) => lastingSourceOf(db, input, use))
  plan(work, result, operation, inputs, aggregate)
  ctx.replyFrom(new CombinedReply(keyspace, result, work, shown))
}

/** All members of a result, once the work is done that fills it. */
export class CombinedReply implements ReplySource {
  private readonly keyspace: Keyspace
  private readonly result: SortedSetBuilder
  private readonly work: CombineWork
  private readonly shown: Shown
  private range: RangeReply | null = null

  constructor(keyspace: Keyspace, result: SortedSetBuilder, work: CombineWork, shown: Shown) {
    this.keyspace = keyspace
    this.result = result
    this.work = work
    this.shown = shown
    // FLUSHALL leaves the memory of the result alone as long as there are views.
    result.large.entries.openViews++
  }

  get memoryBytes(): number {
    return this.work.memoryBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { result, shown, work } = this
    if (!work.run(deadlineMs)) return false
    if (!result.order(deadlineMs)) return false
    if (result.count === 0) {
      writeHead(out, 0, shown)
      return true
    }
    this.range ??= new RangeReply(result.large, 0, result.count, false, shown)
    return this.range.next(out, deadlineMs)
  }

  close(): void {
    const { result } = this
    this.work.close()
    this.range?.close()
    result.large.entries.openViews--
    result.discard(this.keyspace)
  }
}

/** ZINTERCARD: `limit` at most, unless that is 0. */
export function replyCardinality(ctx: CommandContext, inputs: readonly Input[], limit: number): void {
  const { reply } = ctx
  if (inputs.some(({ length }) => length === 0)) {
    reply.integer(0)
    return
  }
  const most = limit === 0 ? FOREVER : limit
  if (workOf('intersection', inputs) <= SLICED_FROM_ELEMENTS) {
    const counted = new CountedReply(new CombineWork(input => sourceOf(ctx.db, input)), inputs, most)
    counted.next(reply, FOREVER)
    counted.close()
    return
  }
  const work = new CombineWork((input, use) => lastingSourceOf(ctx.db, input, use))
  ctx.replyFrom(new CountedReply(work, inputs, most))
}

export class CountedReply implements ReplySource {
  private readonly work: CombineWork
  private count = 0

  constructor(work: CombineWork, inputs: readonly Input[], most: number) {
    this.work = work
    work.intersection(bySize(inputs), 'sum', () => ++this.count < most)
  }

  get memoryBytes(): number {
    return this.work.memoryBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    if (!this.work.run(deadlineMs)) return false
    out.integer(this.count)
    return true
  }

  close(): void {
    this.work.close()
  }
}
