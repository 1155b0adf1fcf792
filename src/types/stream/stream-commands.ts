/**
 * Reads streams of a snapshot as the commands of rewriteStreamObject in Redis's aof.c: XADD for each entry, XSETID, then for each group
 * XGROUP CREATE, and for each consumer XCLAIM of what is pending with it or, if nothing is, XGROUP CREATECONSUMER. A snapshot for
 * commands has what is pending with the consumers.
 */
import { RDB_TYPE_STREAM_LISTPACKS_2 } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks } from '../../resp/request-output.js'
import { CommandsReader } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'
import { EntryCommands, writeId } from './entry-commands.js'
import { ID_BYTES, StreamId } from './stream-id.js'
import { readTime, TIME_BYTES } from './stream-reader.js'
import { WideLengths } from './wide-lengths.js'

const XADD = bulks('XADD')
/** The least entry there is, which is gone at once. */
const EMPTY = bulks('MAXLEN', '0', '0-1', 'x', 'y')
const XSETID = bulks('XSETID')
const ENTRIESADDED = bulks('ENTRIESADDED')
const MAXDELETEDID = bulks('MAXDELETEDID')
const XGROUP_CREATE = bulks('XGROUP', 'CREATE')
const ENTRIESREAD = bulks('ENTRIESREAD')
const XGROUP_CREATECONSUMER = bulks('XGROUP', 'CREATECONSUMER')
const XCLAIM = bulks('XCLAIM')
const NOT_IDLE = bulks('0')
const TIME = bulks('TIME')
const RETRYCOUNT = bulks('RETRYCOUNT')
const JUSTID_FORCE = bulks('JUSTID', 'FORCE')

type Step = (bytes: Buffer, at: number, end: number) => number

export class StreamCommandsReader extends CommandsReader {
  private readonly entries: EntryCommands
  private readonly wide: WideLengths
  private readonly string = new StringReader()
  private readonly id = new StreamId()
  private readonly deletedId = new StreamId()
  /** What comes next; null: nothing does. */
  private next: Step | null = null
  private nodes = 0
  private groups = 0
  private consumers = 0
  /** Pending entries of the consumer. */
  private pending = 0
  /** Names, which stand in many commands. */
  private group: Buffer = Buffer.alloc(0)
  private consumer: Buffer = Buffer.alloc(0)

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    super(window, keys, commands)
    this.entries = new EntryCommands(commands, XADD)
    this.wide = new WideLengths(window)
  }

  override get inPieces(): boolean {
    return this.next !== null
  }
  override get missing(): string {
    return 'more of a stream'
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    if (type !== RDB_TYPE_STREAM_LISTPACKS_2) this.failForm(type, at)
    const next = this.readHead(bytes, at, end)
    if (next < 0) return next
    this.nodes = this.left
    this.entries.written = 0
    this.next = this.nodes > 0 ? this.readStreamNode : this.readFacts
    return next
  }

  override readPiece(bytes: Buffer, at: number, end: number): number {
    const { next } = this
    if (next === null) throw new Error('stream: no piece is due')
    return next.call(this, bytes, at, end)
  }

  protected readElement(_bytes: Buffer, at: number): number {
    return at
  }

  private readStreamNode(bytes: Buffer, at: number, end: number): number {
    const { entries, string, window } = this
    const nodeAt = window.locate(string, bytes, at, end)
    if (nodeAt < 0) return nodeAt
    window.decode(string, bytes)
    entries.nodeId.readBytes(string.bytes, string.start)
    const next = this.readNode(entries, bytes, nodeAt, end)
    if (next >= 0 && --this.nodes === 0) this.next = this.readFacts
    return next
  }

  private readFacts(bytes: Buffer, at: number, end: number): number {
    const { deletedId, id, wide, window } = this
    let next = window.length(bytes, at, end)
    if (next >= 0) next = wide.readId(bytes, next, end, id)
    // The ID of the first entry, which XADD finds out.
    if (next >= 0) next = wide.readId(bytes, next, end, deletedId)
    if (next >= 0) next = wide.readId(bytes, next, end, deletedId)
    if (next >= 0) next = wide.read(bytes, next, end)
    if (next < 0) return next
    const entriesAdded = Math.max(0, wide.count)
    next = window.length(bytes, next, end)
    if (next < 0) return next
    this.groups = window.lengths.value
    this.writeFacts(entriesAdded)
    this.nextGroup()
    return next
  }

  private writeFacts(entriesAdded: number): void {
    const { commands, deletedId, id } = this
    const { out } = commands
    if (this.entries.written === 0) {
      commands.command(XADD, 7)
      out.raw(EMPTY)
    }
    commands.command(XSETID, 7)
    writeId(out, id)
    out.raw(ENTRIESADDED)
    out.bulkInteger(entriesAdded)
    out.raw(MAXDELETEDID)
    writeId(out, deletedId)
  }

  private nextGroup(): void {
    if (this.groups > 0) {
      this.groups--
      this.next = this.readGroup
      return
    }
    this.next = null
    this.left = 0
    this.commands.end()
  }

  private readGroup(bytes: Buffer, at: number, end: number): number {
    const { commands, id, string, wide, window } = this
    let next = window.locate(string, bytes, at, end)
    if (next >= 0) next = wide.readId(bytes, next, end, id)
    if (next >= 0) next = wide.read(bytes, next, end)
    if (next < 0) return next
    const entriesRead = wide.count
    const consumersAt = window.length(bytes, next, end)
    if (consumersAt < 0) return consumersAt
    if (window.lengths.value > 0) window.fail(next, 'pending entries with their consumers', 'some with their group')
    next = window.length(bytes, consumersAt, end)
    if (next < 0) return next
    this.consumers = window.lengths.value
    window.decode(string, bytes)
    this.group = keptBytes(string)
    commands.command(XGROUP_CREATE, 7)
    this.name(this.group)
    writeId(commands.out, id)
    commands.out.raw(ENTRIESREAD)
    commands.out.bulkInteger(entriesRead)
    this.nextConsumer()
    return next
  }

  private nextConsumer(): void {
    if (this.consumers > 0) {
      this.consumers--
      this.next = this.readConsumer
    } else this.nextGroup()
  }

  private readConsumer(bytes: Buffer, at: number, end: number): number {
    const { commands, string, window } = this
    const seenAt = window.locate(string, bytes, at, end)
    if (seenAt < 0) return seenAt
    const countAt = seenAt + TIME_BYTES
    if (countAt > end) return window.short(countAt)
    const next = window.length(bytes, countAt, end)
    if (next < 0) return next
    this.pending = window.lengths.value
    window.decode(string, bytes)
    this.consumer = keptBytes(string)
    if (this.pending > 0) {
      this.next = this.readPending
      return next
    }
    commands.command(XGROUP_CREATECONSUMER, 5)
    this.name(this.group)
    this.name(this.consumer)
    this.nextConsumer()
    return next
  }

  private readPending(bytes: Buffer, at: number, end: number): number {
    const { id, window } = this
    const timeAt = at + ID_BYTES
    const countAt = timeAt + TIME_BYTES
    if (countAt > end) return window.short(countAt)
    const next = window.length(bytes, countAt, end)
    if (next < 0) return next
    id.readBytes(bytes, at)
    this.writePending(readTime(bytes, timeAt), window.lengths.value)
    if (--this.pending === 0) this.nextConsumer()
    return next
  }

  private writePending(timeMs: number, deliveries: number): void {
    const { commands, id } = this
    const { out } = commands
    commands.command(XCLAIM, 12)
    this.name(this.group)
    this.name(this.consumer)
    out.raw(NOT_IDLE)
    writeId(out, id)
    out.raw(TIME)
    out.bulkInteger(timeMs)
    out.raw(RETRYCOUNT)
    out.bulkInteger(deliveries)
    out.raw(JUSTID_FORCE)
  }

  private name(name: Buffer): void {
    this.commands.repeat(name, 0, name.length)
  }
}

/** The decoded string, in a Buffer that stays as it is. */
function keptBytes({ bytes, end, own, start }: StringReader): Buffer {
  return own ? bytes.subarray(start, end) : Buffer.from(bytes.subarray(start, end))
}
