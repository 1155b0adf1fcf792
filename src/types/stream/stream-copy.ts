/** Copies a stream, its groups included (streamDup). */
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { Consumer } from './consumer-group.js'
import { deliveryCount, deliveryTime, readPendingId } from './pending.js'
import { Stream } from './stream.js'
import { StreamId } from './stream-id.js'
import { copyNode } from './stream-node.js'

/** O(size). */
export function copyStream(original: Stream): Stream {
  const { entries } = original
  const copy = new Stream(entries)
  const cursor = new TreeCursor()
  const id = new StreamId()
  for (let more = original.tree.first(cursor); more; more = cursor.next()) {
    const node = copyNode(entries, cursor.address, id)
    copy.appendNode(id, node)
  }
  copy.length = original.length
  copy.firstId.set(original.firstId)
  copy.lastId.set(original.lastId)
  copy.maxDeletedId.set(original.maxDeletedId)
  copy.entriesAdded = original.entriesAdded
  for (const [name, group] of original.groups) {
    const copied = copy.addGroup(name, group.lastId, group.entriesRead)
    if (copied === null) continue
    const consumers = new Map<Consumer, Consumer>()
    for (const consumer of group.eachConsumer()) {
      const same = copied.addConsumer(consumer.name.toString('latin1'), consumer.seenTimeMs)
      same.activeTimeMs = consumer.activeTimeMs
      consumers.set(consumer, same)
    }
    for (let more = group.pending.first(cursor); more; more = cursor.next()) {
      const { address } = cursor
      const consumer = consumers.get(group.consumerOf(address))
      if (consumer === undefined) continue
      readPendingId(entries, address, id)
      copied.add(id, consumer, deliveryTime(entries, address), deliveryCount(entries, address))
    }
  }
  return copy
}
