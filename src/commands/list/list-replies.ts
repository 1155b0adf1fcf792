/** Parts of a list as a reply: at once, or of long ones piece by piece, as they were at the moment of the command. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Entries } from '../../store/entries.js'
import { LP_EOF, lpBytes, lpNext, lpPrev, lpSeek } from '../../store/listpack/listpack.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { ByteRange } from '../../types/byte-range.js'
import type { List } from '../../types/list/list.js'
import { NodeContent } from '../../types/list/list-node.js'
import type { Quicklist } from '../../types/list/quicklist.js'
import { shortStrings, writeShortStrings } from '../../types/short-strings.js'
import type { CommandContext } from '../context.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'

/** A listpack of more bytes is copied, for a long reply. */
const COPIED_FROM_BYTES = 64 * 1024
const ELEMENTS_BETWEEN_CLOCK_READS = 64

/** `count` elements of a list, of which `from` is the first one: from there on to the tail, or with `backward` to the head. */
export interface ListPart {
  readonly from: number
  readonly count: number
  readonly backward: boolean
}

/** Writes what stands before the elements: the array's head. */
type Head = (out: ReplyWriter) => void

/** Replies `part` of the list, behind what `head` writes. The list may change from then on. */
export function replyPart(ctx: CommandContext, list: List, part: ListPart, head: Head): void {
  const { reply } = ctx
  const isLong = part.count > SLICED_FROM_ELEMENTS
  const { quicklist } = list
  if (quicklist !== null) {
    if (isLong) {
      ctx.replyFrom(new PartReply(part, head, new ViewedNodes(quicklist, part), quicklist.entries))
      return
    }
    head(reply)
    writeOfQuicklist(reply, quicklist, part)
    return
  }
  const { listpack, listpackAt } = list
  const size = lpBytes(listpack, listpackAt)
  if (isLong && size > COPIED_FROM_BYTES) {
    const copy = Buffer.from(listpack.subarray(listpackAt, listpackAt + size))
    ctx.replyFrom(new PartReply(part, head, new CopiedNode(copy, part), ctx.db.entries))
    return
  }
  head(reply)
  content.buffer = listpack
  content.at = listpackAt
  content.isPlain = false
  content.external = -1
  writeElements(reply, ctx.db.entries, content, lpSeek(listpack, listpackAt, part.from), part.count, part.backward)
}

const content = new NodeContent()
const element = new ByteRange()
const cursor = new TreeCursor()
/** Where the last writeElements() has come to: the next element's position, -1 at the node's end; and how many it has written. */
const written = { pos: 0, count: 0 }

function writeOfQuicklist(out: ReplyWriter, { entries, tree }: Quicklist, { backward, count, from }: ListPart): void {
  let into = tree.seek(cursor, from)
  for (let left = count; left > 0; ) {
    content.show(entries, cursor.address)
    writeElements(out, entries, content, positionOf(content, into), left, backward)
    left -= written.count
    into = backward ? -1 : 0
    if (backward) cursor.previous()
    else cursor.next()
  }
}

/** Position of element `into` of the node; negative: from its tail. */
function positionOf({ at, buffer, isPlain }: NodeContent, into: number): number {
  return isPlain ? at : lpSeek(buffer, at, into)
}

/** Writes up to `count` elements of a node, from the one at `pos` on. */
function writeElements(
  out: ReplyWriter,
  entries: Entries,
  node: NodeContent,
  pos: number,
  count: number,
  backward: boolean,
): void {
  const { at, buffer, isPlain } = node
  let done = 0
  while (done < count && pos >= 0) {
    if (!backward && !isPlain) {
      writeShortStrings(out, buffer, pos, count - done)
      done += shortStrings.count
      pos = shortStrings.pos
      if (buffer[pos] === LP_EOF) {
        pos = -1
        break
      }
      if (done === count) break
    }
    node.readElement(entries, pos, element)
    element.writeTo(out)
    done++
    if (isPlain) pos = -1
    else pos = backward ? lpPrev(buffer, at, pos) : lpNext(buffer, at, pos)
  }
  written.pos = pos
  written.count = done
}

/** The nodes that a long reply goes through. */
interface Nodes {
  /** Shows the present node; returns how far into it the first element to be written is, from its tail if negative. */
  show(node: NodeContent): number
  /** Goes to the next one. */
  step(): void
  close(): void
}

class ViewedNodes implements Nodes {
  private readonly entries: Entries
  private readonly view: TreeView<null>
  private readonly backward: boolean
  private into: number

  constructor({ entries, tree }: Quicklist, { backward, from }: ListPart) {
    this.entries = entries
    this.backward = backward
    this.view = new TreeView(tree, backward ? 'backward' : 'forward')
    this.into = this.view.seek(from)
  }

  show(node: NodeContent): number {
    node.show(this.entries, this.view.cursor.address)
    return this.into
  }

  step(): void {
    this.view.step()
    this.into = this.backward ? -1 : 0
  }

  close(): void {
    this.view.close()
  }
}

class CopiedNode implements Nodes {
  readonly listpack: Buffer
  private readonly from: number

  constructor(listpack: Buffer, { from }: ListPart) {
    this.listpack = listpack
    this.from = from
  }

  show(node: NodeContent): number {
    node.buffer = this.listpack
    node.at = 0
    node.isPlain = false
    node.external = -1
    return this.from
  }

  step(): void {}
  close(): void {}
}

class PartReply implements ReplySource {
  readonly memoryBytes: number
  private readonly nodes: Nodes
  private readonly entries: Entries
  private readonly backward: boolean
  private readonly node = new NodeContent()
  private head: Head | null
  private left: number
  private pos = -1

  constructor({ backward, count }: ListPart, head: Head, nodes: Nodes, entries: Entries) {
    this.memoryBytes = nodes instanceof CopiedNode ? nodes.listpack.length : 0
    this.nodes = nodes
    this.entries = entries
    this.backward = backward
    this.head = head
    this.left = count
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { backward, entries, node, nodes } = this
    this.head?.(out)
    this.head = null
    while (this.left > 0) {
      if (this.pos < 0) this.pos = positionOf(node, nodes.show(node))
      writeElements(out, entries, node, this.pos, Math.min(this.left, ELEMENTS_BETWEEN_CLOCK_READS), backward)
      this.left -= written.count
      this.pos = written.pos
      if (this.pos < 0) nodes.step()
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) break
    }
    return this.left === 0
  }

  close(): void {
    this.nodes.close()
  }
}
