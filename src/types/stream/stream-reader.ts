/**
 * Reads streams from RDB bytes, in the three forms there are (stream listpacks 1 to 3), a piece at a time: a node, what is known of the
 * stream, a group, something pending, a consumer, the ID of something pending with it. Source: rdbLoadObject in Redis's rdb.c.
 */
import { latin1 } from '../../bytes/latin1.js'
import { quoted } from '../../rdb/error.js'
import { RDB_TYPE_STREAM_LISTPACKS, RDB_TYPE_STREAM_LISTPACKS_3 } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import { LONG_BYTES, type RdbWindow } from '../../rdb/window.js'
import { LEFT_OUT, TWICE, type ValueReader, type ValueTarget } from '../value-reader.js'
import { type Consumer, type ConsumerGroup, ENTRIES_READ_UNKNOWN } from './consumer-group.js'
import { distanceFromFirst } from './entries-read.js'
import { NodeCheck } from './node-check.js'
import type { Stream } from './stream.js'
import { ID_BYTES, StreamId } from './stream-id.js'
import { StreamLoading } from './stream-loading.js'
import { WideLengths } from './wide-lengths.js'

const TWO_32 = 4294967296
export const TIME_BYTES = 8
/** Times lie this far from 1970 at most: their differences are exact, too. */
const MOST_TIME_MS = 2 ** 52

/** bytes[start, end); `own`: that is all of `bytes`, which may be kept. */
interface CheckedBytes {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly own: boolean
}

const NO_BYTES: CheckedBytes = { bytes: Buffer.alloc(0), start: 0, end: 0, own: false }

type Step = (bytes: Buffer, at: number, end: number) => number

export class StreamReader implements ValueReader {
  private readonly window: RdbWindow
  private readonly keys: KeyReader
  private readonly target: ValueTarget
  private readonly string = new StringReader()
  private readonly node = new StringReader()
  private readonly id = new StreamId()
  private readonly wide: WideLengths
  private type = 0
  /** What comes next; null: nothing does. */
  private step: Step | null = null
  /** null for a stream that is left out. */
  private loading: StreamLoading | null = null
  /** What is left of what: nodes, groups, consumers of the group, pending entries of it or of the consumer. */
  private nodes = 0
  private groups = 0
  private consumers = 0
  private pending = 0
  private group: ConsumerGroup | null = null
  private consumer: Consumer | null = null
  /** A long node that has been read, but not been checked. */
  private check: NodeCheck | null = null
  private checkOffset = 0
  private checkId = new StreamId()
  private checkBytes: CheckedBytes = NO_BYTES
  /** Entries in the nodes that have been read, and the last ID in them, not of what is deleted. */
  private counted = 0
  private hasNodes = false
  private readonly readUpTo = new StreamId()

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    this.window = window
    this.keys = keys
    this.target = target
    this.wide = new WideLengths(window)
  }

  get inPieces(): boolean {
    return this.step !== null
  }
  get missing(): string {
    if (this.nodes > 0) return `${this.nodes} more nodes`
    if (this.pending > 0) return `${this.pending} more pending entries`
    if (this.consumers > 0) return `${this.consumers} more consumers`
    return `${this.groups} more groups`
  }
  get isBusy(): boolean {
    return this.check !== null
  }
  work(): void {
    this.checkOn()
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    const { target, window } = this
    const next = window.length(bytes, at, end)
    if (next < 0) return next
    const count = window.lengths.value
    const key = this.keys.take(bytes)
    const claim = target.claim(key)
    if (claim === TWICE) window.failDuplicate(key, at)
    this.type = type
    this.loading = claim === LEFT_OUT ? null : new StreamLoading(target, key)
    window.openKey = quoted(key.bytes, key.start, key.end)
    this.nodes = count
    this.groups = this.consumers = this.pending = this.counted = 0
    this.hasNodes = false
    this.readUpTo.setZero()
    this.group = null
    this.consumer = null
    this.step = count > 0 ? this.readNode : this.readFacts
    return next
  }

  readPiece(bytes: Buffer, at: number, end: number): number {
    const { step } = this
    if (step === null) throw new Error('stream: no piece is due')
    const next = step.call(this, bytes, at, end)
    if (next >= 0 && this.step === null) this.window.openKey = null
    return next
  }

  // Nodes

  private readNode(bytes: Buffer, at: number, end: number): number {
    const { node, string, window } = this
    const nodeAt = window.locate(string, bytes, at, end)
    if (nodeAt < 0) return nodeAt
    const next = window.locate(node, bytes, nodeAt, end)
    if (next < 0) return next
    window.decode(string, bytes)
    if (string.end - string.start !== ID_BYTES)
      window.fail(at, 'the ID of a node, 16 bytes', `${string.end - string.start}`)
    this.checkId.readBytes(string.bytes, string.start)
    window.decode(node, bytes)
    if (this.hasNodes && this.checkId.compare(this.readUpTo) <= 0)
      window.fail(at, 'nodes in order', this.checkId.toString())
    this.check = new NodeCheck(this.checkId, node.bytes, node.start, node.end)
    this.checkBytes = { bytes: node.bytes, start: node.start, end: node.end, own: node.own }
    this.checkOffset = window.offsetOf(nodeAt)
    if (--this.nodes === 0) this.step = this.readFacts
    const isLong = node.own && node.bytes.length > LONG_BYTES
    if (!isLong) while (this.check !== null) this.checkOn()
    return next
  }

  /** Goes on with the node. */
  private checkOn(): void {
    const { check, window } = this
    if (check === null) return
    const verdict = check.step()
    if (verdict === 'going on') return
    this.check = null
    const { bytes, end, own, start } = this.checkBytes
    if (verdict === 'damaged') {
      const found = `${end - start} bytes (Stream listpack integrity check failed)`
      window.failAt(this.checkOffset, 'a listpack of entries', found)
    }
    this.counted += check.count
    this.readUpTo.set(check.lastId)
    this.hasNodes = true
    this.loading?.node(this.checkId, bytes, start, end, own)
    this.checkBytes = NO_BYTES
  }

  // What is known of the stream

  private readonly facts = {
    length: 0,
    added: 0,
    lastId: new StreamId(),
    firstId: new StreamId(),
    deletedId: new StreamId(),
  }

  private readFacts(bytes: Buffer, at: number, end: number): number {
    const { facts, window } = this
    let next = window.length(bytes, at, end)
    if (next < 0) return next
    facts.length = window.lengths.value
    next = this.wide.readId(bytes, next, end, facts.lastId)
    if (next < 0) return next
    if (this.type !== RDB_TYPE_STREAM_LISTPACKS) {
      next = this.wide.readId(bytes, next, end, facts.firstId)
      if (next >= 0) next = this.wide.readId(bytes, next, end, facts.deletedId)
      if (next >= 0) next = this.wide.read(bytes, next, end)
      if (next < 0) return next
      facts.added = Math.max(0, this.wide.count)
    }
    next = window.length(bytes, next, end)
    if (next < 0) return next
    if (facts.length !== this.counted) window.fail(at, `a length of ${this.counted}`, `${facts.length}`)
    // New entries go behind it.
    if (facts.lastId.compare(this.readUpTo) < 0) window.fail(at, `an ID from ${this.readUpTo} on`, `${facts.lastId}`)
    this.groups = window.lengths.value
    if (this.loading !== null) this.setFacts(this.loading.stream)
    this.nextGroup()
    return next
  }

  private setFacts(stream: Stream): void {
    const { facts } = this
    stream.length = facts.length
    stream.lastId.set(facts.lastId)
    if (this.type === RDB_TYPE_STREAM_LISTPACKS) {
      stream.entriesAdded = facts.length
      stream.updateFirstId()
      return
    }
    stream.firstId.set(facts.firstId)
    stream.maxDeletedId.set(facts.deletedId)
    stream.entriesAdded = facts.added
  }

  // Groups

  private nextGroup(): void {
    if (this.groups > 0) {
      this.groups--
      this.step = this.readGroup
      return
    }
    this.step = null
    this.group = null
    this.consumer = null
    this.loading?.end()
    this.loading = null
  }

  private readGroup(bytes: Buffer, at: number, end: number): number {
    const { id, string, window } = this
    let next = window.locate(string, bytes, at, end)
    if (next >= 0) next = this.wide.readId(bytes, next, end, id)
    if (next < 0) return next
    let entriesRead = ENTRIES_READ_UNKNOWN
    if (this.type !== RDB_TYPE_STREAM_LISTPACKS) {
      next = this.wide.read(bytes, next, end)
      if (next < 0) return next
      entriesRead = Math.max(ENTRIES_READ_UNKNOWN, this.wide.count)
    }
    next = window.length(bytes, next, end)
    if (next < 0) return next
    this.pending = window.lengths.value
    window.decode(string, bytes)
    if (this.loading !== null) {
      const { stream } = this.loading
      if (this.type === RDB_TYPE_STREAM_LISTPACKS) entriesRead = distanceFromFirst(stream, id)
      this.group = stream.addGroup(latin1(string.bytes, string.start, string.end), id, entriesRead)
      if (this.group === null) {
        const found = `${quoted(string.bytes, string.start, string.end)} a second time`
        window.fail(at, 'every group once', `${found} (Duplicated consumer group name)`)
      }
    }
    this.step = this.pending > 0 ? this.readPending : this.readConsumerCount
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
    const timeMs = readTime(bytes, timeAt)
    if (this.group !== null && !this.group.addOrphan(id, timeMs, window.lengths.value)) {
      window.fail(at, 'every pending entry once', id.toString())
    }
    if (--this.pending === 0) this.step = this.readConsumerCount
    return next
  }

  private readConsumerCount(bytes: Buffer, at: number, end: number): number {
    const next = this.window.length(bytes, at, end)
    if (next < 0) return next
    this.consumers = this.window.lengths.value
    this.nextConsumer(at)
    return next
  }

  private nextConsumer(at: number): void {
    if (this.consumers > 0) {
      this.consumers--
      this.step = this.readConsumer
      return
    }
    if (this.group !== null && this.group.orphans > 0) {
      this.window.fail(at, 'a consumer for every pending entry', `none for ${this.group.orphans}`)
    }
    this.nextGroup()
  }

  private readConsumer(bytes: Buffer, at: number, end: number): number {
    const { string, window } = this
    const seenAt = window.locate(string, bytes, at, end)
    if (seenAt < 0) return seenAt
    const hasActiveTime = this.type === RDB_TYPE_STREAM_LISTPACKS_3
    const countAt = seenAt + (hasActiveTime ? 2 : 1) * TIME_BYTES
    if (countAt > end) return window.short(countAt)
    const next = window.length(bytes, countAt, end)
    if (next < 0) return next
    this.pending = window.lengths.value
    window.decode(string, bytes)
    const { group } = this
    if (group !== null) {
      const name = latin1(string.bytes, string.start, string.end)
      if (group.consumer(name) !== undefined) {
        const found = `${quoted(string.bytes, string.start, string.end)} a second time`
        window.fail(at, 'every consumer once', `${found} (Duplicate stream consumer detected)`)
      }
      this.consumer = group.addConsumer(name, readTime(bytes, seenAt))
      // Before it was kept, being seen was being active.
      this.consumer.activeTimeMs = readTime(bytes, hasActiveTime ? seenAt + TIME_BYTES : seenAt)
    }
    if (this.pending > 0) this.step = this.readConsumerPending
    else this.nextConsumer(at)
    return next
  }

  private readConsumerPending(bytes: Buffer, at: number, end: number): number {
    const { consumer, group, id, window } = this
    if (at + ID_BYTES > end) return window.short(at + ID_BYTES)
    id.readBytes(bytes, at)
    if (group !== null && consumer !== null && !group.adopt(id, consumer)) {
      window.fail(at, 'an entry that is pending in the group, once', id.toString())
    }
    if (--this.pending === 0) this.nextConsumer(at)
    return at + ID_BYTES
  }
}

/** A Unix time in milliseconds. */
export function readTime(bytes: Buffer, at: number): number {
  const ms = bytes.readInt32LE(at + 4) * TWO_32 + bytes.readUInt32LE(at)
  return Math.max(-MOST_TIME_MS, Math.min(MOST_TIME_MS, ms))
}
