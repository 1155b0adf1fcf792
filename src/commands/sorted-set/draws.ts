/** Random members of a sorted set as replies, of any length, as of the moment of the command. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { ByteRange } from '../../types/byte-range.js'
import { elementScore, type LargeSortedSet, type Member } from '../../types/sorted-set/large-sorted-set.js'
import { ListpackPairs } from '../../types/sorted-set/listpack-pairs.js'
import type { SortedSet } from '../../types/sorted-set/sorted-set.js'
import type { CommandContext } from '../context.js'
import { DRAWN_SHARE, REMEMBERED_BYTES, replyElements } from '../table-replies.js'
import { FLAT_PAIRS, type Shown, writeHead, writeShown } from './replies.js'

const DRAWS_BETWEEN_CLOCK_READS = 32
const FOREVER = Number.POSITIVE_INFINITY

/** Members by their ranks, which stay as they are. */
export interface RankedMembers {
  readonly count: number
  readonly memoryBytes: number
  /** Shows the member at a rank, and returns its score. */
  show(rank: number, member: ByteRange): number
  close(): void
}

class ViewedMembers implements RankedMembers {
  readonly memoryBytes = 0
  private readonly view: TreeView<Member>

  constructor({ tree }: LargeSortedSet) {
    this.view = new TreeView(tree, 'any')
  }

  get count(): number {
    return this.view.count
  }

  show(rank: number, member: ByteRange): number {
    const { view } = this
    view.seek(rank)
    const { address } = view.cursor
    member.readElement(view.tree.entries, address)
    return elementScore(view.tree.entries, address)
  }

  close(): void {
    this.view.close()
  }
}

export function membersOf(set: SortedSet): RankedMembers {
  return set.isLarge ? new ViewedMembers(set.large) : new ListpackPairs(set.listpackCopy())
}

/** Writes members of some ranks, one after another. */
abstract class DrawnReply implements ReplySource {
  protected readonly members: RankedMembers
  protected out!: ReplyWriter
  private readonly head: (out: ReplyWriter) => void
  private readonly shown: Shown
  private begun = false
  private readonly member = new ByteRange()

  constructor(members: RankedMembers, head: (out: ReplyWriter) => void, shown: Shown) {
    this.members = members
    this.head = head
    this.shown = shown
  }

  get memoryBytes(): number {
    return this.members.memoryBytes
  }

  /** Does the next bit of work; false when all is done. */
  protected abstract step(): boolean

  protected write(rank: number): void {
    writeShown(this.out, this.member, this.members.show(rank, this.member), this.shown)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    this.out = out
    if (!this.begun) this.head(out)
    this.begun = true
    for (let steps = 1; this.step(); steps++) {
      if (deadlineMs === FOREVER || steps % DRAWS_BETWEEN_CLOCK_READS !== 0) continue
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return false
    }
    return true
  }

  close(): void {
    this.members.close()
  }
}

/** `count` members, each drawn from all; with `different`, from those that have not come yet. */
export class Draws extends DrawnReply {
  private left: number
  private readonly seen: Set<number> | null

  constructor(
    members: RankedMembers,
    count: number,
    different: boolean,
    head: (out: ReplyWriter) => void,
    shown: Shown,
  ) {
    super(members, head, shown)
    this.left = count
    this.seen = different ? new Set() : null
  }

  override get memoryBytes(): number {
    return super.memoryBytes + (this.seen?.size ?? 0) * REMEMBERED_BYTES
  }

  protected step(): boolean {
    const { members, seen } = this
    const rank = Math.floor(Math.random() * members.count)
    if (seen?.has(rank)) return true
    seen?.add(rank)
    this.write(rank)
    return --this.left > 0
  }
}

/** `count` different members, every choice as likely, in order: selection sampling (Knuth, 3.4.2 S). */
export class Choice extends DrawnReply {
  private wanted: number
  private rank = 0

  constructor(members: RankedMembers, count: number, head: (out: ReplyWriter) => void, shown: Shown) {
    super(members, head, shown)
    this.wanted = count
  }

  protected step(): boolean {
    const rank = this.rank++
    if (Math.random() * (this.members.count - rank) >= this.wanted) return true
    this.write(rank)
    return --this.wanted > 0
  }
}

/** `count` members, each drawn from all. Counts may be larger than a number holds exactly. */
export function replyDraws(ctx: CommandContext, set: SortedSet, count: bigint, shown: Shown): void {
  const elements = shown === FLAT_PAIRS ? count * 2n : count
  const head = (out: ReplyWriter): void => out.raw(`*${elements}\r\n`)
  replyElements(ctx, new Draws(membersOf(set), Number(count), false, head, shown), Number(count))
}

/** `count` different members of a sorted set that has more, in O(count) or O(members), whichever is less. */
export function replyDifferent(ctx: CommandContext, set: SortedSet, count: number, shown: Shown): void {
  const head = (out: ReplyWriter): void => writeHead(out, count, shown)
  const members = membersOf(set)
  const drawn = set.isLarge && count < set.length * DRAWN_SHARE
  const source = drawn ? new Draws(members, count, true, head, shown) : new Choice(members, count, head, shown)
  replyElements(ctx, source, drawn ? count : set.length)
}
