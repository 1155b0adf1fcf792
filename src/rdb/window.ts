/** The bytes being read, as part of a stream: what is short of an end, what is wrong where. */
import { quoted, RdbError } from './error.js'
import type { RdbKey } from './key.js'
import type { LongString } from './long-string.js'
import { BAD, LengthReader, MAX_STRING_BYTES, SHORT, type StringReader } from './string-reader.js'

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
  /** Long strings of the present item that have been read, in order. */
  readonly longs: LongString[] = []
  private readonly isWhole: boolean

  /** @param isWhole whether all of the stream is there, in bytes that stay as they are, whose position 0 is its beginning. */
  constructor(totalBytes: number, isWhole = false) {
    this.totalBytes = totalBytes
    this.isWhole = isWhole
  }

  /** Offset in the stream. */
  offsetOf(position: number): number {
    return this.base + position + this.asideBefore(position)
  }

  /** Bytes of the stream before `position` that are not among the bytes. */
  asideBefore(position: number): number {
    let aside = 0
    for (const { contentAt, asideBytes } of this.longs) if (contentAt < position) aside += asideBytes
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

  /** Finds the end of a string, which is then ready to be decoded. */
  locate(string: StringReader, bytes: Buffer, at: number, end: number): number {
    const next = this.find(string, bytes, at, end)
    return next === BAD ? this.fail(string.at, string.expected, string.found) : next
  }

  /** As `locate`, for a string that is taken apart: one of over `longest` bytes is either where it stays, or comes in pieces. */
  locatePacked(string: StringReader, bytes: Buffer, at: number, end: number, longest: number): number {
    const next = this.find(string, bytes, at, end, longest, this.isWhole)
    return next === BAD ? this.fail(string.at, string.expected, string.found) : next
  }

  /**
   * As `locate`, but what to do about bytes that are no string is left to the caller: it returns BAD. `longest`: longer ones come
   * in pieces in any case. `inPlace`: what need not be unpacked never does.
   */
  find(
    string: StringReader,
    bytes: Buffer,
    at: number,
    end: number,
    longest = MAX_STRING_BYTES,
    inPlace = false,
  ): number {
    if (this.longs.length > 0) {
      const long = this.longs.find(each => each.at === at)
      if (long !== undefined) {
        string.locateLong(long)
        return long.behind
      }
    }
    const next = string.locate(bytes, at, end)
    if (next >= 0) {
      const most = this.isWhole ? Math.min(longest, LONG_BYTES) : longest
      // Most often; what is compressed may be longer than it looks.
      if (string.unpackedBytes === 0 && (next - at < most || inPlace)) return next
      if (string.longest <= most && string.unpackedBytes <= LONG_BYTES) return next
    } else if (next === BAD) return BAD
    else this.short(string.needed)
    if (string.longest > Math.min(longest, LONG_BYTES)) {
      this.long = string.asLong(at, this.totalBytes !== Number.POSITIVE_INFINITY, this.isWhole ? bytes : null)
    }
    return SHORT
  }

  decode(string: StringReader, bytes: Buffer): void {
    if (!string.decode(bytes)) this.fail(string.at, string.expected, string.found)
  }
}
