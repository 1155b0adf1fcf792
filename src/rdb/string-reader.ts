/**
 * Lengths and strings of RDB bytes that may end too early. Both readers work in two steps, so that bytes which come in pieces
 * cost no more than bytes which come at once: first find out where the thing ends, or how many bytes it takes to get
 * further; decode it when all of it is there.
 */
import { writeInteger } from '../bytes/integers.js'
import { lzfDecompress } from '../bytes/lzf.js'
import { INLINE_VALUE_MAX_BYTES } from '../store/entries.js'
import {
  LENGTH_6_BIT,
  LENGTH_14_BIT,
  LENGTH_32_BIT,
  LENGTH_64_BIT,
  LENGTH_SPECIAL,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './format.js'
import { LongString } from './long-string.js'

/** Result of a read that needs more bytes: `needed` says up to where. */
export const SHORT = -1
/** Result of a read that met bytes which are nothing: `expected`, `found` and `at` say what. */
export const BAD = -2

/** A longer string is taken for damage: twice a key and a value of this size still fit one Buffer (Node: 4 GiB). */
export const MAX_STRING_BYTES = 2 ** 31 - 4096
/** Three bytes of LZF give 264 at most. */
const LZF_MAX_RATIO = 88
const TWO_32 = 4294967296
const NO_BYTES = Buffer.alloc(0)
const DIGITS_BYTES = 16

/** Reads lengths. */
export class LengthReader {
  /** The length; beyond 2^53 the nearest double. */
  value = 0
  needed = 0

  /** Reads the length at `at`; returns the position behind it, SHORT, or BAD. */
  read(bytes: Buffer, at: number, end: number): number {
    if (at >= end) return this.wants(at + 1)
    const first = bytes[at]
    switch (first >>> 6) {
      case LENGTH_6_BIT:
        this.value = first
        return at + 1
      case LENGTH_14_BIT:
        if (at + 2 > end) return this.wants(at + 2)
        this.value = ((first & 63) << 8) | bytes[at + 1]
        return at + 2
      default:
        if (first === LENGTH_32_BIT) {
          if (at + 5 > end) return this.wants(at + 5)
          this.value = bytes.readUInt32BE(at + 1)
          return at + 5
        }
        if (first !== LENGTH_64_BIT) return this.readSpecial(first, at)
        if (at + 9 > end) return this.wants(at + 9)
        this.value = bytes.readUInt32BE(at + 1) * TWO_32 + bytes.readUInt32BE(at + 5)
        return at + 9
    }
  }

  /** A string's special encoding in the place of a length is its number to Redis (rdbLoadLenByRef in rdb.c). */
  private readSpecial(first: number, at: number): number {
    if (first >>> 6 !== LENGTH_SPECIAL) return BAD
    this.value = first & 63
    return at + 1
  }

  private wants(position: number): number {
    this.needed = position
    return SHORT
  }
}

const PLAIN = 0
const INTEGER = 1
const COMPRESSED = 2
const LONG = 3

/** Bytes that all readers have unpacked: work that the length of what they read does not show. */
export const unpacked = { bytes: 0 }

/** Reads strings: `locate`, then `decode`, then `bytes[start, end)`. */
export class StringReader {
  /** After SHORT: the position up to which bytes have to come before another attempt makes sense. */
  needed = 0
  /** After BAD: the position, and what is wrong there. */
  at = 0
  expected = ''
  found = ''

  /** The decoded string; valid as long as the bytes it was read from, and until the next `decode`. */
  bytes: Buffer = NO_BYTES
  start = 0
  end = 0
  /** `bytes` is a Buffer of this string's own, which may be kept. */
  own = false

  private kind = PLAIN
  /** Where the content lies, and its length there. */
  private contentStart = 0
  private contentLength = 0
  /** Length of a compressed string when it is unpacked. */
  private plainLength = 0
  private long: LongString | null = null
  private integer = 0
  private readonly lengths = new LengthReader()
  private readonly digits = Buffer.alloc(DIGITS_BYTES)
  private readonly scratch = Buffer.alloc(INLINE_VALUE_MAX_BYTES)

  /** Whether the string located last is the decimal text of `integerValue`. */
  get isInteger(): boolean {
    return this.kind === INTEGER
  }
  get integerValue(): number {
    return this.integer
  }
  /** Of the string located last, the longer of its content and of that unpacked; 0 where the lengths are not known yet. */
  get longest(): number {
    return Math.max(this.contentLength, this.unpackedBytes)
  }

  /** Bytes that decoding it makes. */
  get unpackedBytes(): number {
    return this.kind === COMPRESSED ? this.plainLength : 0
  }

  /** What was located last at `at`, or lacks only its content, as a string to be read in pieces. Parameters as LongString's. */
  asLong(at: number, trusted: boolean, source: Buffer | null): LongString {
    return new LongString(
      at,
      this.contentStart,
      this.contentLength,
      this.kind === COMPRESSED ? this.plainLength : -1,
      trusted,
      source,
    )
  }

  /** Takes a string that has been read in pieces as the one that was located. */
  locateLong(long: LongString): void {
    this.kind = LONG
    this.long = long
    this.contentStart = long.contentAt
  }

  /** Finds the end of the string at `at`; returns the position behind it, SHORT, or BAD. */
  locate(bytes: Buffer, at: number, end: number): number {
    if (at < end && bytes[at] >>> 6 === LENGTH_SPECIAL) return this.locateSpecial(bytes, at, end)
    const next = this.lengths.read(bytes, at, end)
    if (next < 0) return this.noLength(bytes, at, next)
    const length = this.lengths.value
    if (length > MAX_STRING_BYTES) return this.tooLong(at, length)
    this.kind = PLAIN
    this.contentStart = next
    this.contentLength = length
    if (next + length > end) {
      this.needed = next + length
      return SHORT
    }
    return next + length
  }

  private locateSpecial(bytes: Buffer, at: number, end: number): number {
    const encoding = bytes[at] & 63
    if (encoding === STRING_LZF) return this.locateCompressed(bytes, at, end)
    if (encoding > STRING_LZF) return this.bad(at, 'a string', `special encoding ${encoding}`)
    const next = at + 1 + (1 << encoding)
    this.kind = INTEGER
    this.contentLength = 0
    if (next > end) {
      this.needed = next
      return SHORT
    }
    switch (encoding) {
      case STRING_INT8:
        this.integer = bytes.readInt8(at + 1)
        break
      case STRING_INT16:
        this.integer = bytes.readInt16LE(at + 1)
        break
      case STRING_INT32:
        this.integer = bytes.readInt32LE(at + 1)
        break
    }
    return next
  }

  private locateCompressed(bytes: Buffer, at: number, end: number): number {
    const lengthAt = this.lengths.read(bytes, at + 1, end)
    if (lengthAt < 0) return this.noLength(bytes, at + 1, lengthAt)
    const packed = this.lengths.value
    const contentAt = this.lengths.read(bytes, lengthAt, end)
    if (contentAt < 0) return this.noLength(bytes, lengthAt, contentAt)
    const plain = this.lengths.value
    if (packed > MAX_STRING_BYTES) return this.tooLong(at + 1, packed)
    if (plain > MAX_STRING_BYTES) return this.tooLong(lengthAt, plain)
    // Whoever claims gigabytes has to send megabytes first.
    if (plain > packed * LZF_MAX_RATIO) {
      return this.bad(lengthAt, `at most ${packed * LZF_MAX_RATIO} bytes out of ${packed} compressed ones`, `${plain}`)
    }
    this.kind = COMPRESSED
    this.contentStart = contentAt
    this.contentLength = packed
    this.plainLength = plain
    if (contentAt + packed > end) {
      this.needed = contentAt + packed
      return SHORT
    }
    return contentAt + packed
  }

  /** Decodes the string that `locate` found in `bytes`; false when what should be compressed bytes is not. */
  decode(bytes: Buffer): boolean {
    this.own = false
    switch (this.kind) {
      case PLAIN:
        this.bytes = bytes
        this.start = this.contentStart
        this.end = this.contentStart + this.contentLength
        return true
      case INTEGER:
        this.bytes = this.digits
        this.start = 0
        this.end = writeInteger(this.digits, 0, this.integer)
        return true
      case LONG:
        return this.decodeLong()
      default:
        this.own = this.plainLength > this.scratch.length
        this.bytes = this.own ? Buffer.allocUnsafeSlow(this.plainLength) : this.scratch
        this.start = 0
        this.end = this.plainLength
        this.at = this.contentStart
        this.expected = `LZF data for ${this.plainLength} bytes`
        this.found = 'damaged data'
        unpacked.bytes += this.plainLength
        return lzfDecompress(bytes, this.at, this.at + this.contentLength, this.bytes, 0, this.end)
    }
  }

  private decodeLong(): boolean {
    const { long } = this
    if (long === null) return false
    this.own = true
    this.bytes = long.bytes
    this.start = 0
    this.end = long.bytes.length
    this.at = this.contentStart
    this.expected = `LZF data for ${this.end} bytes`
    this.found = 'damaged data'
    this.long = null
    return !long.damaged
  }

  private noLength(bytes: Buffer, at: number, result: number): number {
    if (result === BAD) return this.bad(at, 'a length', `byte 0x${bytes[at].toString(16)}`)
    this.needed = this.lengths.needed
    this.kind = PLAIN
    this.contentLength = 0
    return SHORT
  }

  private tooLong(at: number, length: number): number {
    return this.bad(at, `a string of at most ${MAX_STRING_BYTES} bytes`, `one of ${length} bytes`)
  }

  private bad(at: number, expected: string, found: string): number {
    this.at = at
    this.expected = expected
    this.found = found
    return BAD
  }
}
