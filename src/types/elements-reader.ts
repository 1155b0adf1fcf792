/**
 * Reads values that have elements: the RDB types that are a number of elements and then each of them, in pieces, and those that
 * are one packed string.
 */
import { quoted } from '../rdb/error.js'
import type { RdbKey } from '../rdb/key.js'
import type { KeyReader } from '../rdb/key-reader.js'
import { StringReader } from '../rdb/string-reader.js'
import type { RdbWindow } from '../rdb/window.js'
import { LP_EMPTY_SIZE } from '../store/listpack/listpack.js'
import type { ElementSink } from './element-sink.js'
import { listpackFlaw } from './listpack-check.js'
import { damaged, PackedReading, type Packing } from './packed-reading.js'
import { LEFT_OUT, TWICE, type ValueReader, type ValueTarget } from './value-reader.js'

/** Longer packed values are taken apart a part at a time: one of this size takes some two milliseconds. */
export const PACKED_MAX_BYTES = 32 * 1024

export abstract class ElementsReader implements ValueReader {
  protected readonly window: RdbWindow
  protected readonly keys: KeyReader
  protected readonly target: ValueTarget
  /** Pieces of the present value that are still to come. */
  private left = 0
  /** The present value in pieces is not left out. */
  protected wanted = false
  /** A long packed value that has been read, but not been taken apart. */
  private packed: PackedReading | null = null
  private readonly content = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    this.window = window
    this.keys = keys
    this.target = target
  }

  /** What the pieces are, for messages: "fields". */
  protected abstract readonly noun: string
  abstract read(type: number, bytes: Buffer, at: number, end: number): number
  /** A WANTED value of so many pieces follows. The key's bytes are gone when the first one comes. */
  protected abstract begin(key: RdbKey, count: number): void
  /** Reads one piece at `at`; where the value is not `wanted`, into nothing. */
  protected abstract readElement(bytes: Buffer, at: number, end: number): number
  /** All pieces of a wanted value have come. */
  protected abstract ended(): void

  get inPieces(): boolean {
    return this.left !== 0
  }
  get missing(): string {
    return `${this.left} more ${this.noun}`
  }
  get isBusy(): boolean {
    return this.packed !== null
  }
  work(): void {
    if (this.packed?.step() === true) this.packed = null
  }

  /** Reads the number of pieces at `at`. */
  protected readHead(bytes: Buffer, at: number, end: number): number {
    const { target, window } = this
    const next = window.length(bytes, at, end)
    if (next < 0) return next
    const count = window.lengths.value
    const key = this.keys.take(bytes)
    if (count === 0) {
      target.emptyKey(key)
      return next
    }
    this.wanted = this.isWanted(key, at)
    if (this.wanted) this.begin(key, count)
    window.openKey = quoted(key.bytes, key.start, key.end)
    this.left = count
    return next
  }

  readPiece(bytes: Buffer, at: number, end: number): number {
    const next = this.readElement(bytes, at, end)
    if (next < 0 || --this.left > 0) return next
    if (this.wanted) this.ended()
    this.window.openKey = null
    return next
  }

  /** Whether the value at `at` is to be kept. @throws RdbError when the database has the key. */
  protected isWanted(key: RdbKey, at: number): boolean {
    const claim = this.target.claim(key)
    if (claim === TWICE) this.window.failDuplicate(key, at)
    return claim !== LEFT_OUT
  }

  /** Reads a value that is one packed string, whose elements go to the sink. */
  protected readPacked(packing: Packing, sink: ElementSink, bytes: Buffer, at: number, end: number): number {
    const { content, target, window } = this
    const next = window.locatePacked(content, bytes, at, end, PACKED_MAX_BYTES)
    if (next < 0) return next
    const key = this.keys.take(bytes)
    window.decode(content, bytes)
    const isLong = content.end - content.start > PACKED_MAX_BYTES
    if (packing === 'listpack' && !isLong) {
      this.takeListpack(sink, key, at)
      return next
    }
    const value = content.bytes.subarray(content.start, content.end)
    const packed = new PackedReading(window, target, sink, key.copy(), window.offsetOf(at), packing, value, content.own)
    if (isLong) this.packed = packed
    else while (!packed.step()) {}
    return next
  }

  private takeListpack(sink: ElementSink, key: RdbKey, at: number): void {
    const { bytes, start, end } = this.content
    const flaw = listpackFlaw(sink, bytes, start, end - start)
    if (flaw !== null) {
      this.window.failIn(key, at, sink.expected, `${end - start} bytes (${damaged(sink, 'listpack', flaw)})`)
    }
    if (end - start === LP_EMPTY_SIZE) this.target.emptyKey(key)
    else if (this.isWanted(key, at)) sink.listpack(key, bytes, start, false)
  }
}
