/**
 * Bytes in double quotes, as MONITOR and redis-cli show them: what is not printable ASCII becomes an escape. The same form as
 * split-args.ts reads, but from bytes to bytes: an argument may be larger than the longest string of JavaScript.
 * Source of the format: sdscatrepr in Redis's sds.c.
 */

const QUOTE = 34
const BACKSLASH = 92
const HEX = Buffer.from('0123456789abcdef', 'latin1')

/** The letter behind the backslash, or 0. */
const SHORT_ESCAPE = new Uint8Array(256)
for (const [byte, letter] of [
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
  [7, 'a'],
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [13, 'r'],
] as const) {
  SHORT_ESCAPE[byte] = letter.charCodeAt(0)
}

/** How many bytes each byte becomes. */
const QUOTED_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (SHORT_ESCAPE[byte] !== 0) return 2
  return byte >= 0x20 && byte < 0x7f ? 1 : 4
})

/** Length in bytes of bytes[start, end) in quotes. O(n). */
export function quotedLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 2
  for (let i = start; i < end; i++) length += QUOTED_BYTES[bytes[i]]
  return length
}

/** Writes bytes[start, end) in quotes at target[at] and returns the offset behind them. O(n). */
export function writeQuoted(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let to = at
  target[to++] = QUOTE
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    const size = QUOTED_BYTES[byte]
    if (size === 1) {
      target[to++] = byte
      continue
    }
    target[to++] = BACKSLASH
    if (size === 2) {
      target[to++] = SHORT_ESCAPE[byte]
      continue
    }
    target[to++] = 120
    target[to++] = HEX[byte >>> 4]
    target[to++] = HEX[byte & 15]
  }
  target[to++] = QUOTE
  return to
}
