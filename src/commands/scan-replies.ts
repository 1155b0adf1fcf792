/**
 * Replies of SCAN and its kin. To a large COUNT the walk is made in slices, with the guarantee that several calls would have: how
 * many elements there are stands in front of them, so they are collected first.
 */
import { performance } from 'node:perf_hooks'
import { MATCH, UNDECIDED } from '../bytes/glob.js'
import type { ReplySource } from '../resp/reply-source.js'
import { ReplyWriter } from '../resp/reply-writer.js'
import type { Entries } from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import { TableView } from '../store/table/table-view.js'
import type { ByteRange } from '../types/byte-range.js'
import type { CommandContext } from './context.js'
import type { NameMatcher } from './name-matcher.js'
import { type ScanOptions, scanGoesOn } from './scan-options.js'
import { SLICED_FROM_ELEMENTS } from './table-replies.js'

/** A walk over buckets, and what a reply has of what it finds. */
export interface ScanWalk {
  /** Visits the next bucket, and writes what the reply has of it. Returns the number of elements looked at. */
  step(found: FoundElements): number
  /** Where a further call goes on; 0 at the end. */
  readonly cursor: number
  /** Nothing more is asked of it. */
  close(): void
}

/** What a reply will have, so far. */
export class FoundElements {
  count = 0
  readonly out = new ReplyWriter()

  bulk(bytes: Buffer, start: number, end: number): void {
    this.count++
    this.out.bulk(bytes, start, end)
  }

  range({ buffer, end, lasting, start }: ByteRange): void {
    this.count++
    if (lasting) this.out.bulkReference(buffer)
    else this.out.bulk(buffer, start, end)
  }
}

export class ScanReply implements ReplySource {
  private readonly walk: ScanWalk
  private readonly options: ScanOptions
  private readonly names: NameMatcher | null
  private readonly found = new FoundElements()
  private sampled = 0
  private steps = 0
  private walked = false

  constructor(walk: ScanWalk, options: ScanOptions) {
    this.walk = walk
    this.options = { ...options }
    this.names = options.names
  }

  get memoryBytes(): number {
    return this.found.out.totalBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { found, names, walk } = this
    while (!this.walked) {
      this.sampled += walk.step(found)
      this.walked = !scanGoesOn(this.options, walk.cursor, this.sampled, ++this.steps)
      if (performance.now() >= deadlineMs) return false
    }
    const take = (elements: readonly Buffer[]): void => {
      for (const element of elements) found.bulk(element, 0, element.length)
    }
    if (names !== null && !names.decideLate(deadlineMs, take)) return false
    out.array(2)
    out.bulkInteger(walk.cursor)
    out.array(found.count)
    for (const chunk of found.out.takeChunks()) out.append(chunk)
    return true
  }

  close(): void {
    this.walk.close()
  }
}

// HSCAN and SSCAN: the elements of one value

/** What a reply shows of an element: its name, which MATCH looks at, and what else there is. */
export interface ShownElement {
  readonly ranges: readonly ByteRange[]
  /** Shows the element of a table at `address`. */
  read(entries: Entries, address: number): void
}

export function replyNoElements(ctx: CommandContext): void {
  replyCursor(ctx, 0, 0)
}

function replyCursor(ctx: CommandContext, cursor: number, elements: number): void {
  ctx.reply.array(2)
  ctx.reply.bulkInteger(cursor)
  ctx.reply.array(elements)
}

function replyShown({ reply }: CommandContext, ranges: readonly ByteRange[]): void {
  for (const { buffer, end, lasting, start } of ranges) {
    if (lasting) reply.bulkReference(buffer)
    else reply.bulk(buffer, start, end)
  }
}

function decide(names: NameMatcher | null, [name]: readonly ByteRange[]): number {
  return names === null ? MATCH : names.decide(name.buffer, name.start, name.end)
}

/** For a name that is not decided, and what the reply has of it. */
function putOff(names: NameMatcher | null, ranges: readonly ByteRange[]): void {
  const [name, ...rest] = ranges.map(range => range.copy())
  names?.putOff(name, ...rest)
}

/** A call for a large value. `show` makes what shows its elements, for as long as the reply takes. */
export function scanTable(
  ctx: CommandContext,
  table: HashTable,
  from: number,
  options: ScanOptions,
  show: () => ShownElement,
): void {
  const shown = show()
  const { names } = options
  if (options.count > SLICED_FROM_ELEMENTS) {
    ctx.replyFrom(new ScanReply(new ElementWalk(ctx.keyspace, table, from, names, shown), options))
    return
  }
  const { entries } = table
  const { ranges } = shown
  const matching: number[] = []
  let cursor = from
  let sampled = 0
  let steps = 0
  const collect = (element: number): void => {
    sampled++
    shown.read(entries, element)
    const result = decide(names, ranges)
    if (result === MATCH) matching.push(element)
    else if (result === UNDECIDED) putOff(names, ranges)
  }
  do {
    cursor = table.scan(cursor, collect)
    steps++
  } while (scanGoesOn(options, cursor, sampled, steps))
  if (names?.undecided) {
    const certain: Buffer[] = []
    for (const element of matching) {
      shown.read(entries, element)
      for (const range of ranges) certain.push(range.copy())
    }
    ctx.replyFrom(names.laterReply([String(cursor)], certain))
    return
  }
  replyCursor(ctx, cursor, matching.length * ranges.length)
  for (const element of matching) {
    shown.read(entries, element)
    replyShown(ctx, ranges)
  }
}

/** A call with a large COUNT. */
class ElementWalk implements ScanWalk {
  private readonly view: TableView
  private readonly names: NameMatcher | null
  private readonly shown: ShownElement

  constructor(keyspace: Keyspace, table: HashTable, cursor: number, names: NameMatcher | null, shown: ShownElement) {
    this.view = new TableView(keyspace, table, 'walk', cursor)
    this.names = names
    this.shown = shown
  }

  get cursor(): number {
    return this.view.position
  }

  step(found: FoundElements): number {
    const { names, shown, view } = this
    const { entries } = view.table
    let sampled = 0
    view.step(element => {
      sampled++
      shown.read(entries, element)
      const result = decide(names, shown.ranges)
      if (result === MATCH) for (const range of shown.ranges) found.range(range)
      else if (result === UNDECIDED) putOff(names, shown.ranges)
    })
    return sampled
  }

  close(): void {
    this.view.close()
  }
}

/**
 * A call for a small value, which comes whole, whatever COUNT says. `iterate` calls back for each element, with the same ranges
 * every time.
 */
export function scanWhole(
  ctx: CommandContext,
  { names }: ScanOptions,
  iterate: (visit: (ranges: readonly ByteRange[]) => void) => void,
): void {
  const matching: boolean[] = []
  let count = 0
  iterate(ranges => {
    const result = decide(names, ranges)
    matching.push(result === MATCH)
    if (result === MATCH) count += ranges.length
    else if (result === UNDECIDED) putOff(names, ranges)
  })
  let next = 0
  if (names?.undecided) {
    const certain: Buffer[] = []
    iterate(ranges => {
      if (matching[next++]) for (const range of ranges) certain.push(range.copy())
    })
    ctx.replyFrom(names.laterReply(['0'], certain))
    return
  }
  replyCursor(ctx, 0, count)
  iterate(ranges => {
    if (matching[next++]) replyShown(ctx, ranges)
  })
}
