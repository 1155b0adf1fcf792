/**
 * Ziplists: small aggregates as Redis saved them before 7.0.
 *
 *     <total bytes: u32 LE> <offset of the last entry: u32 LE> <entries: u16 LE, 65535: unknown> <entry>* <0xFF>
 *     entry: <size of the entry before: one byte below 254, or 0xFE and a u32 LE> <encoding, length> <data>
 */
import { writeInteger } from '../bytes/integers.js'
import { writeInt64Text } from '../store/listpack/listpack-int64.js'
import type { Verdict } from '../store/listpack/listpack-validate.js'

const HEADER_BYTES = 10
const END = 0xff
const WIDE_PREVIOUS = 0xfe
const COUNT_UNKNOWN = 65535

const STRING_14_BIT = 0x40
const STRING_32_BIT = 0x80
const INT_16 = 0xc0
const INT_32 = 0xd0
const INT_64 = 0xe0
const INT_24 = 0xf0
const INT_8 = 0xfe
/** 0xf1 to 0xfd: the integers 0 to 12 in the encoding byte itself. */
const INT_4_FIRST = 0xf1
const INT_4_LAST = 0xfd

const LONGEST_INTEGER = 20

/** An element's text: bytes[start, end). */
export class ZiplistElement {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  readonly digits = Buffer.alloc(LONGEST_INTEGER + 4)
}

/** Walks over the elements of a ziplist from outside, checking every step. */
export class ZiplistWalker {
  /** Elements seen. */
  count = 0
  private position = 0
  /** The entry checked last, and its size. */
  private previous = 0
  private previousSize = 0
  /** Of the entry at `position`: where its data begins and how long it is. */
  private dataStart = 0
  private dataLength = 0

  /** Whether bytes[start, end) may be a ziplist by its head and its end; check() follows. */
  begin(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < HEADER_BYTES + 1 || bytes.readUInt32LE(start) !== end - start || bytes[end - 1] !== END) {
      return false
    }
    this.position = start + HEADER_BYTES
    this.previous = this.position
    this.previousSize = 0
    this.count = 0
    return true
  }

  /** Checks up to `entries` further ones (ziplistValidateIntegrity, deep). Never reads outside the range. */
  check(bytes: Buffer, start: number, end: number, entries: number): Verdict {
    const last = end - 1
    const stop = this.count + entries
    while (this.position < last && this.count < stop) {
      const at = this.position
      if (!this.measure(bytes, at, last, this.previousSize)) return 'damaged'
      this.previous = at
      this.previousSize = this.dataStart + this.dataLength - at
      this.position = at + this.previousSize
      this.count++
    }
    if (this.position < last) return 'going on'
    if (this.position !== last) return 'damaged'
    if (this.count > 0 && bytes.readUInt32LE(start + 4) !== this.previous - start) return 'damaged'
    const known = bytes.readUInt16LE(start + 8)
    if (known !== COUNT_UNKNOWN && known !== this.count) return 'damaged'
    this.rewind(start)
    return 'sound'
  }

  /** Begins anew with a ziplist that has been found sound. */
  rewind(start: number): void {
    this.position = start + HEADER_BYTES
  }

  /** Shows the next element of the ziplist that check() has found sound; integers in decimal. */
  next(bytes: Buffer, element: ZiplistElement): void {
    const encodingAt = this.position + (bytes[this.position] === WIDE_PREVIOUS ? 5 : 1)
    this.measureData(bytes, encodingAt, bytes.length)
    this.position = this.dataStart + this.dataLength
    if (bytes[encodingAt] < INT_16) {
      element.bytes = bytes
      element.start = this.dataStart
      element.end = this.position
      return
    }
    element.bytes = element.digits
    element.start = 0
    element.end = this.writeIntegerAt(bytes, encodingAt, element.digits)
  }

  /** Measures the entry at `at`, which must end at `last` at most and say that the one before takes `previousSize` bytes. */
  private measure(bytes: Buffer, at: number, last: number, previousSize: number): boolean {
    const wide = bytes[at] === WIDE_PREVIOUS
    const encodingAt = at + (wide ? 5 : 1)
    if (encodingAt >= last || bytes[at] === END) return false
    if ((wide ? bytes.readUInt32LE(at + 1) : bytes[at]) !== previousSize) return false
    return this.measureData(bytes, encodingAt, last) && this.dataStart + this.dataLength <= last
  }

  private measureData(bytes: Buffer, at: number, end: number): boolean {
    const encoding = bytes[at]
    this.dataStart = at + 1
    if (encoding < STRING_14_BIT) {
      this.dataLength = encoding
      return true
    }
    if (encoding < STRING_32_BIT) {
      if (at + 2 > end) return false
      this.dataStart = at + 2
      this.dataLength = ((encoding & 63) << 8) | bytes[at + 1]
      return true
    }
    if (encoding < INT_16) {
      if (at + 5 > end) return false
      this.dataStart = at + 5
      this.dataLength = bytes.readUInt32BE(at + 1)
      return true
    }
    this.dataLength = integerBytes(encoding)
    return this.dataLength >= 0
  }

  /** Writes an integer element in decimal; returns the number of bytes. */
  private writeIntegerAt(bytes: Buffer, encodingAt: number, digits: Buffer): number {
    const encoding = bytes[encodingAt]
    const at = encodingAt + 1
    switch (encoding) {
      case INT_8:
        return writeInteger(digits, 0, bytes.readInt8(at))
      case INT_16:
        return writeInteger(digits, 0, bytes.readInt16LE(at))
      case INT_24:
        return writeInteger(digits, 0, bytes.readIntLE(at, 3))
      case INT_32:
        return writeInteger(digits, 0, bytes.readInt32LE(at))
      case INT_64:
        return writeInt64Text(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), digits, 0)
      default:
        return writeInteger(digits, 0, encoding - INT_4_FIRST)
    }
  }
}

/** Bytes of an integer element's data, or -1 for a byte that is no encoding. */
function integerBytes(encoding: number): number {
  switch (encoding) {
    case INT_8:
      return 1
    case INT_16:
      return 2
    case INT_24:
      return 3
    case INT_32:
      return 4
    case INT_64:
      return 8
    default:
      return encoding >= INT_4_FIRST && encoding <= INT_4_LAST ? 0 : -1
  }
}
