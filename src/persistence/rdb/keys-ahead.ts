/**
 * The keys that come next in the bytes of a file, as far as that is plain to see: strings with short names and values. They are
 * looked at together (store/table/look-ahead.ts) before the first of them is loaded.
 */

import {
  LENGTH_6_BIT,
  LENGTH_14_BIT,
  LENGTH_SPECIAL,
  RDB_OPCODE_EXPIRETIME_MS,
  RDB_TYPE_STRING,
  STRING_INT32,
} from '../../rdb/format.js'
import { AHEAD_MAX } from '../../store/table/look-ahead.js'

/** EXPIRETIME_MS with its argument. */
const EXPIRY_BYTES = 9

export class KeysAhead {
  readonly starts = new Int32Array(AHEAD_MAX)
  readonly ends = new Int32Array(AHEAD_MAX)
  count = 0
  /** The last key found begins here: from behind it on nothing has been looked for. */
  private last = -1

  /** Finds the keys from `at` on, an item's first byte; false when those found before are still to come. */
  find(bytes: Buffer, at: number, end: number): boolean {
    if (at <= this.last) return false
    this.count = 0
    while (this.count < AHEAD_MAX) {
      const typeAt = at < end && bytes[at] === RDB_OPCODE_EXPIRETIME_MS ? at + EXPIRY_BYTES : at
      const start = typeAt + 2
      if (start >= end || bytes[typeAt] !== RDB_TYPE_STRING || bytes[typeAt + 1] >>> 6 !== LENGTH_6_BIT) break
      const behind = start + bytes[typeAt + 1]
      if (behind >= end) break
      this.starts[this.count] = start
      this.ends[this.count++] = behind
      at = behindValue(bytes, behind, end)
      if (at < 0) break
    }
    this.last = this.count === 0 ? -1 : this.starts[this.count - 1]
    return this.count > 0
  }

  /** The bytes are about to change. */
  forget(): void {
    this.last = -1
    this.count = 0
  }
}

/** Position behind the value at `at`; -1 when that takes a closer look. */
function behindValue(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at]
  switch (first >>> 6) {
    case LENGTH_6_BIT:
      return at + 1 + first
    case LENGTH_14_BIT:
      return at + 2 <= end ? at + 2 + (((first & 63) << 8) | bytes[at + 1]) : -1
    case LENGTH_SPECIAL:
      return (first & 63) <= STRING_INT32 ? at + 1 + (1 << (first & 63)) : -1
    default:
      return -1
  }
}
