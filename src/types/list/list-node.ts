/**
 * Nodes of a long list: slots of slab memory of up to a whole page, or, beyond that, Buffers that a small slot stands for. A node
 * is one of
 *
 *   a listpack      from the slot's first byte on: its own first four bytes, its size, stay below 2 ** 31
 *   anything else   word 0: 2 ** 31 plus the flags below; word 1: bytes that follow, or the Buffer's number; word 2: bytes
 *                   when unpacked; then the bytes. A plain node is one element as it is; a compressed one is LZF.
 *
 * How many elements a node has is the business of whoever holds it. Numbers are little-endian in the slot's bytes.
 */
import { lzfDecompress } from '../../bytes/lzf.js'
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import type { Entries } from '../../store/entries.js'
import { lpBytes } from '../../store/listpack/listpack.js'
import { lpSplice, lpSplicedSize } from '../../store/listpack/listpack-edit.js'
import { CHUNK_SHIFT, Slabs, UNIT_MASK } from '../../store/slabs/slabs.js'
import type { ByteRange } from '../byte-range.js'

const DESCRIBED = 0x80000000
const PLAIN = 1
const COMPRESSED = 2
const EXTERNAL = 4
const HEAD_BYTES = 12
/** Shorter elements are copied into replies. */
const LENT_MIN_BYTES = 16 * 1024
const NO_BYTES = Buffer.alloc(0)

/** What fits a page of slab memory. */
const MOST_SLOT_BYTES = 64 * 1024
/** Compression has to be worth it: quicklist.c. */
const COMPRESS_MIN_BYTES = 48
const COMPRESS_MIN_GAIN = 8
/** More takes longer than anybody should have to wait: at 100 MB/s, two milliseconds and a half. */
const COMPRESS_MAX_BYTES = 256 * 1024

/** Where those who make a node leave the place for its bytes, which the caller fills at once. */
export const nodeGap: { buffer: Buffer; at: number } = { buffer: NO_BYTES, at: 0 }

let packed = Buffer.alloc(0)

/** A node's bytes, unpacked. What it shows is valid until the node changes, or it shows another one. */
export class NodeContent {
  /** A listpack, or one element: bytes from `at` on, `length` of them. */
  buffer: Buffer = NO_BYTES
  at = 0
  length = 0
  isPlain = false
  /** The number of the Buffer that `buffer` is, for nodes with one; -1 for others. */
  external = -1
  private unpacked = NO_BYTES

  show(entries: Entries, node: number): void {
    const memory = entries.memory(node)
    const at = (node & UNIT_MASK) << 3
    const head = lpBytes(memory, at)
    this.external = -1
    this.isPlain = false
    if (head < DESCRIBED) {
      this.buffer = memory
      this.at = at
      this.length = head
      return
    }
    const words = entries.words[node >>> CHUNK_SHIFT]
    const word = (node & UNIT_MASK) << 1
    const stored = words[word + 1]
    this.length = words[word + 2]
    this.isPlain = (head & PLAIN) !== 0
    const isExternal = (head & EXTERNAL) !== 0
    this.buffer = isExternal ? entries.buffers.get(stored) : memory
    this.at = isExternal ? 0 : at + HEAD_BYTES
    if ((head & COMPRESSED) !== 0) this.unpack(isExternal ? this.buffer.length : stored)
    else if (isExternal) this.external = stored
  }

  /** Shows the element at `pos` of the listpack, or the plain one. A long one in a Buffer is lent: replies may refer to it. */
  readElement(entries: Entries, pos: number, range: ByteRange): void {
    if (this.isPlain) range.set(this.buffer, this.at, this.at + this.length)
    else range.readListpack(this.buffer, pos)
    if (this.external < 0 || range.length < LENT_MIN_BYTES) return
    entries.lendBuffer(this.external)
    range.set(range.buffer.subarray(range.start, range.end), 0, range.length)
    range.lasting = true
  }

  private unpack(stored: number): void {
    const { at, buffer, length } = this
    if (this.unpacked.length < length) this.unpacked = Buffer.allocUnsafeSlow(length)
    lzfDecompress(buffer, at, at + stored, this.unpacked, 0, length)
    this.buffer = this.unpacked
    this.at = 0
  }
}

const content = new NodeContent()

function headOf(entries: Entries, node: number): number {
  return lpBytes(entries.memory(node), (node & UNIT_MASK) << 3)
}

function wordOf(entries: Entries, node: number, word: number): number {
  return entries.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + word]
}

/** Whether it is a listpack in its slot. */
export function isListpackSlot(entries: Entries, node: number): boolean {
  return headOf(entries, node) < DESCRIBED
}

/** Whether it is one element without a listpack. */
export function isPlainNode(entries: Entries, node: number): boolean {
  const head = headOf(entries, node)
  return head >= DESCRIBED && (head & PLAIN) !== 0
}

export function isCompressedNode(entries: Entries, node: number): boolean {
  const head = headOf(entries, node)
  return head >= DESCRIBED && (head & COMPRESSED) !== 0
}

/** Bytes of its listpack or its element, unpacked. */
export function nodeBytes(entries: Entries, node: number): number {
  const head = headOf(entries, node)
  return head < DESCRIBED ? head : wordOf(entries, node, 2)
}

/** The number of the Buffer that a node has, or -1. */
export function nodeBuffer(entries: Entries, node: number): number {
  const head = headOf(entries, node)
  return head >= DESCRIBED && (head & EXTERNAL) !== 0 ? wordOf(entries, node, 1) : -1
}

/** Bytes of its slot that are in use. */
function slotBytes(entries: Entries, node: number): number {
  const head = headOf(entries, node)
  if (head < DESCRIBED) return head
  return (head & EXTERNAL) !== 0 ? HEAD_BYTES : HEAD_BYTES + wordOf(entries, node, 1)
}

/** Bytes of memory that it takes. */
export function nodeMemoryBytes(entries: Entries, node: number): number {
  const buffer = nodeBuffer(entries, node)
  const slot = entries.slotBytesAt(node)
  return buffer < 0 ? slot : slot + entries.buffers.get(buffer).buffer.byteLength
}

/** A node for a listpack of `size` bytes, for the caller to write at `nodeGap`. */
export function makePackedNode(entries: Entries, size: number): number {
  return size <= MOST_SLOT_BYTES ? makeSlot(entries, size) : makeDescribed(entries, 0, size, size)
}

function makeSlot(entries: Entries, size: number): number {
  const node = entries.allocate(size)
  nodeGap.buffer = entries.memory(node)
  nodeGap.at = (node & UNIT_MASK) << 3
  return node
}

/** A node for one element of `length` bytes, for the caller to write at `nodeGap`. */
export function makePlainNode(entries: Entries, length: number): number {
  return makeDescribed(entries, PLAIN, length, length)
}

function makeDescribed(entries: Entries, flags: number, stored: number, unpacked: number): number {
  if (HEAD_BYTES + stored > MOST_SLOT_BYTES) {
    return describeBuffer(entries, flags, Buffer.allocUnsafeSlow(stored), unpacked)
  }
  const node = makeSlot(entries, HEAD_BYTES + stored)
  describe(entries, node, flags, stored, unpacked)
  nodeGap.at += HEAD_BYTES
  return node
}

function describeBuffer(entries: Entries, flags: number, buffer: Buffer, unpacked: number): number {
  const node = makeSlot(entries, HEAD_BYTES)
  describe(entries, node, flags | EXTERNAL, entries.addBuffer(buffer), unpacked)
  nodeGap.buffer = buffer
  nodeGap.at = 0
  return node
}

function describe(entries: Entries, node: number, flags: number, stored: number, unpacked: number): void {
  const bytes = entries.memory(node)
  const at = (node & UNIT_MASK) << 3
  bytes[at] = flags
  bytes[at + 1] = 0
  bytes[at + 2] = 0
  bytes[at + 3] = DESCRIBED >>> 24
  const words = entries.words[node >>> CHUNK_SHIFT]
  const word = (node & UNIT_MASK) << 1
  words[word + 1] = stored
  words[word + 2] = unpacked
}

/** A node of a sound listpack, or of an element as it is, that fills `bytes`, which the store may keep. */
export function adoptNode(entries: Entries, bytes: Buffer, isPlain: boolean): number {
  if (bytes.length > MOST_SLOT_BYTES) return describeBuffer(entries, isPlain ? PLAIN : 0, bytes, bytes.length)
  const node = isPlain ? makePlainNode(entries, bytes.length) : makePackedNode(entries, bytes.length)
  bytes.copy(nodeGap.buffer, nodeGap.at)
  return node
}

/** A node of the same bytes in the same form. O(bytes). */
export function copyNode(entries: Entries, node: number): number {
  const head = headOf(entries, node)
  if (head >= DESCRIBED && (head & EXTERNAL) !== 0) {
    const buffer = entries.buffers.get(wordOf(entries, node, 1))
    return describeBuffer(entries, head & (PLAIN | COMPRESSED), Buffer.from(buffer), wordOf(entries, node, 2))
  }
  return copySlot(entries, node)
}

function copySlot(entries: Entries, node: number): number {
  const size = slotBytes(entries, node)
  const copy = makeSlot(entries, size)
  const at = (node & UNIT_MASK) << 3
  entries.memory(node).copy(nodeGap.buffer, nodeGap.at, at, at + size)
  return copy
}

/** Frees a node, and the Buffer that it may have. */
export function freeNode(entries: Entries, node: number): void {
  const buffer = nodeBuffer(entries, node)
  entries.free(node, entries.slotBytesAt(node))
  if (buffer >= 0) entries.dropBuffer(buffer)
}

/**
 * Removes `deleteCount` elements of a listpack from `pos` on (-1: the end) and opens a gap at `nodeGap` of `insertBytes` for
 * `insertCount` new ones, which the caller writes at once. `shown` shows the node. Returns the node of the result: the same one where
 * it has the room and need not `stay` as it is; else another, and what becomes of this one is the caller's business.
 */
export function spliceNode(
  entries: Entries,
  node: number,
  shown: NodeContent,
  pos: number,
  deleteCount: number,
  insertCount: number,
  insertBytes: number,
  stay: boolean,
): number {
  const { at, buffer } = shown
  const size = lpSplicedSize(buffer, at, pos, deleteCount, insertBytes)
  if (!stay && isShownInSlot(entries, node, shown) && Slabs.slotBytes(size) === entries.slotBytesAt(node)) {
    nodeGap.at = lpSplice(buffer, at, buffer, at, pos, deleteCount, insertCount, insertBytes)
    nodeGap.buffer = buffer
    return node
  }
  if (!stay && shown.external >= 0 && shrinksInPlace(entries, shown, size)) {
    nodeGap.at = lpSplice(buffer, at, buffer, at, pos, deleteCount, insertCount, insertBytes)
    nodeGap.buffer = buffer
    entries.replaceBuffer(shown.external, buffer.subarray(0, size))
    describe(entries, node, EXTERNAL, shown.external, size)
    return node
  }
  const next = makePackedNode(entries, size)
  nodeGap.at = lpSplice(buffer, at, nodeGap.buffer, nodeGap.at, pos, deleteCount, insertCount, insertBytes)
  return next
}

function isShownInSlot(entries: Entries, node: number, { at, buffer }: NodeContent): boolean {
  return buffer === entries.memory(node) && at === (node & UNIT_MASK) << 3
}

/** The same listpack in a slot of at least `bytes`, or one that fits it; this one goes. */
export function resizeSlot(entries: Entries, node: number, bytes: number): number {
  const size = slotBytes(entries, node)
  const next = makeSlot(entries, Math.max(bytes, size))
  const at = (node & UNIT_MASK) << 3
  entries.memory(node).copy(nodeGap.buffer, nodeGap.at, at, at + size)
  entries.free(node, entries.slotBytesAt(node))
  return next
}

/** A Buffer that elements go out of one by one keeps its memory until half of that is free. */
function shrinksInPlace(entries: Entries, { buffer, external, length }: NodeContent, size: number): boolean {
  if (size > length || size <= MOST_SLOT_BYTES || size < buffer.buffer.byteLength / 2) return false
  return !entries.isShared(external)
}

/** A compressed node of the same bytes; 0 when it is one already, or compression does not pay. */
export function compressedNode(entries: Entries, node: number): number {
  if (isCompressedNode(entries, node)) return 0
  content.show(entries, node)
  const { at, buffer, isPlain, length } = content
  if (length < COMPRESS_MIN_BYTES || length > COMPRESS_MAX_BYTES) return 0
  if (packed.length < length) packed = Buffer.allocUnsafeSlow(length)
  const size = lzfCompressExact(buffer, at, at + length, packed, 0, length)
  if (size === 0 || size + COMPRESS_MIN_GAIN >= length) return 0
  const next = makeDescribed(entries, COMPRESSED | (isPlain ? PLAIN : 0), size, length)
  packed.copy(nodeGap.buffer, nodeGap.at, 0, size)
  return next
}

/** A node of the same bytes, not compressed; 0 when it is one already. */
export function unpackedNode(entries: Entries, node: number): number {
  if (!isCompressedNode(entries, node)) return 0
  content.show(entries, node)
  const { at, buffer, isPlain, length } = content
  const next = isPlain ? makePlainNode(entries, length) : makePackedNode(entries, length)
  buffer.copy(nodeGap.buffer, nodeGap.at, at, at + length)
  return next
}

/** Where the LZF bytes of a compressed node are: `length` bytes of `buffer` from `at` on. */
export function compressedBytes(entries: Entries, node: number): { buffer: Buffer; at: number; length: number } {
  const number = nodeBuffer(entries, node)
  if (number >= 0) {
    const buffer = entries.buffers.get(number)
    return { buffer, at: 0, length: buffer.length }
  }
  const at = ((node & UNIT_MASK) << 3) + HEAD_BYTES
  return { buffer: entries.memory(node), at, length: wordOf(entries, node, 1) }
}
