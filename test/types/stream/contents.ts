/** What a stream holds, as plain objects. */
import { expect } from 'vitest'
import type { Database } from '../../../src/store/database.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../../src/store/entries.js'
import { lpBytes } from '../../../src/store/listpack/listpack.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { readFields } from '../../../src/types/stream/entry-fields.js'
import { NodeCheck } from '../../../src/types/stream/node-check.js'
import { NodeEntries } from '../../../src/types/stream/node-entries.js'
import { deliveryCount, deliveryTime, readPendingId } from '../../../src/types/stream/pending.js'
import { Stream } from '../../../src/types/stream/stream.js'
import { parseStreamId, StreamId } from '../../../src/types/stream/stream-id.js'
import { streamOf } from '../../../src/types/stream/stream-kind.js'

export type Entry = readonly [id: string, ...fieldsAndValues: string[]]
export type PendingFacts = readonly [id: string, consumer: string, timeMs: number, deliveries: number]

export interface GroupContents {
  lastId: string
  entriesRead: number
  consumers: Record<string, { seenTimeMs: number; activeTimeMs: number }>
  pending: PendingFacts[]
}

export interface StreamContents {
  entries: Entry[]
  lastId: string
  firstId: string
  maxDeletedId: string
  entriesAdded: number
  groups: Record<string, GroupContents>
}

/** The ID of a text. */
export function idOf(text: string): StreamId {
  const id = new StreamId()
  const bytes = Buffer.from(text)
  expect(parseStreamId(bytes, 0, bytes.length, id)).not.toBe(0)
  return id
}

/** The stream of a key, made if there is none. */
export function openStream(db: Database, key: Buffer): Stream {
  const { aggregates, entries } = db.keyspace
  const address = db.findForWrite(key, 0, key.length)
  if (address !== 0) return streamOf(db.keyspace, address)
  const created = db.place(0, key, 0, key.length, TYPE_STREAM, ENCODING_AGGREGATE, 0, Number.NaN)
  const stream = new Stream(entries)
  entries.setPayload(created, aggregates.add(stream))
  return stream
}

/** A node: the ID of the first entry that it had, how many are there, and all of them, deleted ones too. */
export interface NodeContents {
  id: string
  count: number
  entries: { entry: Entry; deleted: boolean }[]
}

const text = new ByteRange()

function entryOf(entry: NodeEntries): Entry {
  const parts: string[] = []
  readFields(entry, text, () => parts.push(text.copy().toString('latin1')))
  return [entry.id.toString(), ...parts]
}

/** All nodes, each sound and with its counts right. */
export function nodesOf({ entries, tree }: Stream): NodeContents[] {
  const nodes: NodeContents[] = []
  const entry = new NodeEntries()
  const cursor = new TreeCursor()
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    entry.open(entries, cursor.address)
    const { count, deleted, listpack, master } = entry
    const check = new NodeCheck(
      master,
      listpack.buffer,
      listpack.at,
      listpack.at + lpBytes(listpack.buffer, listpack.at),
    )
    let verdict = check.step()
    while (verdict === 'going on') verdict = check.step()
    expect(verdict).toBe('sound')
    const node: NodeContents = { id: master.toString(), count, entries: [] }
    while (entry.next()) node.entries.push({ entry: entryOf(entry), deleted: entry.isDeleted })
    const backward: string[] = []
    entry.toEnd()
    while (entry.previous()) backward.push(entry.id.toString())
    expect(backward.reverse()).toEqual(node.entries.map(({ entry: [id] }) => id))
    expect(node.entries).toHaveLength(count + deleted)
    expect(node.entries.filter(each => !each.deleted)).toHaveLength(count)
    nodes.push(node)
  }
  return nodes
}

function groupsOf({ entries, groups }: Stream): Record<string, GroupContents> {
  const all: Record<string, GroupContents> = {}
  const cursor = new TreeCursor()
  const id = new StreamId()
  for (const [name, group] of groups) {
    const seen: GroupContents = {
      lastId: group.lastId.toString(),
      entriesRead: group.entriesRead,
      consumers: {},
      pending: [],
    }
    for (let more = group.pending.first(cursor); more; more = cursor.next()) {
      const { address } = cursor
      seen.pending.push([
        readPendingId(entries, address, id).toString(),
        group.consumerOf(address).name.toString('latin1'),
        deliveryTime(entries, address),
        deliveryCount(entries, address),
      ])
    }
    for (const consumer of group.consumers()) {
      const consumerName = consumer.name.toString('latin1')
      seen.consumers[consumerName] = { seenTimeMs: consumer.seenTimeMs, activeTimeMs: consumer.activeTimeMs }
      const own: string[] = []
      for (let more = consumer.pending.first(cursor); more; more = cursor.next()) {
        own.push(readPendingId(entries, cursor.address, id).toString())
      }
      expect(own).toEqual(seen.pending.filter(([, holder]) => holder === consumerName).map(([each]) => each))
    }
    all[name] = seen
  }
  return all
}

export function contentsOfStream(stream: Stream): StreamContents {
  const { entriesAdded, firstId, lastId, length, maxDeletedId } = stream
  const entries = nodesOf(stream).flatMap(node => node.entries.filter(({ deleted }) => !deleted))
  expect(entries).toHaveLength(length)
  return {
    entries: entries.map(({ entry }) => entry),
    lastId: lastId.toString(),
    firstId: firstId.toString(),
    maxDeletedId: maxDeletedId.toString(),
    entriesAdded,
    groups: groupsOf(stream),
  }
}
