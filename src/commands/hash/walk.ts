/** Hash commands that go through a hash or choose from it: HGETALL, HKEYS, HVALS, HSCAN, HRANDFIELD. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { type Entries, HAS_EXPIRY } from '../../store/entries.js'
import { lpEntrySize } from '../../store/listpack/listpack.js'
import { ByteRange } from '../../types/byte-range.js'
import { fieldPositions } from '../../types/hash/hash-listpack.js'
import type { CommandContext } from '../context.js'
import { readRandomOptions } from '../counts.js'
import { openScan, type ShownElement, scanTable, scanWhole } from '../element-scan.js'
import {
  AllElements,
  DrawnElements,
  differentElements,
  replyElements,
  SLICED_FROM_ELEMENTS,
  type WriteElement,
} from '../table-replies.js'
import { expireSome, field, hash, openForRead, replyRange, value } from './access.js'

const DRAWS_BETWEEN_CLOCK_READS = 32

/** HGETALL key. */
export function hgetall(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  const length = hash.liveLength
  replyAll(ctx, PAIRS, out => out.map(length))
}

/** HKEYS key. */
export function hkeys(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  const length = hash.liveLength
  replyAll(ctx, FIELDS, out => out.array(length))
}

/** HVALS key. */
export function hvals(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  const length = hash.liveLength
  replyAll(ctx, VALUES, out => out.array(length))
}

/** HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]. */
export function hscan(ctx: CommandContext): void {
  const scan = openScan(ctx, openForRead, hash, 'novalues')
  if (scan === null) return
  const { noValues } = scan.options
  if (hash.isTable) scanTable(ctx, hash.table, scan, () => new ShownField(noValues, liveFrom(ctx)))
  else scanWhole(ctx, scan, visit => hash.iterate((name, content) => visit(noValues ? [name] : [name, content])))
}

class ShownField implements ShownElement {
  private readonly name = new ByteRange()
  private readonly content = new ByteRange()
  readonly ranges: readonly ByteRange[]
  private readonly liveFromMs: number

  constructor(noValues: boolean, liveFromMs: number) {
    this.ranges = noValues ? [this.name] : [this.name, this.content]
    this.liveFromMs = liveFromMs
  }

  isThere(entries: Entries, address: number): boolean {
    return isLive(entries, address, this.liveFromMs)
  }

  read(entries: Entries, address: number): void {
    this.name.readElement(entries, address)
    if (this.ranges.length > 1) this.content.readElementValue(entries, address)
  }
}

/** What expires from then on is there: the time of the command. */
function liveFrom({ keyspace }: CommandContext): number {
  return keyspace.hidesExpired ? keyspace.nowMs : Number.NEGATIVE_INFINITY
}

function isLive(entries: Entries, element: number, liveFromMs: number): boolean {
  return (entries.meta(element) & HAS_EXPIRY) === 0 || entries.expiry(element) >= liveFromMs
}

/**
 * HRANDFIELD key [count [WITHVALUES]]. A positive count gives different fields, as many as there are at most; a negative one
 * draws each field anew. Where expired fields stay (expireSome), one may be among those drawn, as on a replica of Redis.
 */
export function hrandfield(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc === 2) {
    if (!openForRead(ctx)) return
    expireSome(ctx)
    if (hash.liveLength === 0) {
      reply.null()
      return
    }
    hash.random(field, value)
    replyRange(ctx, field)
    return
  }
  const options = readRandomOptions(ctx, 'withvalues')
  if (options === null || !openForRead(ctx)) return
  expireSome(ctx)
  const { count: wide, pairs } = options
  const length = hash.liveLength
  if (length === 0 || wide === 0n) {
    reply.array(0)
    return
  }
  const show = !pairs ? FIELDS : reply.resp === 3 ? NESTED_PAIRS : PAIRS
  // With values, RESP2 has one flat array.
  const perField = show === PAIRS ? 2n : 1n
  const count = Number(wide)
  if (count < 0) replyDraws(ctx, -count, show, arrayHead(-wide * perField))
  else if (count >= length) replyAll(ctx, show, arrayHead(BigInt(length) * perField))
  else if (hash.isTable) replyDifferent(ctx, count, show, arrayHead(wide * perField))
  else {
    arrayHead(wide * perField)(reply)
    replyDifferentOfListpack(ctx, count, show)
  }
}

/** Counts of draws may be larger than a number holds exactly. */
function arrayHead(elements: bigint): (out: ReplyWriter) => void {
  return out => out.raw(`*${elements}\r\n`)
}

/** What a reply shows of each field. */
type Shown = (out: ReplyWriter, name: ByteRange, content: ByteRange) => void

const FIELDS: Shown = (out, name) => name.writeTo(out)
const VALUES: Shown = (out, _, content) => content.writeTo(out)
const PAIRS: Shown = (out, name, content) => {
  name.writeTo(out)
  content.writeTo(out)
}
/** HRANDFIELD WITHVALUES in RESP3: an array of pairs. */
const NESTED_PAIRS: Shown = (out, name, content) => {
  out.array(2)
  name.writeTo(out)
  content.writeTo(out)
}

/** Shows elements of a table for as long as the reply may take: the hash that is open now will not be. */
function elementWriter(show: Shown, liveFromMs = Number.NEGATIVE_INFINITY): WriteElement {
  const name = new ByteRange()
  const content = new ByteRange()
  return (out, table, element) => {
    if (!isLive(table.entries, element, liveFromMs)) return
    name.readElement(table.entries, element)
    content.readElementValue(table.entries, element)
    show(out, name, content)
  }
}

/** All fields, behind what `head` writes. */
function replyAll(ctx: CommandContext, show: Shown, head: (out: ReplyWriter) => void): void {
  const { keyspace, reply } = ctx
  if (hash.address !== 0 && hash.isTable && hash.length > SLICED_FROM_ELEMENTS) {
    ctx.replyFrom(new AllElements(keyspace, hash.table, head, elementWriter(show, liveFrom(ctx))))
    return
  }
  head(reply)
  hash.iterate((name, content) => show(reply, name, content))
}

/** `count` fields, each drawn from all. */
function replyDraws(ctx: CommandContext, count: number, show: Shown, head: (out: ReplyWriter) => void): void {
  const { keyspace, reply } = ctx
  if (!hash.isTable) {
    replyElements(ctx, new ListpackDraws(hash.listpackCopy(), count, show, head), count)
    return
  }
  if (count > SLICED_FROM_ELEMENTS) {
    ctx.replyFrom(new DrawnElements(keyspace, hash.table, count, false, head, elementWriter(show)))
    return
  }
  head(reply)
  for (; count > 0; count--) {
    hash.random(field, value)
    show(reply, field, value)
  }
}

/** Draws from a small hash: from a copy, since the hash may change before the last one. */
class ListpackDraws implements ReplySource {
  readonly memoryBytes: number
  private readonly listpack: Buffer
  private readonly positions: Int32Array
  private left: number
  private readonly show: Shown
  private head: ((out: ReplyWriter) => void) | null
  private readonly name = new ByteRange()
  private readonly content = new ByteRange()

  constructor(listpack: Buffer, count: number, show: Shown, head: (out: ReplyWriter) => void) {
    this.listpack = listpack
    this.positions = fieldPositions(listpack, 0)
    this.memoryBytes = listpack.length + this.positions.byteLength
    this.left = count
    this.show = show
    this.head = head
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { content, listpack, name, positions, show } = this
    this.head?.(out)
    this.head = null
    while (this.left > 0) {
      const pos = positions[Math.floor(Math.random() * positions.length)]
      name.readListpack(listpack, pos)
      content.readListpack(listpack, pos + lpEntrySize(listpack, pos))
      show(out, name, content)
      this.left--
      if (this.left % DRAWS_BETWEEN_CLOCK_READS !== 0 || deadlineMs === Number.POSITIVE_INFINITY) continue
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return false
    }
    return true
  }

  close(): void {}
}

/** Selection sampling (Knuth, 3.4.2 S): every choice of `count` fields is as likely, and they come in the hash's order. */
function replyDifferentOfListpack(ctx: CommandContext, count: number, show: Shown): void {
  const positions = hash.fieldPositions()
  let left = positions.length
  for (let i = 0; count > 0; i++, left--) {
    if (Math.random() * left >= count) continue
    hash.showAt(positions[i], field, value)
    show(ctx.reply, field, value)
    count--
  }
}

/** `count` different fields of a large hash, which has more. */
function replyDifferent(ctx: CommandContext, count: number, show: Shown, head: (out: ReplyWriter) => void): void {
  const source = differentElements(ctx.keyspace, hash.table, count, head, elementWriter(show))
  replyElements(ctx, source, count)
}
