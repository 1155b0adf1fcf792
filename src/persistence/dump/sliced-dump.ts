/**
 * DUMP's payload of a large value, made in slices: the value as it was when this began, whatever becomes of it meanwhile. First
 * all that decides the payload's length (what compresses, and to what), then the payload itself in pieces, with its checksum.
 * Beside the value it takes no more memory than what it comes to compressed.
 */

import { Crc64 } from '../../bytes/crc64.js'
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { LzfExactSlices } from '../../bytes/lzf-exact-slices.js'
import { performance } from '../../clock/platform.js'
import { RdbOutput } from '../../rdb/output.js'
import { SlicedString } from '../../rdb/sliced-string.js'
import { PIECE_BYTES } from '../../resp/reply-source.js'
import { isExternal } from '../../store/entries.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { FormTaker, HeldForm } from '../../types/held-form.js'
import { kindOf } from '../../types/kinds.js'
import { aggregateOf } from '../../types/large-value.js'
import { FOOTER_BYTES, payloadFooter } from './payload.js'

/** Values of up to about so many bytes are dumped in one go, unless they have more elements than are looked at. */
const SLICED_FROM_BYTES = 64 * 1024
const LOOKED_AT_ELEMENTS = 1000
const CHUNK_BYTES = 128 * 1024
const NO_BYTES = Buffer.alloc(0)

/** Whether a value is so large that its payload had better be made in slices. O(1), or up to a thousand steps. */
export function isLargeValue(keyspace: Keyspace, address: number): boolean {
  const { entries } = keyspace
  const aggregate = aggregateOf(keyspace, address)
  if (aggregate === null) {
    if (!isExternal(entries.encoding(address))) return false
    return entries.buffers.get(entries.payload(address)).length > SLICED_FROM_BYTES
  }
  if (aggregate.freeEffort > LOOKED_AT_ELEMENTS) return true
  return kindOf(entries, address).elementBytes(keyspace, address, LOOKED_AT_ELEMENTS) > SLICED_FROM_BYTES
}

export class SlicedDump {
  /** Length of the payload, once prepare() has returned true. */
  length = 0
  private readonly compress: boolean
  /** What comes in the payload, in order. */
  private readonly parts: (Buffer | SlicedString)[] = []
  /** Those of them that are not compressed yet. */
  private readonly unfinished: SlicedString[] = []
  private readonly output = new RdbOutput(CHUNK_BYTES, lzfCompressExact)
  private form: HeldForm | null
  private readonly taker: FormTaker
  private ready = false
  private readonly crc = new Crc64()
  private readonly scratch = Buffer.allocUnsafeSlow(PIECE_BYTES)
  private readonly type: number
  private part = 0
  private offset = 0
  private ended = false

  /** Of the large value (types/large-value.ts) at `address` as it is now; close() has to follow. */
  constructor(keyspace: Keyspace, address: number, compress: boolean) {
    const { entries } = keyspace
    this.compress = compress
    const kind = kindOf(entries, address)
    this.type = kind.rdbType(keyspace, address)
    this.output.byte(this.type)
    this.form = kind.hold(keyspace, address, { compress, snapshot: null })
    this.taker = {
      out: this.output,
      append: aside => this.output.raw(aside.take()),
      string: held => this.addString(held),
    }
  }

  /** Bytes of memory held for this. */
  get memoryBytes(): number {
    let bytes = this.form?.memoryBytes ?? 0
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
      } else if (this.form !== null) this.walk(this.form)
      else this.settle()
      if (performance.now() >= deadlineMs) break
    }
    return this.ready
  }

  private walk(form: HeldForm): void {
    if (form.next(this.taker)) {
      if (this.output.length >= CHUNK_BYTES) this.cut()
      return
    }
    form.close()
    this.form = null
  }

  private addString(held: HeldBuffer): void {
    this.cut()
    const string = new SlicedString(held, this.compress ? LzfExactSlices : null)
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
      at += payloadFooter(this.crc, this.type).copy(scratch, at)
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
    this.form?.close()
    this.form = null
    for (const part of this.parts) if (part instanceof SlicedString) part.close()
  }
}
