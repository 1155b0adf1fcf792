/** Trims that only take what all groups have dealt with (ACKED). Source of behaviour: streamTrim in Redis's t_stream.c. */
import { performance } from '../../clock/platform.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { EntryDeletion } from './deletion.js'
import { IdList } from './id-list.js'
import { NodeEntries } from './node-entries.js'
import { ReferencesInOrder } from './references.js'
import type { Stream, TrimTarget } from './stream.js'
import { StreamId } from './stream-id.js'
import { readNodeId } from './stream-node.js'

const NODES_BETWEEN_CLOCK_READS = 4
const ENTRIES_BETWEEN_CLOCK_READS = 64
const TO_LENGTH = { minId: new StreamId(), approximate: false, limit: 0 }

const cursor = new TreeCursor()
const entry = new NodeEntries()
const lastOfNode = new StreamId()
const id = new StreamId()

/**
 * Cuts a stream short by what neither is pending nor has to be read yet. Entries that go from behind others that stay leave a gap, and
 * count as deleted (maxDeletedId): Redis leaves that as it is, but a replica of an older version can only delete them. O(entries up to
 * the end of the trim, or to the first that a group has to read), and two look-ups for nodes that are pending as a whole. Nobody else
 * is to change the stream until it is done.
 */
export class AckedTrim {
  /** So many entries go from the first one on. */
  first = 0
  /** Those that go from behind one that stays. */
  readonly later = new IdList()
  private readonly stream: Stream
  private readonly target: TrimTarget
  private readonly references: ReferencesInOrder
  private readonly deletion: EntryDeletion
  private someStay = false
  private isPlanned = false
  /** The node with which the plan goes on, if it has begun. */
  private readonly next = new StreamId()
  private hasBegun = false
  /** How many of `later` are gone. */
  private deleted = 0

  constructor(stream: Stream, target: TrimTarget) {
    this.stream = stream
    this.target = target
    this.references = new ReferencesInOrder(stream)
    this.deletion = new EntryDeletion(stream)
  }

  /** How many entries go. */
  get count(): number {
    return this.first + this.later.count
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  step(deadlineMs: number): boolean {
    const { deletion, later, stream } = this
    if (!this.isPlanned) {
      if (!this.plan(deadlineMs)) return false
      this.isPlanned = true
      if (this.first > 0) stream.trim({ ...TO_LENGTH, maxLength: stream.length - this.first })
    }
    while (this.deleted < later.count) {
      deletion.delete(later.read(this.deleted++, id))
      if (this.deleted % ENTRIES_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
    }
    deletion.finish()
    return true
  }

  private plan(deadlineMs: number): boolean {
    const { next, stream } = this
    const { entries, tree } = stream
    let more = this.hasBegun ? stream.goToNodeOf(cursor, next) : tree.first(cursor)
    this.hasBegun = true
    for (let seen = 1; more && this.planNode(); seen++) {
      more = cursor.next()
      if (!more || seen % NODES_BETWEEN_CLOCK_READS !== 0 || performance.now() < deadlineMs) continue
      readNodeId(entries, cursor.address, next)
      return false
    }
    return true
  }

  /** What goes of the cursor's node. Whether the next one is to be looked at. */
  private planNode(): boolean {
    const { later, references, stream } = this
    const { limit, maxLength, minId } = this.target
    const { entries, length } = stream
    const byLength = !Number.isNaN(maxLength)
    const left = length - this.count
    if (byLength && left <= maxLength) return false
    entry.open(entries, cursor.address)
    if (limit > 0 && this.count + entry.count > limit) return false
    // Whether the whole node is to go decides if the next one is looked at, also where some of it stays.
    const goesOn = byLength ? left - entry.count >= maxLength : entry.lastId(lastOfNode).compare(minId) < 0
    if (references.isUnread(entry.master)) return false
    const isReferenced = references.arePending(entry.master, entry.lastId(lastOfNode), entry.count + entry.deleted)
    this.someStay ||= isReferenced && entry.count > 0
    while (!isReferenced && entry.next()) {
      if (byLength ? length - this.count <= maxLength : entry.id.compare(minId) >= 0) break
      if (entry.isDeleted) continue
      if (references.isUnread(entry.id)) return false
      if (references.isPending(entry.id)) this.someStay = true
      else if (this.someStay) later.add(entry.id)
      else this.first++
    }
    return goesOn
  }
}
