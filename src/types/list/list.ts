/**
 * The list type. A small list is one listpack (listpack-value.ts), a large one a quicklist (quicklist.ts). It turns from the one into
 * the other by list-max-listpack-size when it grows (`makeRoom`), and back when it has shrunk to half of that (`shrunk`): when, and
 * whether for nothing, is up to the commands, as in Redis's t_list.c.
 */
import { hashBytes } from '../../bytes/hash.js'
import { type Database, KEEP_TTL, NEVER } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_LIST } from '../../store/entries.js'
import {
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBytes,
  lpEntrySize,
  lpFirst,
  lpLast,
  lpLength,
  lpSeek,
} from '../../store/listpack/listpack.js'
import { lpEncodedSize, lpWriteEntry, lpWriteHeader } from '../../store/listpack/listpack-edit.js'
import type { ByteRange } from '../byte-range.js'
import { createListpack, listpackBuffer, listpackGap, listpackStart, spliceListpack } from '../listpack-value.js'
import type { ListLimits } from '../value-limits.js'
import { gatherKept, kept } from './kept-elements.js'
import { makePackedNode, NodeContent, nodeGap } from './list-node.js'
import type { Matcher } from './matcher.js'
import { countLimit, depthOf, exceedsLimit, fillOf, sizeLimit } from './node-limits.js'
import { Quicklist } from './quicklist.js'

const NO_BYTES = Buffer.alloc(0)
const node = new NodeContent()

/**
 * A key's list, while somebody works on it: open it, use it, forget it. It knows the entry's address and follows it when an edit
 * moves the entry. One object can serve any number of lists in turn. Bytes that come in are copied, and must not lie in the store.
 * Indexes count from 0, and there have to be such elements.
 */
export class List {
  /** Address of the key's entry; 0 when there is no such key (yet, or any more). */
  address = 0
  /** The quicklist of a large list, null of a small one. */
  quicklist: Quicklist | null = null
  private db!: Database
  private key: Buffer = NO_BYTES
  private keyStart = 0
  private keyEnd = 0
  private expiryMs = NEVER

  /** Works on the list at `address` from here on. */
  open(db: Database, address: number): void {
    const { entries } = db
    this.db = db
    this.address = address
    this.quicklist =
      address === 0 || entries.encoding(address) !== ENCODING_AGGREGATE
        ? null
        : (db.keyspace.aggregates.get(entries.payload(address)) as Quicklist)
  }

  /** Works on a key that is not there: the first element inserts it. */
  openNew(db: Database, key: Buffer, start: number, end: number, expiryMs: number = NEVER): void {
    this.db = db
    this.address = 0
    this.quicklist = null
    this.key = key
    this.keyStart = start
    this.keyEnd = end
    this.expiryMs = expiryMs
  }

  /** The listpack of a small list, from `listpackAt` on. */
  get listpack(): Buffer {
    return listpackBuffer(this.db.entries, this.address)
  }
  get listpackAt(): number {
    return listpackStart(this.db.entries, this.address)
  }

  /** Number of elements. O(1), but for listpacks of over 65 000 elements. */
  get length(): number {
    if (this.quicklist !== null) return this.quicklist.length
    return this.address === 0 ? 0 : lpLength(this.listpack, this.listpackAt)
  }

  // Encodings

  /** `count` elements of `bytes` bytes in all are about to come: a listpack that is too small for them becomes a quicklist. */
  makeRoom(bytes: number, count: number, limits: ListLimits): void {
    if (this.quicklist !== null) return
    if (this.address === 0) {
      if (exceedsLimit(limits.maxListpackSize, LP_EMPTY_SIZE + bytes, count)) this.createQuicklist(limits)
      return
    }
    const { listpack, listpackAt } = this
    const most = lpBytes(listpack, listpackAt) + bytes
    if (exceedsLimit(limits.maxListpackSize, most, lpLength(listpack, listpackAt) + count)) this.toQuicklist(limits)
  }

  /** Elements have gone, but not all: a quicklist of one node that is half full at most becomes a listpack. */
  shrunk({ maxListpackSize }: ListLimits): void {
    const { quicklist } = this
    if (quicklist === null || quicklist.nodeCount !== 1) return
    this.tryListpack(quicklist, sizeLimit(maxListpackSize) / 2, Math.floor(countLimit(maxListpackSize) / 2))
  }

  /** The list has been put together: a quicklist that might have been a listpack becomes one. */
  completed({ maxListpackSize }: ListLimits): void {
    const { quicklist } = this
    if (quicklist === null || quicklist.nodeCount !== 1) return
    this.tryListpack(quicklist, sizeLimit(maxListpackSize), countLimit(maxListpackSize))
  }

  private tryListpack(quicklist: Quicklist, mostBytes: number, mostElements: number): void {
    if (quicklist.length > mostElements) return
    quicklist.showNode(0, node)
    if (node.isPlain || node.length > mostBytes) return
    const { address, db } = this
    const { entries } = db
    const start = entries.keyStart(address)
    const end = start + entries.keyLength(address)
    // What the quicklist holds is freed later on.
    this.address = createListpack(db, address, entries.memory(address), start, end, TYPE_LIST, node.length, KEEP_TTL)
    this.quicklist = null
    node.buffer.copy(listpackGap.buffer, listpackGap.at, node.at, node.at + node.length)
  }

  private createQuicklist(limits: ListLimits): Quicklist {
    const { db, key, keyEnd, keyStart } = this
    const quicklist = this.newQuicklist(limits)
    this.address = db.place(0, key, keyStart, keyEnd, TYPE_LIST, ENCODING_AGGREGATE, 0, this.expiryMs)
    db.entries.setPayload(this.address, db.keyspace.aggregates.add(quicklist))
    this.quicklist = quicklist
    return quicklist
  }

  private newQuicklist({ compressDepth, maxListpackSize }: ListLimits): Quicklist {
    return new Quicklist(this.db.entries, fillOf(maxListpackSize), depthOf(compressDepth))
  }

  private toQuicklist(limits: ListLimits): void {
    const { address, db, listpack, listpackAt } = this
    const { entries } = db
    const quicklist = this.newQuicklist(limits)
    const size = lpBytes(listpack, listpackAt)
    if (size > LP_EMPTY_SIZE) {
      const first = makePackedNode(entries, size)
      listpack.copy(nodeGap.buffer, nodeGap.at, listpackAt, listpackAt + size)
      quicklist.appendNode(first, lpLength(listpack, listpackAt))
    }
    const start = entries.keyStart(address)
    const end = start + entries.keyLength(address)
    const memory = entries.memory(address)
    this.address = db.place(address, memory, start, end, TYPE_LIST, ENCODING_AGGREGATE, 0, KEEP_TTL)
    entries.setPayload(this.address, db.keyspace.aggregates.add(quicklist))
    this.quicklist = quicklist
  }

  /** Starts as a listpack, whatever its size: a sound, not empty one that fills `listpack`, which is copied. */
  startListpack(listpack: Buffer): void {
    const { db, key, keyEnd, keyStart } = this
    this.address = createListpack(db, 0, key, keyStart, keyEnd, TYPE_LIST, listpack.length, this.expiryMs)
    listpack.copy(listpackGap.buffer, listpackGap.at)
  }

  /** Starts as a quicklist, whatever it will hold. */
  startQuicklist(limits: ListLimits): Quicklist {
    return this.createQuicklist(limits)
  }

  // The ends

  /** Adds the elements buffer[starts[i], ends[i]) from i = `first` to before `behind`, one after the other, at the head or at the tail. */
  push(
    atHead: boolean,
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    behind: number,
    limits: ListLimits,
  ): void {
    if (this.quicklist === null) {
      let bytes = 0
      for (let i = first; i < behind; i++) bytes += ends[i] - starts[i]
      this.makeRoom(bytes, behind - first, limits)
    }
    const { quicklist } = this
    if (quicklist !== null) {
      for (let i = first; i < behind; i++) quicklist.push(atHead, buffer, starts[i], ends[i])
      return
    }
    let size = 0
    for (let i = first; i < behind; i++) size += lpEncodedSize(buffer, starts[i], ends[i])
    this.openGap(atHead, size, behind - first)
    let { at } = listpackGap
    const to = listpackGap.buffer
    if (atHead) for (let i = behind - 1; i >= first; i--) at = lpWriteEntry(to, at, buffer, starts[i], ends[i])
    else for (let i = first; i < behind; i++) at = lpWriteEntry(to, at, buffer, starts[i], ends[i])
  }

  /** Adds one element, for which there is room (makeRoom), at the head or at the tail. */
  pushOne(atHead: boolean, bytes: Buffer, start: number, end: number): void {
    if (this.quicklist !== null) {
      this.quicklist.push(atHead, bytes, start, end)
      return
    }
    this.openGap(atHead, lpEncodedSize(bytes, start, end), 1)
    lpWriteEntry(listpackGap.buffer, listpackGap.at, bytes, start, end)
  }

  /** Opens a gap of `size` bytes for `count` elements at one end of the listpack, which may have to be made. */
  private openGap(atHead: boolean, size: number, count: number): void {
    if (this.address !== 0) {
      const pos = atHead ? this.listpackAt + LP_HEADER_SIZE : -1
      this.address = spliceListpack(this.db, this.address, pos, 0, count, size)
      return
    }
    const { db, key, keyEnd, keyStart } = this
    const total = LP_EMPTY_SIZE + size
    this.address = createListpack(db, 0, key, keyStart, keyEnd, TYPE_LIST, total, this.expiryMs)
    const { at, buffer } = listpackGap
    lpWriteHeader(buffer, at, total, Math.min(count, LP_COUNT_UNKNOWN))
    buffer[at + total - 1] = LP_EOF
    listpackGap.at = at + LP_HEADER_SIZE
  }

  /** Shows the first or the last element. */
  showEnd(atHead: boolean, range: ByteRange): void {
    if (this.quicklist !== null) {
      this.quicklist.showEnd(atHead, range)
      return
    }
    const { listpack, listpackAt } = this
    range.readListpack(listpack, atHead ? lpFirst(listpack, listpackAt) : lpLast(listpack, listpackAt))
  }

  /** Removes the first or the last element. With the last one the list is empty, but still there. */
  removeEnd(atHead: boolean): void {
    if (this.quicklist !== null) {
      this.quicklist.removeEnd(atHead)
      return
    }
    const { listpack, listpackAt } = this
    this.splice(atHead ? lpFirst(listpack, listpackAt) : lpLast(listpack, listpackAt), 1)
  }

  /** Removes the key if it has no elements any more; true then. To be called when elements have gone. */
  dropIfEmpty(): boolean {
    if (this.length > 0) return false
    this.db.remove(this.address)
    this.address = 0
    this.quicklist = null
    return true
  }

  // Elements anywhere

  /** Shows element `index`. */
  show(index: number, range: ByteRange): void {
    if (this.quicklist !== null) this.quicklist.show(index, range)
    else range.readListpack(this.listpack, lpSeek(this.listpack, this.listpackAt, index))
  }

  /** Gives element `index` another value. */
  replace(index: number, bytes: Buffer, start: number, end: number): void {
    if (this.quicklist !== null) {
      this.quicklist.replace(index, bytes, start, end)
      return
    }
    const pos = lpSeek(this.listpack, this.listpackAt, index)
    this.address = spliceListpack(this.db, this.address, pos, 1, 1, lpEncodedSize(bytes, start, end))
    lpWriteEntry(listpackGap.buffer, listpackGap.at, bytes, start, end)
  }

  /** Puts an element before or behind element `index`. */
  insert(index: number, behind: boolean, bytes: Buffer, start: number, end: number): void {
    if (this.quicklist !== null) {
      this.quicklist.insert(index, behind, bytes, start, end)
      return
    }
    const { listpack } = this
    let pos = lpSeek(listpack, this.listpackAt, index)
    if (behind) pos += lpEntrySize(listpack, pos)
    this.address = spliceListpack(this.db, this.address, pos, 0, 1, lpEncodedSize(bytes, start, end))
    lpWriteEntry(listpackGap.buffer, listpackGap.at, bytes, start, end)
  }

  /** Removes up to `count` elements from element `index` on; the list may be empty then. */
  deleteRange(index: number, count: number): void {
    if (count <= 0) return
    if (this.quicklist !== null) this.quicklist.deleteRange(index, count)
    else this.splice(lpSeek(this.listpack, this.listpackAt, index), count)
  }

  /** Index of the first element that matches, or -1. O(elements). */
  find(matcher: Matcher): number {
    if (this.quicklist !== null) return this.quicklist.find(matcher)
    const { listpack, listpackAt } = this
    const found = matcher.next(listpack, listpackAt, lpFirst(listpack, listpackAt), 0, Number.POSITIVE_INFINITY)
    return found ? matcher.index : -1
  }

  /** Removes the first `most` elements that match, or with `fromTail` the last ones. Returns how many. O(elements). */
  removeMatching(matcher: Matcher, most: number, fromTail: boolean): number {
    if (this.quicklist !== null) return this.quicklist.removeMatching(matcher, most, fromTail)
    const { listpack, listpackAt } = this
    const found = matcher.collect(listpack, listpackAt)
    const taken = Math.min(found, most)
    if (taken === 0) return 0
    const from = fromTail ? found - taken : 0
    const { indexes, positions } = matcher
    const spanned = indexes[from + taken - 1] - indexes[from] + 1
    const bytes = gatherKept(listpack, positions, from, taken)
    this.address = spliceListpack(this.db, this.address, positions[from], spanned, spanned - taken, bytes)
    kept.bytes.copy(listpackGap.buffer, listpackGap.at, 0, bytes)
    return taken
  }

  private splice(pos: number, count: number): void {
    this.address = spliceListpack(this.db, this.address, pos, count, 0, 0)
  }

  /** Before the first element of openNew(), when other keys may have been looked for since. */
  rehash(): void {
    this.db.hash = hashBytes(this.key, this.keyStart, this.keyEnd)
  }
}
