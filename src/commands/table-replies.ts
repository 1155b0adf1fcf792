/** Long replies out of a large aggregate's table: all of its elements, some of them, or draws, as of the moment of the command. */
import { performance } from '../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../resp/reply-source.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import { TableView } from '../store/table/table-view.js'
import type { CommandContext } from './context.js'

/** Replies of more elements than this are made piece by piece. */
export const SLICED_FROM_ELEMENTS = 1000
const DRAWS_BETWEEN_CLOCK_READS = 32
/** Up to this share of the elements are drawn until enough differ; more are chosen in a walk. */
export const DRAWN_SHARE = 1 / 16
/** What a drawn element takes that is remembered, as measured. */
export const REMEMBERED_BYTES = 40

/** Replies what `source` has, of so many elements: at once, or many of them piece by piece. */
export function replyElements(ctx: CommandContext, source: ReplySource, elements: number): void {
  if (elements > SLICED_FROM_ELEMENTS) {
    ctx.replyFrom(source)
    return
  }
  while (!source.next(ctx.reply, Number.POSITIVE_INFINITY));
  source.close()
}

/** Writes one element. */
export type WriteElement = (out: ReplyWriter, table: HashTable, element: number) => void

/** Reads a table until a piece is full or its time is up. */
abstract class TableReply implements ReplySource {
  protected readonly view: TableView
  protected out!: ReplyWriter
  private begun = false
  private readonly head: (out: ReplyWriter) => void

  constructor(view: TableView, head: (out: ReplyWriter) => void) {
    this.view = view
    this.head = head
  }

  get memoryBytes(): number {
    return this.view.memoryBytes
  }

  /** Does the next bit of work; false when all is done. */
  protected abstract step(): boolean

  next(out: ReplyWriter, deadlineMs: number): boolean {
    this.out = out
    if (!this.begun) this.head(out)
    this.begun = true
    do {
      if (!this.step()) return true
    } while (out.totalBytes < PIECE_BYTES && performance.now() < deadlineMs)
    return false
  }

  close(): void {
    this.view.close()
  }
}

/** All elements. `head` writes what stands before them. */
export class AllElements extends TableReply {
  private readonly visit: (element: number) => void

  constructor(keyspace: Keyspace, table: HashTable, head: (out: ReplyWriter) => void, write: WriteElement) {
    super(new TableView(keyspace, table, 'walk'), head)
    this.visit = element => write(this.out, table, element)
  }

  protected step(): boolean {
    return this.view.step(this.visit)
  }
}

/** `count` different elements, every choice as likely, in the table's order: selection sampling (Knuth, 3.4.2 S). */
class ChosenElements extends TableReply {
  private readonly visit: (element: number) => void

  constructor(
    keyspace: Keyspace,
    table: HashTable,
    count: number,
    head: (out: ReplyWriter) => void,
    write: WriteElement,
  ) {
    super(new TableView(keyspace, table, 'walk'), head)
    let left = table.count
    let wanted = count
    this.visit = element => {
      if (Math.random() * left-- >= wanted) return
      wanted--
      write(this.out, table, element)
    }
  }

  protected step(): boolean {
    return this.view.step(this.visit)
  }
}

/** `count` elements, each drawn from all; with `different`, from those that have not come yet. */
export class DrawnElements extends TableReply {
  private left: number
  private readonly write: WriteElement
  private readonly seen: Set<number> | null

  constructor(
    keyspace: Keyspace,
    table: HashTable,
    count: number,
    different: boolean,
    head: (out: ReplyWriter) => void,
    write: WriteElement,
  ) {
    super(new TableView(keyspace, table, 'draw'), head)
    this.left = count
    this.write = write
    this.seen = different ? new Set() : null
  }

  override get memoryBytes(): number {
    return super.memoryBytes + (this.seen?.size ?? 0) * REMEMBERED_BYTES
  }

  protected step(): boolean {
    const { out, seen, view } = this
    for (let tries = 0; tries < DRAWS_BETWEEN_CLOCK_READS && this.left > 0; tries++) {
      const element = view.random()
      if (element === 0) return true
      if (seen?.has(element)) continue
      seen?.add(element)
      this.write(out, view.table, element)
      this.left--
    }
    return this.left > 0
  }
}

/** `count` different elements of a table that has more, in O(count) or O(elements), whichever is less. */
export function differentElements(
  keyspace: Keyspace,
  table: HashTable,
  count: number,
  head: (out: ReplyWriter) => void,
  write: WriteElement,
): ReplySource {
  return count < table.count * DRAWN_SHARE
    ? new DrawnElements(keyspace, table, count, true, head, write)
    : new ChosenElements(keyspace, table, count, head, write)
}
