/**
 * DUMP's payload of a large value, made in slices: the value as it was when this began, whatever becomes of it meanwhile. First
 * all that decides the payload's length (what compresses, and to what), then the payload itself in pieces, with its checksum.
 * Beside the value it takes no more memory than what it comes to compressed.
 */
import { Crc64 } from '../../bytes/crc64.js'
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { LzfExactSlices } from '../../bytes/lzf-exact-slices.js'
import { PIECE_BYTES } from '../../resp/reply-source.js'
import { ENCODING_EXTERNAL, ENCODING_HASHTABLE, ENCODING_LISTPACK_EXTERNAL, type Entries } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { HashTable } from '../../store/table/hash-table.js'
import { TableView } from '../../store/table/table-view.js'
import { RdbOutput, rdbTypeOf, writeHashField } from '../rdb/encode.js'
import { SlicedString } from '../rdb/sliced-string.js'
import { FOOTER_BYTES, payloadFooter } from './payload.js'

/** Values of up to about so many bytes are dumped in one go. */
const SLICED_FROM_BYTES = 64 * 1024
/** Strings of a hash from this size on are dealt with one by one. */
const STRING_MIN_BYTES = 16 * 1024
const CHUNK_BYTES = 128 * 1024
const NO_BYTES = Buffer.alloc(0)

/** Whether a value is so large that its payload had better be made in slices. O(1), or up to some thousand steps. */
export function isLargeValue({ entries, tables }: Keyspace, address: number): boolean {
  switch (entries.encoding(address)) {
    case ENCODING_EXTERNAL:
    case ENCODING_LISTPACK_EXTERNAL:
      return entries.buffers.get(entries.payload(address)).length > SLICED_FROM_BYTES
    case ENCODING_HASHTABLE:
      return isLargeTable(entries, tables.get(entries.payload(address)))
    default:
      return false
  }
}

function isLargeTable(entries: Entries, table: HashTable): boolean {
  let bytes = 0
  const add = (element: number): void => {
    bytes += entries.keyLength(element) + valueBytes(entries, element)
  }
  for (const segment of table.segments) {
    for (let home = 0; home < 1 << segment.bucketBits; home++) {
      table.visitBucket(segment, home, add)
      if (bytes > SLICED_FROM_BYTES) return true
    }
  }
  return false
}

function valueBytes(entries: Entries, element: number): number {
  const payload = entries.payload(element)
  return entries.encoding(element) === ENCODING_EXTERNAL ? entries.buffers.get(payload).length : payload
}

export class SlicedDump {
  /** Length of the payload, once prepare() has returned true. */
  length = 0
  private readonly entries: Entries
  private readonly compress: boolean
  /** What comes in the payload, in order. */
  private readonly parts: (Buffer | SlicedString)[] = []
  /** Those of them that are not compressed yet. */
  private readonly unfinished: SlicedString[] = []
  private readonly output = new RdbOutput(CHUNK_BYTES, lzfCompressExact)
  private view: TableView | null = null
  private ready = false
  private readonly crc = new Crc64()
  private readonly scratch = Buffer.allocUnsafeSlow(PIECE_BYTES)
  private part = 0
  private offset = 0
  private ended = false
  private readonly visit = (element: number): void => this.addElement(element)

  /** Of the value at `address` as it is now; close() has to follow. */
  constructor(keyspace: Keyspace, address: number, compress: boolean) {
    const { entries, tables } = keyspace
    this.entries = entries
    this.compress = compress
    this.output.byte(rdbTypeOf(entries, address))
    if (entries.encoding(address) === ENCODING_HASHTABLE) {
      this.view = new TableView(keyspace, tables.get(entries.payload(address)), 'walk')
      this.output.lengthCode(this.view.count)
    } else this.addString(entries.buffers.get(entries.payload(address)))
  }

  /** Bytes of memory held for this. */
  get memoryBytes(): number {
    let bytes = this.view?.memoryBytes ?? 0
    for (let i = this.part; i < this.parts.length; i++) {
      const part = this.parts[i]
      bytes += part instanceof SlicedString ? part.memoryBytes : part.length
    }
    return bytes
  }

  /** Works out what the payload is, until `deadlineMs` (performance.now()). True when that is done. */
  prepare(deadlineMs: number): boolean {
    while (!this.ready) {
      const string = this.unfinished[0]
      if (string !== undefined) {
        if (string.step()) {
          // Others come before it.
          string.trim()
          this.unfinished.shift()
        }
      } else if (this.view !== null) this.walk(this.view)
      else this.settle()
      if (performance.now() >= deadlineMs) break
    }
    return this.ready
  }

  private walk(view: TableView): void {
    if (view.step(this.visit)) {
      if (this.output.length >= CHUNK_BYTES) this.cut()
      return
    }
    view.close()
    this.view = null
  }

  private addElement(element: number): void {
    const { compress, entries, output } = this
    const keyLength = entries.keyLength(element)
    if (keyLength < STRING_MIN_BYTES && valueBytes(entries, element) < STRING_MIN_BYTES) {
      writeHashField(output, entries, element, compress)
      return
    }
    const memory = entries.memory(element)
    const start = entries.keyStart(element)
    // A long field has a chunk of its own, which stays as it is for as long as it is held.
    if (keyLength >= SLICED_FROM_BYTES) this.addString(memory.subarray(start, start + keyLength))
    else output.string(memory, start, start + keyLength, compress)
    if (entries.encoding(element) === ENCODING_EXTERNAL) this.addString(entries.buffers.get(entries.payload(element)))
    else
      output.string(
        memory,
        entries.valueStart(element),
        entries.valueStart(element) + entries.payload(element),
        compress,
      )
  }

  private addString(bytes: Buffer): void {
    this.cut()
    // Its pages are in memoryBytes.
    const string = new SlicedString(this.entries.held.hold(bytes, false), this.compress ? LzfExactSlices : null)
    this.parts.push(string)
    this.unfinished.push(string)
  }

  /** What has been written so far becomes a part. */
  private cut(): void {
    if (this.output.length > 0) this.parts.push(this.output.take())
  }

  private settle(): void {
    this.cut()
    for (const part of this.parts) this.length += part.length
    this.length += FOOTER_BYTES
    this.ready = true
  }

  /**
   * After prepare(): the next piece of the payload, PIECE_BYTES at most, or null when all have come. It may be empty: there was
   * work to do. Valid until the next call.
   */
  piece(): Buffer | null {
    const { scratch } = this
    let at = 0
    while (at < scratch.length && this.part < this.parts.length) {
      const part = this.parts[this.part]
      const given = part instanceof SlicedString ? part.give(scratch, at, scratch.length) : this.copyTo(part, at)
      at += given
      if (part instanceof SlicedString ? part.isGiven : this.offset === part.length) this.finish(part)
      // Nothing yet: others may have a turn.
      else if (given === 0) break
    }
    this.crc.update(scratch, 0, at)
    if (this.part === this.parts.length && !this.ended && at + FOOTER_BYTES <= scratch.length) {
      this.ended = true
      at += payloadFooter(this.crc).copy(scratch, at)
    } else if (at === 0 && this.ended) return null
    return at === scratch.length ? scratch : scratch.subarray(0, at)
  }

  private copyTo(part: Buffer, at: number): number {
    const length = part.copy(this.scratch, at, this.offset)
    this.offset += length
    return length
  }

  /** The part has been given. Its memory is not needed any more, however long the rest takes. */
  private finish(part: Buffer | SlicedString): void {
    if (part instanceof SlicedString) part.close()
    this.parts[this.part++] = NO_BYTES
    this.offset = 0
  }

  /** Nobody needs the rest. */
  close(): void {
    this.view?.close()
    this.view = null
    for (const part of this.parts) if (part instanceof SlicedString) part.close()
  }
}
