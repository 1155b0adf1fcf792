/**
 * The RDB form of a stream as it was when it was held (stream listpacks 2): its nodes, what is known of it, then its groups: what is
 * pending with each, its consumers, and the IDs of what is pending with them. For commands, all of what is pending comes with the
 * consumers instead (HoldOptions).
 */
import type { RdbOutput } from '../../rdb/output.js'
import type { Entries } from '../../store/entries.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { FormTaker, HeldForm, HoldOptions } from '../held-form.js'
import { holdBytes } from '../held-string.js'
import type { ConsumerGroup } from './consumer-group.js'
import { deliveryCount, deliveryTime, type PendingTree, readPendingId } from './pending.js'
import type { Stream } from './stream.js'
import { ID_BYTES, StreamId } from './stream-id.js'
import { NodeListpack, readNodeId } from './stream-node.js'

const TWO_32 = 4294967296
/** Pending entries that are given at a time. */
const GIVEN_AT_ONCE = 512

interface HeldConsumer {
  readonly name: Buffer
  readonly seenTimeMs: number
  readonly pending: TreeView<StreamId>
}

interface HeldGroup {
  readonly name: Buffer
  readonly lastId: StreamId
  readonly entriesRead: number
  readonly pending: TreeView<StreamId>
  readonly consumers: readonly HeldConsumer[]
}

function view(tree: PendingTree): TreeView<StreamId> {
  // Consumers' views read entries that the group's view keeps: it may give nothing back while it is being read.
  return new TreeView(tree, 'any')
}

function holdGroup(group: ConsumerGroup): HeldGroup {
  return {
    name: group.name,
    lastId: group.lastId.copy(),
    entriesRead: group.entriesRead,
    pending: view(group.pending),
    consumers: group.consumers().map(({ name, pending, seenTimeMs }) => ({ name, seenTimeMs, pending: view(pending) })),
  }
}

export class HeldStream implements HeldForm {
  readonly table = null
  readonly memoryBytes = 0
  private readonly nodes: TreeView<StreamId>
  private readonly groups: HeldGroup[]
  private readonly pieces: Generator<void>
  private taker: FormTaker | null = null

  /** O(groups and consumers). */
  constructor(stream: Stream, options: HoldOptions) {
    const { entries } = stream
    this.nodes = new TreeView(stream.tree, 'forward')
    this.groups = stream.groupsInOrder().map(holdGroup)
    this.pieces = this.give(entries, options, factsOf(stream))
  }

  next(taker: FormTaker): boolean {
    this.taker = taker
    return this.pieces.next().done !== true
  }

  private get out(): RdbOutput {
    if (this.taker === null) throw new Error('stream: nobody takes its form')
    return this.taker.out
  }

  private *give(entries: Entries, options: HoldOptions, facts: (out: RdbOutput) => void): Generator<void> {
    const { nodes } = this
    this.out.lengthCode(nodes.count)
    for (let more = nodes.seek(0) >= 0; more; more = nodes.step()) {
      this.giveNode(entries, nodes.cursor.address, options)
      yield
    }
    facts(this.out)
    this.out.lengthCode(this.groups.length)
    for (const group of this.groups) yield* this.giveGroup(entries, group, options)
  }

  private giveNode(entries: Entries, node: number, options: HoldOptions): void {
    const { out, taker } = this
    readNodeId(entries, node, id)
    id.writeBytes(idBytes, 0)
    out.lengthCode(ID_BYTES)
    out.raw(idBytes)
    listpack.show(entries, node)
    const { at, buffer, bytes, external } = listpack
    if (external < 0) out.string(buffer, at, at + bytes, options.compress)
    else taker?.string(holdBytes(entries, buffer.length === bytes ? buffer : buffer.subarray(0, bytes), options))
  }

  private *giveGroup(entries: Entries, group: HeldGroup, options: HoldOptions): Generator<void> {
    const { consumers, entriesRead, lastId, name, pending } = group
    this.out.string(name, 0, name.length, options.compress)
    putId(this.out, lastId)
    putCount(this.out, entriesRead)
    const withConsumers = options.forCommands === true
    this.out.lengthCode(withConsumers ? 0 : pending.count)
    if (!withConsumers) yield* this.givePending(entries, pending, true)
    this.out.lengthCode(consumers.length)
    for (const consumer of consumers) {
      this.out.string(consumer.name, 0, consumer.name.length, options.compress)
      putTime(this.out, consumer.seenTimeMs)
      this.out.lengthCode(consumer.pending.count)
      yield* this.givePending(entries, consumer.pending, withConsumers)
      yield
    }
  }

  private *givePending(entries: Entries, pending: TreeView<StreamId>, whole: boolean): Generator<void> {
    let given = 0
    for (let more = pending.seek(0) >= 0; more; more = pending.step()) {
      const { address } = pending.cursor
      readPendingId(entries, address, id).writeBytes(idBytes, 0)
      this.out.raw(idBytes)
      if (whole) {
        putTime(this.out, deliveryTime(entries, address))
        this.out.lengthCode(deliveryCount(entries, address))
      }
      if (++given % GIVEN_AT_ONCE === 0) yield
    }
  }

  beforeWrite(): void {}

  close(): void {
    this.nodes.close()
    for (const { consumers, pending } of this.groups) {
      for (const consumer of consumers) consumer.pending.close()
      pending.close()
    }
  }
}

const id = new StreamId()
const idBytes = Buffer.alloc(ID_BYTES)
const listpack = new NodeListpack()

/** Writes what is known of the stream now. */
function factsOf({ entriesAdded, firstId, lastId, length, maxDeletedId }: Stream): (out: RdbOutput) => void {
  const ids = [lastId.copy(), firstId.copy(), maxDeletedId.copy()]
  return out => {
    out.lengthCode(length)
    for (const each of ids) putId(out, each)
    out.lengthCode(entriesAdded)
  }
}

function putId(out: RdbOutput, { msHigh, msLow, seqHigh, seqLow }: StreamId): void {
  out.wideLength(msHigh, msLow)
  out.wideLength(seqHigh, seqLow)
}

/** A number that may be below 0, as the unsigned one of the same bits. */
function putCount(out: RdbOutput, count: number): void {
  out.wideLength(Math.floor(count / TWO_32) >>> 0, count >>> 0)
}

function putTime(out: RdbOutput, ms: number): void {
  out.u64(ms >>> 0, Math.floor(ms / TWO_32) | 0)
}
