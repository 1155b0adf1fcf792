/** The nodes of a stream, how entries come into the last one, and what the store asks of a stream. */
import type { Aggregate } from '../../store/aggregate.js'
import type { Entries } from '../../store/entries.js'
import {
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpCompare,
  lpEntrySize,
  lpHeaderCount,
  lpInteger,
} from '../../store/listpack/listpack.js'
import {
  LP_MAX_BYTES,
  lpIntegerEncodedSize,
  lpWriteEntry,
  lpWriteHeader,
  lpWriteInteger,
} from '../../store/listpack/listpack-edit.js'
import type { OpenChange } from '../../store/open-change.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../../store/ordered-tree/ordered-tree.js'
import type { TreeRemains } from '../../store/ordered-tree/remains.js'
import { halfOfUnsigned } from '../../store/ordered-tree/sort-prefix.js'
import { NodeGarbage } from '../node-garbage.js'
import type { StreamLimits } from '../value-limits.js'
import { ConsumerGroup } from './consumer-group.js'
import { DELETED, ENTRY_ELEMENTS, SAME_FIELDS } from './node-entries.js'
import { StreamId } from './stream-id.js'
import {
  compareNode,
  copyNode,
  freeNode,
  gap,
  hasSpareRoom,
  makeNode,
  mayEdit,
  NodeListpack,
  nodeRoom,
  readNodeId,
  spliceNode,
} from './stream-node.js'

/** JavaScript objects behind a stream, beside its tree, as measured: for memory accounts. */
const OBJECT_BYTES = 400
/** Bytes of an element beside its text, at most: how it is encoded, and its length for readers from behind. */
const ELEMENT_OVERHEAD_BYTES = 10
/** As much room a node gets at once, at most: most never need more. */
const ROOM_BYTES = 4096
const LEAST_ROOM_BYTES = 64
/** A new node's listpack: its first two elements, counts, take two bytes each. */
const COUNTS_OFFSET = LP_HEADER_SIZE
const MAX_UINT16 = LP_COUNT_UNKNOWN

const master = new StreamId()
const scratch = new StreamId()
const shown = new NodeListpack()
const place = new TreeCursor()

/** What an attempt to add an entry ended in. */
export const ADDED = 0
export const TOO_LARGE = 1
export type Addition = typeof ADDED | typeof TOO_LARGE

export abstract class StreamNodes implements Aggregate, TreeOwner<StreamId> {
  readonly entries: Entries
  readonly table = null
  readonly tree: OrderedTree<StreamId>
  /** Entries that are there. */
  length = 0
  /** ID of the first entry; 0-0 with none. */
  readonly firstId = new StreamId()
  /** The greatest ID that an entry has been given, or that was set. */
  readonly lastId = new StreamId()
  readonly maxDeletedId = new StreamId()
  /** Entries that have ever been added. */
  entriesAdded = 0
  /** By name, one character a byte. */
  readonly groups = new Map<string, ConsumerGroup>()
  lazyObjects = 0
  /** What goes on in slices: see OpenChange. */
  openChange: OpenChange | null = null
  /** The last node, when nothing has to be asked before it is changed; else 0. */
  private tail = 0
  private remains: TreeRemains[] | null = null
  private counted = true
  /** Groups that a walk of rewrite() has yet to see, and the consumers' trees of the one it has just seen. */
  private toRewrite: ConsumerGroup[] = []
  private treesToRewrite: OrderedTree<StreamId>[] = []

  constructor(entries: Entries) {
    this.entries = entries
    this.tree = new OrderedTree(entries, ORDERED, this)
    entries.tableBytes += OBJECT_BYTES
    entries.tableReservedBytes += OBJECT_BYTES
  }

  compare(node: number, id: StreamId): number {
    return compareNode(this.entries, node, id)
  }

  free(node: number): void {
    freeNode(this.entries, node)
  }

  // Adding

  /**
   * Adds an entry with an ID behind lastId: fields and values are buffer[starts[i], ends[i]) from i = `first` to before `behind`, in turn.
   */
  append(
    id: StreamId,
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    limits: StreamLimits,
  ): Addition {
    let total = 0
    for (let i = first; i < behind; i++) total += ends[i] - starts[i]
    if (total > LP_MAX_BYTES) return TOO_LARGE
    let node = this.openTail()
    if (node !== 0 && this.isFull(node, total, limits)) {
      this.closeTail(node)
      node = 0
    }
    const fields = (behind - first) >>> 1
    const most = total + (behind - first + 6) * ELEMENT_OVERHEAD_BYTES
    if (node === 0) this.beginNode(id, buffer, starts, ends, first, behind, fields, most, limits)
    else {
      const shares = this.hasFields(node, buffer, starts, ends, first, fields)
      const roomy = this.makeRoom(node, most, limits)
      shown.show(this.entries, roomy)
      this.writeEntry(roomy, id, buffer, starts, ends, first, behind, fields, shares)
    }
    this.length++
    this.entriesAdded++
    this.lastId.set(id)
    if (this.length === 1) this.firstId.set(id)
    return ADDED
  }

  /** The last node, which may be changed in place; 0: there is none. */
  private openTail(): number {
    if (this.tail !== 0 && this.tree.newestView === null) return this.tail
    if (!this.tree.last(place)) return 0
    this.own(place)
    this.remember(place.address)
    return place.address
  }

  /** This is the last node. Of one with a Buffer more has to be asked each time. */
  private remember(node: number): void {
    shown.show(this.entries, node)
    this.tail = shown.external < 0 ? node : 0
  }

  private isFull(node: number, bytes: number, { nodeMaxBytes, nodeMaxEntries }: StreamLimits): boolean {
    shown.show(this.entries, node)
    const { at, buffer } = shown
    const most = nodeMaxBytes === 0 || nodeMaxBytes > LP_MAX_BYTES ? LP_MAX_BYTES : nodeMaxBytes
    if (shown.bytes + bytes >= most) return true
    if (nodeMaxEntries === 0) return false
    const countPos = at + COUNTS_OFFSET
    const deletedPos = countPos + lpEntrySize(buffer, countPos)
    return lpInteger(buffer, countPos) + lpInteger(buffer, deletedPos) >= nodeMaxEntries
  }

  /** Nothing more will come into this node, the last one. */
  private closeTail(node: number): void {
    this.tail = 0
    if (!hasSpareRoom(this.entries, node)) return
    this.tree.last(place)
    this.put(place, copyNode(this.entries, node, master))
  }

  /** Room that a node of so many bytes gets, which may go on to grow. */
  private roomFor(bytes: number, { nodeMaxBytes }: StreamLimits): number {
    const usual = nodeMaxBytes === 0 ? ROOM_BYTES : Math.min(ROOM_BYTES, nodeMaxBytes)
    // A stream of several nodes will fill this one, too.
    const room = this.tree.count > 1 ? usual : Math.max(LEAST_ROOM_BYTES, Math.min(usual, 2 * bytes))
    return Math.max(bytes, room)
  }

  private makeRoom(node: number, more: number, limits: StreamLimits): number {
    const { entries } = this
    const needed = shown.bytes + more
    if (needed <= nodeRoom(entries, node)) return node
    const roomy = copyNode(entries, node, master, shown.external >= 0 ? 2 * needed : this.roomFor(needed, limits))
    this.tree.last(place)
    this.put(place, roomy)
    this.remember(roomy)
    return roomy
  }

  /** Whether the node's master entry has the same fields. Leaves the node in `shown`. */
  private hasFields(
    node: number,
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    fields: number,
  ): boolean {
    shown.show(this.entries, node)
    const { at, buffer: listpack } = shown
    let pos = at + COUNTS_OFFSET
    pos += lpEntrySize(listpack, pos)
    pos += lpEntrySize(listpack, pos)
    if (lpInteger(listpack, pos) !== fields) return false
    for (let i = first; fields > 0; i += 2, fields--) {
      pos += lpEntrySize(listpack, pos)
      if (!lpCompare(listpack, pos, buffer, starts[i], ends[i])) return false
    }
    return true
  }

  private beginNode(
    id: StreamId,
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    fields: number,
    mostBytes: number,
    limits: StreamLimits,
  ): void {
    const { entries } = this
    const node = makeNode(entries, id, this.roomFor(LP_EMPTY_SIZE + 4 * ELEMENT_OVERHEAD_BYTES + mostBytes, limits))
    this.insertNode(id, node)
    this.remember(node)
    const { at, buffer: listpack } = shown
    let pos = lpWriteInteger(listpack, at + COUNTS_OFFSET, 0, 0)
    pos = lpWriteInteger(listpack, pos, 0, 0)
    pos = lpWriteInteger(listpack, pos, fields, 0)
    for (let i = first; i < behind; i += 2) pos = lpWriteEntry(listpack, pos, buffer, starts[i], ends[i])
    pos = lpWriteInteger(listpack, pos, 0, 0)
    listpack[pos] = LP_EOF
    lpWriteHeader(listpack, at, pos + 1 - at, Math.min(MAX_UINT16, fields + 4))
    this.writeEntry(node, id, buffer, starts, ends, first, behind, fields, true)
  }

  /** Writes an entry at the end of the node in `shown`, which has room for it. */
  private writeEntry(
    node: number,
    id: StreamId,
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    fields: number,
    shares: boolean,
  ): void {
    const { at, buffer: listpack } = shown
    readNodeId(this.entries, node, master)
    let pos = at + shown.bytes - 1
    pos = lpWriteInteger(listpack, pos, shares ? SAME_FIELDS : 0, 0)
    pos = writeTimeBehind(listpack, pos, id, master)
    pos = writeSequenceBehind(listpack, pos, id, master)
    if (!shares) pos = lpWriteInteger(listpack, pos, fields, 0)
    for (let i = shares ? first + 1 : first; i < behind; i += shares ? 2 : 1) {
      pos = lpWriteEntry(listpack, pos, buffer, starts[i], ends[i])
    }
    const elements = shares ? fields + ENTRY_ELEMENTS : 2 * fields + ENTRY_ELEMENTS + 1
    pos = lpWriteInteger(listpack, pos, elements - 1, 0)
    listpack[pos] = LP_EOF
    const known = lpHeaderCount(listpack, at)
    lpWriteHeader(listpack, at, pos + 1 - at, known === MAX_UINT16 ? known : Math.min(MAX_UINT16, known + elements))
    this.countOne()
  }

  /** One more entry is in the node in `shown`. */
  private countOne(): void {
    const { at, buffer } = shown
    const pos = at + COUNTS_OFFSET
    const count = lpInteger(buffer, pos) + 1
    if (lpIntegerEncodedSize(count, 0) === lpEntrySize(buffer, pos)) {
      lpWriteInteger(buffer, pos, count, 0)
      return
    }
    const deletedPos = pos + lpEntrySize(buffer, pos)
    const deleted = lpInteger(buffer, deletedPos)
    this.tree.last(place)
    this.setCounts(place, count, deleted)
  }

  // Changing

  protected insertNode(id: StreamId, node: number): void {
    this.tree.insert(halfOfUnsigned(id.msHigh), halfOfUnsigned(id.msLow), id, node)
    this.tail = 0
  }

  protected removeNode(cursor: TreeCursor): void {
    const node = cursor.address
    this.tail = 0
    if (!this.tree.remove(cursor)) freeNode(this.entries, node)
  }

  /** Removes so many nodes from the first one on. */
  protected removeFirstNodes(count: number): void {
    if (count === 0) return
    this.tail = 0
    const garbage = new NodeGarbage(this.entries, freeNode)
    this.tree.removeRange(0, count, (node, kept) => {
      if (!kept) garbage.add(node)
    })
    garbage.finish()
  }

  /** `node` takes the place of the cursor's node. */
  protected put(cursor: TreeCursor, node: number): void {
    const old = cursor.address
    if (node === old) return
    this.tail = 0
    if (!this.tree.replace(cursor, node)) freeNode(this.entries, old)
  }

  /** The cursor's node may be changed in place from here on: views and replies have another one. */
  protected own(cursor: TreeCursor): void {
    const { entries, tree } = this
    if ((tree.newestView === null || !tree.isViewed(cursor)) && mayEdit(entries, cursor.address)) return
    this.put(cursor, copyNode(entries, cursor.address, master))
  }

  /** Marks the entry `offset` bytes into the listpack of the cursor's own node. */
  protected markDeleted(cursor: TreeCursor, offset: number): void {
    shown.show(this.entries, cursor.address)
    const pos = shown.at + offset
    lpWriteInteger(shown.buffer, pos, lpInteger(shown.buffer, pos) | DELETED, 0)
  }

  /** Says how many entries the cursor's own node has, and how many deleted ones. */
  protected setCounts(cursor: TreeCursor, count: number, deleted: number): void {
    const { entries } = this
    const node = cursor.address
    shown.show(entries, node)
    const { at, buffer } = shown
    const countPos = at + COUNTS_OFFSET
    const deletedPos = countPos + lpEntrySize(buffer, countPos)
    const countBytes = lpIntegerEncodedSize(count, 0)
    const deletedBytes = lpIntegerEncodedSize(deleted, 0)
    if (countBytes === deletedPos - countPos && deletedBytes === lpEntrySize(buffer, deletedPos)) {
      lpWriteInteger(buffer, countPos, count, 0)
      lpWriteInteger(buffer, deletedPos, deleted, 0)
      return
    }
    const next = spliceNode(entries, node, scratch, COUNTS_OFFSET, 2, 2, countBytes + deletedBytes, false)
    lpWriteInteger(gap.buffer, lpWriteInteger(gap.buffer, gap.at, count, 0), deleted, 0)
    this.put(cursor, next)
  }

  // Groups

  /** By name, byte by byte. O(n log n). */
  groupsInOrder(): ConsumerGroup[] {
    return [...this.groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
  }

  /** Makes a group; null when there is one of that name. `name`: one character a byte. */
  addGroup(name: string, lastId: StreamId, entriesRead: number): ConsumerGroup | null {
    if (this.groups.has(name)) return null
    const group = new ConsumerGroup(this.entries, Buffer.from(name, 'latin1'), lastId, entriesRead)
    this.groups.set(name, group)
    return group
  }

  removeGroup(name: string): boolean {
    const group = this.groups.get(name)
    if (group === undefined) return false
    this.groups.delete(name)
    group.drop()
    return true
  }

  // As the store sees it

  get memoryBytes(): number {
    let bytes = OBJECT_BYTES + this.tree.memoryBytes
    for (const group of this.groups.values()) bytes += group.memoryBytes
    return bytes
  }

  get freeEffort(): number {
    let effort = this.tree.count
    for (const { pending, consumerCount } of this.groups.values()) effort += pending.count + consumerCount
    return effort
  }

  private allTrees(): OrderedTree<StreamId>[] {
    return [this.tree, ...Array.from(this.groups.values(), group => group.trees()).flat()]
  }

  private get isViewed(): boolean {
    if (this.tree.views.length > 0) return true
    for (const { pending } of this.groups.values()) if (pending.views.length > 0) return true
    return false
  }

  /** In the eyes of replicas it was changed under the name that it had. */
  movedTo(): void {
    this.openChange?.settle()
  }

  keptByViews(): boolean {
    if (!this.isViewed) return false
    this.uncount()
    for (const tree of this.allTrees()) tree.drop()
    return true
  }

  freeSome(deadlineMs: number): boolean {
    this.remains ??= this.allTrees().map(tree => tree.takeRemains())
    const { remains } = this
    while (remains.length > 0) {
      if (!remains[remains.length - 1].freeSome(deadlineMs)) return false
      remains.pop()
    }
    return true
  }

  close(): void {
    this.uncount()
    if (this.remains === null) for (const tree of this.allTrees()) tree.drop()
  }

  private uncount(): void {
    if (!this.counted) return
    this.counted = false
    for (const group of this.groups.values()) group.forget()
    this.entries.tableBytes -= OBJECT_BYTES
    this.entries.tableReservedBytes -= OBJECT_BYTES
  }

  get entriesMayMove(): boolean {
    return !this.isViewed
  }

  /** Nodes first, then what is pending, group by group. A cursor below 2^33 is one of nodes. */
  rewrite(cursor: number, move: (address: number, bytes?: number) => number): number {
    const { entries } = this
    this.tail = 0
    if (cursor < PENDING_FROM) {
      const next = this.tree.rewrite(cursor, node => move(node, entries.slotBytesAt(node)))
      if (next !== 0) return next
      this.toRewrite = [...this.groups.values()]
      this.treesToRewrite = []
      return this.toRewrite.length === 0 ? 0 : PENDING_FROM
    }
    const [tree] = this.treesToRewrite
    if (tree !== undefined) {
      const next = tree.rewrite(cursor - PENDING_FROM, pending => pending)
      if (next !== 0) return PENDING_FROM + next
      this.treesToRewrite.shift()
    } else {
      const [group] = this.toRewrite
      if (group === undefined) return 0
      const next = group.rewrite(cursor - PENDING_FROM, move)
      if (next !== 0) return PENDING_FROM + next
      this.treesToRewrite = group.trees().slice(1)
      this.toRewrite.shift()
    }
    return this.toRewrite.length + this.treesToRewrite.length === 0 ? 0 : PENDING_FROM
  }

  compact(): void {}
}

const PENDING_FROM = 2 ** 33

/** Writes how far the ID's time lies behind that of `base`. Halves from 2^31 on would be boxed on their way into a function. */
function writeTimeBehind(target: Buffer, pos: number, id: StreamId, base: StreamId): number {
  const borrow = id.msLow < base.msLow ? 1 : 0
  return lpWriteInteger(target, pos, (id.msLow - base.msLow) | 0, (id.msHigh - base.msHigh - borrow) | 0)
}

/** Writes how far its sequence number lies behind that of `base`. */
function writeSequenceBehind(target: Buffer, pos: number, id: StreamId, base: StreamId): number {
  const borrow = id.seqLow < base.seqLow ? 1 : 0
  return lpWriteInteger(target, pos, (id.seqLow - base.seqLow) | 0, (id.seqHigh - base.seqHigh - borrow) | 0)
}
