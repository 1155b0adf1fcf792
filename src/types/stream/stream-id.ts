/**
 * IDs of stream entries: two unsigned 64-bit numbers, a time in milliseconds and a sequence number, kept as 32-bit halves: no BigInt
 * where entries pass. One object is set again and again.
 */
import { writeInteger } from '../../bytes/integers.js'

const TWO_32 = 4294967296
const LAST_HALF = 0xffffffff
/** The high half of the greatest number that JavaScript has exactly. */
const SAFE_HIGH = 0x1fffff
/** Longest text: two numbers of 20 digits, and what parts them. */
export const ID_TEXT_BYTES = 41
/** An ID as a key of RDB: both numbers, big-endian. */
export const ID_BYTES = 16

export class StreamId {
  msHigh = 0
  msLow = 0
  seqHigh = 0
  seqLow = 0

  /** All arguments are unsigned 32-bit numbers. */
  setHalves(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh
    this.msLow = msLow
    this.seqHigh = seqHigh
    this.seqLow = seqLow
    return this
  }

  set({ msHigh, msLow, seqHigh, seqLow }: StreamId): this {
    return this.setHalves(msHigh, msLow, seqHigh, seqLow)
  }

  setZero(): this {
    return this.setHalves(0, 0, 0, 0)
  }

  /** The greatest ID there is. */
  setLast(): this {
    return this.setHalves(LAST_HALF, LAST_HALF, LAST_HALF, LAST_HALF)
  }

  /** The first ID of a time, a safe integer. */
  setTime(ms: number): this {
    return this.setHalves(Math.floor(ms / TWO_32), ms >>> 0, 0, 0)
  }

  /** The ID that lies so far behind `base`, each number for itself; differences are 64-bit numbers by their signed halves. */
  setOffset(base: StreamId, msHigh: number, msLow: number, seqHigh: number, seqLow: number): void {
    const ms = base.msLow + (msLow >>> 0)
    this.msLow = ms >>> 0
    this.msHigh = (base.msHigh + msHigh + (ms >= TWO_32 ? 1 : 0)) >>> 0
    const seq = base.seqLow + (seqLow >>> 0)
    this.seqLow = seq >>> 0
    this.seqHigh = (base.seqHigh + seqHigh + (seq >= TWO_32 ? 1 : 0)) >>> 0
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0
  }

  get isLast(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1
  }

  /** Below 0 when this one comes before the other, 0 when they are the same. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return this.msHigh - other.msHigh
    if (this.msLow !== other.msLow) return this.msLow - other.msLow
    if (this.seqHigh !== other.seqHigh) return this.seqHigh - other.seqHigh
    return this.seqLow - other.seqLow
  }

  hasTimeOf(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow
  }

  /** Goes to the next ID; behind the last one to the first, and false. */
  increment(): boolean {
    if (this.incrementSequence()) return true
    this.msLow = (this.msLow + 1) >>> 0
    if (this.msLow === 0) this.msHigh = (this.msHigh + 1) >>> 0
    return (this.msHigh | this.msLow) !== 0
  }

  /** Goes to the next ID of the same time; behind the last one to the first, and false. */
  incrementSequence(): boolean {
    this.seqLow = (this.seqLow + 1) >>> 0
    if (this.seqLow === 0) this.seqHigh = (this.seqHigh + 1) >>> 0
    return (this.seqHigh | this.seqLow) !== 0
  }

  /** Goes to the ID before; before the first one to the last, and false. */
  decrement(): boolean {
    const isFirst = this.isZero
    const borrowsMs = (this.seqHigh | this.seqLow) === 0
    if (this.seqLow === 0) this.seqHigh = (this.seqHigh - 1) >>> 0
    this.seqLow = (this.seqLow - 1) >>> 0
    if (borrowsMs) {
      if (this.msLow === 0) this.msHigh = (this.msHigh - 1) >>> 0
      this.msLow = (this.msLow - 1) >>> 0
    }
    return !isFirst
  }

  copy(): StreamId {
    return new StreamId().set(this)
  }

  /** Writes its text, ID_TEXT_BYTES at most, at target[at]; returns the position behind it. */
  write(target: Buffer, at: number): number {
    const behindTime = writeUnsigned(target, at, this.msHigh, this.msLow)
    target[behindTime] = MINUS
    return writeUnsigned(target, behindTime + 1, this.seqHigh, this.seqLow)
  }

  toString(): string {
    const text = Buffer.allocUnsafe(ID_TEXT_BYTES)
    return text.toString('latin1', 0, this.write(text, 0))
  }

  /** Reads ID_BYTES of RDB. */
  readBytes(bytes: Buffer, at: number): this {
    return this.setHalves(
      bytes.readUInt32BE(at),
      bytes.readUInt32BE(at + 4),
      bytes.readUInt32BE(at + 8),
      bytes.readUInt32BE(at + 12),
    )
  }

  writeBytes(target: Buffer, at: number): void {
    target.writeUInt32BE(this.msHigh, at)
    target.writeUInt32BE(this.msLow, at + 4)
    target.writeUInt32BE(this.seqHigh, at + 8)
    target.writeUInt32BE(this.seqLow, at + 12)
  }
}

function writeUnsigned(target: Buffer, at: number, high: number, low: number): number {
  if (high <= SAFE_HIGH) return writeInteger(target, at, high * TWO_32 + low)
  return at + target.write(String((BigInt(high) << 32n) | BigInt(low)), at, 'latin1')
}

const MOST_TEXT_BYTES = 127
const MINUS = 0x2d
const STAR = 0x2a
const UINT64_MAX = 0xffffffffffffffffn
const INT64_MIN = -(2n ** 63n)
/** What C's strtoull takes. */
const UNSIGNED = /^[\t-\r ]*([+-]?)(\d+)$/

/** How the text of an ID was complete (parseStreamId). */
export const WHOLE = 1
export const WITHOUT_SEQUENCE = 2
export const ANY_SEQUENCE = 3

/**
 * Parses bytes[start, end): "time-sequence", or a time alone, whose sequence number is left 0, or (ANY_SEQUENCE) "time-*". Returns how
 * complete it was; 0: it is no ID. Source: streamGenericParseIDOrReply in Redis's t_stream.c, string2ull in util.c.
 */
export function parseStreamId(bytes: Buffer, start: number, end: number, id: StreamId): number {
  if (end - start > MOST_TEXT_BYTES) return 0
  let minus = -1
  let behind = start
  // To Redis it is a C string, which ends with its first zero byte.
  for (; behind < end && bytes[behind] !== 0; behind++) if (bytes[behind] === MINUS && minus < 0) minus = behind
  if (!parseUnsigned(bytes, start, minus < 0 ? behind : minus)) return 0
  id.msHigh = unsigned.high
  id.msLow = unsigned.low
  id.seqHigh = 0
  id.seqLow = 0
  if (minus < 0) return WITHOUT_SEQUENCE
  if (behind - minus === 2 && bytes[minus + 1] === STAR) return ANY_SEQUENCE
  if (!parseUnsigned(bytes, minus + 1, behind)) return 0
  id.seqHigh = unsigned.high
  id.seqLow = unsigned.low
  return WHOLE
}

const unsigned = { high: 0, low: 0 }

function parseUnsigned(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 1) return false
  if (end - start > 15 || (bytes[start] === 0x30 && end - start > 1)) return parseRareUnsigned(bytes, start, end)
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 0x30
    if (digit < 0 || digit > 9) return parseRareUnsigned(bytes, start, end)
    value = value * 10 + digit
  }
  unsigned.high = Math.floor(value / TWO_32)
  unsigned.low = value >>> 0
  return true
}

function parseRareUnsigned(bytes: Buffer, start: number, end: number): boolean {
  const text = bytes.toString('latin1', start, end)
  // As a signed number it would be a negative one, which there is not.
  if (/^-[1-9]\d{0,18}$/.test(text) && BigInt(text) >= INT64_MIN) return false
  const match = UNSIGNED.exec(text)
  if (match === null) return false
  const value = BigInt(match[2])
  if (value > UINT64_MAX) return false
  const wrapped = BigInt.asUintN(64, match[1] === '-' ? -value : value)
  unsigned.high = Number(wrapped >> 32n)
  unsigned.low = Number(wrapped & 0xffffffffn)
  return true
}
