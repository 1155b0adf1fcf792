/**
 * A stream: nodes of entries by ID (stream-node.ts, node-entries.ts), in an ordered tree, and consumer groups. What is added goes
 * behind the last entry of the last node, as t_stream.c does it to the byte: DUMP shows where nodes begin and end.
 */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { halfOfUnsigned } from '../../store/ordered-tree/sort-prefix.js'
import type { TreeView } from '../../store/ordered-tree/view.js'
import { NodeEntries } from './node-entries.js'
import { StreamId } from './stream-id.js'
import { StreamNodes } from './stream-nodes.js'

const place = new TreeCursor()
const entry = new NodeEntries()
const found = new StreamId()
const lastOfNode = new StreamId()
const lastToGo = new StreamId()
const NOTHING: readonly number[] = []

/** How a stream is cut short. */
export interface TrimTarget {
  /** So many entries are to be left; NaN: what comes before `minId` goes. */
  readonly maxLength: number
  readonly minId: StreamId
  /** Only whole nodes go. */
  readonly approximate: boolean
  /** Most entries to take, in whole nodes; 0: any number. */
  readonly limit: number
}

export class Stream extends StreamNodes {
  // Entries

  /** Whether there is an entry with this ID. O(log n), and a node. */
  has(id: StreamId): boolean {
    return this.goToEntry(id)
  }

  /** Goes to the entry with this ID: `place` and `entry`; false when there is none, or it is deleted. */
  private goToEntry(id: StreamId): boolean {
    if (!this.goToNodeOf(place, id)) return false
    entry.open(this.entries, place.address)
    return entry.seek(id) && entry.id.compare(id) === 0
  }

  /** Deletes an entry; false when there is none with this ID. */
  delete(id: StreamId): boolean {
    if (!this.goToEntry(id)) return false
    this.length--
    if (entry.count === 1) {
      this.removeNode(place)
      return true
    }
    const offset = entry.pos - entry.listpack.at
    this.own(place)
    this.markDeleted(place, offset)
    this.setCounts(place, entry.count - 1, entry.deleted + 1)
    return true
  }

  /** The ID of the last entry that is there; false when there is none. */
  lastEntryId(id: StreamId): boolean {
    return this.edge(true, id)
  }

  /** Behind deletions and trims: finds out which entry is the first one. */
  updateFirstId(): void {
    if (!this.edge(false, found)) found.setZero()
    this.firstId.set(found)
  }

  private edge(fromEnd: boolean, id: StreamId): boolean {
    const { entries, tree } = this
    if (!(fromEnd ? tree.last(place) : tree.first(place))) return false
    do {
      entry.open(entries, place.address)
      if (fromEnd) entry.toEnd()
      while (fromEnd ? entry.previous() : entry.next()) {
        if (entry.isDeleted) continue
        id.set(entry.id)
        return true
      }
    } while (fromEnd ? place.previous() : place.next())
    return false
  }

  /** The first entry, a deleted one too; with no entries at all the last ID there is. */
  firstIdWithDeleted(id: StreamId): void {
    id.setLast()
    if (!this.tree.first(place)) return
    entry.open(this.entries, place.address)
    if (entry.next()) id.set(entry.id)
  }

  /** Entries that are there of the first node; 0 where there is none. */
  get firstNodeEntries(): number {
    if (!this.tree.first(place)) return 0
    entry.open(this.entries, place.address)
    return entry.count
  }

  /**
   * Cuts it short. Returns how many entries went. `goesUpTo` hears of the last one that is about to go, if any is. O(nodes that go).
   * Source: streamTrim.
   */
  trim(target: TrimTarget, goesUpTo: ((last: StreamId) => void) | null = null): number {
    const { entries, tree } = this
    const byLength = !Number.isNaN(target.maxLength)
    const before = this.length
    let nodes = 0
    let left = before
    let isPartly = !target.approximate
    let more = tree.first(place)
    for (; more; more = place.next()) {
      if (byLength && left <= target.maxLength) break
      entry.open(entries, place.address)
      if (target.limit > 0 && before - left + entry.count > target.limit) {
        isPartly = false
        break
      }
      if (byLength ? left - entry.count < target.maxLength : entry.lastId(lastOfNode).compare(target.minId) >= 0) break
      if (goesUpTo !== null) entry.lastId(lastToGo)
      left -= entry.count
      nodes++
    }
    const offsets = more && isPartly ? this.offsetsToTrim(target, left) : NOTHING
    const deleted = before - left + offsets.length
    if (deleted > 0) goesUpTo?.(lastToGo)
    this.removeFirstNodes(nodes)
    this.length = before - deleted
    if (offsets.length > 0 && tree.first(place)) this.deleteAt(offsets)
    if (deleted > 0) this.updateFirstId()
    return deleted
  }

  /** Where in the cursor's node those of its entries begin that are to go, with `left` in it and behind it. */
  private offsetsToTrim({ maxLength, minId }: TrimTarget, left: number): readonly number[] {
    const offsets: number[] = []
    entry.open(this.entries, place.address)
    while (entry.next()) {
      if (Number.isNaN(maxLength) ? entry.id.compare(minId) >= 0 : left - offsets.length <= maxLength) break
      if (entry.isDeleted) continue
      offsets.push(entry.pos - entry.listpack.at)
      lastToGo.set(entry.id)
    }
    return offsets
  }

  /** Deletes the entries at these places of the first node, to which `place` has gone. */
  private deleteAt(offsets: readonly number[]): void {
    entry.open(this.entries, place.address)
    const { count, deleted } = entry
    this.own(place)
    for (const offset of offsets) this.markDeleted(place, offset)
    this.setCounts(place, count - offsets.length, deleted + offsets.length)
  }

  // Nodes for walks

  /** Goes to the node in which entries from `id` on begin, or with `backward` those up to it end; false when there is none. */
  goToRange(cursor: TreeCursor, id: StreamId, backward: boolean): boolean {
    if (this.goToNodeOf(cursor, id)) return true
    return !backward && this.tree.first(cursor)
  }

  /**
   * Whether the nodes with entries between two IDs have over `mostEntries` entries, or over `mostBytes` bytes. Stops counting there:
   * O(log n), and a look at each of so many nodes.
   */
  spansMoreThan(start: StreamId, end: StreamId, mostEntries: number, mostBytes: number): boolean {
    let count = 0
    let bytes = 0
    for (let more = this.goToRange(place, start, false); more; more = place.next()) {
      entry.open(this.entries, place.address)
      if (entry.master.compare(end) > 0) return false
      count += entry.count
      bytes += entry.listpack.bytes
      if (count > mostEntries || bytes > mostBytes) return true
    }
    return false
  }

  /** Goes to the last node whose ID is not behind `id`; false when there is none. With a view: in that, with its cursor. */
  goToNodeOf(cursor: TreeCursor, id: StreamId, view: TreeView<StreamId> | null = null): boolean {
    const high = halfOfUnsigned(id.msHigh)
    const low = halfOfUnsigned(id.msLow)
    if (view === null) this.tree.upperBound(cursor, high, low, id)
    else view.upperBound(high, low, id)
    return cursor.depth > 0 && cursor.previous()
  }

  /** Adds a node as it is, behind all others: of a stream that is loaded or copied. */
  appendNode(id: StreamId, node: number): void {
    this.insertNode(id, node)
  }
}
