/** LPOS. Source of behaviour: lposCommand in Redis's t_list.c. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { LP_HEADER_SIZE, lpEntrySize } from '../../store/listpack/listpack.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import { NodeContent } from '../../types/list/list-node.js'
import { Matcher } from '../../types/list/matcher.js'
import type { Quicklist } from '../../types/list/quicklist.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { readCount, readSignedCount } from '../counts.js'
import { list, openForRead } from './access.js'

/** Lists of more nodes are searched in slices. */
const SLICED_FROM_NODES = 64
const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"

interface PositionOptions {
  /** The first match that counts is the one with this number, from 1 on. */
  readonly rank: number
  readonly fromTail: boolean
  /** Most positions; null: the position of one, as a number. 0: all. */
  readonly count: number | null
  /** Most elements to be looked at; Infinity for all. */
  readonly most: number
}

/** LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]. Integer reply: an index, or null; with COUNT an array of them. */
export function lpos(ctx: CommandContext): void {
  const { args, reply } = ctx
  const options = readOptions(ctx)
  if (options === null || !openForRead(ctx)) return
  if (list.address === 0) {
    replyPositions(reply, options, [])
    return
  }
  const search = new PositionSearch(options, Buffer.from(args.view(2)), list.length)
  const { quicklist } = list
  if (quicklist !== null) {
    const positions = new PositionsReply(search, options, quicklist)
    if (quicklist.nodeCount > SLICED_FROM_NODES) {
      ctx.replyFrom(positions)
      return
    }
    while (!positions.next(reply, Number.POSITIVE_INFINITY));
    positions.close()
    return
  }
  search.lookAt(list.listpack, list.listpackAt, 0, list.length)
  replyPositions(reply, options, search.found)
}

/** The options; replies the error and returns null when they make no sense. */
function readOptions(ctx: CommandContext): PositionOptions | null {
  const { args, reply } = ctx
  let rank = 1n
  let count: number | null = null
  let most = 0
  for (let i = 3; i < args.argc; i += 2) {
    const hasValue = i + 1 < args.argc
    if (hasValue && args.is(i, 'rank')) {
      const value = readSignedCount(ctx, i + 1)
      if (value === null) return null
      if (value === 0n) {
        reply.error(RANK_ZERO)
        return null
      }
      rank = value
    } else if (hasValue && args.is(i, 'count')) {
      count = readCount(ctx, i + 1, 0n, "ERR COUNT can't be negative")
      if (Number.isNaN(count)) return null
    } else if (hasValue && args.is(i, 'maxlen')) {
      most = readCount(ctx, i + 1, 0n, "ERR MAXLEN can't be negative")
      if (Number.isNaN(most)) return null
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  const fromTail = rank < 0n
  return { rank: Number(fromTail ? -rank : rank), fromTail, count, most: most === 0 ? Number.POSITIVE_INFINITY : most }
}

/** Looks for elements, node by node, from one end of the list on. */
class PositionSearch {
  readonly found: number[] = []
  done = false
  private readonly matcher = new Matcher()
  private readonly options: PositionOptions
  /** Most positions to be found. */
  private readonly wanted: number
  /** Only elements from index `from` to before `behind` are looked at. */
  private readonly from: number
  private readonly behind: number
  private matches = 0

  constructor(options: PositionOptions, value: Buffer, length: number) {
    this.options = options
    this.matcher.of(value, 0, value.length)
    this.wanted = options.count === null ? 1 : options.count === 0 ? Number.POSITIVE_INFINITY : options.count
    this.from = options.fromTail ? Math.max(0, length - options.most) : 0
    this.behind = options.fromTail ? length : Math.min(length, options.most)
  }

  /** Looks at the element that stands alone. */
  lookAtPlain(buffer: Buffer, at: number, length: number, index: number): void {
    if (this.isLookedAt(index) && this.matcher.isPlain(buffer, at, length)) this.note(index)
  }

  private isLookedAt(index: number): boolean {
    if (index >= this.from && index < this.behind) return true
    this.done = true
    return false
  }

  /** Looks at the `count` elements of the listpack at buffer[at], of which the first one is element `first` of the list. */
  lookAt(buffer: Buffer, at: number, first: number, count: number): void {
    if (!this.isLookedAt(this.options.fromTail ? first + count - 1 : first)) return
    if (this.options.fromTail) this.lookBackward(buffer, at, first)
    else this.lookForward(buffer, at, first)
  }

  private lookForward(buffer: Buffer, at: number, first: number): void {
    const { matcher } = this
    const stop = this.behind - first
    let pos = at + LP_HEADER_SIZE
    let index = 0
    while (!this.done && matcher.next(buffer, at, pos, index, stop)) {
      this.note(first + matcher.index)
      pos = matcher.pos + lpEntrySize(buffer, matcher.pos)
      index = matcher.index + 1
    }
  }

  private lookBackward(buffer: Buffer, at: number, first: number): void {
    const { matcher } = this
    for (let i = matcher.collect(buffer, at) - 1; i >= 0 && !this.done; i--) {
      const index = first + matcher.indexes[i]
      if (this.isLookedAt(index)) this.note(index)
    }
  }

  private note(index: number): void {
    if (++this.matches < this.options.rank) return
    this.found.push(index)
    this.done = this.found.length >= this.wanted
  }
}

function replyPositions(reply: ReplyWriter, { count }: PositionOptions, found: readonly number[]): void {
  if (count === null) {
    if (found.length === 0) reply.null()
    else reply.integer(found[0])
    return
  }
  reply.array(found.length)
  for (const index of found) reply.integer(index)
}

/** Searches a long list as it is at the moment of the command. */
class PositionsReply implements ReplySource {
  private readonly search: PositionSearch
  private readonly options: PositionOptions
  private readonly quicklist: Quicklist
  private readonly view: TreeView<null>
  private readonly node = new NodeContent()
  /** Index of the element behind the present node, or before it when the search comes from the tail. */
  private index: number
  private searched = false
  private written = -1

  constructor(search: PositionSearch, options: PositionOptions, quicklist: Quicklist) {
    const { fromTail } = options
    const { tree } = quicklist
    this.search = search
    this.options = options
    this.quicklist = quicklist
    this.view = new TreeView(tree, fromTail ? 'backward' : 'forward')
    this.view.seek(fromTail ? tree.weight - 1 : 0)
    this.index = fromTail ? tree.weight : 0
  }

  get memoryBytes(): number {
    return this.search.found.length * 8
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    while (!this.searched) {
      this.lookAtNode()
      if (this.search.done || !this.view.step()) this.searched = true
      else if (performance.now() >= deadlineMs) return false
    }
    return this.write(out)
  }

  private lookAtNode(): void {
    const { node, search, view } = this
    const { weight } = view.cursor
    node.show(this.quicklist.entries, view.cursor.address)
    const first = this.options.fromTail ? this.index - weight : this.index
    if (node.isPlain) search.lookAtPlain(node.buffer, node.at, node.length, first)
    else search.lookAt(node.buffer, node.at, first, weight)
    this.index = this.options.fromTail ? first : first + weight
  }

  private write(out: ReplyWriter): boolean {
    const { found } = this.search
    if (this.options.count === null) {
      replyPositions(out, this.options, found)
      return true
    }
    if (this.written < 0) {
      out.array(found.length)
      this.written = 0
    }
    while (this.written < found.length && out.totalBytes < PIECE_BYTES) out.integer(found[this.written++])
    return this.written === found.length
  }

  close(): void {
    this.view.close()
  }
}
