/**
 * Nodes of a stream: an ID, that of the first entry which the node ever had, and a listpack of entries, as Redis has them
 * (t_stream.c). A node is a slot of slab memory, or, where the listpack does not fit a page, a slot that a Buffer belongs to:
 *
 *   words 0 to 3   the ID: high and low half of the time, high and low half of the sequence number
 *   from byte 16   the listpack; or word 4: 2 ** 31, and word 5: the Buffer's number
 *
 * A listpack's own first four bytes, its size, stay below 2 ** 31.
 */
import type { Entries } from '../../store/entries.js'
import { lpBytes } from '../../store/listpack/listpack.js'
import { lpSplice, lpSplicedSize } from '../../store/listpack/listpack-edit.js'
import { CHUNK_SHIFT, Slabs, UNIT_MASK } from '../../store/slabs/slabs.js'
import type { StreamId } from './stream-id.js'

const HEAD_BYTES = 16
const EXTERNAL = 0x80000000
const EXTERNAL_BYTES = HEAD_BYTES + 8
const MOST_SLOT_BYTES = 64 * 1024
const NO_BYTES = Buffer.alloc(0)

function wordAt(entries: Entries, node: number, word: number): number {
  return entries.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + word]
}

export function readNodeId(entries: Entries, node: number, id: StreamId): void {
  const words = entries.words[node >>> CHUNK_SHIFT]
  const first = (node & UNIT_MASK) << 1
  id.setHalves(words[first], words[first + 1], words[first + 2], words[first + 3])
}

/** Below 0 when the node's ID comes before the other one, which has the same time. */
export function compareNode(entries: Entries, node: number, id: StreamId): number {
  const words = entries.words[node >>> CHUNK_SHIFT]
  const first = (node & UNIT_MASK) << 1
  if (words[first + 2] !== id.seqHigh) return words[first + 2] - id.seqHigh
  return words[first + 3] - id.seqLow
}

/** Where a node's listpack is: valid until the node changes. */
export class NodeListpack {
  buffer: Buffer = NO_BYTES
  at = 0
  /** The number of the Buffer that `buffer` is; -1 for a slot. */
  external = -1

  show(entries: Entries, node: number): void {
    this.external = externalOf(entries, node)
    if (this.external >= 0) {
      this.buffer = entries.buffers.get(this.external)
      this.at = 0
    } else {
      this.buffer = entries.memory(node)
      this.at = ((node & UNIT_MASK) << 3) + HEAD_BYTES
    }
  }

  get bytes(): number {
    return lpBytes(this.buffer, this.at)
  }
}

/** Number of the Buffer that belongs to the node, or -1. */
function externalOf(entries: Entries, node: number): number {
  return wordAt(entries, node, 4) >= EXTERNAL ? wordAt(entries, node, 5) : -1
}

/** Bytes that the node's slot was allocated for, or more within its size class. */
export function nodeSlotBytes(entries: Entries, node: number): number {
  return entries.slotBytesAt(node)
}

/** Bytes of memory that the node takes. */
export function nodeMemoryBytes(entries: Entries, node: number): number {
  const external = externalOf(entries, node)
  const slot = entries.slotBytesAt(node)
  return external < 0 ? slot : slot + entries.buffers.get(external).buffer.byteLength
}

/** A node with room for a listpack of `bytes` bytes, which is the caller's to write where NodeListpack.show() says. */
export function makeNode(entries: Entries, id: StreamId, bytes: number): number {
  const inline = HEAD_BYTES + bytes <= MOST_SLOT_BYTES
  const node = entries.allocate(inline ? HEAD_BYTES + bytes : EXTERNAL_BYTES)
  const words = entries.words[node >>> CHUNK_SHIFT]
  const first = (node & UNIT_MASK) << 1
  words[first] = id.msHigh
  words[first + 1] = id.msLow
  words[first + 2] = id.seqHigh
  words[first + 3] = id.seqLow
  words[first + 4] = inline ? 0 : EXTERNAL
  if (!inline) words[first + 5] = entries.addBuffer(Buffer.allocUnsafeSlow(bytes))
  return node
}

/** A node of a sound listpack that fills `listpack`, which the store may keep. */
export function adoptNode(entries: Entries, id: StreamId, listpack: Buffer): number {
  if (HEAD_BYTES + listpack.length > MOST_SLOT_BYTES) {
    const node = makeNode(entries, id, MOST_SLOT_BYTES)
    entries.replaceBuffer(wordAt(entries, node, 5), listpack)
    return node
  }
  const node = makeNode(entries, id, listpack.length)
  target.show(entries, node)
  listpack.copy(target.buffer, target.at)
  return node
}

export function freeNode(entries: Entries, node: number): void {
  const external = externalOf(entries, node)
  if (external >= 0) entries.dropBuffer(external)
  entries.free(node, entries.slotBytesAt(node))
}

const source = new NodeListpack()
const target = new NodeListpack()

/** Bytes that a listpack in this node may have. */
export function nodeRoom(entries: Entries, node: number): number {
  const external = externalOf(entries, node)
  return external < 0 ? entries.slotBytesAt(node) - HEAD_BYTES : entries.buffers.get(external).length
}

/** Another node with the same listpack, and room for `bytes` bytes if that is more. */
export function copyNode(entries: Entries, node: number, id: StreamId, bytes = 0): number {
  source.show(entries, node)
  const size = source.bytes
  readNodeId(entries, node, id)
  const copy = makeNode(entries, id, Math.max(size, bytes))
  source.show(entries, node)
  target.show(entries, copy)
  source.buffer.copy(target.buffer, target.at, source.at, source.at + size)
  return copy
}

/** Whether the bytes of the node may be changed where they are: no reply and no snapshot refers to them. */
export function mayEdit(entries: Entries, node: number): boolean {
  const external = externalOf(entries, node)
  return external < 0 || !entries.isShared(external)
}

/** Where the last spliceNode() has left its gap. */
export const gap: { buffer: Buffer; at: number } = { buffer: NO_BYTES, at: 0 }

/**
 * Takes `deleteCount` elements out of the node's listpack, from `offset` (from its first byte; -1: the end) on, and opens a gap for
 * `insertCount` elements of `insertBytes` bytes there, which the caller has to write at `gap`. `keep`: the node is to stay as it is, for
 * views. Returns where the node is then: the old one is the caller's to free if that is another place.
 */
export function spliceNode(
  entries: Entries,
  node: number,
  id: StreamId,
  offset: number,
  deleteCount: number,
  insertCount: number,
  insertBytes: number,
  keep: boolean,
  roomBytes = 0,
): number {
  source.show(entries, node)
  const pos = offset < 0 ? -1 : source.at + offset
  const size = lpSplicedSize(source.buffer, source.at, pos, deleteCount, insertBytes)
  let place = node
  if (keep || size > nodeRoom(entries, node) || !mayEdit(entries, node)) {
    readNodeId(entries, node, id)
    place = makeNode(entries, id, Math.max(size, roomBytes))
    source.show(entries, node)
  }
  target.show(entries, place)
  const { at, buffer } = source
  gap.at = lpSplice(buffer, at, target.buffer, target.at, pos, deleteCount, insertCount, insertBytes)
  gap.buffer = target.buffer
  return place
}

/** Whether the node would be smaller in a slot that just fits. */
export function hasSpareRoom(entries: Entries, node: number): boolean {
  source.show(entries, node)
  if (source.external >= 0) return source.buffer.length > source.bytes
  return Slabs.slotBytes(HEAD_BYTES + source.bytes) < entries.slotBytesAt(node)
}
