/** Replies of a set's members: all of them, or draws, as of the moment of the command. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { ByteRange } from '../../types/byte-range.js'
import type { KeptMembers } from '../../types/set/packed-members.js'
import type { MemberSet } from '../../types/set/set.js'
import type { CommandContext } from '../context.js'
import { AllElements, SLICED_FROM_ELEMENTS, type WriteElement } from '../table-replies.js'
import { writeMember } from './access.js'

const MEMBERS_BETWEEN_CLOCK_READS = 32

/** Shows elements of a table for as long as the reply may take. */
export function memberWriter(): WriteElement {
  const range = new ByteRange()
  return (out, table, element) => {
    range.readElement(table.entries, element)
    writeMember(out, range)
  }
}

/** All members of a set, behind what `head` writes. */
export function replyAll(ctx: CommandContext, set: MemberSet, head: (out: ReplyWriter) => void): void {
  const { keyspace, reply } = ctx
  if (set.length > SLICED_FROM_ELEMENTS) {
    if (set.isTable) ctx.replyFrom(new AllElements(keyspace, set.table, head, memberWriter()))
    else ctx.replyFrom(new AllPacked(set.keep(), head))
    return
  }
  head(reply)
  set.iterate(member => writeMember(reply, member))
}

/** Reads a small set, some members at a time. */
abstract class PackedReply implements ReplySource {
  protected readonly members: KeptMembers
  protected readonly range = new ByteRange()
  private head: ((out: ReplyWriter) => void) | null

  constructor(members: KeptMembers, head: (out: ReplyWriter) => void) {
    this.members = members
    this.head = head
  }

  get memoryBytes(): number {
    return this.members.memoryBytes
  }

  /** Writes the next member; false: there is none. */
  protected abstract write(out: ReplyWriter): boolean

  next(out: ReplyWriter, deadlineMs: number): boolean {
    this.head?.(out)
    this.head = null
    for (let written = 1; this.write(out); written++) {
      if (written % MEMBERS_BETWEEN_CLOCK_READS !== 0 || deadlineMs === Number.POSITIVE_INFINITY) continue
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return false
    }
    return true
  }

  close(): void {
    this.members.release()
  }
}

/** All members of a small set, in its order. */
class AllPacked extends PackedReply {
  private place = this.members.first

  protected write(out: ReplyWriter): boolean {
    const { members, place, range } = this
    if (place < 0) return false
    members.show(place, range)
    writeMember(out, range)
    this.place = members.next(place)
    return true
  }
}

/** `count` draws from a small set. */
export class PackedDraws extends PackedReply {
  private readonly places = this.members.places()
  private left: number

  constructor(members: KeptMembers, count: number, head: (out: ReplyWriter) => void) {
    super(members, head)
    this.left = count
  }

  override get memoryBytes(): number {
    return super.memoryBytes + this.places.byteLength
  }

  protected write(out: ReplyWriter): boolean {
    if (this.left === 0) return false
    this.left--
    const { members, places, range } = this
    members.show(places[Math.floor(Math.random() * places.length)], range)
    writeMember(out, range)
    return true
  }
}
