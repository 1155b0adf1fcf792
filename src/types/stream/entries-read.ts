/** How far a group has read, and how far it lags behind, as t_stream.c works it out: exactly, or not at all. */
import { type ConsumerGroup, ENTRIES_READ_UNKNOWN } from './consumer-group.js'
import type { StreamId } from './stream-id.js'
import type { StreamNodes } from './stream-nodes.js'

/** Entries that are counted at most: no stream has had more, but XSETID, XGROUP and RDB files may say so. */
export const MOST_COUNTED = Number.MAX_SAFE_INTEGER

/** Whether an entry from `start` on may have been deleted. Source: streamRangeHasTombstones. */
export function hasTombstonesFrom(stream: StreamNodes, start: StreamId): boolean {
  const { firstId, length, maxDeletedId } = stream
  if (length === 0 || maxDeletedId.isZero || firstId.compare(maxDeletedId) > 0) return false
  return start.compare(maxDeletedId) <= 0
}

/** How many entries have ever been added up to `id`; ENTRIES_READ_UNKNOWN. Source: streamEstimateDistanceFromFirstEverEntry. */
export function distanceFromFirst(stream: StreamNodes, id: StreamId): number {
  const { entriesAdded, firstId, lastId, length, maxDeletedId } = stream
  if (entriesAdded === 0) return 0
  const toLast = id.compare(lastId)
  if (length === 0 && toLast < 1) return entriesAdded
  if (toLast === 0) return entriesAdded
  if (toLast > 0) return ENTRIES_READ_UNKNOWN
  if (!maxDeletedId.isZero && maxDeletedId.compare(firstId) >= 0) return ENTRIES_READ_UNKNOWN
  const toFirst = id.compare(firstId)
  if (toFirst < 0) return entriesAdded - length
  return toFirst === 0 ? entriesAdded - length + 1 : ENTRIES_READ_UNKNOWN
}

/** How many entries the group has not read; null when that is not known. Source: streamReplyWithCGLag. */
export function lagOf(stream: StreamNodes, group: ConsumerGroup): number | null {
  const { entriesAdded } = stream
  if (entriesAdded === 0) return 0
  if (group.entriesRead !== ENTRIES_READ_UNKNOWN && !hasTombstonesFrom(stream, group.lastId)) {
    return entriesAdded - group.entriesRead
  }
  const read = distanceFromFirst(stream, group.lastId)
  return read === ENTRIES_READ_UNKNOWN ? null : entriesAdded - read
}

/** The group has just been given the entry `id`, behind its lastId: it moves on. */
export function groupReads(stream: StreamNodes, group: ConsumerGroup, id: StreamId): void {
  if (group.entriesRead !== ENTRIES_READ_UNKNOWN && !hasTombstonesFrom(stream, id)) group.entriesRead++
  else if (stream.entriesAdded !== 0) group.entriesRead = distanceFromFirst(stream, id)
  group.lastId.set(id)
}
