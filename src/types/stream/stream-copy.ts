/** Copies a stream, its groups included (streamDup), as it is when the copy begins: at once, or in slices while others go on. */
import { performance } from '../../clock/platform.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { TreeBuilder } from '../../store/ordered-tree/builder.js'
import { halfOfUnsigned } from '../../store/ordered-tree/sort-prefix.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { ValueCopy } from '../value-copy.js'
import type { Consumer, ConsumerGroup } from './consumer-group.js'
import { consumerOf, createPending, deliveryCount, deliveryTime, insertPending, readPendingId } from './pending.js'
import { Stream } from './stream.js'
import { StreamId } from './stream-id.js'
import { copyNode } from './stream-node.js'

const NODES_BETWEEN_CLOCK_READS = 8
const PENDING_BETWEEN_CLOCK_READS = 64

const id = new StreamId()

interface CopiedGroup {
  readonly copy: ConsumerGroup
  /** Consumers of the copy, by the numbers of those in the original. */
  readonly consumers: readonly (Consumer | undefined)[]
  readonly pending: TreeView<StreamId>
}

export class StreamCopy {
  /** The copy. */
  readonly stream: Stream
  private readonly nodes: TreeView<StreamId>
  private readonly groups: readonly CopiedGroup[]
  private readonly steps: Generator<void>
  private deadlineMs = 0

  /** close() has to follow. O(groups and consumers). */
  constructor(original: Stream) {
    const { entriesAdded, entries, firstId, groups, lastId, length, maxDeletedId, tree } = original
    this.stream = new Stream(entries)
    this.nodes = new TreeView(tree, 'forward')
    this.groups = Array.from(groups.values(), group => this.beginGroup(group))
    this.stream.length = length
    this.stream.firstId.set(firstId)
    this.stream.lastId.set(lastId)
    this.stream.maxDeletedId.set(maxDeletedId)
    this.stream.entriesAdded = entriesAdded
    this.steps = this.copy()
  }

  private beginGroup(group: ConsumerGroup): CopiedGroup {
    const name = group.name.toString('latin1')
    const copy = this.stream.addGroup(name, group.lastId, group.entriesRead)
    if (copy === null) throw new Error('stream: two groups of one name')
    const consumers: Consumer[] = []
    for (const { activeTimeMs, name, number, seenTimeMs } of group.eachConsumer()) {
      consumers[number] = copy.addConsumer(name.toString('latin1'), seenTimeMs)
      consumers[number].activeTimeMs = activeTimeMs
    }
    return { copy, consumers, pending: new TreeView(group.pending, 'any') }
  }

  /** Goes on until `deadlineMs` (performance.now()), for some entries at least; true when all is done. */
  run(deadlineMs: number): boolean {
    this.deadlineMs = deadlineMs
    return this.steps.next().done === true
  }

  private get isDue(): boolean {
    return performance.now() >= this.deadlineMs
  }

  private *copy(): Generator<void> {
    const { nodes, stream } = this
    let copied = 0
    for (let more = nodes.seek(0) >= 0; more; more = nodes.step()) {
      const node = copyNode(stream.entries, nodes.cursor.address, id)
      stream.appendNode(id, node)
      if (++copied % NODES_BETWEEN_CLOCK_READS === 0 && this.isDue) yield
    }
    for (const group of this.groups) yield* this.copyPending(group)
  }

  private *copyPending({ consumers, copy, pending }: CopiedGroup): Generator<void> {
    const { entries } = this.stream
    const builder = new TreeBuilder(copy.pending)
    let copied = 0
    for (let more = pending.seek(0) >= 0; more; more = pending.step()) {
      const { address } = pending.cursor
      const consumer = consumers[consumerOf(entries, address)]
      if (consumer === undefined) continue
      readPendingId(entries, address, id)
      const time = deliveryTime(entries, address)
      const same = createPending(entries, id, consumer.number, time, deliveryCount(entries, address))
      builder.add(halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), same)
      insertPending(consumer.pending, id, same)
      if (++copied % PENDING_BETWEEN_CLOCK_READS !== 0 || !this.isDue) continue
      // Between slices everything has to be where compaction finds it.
      builder.finish()
      yield
    }
    builder.finish()
  }

  /** The original is no longer needed. */
  close(): void {
    this.nodes.close()
    for (const { pending } of this.groups) pending.close()
  }
}

/** O(size). */
export function copyStream(original: Stream): Stream {
  const copy = new StreamCopy(original)
  while (!copy.run(Number.POSITIVE_INFINITY));
  copy.close()
  return copy.stream
}

/** A copy that is made in slices, and belongs to no key until it is done. */
export class SlicedStreamCopy implements ValueCopy {
  private readonly keyspace: Keyspace
  private readonly aggregates: Keyspace['aggregates']
  private readonly copy: StreamCopy
  /** Among the large values: compaction has to see it. */
  private readonly number: number
  private taken = false

  constructor(keyspace: Keyspace, original: Stream) {
    this.keyspace = keyspace
    this.aggregates = keyspace.aggregates
    this.copy = new StreamCopy(original)
    this.number = this.aggregates.add(this.copy.stream)
  }

  run(deadlineMs: number): boolean {
    return this.copy.run(deadlineMs)
  }

  placeIn(to: Database, key: Buffer, start: number, end: number, expiryMs: number): number {
    const created = to.place(0, key, start, end, TYPE_STREAM, ENCODING_AGGREGATE, 0, expiryMs)
    this.keyspace.entries.setPayload(created, this.number)
    this.taken = true
    return created
  }

  close(): void {
    const { aggregates, copy, keyspace, number, taken } = this
    copy.close()
    if (taken) return
    this.taken = true
    // Behind FLUSHALL others have the numbers.
    if (aggregates === keyspace.aggregates) aggregates.remove(number)
    keyspace.discard(copy.stream)
  }
}
