/** A search that goes on while others write: through a view of the sorted set's tree. */
import { performance } from '../../clock/platform.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { Areas } from '../../types/geo/areas.js'
import type { LargeSortedSet, Member } from '../../types/sorted-set/large-sorted-set.js'
import { AREA_DONE, AREA_HAS_MORE, ENOUGH_FOUND, type FoundMembers, type Search } from './found-members.js'
import { stopped } from './search-at-once.js'

const MEMBERS_BETWEEN_CLOCK_READS = 256

/** The rest of an area. */
interface Rest {
  /** How many members of the set come before it. */
  rank: number
  readonly behind: number
}

export class ViewedSearch {
  readonly view: TreeView<Member>
  readonly found: FoundMembers
  private readonly search: Search
  private readonly rests: Rest[] = []
  /** The cursor is in the first of them. */
  private isThere = false

  /** Goes on with a search that searchTree() has just begun. close() has to follow. */
  constructor(set: LargeSortedSet, areas: Areas, search: Search, found: FoundMembers) {
    let left = 0
    for (let { area, rank } = stopped; area < areas.count; area++) {
      const behind = areas.behind[area]
      if (area > stopped.area) rank = set.countBelow(areas.from[area], false)
      this.rests.push({ rank, behind })
      left += Math.max(0, set.countBelow(behind, false) - rank)
    }
    this.search = { ...search, shape: search.shape.copy() }
    this.found = found.copy(Math.min(found.count + left, search.limit), search.measured)
    this.view = new TreeView(set.tree, 'any')
  }

  /** Goes on until `deadlineMs` (performance.now()), for some hundreds of members at least. True: done. */
  step(deadlineMs: number): boolean {
    const { found, rests, search, view } = this
    while (rests.length > 0) {
      const [{ behind, rank }] = rests
      if (!this.isThere) this.isThere = view.seek(rank) === 0
      const outcome = this.isThere
        ? found.searchFrom(view.cursor, behind, search, MEMBERS_BETWEEN_CLOCK_READS)
        : AREA_DONE
      if (outcome === ENOUGH_FOUND) rests.length = 0
      if (outcome === AREA_DONE) {
        rests.shift()
        this.isThere = false
      }
      if (outcome === AREA_HAS_MORE && performance.now() >= deadlineMs) return false
    }
    return true
  }

  close(): void {
    this.view.close()
  }
}
