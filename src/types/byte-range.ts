/** A run of bytes that lies somewhere else: how elements of aggregates are handed around without a copy. */
import type { ReplyWriter } from '../resp/reply-writer.js'
import { ENCODING_EXTERNAL, type Entries } from '../store/entries.js'
import { intsetCopyText } from '../store/intset.js'
import { lpCopyText, lpIsInteger, lpStringLength, lpStringStart } from '../store/listpack/listpack.js'

const NO_BYTES = Buffer.alloc(0)
/** "-9223372036854775808" has 20 digits. */
const INTEGER_TEXT_BYTES = 24

/**
 * Bytes buffer[start, end). Meant to be reused: reading an element fills it anew. What it shows is valid until the value it
 * was read from changes.
 */
export class ByteRange {
  buffer: Buffer = NO_BYTES
  start = 0
  end = 0
  /** `buffer` is all of the value and nobody ever changes it: it may be kept and referred to. */
  lasting = false
  /** Text of an integer that is stored in binary. */
  private readonly digits = Buffer.alloc(INTEGER_TEXT_BYTES)

  get length(): number {
    return this.end - this.start
  }

  set(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer
    this.start = start
    this.end = end
    this.lasting = false
  }

  /** Shows the listpack element at `pos`; integers in decimal. */
  readListpack(listpack: Buffer, pos: number): void {
    if (lpIsInteger(listpack, pos)) {
      this.set(this.digits, 0, lpCopyText(listpack, pos, this.digits, 0))
      return
    }
    const start = lpStringStart(listpack, pos)
    this.set(listpack, start, start + lpStringLength(listpack, pos))
  }

  /** Shows the integer with this index of the intset at `start`, in decimal. */
  readIntset(intset: Buffer, start: number, index: number): void {
    this.set(this.digits, 0, intsetCopyText(intset, start, index, this.digits, 0))
  }

  /** Shows the name of an element of a table: a hash's field, a set's member. */
  readElement(entries: Entries, address: number): void {
    const start = entries.keyStart(address)
    this.set(entries.memory(address), start, start + entries.keyLength(address))
  }

  /** Shows the value that an element of a table carries: a hash's value. */
  readElementValue(entries: Entries, address: number): void {
    const payload = entries.payload(address)
    if (entries.encoding(address) === ENCODING_EXTERNAL) {
      const buffer = entries.lendBuffer(payload)
      this.set(buffer, 0, buffer.length)
      this.lasting = true
      return
    }
    const start = entries.valueStart(address)
    this.set(entries.memory(address), start, start + payload)
  }

  /** Writes it as a bulk string: bytes that last are referred to. */
  writeTo(out: ReplyWriter): void {
    if (this.lasting) out.bulkReference(this.buffer)
    else out.bulk(this.buffer, this.start, this.end)
  }

  /** A copy of the bytes. */
  copy(): Buffer {
    return Buffer.from(this.buffer.subarray(this.start, this.end))
  }
}
