/** What is wrong with RDB bytes, and where. */

const SHOWN_KEY_BYTES = 64

/** Bytes that are no sound RDB: message "RDB: at offset 123 (key "foo"): expected ..., found ...". */
export class RdbError extends Error {
  /** Bytes before the place that is wrong, counted from the file's or the stream's beginning. */
  readonly offset: number
  readonly expected: string

  constructor(offset: number, key: string | null, expected: string, found: string) {
    const where = key === null ? '' : ` (key ${key})`
    super(`RDB: at offset ${offset}${where}: expected ${expected}, found ${found}`)
    this.name = 'RdbError'
    this.offset = offset
    this.expected = expected
  }
}

/** Bytes in quotes for a message: unprintable ones as \xhh, long ones cut. */
export function quoted(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.min(end, start + SHOWN_KEY_BYTES)
  return `"${printable(bytes, start, stop)}"${stop < end ? '...' : ''}`
}

/** Bytes as they stand between quotes: unprintable ones as \xhh. */
export function printable(bytes: Uint8Array, start: number, stop: number): string {
  let text = ''
  for (let at = start; at < stop; at++) {
    const byte = bytes[at]
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
