/** Members of a sorted set as replies, with their scores or without: ranges of ranks, of any length, as of the moment of the command. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { ByteRange } from '../../types/byte-range.js'
import { elementScore, type LargeSortedSet, type Member } from '../../types/sorted-set/large-sorted-set.js'
import type { SortedSet } from '../../types/sorted-set/sorted-set.js'
import type { CommandContext } from '../context.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'
import { writeMember } from './access.js'
import { writeListpackRange } from './listpack-replies.js'

const MEMBERS_BETWEEN_CLOCK_READS = 32
const FOREVER = Number.POSITIVE_INFINITY

/** What a reply shows of each member: with its score in RESP3 an array of two, in RESP2 two elements of one flat array. */
export const MEMBERS_ALONE = 0
export const FLAT_PAIRS = 1
export const NESTED_PAIRS = 2
export type Shown = typeof MEMBERS_ALONE | typeof FLAT_PAIRS | typeof NESTED_PAIRS

export function shownWith({ reply }: CommandContext, scores: boolean): Shown {
  if (!scores) return MEMBERS_ALONE
  return reply.resp === 3 ? NESTED_PAIRS : FLAT_PAIRS
}

/** Writes what stands before so many members. */
export function writeHead(out: ReplyWriter, members: number, shown: Shown): void {
  out.array(shown === FLAT_PAIRS ? members * 2 : members)
}

export function writeShown(out: ReplyWriter, member: ByteRange, score: number, shown: Shown): void {
  if (shown === NESTED_PAIRS) out.array(2)
  writeMember(out, member)
  if (shown !== MEMBERS_ALONE) out.double(score)
}

/** Replies the members of ranks [from, to) of a sorted set that is there. */
export function replyRange(
  ctx: CommandContext,
  set: SortedSet,
  from: number,
  to: number,
  reverse: boolean,
  shown: Shown,
): void {
  const { reply } = ctx
  if (to - from > SLICED_FROM_ELEMENTS && set.isLarge) {
    ctx.replyFrom(new RangeReply(set.large, from, to, reverse, shown))
    return
  }
  writeHead(reply, to - from, shown)
  if (set.isLarge) set.iterateRange(from, to, reverse, (member, score) => writeShown(reply, member, score, shown))
  else {
    const scores = shown !== MEMBERS_ALONE
    writeListpackRange(reply, set.listpack, set.listpackAt, from, to, reverse, scores, shown === NESTED_PAIRS)
  }
}

/** The members of ranks [from, to), one at least, of a large sorted set. */
export class RangeReply implements ReplySource {
  private readonly view: TreeView<Member>
  private readonly first: number
  private readonly shown: Shown
  private readonly count: number
  private left: number
  private begun = false
  private readonly member = new ByteRange()

  constructor(set: LargeSortedSet, from: number, to: number, reverse: boolean, shown: Shown) {
    this.view = new TreeView(set.tree, reverse ? 'backward' : 'forward')
    this.first = reverse ? to - 1 : from
    this.count = to - from
    this.left = this.count
    this.shown = shown
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { member, shown, view } = this
    const { entries } = view.tree
    if (!this.begun) {
      this.begun = true
      writeHead(out, this.count, shown)
      view.seek(this.first)
    }
    for (;;) {
      const { address } = view.cursor
      member.readElement(entries, address)
      writeShown(out, member, elementScore(entries, address), shown)
      if (--this.left === 0) return true
      view.step()
      if (deadlineMs === FOREVER || this.left % MEMBERS_BETWEEN_CLOCK_READS !== 0) continue
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return false
    }
  }

  close(): void {
    this.view.close()
  }
}
