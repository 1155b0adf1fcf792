/** What XINFO tells of streams, groups and consumers, as of the moment at which it was asked: to be written then, or later. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { type Consumer, type ConsumerGroup, ENTRIES_READ_UNKNOWN } from '../../types/stream/consumer-group.js'
import { lagOf } from '../../types/stream/entries-read.js'
import type { Stream } from '../../types/stream/stream.js'
import type { StreamId } from '../../types/stream/stream-id.js'
import { writeId } from './access.js'

/** Writes something, now or later. */
export type Written = (out: ReplyWriter) => void

function writeNamedId(out: ReplyWriter, name: string, id: StreamId): void {
  out.bulkText(name)
  writeId(out, id)
}

/** Seven pairs of a map. */
export function streamFacts(stream: Stream): Written {
  const { entriesAdded, length } = stream
  const nodes = stream.tree.count
  const lastId = stream.lastId.copy()
  const maxDeletedId = stream.maxDeletedId.copy()
  const firstId = stream.firstId.copy()
  return out => {
    out.bulkText('length')
    out.integer(length)
    out.bulkText('radix-tree-keys')
    out.integer(nodes)
    // Redis's tree of one node has two of its own. Here is an ordered tree.
    out.bulkText('radix-tree-nodes')
    out.integer(nodes + 1)
    writeNamedId(out, 'last-generated-id', lastId)
    writeNamedId(out, 'max-deleted-entry-id', maxDeletedId)
    out.bulkText('entries-added')
    out.integer(entriesAdded)
    writeNamedId(out, 'recorded-first-entry-id', firstId)
  }
}

/** How far a group has read: two pairs of a map. */
export function groupProgress(stream: Stream, group: ConsumerGroup): Written {
  const { entriesRead } = group
  const lag = lagOf(stream, group)
  return out => {
    out.bulkText('entries-read')
    if (entriesRead === ENTRIES_READ_UNKNOWN) out.null()
    else out.integer(entriesRead)
    out.bulkText('lag')
    if (lag === null) out.null()
    else out.integer(lag)
  }
}

/** A group in full, up to the list of what is pending. */
export function groupFacts(stream: Stream, group: ConsumerGroup): Written {
  const { name } = group
  const lastId = group.lastId.copy()
  const progress = groupProgress(stream, group)
  const { count } = group.pending
  return out => {
    out.map(7)
    out.bulkText('name')
    out.bulk(name, 0, name.length)
    writeNamedId(out, 'last-delivered-id', lastId)
    progress(out)
    out.bulkText('pel-count')
    out.integer(count)
    out.bulkText('pending')
  }
}

/** A consumer in full, up to the list of what is pending. */
export function consumerFacts({ activeTimeMs, name, pending, seenTimeMs }: Consumer): Written {
  const { count } = pending
  return out => {
    out.map(5)
    out.bulkText('name')
    out.bulk(name, 0, name.length)
    out.bulkText('seen-time')
    out.integer(seenTimeMs)
    out.bulkText('active-time')
    out.integer(activeTimeMs)
    out.bulkText('pel-count')
    out.integer(count)
    out.bulkText('pending')
  }
}
