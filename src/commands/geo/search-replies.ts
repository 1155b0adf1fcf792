/** What was found, as a reply. */

import { INT64_MIN } from '../../bytes/integers.js'
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Entries } from '../../store/entries.js'
import { lpEntrySize } from '../../store/listpack/listpack.js'
import { ByteRange } from '../../types/byte-range.js'
import { elementScore } from '../../types/sorted-set/large-sorted-set.js'
import type { SortedSet } from '../../types/sorted-set/sorted-set.js'
import { scoreAt } from '../../types/sorted-set/sorted-set-listpack.js'
import type { FoundMembers } from './found-members.js'
import { FoundOrder } from './order.js'
import { writeDistance, writePosition } from './replies.js'
import type { ViewedSearch } from './viewed-search.js'

const MEMBERS_BETWEEN_CLOCK_READS = 32
const TWO_TO_63 = 2 ** 63

/** What a reply shows of each member that was found, and of how many. */
export interface Shown {
  readonly withDistance: boolean
  readonly withHash: boolean
  readonly withPosition: boolean
  /** Metres of the unit that distances are shown in. */
  readonly unitM: number
  readonly count: number
  readonly isOrdered: boolean
  readonly isDescending: boolean
}

/** A member that was found. */
export class FoundMember {
  readonly name = new ByteRange()
  score = 0

  readElement(entries: Entries, address: number): void {
    this.name.readElement(entries, address)
    this.score = elementScore(entries, address)
  }

  readPair({ listpack }: SortedSet, pos: number): void {
    this.name.readListpack(listpack, pos)
    this.score = scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  }
}

/** The order that is asked for, if it matters. */
export function orderOf(found: FoundMembers, { count, isDescending, isOrdered }: Shown): FoundOrder | null {
  return isOrdered && found.count > 1 ? new FoundOrder(found, isDescending, Math.min(count, found.count)) : null
}

export function writeFound(out: ReplyWriter, { name, score }: FoundMember, distanceM: number, shown: Shown): void {
  const options = Number(shown.withDistance) + Number(shown.withHash) + Number(shown.withPosition)
  if (options > 0) out.array(1 + options)
  out.bulk(name.buffer, name.start, name.end)
  if (shown.withDistance) writeDistance(out, distanceM / shown.unitM)
  if (shown.withHash) writeHash(out, score)
  if (shown.withPosition) writePosition(out, score)
}

/** A score as an integer of 64 bits, as C on x86 makes one. */
function writeHash(out: ReplyWriter, score: number): void {
  const whole = Math.trunc(score)
  if (Number.isSafeInteger(whole)) out.integer(whole)
  else out.bigInteger(whole >= -TWO_TO_63 && whole < TWO_TO_63 ? BigInt(whole) : INT64_MIN)
}

/** A search in slices, and then its reply. */
export class SearchReply implements ReplySource {
  private readonly search: ViewedSearch
  private readonly shown: Shown
  private readonly member = new FoundMember()
  private order: FoundOrder | null = null
  private begun = false
  private at = 0
  private end = 0

  constructor(search: ViewedSearch, shown: Shown) {
    this.search = search
    this.shown = shown
  }

  get memoryBytes(): number {
    return this.search.found.memoryBytes + (this.order?.memoryBytes ?? 0)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { search, shown } = this
    const { found } = search
    if (!this.begun) {
      if (!search.step(deadlineMs)) return false
      this.order ??= orderOf(found, shown)
      if (this.order?.step(deadlineMs) === false) return false
      this.begun = true
      this.end = Math.min(shown.count, found.count)
      out.array(this.end)
    }
    while (this.at < this.end) {
      const until = Math.min(this.end, this.at + MEMBERS_BETWEEN_CLOCK_READS)
      for (; this.at < until; this.at++) this.write(out)
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return this.at === this.end
    }
    return true
  }

  private write(out: ReplyWriter): void {
    const { at, member, order, search, shown } = this
    const number = order === null ? at : order.sorted[at]
    member.readElement(search.view.tree.entries, search.found.places[number])
    writeFound(out, member, search.found.distances[number], shown)
  }

  close(): void {
    this.search.close()
  }
}
