/** Reads strings of a payload that is there as a whole, large ones in slices: generators that yield where others may have a turn. */
import { LzfUnpackSlices } from '../../bytes/lzf-unpack-slices.js'
import { SPECIAL_STRING, STRING_LZF } from './format.js'
import { LengthReader, StringReader } from './string-reader.js'
import type { RdbWindow } from './window.js'

/** Up to this size a string is read in one go. */
export const WHOLE_MAX_BYTES = 64 * 1024
const COPY_STEP_BYTES = 256 * 1024
const UNPACK_STEP_BYTES = 128 * 1024
const COMPRESSED = SPECIAL_STRING | STRING_LZF
const NO_BYTES = Buffer.alloc(0)

const lengths = new LengthReader()

/** Length that the string at `at` has when it is unpacked, as far as the bytes say. O(1). */
export function announcedLength(bytes: Buffer, at: number, end: number): number {
  let next = at
  if (bytes[at] === COMPRESSED) next = lengths.read(bytes, at + 1, end)
  return next >= 0 && lengths.read(bytes, next, end) >= 0 ? lengths.value : 0
}

export class PayloadString {
  /** The string read last, bytes[start, end): valid until the next one is read, and as long as the payload is there. */
  bytes: Buffer = NO_BYTES
  start = 0
  end = 0
  /** It has a Buffer of its own, which may be kept. */
  own = false
  private readonly window: RdbWindow
  private readonly reader = new StringReader()
  private readonly lengths = new LengthReader()

  constructor(window: RdbWindow) {
    this.window = window
  }

  get length(): number {
    return this.end - this.start
  }

  /** Reads the string at `at` if it is not large, and returns the position behind it; else -1. @throws RdbError */
  readSmall(payload: Buffer, at: number, end: number): number {
    const { reader, window } = this
    const next = window.locate(reader, payload, at, end)
    if (payload[at] === COMPRESSED && announcedLength(payload, at, end) > WHOLE_MAX_BYTES) return -1
    window.decode(reader, payload)
    this.set(reader.bytes, reader.start, reader.end, reader.own)
    return next
  }

  /** Reads the string at `at`, and returns the position behind it. @throws RdbError, and RangeError for want of memory */
  *read(payload: Buffer, at: number, end: number): Generator<void, number> {
    const small = this.readSmall(payload, at, end)
    if (small >= 0) return small
    const { lengths } = this
    const packedAt = lengths.read(payload, at + 1, end)
    const packed = lengths.value
    const start = lengths.read(payload, packedAt, end)
    yield* this.unpack(payload, start, start + packed, lengths.value)
    return start + packed
  }

  private *unpack(payload: Buffer, start: number, end: number, length: number): Generator<void, void> {
    const target = Buffer.allocUnsafeSlow(length)
    const unpacking = new LzfUnpackSlices(payload, start, end, target)
    while (!unpacking.step(UNPACK_STEP_BYTES)) yield
    if (!unpacking.sound) this.window.fail(start, `LZF data for ${length} bytes`, 'damaged data')
    this.set(target, 0, length, true)
  }

  private set(bytes: Buffer, start: number, end: number, own: boolean): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.own = own
  }

  /** A Buffer with the string read last that is nobody else's. */
  *take(): Generator<void, Buffer> {
    const { bytes, end, own, start } = this
    if (own) return bytes
    const copy = Buffer.allocUnsafeSlow(end - start)
    for (let at = start; at < end; at += COPY_STEP_BYTES) {
      bytes.copy(copy, at - start, at, Math.min(end, at + COPY_STEP_BYTES))
      yield
    }
    return copy
  }
}
