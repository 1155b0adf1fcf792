/** A growable buffer of RDB bytes, and the format's primitives: lengths, strings, numbers. No call allocates but to grow. */
import { parseSafeInteger } from '../bytes/integers.js'
import { lzfCompress } from '../bytes/lzf.js'
import { int64TextLength, writeInt64Text } from '../store/listpack/listpack-int64.js'
import {
  LENGTH_14_BIT,
  LENGTH_32_BIT,
  LENGTH_64_BIT,
  SPECIAL_STRING,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './format.js'

const INITIAL_BYTES = 64 * 1024
/** Less is handed over as a copy: it would keep the whole buffer from being used again. */
export const COPIED_MAX_BYTES = 8 * 1024
/** A buffer that one big value has blown up beyond this is not kept for the next ones. */
export const KEPT_BYTES = 4 * 1024 * 1024
const LONGEST_INT32_TEXT = 11
const TWO_32 = 4294967296
const DIGIT_NINE = 57

/** LZF makes nothing of 20 bytes or less, not even of one byte repeated (rdb.c). */
const COMPRESS_MIN_BYTES = 21
/** It has to save at least this much to be worth the reader's work (rdb.c). */
export const COMPRESS_MIN_GAIN = 4
/**
 * Longer strings are written as they are. Compression runs at some 100 MB/s: in one go, 1 MiB is the most that stays near ten
 * milliseconds.
 */
export const COMPRESS_MAX_BYTES = 1 << 20

/** Bytes that `length` takes as an RDB length. */
export function lengthBytes(length: number): number {
  if (length < 64) return 1
  if (length < 16384) return 2
  return length < TWO_32 ? 5 : 9
}

/** Compresses source[start, end) into target[targetStart, targetEnd); returns the bytes written, 0 when that is no use. */
export type Compressor = (
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
) => number

export class RdbOutput {
  /** What was written is buffer[0, length). */
  buffer: Buffer
  length = 0

  /** Bytes that compression has been tried on: of its work, little may show in `length`. */
  compressedBytes = 0

  private readonly compressor: Compressor

  constructor(initialBytes = INITIAL_BYTES, compressor: Compressor = lzfCompress) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes)
    this.compressor = compressor
  }

  /** Makes room for `count` more bytes. Amortized O(1) a byte. */
  ensure(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }

  /** Hands over what was written, as a Buffer that is the caller's own, and goes on in `next` or in a fresh one. */
  take(next: Buffer | null = null): Buffer {
    const taken = this.buffer.subarray(0, this.length)
    if (this.length <= COPIED_MAX_BYTES) {
      this.length = 0
      return Buffer.from(taken)
    }
    this.buffer = next ?? Buffer.allocUnsafeSlow(Math.min(this.buffer.length, KEPT_BYTES))
    this.length = 0
    return taken
  }

  /** Forgets what was written; the memory is used again. */
  reset(): void {
    this.length = 0
    if (this.buffer.length > KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  }

  /** An opcode, a type, or any other byte. */
  byte(value: number): void {
    this.ensure(1)
    this.buffer[this.length++] = value
  }

  /** A length, or any other count (a safe integer, not negative), in 1, 2, 5 or 9 bytes. */
  lengthCode(value: number): void {
    this.ensure(9)
    this.length = this.putLength(this.length, value)
  }

  /** The unsigned 64-bit number with these halves as a length. */
  wideLength(high: number, low: number): void {
    if (high === 0) {
      this.lengthCode(low)
      return
    }
    this.ensure(9)
    const { buffer } = this
    buffer[this.length] = LENGTH_64_BIT
    this.length = buffer.writeUInt32BE(low, buffer.writeUInt32BE(high, this.length + 1))
  }

  /**
   * bytes[start, end) as a string: as an integer where it is the decimal text of an int32, or as it is, or compressed where
   * that is asked for (redis.conf: rdbcompression) and pays.
   */
  string(bytes: Buffer, start: number, end: number, compress: boolean): void {
    const length = end - start
    if (length > 0 && length <= LONGEST_INT32_TEXT && bytes[start] <= DIGIT_NINE) {
      const value = parseSafeInteger(bytes, start, end)
      if (value === (value | 0)) {
        this.int32(value)
        return
      }
    }
    if (compress && length >= COMPRESS_MIN_BYTES && length <= COMPRESS_MAX_BYTES) {
      if (this.compressed(bytes, start, end)) return
    }
    this.ensure(9 + length)
    this.length = this.putLength(this.length, length)
    this.put(bytes, start, end)
  }

  /** What stands before `packed` bytes of LZF that hold a string of `length` bytes. */
  compressedHead(packed: number, length: number): void {
    this.byte(SPECIAL_STRING | STRING_LZF)
    this.lengthCode(packed)
    this.lengthCode(length)
  }

  /** A safe integer as a string. */
  integer(value: number): void {
    if (value === (value | 0)) this.int32(value)
    else this.int64(value | 0, Math.floor(value / TWO_32))
  }

  /** The 64-bit integer with these signed halves as a string. */
  int64(low: number, high: number): void {
    if (high === low >> 31) {
      this.int32(low)
      return
    }
    this.ensure(32)
    const at = this.length
    this.buffer[at] = int64TextLength(low, high)
    this.length = at + 1 + writeInt64Text(low, high, this.buffer, at + 1)
  }

  /** Four bytes, little-endian; takes signed values, too. */
  u32(value: number): void {
    this.ensure(4)
    this.putU32(value)
  }

  /** Eight bytes, little-endian, of which these are the halves. */
  u64(low: number, high: number): void {
    this.ensure(8)
    this.putU32(low)
    this.putU32(high)
  }

  /** An IEEE double, little-endian. */
  double(value: number): void {
    this.ensure(8)
    this.length = this.buffer.writeDoubleLE(value, this.length)
  }

  /** A string from latin1 text, for the few that are not data. */
  text(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    this.string(bytes, 0, bytes.length, false)
  }

  /** bytes[start, end) as they are. */
  raw(bytes: Buffer, start = 0, end = bytes.length): void {
    this.ensure(end - start)
    this.put(bytes, start, end)
  }

  private put(bytes: Buffer, start: number, end: number): void {
    const { buffer } = this
    let at = this.length
    this.length = at + end - start
    if (end - start <= 48) while (start < end) buffer[at++] = bytes[start++]
    else bytes.copy(buffer, at, start, end)
  }

  private putU32(value: number): void {
    const { buffer } = this
    const at = this.length
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
    this.length = at + 4
  }

  private int32(value: number): void {
    this.ensure(5)
    const { buffer } = this
    let at = this.length
    if (value >= -128 && value <= 127) {
      buffer[at++] = SPECIAL_STRING | STRING_INT8
      buffer[at++] = value
    } else if (value >= -32768 && value <= 32767) {
      buffer[at++] = SPECIAL_STRING | STRING_INT16
      buffer[at++] = value
      buffer[at++] = value >>> 8
    } else {
      buffer[at++] = SPECIAL_STRING | STRING_INT32
      buffer[at++] = value
      buffer[at++] = value >>> 8
      buffer[at++] = value >>> 16
      buffer[at++] = value >>> 24
    }
    this.length = at
  }

  /** Writes bytes[start, end) compressed; false, with nothing written, when that saves too little. */
  private compressed(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start
    this.compressedBytes += length
    const most = length - COMPRESS_MIN_GAIN
    // The compressed length comes first but is known last: room for the longest it can be.
    const headBytes = 1 + lengthBytes(most) + lengthBytes(length)
    this.ensure(headBytes + most)
    const { buffer } = this
    const body = this.length + headBytes
    const packed = this.compressor(bytes, start, end, buffer, body, body + most)
    if (packed === 0) return false
    buffer[this.length] = SPECIAL_STRING | STRING_LZF
    const at = this.putLength(this.putLength(this.length + 1, packed), length)
    if (at !== body) buffer.copyWithin(at, body, body + packed)
    this.length = at + packed
    return true
  }

  /** Writes a length at `at`, where there is room; returns the position behind it. */
  private putLength(at: number, value: number): number {
    const { buffer } = this
    if (value < 64) {
      buffer[at] = value
      return at + 1
    }
    if (value < 16384) {
      buffer[at] = (LENGTH_14_BIT << 6) | (value >>> 8)
      buffer[at + 1] = value
      return at + 2
    }
    if (value < TWO_32) {
      buffer[at] = LENGTH_32_BIT
      return buffer.writeUInt32BE(value, at + 1)
    }
    buffer[at] = LENGTH_64_BIT
    buffer.writeUInt32BE(Math.floor(value / TWO_32), at + 1)
    return buffer.writeUInt32BE(value >>> 0, at + 5)
  }
}
