/** The bytes being read, as part of a stream: what is short of an end, what is wrong where. */
import { quoted, RdbError } from './error.js'
import type { LongString } from './long-string.js'
import { BAD, LengthReader, MAX_STRING_BYTES, SHORT, type StringReader } from './string-reader.js'
import type { RdbKey } from './target.js'

/**
 * Readers take (bytes, at, end), read what begins at `at` and return the position behind it; or SHORT, having changed
 * nothing, when bytes[at, end) does not hold all of it: `needed` says up to which position it takes. Damaged bytes end in
 * a RdbError.
 */

/** Strings that are longer, or become so when they are unpacked, come in pieces. */
export const LONG_BYTES = 64 * 1024

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
  /** After SHORT: the long string that has to be read in pieces first, or null. */
  long: LongString | null = null
  /** Long strings of the present item, in order. Of the content of each, one byte stands for all among the bytes. */
  readonly longs: LongString[] = []
  private readonly takesPieces: boolean

  /** @param takesPieces whether long strings may be read in pieces; else all of them are in the bytes. */
  constructor(totalBytes: number, takesPieces = false) {
    this.totalBytes = totalBytes
    this.takesPieces = takesPieces
  }

  /** Offset in the stream. */
  offsetOf(position: number): number {
    return this.base + position + this.asideBefore(position)
  }

  /** Bytes of the stream before `position` that are not among the bytes. */
  asideBefore(position: number): number {
    let aside = 0
    for (const { contentAt, contentLength } of this.longs) if (contentAt < position) aside += contentLength - 1
    return aside
  }

  /** Says that it takes the bytes up to `position`. Returns SHORT. */
  short(position: number): number {
    const behind = this.offsetOf(position)
    if (behind > this.totalBytes) {
      throw new RdbError(this.totalBytes, this.openKey, `data up to offset ${behind}`, 'the end of the data')
    }
    this.needed = position
    return SHORT
  }

  /** @throws RdbError */
  fail(position: number, expected: string, found: string): never {
    this.failAt(this.offsetOf(position), expected, found)
  }

  /** As `fail`, with an offset in the stream. @throws RdbError */
  failAt(offset: number, expected: string, found: string): never {
    throw new RdbError(offset, this.openKey, expected, found)
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

  /** Finds the end of a string, which is then ready to be decoded. `longest`: longer ones come in pieces in any case. */
  locate(string: StringReader, bytes: Buffer, at: number, end: number, longest = MAX_STRING_BYTES): number {
    const next = this.find(string, bytes, at, end, longest)
    return next === BAD ? this.fail(string.at, string.expected, string.found) : next
  }

  /** As `locate`, but what to do about bytes that are no string is left to the caller: it returns BAD. */
  find(string: StringReader, bytes: Buffer, at: number, end: number, longest = MAX_STRING_BYTES): number {
    if (this.longs.length > 0) {
      const long = this.longs.find(each => each.at === at)
      if (long !== undefined) {
        string.locateLong(long)
        return long.contentAt + 1
      }
    }
    const next = string.locate(bytes, at, end)
    if (next >= 0) {
      // Most often; what is compressed may be longer than it looks.
      if (next - at < longest && string.unpackedBytes === 0) return next
      if (!this.takesPieces || (string.longest <= longest && string.unpackedBytes <= LONG_BYTES)) return next
    } else if (next === BAD) return BAD
    else this.short(string.needed)
    if (this.takesPieces && string.longest > Math.min(longest, LONG_BYTES)) {
      this.long = string.asLong(at, this.totalBytes !== Number.POSITIVE_INFINITY)
    }
    return SHORT
  }

  decode(string: StringReader, bytes: Buffer): void {
    if (!string.decode(bytes)) this.fail(string.at, string.expected, string.found)
  }
}
