/**
 * Looks members of a large sorted set up as they were at one moment, while others write to it: for work that goes on in slices.
 *
 * A view of the tree keeps all elements of that moment. Which of them a member had is found by the table: of those that have left it
 * since, a table of its own; of the others, the set's, where what came later is not in the view.
 */
import type { Entries } from '../../store/entries.js'
import { doubleHigh, doubleLow } from '../../store/ordered-tree/sort-prefix.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { HashTable } from '../../store/table/hash-table.js'
import { elementScore, type LargeSortedSet, type Member, type SetSearch } from './large-sorted-set.js'

export class SortedSetSearch implements SetSearch {
  private readonly set: LargeSortedSet
  private readonly entries: Entries
  private readonly view: TreeView<Member>
  /** Elements of the view that have left the set. */
  private readonly gone: HashTable
  /** How often the tree had changed when the search began. */
  private readonly changes: number
  private readonly probe: Member = { buffer: Buffer.alloc(0), start: 0, end: 0 }

  /** close() has to follow. O(open views). */
  constructor(set: LargeSortedSet) {
    this.set = set
    this.entries = set.entries
    this.view = new TreeView(set.tree, 'any')
    this.gone = new HashTable(set.entries)
    this.changes = set.tree.changes
    set.openSearch(this)
  }

  /** The score of a member; NaN when it was not there. `hash`: the member's. O(1), O(log n) once the set has changed. */
  scoreOf(hash: number, member: Buffer, start: number, end: number): number {
    const { entries, gone, set } = this
    const left = gone.count === 0 ? 0 : gone.find(hash, member, start, end)
    if (left !== 0) return elementScore(entries, left)
    const element = set.find(hash, member, start, end)
    if (element === 0) return Number.NaN
    return set.tree.changes === this.changes || this.sees(element) ? elementScore(entries, element) : Number.NaN
  }

  left(element: number): void {
    if (this.sees(element)) this.gone.insert(this.entries.hashOf(element), element)
  }

  /** Whether an element is one of the view's. */
  private sees(element: number): boolean {
    const { entries, probe, view } = this
    const score = elementScore(entries, element)
    probe.buffer = entries.memory(element)
    probe.start = entries.keyStart(element)
    probe.end = probe.start + entries.keyLength(element)
    return view.find(doubleHigh(score), doubleLow(score), probe) && view.cursor.address === element
  }

  close(): void {
    this.set.closeSearch(this)
    this.gone.close()
    this.view.close()
  }
}
