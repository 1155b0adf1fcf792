/** HSCAN, SSCAN and ZSCAN, as far as they are the same: a scan over the elements of one value. */
import { MATCH, UNDECIDED } from '../bytes/glob.js'
import type { Entries } from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import { TableView } from '../store/table/table-view.js'
import type { ByteRange } from '../types/byte-range.js'
import type { CommandContext } from './context.js'
import type { NameMatcher } from './name-matcher.js'
import { type OwnOption, parseScanCursor, parseScanOptions, type ScanOptions, scanGoesOn } from './scan-options.js'
import { type FoundElements, ScanReply, type ScanWalk } from './scan-replies.js'
import { SLICED_FROM_ELEMENTS } from './table-replies.js'

/** What a reply shows of an element: its name, which MATCH looks at, and what else there is. */
export interface ShownElement {
  readonly ranges: readonly ByteRange[]
  /** Shows the element of a table at `address`. */
  read(entries: Entries, address: number): void
  /** Whether there is anything to show of it: it may have expired. */
  isThere?(entries: Entries, address: number): boolean
}

/** A call that is to look at elements. */
export interface ElementScan {
  readonly cursor: number
  readonly options: ScanOptions
}

/**
 * Opens key argument 1's value, by `openForRead` in `opened`, and reads what the call says. Null when all has been replied: an error, or
 * nothing for a key that is not there, which comes before a look at the options.
 */
export function openScan(
  ctx: CommandContext,
  openForRead: (ctx: CommandContext) => boolean,
  opened: { readonly address: number },
  own: OwnOption = null,
): ElementScan | null {
  const cursor = parseScanCursor(ctx, 2)
  if (Number.isNaN(cursor) || !openForRead(ctx)) return null
  if (opened.address === 0) {
    replyCursor(ctx, 0, 0)
    return null
  }
  const options = parseScanOptions(ctx, 3, own)
  return options === null ? null : { cursor, options }
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

/**
 * A call for a large value. `show` makes what shows its elements, for as long as the reply takes. `isThere`: the table is not to be
 * viewed; asked whether it is still there.
 */
export function scanTable(
  ctx: CommandContext,
  table: HashTable,
  { cursor: from, options }: ElementScan,
  show: () => ShownElement,
  isThere: (() => boolean) | null = null,
): void {
  const shown = show()
  const { names } = options
  // Without a view, what comes behind it in a transaction may not come between.
  if (options.count > SLICED_FROM_ELEMENTS && (isThere === null || !ctx.inTransaction)) {
    const walk =
      isThere === null
        ? new ElementWalk(ctx.keyspace, table, from, names, shown)
        : new LiveWalk(table, from, names, shown, isThere)
    ctx.replyFrom(new ScanReply(walk, options))
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
    if (shown.isThere?.(entries, element) === false) return
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
      if (shown.isThere?.(entries, element) === false) return
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

/** The same, in the table as it has become by then: what stays in it throughout is found. It ends when the table is gone. */
class LiveWalk implements ScanWalk {
  cursor: number
  private readonly table: HashTable
  private readonly isThere: () => boolean
  private readonly visit: (element: number) => void
  private found!: FoundElements
  private sampled = 0

  constructor(
    table: HashTable,
    cursor: number,
    names: NameMatcher | null,
    shown: ShownElement,
    isThere: () => boolean,
  ) {
    const { entries } = table
    this.table = table
    this.cursor = cursor
    this.isThere = isThere
    this.visit = element => {
      this.sampled++
      shown.read(entries, element)
      const result = decide(names, shown.ranges)
      if (result === MATCH) for (const range of shown.ranges) this.found.range(range)
      else if (result === UNDECIDED) putOff(names, shown.ranges)
    }
  }

  step(found: FoundElements): number {
    this.found = found
    this.sampled = 0
    this.cursor = this.isThere() ? this.table.scan(this.cursor, this.visit) : 0
    return this.sampled
  }

  close(): void {}
}

/**
 * A call for a small value, which comes whole, whatever COUNT says. `iterate` calls back for each element, with the same ranges
 * every time.
 */
export function scanWhole(
  ctx: CommandContext,
  { options: { names } }: ElementScan,
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
