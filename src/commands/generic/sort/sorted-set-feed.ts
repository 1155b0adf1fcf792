/** Sorted sets as sources of elements: by rank. */
import { TreeView } from '../../../store/ordered-tree/view.js'
import { ByteRange } from '../../../types/byte-range.js'
import type { LargeSortedSet, Member } from '../../../types/sorted-set/large-sorted-set.js'
import { SortedSet } from '../../../types/sorted-set/sorted-set.js'
import type { CommandContext } from '../../context.js'
import { type ElementFeed, type FeedRange, type ListedValue, NO_ELEMENTS, type VisitElement } from './feed.js'

const MEMBERS_AT_A_TIME = 64

const set = new SortedSet()

/** SORT leaves a sorted set behind that is a large one, as in Redis ("destructively convert encoded sorted sets"). */
export function listedSortedSet(ctx: CommandContext, address: number, index: number): ListedValue {
  set.open(ctx.db, address)
  if (!set.isLarge) {
    set.open(ctx.db, ctx.findAgain(index))
    set.convert()
  }
  const { large, length } = set
  return {
    length,
    isOrdered: true,
    feed(range) {
      if (range.count === 0) return NO_ELEMENTS
      return new TreeFeed(large, { ...range, from: range.backward ? length - 1 - range.from : range.from })
    },
  }
}

/** In a view of its tree. */
class TreeFeed implements ElementFeed {
  readonly isShort = false
  private readonly view: TreeView<Member>
  private readonly member = new ByteRange()
  private left: number

  constructor({ tree }: LargeSortedSet, { backward, count, from }: FeedRange) {
    this.view = new TreeView(tree, backward ? 'backward' : 'forward')
    this.left = count
    this.view.seek(from)
  }

  step(visit: VisitElement): boolean {
    const { member, view } = this
    const { entries } = view.tree
    for (let i = 0; i < MEMBERS_AT_A_TIME; i++) {
      member.readElement(entries, view.cursor.address)
      visit(member.buffer, member.start, member.end)
      if (--this.left === 0) return false
      view.step()
    }
    return true
  }

  close(): void {
    this.view.close()
  }
}
