/**
 * SINTER, SUNION, SDIFF and SINTERCARD. What is little work is done at once; else the reply is collected in slices, as of the moment
 * of the command, while others go on.
 */
import type { ReplySource } from '../../resp/reply-source.js'
import { REFERENCE_MIN_BYTES, type ReplyWriter } from '../../resp/reply-writer.js'
import { ENCODING_INTSET } from '../../store/entries.js'
import { addDifference, addUnion } from '../../types/set/combine/build.js'
import type { MemberBatch } from '../../types/set/combine/member-batch.js'
import { type LastingOperand, type Operand, TableOperand } from '../../types/set/combine/operand.js'
import { type MemberTaker, Pass } from '../../types/set/combine/pass.js'
import { SetResult } from '../../types/set/combine/set-result.js'
import { CountedMembers, DistinctMembers } from '../../types/set/combine/takers.js'
import type { CommandContext } from '../context.js'
import { FoundElements } from '../scan-replies.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'
import { set, writeMember } from './access.js'
import { planDifference } from './difference.js'
import { bySize, distinctSets, lastingOperand, membersOf, type NamedSet, operandsOf } from './named-sets.js'
import { replyAll } from './replies.js'

type Sets = readonly (NamedSet | null)[]

const FOREVER = Number.POSITIVE_INFINITY
const NONE: readonly Operand[] = []
const NO_KEY = Buffer.alloc(0)
/** Up to so many look-ups a member SUNION looks whether a set before it has it; else it keeps a table of those that have come. */
const LOOKUPS_A_MEMBER = 3

/** Members for a reply. */
class FoundMembers implements MemberTaker {
  readonly wantsHashes = false
  readonly found = new FoundElements()

  ahead(): void {}

  take(batch: MemberBatch, i: number): boolean {
    batch.spell(i)
    this.found.bulk(batch.buffers[i], batch.starts[i], batch.ends[i])
    return true
  }

  /** Writes them as a set, and forgets them. */
  give(out: ReplyWriter): void {
    const { found } = this
    out.set(found.count)
    found.count = 0
    const { buffer, length } = found.out
    if (found.out.totalBytes >= REFERENCE_MIN_BYTES) for (const chunk of found.out.takeChunks()) out.append(chunk)
    else {
      // So few bytes are copied.
      out.append(buffer.subarray(0, length))
      found.out.clear()
    }
  }
}

/** For results that are found at once. */
const small = new FoundMembers()

/** The work of a reply that is made in slices: passes, one after another, over sets as they were when the command came. */
abstract class SlicedWork implements ReplySource {
  protected readonly operands: LastingOperand[] = []
  protected passes: Pass[] = []

  get memoryBytes(): number {
    return this.operands.reduce((bytes, operand) => bytes + operand.memoryBytes, 0)
  }

  /** An operand of the passes, closed when they are over. */
  operand(ctx: CommandContext, named: NamedSet, isWalked: boolean, isSearched: boolean): Operand {
    const operand = lastingOperand(ctx, named, isWalked, isSearched)
    this.operands.push(operand)
    return operand
  }

  /** Writes the reply. */
  protected abstract reply(out: ReplyWriter): void

  next(out: ReplyWriter, deadlineMs: number): boolean {
    for (let [pass] = this.passes; pass !== undefined; [pass] = this.passes) {
      if (!pass.run(deadlineMs)) return false
      this.passes.shift()
    }
    this.reply(out)
    return true
  }

  close(): void {
    for (const operand of this.operands) operand.close()
  }
}

class SlicedMembers extends SlicedWork {
  readonly members = new FoundMembers()
  private distinct: DistinctMembers | null = null

  override get memoryBytes(): number {
    return super.memoryBytes + this.members.found.out.totalBytes
  }

  /** Adds a pass: the members of `walked` that all of `tested` have (`wanted`), or none has, are taken. */
  add(walked: Operand, tested: readonly Operand[], wanted: boolean, taker: MemberTaker = this.members): void {
    this.passes.push(new Pass(walked, tested, wanted, taker))
  }

  /** A table of the members that come, each once. */
  keepDistinct(ctx: CommandContext, next: MemberTaker | null): DistinctMembers {
    this.distinct = new DistinctMembers(ctx.keyspace, next)
    return this.distinct
  }

  protected reply(out: ReplyWriter): void {
    this.members.give(out)
  }

  override close(): void {
    super.close()
    this.distinct?.close()
  }
}

class SlicedCount extends SlicedWork {
  private readonly counted: CountedMembers

  constructor(limit: number) {
    super()
    this.counted = new CountedMembers(limit)
  }

  add(walked: Operand, tested: readonly Operand[]): void {
    this.passes.push(new Pass(walked, tested, true, this.counted))
  }

  protected reply(out: ReplyWriter): void {
    out.integer(this.counted.count)
  }
}

export function replyIntersection(ctx: CommandContext, sets: Sets): void {
  const { reply } = ctx
  if (sets.includes(null)) {
    reply.set(0)
    return
  }
  const [smallest, ...others] = bySize(sets)
  if (others.length === 0) {
    replyOne(ctx, smallest)
    return
  }
  if (smallest.length * others.length <= SLICED_FROM_ELEMENTS) {
    const [walked, ...tested] = operandsOf(ctx, [smallest, ...others])
    new Pass(walked, tested, true, small).run(FOREVER)
    small.give(reply)
    return
  }
  const work = new SlicedMembers()
  const walked = work.operand(ctx, smallest, true, false)
  work.add(
    walked,
    others.map(other => work.operand(ctx, other, false, true)),
    true,
  )
  ctx.replyFrom(work)
}

/** SINTERCARD: at most `limit`. */
export function replyCardinality(ctx: CommandContext, sets: Sets, limit: number): void {
  const { reply } = ctx
  if (sets.includes(null)) {
    reply.integer(0)
    return
  }
  const [smallest, ...others] = bySize(sets)
  if (others.length === 0) reply.integer(Math.min(limit, smallest.length))
  else if (smallest.length * others.length <= SLICED_FROM_ELEMENTS) {
    const [walked, ...tested] = operandsOf(ctx, [smallest, ...others])
    const counted = new CountedMembers(limit)
    new Pass(walked, tested, true, counted).run(FOREVER)
    reply.integer(counted.count)
  } else {
    const work = new SlicedCount(limit)
    const walked = work.operand(ctx, smallest, true, false)
    work.add(
      walked,
      others.map(other => work.operand(ctx, other, false, true)),
    )
    ctx.replyFrom(work)
  }
}

export function replyUnion(ctx: CommandContext, sets: Sets): void {
  const distinct = distinctSets(sets)
  const members = membersOf(distinct)
  if (members <= SLICED_FROM_ELEMENTS) {
    replyResult(ctx, result => addUnion(result, operandsOf(ctx, distinct)))
    return
  }
  if (distinct.length === 1) {
    replyOne(ctx, distinct[0])
    return
  }
  const work = new SlicedMembers()
  // From the largest on: the fewer members are looked up.
  distinct.sort((a, b) => b.length - a.length)
  const lookups = distinct.reduce((sum, { length }, i) => sum + length * i, 0)
  if (lookups > LOOKUPS_A_MEMBER * members) {
    const first = work.keepDistinct(ctx, work.members)
    for (const named of distinct) work.add(work.operand(ctx, named, true, false), NONE, true, first)
  } else {
    const before: Operand[] = []
    for (const named of distinct) {
      const operand = work.operand(ctx, named, true, true)
      work.add(operand, before.slice(), false)
      before.push(operand)
    }
  }
  ctx.replyFrom(work)
}

export function replyDifference(ctx: CommandContext, sets: Sets): void {
  const plan = planDifference(sets)
  if (plan === null) {
    ctx.reply.set(0)
    return
  }
  const { bySubtraction, first, others } = plan
  if (plan.work <= SLICED_FROM_ELEMENTS) {
    const operands = operandsOf(ctx, [first, ...others])
    replyResult(ctx, result => addDifference(result, operands, bySubtraction))
    return
  }
  if (others.length === 0) {
    replyOne(ctx, first)
    return
  }
  const work = new SlicedMembers()
  const walked = work.operand(ctx, first, true, bySubtraction)
  if (bySubtraction) {
    // What is to be taken away is collected first.
    const removed = work.keepDistinct(ctx, null)
    for (const other of others) work.add(work.operand(ctx, other, true, false), [walked], true, removed)
    work.add(walked, [new TableOperand(removed.table)], false)
  } else {
    work.add(
      walked,
      others.map(other => work.operand(ctx, other, false, true)),
      false,
    )
  }
  ctx.replyFrom(work)
}

/** All members of one set. */
function replyOne(ctx: CommandContext, { address, length }: NamedSet): void {
  set.open(ctx.db, address)
  replyAll(ctx, set, out => out.set(length))
}

/** The members of a set that is put together for the reply alone: they come in the order that they would have in Redis. */
function replyResult(ctx: CommandContext, add: (result: SetResult) => void): void {
  const { keyspace, reply, server } = ctx
  const result = new SetResult(keyspace, NO_KEY, 0, 0, server.valueLimits.set, ENCODING_INTSET)
  add(result)
  reply.set(result.length)
  result.iterate(member => writeMember(reply, member))
  result.close()
}
