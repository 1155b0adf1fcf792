/** Trims that only take what all groups have dealt with (ACKED). Source of behaviour: streamTrim in Redis's t_stream.c. */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { EntryDeletion } from './deletion.js'
import { NodeEntries } from './node-entries.js'
import { ReferencesInOrder } from './references.js'
import type { Stream, TrimTarget } from './stream.js'
import { StreamId } from './stream-id.js'

/** What went. */
export interface AckedTrim {
  /** So many entries from the first one on. */
  readonly first: number
  /** IDs of those behind one that stays. */
  readonly later: readonly StreamId[]
}

const cursor = new TreeCursor()
const entry = new NodeEntries()
const lastOfNode = new StreamId()

/**
 * Cuts a stream short by what neither is pending nor has to be read yet. Entries that go from behind others that stay leave a gap, and
 * count as deleted (maxDeletedId): Redis leaves that as it is, but a replica of an older version can only delete them. O(entries up to
 * the end of the trim, or to the first that a group has to read), and two look-ups for nodes that are pending as a whole.
 */
export function trimAcked(stream: Stream, target: TrimTarget): AckedTrim {
  const trim = planTrim(stream, target)
  if (trim.first > 0) stream.trim({ ...TO_LENGTH, maxLength: stream.length - trim.first })
  const deletion = new EntryDeletion(stream)
  for (const id of trim.later) deletion.delete(id)
  deletion.finish()
  return trim
}

const TO_LENGTH = { minId: new StreamId(), approximate: false, limit: 0 }

function planTrim(stream: Stream, { limit, maxLength, minId }: TrimTarget): AckedTrim {
  const { entries, length, tree } = stream
  const byLength = !Number.isNaN(maxLength)
  const references = new ReferencesInOrder(stream)
  const later: StreamId[] = []
  let first = 0
  let someStay = false
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    const before = first + later.length
    const left = length - before
    if (byLength && left <= maxLength) break
    entry.open(entries, cursor.address)
    if (limit > 0 && before + entry.count > limit) break
    // Whether the whole node is to go decides if the next one is looked at, also where some of it stays.
    const goesOn = byLength ? left - entry.count >= maxLength : entry.lastId(lastOfNode).compare(minId) < 0
    if (references.isUnread(entry.master)) break
    const isReferenced = references.arePending(entry.master, entry.lastId(lastOfNode), entry.count + entry.deleted)
    someStay ||= isReferenced && entry.count > 0
    while (!isReferenced && entry.next()) {
      if (byLength ? length - first - later.length <= maxLength : entry.id.compare(minId) >= 0) break
      if (entry.isDeleted) continue
      if (references.isUnread(entry.id)) return { first, later }
      if (references.isPending(entry.id)) someStay = true
      else if (someStay) later.push(entry.id.copy())
      else first++
    }
    if (!goesOn) break
  }
  return { first, later }
}
