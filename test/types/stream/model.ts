/** A stream and the plain one that says what it must be. */
import { expect } from 'vitest'
import { RdbOutput } from '../../../src/rdb/output.js'
import type { Database } from '../../../src/store/database.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import type { FormTaker, HeldForm } from '../../../src/types/held-form.js'
import type { ConsumerGroup } from '../../../src/types/stream/consumer-group.js'
import { readFields } from '../../../src/types/stream/entry-fields.js'
import { NodeEntries } from '../../../src/types/stream/node-entries.js'
import { deliveryCount, deliveryTime, type PendingTree, readPendingId } from '../../../src/types/stream/pending.js'
import { Stream } from '../../../src/types/stream/stream.js'
import { parseStreamId, StreamId } from '../../../src/types/stream/stream-id.js'
import { streamKind, streamOf } from '../../../src/types/stream/stream-kind.js'
import type { StreamLimits } from '../../../src/types/value-limits.js'
import { file, str } from '../../persistence/rdb/bytes.js'
import { load } from '../../persistence/rdb/keyspace.js'

const KEY = Buffer.from('the key')
const COPY = Buffer.from('the copy')
const LOADED = Buffer.from('k')

export function idOf(text: string): StreamId {
  const id = new StreamId()
  expect(parseStreamId(Buffer.from(text), 0, text.length, id)).toBeGreaterThan(0)
  return id
}

const orderOf = (text: string): bigint => {
  const [ms, seq] = text.split('-').map(BigInt)
  return (ms << 64n) | seq
}
const inOrder = (a: string, b: string): number => (orderOf(a) < orderOf(b) ? -1 : 1)

interface Pending {
  id: string
  consumer: string
  timeMs: number
  count: number
}

interface Group {
  lastId: string
  entriesRead: number
  /** By name; when it was seen. */
  consumers: Map<string, number>
  pending: Map<string, Pending>
}

interface Entry {
  id: string
  texts: string[]
  deleted: boolean
}

/** All that there is to say of a stream. */
export interface Description {
  length: number
  added: number
  ids: string[]
  nodes: [string, ...Entry[]][]
  groups: [string, string, number, [string, number, string[]][], Pending[]][]
}

function pendingIds(stream: Stream, tree: PendingTree): string[] {
  const ids: string[] = []
  const cursor = new TreeCursor()
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    ids.push(readPendingId(stream.entries, cursor.address, new StreamId()).toString())
  }
  expect(ids.length).toBe(tree.count)
  return ids
}

function describeGroup(stream: Stream, group: ConsumerGroup): Description['groups'][0] {
  const { entries } = stream
  const pending: Pending[] = []
  for (const text of pendingIds(stream, group.pending)) {
    const address = group.find(idOf(text))
    pending.push({
      id: text,
      consumer: group.consumerOf(address).name.toString('latin1'),
      timeMs: deliveryTime(entries, address),
      count: deliveryCount(entries, address),
    })
  }
  const consumers = group.consumers().map((consumer): [string, number, string[]] => {
    expect(group.consumer(consumer.name.toString('latin1'))).toBe(consumer)
    return [consumer.name.toString('latin1'), consumer.seenTimeMs, pendingIds(stream, consumer.pending)]
  })
  return [group.name.toString('latin1'), group.lastId.toString(), group.entriesRead, consumers, pending]
}

export function describeStream(stream: Stream): Description {
  const nodes: Description['nodes'] = []
  const entry = new NodeEntries()
  const text = new ByteRange()
  const cursor = new TreeCursor()
  for (let more = stream.tree.first(cursor); more; more = cursor.next()) {
    entry.open(stream.entries, cursor.address)
    const node: Description['nodes'][0] = [entry.master.toString()]
    while (entry.next()) {
      const texts: string[] = []
      readFields(entry, text, () => texts.push(text.copy().toString('latin1')))
      node.push({ id: entry.id.toString(), texts, deleted: entry.isDeleted })
    }
    expect(node.filter(each => typeof each !== 'string' && each.deleted).length).toBe(entry.deleted)
    expect(node.length - 1).toBe(entry.count + entry.deleted)
    const backward: string[] = []
    for (entry.toEnd(); entry.previous(); ) backward.push(entry.id.toString())
    expect(backward.reverse()).toEqual(node.slice(1).map(each => (each as Entry).id))
    nodes.push(node)
  }
  return {
    length: stream.length,
    added: stream.entriesAdded,
    ids: [stream.firstId, stream.lastId, stream.maxDeletedId].map(String),
    nodes,
    groups: stream.groupsInOrder().map(group => describeGroup(stream, group)),
  }
}

/** A stream's form as of some moment, taken bit by bit. */
interface Held {
  form: HeldForm
  out: RdbOutput
  taker: FormTaker
  wanted: Description
  more: boolean
}

export class StreamPair {
  readonly db: Database = new Keyspace(1).databases[0]
  private readonly limits: StreamLimits
  private nodes: { id: string; entries: Entry[] }[] = []
  private lastId = '0-0'
  private maxDeletedId = '0-0'
  private added = 0
  private readonly groups = new Map<string, Group>()
  private held: Held[] = []
  /** Groups whose pending entries are to be had in order of time, too. */
  private readonly inTime = new WeakSet<ConsumerGroup>()
  private readonly tableBytes: number

  constructor(limits: StreamLimits) {
    this.limits = limits
    this.tableBytes = this.db.entries.tableBytes
  }

  /** KEY's stream, as a command gets it. */
  private get stream(): Stream {
    const { db } = this
    const found = db.findForWrite(KEY, 0, KEY.length)
    if (found !== 0) return streamOf(db.keyspace, found)
    const address = db.place(0, KEY, 0, KEY.length, TYPE_STREAM, ENCODING_AGGREGATE, 0, Number.NaN)
    const stream = new Stream(db.entries)
    db.entries.setPayload(address, db.keyspace.aggregates.add(stream))
    return stream
  }

  private get alive(): Entry[] {
    return this.nodes.flatMap(({ entries }) => entries.filter(({ deleted }) => !deleted))
  }

  private get firstId(): string {
    return this.alive[0]?.id ?? '0-0'
  }

  private description(): Description {
    const groups = [...this.groups].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      length: this.alive.length,
      added: this.added,
      ids: [this.firstId, this.lastId, this.maxDeletedId],
      nodes: this.nodes.map(({ entries, id }) => [id, ...entries.map(entry => ({ ...entry }))]),
      groups: groups.map(([name, { consumers, entriesRead, lastId, pending }]) => {
        const all = [...pending.values()].sort((a, b) => inOrder(a.id, b.id))
        return [
          name,
          lastId,
          entriesRead,
          [...consumers]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([each, seenMs]): [string, number, string[]] => [
              each,
              seenMs,
              all.filter(({ consumer }) => consumer === each).map(({ id }) => id),
            ]),
          all.map(each => ({ ...each })),
        ]
      }),
    }
  }

  // Entries

  append(msMore: bigint, seq: bigint, texts: string[]): void {
    const [ms, last] = this.lastId.split('-').map(BigInt)
    const id = msMore === 0n ? `${ms}-${last + 1n + seq}` : `${ms + msMore}-${seq}`
    const buffer = Buffer.from(texts.join(''), 'latin1')
    const starts = new Int32Array(texts.length + 1)
    const ends = new Int32Array(texts.length + 1)
    let at = 0
    for (const [i, each] of texts.entries()) {
      starts[i] = at
      at += each.length
      ends[i] = at
    }
    expect(this.stream.append(idOf(id), buffer, starts, ends, 0, texts.length, this.limits)).toBe(0)
    const node = this.nodes.at(-1)
    const entry: Entry = { id, texts, deleted: false }
    if (node === undefined || node.entries.length >= this.limits.nodeMaxEntries)
      this.nodes.push({ id, entries: [entry] })
    else node.entries.push(entry)
    this.lastId = id
    this.added++
  }

  /** An ID of some entry, a deleted one too, or of none. */
  private someId(number: number): string {
    const all = this.nodes.flatMap(({ entries }) => entries)
    if (all.length === 0 || number % 7 === 0) return `${number}-1`
    return all[number % all.length].id
  }

  delete(number: number): void {
    const text = this.someId(number)
    const id = idOf(text)
    const { stream } = this
    const node = this.nodes.find(({ entries }) => entries.some(entry => entry.id === text))
    const entry = node?.entries.find(each => each.id === text)
    const isThere = entry !== undefined && !entry.deleted
    expect(stream.has(id)).toBe(isThere)
    expect(stream.delete(id)).toBe(isThere)
    if (node === undefined || entry === undefined || !isThere) return
    entry.deleted = true
    if (node.entries.every(each => each.deleted)) this.nodes = this.nodes.filter(each => each !== node)
    if (inOrder(text, this.maxDeletedId) > 0) this.maxDeletedId = text
    if (id.compare(stream.maxDeletedId) > 0) stream.maxDeletedId.set(id)
    stream.updateFirstId()
  }

  trim(number: number, byLength: boolean, approximate: boolean, limit: number): void {
    const before = this.alive.length
    const maxLength = number % (before + 2)
    const minId = this.someId(number)
    const has = (node: { entries: Entry[] }): number => node.entries.filter(({ deleted }) => !deleted).length
    for (let gone = 0; this.nodes.length > 0; ) {
      const [node] = this.nodes
      const count = has(node)
      const left = this.alive.length
      if (byLength && left <= maxLength) break
      if (limit > 0 && gone + count > limit) break
      const lastOfNode = node.entries[node.entries.length - 1].id
      if (byLength ? left - count >= maxLength : inOrder(lastOfNode, minId) < 0 && lastOfNode !== minId) {
        this.nodes.shift()
        gone += count
        continue
      }
      if (approximate) break
      for (const entry of node.entries) {
        if (byLength ? this.alive.length <= maxLength : entry.id === minId || inOrder(entry.id, minId) > 0) break
        entry.deleted = true
      }
      break
    }
    const target = { maxLength: byLength ? maxLength : Number.NaN, minId: idOf(minId), approximate, limit }
    expect(this.stream.trim(target)).toBe(before - this.alive.length)
  }

  // Groups

  addGroup(name: string, entriesRead: number): void {
    const { lastId, stream } = this
    expect(stream.addGroup(name, idOf(lastId), entriesRead) === null).toBe(this.groups.has(name))
    if (this.groups.has(name)) return
    this.groups.set(name, { lastId, entriesRead, consumers: new Map(), pending: new Map() })
  }

  removeGroup(name: string): void {
    expect(this.stream.removeGroup(name)).toBe(this.groups.delete(name))
  }

  addConsumer(group: string, name: string, seenMs: number): void {
    const wanted = this.groups.get(group)
    if (wanted === undefined) return
    const found = this.stream.groups.get(group)
    expect(found?.consumer(name) !== undefined).toBe(wanted.consumers.has(name))
    if (wanted.consumers.has(name)) return
    found?.addConsumer(name, seenMs)
    wanted.consumers.set(name, seenMs)
  }

  removeConsumer(group: string, name: string): void {
    const wanted = this.groups.get(group)
    const found = this.stream.groups.get(group)
    const consumer = found?.consumer(name)
    expect(consumer !== undefined).toBe(wanted?.consumers.has(name) === true)
    if (wanted === undefined || consumer === undefined) return
    found?.removeConsumer(consumer)
    wanted.consumers.delete(name)
    for (const { consumer: holder, id } of [...wanted.pending.values()]) if (holder === name) wanted.pending.delete(id)
  }

  /** Gives an entry to a consumer, who may have it, another consumer may have it, or nobody. */
  give(group: string, name: string, id: string, timeMs: number, count: number): void {
    const wanted = this.groups.get(group)
    const found = this.stream.groups.get(group)
    const consumer = found?.consumer(name)
    if (wanted === undefined || found === undefined || consumer === undefined) return
    expect(found.find(idOf(id)) !== 0).toBe(wanted.pending.has(id))
    if (wanted.pending.has(id)) found.assign(idOf(id), consumer, timeMs, count)
    else found.add(idOf(id), consumer, timeMs, count)
    wanted.pending.set(id, { id, consumer: name, timeMs, count })
  }

  acknowledge(group: string, id: string): void {
    const wanted = this.groups.get(group)
    if (wanted === undefined) return
    expect(this.stream.groups.get(group)?.remove(idOf(id))).toBe(wanted.pending.delete(id))
  }

  /** From here on the group has what is pending in order of time. */
  orderInTime(group: string): void {
    const found = this.stream.groups.get(group)
    if (found === undefined) return
    expect(found.byTime.make(Number.POSITIVE_INFINITY)).toBe(true)
    this.inTime.add(found)
  }

  private checkTimes(name: string, { pending }: Group): void {
    const found = this.stream.groups.get(name)
    if (found === undefined || !this.inTime.has(found)) return
    const wanted = [...pending.values()].sort((a, b) => a.timeMs - b.timeMs || inOrder(a.id, b.id))
    expect(pendingIds(this.stream, found.byTime.tree)).toEqual(wanted.map(({ id }) => id))
  }

  // As the store sees it

  /** Holds the stream as it is now, until takeAll(). */
  hold(): void {
    const { db, stream } = this
    const out = new RdbOutput()
    const taker: FormTaker = {
      out,
      append: () => expect.fail('nothing is written aside'),
      string: held => {
        const bytes = Buffer.alloc(held.length)
        held.read(0, held.length, bytes, 0)
        held.release()
        out.string(bytes, 0, bytes.length, true)
      },
    }
    const form = streamKind.hold(db.keyspace, db.findAny(KEY, 0, KEY.length), { compress: true, snapshot: null })
    expect(stream.entries).toBe(db.entries)
    this.held.push({ form, out, taker, wanted: this.description(), more: true })
  }

  /** Takes what comes next of one that is held. */
  takePiece(number: number): void {
    if (this.held.length === 0) return
    const held = this.held[number % this.held.length]
    if (held.more) held.more = held.form.next(held.taker)
  }

  /** Takes the rest, reads all of it again, and expects to see what was held. */
  takeAll(number: number): void {
    if (this.held.length === 0) return
    const [{ form, more, out, taker, wanted }] = this.held.splice(number % this.held.length, 1)
    if (more) while (form.next(taker)) {}
    form.close()
    const { keyspace } = load(file(10, streamKind.rdbType(this.db.keyspace, 0), str('k'), out.take()))
    const [database] = keyspace.databases
    const stream = streamOf(keyspace, database.findAny(LOADED, 0, LOADED.length))
    expect(describeStream(stream)).toEqual(wanted)
  }

  /** Lets go of one that is held, whatever has been taken of it. */
  letGo(number: number): void {
    if (this.held.length === 0) return
    const [{ form }] = this.held.splice(number % this.held.length, 1)
    form.close()
  }

  /** Moves all that has an address, if that may be done now. */
  moveAll(): void {
    const { stream } = this
    if (!stream.entriesMayMove) {
      expect(this.held.length).toBeGreaterThan(0)
      return
    }
    const { entries } = this.db
    let cursor = 0
    do cursor = stream.rewrite(cursor, (address, bytes) => entries.relocate(address, bytes))
    while (cursor !== 0)
    stream.compact()
  }

  collect(): void {
    while (!this.db.keyspace.collectGarbage(0));
  }

  /** The copy is as the original, and goes on its own. */
  copy(): void {
    const { db } = this
    this.stream.has(idOf('1-1'))
    const from = db.findAny(KEY, 0, KEY.length)
    db.findForWrite(COPY, 0, COPY.length)
    streamKind.copy(db, from, db, COPY, 0, COPY.length, Number.NaN)
    const copied = db.findAny(COPY, 0, COPY.length)
    expect(describeStream(streamOf(db.keyspace, copied))).toEqual(this.description())
    db.remove(copied)
  }

  removeKey(): void {
    const { db } = this
    const address = db.findForWrite(KEY, 0, KEY.length)
    if (address !== 0) db.remove(address)
    this.nodes = []
    this.groups.clear()
    this.lastId = this.maxDeletedId = '0-0'
    this.added = 0
  }

  check(): void {
    expect(describeStream(this.stream)).toEqual(this.description())
    const id = new StreamId()
    const last = this.alive.at(-1)
    expect(this.stream.lastEntryId(id)).toBe(last !== undefined)
    if (last !== undefined) expect(id.toString()).toBe(last.id)
    for (const [name, group] of this.groups) this.checkTimes(name, group)
  }

  /** With nothing left that anybody looks at, all memory is free. */
  end(): void {
    while (this.held.length > 0) this.takeAll(0)
    this.removeKey()
    this.collect()
    const { entries } = this.db
    expect(entries.usedBytes).toBe(0)
    expect(entries.openViews).toBe(0)
    expect(entries.buffers.count).toBe(0)
    expect(entries.externalBytes).toBe(0)
  }

  get isHeld(): boolean {
    return this.held.length > 0
  }

  /** Bytes of tables beside those of an empty database. */
  get tableBytesMore(): number {
    return this.db.entries.tableBytes - this.tableBytes
  }
}
