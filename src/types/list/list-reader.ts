/** Reads lists from RDB bytes, in all their forms. */

import { RDB_TYPE_LIST, RDB_TYPE_LIST_QUICKLIST, RDB_TYPE_LIST_ZIPLIST } from '../../rdb/format.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import { LONG_BYTES, type RdbWindow } from '../../rdb/window.js'
import { ElementsReader } from '../elements-reader.js'
import type { ValueTarget } from '../value-reader.js'
import { PACKED_NODE, PLAIN_NODE } from './held-list.js'
import { ListLoading } from './list-loading.js'
import { NodeReading } from './node-reading.js'

export class ListReader extends ElementsReader {
  private readonly loading: ListLoading
  private readonly value = new StringReader()
  /** The RDB type of the list that is being read. */
  private type = 0
  /** A long node that has been read, but not been checked, and whether it is the last one. */
  private node: NodeReading | null = null
  private nodeOffset = 0
  private nodeKey: string | null = null
  private isLast = false

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    super(window, keys, target)
    this.loading = new ListLoading(target)
  }

  protected get noun(): string {
    return this.type === RDB_TYPE_LIST ? 'elements' : 'nodes'
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    this.type = type
    if (type === RDB_TYPE_LIST_ZIPLIST) return this.readPacked('ziplist', this.loading, bytes, at, end)
    return this.readHead(bytes, at, end)
  }

  protected begin(key: RdbKey, count: number): void {
    this.loading.begin(key, count)
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    switch (this.type) {
      case RDB_TYPE_LIST:
        return this.readValue(bytes, at, end)
      case RDB_TYPE_LIST_QUICKLIST:
        return this.readNode(bytes, at, end)
      default:
        return this.readContainer(bytes, at, end)
    }
  }

  private readValue(bytes: Buffer, at: number, end: number): number {
    const { loading, value, window } = this
    const next = window.locate(value, bytes, at, end)
    if (next < 0) return next
    window.decode(value, bytes)
    if (this.wanted) loading.push(value.bytes, value.start, value.end)
    return next
  }

  /** Reads how a node is kept, and the node. */
  private readContainer(bytes: Buffer, at: number, end: number): number {
    const { loading, value, window } = this
    const valueAt = window.length(bytes, at, end)
    if (valueAt < 0) return valueAt
    const container = window.lengths.value
    if (container === PACKED_NODE) return this.readNode(bytes, valueAt, end)
    if (container !== PLAIN_NODE) window.fail(at, 'a node of a list', `one of kind ${container}`)
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(value, bytes)
    if (value.start === value.end) window.fail(valueAt, 'an element', 'no bytes')
    if (this.wanted) loading.addPlain(value.bytes, value.start, value.end, value.own)
    return next
  }

  private readNode(bytes: Buffer, at: number, end: number): number {
    const { value, window } = this
    const next = window.locate(value, bytes, at, end)
    if (next < 0) return next
    window.decode(value, bytes)
    const isLong = value.own && value.bytes.length > LONG_BYTES
    const content = value.own ? value.bytes : value.bytes.subarray(value.start, value.end)
    this.node = new NodeReading(content, this.type === RDB_TYPE_LIST_QUICKLIST, value.own)
    this.nodeOffset = window.offsetOf(at)
    this.nodeKey = window.openKey
    if (!isLong) while (!this.step()) {}
    return next
  }

  override get isBusy(): boolean {
    return this.node !== null || super.isBusy
  }

  override work(): void {
    if (this.node === null) super.work()
    else this.step()
  }

  /** Goes on with the node; true when it is in the list. */
  private step(): boolean {
    const { loading, node } = this
    if (node === null) return true
    const verdict = node.step()
    if (verdict === 'going on') return false
    if (verdict === 'damaged') this.failNode(node)
    this.node = null
    if (this.wanted) loading.addPacked(node.listpack, node.count, node.own)
    if (this.isLast) this.finish()
    return true
  }

  private failNode({ listpack }: NodeReading): never {
    this.window.openKey = this.nodeKey
    const packing = this.type === RDB_TYPE_LIST_QUICKLIST ? 'ziplist' : 'listpack'
    const found = `${listpack.length} bytes (${packing === 'ziplist' ? 'Ziplist' : 'Listpack'} integrity check failed)`
    return this.window.failAt(this.nodeOffset, `a ${packing} of elements`, found)
  }

  protected ended(): void {
    this.isLast = true
    if (this.node === null) this.finish()
  }

  private finish(): void {
    this.isLast = false
    this.loading.end()
  }
}
