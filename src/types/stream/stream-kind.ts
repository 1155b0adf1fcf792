/** Streams, as the rest of the server sees them. */
import {
  RDB_TYPE_STREAM_LISTPACKS,
  RDB_TYPE_STREAM_LISTPACKS_2,
  RDB_TYPE_STREAM_LISTPACKS_3,
} from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { ByteRange } from '../byte-range.js'
import type { Digest } from '../digest.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import type { KeyCommands } from '../key-commands.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { readFields } from './entry-fields.js'
import { HeldStream } from './held-stream.js'
import { NodeEntries } from './node-entries.js'
import type { Stream } from './stream.js'
import { StreamCommandsReader } from './stream-commands.js'
import { copyStream, SlicedStreamCopy } from './stream-copy.js'
import { nodeMemoryBytes } from './stream-node.js'
import { StreamReader } from './stream-reader.js'

/** Nodes, consumers and pending entries of a stream that takes no time to copy. */
const COPIED_AT_ONCE = 1000

/** The stream in the entry at `address`. Whoever comes to one that is being changed in slices could not wait. */
export function streamOf({ aggregates, entries }: Keyspace, address: number): Stream {
  const stream = aggregates.get(entries.payload(address)) as Stream
  if (stream.openChange !== null) stream.openChange.settle()
  return stream
}

export const streamKind: ValueKind = {
  type: TYPE_STREAM,
  name: 'stream',
  rdbTypes: [RDB_TYPE_STREAM_LISTPACKS, RDB_TYPE_STREAM_LISTPACKS_2, RDB_TYPE_STREAM_LISTPACKS_3],
  packedRdbTypes: [],

  encodingName(): string {
    return 'stream'
  },

  elementBytes(keyspace: Keyspace, address: number, samples: number): number {
    const { entries, memoryBytes, tree } = streamOf(keyspace, address)
    const cursor = new TreeCursor()
    let bytes = 0
    let seen = 0
    for (let more = tree.first(cursor); more && seen < samples; more = cursor.next()) {
      bytes += nodeMemoryBytes(entries, cursor.address)
      seen++
    }
    return memoryBytes + (seen === 0 ? 0 : Math.round((bytes / seen) * tree.count))
  },

  rdbType(): number {
    return RDB_TYPE_STREAM_LISTPACKS_2
  },

  write(): void {
    throw new Error('a stream is always held')
  },

  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm {
    return new HeldStream(streamOf(keyspace, address), options)
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): StreamReader {
    return new StreamReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): StreamCommandsReader {
    return new StreamCommandsReader(window, keys, commands)
  },

  copy(
    from: Database,
    address: number,
    to: Database,
    key: Buffer,
    start: number,
    end: number,
    expiryMs: number,
  ): number {
    const { entries, keyspace } = from
    const original = streamOf(keyspace, address)
    const created = to.place(0, key, start, end, TYPE_STREAM, ENCODING_AGGREGATE, 0, expiryMs)
    entries.setPayload(created, keyspace.aggregates.add(copyStream(original)))
    return created
  },

  beginCopy(keyspace: Keyspace, address: number): SlicedStreamCopy | null {
    const stream = streamOf(keyspace, address)
    return stream.freeEffort > COPIED_AT_ONCE ? new SlicedStreamCopy(keyspace, stream) : null
  },

  digest(digest: Digest, db: Database, address: number): void {
    const { entries, tree } = streamOf(db.keyspace, address)
    const cursor = new TreeCursor()
    const entry = new NodeEntries()
    const text = new ByteRange()
    for (let more = tree.first(cursor); more; more = cursor.next()) {
      entry.open(entries, cursor.address)
      while (entry.next()) {
        if (entry.isDeleted) continue
        const id = Buffer.from(entry.id.toString().replace('-', '.'), 'latin1')
        digest.mix(id, 0, id.length)
        readFields(entry, text, () => digest.mix(text.buffer, text.start, text.end))
      }
    }
  },
}
