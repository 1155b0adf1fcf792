/** Searches in a sorted set as it is now. */
import { lpEntrySize, lpFirst } from '../../store/listpack/listpack.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { doubleHigh, doubleLow } from '../../store/ordered-tree/sort-prefix.js'
import type { Areas } from '../../types/geo/areas.js'
import type { LargeSortedSet } from '../../types/sorted-set/large-sorted-set.js'
import type { SortedSet } from '../../types/sorted-set/sorted-set.js'
import { nextPair, scoreAt } from '../../types/sorted-set/sorted-set-listpack.js'
import { AREA_DONE, AREA_HAS_MORE, type FoundMembers, type Search } from './found-members.js'

const cursor = new TreeCursor()

/** Where a search has stopped: in which area, and how many members of all come before the next one to look at. */
export const stopped = { area: 0, rank: 0 }

/** Searches in a large sorted set. False: there are more than `most` members in an area, and `stopped` says where it is. */
export function searchTree(
  { tree }: LargeSortedSet,
  areas: Areas,
  search: Search,
  found: FoundMembers,
  most: number,
): boolean {
  for (let area = 0; area < areas.count; area++) {
    const from = areas.from[area]
    if (!tree.lowerBound(cursor, doubleHigh(from), doubleLow(from), null)) continue
    const outcome = found.searchFrom(cursor, areas.behind[area], search, most)
    if (outcome === AREA_DONE) continue
    if (outcome !== AREA_HAS_MORE) return true
    stopped.area = area
    stopped.rank = cursor.weightBefore()
    return false
  }
  return true
}

/** The pairs of a listpack: read once for all areas. */
let positions = new Uint32Array(256)
let scores = new Float64Array(256)

/** Searches in a small sorted set. */
export function searchListpack(set: SortedSet, areas: Areas, search: Search, found: FoundMembers): void {
  const { length, listpack, listpackAt } = set
  if (length > positions.length) {
    positions = new Uint32Array(2 * length)
    scores = new Float64Array(2 * length)
  }
  let pos = lpFirst(listpack, listpackAt)
  for (let i = 0; i < length; i++) {
    positions[i] = pos
    scores[i] = scoreAt(listpack, pos + lpEntrySize(listpack, pos))
    pos = nextPair(listpack, pos)
  }
  for (let area = 0; area < areas.count; area++) {
    const behind = areas.behind[area]
    for (let i = rankOf(areas.from[area], length); i < length && scores[i] < behind; i++) {
      if (found.addIfWithin(positions[i], scores[i], search)) return
    }
  }
}

/** How many scores are below this one. */
function rankOf(score: number, length: number): number {
  let from = 0
  let to = length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (scores[middle] < score) from = middle + 1
    else to = middle
  }
  return from
}
