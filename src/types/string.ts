/** String values: reading them whatever their encoding, and growing them. */

import { copyBytes } from '../bytes/copy.js'
import { integerLength, writeInteger } from '../bytes/integers.js'
import type { Database } from '../store/database.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_INT32,
  ENCODING_INT64,
  ENCODING_PLAIN,
  ENCODING_RAW,
  type Entries,
  INLINE_VALUE_MAX_BYTES,
  TYPE_STRING,
} from '../store/entries.js'

/** Redis's limit between "embstr" and "raw". */
const EMBSTR_MAX_BYTES = 44
const LONGEST_INTEGER = 20

/** Where the bytes of the value looked at last are: `bytes[start, end)`, valid until the store changes. */
export class StringView {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  private readonly digits = Buffer.alloc(LONGEST_INTEGER + 4)

  /** Points the view at the string value of `address`. */
  of(entries: Entries, address: number): this {
    switch (entries.encoding(address)) {
      case ENCODING_INT32:
        this.bytes = this.digits
        this.start = 0
        this.end = writeInteger(this.digits, 0, entries.payload(address) | 0)
        break
      case ENCODING_INT64:
        this.bytes = this.digits
        this.start = 0
        this.end = this.digits.write(String(entries.bigInteger(address)), 'latin1')
        break
      case ENCODING_EXTERNAL:
        this.bytes = entries.buffers.get(entries.payload(address))
        this.start = 0
        this.end = this.bytes.length
        break
      default:
        this.bytes = entries.memory(address)
        this.start = entries.valueStart(address)
        this.end = this.start + entries.payload(address)
    }
    return this
  }

  get length(): number {
    return this.end - this.start
  }
}

/** Length in bytes of the string value of `address`. */
export function stringLength(entries: Entries, address: number): number {
  switch (entries.encoding(address)) {
    case ENCODING_INT32:
      return integerLength(entries.payload(address) | 0)
    case ENCODING_INT64:
      return String(entries.bigInteger(address)).length
    case ENCODING_EXTERNAL:
      return entries.buffers.get(entries.payload(address)).length
    default:
      return entries.payload(address)
  }
}

/** OBJECT ENCODING of a string. */
export function stringEncodingName(entries: Entries, address: number): string {
  switch (entries.encoding(address)) {
    case ENCODING_INT32:
    case ENCODING_INT64:
      return 'int'
    case ENCODING_PLAIN:
      return entries.payload(address) <= EMBSTR_MAX_BYTES ? 'embstr' : 'raw'
    default:
      return 'raw'
  }
}

const scratch = new StringView()

/**
 * Appends bytes[start, end) to the string at `address` and returns the new length. Amortised O(appended): slots have
 * slack, and big strings grow by doubling. The result is "raw", as in Redis.
 */
export function appendToString(
  db: Database,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  const { entries } = db
  const encoding = entries.encoding(address)
  const added = end - start
  if (encoding === ENCODING_EXTERNAL) {
    const number = entries.payload(address)
    entries.replaceBuffer(number, appended(entries.buffers.get(number), bytes, start, end))
    return entries.buffers.get(number).length
  }
  const old = scratch.of(entries, address)
  const length = old.length + added
  if (length > INLINE_VALUE_MAX_BYTES) {
    const value = growable(old.bytes, old.start, old.end, length)
    bytes.copy(value, old.length, start, end)
    db.setBuffer(address, key, keyStart, keyEnd, value, entries.expiry(address))
    return length
  }
  if ((encoding === ENCODING_RAW || encoding === ENCODING_PLAIN) && entries.fitsSlot(address, length)) {
    copyBytes(bytes, start, end, entries.memory(address), old.end)
    entries.setInline(address, ENCODING_RAW, length)
    return length
  }
  const meta = (entries.meta(address) & ~(15 << 3)) | (ENCODING_RAW << 3) | TYPE_STRING
  const next = entries.create(meta, key, keyStart, keyEnd, length, entries.expiry(address))
  const memory = entries.memory(next)
  const at = entries.valueStart(next)
  old.bytes.copy(memory, at, old.start, old.end)
  bytes.copy(memory, at + old.length, start, end)
  db.replace(address, next)
  return length
}

/** A view of `length` bytes over a Buffer of twice the room, starting with bytes[start, end). */
function growable(bytes: Buffer, start: number, end: number, length: number): Buffer {
  const room = Buffer.allocUnsafeSlow(Math.min(length * 2, length + 1024 * 1024))
  bytes.copy(room, 0, start, end)
  return room.subarray(0, length)
}

/**
 * A big string with bytes added. Where the underlying memory has room behind the view, the bytes go there: replies and
 * snapshots that still refer to the shorter view never see them.
 */
function appended(value: Buffer, bytes: Buffer, start: number, end: number): Buffer {
  const length = value.length + end - start
  if (value.byteOffset + length <= value.buffer.byteLength && ownsRoom(value)) {
    const longer = Buffer.from(value.buffer, value.byteOffset, length)
    bytes.copy(longer, value.length, start, end)
    lastGrown.set(value.buffer, length)
    return longer
  }
  const longer = growable(value, 0, value.length, length)
  bytes.copy(longer, value.length, start, end)
  lastGrown.set(longer.buffer, length)
  return longer
}

/** How far each growable memory is used: room behind a value is only its own if this module made it. */
const lastGrown = new WeakMap<ArrayBufferLike, number>()

function ownsRoom(value: Buffer): boolean {
  return lastGrown.get(value.buffer) === value.length
}
