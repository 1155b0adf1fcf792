/** The bytes being read, as part of a stream: what is short of an end, what is wrong where. */
import { quoted, RdbError } from './error.js'
import { BAD, LengthReader, SHORT, type StringReader } from './string-reader.js'
import type { RdbKey } from './target.js'

/**
 * Readers take (bytes, at, end), read what begins at `at` and return the position behind it; or SHORT, having changed
 * nothing, when bytes[at, end) does not hold all of it: `needed` says up to which position it takes. Damaged bytes end in
 * a RdbError.
 */
export class RdbWindow {
  /** Offset in the stream of position 0 of the bytes. */
  base = 0
  needed = 0
  /** The key whose value comes in pieces, for messages; null between keys. */
  openKey: string | null = null
  /** Where `length` leaves what it has read. */
  readonly lengths = new LengthReader()
  /** Length of the whole stream, or Infinity. */
  totalBytes: number

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes
  }

  /** Says that it takes the bytes up to `position`. Returns SHORT. */
  short(position: number): number {
    const behind = this.base + position
    if (behind > this.totalBytes) {
      throw new RdbError(this.totalBytes, this.openKey, `data up to offset ${behind}`, 'the end of the data')
    }
    this.needed = position
    return SHORT
  }

  /** @throws RdbError */
  fail(position: number, expected: string, found: string): never {
    throw new RdbError(this.base + position, this.openKey, expected, found)
  }

  /** As `fail`, naming a key. @throws RdbError */
  failIn(key: RdbKey, position: number, expected: string, found: string): never {
    this.openKey = quoted(key.bytes, key.start, key.end)
    this.fail(position, expected, found)
  }

  /** @throws RdbError for a key that the database holds already. */
  failDuplicate(key: RdbKey, position: number): never {
    return this.failIn(key, position, 'every key once', 'a key that the database holds already')
  }

  /** Reads a length into `lengths.value`. */
  length(bytes: Buffer, at: number, end: number): number {
    const next = this.lengths.read(bytes, at, end)
    if (next === BAD) this.fail(at, 'a length', `byte 0x${bytes[at].toString(16)}`)
    return next === SHORT ? this.short(this.lengths.needed) : next
  }

  /** Finds the end of a string, which is then ready to be decoded. */
  locate(string: StringReader, bytes: Buffer, at: number, end: number): number {
    const next = string.locate(bytes, at, end)
    return next >= 0 ? next : this.notLocated(string, next)
  }

  /** What to return after string.locate() returned SHORT or BAD. */
  notLocated(string: StringReader, result: number): number {
    return result === SHORT ? this.short(string.needed) : this.fail(string.at, string.expected, string.found)
  }

  decode(string: StringReader, bytes: Buffer): void {
    if (!string.decode(bytes)) this.fail(string.at, string.expected, string.found)
  }
}
