/** The RDB form of a long list: the number of its nodes, then each, node by node, as they were when it was held. */
import type { RdbOutput } from '../../rdb/output.js'
import type { Entries } from '../../store/entries.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { FormTaker, HeldForm, HoldOptions } from '../held-form.js'
import { holdBytes } from '../held-string.js'
import { compressedBytes, isCompressedNode, NodeContent, nodeBytes } from './list-node.js'
import type { ListNodes } from './list-nodes.js'

/** How a node is kept, in RDB: as one element, or as a listpack of them. */
export const PLAIN_NODE = 1
export const PACKED_NODE = 2

export class HeldList implements HeldForm {
  readonly table = null
  /** Nodes that only the view keeps are in slab memory. */
  readonly memoryBytes = 0
  private readonly entries: Entries
  private readonly options: HoldOptions
  private readonly view: TreeView<null>
  private readonly content = new NodeContent()
  private more = false
  private begun = false

  constructor({ entries, tree }: ListNodes, options: HoldOptions) {
    this.entries = entries
    this.options = options
    this.view = new TreeView(tree, 'forward')
  }

  next(taker: FormTaker): boolean {
    const { view } = this
    if (!this.begun) {
      this.begun = true
      taker.out.lengthCode(view.count)
      this.more = view.seek(0) >= 0
    }
    if (!this.more) return false
    this.write(taker, view.cursor.address)
    this.more = view.step()
    return true
  }

  private write(taker: FormTaker, node: number): void {
    const { content, entries, options } = this
    const { out } = taker
    content.show(entries, node)
    out.lengthCode(content.isPlain ? PLAIN_NODE : PACKED_NODE)
    if (isCompressedNode(entries, node)) {
      writeCompressed(out, entries, node)
      return
    }
    const { at, buffer, external, length } = content
    if (external >= 0) taker.string(holdBytes(entries, buffer, options))
    else out.string(buffer, at, at + length, options.compress)
  }

  beforeWrite(): void {}

  close(): void {
    this.view.close()
  }
}

/** It goes as it is, whatever rdbcompression says, as in Redis. */
function writeCompressed(out: RdbOutput, entries: Entries, node: number): void {
  const { at, buffer, length } = compressedBytes(entries, node)
  out.compressedHead(length, nodeBytes(entries, node))
  out.raw(buffer, at, at + length)
}
