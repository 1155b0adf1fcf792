/** Puts lists that are read into a database, node by node or element by element, in the encodings that Redis's rdb.c gives them. */
import type { RdbKey } from '../../rdb/key.js'
import { LP_EMPTY_SIZE } from '../../store/listpack/listpack.js'
import type { ElementSink } from '../element-sink.js'
import type { ValueTarget } from '../value-reader.js'
import { List } from './list.js'
import { adoptNode, makePackedNode, makePlainNode, nodeGap } from './list-node.js'
import { countLimit, sizeLimit } from './node-limits.js'
import type { Quicklist } from './quicklist.js'

/** Bytes of a node that are cheap to keep where they are: a Buffer of their own. */
const ADOPTED_MIN_BYTES = 64 * 1024

export class ListLoading implements ElementSink {
  readonly stride = 1
  readonly distinct = false
  readonly expected = 'a listpack of elements'
  readonly noun = 'elements'
  readonly loggedName = 'List'
  private readonly target: ValueTarget
  private readonly list = new List()
  private key: RdbKey | null = null
  /** Nodes or elements that have been announced. */
  private count = 0
  /** The elements of the present value come one by one out of a ziplist. */
  private isZiplist = false

  constructor(target: ValueTarget) {
    this.target = target
  }

  // Lists out of one ziplist: never taken as a whole, nor made a listpack

  takesListpack(): boolean {
    return false
  }
  isValid(): boolean {
    return true
  }
  listpack(): void {}

  add(bytes: Buffer, start: number, end: number): boolean {
    this.isZiplist = true
    this.push(bytes, start, end)
    return true
  }

  // All

  /** A wanted list follows, of so many nodes or elements. Other keys may come in between. */
  begin(key: RdbKey, count: number): void {
    this.key = key.copy()
    this.count = count
    this.isZiplist = false
    this.list.openNew(this.target.database, this.key.bytes, 0, this.key.end, key.expiryMs)
  }

  /** Adds an element at the tail. */
  push(bytes: Buffer, start: number, end: number): void {
    this.quicklist.push(false, bytes, start, end)
  }

  private get quicklist(): Quicklist {
    const { list } = this
    if (list.quicklist !== null) return list.quicklist
    list.rehash()
    return list.startQuicklist(this.target.limits.list)
  }

  /** Adds a node that is one element as it is. `own`: that is all of `bytes`, which may be kept. */
  addPlain(bytes: Buffer, start: number, end: number, own: boolean): void {
    const { quicklist } = this
    const { entries } = quicklist
    const length = end - start
    if (own && length > ADOPTED_MIN_BYTES) {
      quicklist.appendNode(adoptNode(entries, bytes, true), 1)
      return
    }
    const node = makePlainNode(entries, length)
    bytes.copy(nodeGap.buffer, nodeGap.at, start, end)
    quicklist.appendNode(node, 1)
  }

  /** Adds a node: a sound listpack of `count` elements that fills `listpack`, unless it has none. `own`: that may be kept. */
  addPacked(listpack: Buffer, count: number, own: boolean): void {
    const { length } = listpack
    if (length === LP_EMPTY_SIZE) return
    const { list, target } = this
    const { maxListpackSize } = target.limits.list
    if (this.count === 1 && length <= sizeLimit(maxListpackSize) && count <= countLimit(maxListpackSize)) {
      list.rehash()
      list.startListpack(listpack)
      return
    }
    const { quicklist } = this
    if (own && length > ADOPTED_MIN_BYTES) {
      quicklist.appendNode(adoptNode(quicklist.entries, listpack, false), count)
      return
    }
    const node = makePackedNode(quicklist.entries, length)
    listpack.copy(nodeGap.buffer, nodeGap.at)
    quicklist.appendNode(node, count)
  }

  end(): void {
    const { isZiplist, key, list, target } = this
    this.key = null
    if (key === null) return
    if (list.address === 0) {
      target.emptyKey(key)
      return
    }
    if (!isZiplist) list.completed(target.limits.list)
    target.loaded(list.address, key)
  }
}
