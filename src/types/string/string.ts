/** String values: reading them whatever their encoding. */

import { integerLength, writeInteger } from '../../bytes/integers.js'
import {
  ENCODING_EXTERNAL,
  ENCODING_INT32,
  ENCODING_INT64,
  ENCODING_PLAIN,
  type Entries,
  TYPE_STRING,
} from '../../store/entries.js'

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

/** Whether the value is a string that is kept as an integer from 0 to below `limit`. */
export function isIntegerBelow(entries: Entries, address: number, limit: number): boolean {
  return (
    entries.type(address) === TYPE_STRING &&
    entries.encoding(address) === ENCODING_INT32 &&
    entries.payload(address) < limit
  )
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
