/** Puts streams that are read into a database, node by node, then group by group. */
import type { RdbKey } from '../../rdb/key.js'
import { ENCODING_AGGREGATE, TYPE_STREAM } from '../../store/entries.js'
import type { ValueTarget } from '../value-reader.js'
import { Stream } from './stream.js'
import type { StreamId } from './stream-id.js'
import { adoptNode, makeNode, NodeListpack } from './stream-node.js'

/** Bytes of a node that are cheap to keep where they are: a Buffer of their own. */
const ADOPTED_MIN_BYTES = 64 * 1024

const shown = new NodeListpack()

export class StreamLoading {
  readonly stream: Stream
  private readonly target: ValueTarget
  private readonly key: RdbKey
  private readonly address: number

  /** Begins with a WANTED key, and an empty stream. */
  constructor(target: ValueTarget, key: RdbKey) {
    const { database } = target
    const { aggregates, entries } = database.keyspace
    this.target = target
    this.key = key.copy()
    this.stream = new Stream(entries)
    const { bytes, end } = this.key
    this.address = database.place(0, bytes, 0, end, TYPE_STREAM, ENCODING_AGGREGATE, 0, key.expiryMs)
    entries.setPayload(this.address, aggregates.add(this.stream))
  }

  /** Adds a node of a checked listpack, bytes[start, end). `own`: that is all of `bytes`, which may be kept. */
  node(id: StreamId, bytes: Buffer, start: number, end: number, own: boolean): void {
    const { stream } = this
    const { entries } = stream
    if (own && end - start > ADOPTED_MIN_BYTES) {
      stream.appendNode(id, adoptNode(entries, id, bytes))
      return
    }
    const node = makeNode(entries, id, end - start)
    shown.show(entries, node)
    bytes.copy(shown.buffer, shown.at, start, end)
    stream.appendNode(id, node)
  }

  end(): void {
    this.target.loaded(this.address, this.key)
  }
}
